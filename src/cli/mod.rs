//! The command line: a stable contract. One file a subcommand; no logic of its own.

mod check;
mod cleanup;
mod compare;
mod completions;
mod consent;
mod continuity;
mod endpoint;
mod experiment;
mod failure;
mod faults;
mod fuzz;
mod github;
mod judge;
mod keys;
mod man;
mod plan;
mod race;
mod record;
mod replay;
mod report_bug;
mod rules;
mod serve;
mod values;
mod watch;

use crate::transport::chain;
use clap::{CommandFactory as _, Parser, Subcommand};
use failure::{Failure, Outcome};
use std::process::ExitCode;
use tokio::runtime::{Builder, Runtime};

/// Checks any KMS endpoint, rule by rule, against a model of multi-Region keys.
#[derive(Parser)]
#[command(name = "mrkspec", version, about, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 conforms, or matches its baseline; 1 a MUST is not met; \
2 usage or configuration; 3 the target could not be reached, or nothing could be concluded, or keys could not be \
cleaned up (cleanup); 130 and 143 ended by SIGINT or SIGTERM, after cleaning up.";

#[derive(Subcommand)]
enum Command {
    /// Run the scenarios against an endpoint and give a verdict for every rule
    Check(check::Args),
    /// Send random histories, guided by what is new, and shrink what they find
    Fuzz(fuzz::Args),
    /// Send concurrent calls, and find out whether an order of them explains the answers
    Race(race::Args),
    /// Keep up a cryptographic load while primaries move, and find out whether it is disturbed
    Continuity(continuity::Args),
    /// Print what the coverage tour of `check` sends and covers, without sending it
    Plan(plan::Args),
    /// Run one scenario file and show what the endpoint answers
    Replay(replay::Args),
    /// Judge recorded answers, without the endpoint that gave them
    Judge(judge::Args),
    /// Ask an endpoint what no source settles, and print what it answers as facts
    Experiment(experiment::Args),
    /// Run the embedded reference endpoint
    Serve(serve::Args),
    /// Run the harness against every deliberate mistake and show what catches it
    Faults(faults::Args),
    /// Print the rules and their sources
    Rules(rules::Args),
    /// Show several reports side by side
    Compare(compare::CompareArgs),
    /// Print a bug report about one cause, for the endpoint's authors
    ReportBug(report_bug::Args),
    /// Make one report of the reports of all shards of a run
    Merge(compare::MergeArgs),
    /// Schedule the deletion of every key that earlier runs left behind
    Cleanup(cleanup::Args),
    /// Print what makes a shell complete commands and options
    Completions(completions::Args),
    /// Print the manual page, or write those of all subcommands
    Man(man::Args),
}

/// Parses the command line and runs it.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = runtime(&cli.command).map_err(Failure::Runtime).and_then(|r| r.block_on(run(cli.command)));
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            eprintln!("mrkspec: {}", chain(&failure));
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Where one call follows another, a thread that hands them on to others only costs time.
fn runtime(command: &Command) -> std::io::Result<Runtime> {
    let one_by_one = match command {
        Command::Check(args) => args.is_sequential(),
        Command::Fuzz(args) => args.is_sequential(),
        Command::Replay(_) => true,
        _ => false,
    };
    let mut builder = if one_by_one { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    builder.enable_all().build()
}

async fn run(command: Command) -> Outcome {
    match command {
        Command::Check(args) => check::run(args).await,
        Command::Fuzz(args) => fuzz::run(args).await,
        Command::Race(args) => race::run(args).await,
        Command::Continuity(args) => continuity::run(args).await,
        Command::Plan(args) => plan::run(args).await,
        Command::Replay(args) => replay::run(args).await,
        Command::Judge(args) => judge::run(args),
        Command::Experiment(args) => experiment::run(args).await,
        Command::Serve(args) => serve::run(args).await,
        Command::Faults(args) => faults::run(args).await,
        Command::Rules(args) => rules::run(args),
        Command::Compare(args) => compare::compare(args),
        Command::ReportBug(args) => report_bug::run(&args),
        Command::Merge(args) => compare::merge_reports(args),
        Command::Cleanup(args) => cleanup::run(args).await,
        Command::Completions(args) => completions::run(&args, Cli::command()),
        Command::Man(args) => man::run(args, Cli::command()),
    }
}

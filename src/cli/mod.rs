//! The command line: a stable contract. One file a subcommand; no logic of its own.

mod check;
mod cleanup;
mod compare;
mod endpoint;
mod faults;
mod fuzz;
mod judge;
mod plan;
mod record;
mod replay;
mod rules;
mod serve;

use crate::verdict::exit;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Checks any KMS endpoint, rule by rule, against a model of multi-Region keys.
#[derive(Parser)]
#[command(name = "mrkspec", version, about, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 conforms, or matches its baseline; 1 a MUST is not met; \
2 usage or configuration; 3 the target could not be reached, or nothing could be concluded.";

#[derive(Subcommand)]
enum Command {
    /// Run the scenarios against an endpoint and give a verdict for every rule
    Check(check::Args),
    /// Send random histories, guided by what is new, and shrink what they find
    Fuzz(fuzz::Args),
    /// Print what the coverage tour of `check` sends and covers, without sending it
    Plan(plan::Args),
    /// Run one scenario file and show what the endpoint answers
    Replay(replay::Args),
    /// Judge recorded answers, without the endpoint that gave them
    Judge(judge::Args),
    /// Run the embedded reference endpoint
    Serve(serve::Args),
    /// Run the harness against every deliberate mistake and show what catches it
    Faults(faults::Args),
    /// Print the rules and their sources
    Rules(rules::Args),
    /// Show several reports side by side
    Compare(compare::CompareArgs),
    /// Make one report of the reports of all shards of a run
    Merge(compare::MergeArgs),
    /// Schedule the deletion of every key that earlier runs left behind
    Cleanup(cleanup::Args),
}

/// What a subcommand gives: an exit code, or a sentence for the user and an exit code.
type Outcome = Result<u8, (u8, String)>;

/// Parses the command line and runs it.
pub async fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.command {
        Command::Check(args) => check::run(args).await,
        Command::Fuzz(args) => fuzz::run(args).await,
        Command::Plan(args) => plan::run(args).await,
        Command::Replay(args) => replay::run(args).await,
        Command::Judge(args) => judge::run(args),
        Command::Serve(args) => serve::run(args).await,
        Command::Faults(args) => faults::run(args).await,
        Command::Rules(args) => rules::run(args),
        Command::Compare(args) => compare::compare(args),
        Command::Merge(args) => compare::merge_reports(args),
        Command::Cleanup(args) => cleanup::run(args).await,
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err((code, message)) => {
            eprintln!("mrkspec: {message}");
            ExitCode::from(code)
        }
    }
}

/// A usage error.
fn usage(message: impl ToString) -> (u8, String) {
    (exit::USAGE, message.to_string())
}

/// Writes a file; a path that cannot be written is a usage error.
fn write(path: &std::path::Path, text: &str) -> Result<(), (u8, String)> {
    std::fs::write(path, text).map_err(|e| usage(format!("{} cannot be written: {e}", path.display())))
}

/// A time such as `300ms` or `5m`.
fn duration(text: &str) -> Result<std::time::Duration, String> {
    if text == "0" {
        return Ok(std::time::Duration::ZERO);
    }
    humantime::parse_duration(text).map_err(|e| format!("{e} (write for example 300ms, 10s, 5m)"))
}

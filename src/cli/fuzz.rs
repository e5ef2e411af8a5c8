//! `mrkspec fuzz`.

use super::consent::{Demand, consent};
use super::endpoint::EndpointArgs;
use super::failure::{Outcome, make_directory, save_repro, write_json};
use super::keys::{Ended, guarded, tell_left};
use super::record::RecordArgs;
use super::values::{duration, shard};
use crate::campaign::{FuzzOptions, FuzzReport, fuzz, lively};
use crate::generate::aws_cli;
use crate::report::block;
use crate::verdict::exit;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Arguments of `fuzz`.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    endpoint: EndpointArgs,
    #[command(flatten)]
    record: RecordArgs,
    /// Seed: the same seed gives the same sequences
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Calls to send at most
    #[arg(long, default_value_t = 5000, value_name = "N")]
    max_calls: u64,
    /// Time to take at most, such as 5m; making the repros smaller may take as long again
    #[arg(long, value_name = "D", value_parser = duration)]
    max_time: Option<Duration>,
    /// Write each small sequence that shows a violation to this directory, as a scenario file
    #[arg(long, value_name = "DIR")]
    save_repro: Option<PathBuf>,
    /// Sequences run side by side
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,
    /// Run only every N-th seed, from the I-th
    #[arg(long, value_name = "I/N", value_parser = shard)]
    shard: Option<(usize, usize)>,
    /// Try the inputs of this directory first, and keep new ones there (the fuzz target `lockstep` shares them)
    #[arg(long, value_name = "DIR")]
    corpus: Option<PathBuf>,
    /// Write the report as JSON
    #[arg(long, value_name = "F")]
    json: Option<PathBuf>,
}

impl Args {
    /// True when one sequence follows the other.
    pub fn is_sequential(&self) -> bool {
        self.jobs == 1
    }
}

/// Runs a campaign.
pub async fn run(args: Args) -> Outcome {
    if let Some(directory) = &args.save_repro {
        make_directory(directory)?;
    }
    let endpoint = args.endpoint.resolve(lively(args.seed)).await?;
    consent(&endpoint.target, Demand::of_histories(args.max_calls), args.endpoint.yes).await?;
    let record = args.record.begin(&endpoint.target)?;
    let bar = ProgressBar::new(args.max_calls);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} calls {elapsed} {msg}") {
        bar.set_style(style);
    }
    let shown = bar.clone();
    let mut options = FuzzOptions {
        seed: args.seed,
        max_calls: args.max_calls,
        max_time: args.max_time,
        jobs: args.jobs.into(),
        shard: args.shard,
        corpus: args.corpus,
        until: Vec::new(),
        record: record.clone(),
        ledger: None,
        progress: Arc::new(move |p| {
            if let Some(left) = p.shrinking {
                shown.set_message(format!("making repros smaller, {left} to go"));
                return;
            }
            shown.set_position(p.calls);
            let message =
                format!("{} situations, {} kinds of answers, {} violations", p.situations, p.kinds, p.violations);
            shown.set_message(message);
        }),
    };
    let ended = guarded(&endpoint.target, async |ledger| {
        options.ledger = Some(ledger);
        fuzz(&endpoint.target, &options).await
    });
    let ended = ended.await;
    bar.finish_and_clear();
    let report = match ended? {
        Ended::Done(result, left) => FuzzReport { left_behind: left, ..result? },
        Ended::Interrupted(code) => return Ok(code),
    };
    if let Some(path) = &args.json {
        write_json(path, &report)?;
    }
    tell_left(&report.left_behind);
    let profiles = args.endpoint.profiles();
    for (i, finding) in report.findings.iter().enumerate() {
        let replay = save_repro(args.save_repro.as_deref(), finding.rule, i + 1, &finding.repro, &endpoint.flags)?;
        print!("{}", show(finding, &replay, &aws_cli(&finding.sequence, &endpoint.target.endpoint, &profiles)));
    }
    if let Some(why) = &report.ended {
        println!("ENDED EARLY: {why}\n");
    }
    println!("{}", summary(&report));
    args.record.end(record.as_deref())?;
    Ok(match report.broken() {
        true => exit::BROKEN,
        false if report.calls == 0 || report.ended.is_some() => exit::INCONCLUSIVE,
        false => exit::CONFORMS,
    })
}

fn show(f: &crate::campaign::Finding, replay: &str, commands: &str) -> String {
    let (seen, of) = f.reproduced;
    let flaky = if seen < of { format!(" (flaky: {seen} of {of})") } else { String::new() };
    let headline = format!("{} {}: {}", f.rule, f.level.word(), f.title);
    let seen = format!("{} times; shown by {} calls, found in {} executions{flaky}", f.count, f.calls, f.executions);
    let said = [
        ("source", f.source.as_str()),
        ("call", &f.call),
        ("expected", &f.expected),
        ("observed", &f.observed),
        ("seen", &seen),
    ];
    let mut out = block(&headline, &said);
    for line in f.repro.lines().filter(|l| l.starts_with("  - ")) {
        out += &format!("     {line}\n");
    }
    if !replay.is_empty() {
        out += &format!("     replay:   {replay}\n");
    }
    for line in commands.lines() {
        out += &format!("     $ {line}\n");
    }
    out + "\n"
}

fn summary(report: &FuzzReport) -> String {
    let share = |n: usize| 100.0 * n as f64 / (report.calls.max(1)) as f64;
    let named = |state: &str| if state.is_empty() { "no key".to_string() } else { state.to_string() };
    let states: Vec<String> =
        report.by_state.iter().map(|(state, n)| format!("{} {:.1} %", named(state), share(*n))).collect();
    let mut operations: Vec<(&String, &usize)> = report.by_operation.iter().collect();
    operations.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
    let operations: Vec<String> = operations.iter().map(|(op, n)| format!("{op} {n}")).collect();
    format!(
        "calls by key state: {}\ncalls by operation: {}\n{}: seed {}, {} sequences, {} calls ({} requests, {} keys), \
         {} situations of the model, {} kinds of answers, {} violations, {:.1} s",
        states.join(", "),
        operations.join(", "),
        report.target,
        report.seed,
        report.sequences,
        report.calls,
        report.requests,
        report.keys_created,
        report.situations,
        report.kinds,
        report.findings.len(),
        report.elapsed_ms as f64 / 1000.0
    )
}

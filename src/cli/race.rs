//! `mrkspec race`.

use super::consent::{Demand, consent};
use super::endpoint::EndpointArgs;
use super::failure::{Outcome, make_directory, save_repro, write_json};
use super::keys::{Ended, guarded, tell_left};
use super::record::RecordArgs;
use super::values::duration;
use crate::campaign::{RaceFinding, RaceOptions, RaceReport, lively, race};
use crate::verdict::exit;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Arguments of `race`.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    endpoint: EndpointArgs,
    #[command(flatten)]
    record: RecordArgs,
    /// Seed: the same seed gives the same histories; how their calls meet is up to the endpoint
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Calls to send at most, those that make keys and look at them included
    #[arg(long, default_value_t = 2000, value_name = "N")]
    max_calls: u64,
    /// Time to take at most, such as 5m; making what was found smaller comes after that
    #[arg(long, value_name = "D", value_parser = duration)]
    max_time: Option<Duration>,
    /// Histories run side by side, each with two to four clients on keys of its own
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,
    /// Write each small history that shows a violation to this directory, as a scenario file
    #[arg(long, value_name = "DIR")]
    save_repro: Option<PathBuf>,
    /// Write the report as JSON
    #[arg(long, value_name = "F")]
    json: Option<PathBuf>,
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
    let mut options = RaceOptions {
        seed: args.seed,
        max_calls: args.max_calls,
        max_time: args.max_time,
        jobs: args.jobs.into(),
        record: record.clone(),
        progress: Arc::new(move |calls, violations| {
            shown.set_position(calls);
            shown.set_message(format!("{violations} violations"));
        }),
        ..RaceOptions::default()
    };
    let ended = guarded(&endpoint.target, async |ledger| {
        options.ledger = Some(ledger);
        race(&endpoint.target, &options).await
    });
    let ended = ended.await;
    bar.finish_and_clear();
    let report = match ended? {
        Ended::Done(result, left) => RaceReport { left_behind: left, ..result? },
        Ended::Interrupted(code) => return Ok(code),
    };
    if let Some(path) = &args.json {
        write_json(path, &report)?;
    }
    tell_left(&report.left_behind);
    println!("{}\n", verdict(&report));
    for (i, finding) in report.findings.iter().enumerate() {
        let replay = save_repro(args.save_repro.as_deref(), finding.rule, i + 1, &finding.repro, &endpoint.flags)?;
        print!("{}", show(finding, &replay));
    }
    println!("{}", summary(&report));
    args.record.end(record.as_deref())?;
    Ok(report.exit_code())
}

fn verdict(report: &RaceReport) -> String {
    let target = &report.target;
    match report.exit_code() {
        exit::CONFORMS => format!(
            "{target} conforms under concurrency: an order explains every answer, and afterwards all members agree \
             ({} histories)",
            report.explained
        ),
        exit::BROKEN => format!(
            "{target} does not conform under concurrency: {} of {} histories show something that no order explains \
             ({} kinds of it)",
            report.violated,
            report.histories,
            report.findings.len()
        ),
        _ => {
            let why = report.ended.as_deref().unwrap_or("no history could be judged");
            format!("{target}: nothing can be said of concurrency: {why}")
        }
    }
}

fn show(f: &RaceFinding, replay: &str) -> String {
    let seen = match f.seen {
        "during" => "in no order of the concurrent calls is this answer allowed",
        "after" => "when all clients were done and everything had settled, in every order that explains their answers",
        _ => "before the clients began: no matter of concurrency",
    };
    let mut out = format!(
        "FAIL {} {}: {}\n     source:   {}\n     call:     {}\n     expected: {}\n     observed: {}\n     when:     {seen}\n",
        f.rule,
        f.level.word(),
        f.title,
        f.source,
        f.call,
        f.expected,
        f.observed,
    );
    let (again, of) = f.reproduced;
    let shown = if of > 0 { format!(", shown {again} times of {of}") } else { String::new() };
    out += &format!(
        "     seen:     in {} histories, first after {} calls; made smaller in {} executions to {} clients with {} calls{shown}\n",
        f.count, f.calls, f.executions, f.clients, f.client_calls,
    );
    if f.sequential {
        out += "     note:     it shows as well when the calls are sent one after the other: `check` is the tool for that\n";
    }
    for line in &f.lanes {
        out += &format!("     {line}\n");
    }
    if !replay.is_empty() {
        out += &format!("     replay:   {replay}\n");
    }
    out + "\n"
}

fn summary(report: &RaceReport) -> String {
    format!(
        "{}: seed {}, {} histories ({} explained, {} violated, {} inconclusive), {} calls ({} of them concurrent, {} \
         requests, {} keys), {:.1} s",
        report.target,
        report.seed,
        report.histories,
        report.explained,
        report.violated,
        report.inconclusive,
        report.calls,
        report.concurrent_calls,
        report.requests,
        report.keys_created,
        report.elapsed_ms as f64 / 1000.0
    )
}

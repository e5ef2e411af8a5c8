//! `mrkspec race`.

use super::consent::{Demand, consent};
use super::endpoint::EndpointArgs;
use super::failure::{Outcome, make_directory, save_repro, write, write_json};
use super::keys::{Ended, guarded, tell_left};
use super::record::RecordArgs;
use super::values::duration;
use crate::campaign::{RaceOptions, RaceReport, lively, race};
use crate::report::{race_console, race_html};
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
    /// Write the report as an HTML page, with each small history drawn by client and time
    #[arg(long, value_name = "F")]
    html: Option<PathBuf>,
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
    let mut replays = Vec::new();
    for (i, finding) in report.findings.iter().enumerate() {
        replays.push(save_repro(args.save_repro.as_deref(), finding.rule, i + 1, &finding.repro, &endpoint.flags)?);
    }
    if let Some(path) = &args.html {
        write(path, &race_html(&report, &replays))?;
    }
    print!("{}", race_console(&report, &replays));
    args.record.end(record.as_deref())?;
    Ok(report.exit_code())
}

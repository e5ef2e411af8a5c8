//! `mrkspec check`.

use super::consent::{Demand, consent};
use super::endpoint::EndpointArgs;
use super::failure::{Failure, Outcome, make_directory, read, write, write_json};
use super::github::publish;
use super::keys::{Ended, guarded, interrupted};
use super::record::RecordArgs;
use super::values::{duration, level, shard};
use super::watch::Changes;
use crate::campaign::{Internals, Options, Profile, check_with, lively, spend};
use crate::generate::tour;
use crate::report::{Report, badge, console, console_verbose, html_report, junit, markdown};
use crate::sequence::embedded;
use crate::session::Ledger;
use crate::transport::chain;
use crate::verdict::{Baseline, ConformanceLevel, exit};
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Requests that `--quick` may send.
const QUICK: usize = 500;

/// Arguments of `check`.
#[derive(clap::Args, Clone)]
pub struct Args {
    #[command(flatten)]
    endpoint: EndpointArgs,
    #[command(flatten)]
    record: RecordArgs,
    /// Only scenarios whose id fits (may be given more than once)
    #[arg(long, value_name = "GLOB")]
    scenario: Vec<String>,
    /// Only this rule, with the scenarios that are there for it (may be given more than once)
    #[arg(long, value_name = "ID")]
    rule: Vec<String>,
    /// Only rules up to this level: 1 wire, 2 lifecycle and promotion, 3 cryptographic continuity, 4 transients and
    /// consistency, 5 authorization
    #[arg(long, value_name = "L", value_parser = level)]
    level: Option<ConformanceLevel>,
    /// What the endpoint is meant to be: `emulator` leaves out signatures and how malformed requests are refused
    #[arg(long, value_name = "P", value_enum, default_value_t = For::Full)]
    profile: For,
    /// Only what finds most within so many requests
    #[arg(long, value_name = "N", conflicts_with = "quick")]
    budget: Option<usize>,
    /// The same as --budget 500
    #[arg(long)]
    quick: bool,
    /// Stop at the first scenario in which a MUST is broken; scenarios run one after the other, whatever --jobs says
    #[arg(long)]
    fail_fast: bool,
    /// Only the scenarios in which something was wrong in the last run; all where nothing was
    #[arg(long, conflicts_with_all = ["scenario", "shard"])]
    rerun_failed: bool,
    /// Run again whenever this file or directory changes, and on Enter
    #[arg(long, value_name = "PATH")]
    watch: Option<PathBuf>,
    /// Seed of everything random
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write the report as JSON
    #[arg(long, value_name = "F")]
    json: Option<PathBuf>,
    /// Write the report as JUnit XML
    #[arg(long, value_name = "F")]
    junit: Option<PathBuf>,
    /// Write the report as an HTML page
    #[arg(long, value_name = "F")]
    html: Option<PathBuf>,
    /// Write the report as Markdown
    #[arg(long, value_name = "F")]
    markdown: Option<PathBuf>,
    /// Write a badge that says the level reached, as SVG
    #[arg(long, value_name = "F")]
    badge: Option<PathBuf>,
    /// What the endpoint is known to break; only differences from it fail the run
    #[arg(long, value_name = "F")]
    baseline: Option<PathBuf>,
    /// Rewrite the baseline from this run, keeping the reasons of what is unchanged
    #[arg(long, requires = "baseline")]
    update_baseline: bool,
    /// Print every broken rule in full, not only the causes
    #[arg(long, short)]
    verbose: bool,
    /// Scenarios run side by side
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,
    /// Time to take at most, such as 5m; what is not tested by then is inconclusive
    #[arg(long, value_name = "D", value_parser = duration)]
    max_time: Option<Duration>,
    /// Requests to send at most, cleaning up not included; what is not tested by then is inconclusive
    #[arg(long, value_name = "N")]
    max_calls: Option<u64>,
    /// Run only the I-th of N parts
    #[arg(long, value_name = "I/N", value_parser = shard)]
    shard: Option<(usize, usize)>,
}

impl Args {
    /// True when one sequence follows the other.
    pub fn is_sequential(&self) -> bool {
        self.jobs == 1
    }
}

/// Runs the check; with `--watch` again and again, until it is interrupted.
pub async fn run(args: Args) -> Outcome {
    let Some(path) = args.watch.clone() else { return once(args).await };
    let mut changes = Changes::of(&path)?;
    loop {
        match once(args.clone()).await {
            Ok(code) if code > exit::INCONCLUSIVE => return Ok(code),
            Ok(_) => {}
            // An endpoint that is being built may not be there yet.
            Err(why) if why.exit_code() == exit::INCONCLUSIVE => eprintln!("mrkspec: {}", chain(&why)),
            Err(why) => return Err(why),
        }
        eprintln!("waiting for a change of {} (Enter: run again, Ctrl-C: end)", path.display());
        // What this run wrote is no change.
        changes.forget().await;
        tokio::select! {
            () = changes.next() => {}
            // Whoever waits for a line on standard input cannot be told to stop.
            code = interrupted() => std::process::exit(code.into()),
        }
    }
}

async fn once(args: Args) -> Outcome {
    let baseline = args.baseline.as_deref().map(|p| read_baseline(p, args.update_baseline)).transpose()?;
    let mut endpoint = args.endpoint.resolve(lively(args.seed)).await?;
    endpoint.target.limits.calls = args.max_calls;
    if endpoint.target.is_aws() {
        let tour = tour(args.endpoint.abilities()).sequences;
        let budget = args.budget.or(args.quick.then_some(QUICK)).unwrap_or(usize::MAX);
        let spent = spend(budget, embedded().iter().chain(&tour).collect());
        let demand = Demand::new(spent.requests as u64, spent.keys as u64);
        consent(&endpoint.target, demand, args.endpoint.yes).await?;
    }
    let record = args.record.begin(&endpoint.target)?;
    let bar = progress_bar();
    let shown = bar.clone();
    let mut options = Options {
        rules: args.rule,
        scenarios: if args.rerun_failed { last_failed()? } else { args.scenario },
        level: args.level,
        profile: args.profile.into(),
        budget: args.budget.or(args.quick.then_some(QUICK)),
        fail_fast: args.fail_fast,
        seed: args.seed,
        jobs: args.jobs.into(),
        shard: args.shard,
        max_time: args.max_time,
        record: record.clone(),
        progress: Some(Arc::new(move |done, all| {
            shown.set_length(all as u64);
            shown.set_position(done as u64);
        })),
        ..Options::default()
    };
    let internals = Internals::replayed_by(format!("mrkspec check {}", endpoint.flags));
    let ended = guarded(&endpoint.target, async |ledger| {
        options.ledger = Some(ledger);
        check_with(&endpoint.target, &options, &internals, embedded().to_vec(), true).await
    });
    let ended = ended.await;
    bar.finish_and_clear();
    let mut report = match ended? {
        Ended::Done(result, left) => Report { left_behind: left, ..result? },
        Ended::Interrupted(code) => return Ok(code),
    };
    if let (Some(path), Some(baseline)) = (&args.baseline, baseline) {
        against(&mut report, path, baseline, args.update_baseline)?;
    }
    if let Some(path) = &args.json {
        write_json(path, &report)?;
    }
    if let Some(path) = &args.junit {
        write(path, &junit(&report)?)?;
    }
    if let Some(path) = &args.html {
        write(path, &html_report(&report))?;
    }
    if let Some(path) = &args.markdown {
        write(path, &markdown(&report))?;
    }
    if let Some(path) = &args.badge {
        write(path, &badge(&report))?;
    }
    print!("{}", if args.verbose { console_verbose(&report) } else { console(&report) });
    publish(&report);
    note_failed(&report);
    args.record.end(record.as_deref())?;
    Ok(report.exit_code)
}

/// What `--profile` calls an endpoint.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum For {
    Full,
    Emulator,
}

impl From<For> for Profile {
    fn from(profile: For) -> Profile {
        match profile {
            For::Full => Profile::Full,
            For::Emulator => Profile::Emulator,
        }
    }
}

/// Where it is noted what was wrong in the last run: beside the ledgers.
fn failed_file() -> PathBuf {
    Ledger::directory().join("last-failed.json")
}

/// The scenarios in which something was wrong in the last run.
fn last_failed() -> Result<Vec<String>, Failure> {
    let path = failed_file();
    let text = std::fs::read_to_string(&path).map_err(|source| Failure::NoLastRun { path: path.clone(), source })?;
    serde_json::from_str(&text).map_err(|source| Failure::NotMine { path, source })
}

/// Notes the scenarios in which something was wrong, for `--rerun-failed`. A run that was cut off says nothing of them.
fn note_failed(report: &Report) {
    if report.ended.is_some() {
        return;
    }
    let failed: BTreeSet<&str> = report.deviations.iter().map(|v| v.scenario.as_str()).collect();
    let path = failed_file();
    let written = path.parent().map_or(Ok(()), make_directory).and_then(|()| write_json(&path, &failed));
    if let Err(why) = written {
        eprintln!("mrkspec: nothing is noted for --rerun-failed: {}", chain(&why));
    }
}

fn progress_bar() -> ProgressBar {
    // Nothing is drawn unless standard error is a terminal.
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} scenarios {elapsed}") {
        bar.set_style(style);
    }
    bar
}

fn read_baseline(path: &Path, may_be_new: bool) -> Result<Baseline, Failure> {
    match read(path) {
        Ok(text) => Baseline::parse(&text).map_err(|source| Failure::Baseline { path: path.to_path_buf(), source }),
        Err(Failure::Read { source, .. }) if may_be_new && source.kind() == ErrorKind::NotFound => {
            Ok(Baseline::default())
        }
        Err(why) => Err(why),
    }
}

/// Judges the report by its baseline, or the other way round.
fn against(report: &mut Report, path: &Path, baseline: Baseline, update: bool) -> Result<(), Failure> {
    // What was not asked is not mended.
    let baseline = if update && report.ended.is_none() {
        let updated = baseline.updated(&report.target.name, &report.rules, &report.violations);
        let updated = Baseline { budget: report.budget, ..updated };
        let text = updated.to_yaml().map_err(|source| Failure::Baseline { path: path.to_path_buf(), source })?;
        write(path, &text)?;
        updated
    } else {
        baseline
    };
    report.judge_by(&baseline);
    Ok(())
}

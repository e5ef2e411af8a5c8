//! Mutation testing of the diagnosis: a full run against the reference endpoint with each fault of the catalogue, and
//! the causes that are told from it. One fault should come to one cause, and that to the fault's own rule.

use super::check::{CheckError, Options, Price, Worth, check_sequences, in_order, within};
use super::embedded::embedded;
use super::faults::settings;
use crate::generate::menu::Abilities;
use crate::generate::tour;
use crate::report::{Budget, Diagnosed, DiagnosisReport, Told};
use crate::sequence;
use crate::sequence::Sequence;
use crate::session::{Sighting, Violation};
use crate::verdict::{Cause, Fingerprint, causes, fingerprint, fingerprints};
use mrkspec_model::rules::get;
use mrkspec_reference::faults::{FAULTS, Fault};
use mrkspec_reference::{Choices, Settings};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How long a member may take to settle: many times what the endpoint takes, for a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long a replica is Creating, and a promotion Updating: long enough to be seen.
const TRANSIENT: Duration = Duration::from_millis(40);

/// How long a day of a waiting period takes.
const DAY: Duration = Duration::from_millis(50);

/// Budgets, in requests, that are measured.
const BUDGETS: [usize; 4] = [250, 500, 1000, 2000];

/// Into how many parts the faults are divided, each to be found by what the others teach.
const FOLDS: usize = 5;

/// How many faults are run side by side.
const AT_ONCE: usize = 2;

/// What runs against faults showed, as it can be kept in a file: what is told from it can be tried again in seconds.
#[derive(Serialize, Deserialize)]
pub struct Runs {
    /// What each sequence costs on an endpoint without a fault.
    prices: Vec<Price>,
    runs: Vec<Run>,
}

/// What a run against one fault showed.
#[derive(Serialize, Deserialize)]
struct Run {
    /// The fault's name.
    fault: String,
    deviations: Vec<Deviation>,
    /// How many sequences there were.
    of: usize,
}

/// A violation with where in the model it was seen, which a report leaves out.
#[derive(Serialize, Deserialize)]
struct Deviation {
    violation: Violation,
    sighting: Option<Sighting>,
}

/// What a run against one fault showed, ready to tell causes from.
struct Seen {
    fault: &'static Fault,
    deviations: Vec<Violation>,
    /// How many sequences there were.
    of: usize,
    /// The sequences in which anything was wrong.
    sequences: BTreeSet<String>,
}

/// Runs everything against every fault that is `selected`.
///
/// # Errors
/// When no loopback port can be had.
pub async fn run_all(
    selected: impl Fn(usize, &str) -> bool,
    progress: Arc<dyn Fn(usize, usize) + Send + Sync>,
) -> Result<Runs, CheckError> {
    let tour = tour(Abilities { limited: true, other: true, short_days: true });
    let all: Arc<Vec<Sequence>> = Arc::new(sequence::embedded().iter().cloned().chain(tour.sequences).collect());
    let faults: Vec<&'static Fault> =
        // What only concurrent calls show, sequences do not.
        FAULTS.iter().enumerate().filter(|(i, f)| selected(*i, f.name) && !f.concurrent).map(|(_, f)| f).collect();
    let gate = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    for (i, fault) in faults.iter().copied().enumerate() {
        let (gate, all) = (gate.clone(), all.clone());
        tasks.spawn(async move {
            // The semaphore is never closed.
            let _permit = gate.acquire_owned().await;
            (i, run(fault, &all).await)
        });
    }
    let mut runs = BTreeMap::new();
    while let Some(result) = tasks.join_next().await {
        let (i, run) = result.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()));
        runs.insert(i, run?);
        progress(runs.len(), faults.len());
    }
    Ok(Runs { prices: prices_of(&all).await?, runs: runs.into_values().collect() })
}

/// Tells causes of what runs showed: with the fingerprints of all faults, and with those of all others than the one
/// that is there. `pairs` are as many pairs of faults, made of what both runs showed. Returns the fingerprints, too,
/// and the order in which sequences find most for their price.
pub fn diagnose(shown: Runs, pairs: usize) -> (DiagnosisReport, Vec<Fingerprint>, Vec<Price>) {
    let started = Instant::now();
    let Runs { prices, runs } = shown;
    // A fault that is no longer in the catalogue has nothing to say.
    let runs: Vec<Seen> = runs.into_iter().filter_map(Seen::of).collect();
    let mut table: Vec<Fingerprint> = runs.iter().filter_map(taken).collect();
    // Of faults that were not run the fingerprints are those of an earlier run.
    let run = |name: &str| runs.iter().any(|r| r.fault.name == name);
    table.extend(fingerprints().iter().filter(|f| !run(&f.name)).cloned());
    let mut report = DiagnosisReport::new(runs.iter().map(|r| diagnosed(r, &table)).collect());
    report.pairs = some_pairs(&runs, pairs).map(|(a, b)| pair(a, b, &table)).collect();
    report.budgets = BUDGETS.iter().map(|budget| held_out(*budget, &runs, &prices)).collect();
    report.elapsed_ms = started.elapsed().as_millis() as u64;
    (report, table, in_order(worth(&prices, &runs, |_| true)))
}

/// What the sequences cost on an endpoint without a fault.
async fn prices_of(all: &[Sequence]) -> Result<Vec<Price>, CheckError> {
    let settings = Settings { seed: 1, day: DAY, ..Settings::default() };
    let (_server, target) = embedded(settings).await.map_err(CheckError::Loopback)?;
    let seen = check_sequences(&target, &Options::default(), all).await?.seen;
    let seen: BTreeMap<&str, _> = seen.iter().map(|s| (s.id.as_str(), s)).collect();
    let price = |s: &Sequence| {
        let cost = seen.get(s.id.as_str())?;
        Some(Price { id: s.id.clone(), steps: s.steps.len(), requests: cost.requests, keys: cost.keys, finds: 0 })
    };
    Ok(all.iter().filter_map(price).collect())
}

/// What each sequence finds of the faults whose numbers are `chosen`.
fn worth(prices: &[Price], runs: &[Seen], chosen: impl Fn(usize) -> bool) -> Vec<Worth> {
    let found = |id: &str| {
        let shown = runs.iter().enumerate().filter(|(i, run)| chosen(*i) && run.shows_in(id));
        shown.map(|(i, _)| i).collect()
    };
    prices.iter().map(|p| Worth { price: p.clone(), found: found(&p.id) }).collect()
}

/// How many faults a budget finds that the order of the sequences was not chosen by: a fifth left out, five times.
fn held_out(budget: usize, runs: &[Seen], prices: &[Price]) -> Budget {
    let mut result = Budget { requests: budget, found: 0, of: 0 };
    for fold in 0..FOLDS {
        let order = in_order(worth(prices, runs, |i| i % FOLDS != fold));
        let bought = within(&order, budget, |p| p.requests);
        for run in runs.iter().enumerate().filter(|(i, _)| i % FOLDS == fold).map(|(_, run)| run) {
            result.of += 1;
            result.found += usize::from(bought.iter().any(|p| run.shows_in(&p.id)));
        }
    }
    result
}

impl Seen {
    fn of(run: Run) -> Option<Seen> {
        let fault = FAULTS.iter().find(|f| f.name == run.fault)?;
        let whole = |d: Deviation| Violation { sighting: d.sighting, ..d.violation };
        let deviations: Vec<Violation> = run.deviations.into_iter().map(whole).collect();
        let sequences = deviations.iter().map(|v| v.scenario.clone()).collect();
        Some(Seen { fault, deviations, of: run.of, sequences })
    }

    fn shows_in(&self, sequence: &str) -> bool {
        self.sequences.contains(sequence)
    }
}

async fn run(fault: &'static Fault, all: &[Sequence]) -> Result<Run, CheckError> {
    let first = deviations(fault, all).await?;
    // What a busy machine makes late is not the fault's: only what shows twice counts.
    let deviating: BTreeSet<&str> = first.iter().map(|v| v.scenario.as_str()).collect();
    let again: Vec<Sequence> = all.iter().filter(|s| deviating.contains(&*s.id)).cloned().collect();
    let second = deviations(fault, &again).await?;
    let confirmed: BTreeSet<_> = second.iter().map(|v| (&v.scenario, v.rule)).collect();
    let confirmed = first.into_iter().filter(|v| confirmed.contains(&(&v.scenario, v.rule)));
    let deviations = confirmed.map(|v| Deviation { sighting: v.sighting.clone(), violation: v }).collect();
    Ok(Run { fault: fault.name.to_string(), deviations, of: all.len() })
}

/// What `sequences` show on a fresh endpoint with the fault.
async fn deviations(fault: &'static Fault, sequences: &[Sequence]) -> Result<Vec<Violation>, CheckError> {
    if sequences.is_empty() {
        return Ok(Vec::new());
    }
    let mut settings = settings(fault);
    (settings.creating, settings.updating, settings.both_replicas, settings.day) = (TRANSIENT, TRANSIENT, true, DAY);
    let (_server, mut target) = embedded(settings).await.map_err(CheckError::Loopback)?;
    target.settle_timeout = PATIENCE;
    Ok(check_sequences(&target, &Options::default(), sequences).await?.deviations)
}

fn taken(run: &Seen) -> Option<Fingerprint> {
    let Fault { name, about, rule, .. } = run.fault;
    fingerprint(name, about, rule, &run.deviations)
}

fn diagnosed(run: &Seen, table: &[Fingerprint]) -> Diagnosed {
    let others: Vec<Fingerprint> = table.iter().filter(|f| f.name != run.fault.name).cloned().collect();
    Diagnosed {
        fault: run.fault.name,
        rule: run.fault.rule,
        known: Told::of(&told(run, table)),
        unknown: Told::of(&told(run, &others)),
    }
}

/// The causes of what one fault showed. Where it can only be made at an endpoint that answers as the documentation has it, that this
/// is not how AWS was recorded to answer is told rightly, and not of the fault.
fn told(run: &Seen, table: &[Fingerprint]) -> Vec<Cause> {
    let mut list = causes(&run.deviations, table, run.of);
    if run.fault.choices == Choices::Documented {
        list.retain(|c| !c.all_rules().all(|r| ["AWS", "MSG"].contains(&get(r).group())));
    }
    list
}

/// Pairs that are the same every time: each fault with others that are ever farther away in the catalogue.
fn some_pairs(runs: &[Seen], pairs: usize) -> impl Iterator<Item = (&Seen, &Seen)> {
    let distances = (1..runs.len()).map(|k| k * 7919 % runs.len()).filter(|d| *d > 0);
    let all = distances.flat_map(move |d| (0..runs.len()).map(move |i| (&runs[i], &runs[(i + d) % runs.len()])));
    let shown = |r: &Seen| !r.deviations.is_empty();
    all.filter(move |(a, b)| a.fault.rule != b.fault.rule && shown(a) && shown(b)).step_by(3).take(pairs)
}

fn pair(a: &Seen, b: &Seen, table: &[Fingerprint]) -> Diagnosed {
    let mut by_sequence: BTreeMap<&str, Vec<Violation>> = BTreeMap::new();
    for violation in a.deviations.iter().chain(&b.deviations) {
        by_sequence.entry(&violation.scenario).or_default().push(violation.clone());
    }
    let both = by_sequence.into_values().flat_map(|mut sequence| {
        sequence.sort_by_key(|v| v.step);
        sequence
    });
    let both: Vec<Violation> = both.collect();
    let names = [a.fault.name, b.fault.name];
    let others: Vec<Fingerprint> = table.iter().filter(|f| !names.contains(&f.name.as_str())).cloned().collect();
    Diagnosed {
        fault: a.fault.name,
        rule: b.fault.name,
        known: Told::of(&causes(&both, table, a.of)),
        unknown: Told::of(&causes(&both, &others, a.of)),
    }
}

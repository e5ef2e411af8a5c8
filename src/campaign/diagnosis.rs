//! Mutation testing of the diagnosis: a full run against the reference endpoint with each fault of the catalogue, and
//! the causes that are told from it. One fault should come to one cause, and that to the fault's own rule.

use super::check::{CheckError, Options, check_sequences};
use super::embedded::embedded;
use super::faults::settings;
use crate::generate::menu::Abilities;
use crate::generate::tour;
use crate::report::{Diagnosed, DiagnosisReport, Told};
use crate::sequence;
use crate::sequence::Sequence;
use crate::session::Violation;
use crate::verdict::{Fingerprint, causes, fingerprint};
use mrkspec_reference::faults::{FAULTS, Fault};
use std::collections::BTreeMap;
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

/// How many faults are run side by side.
const AT_ONCE: usize = 2;

/// What a run against one fault showed.
struct Run {
    fault: &'static Fault,
    deviations: Vec<Violation>,
}

/// Runs everything against every fault that is `selected`, and tells causes: with the fingerprints of all faults, and
/// with those of all others than the one that is there. `pairs` are as many pairs of faults, made of what both runs
/// showed. Returns the fingerprints, too.
///
/// # Errors
/// When no loopback port can be had.
pub async fn diagnose(
    selected: impl Fn(&str) -> bool,
    pairs: usize,
    progress: Arc<dyn Fn(usize, usize) + Send + Sync>,
) -> Result<(DiagnosisReport, Vec<Fingerprint>), CheckError> {
    let started = Instant::now();
    let tour = tour(Abilities { limited: true, other: true, short_days: true });
    let all: Arc<Vec<Sequence>> = Arc::new(sequence::embedded().iter().cloned().chain(tour.sequences).collect());
    let faults: Vec<&'static Fault> = FAULTS.iter().filter(|f| selected(f.name)).collect();
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
    let runs: Vec<Run> = runs.into_values().collect();
    let table: Vec<Fingerprint> = runs.iter().filter_map(taken).collect();
    let mut report = DiagnosisReport::new(runs.iter().map(|r| diagnosed(r, &table)).collect());
    report.pairs = some_pairs(&runs, pairs).map(|(a, b)| pair(a, b, &table)).collect();
    report.elapsed_ms = started.elapsed().as_millis() as u64;
    Ok((report, table))
}

async fn run(fault: &'static Fault, all: &[Sequence]) -> Result<Run, CheckError> {
    let mut settings = settings(fault);
    (settings.creating, settings.updating, settings.both_replicas, settings.day) = (TRANSIENT, TRANSIENT, true, DAY);
    let (_server, mut target) = embedded(settings).await.map_err(CheckError::Loopback)?;
    target.settle_timeout = PATIENCE;
    let report = check_sequences(&target, &Options::default(), all).await?;
    Ok(Run { fault, deviations: report.deviations })
}

fn taken(run: &Run) -> Option<Fingerprint> {
    let Fault { name, about, rule, .. } = run.fault;
    fingerprint(name, about, rule, &run.deviations)
}

fn diagnosed(run: &Run, table: &[Fingerprint]) -> Diagnosed {
    let others: Vec<Fingerprint> = table.iter().filter(|f| f.name != run.fault.name).cloned().collect();
    Diagnosed {
        fault: run.fault.name,
        rule: run.fault.rule,
        known: Told::of(&causes(&run.deviations, table)),
        unknown: Told::of(&causes(&run.deviations, &others)),
    }
}

/// Pairs that are the same every time: each fault with others that are ever farther away in the catalogue.
fn some_pairs(runs: &[Run], pairs: usize) -> impl Iterator<Item = (&Run, &Run)> {
    let distances = (1..runs.len()).map(|k| k * 7919 % runs.len()).filter(|d| *d > 0);
    let all = distances.flat_map(move |d| (0..runs.len()).map(move |i| (&runs[i], &runs[(i + d) % runs.len()])));
    let shown = |r: &Run| !r.deviations.is_empty();
    all.filter(move |(a, b)| a.fault.rule != b.fault.rule && shown(a) && shown(b)).step_by(3).take(pairs)
}

fn pair(a: &Run, b: &Run, table: &[Fingerprint]) -> Diagnosed {
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
        known: Told::of(&causes(&both, table)),
        unknown: Told::of(&causes(&both, &others)),
    }
}

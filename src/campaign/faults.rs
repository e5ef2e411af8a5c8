//! Mutation testing of the harness itself: every fault of the catalogue must be caught, by the
//! rule that it breaks or one that it names as following.

use super::check::{CheckError, Internals, Options, check_sequences, check_sequences_with};
use super::embedded::embedded;
use super::fuzz::{FuzzOptions, fuzz, small_repro};
use super::race::{RaceOptions, race};
use crate::generate::menu::Abilities;
use crate::generate::{Tour, tour};
use crate::report::{Catch, FaultsReport, Report};
use crate::sequence;
use crate::sequence::Sequence;
use crate::transport::Target;
use mrkspec_model::rule::RuleId;
use mrkspec_model::rules::find;
use mrkspec_reference::faults::{FAULTS, Fault, Pace};
use mrkspec_reference::{Server, Settings};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Calls that concurrent clients may send for one fault.
const RACED: u64 = 12_000;

/// How long a member may take to settle at an endpoint with a fault.
pub(super) const PATIENCE: Duration = Duration::from_millis(400);

/// What the harness may use to catch faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// The hand-written scenarios.
    Scenarios,
    /// The coverage tour alone.
    Tour,
    /// The coverage tour; what it does not catch is left to random histories.
    TourAndFuzz {
        /// Seed of the histories.
        seed: u64,
        /// Calls that one campaign may send.
        max_calls: u64,
    },
}

/// Runs the harness against the reference endpoint with each of the faults in turn.
///
/// # Errors
/// When no loopback port can be had.
pub async fn run_faults(
    means: Means,
    progress: Arc<dyn Fn(usize, usize) + Send + Sync>,
) -> Result<FaultsReport, CheckError> {
    let started = Instant::now();
    let tour = Arc::new(match means {
        Means::Scenarios => None,
        _ => Some(tour(Abilities { limited: true, other: true, short_days: false })),
    });
    let gate = Arc::new(Semaphore::new(4));
    let mut tasks = JoinSet::new();
    for (i, fault) in FAULTS.iter().enumerate() {
        let (gate, tour) = (gate.clone(), tour.clone());
        tasks.spawn(async move {
            // The semaphore is never closed.
            let _permit = gate.acquire_owned().await;
            let caught = match &*tour {
                _ if fault.concurrent => catch_by_race(fault, means).await,
                None => catch(fault).await,
                Some(tour) => catch_by_generation(fault, tour, means).await,
            };
            (i, caught)
        });
    }
    let mut done = Vec::new();
    while let Some(result) = tasks.join_next().await {
        match result {
            Ok((i, caught)) => done.push((i, caught?)),
            Err(e) if e.is_panic() => std::panic::resume_unwind(e.into_panic()),
            Err(_) => {}
        }
        progress(done.len(), FAULTS.len());
    }
    done.sort_by_key(|(i, _)| *i);
    let faults: Vec<Catch> = done.into_iter().map(|(_, c)| c).collect();
    let mut requests: Vec<u64> = faults.iter().filter_map(|c| c.requests).collect();
    requests.sort_unstable();
    let mut repros: Vec<usize> = faults.iter().filter_map(|c| c.repro_calls).collect();
    repros.sort_unstable();
    Ok(FaultsReport {
        schema: "mrkspec-faults/1",
        median_repro: repros.get(repros.len() / 2).copied(),
        caught: faults.iter().filter(|c| c.caught).count(),
        total: faults.len(),
        median_requests: requests.get(requests.len() / 2).copied(),
        elapsed_ms: started.elapsed().as_millis() as u64,
        faults,
    })
}

/// The endpoint with this fault, as it is best run.
pub fn settings(fault: &'static Fault) -> Settings {
    let short = Duration::from_millis(40);
    let mut settings = Settings { seed: 1, ..Settings::with_fault(fault) };
    match fault.pace {
        Pace::Instant => {}
        Pace::Transient => {
            settings.creating = short;
            settings.updating = short;
            settings.both_replicas = true;
        }
        Pace::ShortDays => settings.day = Duration::from_millis(20),
    }
    settings
}

/// Runs the scenarios that are there for the rules of a fault; the others only if these fail to
/// catch it.
async fn catch(fault: &'static Fault) -> Result<Catch, CheckError> {
    let named = named(fault);
    let there_for = |s: &Sequence| s.rules.iter().any(|r| named.contains(r));
    let (first, rest): (Vec<&Sequence>, Vec<&Sequence>) = sequence::embedded().iter().partition(|s| there_for(s));
    let mut result = uncaught(fault);
    let mut sent = 0;
    for (sequences, wanted) in [(first, &named[..]), (rest, &named[..1])] {
        if sequences.is_empty() {
            continue;
        }
        let sequences: Vec<Sequence> = sequences.into_iter().cloned().collect();
        let report = run(fault, &sequences, wanted).await?;
        note(&mut result, &report, &named, sent);
        sent += report.cost.requests;
        if result.broken.contains(fault.rule) {
            break;
        }
    }
    Ok(result)
}

/// A fault that nothing has caught yet.
fn uncaught(fault: &'static Fault) -> Catch {
    Catch {
        name: fault.name,
        about: fault.about,
        rule: fault.rule,
        also: fault.also,
        late: fault.late,
        caught: false,
        by: None,
        scenario: None,
        requests: None,
        broken: BTreeSet::new(),
        repro_calls: None,
        repro: None,
    }
}

/// Runs the coverage tour, sequence by sequence until the fault is caught, and then perhaps random
/// histories. What catches it is made small.
async fn catch_by_generation(fault: &'static Fault, tour: &Tour, means: Means) -> Result<Catch, CheckError> {
    let (_server, target) = start(fault).await?;
    let named = named(fault);
    let mut result = uncaught(fault);
    let mut sent = 0;
    for sequence in &tour.sequences {
        let report = check_sequences(&target, &one_by_one(), std::slice::from_ref(sequence)).await?;
        note(&mut result, &report, &named, sent);
        sent += report.cost.requests;
        if let Some(violation) = report.violations.into_iter().find(|v| named.contains(&v.rule)) {
            let small = small_repro(&target, violation, sequence.clone()).await;
            (result.repro_calls, result.repro) = (Some(small.calls), Some(small.repro));
            return Ok(result);
        }
    }
    let Means::TourAndFuzz { seed, max_calls } = means else {
        return Ok(result);
    };
    let campaign =
        fuzz(&target, &FuzzOptions { seed, max_calls, jobs: 8, until: named, ..FuzzOptions::default() }).await?;
    if let Some(found) = campaign.findings.into_iter().next() {
        result.caught = true;
        result.broken.insert(found.rule);
        (result.by, result.scenario) = (Some(found.rule), Some(format!("fuzz --seed {seed}")));
        (result.requests, result.repro_calls, result.repro) =
            (Some(sent + found.requests), Some(found.calls), Some(found.repro));
    }
    Ok(result)
}

/// Lets concurrent clients find what no sequence shows.
async fn catch_by_race(fault: &'static Fault, means: Means) -> Result<Catch, CheckError> {
    let (_server, target) = start(fault).await?;
    let named = named(fault);
    let seed = match means {
        Means::TourAndFuzz { seed, .. } => seed,
        Means::Scenarios | Means::Tour => 1,
    };
    let (until, shrink) = (named.clone(), means != Means::Scenarios);
    let report =
        race(&target, &RaceOptions { seed, max_calls: RACED, until, shrink, ..RaceOptions::default() }).await?;
    let mut result = uncaught(fault);
    result.broken.extend(report.findings.iter().map(|f| f.rule));
    // How the calls met decides which rules break; a conforming endpoint breaks none.
    let by_name = report.findings.iter().position(|f| named.contains(&f.rule));
    if let Some(found) = report.findings.into_iter().nth(by_name.unwrap_or_default()) {
        result.caught = true;
        (result.by, result.scenario) = (Some(found.rule), Some(format!("race --seed {seed}")));
        result.requests = Some(found.calls);
        if shrink {
            (result.repro_calls, result.repro) = (Some(found.client_calls), Some(found.repro));
        }
    }
    Ok(result)
}

async fn start(fault: &'static Fault) -> Result<(Server, Target), CheckError> {
    let started = embedded(settings(fault)).await;
    let (server, mut target) = started.map_err(CheckError::Loopback)?;
    target.settle_timeout = PATIENCE;
    Ok((server, target))
}

async fn run(fault: &'static Fault, sequences: &[Sequence], wanted: &[RuleId]) -> Result<Report, CheckError> {
    let (_server, target) = start(fault).await?;
    let internals = Internals {
        until: wanted.to_vec(),
        replay: Some(format!("mrkspec serve --fault {} …; mrkspec check", fault.name)),
        ..Internals::default()
    };
    check_sequences_with(&target, &one_by_one(), &internals, sequences).await
}

fn one_by_one() -> Options {
    Options { jobs: 1, ..Options::default() }
}

/// The rules that a fault breaks, its own first.
fn named(fault: &Fault) -> Vec<RuleId> {
    rules(fault).filter_map(|id| Some(find(id)?.id)).collect()
}

fn rules(fault: &Fault) -> impl Iterator<Item = &'static str> {
    std::iter::once(fault.rule).chain(fault.also.iter().copied())
}

fn note(result: &mut Catch, report: &Report, named: &[RuleId], sent: u64) {
    result.broken.extend(report.violations.iter().map(|v| v.rule));
    if result.caught {
        return;
    }
    let seen = report.first_violations.iter().filter(|(rule, _)| named.contains(rule));
    if let Some((rule, first)) = seen.min_by_key(|(_, first)| first.requests) {
        result.caught = true;
        result.by = Some(*rule);
        result.scenario = Some(first.scenario.clone());
        result.requests = Some(sent + first.requests);
    }
}

/// The faults that break each rule.
pub fn faults_by_rule() -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut map: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for fault in FAULTS.iter() {
        for rule in rules(fault) {
            map.entry(rule).or_default().push(fault.name);
        }
    }
    map
}

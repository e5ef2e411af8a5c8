//! Mutation testing of the harness itself: every fault of the catalogue must be caught, by the
//! rule that it breaks or one that it names as following.

use crate::campaign::embedded;
use crate::campaign::{CheckError, Options, check_sequences};
use crate::campaign::{FuzzOptions, fuzz, small_repro};
use crate::generate::menu::Abilities;
use crate::generate::{Tour, tour};
use crate::report::Report;
use crate::sequence;
use crate::sequence::Sequence;
use crate::transport::Target;
use mrkspec_reference::faults::{FAULTS, Fault, Pace};
use mrkspec_reference::{Server, Settings};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How long a member may take to settle at an endpoint with a fault.
const PATIENCE: Duration = Duration::from_millis(150);

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

/// What became of one fault.
#[derive(Clone, Debug, Serialize)]
pub struct Catch {
    pub name: &'static str,
    pub about: &'static str,
    /// The rule that it breaks.
    pub rule: &'static str,
    /// Rules that it says break with it.
    pub also: &'static [&'static str],
    /// Shows only after a longer history or under a particular condition.
    pub late: bool,
    /// True when the rule, or one of those that follow, was reported as broken.
    pub caught: bool,
    /// The rule by which it was caught first.
    pub by: Option<String>,
    /// The scenario that caught it.
    pub scenario: Option<String>,
    /// Requests sent until then.
    pub requests: Option<u64>,
    /// Every rule that was reported as broken until the run was stopped.
    pub broken: BTreeSet<String>,
    /// Calls of the smallest sequence found that shows it; only where no scenario was at hand.
    pub repro_calls: Option<usize>,
    /// The same as a scenario file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repro: Option<String>,
}

/// The whole table.
#[derive(Clone, Debug, Serialize)]
pub struct FaultsReport {
    pub schema: &'static str,
    pub caught: usize,
    pub total: usize,
    /// Median number of requests until a fault was caught.
    pub median_requests: Option<u64>,
    /// Median number of calls of the smallest sequences.
    pub median_repro: Option<usize>,
    pub elapsed_ms: u64,
    pub faults: Vec<Catch>,
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
    let mut settings = Settings { fault: Some(fault), seed: 1, ..Settings::default() };
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
    let named: Vec<&str> = std::iter::once(fault.rule).chain(fault.also.iter().copied()).collect();
    let there_for = |s: &Sequence| s.rules.iter().any(|r| named.contains(&r.0));
    let (first, rest): (Vec<&Sequence>, Vec<&Sequence>) = sequence::embedded().iter().partition(|s| there_for(s));
    let mut result = Catch::of(fault);
    let mut sent = 0;
    for (sequences, wanted) in [(first, &named[..]), (rest, &named[..1])] {
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

impl Catch {
    /// A fault that nothing has caught yet.
    fn of(fault: &'static Fault) -> Catch {
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
}

/// Runs the coverage tour, sequence by sequence until the fault is caught, and then perhaps random
/// histories. What catches it is made small.
async fn catch_by_generation(fault: &'static Fault, tour: &Tour, means: Means) -> Result<Catch, CheckError> {
    let (_server, target) = start(fault).await?;
    let named: Vec<&str> = std::iter::once(fault.rule).chain(fault.also.iter().copied()).collect();
    let mut result = Catch::of(fault);
    let mut sent = 0;
    for sequence in &tour.sequences {
        let report =
            check_sequences(&target, &Options { jobs: 1, ..Options::default() }, std::slice::from_ref(sequence))
                .await?;
        note(&mut result, &report, &named, sent);
        sent += report.cost.requests;
        if let Some(violation) = report.violations.into_iter().find(|v| named.contains(&v.rule.as_str())) {
            let small = small_repro(&target, violation, sequence.clone()).await;
            (result.repro_calls, result.repro) = (Some(small.calls), Some(small.repro));
            return Ok(result);
        }
    }
    let Means::TourAndFuzz { seed, max_calls } = means else {
        return Ok(result);
    };
    let until = named.iter().map(|r| r.to_string()).collect();
    let campaign = fuzz(&target, &FuzzOptions { seed, max_calls, jobs: 8, until, ..FuzzOptions::default() }).await?;
    if let Some(found) = campaign.findings.into_iter().next() {
        result.caught = true;
        result.broken.insert(found.rule.clone());
        (result.by, result.scenario) = (Some(found.rule), Some(format!("fuzz --seed {seed}")));
        (result.requests, result.repro_calls, result.repro) =
            (Some(sent + found.requests), Some(found.calls), Some(found.repro));
    }
    Ok(result)
}

async fn start(fault: &'static Fault) -> Result<(Server, Target), CheckError> {
    let started = embedded(settings(fault)).await;
    let (server, mut target) = started.map_err(|e| CheckError::Unreachable(e.to_string()))?;
    target.settle_timeout = PATIENCE;
    Ok((server, target))
}

async fn run(fault: &'static Fault, sequences: &[Sequence], wanted: &[&str]) -> Result<Report, CheckError> {
    let (_server, target) = start(fault).await?;
    let options = Options {
        jobs: 1,
        until: wanted.iter().map(|r| r.to_string()).collect(),
        replay: format!("mrkspec serve --fault {} …; mrkspec check", fault.name),
        ..Options::default()
    };
    check_sequences(&target, &options, sequences).await
}

fn note(result: &mut Catch, report: &Report, named: &[&str], sent: u64) {
    result.broken.extend(report.violations.iter().map(|v| v.rule.clone()));
    if result.caught {
        return;
    }
    let seen = report.first_violations.iter().filter(|(rule, _)| named.contains(&rule.as_str()));
    if let Some((rule, first)) = seen.min_by_key(|(_, first)| first.requests) {
        result.caught = true;
        result.by = Some(rule.clone());
        result.scenario = Some(first.scenario.clone());
        result.requests = Some(sent + first.requests);
    }
}

/// The faults that break each rule.
pub fn faults_by_rule() -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut map: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for fault in FAULTS.iter() {
        for rule in std::iter::once(fault.rule).chain(fault.also.iter().copied()) {
            map.entry(rule).or_default().push(fault.name);
        }
    }
    map
}

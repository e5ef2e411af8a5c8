//! Mutation testing by the grid of faults: what becomes of which property at which event on which member, each run
//! until something notices.

use super::check::{CheckError, Options, check_sequences};
use super::embedded::embedded;
use super::faults::{PATIENCE, settings};
use super::fuzz::{FuzzOptions, fuzz};
use crate::generate::menu::Abilities;
use crate::generate::tour;
use crate::report::{GridReport, Noticed, Tried};
use crate::sequence;
use crate::sequence::Sequence;
use crate::transport::Target;
use mrkspec_model::rule::Level;
use mrkspec_model::rules::{RULES, get};
use mrkspec_reference::grid::{Cell, Event, Made, cells, made, watched};
use mrkspec_reference::{Server, Settings};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How many endpoints are tried side by side: most of the time is waiting for members to settle.
const AT_ONCE: usize = 6;

/// How much of the grid is run, and how.
#[derive(Clone, Debug, Default)]
pub struct GridOptions {
    /// As many cells as this, chosen at random; all when there is none.
    pub sample: Option<usize>,
    /// Seed of the choice, and of random histories.
    pub seed: u64,
    /// Only cells with this in their names.
    pub only: String,
    /// Calls of random histories for what `check` misses; none when zero.
    pub max_calls: u64,
}

/// Runs the scenarios, and then the coverage tour, against the reference endpoint with each fault of the grid, each
/// until the first MUST is broken.
///
/// # Errors
/// When no loopback port can be had.
pub async fn run_grid(
    options: &GridOptions,
    progress: Arc<dyn Fn(usize, usize) + Send + Sync>,
) -> Result<GridReport, CheckError> {
    let started = Instant::now();
    let tour_where = |short_days| tour(Abilities { limited: true, other: true, short_days }).sequences;
    let means = Arc::new(Means {
        scenarios: eventful(sequence::embedded().to_vec(), Days::Short).await?,
        tour: eventful(tour_where(true), Days::Short).await?,
        calendar: eventful(tour_where(false), Days::Calendar).await?,
    });
    let chosen = chosen(options);
    let all = chosen.len();
    let gate = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    for (i, cell) in chosen.into_iter().enumerate() {
        let (gate, means, options) = (gate.clone(), means.clone(), options.clone());
        tasks.spawn(async move {
            // The semaphore is never closed.
            let _permit = gate.acquire_owned().await;
            (i, tried(cell, &means, &options).await)
        });
    }
    let mut done = Vec::new();
    while let Some(result) = tasks.join_next().await {
        let (i, tried) = result.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()));
        done.push((i, tried?));
        progress(done.len(), all);
    }
    done.sort_by_key(|(i, _)| *i);
    let cells = done.into_iter().map(|(_, tried)| tried).collect();
    Ok(GridReport {
        schema: "mrkspec-grid/1",
        size: mrkspec_reference::grid::cells().len(),
        cells,
        elapsed_ms: started.elapsed().as_millis() as u64,
    })
}

/// A sequence, and what families go through in it: elsewhere a cell makes no mistake.
type Eventful = (Sequence, BTreeSet<Event>);

/// What is run against each fault.
struct Means {
    scenarios: Vec<Eventful>,
    tour: Vec<Eventful>,
    /// The tour of an endpoint with days of the usual length: where a day takes milliseconds, no date is wrong.
    calendar: Vec<Eventful>,
}

/// How long a day of a waiting period takes.
#[derive(Clone, Copy)]
enum Days {
    Short,
    Calendar,
}

/// Runs each sequence on an endpoint without a fault, to see what happens there.
async fn eventful(sequences: Vec<Sequence>, days: Days) -> Result<Vec<Eventful>, CheckError> {
    let gate = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    for (i, sequence) in sequences.into_iter().enumerate() {
        let gate = gate.clone();
        tasks.spawn(async move {
            // The semaphore is never closed.
            let _permit = gate.acquire_owned().await;
            let (_server, target, watched) = start(watched(), days).await?;
            check_sequences(&target, &one_by_one(), std::slice::from_ref(&sequence)).await?;
            Ok::<_, CheckError>((i, (sequence, watched.events())))
        });
    }
    let mut done = BTreeMap::new();
    while let Some(result) = tasks.join_next().await {
        let (i, seen) = result.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()))?;
        done.insert(i, seen);
    }
    Ok(done.into_values().collect())
}

fn one_by_one() -> Options {
    Options { jobs: 1, fail_fast: true, ..Options::default() }
}

/// The sequences in which the event of a cell happens.
fn concerned(cell: &Cell, all: &[Eventful]) -> Vec<Sequence> {
    let needed = match cell {
        Cell::Changed { event, .. } => event,
        Cell::Refused { after, .. } => after,
    };
    all.iter().filter(|(_, events)| events.contains(needed)).map(|(sequence, _)| sequence.clone()).collect()
}

fn chosen(options: &GridOptions) -> Vec<Cell> {
    let mut all: Vec<Cell> = cells().into_iter().filter(|c| c.name().contains(&options.only)).collect();
    if let Some(n) = options.sample {
        let lot = |cell: &Cell| {
            let mut hasher = DefaultHasher::new();
            (options.seed, cell.name()).hash(&mut hasher);
            hasher.finish()
        };
        let mut lots: Vec<u64> = all.iter().map(lot).collect();
        lots.sort_unstable();
        let highest = lots.get(n.saturating_sub(1).min(lots.len().saturating_sub(1))).copied().unwrap_or_default();
        all.retain(|cell| n > 0 && lot(cell) <= highest);
    }
    all
}

async fn tried(cell: Cell, means: &Means, options: &GridOptions) -> Result<Tried, CheckError> {
    let mut result = Tried { name: cell.name(), about: cell.about(), ..Tried::default() };
    let differences = &mut result.differences;
    result.scenarios = by(&cell, &means.scenarios, Days::Short, differences).await?;
    result.tour = by(&cell, &means.tour, Days::Short, differences).await?;
    if cell.is_about_dates() && result.scenarios.is_none() && result.tour.is_none() {
        result.tour = by(&cell, &means.calendar, Days::Calendar, differences).await?;
    }
    let missed = result.scenarios.is_none() && result.tour.is_none();
    if missed && options.max_calls > 0 {
        let (_server, target, fault) = start(made(cell), Days::Short).await?;
        let until = RULES.iter().map(|r| r.id).collect();
        let campaign =
            FuzzOptions { seed: options.seed, max_calls: options.max_calls, until, ..FuzzOptions::default() };
        let report = fuzz(&target, &campaign).await?;
        result.differences += fault.differences();
        result.fuzz = report.findings.first().map(|f| Noticed {
            rule: f.rule,
            sequence: format!("fuzz --seed {}", options.seed),
            requests: f.requests,
        });
    }
    Ok(result)
}

/// What notices the fault first, of these sequences.
async fn by(cell: &Cell, all: &[Eventful], days: Days, differences: &mut u64) -> Result<Option<Noticed>, CheckError> {
    let sequences = concerned(cell, all);
    if sequences.is_empty() {
        return Ok(None);
    }
    let (_server, target, fault) = start(made(*cell), days).await?;
    let report = check_sequences(&target, &one_by_one(), &sequences).await?;
    *differences += fault.differences();
    let requests = report.cost.requests;
    let first = report.violations.iter().find(|v| get(v.rule).level == Level::Must);
    Ok(first.map(|v| Noticed { rule: v.rule, sequence: v.scenario.clone(), requests }))
}

async fn start(fault: Made, days: Days) -> Result<(Server, Target, Made), CheckError> {
    let mut settings = settings(fault.fault);
    if let Days::Calendar = days {
        settings.day = Settings::default().day;
    }
    let (server, mut target) = embedded(settings).await.map_err(CheckError::Loopback)?;
    target.settle_timeout = PATIENCE;
    Ok((server, target, fault))
}

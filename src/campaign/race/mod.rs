//! Concurrent clients against a live endpoint: what they are answered must have an order that the model allows, and
//! afterwards there is one primary, every member agrees, and nothing is lost.

mod generate;
mod lanes;
mod report;
mod shrink;

#[cfg(feature = "cli")]
pub use report::Sent;
pub use report::{RaceFinding, RaceReport};

use super::check::{CheckError, Options, connect};
use crate::oracle::Verdict;
use crate::sequence::Sequence;
use crate::session::{Ledger, Record, Recorder, Shared, Violation, run_sequence, settle};
use crate::transport::Target;
use mrkspec_model::rule::{Level, RuleId};
use mrkspec_model::rules::get;
use shrink::{Confirmed, Shrink};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Violations of different kinds that are made smaller.
const MOST_SHRUNK: usize = 8;
/// How long that may take, the one under way not counted.
const SHRINKING: Duration = Duration::from_secs(60);
/// Making them smaller does not wait longer than this for a member to settle.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a campaign does, and when it ends.
#[derive(Clone)]
pub struct RaceOptions {
    /// Seed: the same one gives the same histories; how their calls meet is up to the endpoint.
    pub seed: u64,
    /// Calls to send at most, those that make the keys and look at them included.
    pub max_calls: u64,
    /// Time to take at most, shrinking not included.
    pub max_time: Option<Duration>,
    /// Histories run side by side, each on keys of its own.
    pub jobs: usize,
    /// Stop as soon as one of these rules was seen broken; never when empty.
    pub until: Vec<RuleId>,
    /// Whether violations are made smaller.
    pub shrink: bool,
    /// Where everything that is asked and answered is written, but for what shrinking repeats.
    pub record: Option<Arc<Recorder>>,
    /// Where keys are noted; whoever gives one settles it in the end. When none is given the campaign has one of its
    /// own, and settles it.
    pub ledger: Option<Arc<Ledger>>,
    /// Called now and then with the calls that were sent and the kinds of violations that were seen.
    pub progress: Arc<dyn Fn(u64, usize) + Send + Sync>,
}

impl Default for RaceOptions {
    fn default() -> Self {
        RaceOptions {
            seed: 1,
            max_calls: 2000,
            max_time: None,
            jobs: 4,
            until: Vec::new(),
            shrink: true,
            record: None,
            ledger: None,
            progress: Arc::new(|_, _| {}),
        }
    }
}

/// Rule, operation and shape: as far as can be told, violations that agree in these have one cause.
type Cause = (RuleId, String, String);

/// A violation, and the first history that showed it.
pub(super) struct Shown {
    violation: Violation,
    sequence: Sequence,
    record: Record,
    count: usize,
    /// Calls sent until then.
    calls: u64,
}

/// Runs a campaign.
///
/// # Errors
/// When the target cannot be tested or the ledger cannot be written.
pub async fn race(target: &Target, options: &RaceOptions) -> Result<RaceReport, CheckError> {
    let Some(ledger) = options.ledger.clone() else {
        let ledger = Arc::new(Ledger::for_target(target)?);
        let noted = RaceOptions { ledger: Some(ledger.clone()), ..options.clone() };
        let mut report = Box::pin(race(target, &noted)).await;
        let left = settle(target, &ledger).await;
        if let Ok(report) = &mut report {
            report.left_behind = left;
        }
        return report;
    };
    let with = |record| Options { ledger: Some(ledger.clone()), record, ..Options::default() };
    let mut campaign = Campaign {
        options,
        shared: connect(target, &with(options.record.clone())).await?,
        started: Instant::now(),
        report: RaceReport::begin(target, options.seed),
        found: BTreeMap::new(),
    };
    campaign.run().await;
    let Campaign { mut report, found, shared, started, .. } = campaign;
    (report.requests, report.keys_created) = (shared.link().requests(), shared.keys_created());
    report.ended = shared.ended();
    shared.dismiss_sentinel().await;
    let mut found: Vec<Shown> = found.into_values().collect();
    found.sort_by_key(|shown| shown.calls);
    let mut quick = target.clone();
    quick.settle_timeout = quick.settle_timeout.min(PATIENCE);
    let small = options.shrink && report.ended.is_none() && !found.is_empty();
    let again = if small { Some(connect(&quick, &with(None)).await?) } else { None };
    let began = Instant::now();
    for (i, shown) in found.into_iter().enumerate() {
        let finding = match again.as_ref().filter(|_| i < MOST_SHRUNK && began.elapsed() < SHRINKING) {
            Some(shared) => Shrink::new(shared, shown).run().await,
            None => RaceFinding::of(&shown, &Confirmed::default()),
        };
        report.findings.push(finding);
    }
    if let Some(shared) = &again {
        shared.dismiss_sentinel().await;
    }
    // What needs no concurrency comes last.
    report.findings.sort_by_key(|f| f.sequential || f.seen == "before");
    report.elapsed_ms = started.elapsed().as_millis() as u64;
    Ok(report)
}

struct Campaign<'c> {
    options: &'c RaceOptions,
    shared: Arc<Shared>,
    started: Instant,
    report: RaceReport,
    found: BTreeMap<Cause, Shown>,
}

impl Campaign<'_> {
    /// Runs histories until the budget is spent, as many side by side as was asked for.
    async fn run(&mut self) {
        let mut tasks = JoinSet::new();
        let mut number = 0;
        loop {
            while tasks.len() < self.options.jobs.max(1) && !self.is_over(number) {
                let sequence = generate::history(self.options.seed, number, &|op| self.shared.link().lacks(op));
                let shared = self.shared.clone();
                number += 1;
                tasks.spawn(async move {
                    let record = run_sequence(&shared, &sequence, number as usize).await;
                    (sequence, record)
                });
            }
            let Some(done) = tasks.join_next().await else { return };
            let (sequence, record) = done.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()));
            self.take(sequence, record);
            (self.options.progress)(self.report.calls, self.found.len());
        }
    }

    fn is_over(&self, number: u64) -> bool {
        let late = self.options.max_time.is_some_and(|t| self.started.elapsed() >= t);
        let until = |cause: &Cause| self.options.until.contains(&cause.0);
        // At an endpoint where nothing can be judged, calls do not add up.
        let vain = number > self.options.max_calls;
        self.report.calls >= self.options.max_calls
            || late
            || vain
            || self.shared.link().ended().is_some()
            || self.found.keys().any(until)
    }

    fn take(&mut self, sequence: Sequence, record: Record) {
        let report = &mut self.report;
        report.histories += 1;
        report.calls += record.requests as u64;
        let wrong = violation(&record).cloned();
        let (raced, open) = (record.races.len(), record.races.iter().filter(|r| r.verdict == Verdict::Open).count());
        report.concurrent_calls += record.races.iter().map(|r| r.parts.len() as u64).sum::<u64>();
        match &wrong {
            Some(_) => report.violated += 1,
            None if record.is_over() || record.forgotten || raced == 0 || open > 0 => report.inconclusive += 1,
            None => report.explained += 1,
        }
        let Some(violation) = wrong else { return };
        let calls = report.calls;
        let shown =
            self.found.entry(cause(&violation)).or_insert(Shown { violation, sequence, record, count: 0, calls });
        shown.count += 1;
    }
}

/// What a history shows to be wrong first. The form of answers is another matter: `check` looks at that.
fn violation(record: &Record) -> Option<&Violation> {
    let told = |v: &&Violation| get(v.rule).level == Level::Must && !v.rule.0.starts_with("WIRE-");
    record.violations.iter().filter(|_| !record.forgotten).find(told)
}

fn cause(v: &Violation) -> Cause {
    (v.rule, v.call.split(' ').next().unwrap_or("").to_string(), v.shape.clone())
}

//! Random histories against a live endpoint: guided by what is new, shrunk to what a person reads.

mod options;

pub use options::{FuzzOptions, Progress};

use super::check::{CheckError, Options, abilities, check_sequences};
use crate::generate::Corpus;
use crate::generate::menu::Abilities;
use crate::generate::{Random, Shrunk, Trial, from_bytes, mutate, restrict, scenario_file, shrink};
use crate::report::Report;
use crate::sequence::Sequence;
use crate::session::{Ledger, Left, Recorder, Violation, settle};
use crate::transport::{Target, chain};
use mrkspec_model::rule::{Level, RuleId};
use mrkspec_model::rules::get;
use mrkspec_model::situation::Situation;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Sequences that are run side by side before anything is learned from them.
const BATCH: usize = 48;
/// Executions that shrinking one violation may take.
const EXECUTIONS: usize = 24;
/// Shrinking does not wait longer than this for a member to settle.
const PATIENCE: Duration = Duration::from_secs(1);
/// Violations that are shrunk side by side.
const SIDE_BY_SIDE: usize = 8;

/// One kind of violation, with a small sequence that shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The rule.
    pub rule: RuleId,
    /// MUST, SHOULD or MAY.
    pub level: Level,
    /// The requirement in one sentence.
    pub title: &'static str,
    /// Document, section and fact numbers.
    pub source: String,
    /// The call, in symbols.
    pub call: String,
    /// What was allowed.
    pub expected: String,
    /// What came.
    pub observed: String,
    /// How often it was seen in the campaign.
    pub count: usize,
    /// Requests sent until it was first seen.
    pub requests: u64,
    /// The small sequence, as a scenario file.
    pub repro: String,
    /// Its length in calls.
    pub calls: usize,
    /// Executions that shrinking took.
    pub executions: usize,
    /// How often the small sequence showed it when run again, of how many times. Less than always
    /// means that the violation is flaky.
    pub reproduced: (usize, usize),
    #[serde(skip)]
    /// The small sequence.
    pub sequence: Sequence,
}

/// What a campaign found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct FuzzReport {
    /// `mrkspec-fuzz/1`.
    pub schema: &'static str,
    /// Name of the target.
    pub target: String,
    /// Seed of the campaign.
    pub seed: u64,
    /// Sequences that were run.
    pub sequences: usize,
    /// Calls that were judged.
    pub calls: u64,
    /// Requests that were sent until shrinking began.
    pub requests: u64,
    /// Keys that were made, replicas included.
    pub keys_created: u64,
    /// Time that it took, in milliseconds.
    pub elapsed_ms: u64,
    /// Situations of the model that were reached.
    pub situations: usize,
    /// Kinds of answers that were seen: operation, key state, status, exception or shape.
    pub kinds: usize,
    /// Sequences kept because they showed something new.
    pub corpus: usize,
    /// Calls by the key state of the key that they addressed; the empty name is for those that
    /// addressed none.
    pub by_state: BTreeMap<String, usize>,
    /// Calls by operation.
    pub by_operation: BTreeMap<String, usize>,
    /// Each kind of violation once, in the order in which they were first seen.
    pub findings: Vec<Finding>,
    /// Why the campaign ended before its time, if it did: the endpoint stopped answering.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// Keys whose deletion could not be scheduled: they are in the ledger, for `mrkspec cleanup`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_behind: Vec<Left>,
}

/// Rule, operation and shape: as far as can be told, violations that agree in these have one cause.
type Cause = (RuleId, String, String);

struct Seen {
    violation: Violation,
    sequence: Sequence,
    count: usize,
    requests: u64,
}

/// Runs a campaign.
///
/// # Errors
/// When the target cannot be tested, or the corpus cannot be read or written.
pub async fn fuzz(target: &Target, options: &FuzzOptions) -> Result<FuzzReport, CheckError> {
    let Some(ledger) = &options.ledger else {
        let ledger = Arc::new(Ledger::for_target(target)?);
        let noted = FuzzOptions { ledger: Some(ledger.clone()), ..options.clone() };
        let mut report = Box::pin(fuzz(target, &noted)).await;
        let left = settle(target, &ledger).await;
        if let Ok(report) = &mut report {
            report.left_behind = left;
        }
        return report;
    };
    let mut campaign = Campaign::new(target, options, ledger)?;
    while !campaign.is_over() {
        let batch = campaign.batch();
        campaign.run(batch).await?;
    }
    campaign.finish().await
}

struct Campaign<'c> {
    target: &'c Target,
    options: &'c FuzzOptions,
    ledger: &'c Arc<Ledger>,
    abilities: Abilities,
    started: Instant,
    report: FuzzReport,
    kinds: BTreeSet<String>,
    situations: BTreeSet<Situation>,
    corpus: Corpus,
    found: BTreeMap<Cause, Seen>,
    /// The number of the next fresh history.
    number: u64,
    stride: u64,
}

impl<'c> Campaign<'c> {
    fn new(target: &'c Target, options: &'c FuzzOptions, ledger: &'c Arc<Ledger>) -> Result<Campaign<'c>, CheckError> {
        let (first, stride) = options.shard.map_or((0, 1), |(i, n)| (i.max(1) as u64 - 1, n.max(1) as u64));
        let corpus = Corpus::open(options.corpus.as_deref(), options.shard)?;
        let report = FuzzReport {
            schema: "mrkspec-fuzz/1",
            target: target.name.clone(),
            seed: options.seed,
            ..FuzzReport::default()
        };
        Ok(Campaign {
            target,
            options,
            ledger,
            abilities: abilities(target),
            started: Instant::now(),
            report,
            kinds: BTreeSet::new(),
            situations: BTreeSet::new(),
            corpus,
            found: BTreeMap::new(),
            number: first,
            stride,
        })
    }

    fn is_over(&self) -> bool {
        let late = self.options.max_time.is_some_and(|t| self.started.elapsed() >= t);
        let until = |cause: &Cause| self.options.until.contains(&cause.0);
        // At an endpoint where nothing can be judged, calls do not add up.
        let vain = self.report.sequences as u64 > self.options.max_calls + BATCH as u64;
        self.report.ended.is_some()
            || self.report.calls >= self.options.max_calls
            || vain
            || late
            || self.found.keys().any(until)
    }

    /// The next inputs, for as many calls as may still be sent: what the corpus began with, then half fresh
    /// ones, half relatives of those that showed something new.
    fn batch(&mut self) -> Vec<(Vec<u8>, Sequence)> {
        let mut batch = Vec::new();
        let mut left = self.options.max_calls.saturating_sub(self.report.calls);
        while batch.len() < BATCH && left > 0 {
            let bytes = match self.corpus.untried() {
                Some(bytes) => bytes,
                None => self.invent(),
            };
            let id = format!("fuzz-{}-{}", self.options.seed, self.report.sequences + batch.len() + 1);
            let mut sequence = restrict(&from_bytes(id, &bytes), self.abilities);
            sequence.steps.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            left -= sequence.steps.len() as u64;
            if !sequence.steps.is_empty() {
                batch.push((bytes, sequence));
            }
        }
        batch
    }

    fn invent(&mut self) -> Vec<u8> {
        let mut random = Random::new(self.options.seed, self.number);
        self.number += self.stride;
        let kept = self.corpus.kept();
        if kept.is_empty() || random.below(2) == 0 {
            return random.history();
        }
        let (a, b) = (random.below(kept.len()), random.below(kept.len()));
        mutate(&kept[a], &kept[b], &mut random)
    }

    async fn run(&mut self, batch: Vec<(Vec<u8>, Sequence)>) -> Result<(), CheckError> {
        let sequences: Vec<Sequence> = batch.iter().map(|(_, s)| s.clone()).collect();
        let before = self.report.requests;
        let (jobs, record) = (self.options.jobs, self.options.record.clone());
        let run = match run(self.target, &sequences, jobs, record, Some(self.ledger.clone())).await {
            // What was found before it died stays found.
            Err(CheckError::Unreachable(why)) if self.report.calls > 0 => {
                self.report.ended = Some(chain(&why));
                self.ledger.give_up(&chain(&why));
                return Ok(());
            }
            run => run?,
        };
        self.report.ended = run.ended;
        self.report.sequences += sequences.len();
        self.report.calls += run.latitude.judged as u64;
        self.report.requests += run.cost.requests;
        self.report.keys_created += run.cost.keys_created;
        for ((bytes, _), seen) in batch.into_iter().zip(&run.seen) {
            let new_kind = seen.kinds.iter().any(|k| !self.kinds.contains(k));
            let new_situation = seen.situations.iter().any(|s| !self.situations.contains(s));
            if new_kind || new_situation {
                self.corpus.keep(bytes)?;
                self.kinds.extend(seen.kinds.iter().cloned());
                self.situations.extend(seen.situations.iter().copied());
            }
            for ((op, state), n) in &seen.tally {
                *self.report.by_operation.entry(op.name().into()).or_default() += n;
                *self.report.by_state.entry(state.to_string()).or_default() += n;
            }
        }
        for violation in run.violations {
            let first = run.first_violations.get(&violation.rule).map_or(0, |f| f.requests);
            let sequence = sequences.iter().find(|s| s.id == violation.scenario);
            match (self.found.get_mut(&cause(&violation)), sequence) {
                (Some(seen), _) => seen.count += violation.count,
                (None, Some(sequence)) => {
                    let count = violation.count;
                    let seen = Seen { sequence: sequence.clone(), count, requests: before + first, violation };
                    self.found.insert(cause(&seen.violation), seen);
                }
                (None, None) => {}
            }
        }
        (self.options.progress)(Progress {
            calls: self.report.calls,
            situations: self.situations.len(),
            kinds: self.kinds.len(),
            violations: self.found.len(),
            shrinking: None,
        });
        Ok(())
    }

    async fn finish(self) -> Result<FuzzReport, CheckError> {
        let mut report = self.report;
        report.kinds = self.kinds.len();
        report.situations = self.situations.len();
        report.corpus = self.corpus.kept().len();
        let until = &self.options.until;
        let mut found: Vec<Seen> = self.found.into_values().collect();
        found.sort_by_key(|seen| seen.requests);
        if !until.is_empty() {
            // Only what the campaign was to end with is of interest.
            found.retain(|seen| until.contains(&seen.violation.rule));
            found.truncate(1);
        }
        report.findings = shrink_all(self.target, found, self.options, self.ledger, report.ended.is_some()).await;
        report.elapsed_ms = self.started.elapsed().as_millis() as u64;
        Ok(report)
    }
}

/// Shrinks what was found, several at a time, in the order in which it was found. With a time limit that
/// takes at most as long again; what is left then is reported as it is.
async fn shrink_all(
    target: &Target,
    found: Vec<Seen>,
    options: &FuzzOptions,
    ledger: &Arc<Ledger>,
    dead: bool,
) -> Vec<Finding> {
    // An endpoint that is dead shows nothing again.
    let deadline = if dead { Some(Instant::now()) } else { options.max_time.map(|t| Instant::now() + t) };
    let gate = Arc::new(Semaphore::new(options.jobs.clamp(1, SIDE_BY_SIDE)));
    let left = Arc::new(AtomicUsize::new(found.len()));
    // Of a set, so that they end when this does.
    let mut tasks = JoinSet::new();
    for (i, seen) in found.into_iter().enumerate() {
        let ledger = Some(ledger.clone());
        let (target, gate, left, progress) = (target.clone(), gate.clone(), left.clone(), options.progress.clone());
        tasks.spawn(async move {
            let _turn = gate.acquire_owned().await;
            let late = deadline.is_some_and(|d| Instant::now() >= d);
            let finding = finding(&target, seen, !late, ledger).await;
            progress(Progress { shrinking: Some(left.fetch_sub(1, Relaxed) - 1), ..Progress::default() });
            (i, finding)
        });
    }
    let mut findings = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        findings.push(ended.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic())));
    }
    findings.sort_by_key(|(i, _)| *i);
    findings.into_iter().map(|(_, finding)| finding).collect()
}

async fn run(
    target: &Target,
    sequences: &[Sequence],
    jobs: usize,
    record: Option<Arc<Recorder>>,
    ledger: Option<Arc<Ledger>>,
) -> Result<Report, CheckError> {
    check_sequences(target, &Options { jobs, record, ledger, ..Options::default() }, sequences).await
}

fn cause(v: &Violation) -> Cause {
    (v.rule, v.call.split(' ').next().unwrap_or("").to_string(), v.shape.clone())
}

/// The smallest sequence that can be found that shows a violation of one that does.
#[cfg(feature = "reference")]
pub async fn small_repro(target: &Target, violation: Violation, sequence: Sequence) -> Finding {
    finding(target, Seen { violation, sequence, count: 1, requests: 0 }, true, None).await
}

async fn finding(target: &Target, seen: Seen, in_time: bool, ledger: Option<Arc<Ledger>>) -> Finding {
    let Seen { violation, sequence, count, requests } = seen;
    let mut quick = target.clone();
    quick.settle_timeout = quick.settle_timeout.min(PATIENCE);
    let mut retry = Retry { target: quick, wanted: cause(&violation), shown: None, ledger };
    let small = if in_time {
        shrink(&sequence, violation.step, EXECUTIONS, &mut retry).await
    } else {
        let mut whole = sequence.clone();
        whole.steps.truncate(violation.step.max(1));
        Shrunk { sequence: whole, executions: 0, reproduced: (0, 0) }
    };
    // What a repro shows in the end is what its file says.
    let violation = retry.shown.unwrap_or(violation);
    let rule = get(violation.rule);
    let (again, of) = small.reproduced;
    let mut comments = vec![
        format!("{} {}: {}", rule.id, rule.strength(), rule.title),
        format!("source: {}", rule.cite()),
        format!("call: {}", violation.call),
        format!("expected: {}", violation.expected),
        format!("observed: {}", violation.observed),
    ];
    if !in_time {
        comments.push("not made smaller: there was no time left".into());
    }
    if again < of {
        comments.push(format!("flaky: shown {again} times of {of} when run again"));
    }
    Finding {
        rule: violation.rule,
        level: rule.level,
        title: rule.title,
        source: rule.cite(),
        repro: scenario_file(&small.sequence, rule.title, violation.rule, &comments),
        call: violation.call,
        expected: violation.expected,
        observed: violation.observed,
        count,
        requests,
        calls: small.sequence.steps.len(),
        executions: small.executions,
        reproduced: small.reproduced,
        sequence: small.sequence,
    }
}

/// Runs candidates of shrinking on the endpoint.
struct Retry {
    target: Target,
    wanted: Cause,
    /// The violation as it was seen last.
    shown: Option<Violation>,
    ledger: Option<Arc<Ledger>>,
}

impl Trial for Retry {
    async fn shows(&mut self, candidate: &Sequence) -> bool {
        let ran = run(&self.target, std::slice::from_ref(candidate), 1, None, self.ledger.clone()).await;
        let violations = ran.map(|r| r.violations).unwrap_or_default();
        let found = violations.into_iter().find(|v| cause(v) == self.wanted);
        let shown = found.is_some();
        self.shown = found.or(self.shown.take());
        shown
    }
}

impl FuzzReport {
    /// True when a MUST was broken.
    pub fn broken(&self) -> bool {
        self.findings.iter().any(|f| f.level == Level::Must)
    }
}

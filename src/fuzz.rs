//! Random histories against a live endpoint: guided by what is new, shrunk to what a person reads.

use crate::check::{CheckError, Options, check_sequences};
use crate::generate::{Generator, Random, from_bytes, mutate, scenario_file, shrink};
use crate::report::Report;
use crate::run::{Sequence, Violation};
use crate::spec::rule::{Level, find};
use crate::target::Target;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Sequences that are run side by side before anything is learned from them.
const BATCH: usize = 48;
/// Executions that shrinking one violation may take.
const EXECUTIONS: usize = 20;
/// Shrinking does not wait longer than this for a member to settle.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a campaign does, and when it ends.
#[derive(Clone)]
pub struct FuzzOptions {
    pub seed: u64,
    /// Calls to send at most.
    pub max_calls: u64,
    pub max_time: Option<Duration>,
    /// Sequences run side by side.
    pub jobs: usize,
    /// `(i, n)`: every n-th seed, from the i-th (from 1).
    pub shard: Option<(usize, usize)>,
    /// Called after each batch with calls sent, kinds of answers seen, and violations found.
    pub progress: Arc<dyn Fn(u64, usize, usize) + Send + Sync>,
}

/// One kind of violation, with a small sequence that shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    pub rule: String,
    pub level: &'static str,
    pub title: &'static str,
    pub source: String,
    pub call: String,
    pub expected: String,
    pub observed: String,
    /// How often it was seen in the campaign.
    pub count: usize,
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
    pub sequence: Sequence,
}

/// What a campaign found.
#[derive(Clone, Debug, Serialize)]
pub struct FuzzReport {
    pub schema: &'static str,
    pub target: String,
    pub seed: u64,
    pub sequences: usize,
    pub calls: u64,
    pub requests: u64,
    pub keys_created: u64,
    pub elapsed_ms: u64,
    /// Kinds of answers that were seen: operation, key state, status and exception.
    pub kinds: usize,
    /// Sequences kept because they showed a new kind.
    pub corpus: usize,
    pub findings: Vec<Finding>,
}

/// Runs a campaign.
///
/// # Errors
/// When the target cannot be tested.
pub async fn fuzz(target: &Target, options: &FuzzOptions) -> Result<FuzzReport, CheckError> {
    let started = Instant::now();
    let generator = Generator { limited: target.limited.is_some() };
    let (first, stride) = options.shard.map_or((0, 1), |(i, n)| (i.max(1) as u64 - 1, n.max(1) as u64));
    let mut report = FuzzReport {
        schema: "mrkspec-fuzz/1",
        target: target.name.clone(),
        seed: options.seed,
        sequences: 0,
        calls: 0,
        requests: 0,
        keys_created: 0,
        elapsed_ms: 0,
        kinds: 0,
        corpus: 0,
        findings: Vec::new(),
    };
    let mut kinds: BTreeSet<String> = BTreeSet::new();
    let mut corpus: Vec<Vec<u8>> = Vec::new();
    let mut found: BTreeMap<(String, String), (Violation, Sequence, usize)> = BTreeMap::new();
    let mut number = first;
    while report.calls < options.max_calls && options.max_time.is_none_or(|t| started.elapsed() < t) {
        let mut batch = Vec::new();
        for _ in 0..BATCH {
            let mut random = Random::new(options.seed, number);
            let bytes = if corpus.is_empty() || random.below(2) == 0 {
                let length = 60 + random.below(240);
                random.bytes(length)
            } else {
                let (a, b) = (random.below(corpus.len()), random.below(corpus.len()));
                mutate(&corpus[a].clone(), &corpus[b], &mut random)
            };
            let id = format!("fuzz-{}-{number}", options.seed);
            batch.push((bytes.clone(), from_bytes(id, &bytes, generator)));
            number += stride;
        }
        let sequences: Vec<Sequence> = batch.iter().map(|(_, s)| s.clone()).collect();
        let run = run(target, &sequences, options.jobs).await?;
        count(&mut report, &run, sequences.len());
        for ((bytes, _), seen) in batch.iter().zip(&run.kinds) {
            let new = seen.iter().filter(|k| !kinds.contains(*k)).count();
            if new > 0 {
                corpus.push(bytes.clone());
                kinds.extend(seen.iter().cloned());
            }
        }
        for v in run.violations {
            let sequence = sequences.iter().find(|s| s.id == v.scenario).cloned();
            let known = found.get_mut(&key(&v));
            match (known, sequence) {
                (Some((_, _, count)), _) => *count += v.count,
                (None, Some(sequence)) => drop(found.insert(key(&v), (v.clone(), sequence, v.count))),
                (None, None) => {}
            }
        }
        (options.progress)(report.calls, kinds.len(), found.len());
    }
    report.kinds = kinds.len();
    report.corpus = corpus.len();
    for (violation, sequence, count) in found.into_values() {
        let finding = finding(target, violation, sequence, count).await;
        report.findings.push(finding);
    }
    report.elapsed_ms = started.elapsed().as_millis() as u64;
    Ok(report)
}

async fn run(target: &Target, sequences: &[Sequence], jobs: usize) -> Result<Report, CheckError> {
    check_sequences(target, &Options { jobs, ..Options::default() }, sequences).await
}

fn count(report: &mut FuzzReport, run: &Report, sequences: usize) {
    report.sequences += sequences;
    report.calls += run.latitude.judged as u64;
    report.requests += run.cost.requests;
    report.keys_created += run.cost.keys_created;
}

/// Violations of one rule by one operation have one cause, as far as can be told.
fn key(v: &Violation) -> (String, String) {
    (v.rule.clone(), v.call.split(' ').next().unwrap_or("").to_string())
}

async fn finding(target: &Target, violation: Violation, sequence: Sequence, count: usize) -> Finding {
    let mut quick = target.clone();
    quick.settle_timeout = quick.settle_timeout.min(PATIENCE);
    let wanted = key(&violation);
    let shows = async |candidate: &Sequence| {
        let ran = run(&quick, std::slice::from_ref(candidate), 1).await;
        ran.is_ok_and(|r| r.violations.iter().any(|v| key(v) == wanted))
    };
    let small = shrink(&sequence, violation.step, EXECUTIONS, shows).await;
    let rule = find(&violation.rule).expect("violations name rules of the table");
    let (seen, of) = small.reproduced;
    let mut comments = vec![
        format!("{} {}: {}", rule.id, rule.level.word(), rule.title),
        format!("source: {}", rule.cite()),
        format!("call: {}", violation.call),
        format!("expected: {}", violation.expected),
        format!("observed: {}", violation.observed),
    ];
    if seen < of {
        comments.push(format!("flaky: shown {seen} times of {of} when run again"));
    }
    Finding {
        rule: violation.rule.clone(),
        level: rule.level.word(),
        title: rule.title,
        source: rule.cite(),
        repro: scenario_file(&small.sequence, rule.title, &violation.rule, &comments),
        call: violation.call,
        expected: violation.expected,
        observed: violation.observed,
        count,
        calls: small.sequence.steps.len(),
        executions: small.executions,
        reproduced: small.reproduced,
        sequence: small.sequence,
    }
}

impl FuzzReport {
    /// True when a MUST was broken.
    pub fn broken(&self) -> bool {
        self.findings.iter().any(|f| find(&f.rule).is_some_and(|r| r.level == Level::Must))
    }
}

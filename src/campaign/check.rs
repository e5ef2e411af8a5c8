//! The main job: run sequences against a target and say what holds.

use crate::generate::menu::Abilities;
use crate::generate::{Plan, tour};
use crate::report::{Cost, Coverage, Latitude, Report, ScenarioDiff, Seen, SituationCoverage, TargetInfo, Tool};
use crate::sequence;
use crate::sequence::Sequence;
use crate::session::{ConnectError, Ledger, Record, Recorder, Shared, run_sequence};
use crate::transport::{DAY, Target};
use crate::verdict::{self, Summary};
use mrkspec_model::call::Operation;
use mrkspec_model::situation::Situation;
use mrkspec_model::states::reachable_cells;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// What to run, and how.
#[derive(Clone, Default)]
pub struct Options {
    /// Ids of the rules asked for; all when empty.
    pub rules: Vec<String>,
    /// Globs of sequence ids; all when empty.
    pub scenarios: Vec<String>,
    /// Recorded in the report. The scenarios themselves are not random.
    pub seed: u64,
    /// Sequences run side by side; 16 when zero.
    pub jobs: usize,
    /// Run one sequence after the other, until each of these rules was seen broken.
    pub until: Vec<String>,
    /// `(i, n)`: the i-th (from 1) of n parts.
    pub shard: Option<(usize, usize)>,
    /// The command line that replays a scenario, without the scenario: `mrkspec check …`.
    pub replay: String,
    /// Called after each sequence with the number done and the number of all.
    pub progress: Option<Arc<dyn Fn(usize, usize) + Send + Sync>>,
    /// Where everything that is asked and answered is written.
    pub record: Option<Arc<Recorder>>,
}

/// Why there is no report.
#[derive(Debug)]
pub enum CheckError {
    /// The options make no sense: exit code 2.
    Usage(String),
    /// The target cannot be tested: exit code 3.
    Unreachable(String),
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CheckError::Usage(why) | CheckError::Unreachable(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for CheckError {}

/// Runs the embedded scenarios and the parts of the coverage tour that the options select.
///
/// # Errors
/// When the options select nothing or name unknown rules, and when the target cannot be tested.
pub async fn check(target: &Target, options: &Options) -> Result<Report, CheckError> {
    let mut all = sequence::embedded().to_vec();
    let plan = if wants_tour(options)? {
        let abilities = abilities(target);
        let made = tokio::task::spawn_blocking(move || tour(abilities)).await;
        let tour = made.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()));
        all.extend(tour.sequences);
        Some(tour.plan)
    } else {
        None
    };
    let mut report = check_sequences(target, options, &all).await?;
    report.coverage.situations = plan.map(|plan| situations(&plan, &report.seen));
    Ok(report)
}

/// What can be asked of a target.
pub fn abilities(target: &Target) -> Abilities {
    Abilities { limited: target.limited.is_some(), other: target.other.is_some(), short_days: target.day < DAY }
}

/// Whether the options select any part of the coverage tour: it takes a moment to compute.
fn wants_tour(options: &Options) -> Result<bool, CheckError> {
    let globs = globs(options)?;
    let by_glob = options.scenarios.is_empty() || (1..1000).any(|n| globs.is_match(format!("tour/{n:03}")));
    Ok(by_glob && options.rules.is_empty() && options.until.is_empty())
}

/// Runs those of the given sequences that the options select.
///
/// # Errors
/// As [`check`].
pub async fn check_sequences(target: &Target, options: &Options, all: &[Sequence]) -> Result<Report, CheckError> {
    let (selected, scope) = select(options, all)?;
    let started = Instant::now();
    let shared = Shared::connect(target).await.map_err(|e| match e {
        ConnectError::Unreachable(why) => CheckError::Unreachable(why.0),
        ConnectError::Ledger(e) => {
            CheckError::Usage(format!("the ledger in {} cannot be written: {e}", Ledger::directory().display()))
        }
    })?;
    let shared = Arc::new(shared.record_to(options.record.clone()));
    let mut records = match options.until.is_empty() {
        true => run_all(&shared, &selected, options).await,
        false => run_until(&shared, &selected, &options.until).await,
    };
    if options.until.is_empty() {
        run_undecided_again(&shared, &selected, &mut records, scope.as_ref()).await;
    }
    let violations = with_repro(verdict::merge_violations(&records), options);
    let rules = verdict::verdicts(&selected, &records, scope.as_ref());
    let unsupported = shared.link().unsupported();
    let exit_code = verdict::exit_code(&rules);
    Ok(Report {
        schema: "mrkspec-report/1",
        tool: Tool { name: "mrkspec".into(), version: env!("CARGO_PKG_VERSION").into() },
        target: TargetInfo { name: target.name.clone(), endpoint: target.endpoint.clone() },
        seed: options.seed,
        summary: Summary::of(&rules),
        rules,
        diffs: diffs(&records),
        transcripts: records.iter().map(Record::transcript).collect(),
        seen: records
            .iter()
            .map(|r| Seen { kinds: r.kinds.clone(), situations: r.situations.clone(), tally: r.tally.clone() })
            .collect(),
        violations,
        first_violations: shared.first_violations().into_iter().map(|(rule, first)| (rule.0.into(), first)).collect(),
        cost: Cost {
            requests: shared.link().requests(),
            keys_created: shared.keys_created(),
            elapsed_ms: started.elapsed().as_millis() as u64,
        },
        coverage: coverage(&records),
        unsupported_operations: unsupported.into_iter().map(|(op, words)| (op.name().to_string(), words)).collect(),
        latitude: Latitude {
            judged: records.iter().map(|r| r.judged).sum(),
            with_alternatives: records.iter().map(|r| r.latitude).sum(),
        },
        baseline: None,
        exit_code,
    })
}

type Scope = Option<BTreeSet<String>>;

fn globs(options: &Options) -> Result<globset::GlobSet, CheckError> {
    let mut globs = globset::GlobSetBuilder::new();
    for text in &options.scenarios {
        let glob = globset::Glob::new(text).map_err(|e| CheckError::Usage(format!("--scenario {text}: {e}")))?;
        globs.add(glob);
    }
    globs.build().map_err(|e| CheckError::Usage(e.to_string()))
}

/// The sequences that the options select, and the rules that were asked for.
fn select<'s>(options: &Options, all: &'s [Sequence]) -> Result<(Vec<&'s Sequence>, Scope), CheckError> {
    let usage = CheckError::Usage;
    let globs = globs(options)?;
    let mut scope: Scope = None;
    for id in &options.rules {
        let rule = mrkspec_model::rule::find(id);
        let rule = rule.ok_or_else(|| usage(format!("unknown rule `{id}` (see `mrkspec rules`)")))?;
        scope.get_or_insert_default().insert(rule.id.0.to_string());
    }
    let wanted = |s: &Sequence| {
        let by_glob = options.scenarios.is_empty() || globs.is_match(&s.id);
        let by_rule = scope.as_ref().is_none_or(|set| s.rules.iter().any(|r| set.contains(r.0)));
        by_glob && by_rule
    };
    let mut selected: Vec<&Sequence> = all.iter().filter(|s| wanted(s)).collect();
    if selected.is_empty() && options.until.is_empty() {
        return Err(usage("no scenario fits --scenario and --rule".into()));
    }
    if let Some((i, n)) = options.shard {
        if i == 0 || i > n {
            return Err(usage(format!("--shard {i}/{n}: the first number goes from 1 to the second")));
        }
        let part = selected.into_iter().enumerate().filter(|(k, _)| k % n == i - 1);
        selected = part.map(|(_, s)| s).collect();
    }
    Ok((selected, scope))
}

/// How often a sequence is run again whose answers were lost.
const AGAIN: usize = 4;

/// Where answers were lost that would have put a rule to the test, the sequences that are there for
/// it are run again.
async fn run_undecided_again(
    shared: &Arc<Shared>,
    selected: &[&Sequence],
    records: &mut [Record],
    scope: Option<&BTreeSet<String>>,
) {
    for round in 1..=AGAIN {
        let rules = verdict::verdicts(selected, records, scope);
        let undecided: BTreeSet<&str> =
            rules.iter().filter(|r| r.verdict == verdict::Verdict::Inconclusive).map(|r| r.id.as_str()).collect();
        let mut none = true;
        for (i, (sequence, record)) in selected.iter().zip(records.iter_mut()).enumerate() {
            let concerned = sequence.rules.iter().any(|r| undecided.contains(r.0));
            if record.lost > 0 && concerned {
                none = false;
                record.absorb(run_sequence(shared, sequence, i + 1 + round * selected.len()).await);
            }
        }
        if none {
            return;
        }
    }
}

/// Runs sequences in order, until each of these rules was seen broken.
async fn run_until(shared: &Arc<Shared>, selected: &[&Sequence], rules: &[String]) -> Vec<Record> {
    let mut done = Vec::new();
    for (i, sequence) in selected.iter().enumerate() {
        done.push(run_sequence(shared, sequence, i + 1).await);
        let seen = shared.first_violations();
        if rules.iter().all(|r| seen.keys().any(|s| s.0 == r)) {
            break;
        }
    }
    done
}

async fn run_all(shared: &Arc<Shared>, selected: &[&Sequence], options: &Options) -> Vec<Record> {
    let jobs = if options.jobs == 0 { 16 } else { options.jobs };
    let gate = Arc::new(Semaphore::new(jobs));
    let mut tasks = JoinSet::new();
    // Long ones first: nobody has to wait for them in the end.
    let mut order: Vec<(usize, &&Sequence)> = selected.iter().enumerate().collect();
    order.sort_by_key(|(_, s)| std::cmp::Reverse(s.steps.len() / 50));
    for (i, sequence) in order {
        let (shared, gate, sequence) = (shared.clone(), gate.clone(), (*sequence).clone());
        tasks.spawn(async move {
            // The semaphore is never closed.
            let _permit = gate.acquire_owned().await;
            (i, run_sequence(&shared, &sequence, i + 1).await)
        });
    }
    let mut done = Vec::new();
    while let Some(result) = tasks.join_next().await {
        match result {
            Ok(pair) => done.push(pair),
            Err(e) if e.is_panic() => std::panic::resume_unwind(e.into_panic()),
            Err(_) => {}
        }
        if let Some(progress) = &options.progress {
            progress(done.len(), selected.len());
        }
    }
    done.sort_by_key(|(i, _)| *i);
    done.into_iter().map(|(_, record)| record).collect()
}

fn with_repro(mut violations: Vec<crate::session::Violation>, options: &Options) -> Vec<crate::session::Violation> {
    for v in &mut violations {
        v.repro = format!("{} --scenario {}", options.replay, v.scenario);
    }
    violations
}

/// How each transcript with a violation differs from the reviewed one.
fn diffs(records: &[Record]) -> Vec<ScenarioDiff> {
    let broken = records.iter().filter(|r| !r.violations.is_empty());
    broken
        .filter_map(|r| {
            let reviewed = sequence::snapshot(&r.id)?;
            let came = r.transcript();
            let diff = similar::TextDiff::from_lines(reviewed, &came);
            let text = diff.unified_diff().context_radius(2).header("reviewed", "observed").to_string();
            (!text.is_empty()).then(|| ScenarioDiff { scenario: r.id.clone(), diff: text })
        })
        .collect()
}

fn coverage(records: &[Record]) -> Coverage {
    let seen: BTreeSet<(String, &str)> =
        records.iter().flat_map(|r| &r.cells).map(|(op, state)| (op.name().to_string(), *state)).collect();
    let operations: Vec<&str> = Operation::ALL.iter().map(|o| o.name()).collect();
    let reachable = reachable_cells(&operations);
    let missing: Vec<String> =
        reachable.iter().filter(|cell| !seen.contains(*cell)).map(|(op, state)| format!("{op}/{state}")).collect();
    Coverage { reachable: reachable.len(), covered: reachable.len() - missing.len(), missing, situations: None }
}

/// What a run covered of what the tour sets out to cover.
fn situations(plan: &Plan, seen: &[Seen]) -> SituationCoverage {
    let seen: BTreeSet<&Situation> = seen.iter().flat_map(|s| &s.situations).collect();
    let missing: Vec<String> = plan.situations.iter().filter(|s| !seen.contains(s)).map(|s| s.to_string()).collect();
    SituationCoverage { reachable: plan.reachable, covered: plan.reachable - missing.len(), missing }
}

/// The scenarios that are there for each rule.
pub fn scenarios_by_rule(all: &[Sequence]) -> BTreeMap<&str, Vec<&str>> {
    let mut map: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for sequence in all {
        for rule in &sequence.rules {
            map.entry(rule.0).or_default().push(&sequence.id);
        }
    }
    map
}

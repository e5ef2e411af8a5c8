//! Running the selected sequences: side by side, or one after the other.

use super::options::{Internals, Options};
use super::price;
use super::select::Selection;
use crate::oracle::Staleness;
use crate::sequence::Sequence;
use crate::session::{Record, Shared, run_sequence, run_sequence_as};
use crate::verdict::{Verdict, verdicts};
use mrkspec_model::rule::{Level, RuleId};
use mrkspec_model::rules::get;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Runs what is selected; those of the sequences again whose answers were lost.
pub async fn run(
    shared: &Arc<Shared>,
    selection: &Selection<'_>,
    options: &Options,
    internals: &Internals,
) -> Vec<Record> {
    if !internals.until.is_empty() {
        return run_until(shared, &selection.sequences, &internals.until).await;
    }
    let mut records = match options.fail_fast {
        false => run_all(shared, &selection.sequences, options).await,
        true => {
            let (records, failed) = run_to_failure(shared, selection, options).await;
            if failed {
                return records;
            }
            records
        }
    };
    run_undecided_again(shared, selection, &mut records).await;
    run_late_again(shared, selection, &mut records).await;
    records
}

/// Where reads are never stale, what was late is wrong: those sequences are run again, and every answer is taken
/// as final. So nothing is told that was seen once only.
async fn run_late_again(shared: &Arc<Shared>, selection: &Selection<'_>, records: &mut [Record]) {
    if !shared.staleness().is_some_and(Staleness::is_never_seen) {
        return;
    }
    let selected = &selection.sequences;
    for (i, (sequence, record)) in selected.iter().zip(records.iter_mut()).enumerate() {
        if record.late && shared.ended().is_none() {
            let number = i + 1 + (AGAIN + 1) * selected.len();
            record.absorb(run_sequence_as(shared, sequence, number, true).await);
        }
    }
}

/// How often a sequence is run again whose answers were lost.
const AGAIN: usize = 4;

/// Where answers were lost that would have put a rule to the test, the sequences that are there for
/// it are run again.
async fn run_undecided_again(shared: &Arc<Shared>, selection: &Selection<'_>, records: &mut [Record]) {
    let selected = &selection.sequences;
    for round in 1..=AGAIN {
        if shared.ended().is_some() {
            return;
        }
        let rules = verdicts(selected, records, selection.scope.as_ref());
        let undecided: BTreeSet<RuleId> =
            rules.iter().filter(|r| r.verdict == Verdict::Inconclusive).map(|r| r.id).collect();
        let mut none = true;
        for (i, (sequence, record)) in selected.iter().zip(records.iter_mut()).enumerate() {
            let concerned = sequence.rules.iter().any(|r| undecided.contains(r));
            if record.forgotten || record.lost > 0 && concerned {
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
async fn run_until(shared: &Arc<Shared>, selected: &[&Sequence], rules: &[RuleId]) -> Vec<Record> {
    let mut done = Vec::new();
    for (i, sequence) in selected.iter().enumerate() {
        done.push(run_sequence(shared, sequence, i + 1).await);
        let seen = shared.first_violations();
        if shared.ended().is_some() || rules.iter().all(|r| seen.contains_key(r)) {
            break;
        }
    }
    done
}

/// Runs sequences one after the other, until a MUST is broken that was asked for. Says whether one was.
async fn run_to_failure(shared: &Arc<Shared>, selection: &Selection<'_>, options: &Options) -> (Vec<Record>, bool) {
    let mut done = Vec::new();
    let asked = |rule: RuleId| selection.scope.as_ref().is_none_or(|s| s.contains(&rule));
    for (i, sequence) in selection.sequences.iter().enumerate() {
        let record = run_sequence(shared, sequence, i + 1).await;
        let failed = record.violations.iter().any(|v| get(v.rule).level == Level::Must && asked(v.rule));
        done.push(record);
        if let Some(progress) = &options.progress {
            progress(done.len(), selection.sequences.len());
        }
        if failed {
            return (done, true);
        }
    }
    (done, false)
}

async fn run_all(shared: &Arc<Shared>, selected: &[&Sequence], options: &Options) -> Vec<Record> {
    let jobs = if options.jobs == 0 { 16 } else { options.jobs };
    let gate = Arc::new(Semaphore::new(jobs));
    let mut tasks = JoinSet::new();
    // What finds most comes first; what is reported has the order of the selection.
    let mut order: Vec<(usize, &Sequence)> = selected.iter().copied().enumerate().collect();
    order.sort_by_key(|(_, sequence)| price::place(sequence));
    for (i, sequence) in order {
        let (shared, gate, sequence) = (shared.clone(), gate.clone(), sequence.clone());
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

//! From the records of a run to its report.

use super::options::Options;
use super::select::Selection;
use crate::generate::Plan;
use crate::oracle::Staleness;
use crate::report::{Cost, Coverage, Latitude, Measured, Report, ScenarioDiff, Schema, Seen, SituationCoverage};
use crate::report::{TargetInfo, Tool};
use crate::sequence::snapshot;
use crate::session::{Record, Shared, Violation};
use crate::transport::Consistency;
use crate::verdict::{Cause, Summary, causes, exit_code, fingerprints, join_violations, reached, scores, verdicts};
use mrkspec_model::call::Operation;
use mrkspec_model::rule::Level;
use mrkspec_model::rules::get;
use mrkspec_model::situation::Situation;
use mrkspec_model::states::reachable_cells;
use std::collections::BTreeSet;
use std::time::Duration;

/// The report of a run that took this long. `replay` is the command line that replays a scenario,
/// without the scenario.
pub fn conclude(
    shared: &Shared,
    selection: &Selection,
    records: &[Record],
    options: &Options,
    replay: impl Fn(&str) -> String,
    elapsed: Duration,
) -> Report {
    let rules = verdicts(&selection.sequences, records, selection.scope.as_ref());
    let repro = |scenario: &str| {
        let strict = records.iter().any(|r| r.strict && r.id == scenario);
        let measured = strict && shared.link().target().consistency == Consistency::Auto;
        replay(scenario) + if measured { " --consistency strong" } else { "" }
    };
    let deviations: Vec<Violation> = records.iter().flat_map(|r| with_repro(r.violations.clone(), repro)).collect();
    // Of rules that were not asked for no causes are told.
    let asked = |v: &&Violation| {
        let in_scope = selection.scope.as_ref().is_none_or(|s| s.contains(&v.rule));
        // What is seen otherwise than a MAY is allowed.
        in_scope && get(v.rule).level != Level::May
    };
    let causes = told(&deviations.iter().filter(asked).cloned().collect::<Vec<_>>(), records);
    // Of a part of a run no level follows: what was left out might not hold.
    let scores = if options.is_whole() { scores(&rules) } else { Vec::new() };
    let unsupported = shared.link().unsupported();
    let target = shared.link().target();
    Report {
        schema: Schema::V1,
        tool: Tool { name: "mrkspec".into(), version: env!("CARGO_PKG_VERSION").into() },
        target: TargetInfo { name: target.name.clone(), endpoint: target.endpoint.clone() },
        seed: options.seed,
        summary: Summary::of(&rules),
        exit_code: exit_code(&rules),
        rules,
        diffs: diffs(records),
        transcripts: records.iter().filter(|_| options.transcripts).map(Record::transcript).collect(),
        seen: records.iter().map(seen).collect(),
        causes,
        level: reached(&scores),
        levels: scores,
        violations: join_violations(deviations.iter().cloned()),
        deviations,
        first_violations: shared.first_violations(),
        cost: Cost {
            requests: shared.link().requests(),
            keys_created: shared.keys_created(),
            elapsed_ms: elapsed.as_millis() as u64,
        },
        coverage: coverage(records),
        unsupported_operations: unsupported.into_iter().map(|(op, words)| (op.name().to_string(), words)).collect(),
        latitude: Latitude {
            judged: records.iter().map(|r| r.judged).sum(),
            with_alternatives: records.iter().map(|r| r.latitude).sum(),
            asked_again: records.iter().map(|r| r.asked_again).sum(),
        },
        consistency: consistency(shared, records),
        baseline: None,
        ended: None,
        budget: options.budget,
        left_behind: Vec::new(),
    }
}

fn consistency(shared: &Shared, records: &[Record]) -> Measured {
    let mode = shared.link().target().consistency;
    let counted = shared.staleness();
    let run_again = records.iter().filter(|r| r.strict && mode == Consistency::Auto).map(|r| r.id.clone()).collect();
    Measured {
        mode: mode.word().to_string(),
        fresh: counted.map_or(0, Staleness::fresh),
        stale: counted.map_or(0, Staleness::stale),
        never_stale: mode == Consistency::Strong || counted.is_some_and(Staleness::is_never_seen),
        run_again,
    }
}

fn seen(record: &Record) -> Seen {
    let (id, requests, keys) = (record.id.clone(), record.requests, record.keys);
    Seen {
        id,
        requests,
        keys,
        kinds: record.kinds.clone(),
        situations: record.situations.clone(),
        tally: record.tally.clone(),
    }
}

fn with_repro(mut violations: Vec<Violation>, replay: impl Fn(&str) -> String) -> Vec<Violation> {
    for v in &mut violations {
        v.repro = replay(&v.scenario);
    }
    violations
}

/// The causes, each with the steps that show it.
fn told(deviations: &[Violation], records: &[Record]) -> Vec<Cause> {
    let mut told = causes(deviations, fingerprints(), records.len());
    for cause in &mut told {
        let shown = &mut cause.example;
        let record = records.iter().find(|r| r.id == shown.scenario);
        let steps = record.into_iter().flat_map(|r| &r.steps).take_while(|s| s.number <= shown.step);
        shown.steps = steps.map(|s| format!("{}. {}", s.number, s.text)).collect();
        shown.steps.dedup();
    }
    told
}

/// How each transcript with a violation differs from the reviewed one.
fn diffs(records: &[Record]) -> Vec<ScenarioDiff> {
    let broken = records.iter().filter(|r| !r.violations.is_empty());
    broken
        .filter_map(|r| {
            let reviewed = snapshot(&r.id)?;
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
pub fn situations(plan: &Plan, seen: &[Seen]) -> SituationCoverage {
    let seen: BTreeSet<&Situation> = seen.iter().flat_map(|s| &s.situations).collect();
    let missing: Vec<String> = plan.situations.iter().filter(|s| !seen.contains(s)).map(|s| s.to_string()).collect();
    SituationCoverage { reachable: plan.reachable, covered: plan.reachable - missing.len(), missing }
}

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
use crate::verdict::{Summary, exit_code, merge_violations, verdicts};
use mrkspec_model::call::Operation;
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
        violations: with_repro(merge_violations(records), |scenario| {
            let strict = records.iter().any(|r| r.strict && r.id == scenario);
            let measured = strict && target.consistency == Consistency::Auto;
            replay(scenario) + if measured { " --consistency strong" } else { "" }
        }),
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
    Seen { kinds: record.kinds.clone(), situations: record.situations.clone(), tally: record.tally.clone() }
}

fn with_repro(mut violations: Vec<Violation>, replay: impl Fn(&str) -> String) -> Vec<Violation> {
    for v in &mut violations {
        v.repro = replay(&v.scenario);
    }
    violations
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

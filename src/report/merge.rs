//! One report from the reports of all shards of a run.

use super::json::{Cost, Coverage, Latitude, Measured, Report, SituationCoverage};
use crate::verdict::{NOT_ENFORCED, NOT_SELECTED, RuleVerdict, Summary, Verdict};
use crate::verdict::{exit_code, join_causes, join_violations, reached, scores};
use mrkspec_model::rule::{Level, RuleId};
use std::collections::{BTreeMap, BTreeSet};

/// Reports that are not the parts of one run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// There is nothing to merge.
    #[error("there are no reports to merge")]
    None,
    /// They are about different endpoints.
    #[error("{0} and {1} are different targets: reports are merged that are the parts of one run (`check --shard`)")]
    Targets(String, String),
    /// They were made by different versions.
    #[error("reports of mrkspec {0} and mrkspec {1} cannot be merged: run all parts with one version")]
    Versions(String, String),
}

/// Merges the reports of the shards of one run: the verdicts are those that a single run gives.
///
/// # Errors
/// When there are none, or they are about different targets or by different versions.
pub fn merge(reports: Vec<Report>) -> Result<Report, MergeError> {
    let Some(first) = reports.first().cloned() else {
        return Err(MergeError::None);
    };
    for other in &reports[1..] {
        if other.target.name != first.target.name {
            return Err(MergeError::Targets(first.target.name, other.target.name.clone()));
        }
        if other.tool.version != first.tool.version {
            return Err(MergeError::Versions(first.tool.version, other.tool.version.clone()));
        }
    }
    let mut by_rule: BTreeMap<RuleId, Vec<RuleVerdict>> = BTreeMap::new();
    let mut order = Vec::new();
    for rule in reports.iter().flat_map(|r| &r.rules) {
        if !by_rule.contains_key(&rule.id) {
            order.push(rule.id);
        }
        by_rule.entry(rule.id).or_default().push(rule.clone());
    }
    let rules: Vec<RuleVerdict> = order.iter().filter_map(|id| by_rule.remove(id)).filter_map(merge_rule).collect();
    let scores = scores(&rules);
    let mut first_violations = BTreeMap::new();
    for (rule, seen) in reports.iter().flat_map(|r| &r.first_violations) {
        let earlier = |old: &crate::session::FirstViolation| old.requests <= seen.requests;
        if !first_violations.get(rule).is_some_and(earlier) {
            first_violations.insert(*rule, seen.clone());
        }
    }
    let sum = |part: fn(&Report) -> u64| reports.iter().map(part).fold(0, u64::saturating_add);
    let count = |part: fn(&Report) -> usize| reports.iter().map(part).fold(0, usize::saturating_add);
    let mut merged = Report {
        summary: Summary::of(&rules),
        exit_code: exit_code(&rules),
        rules,
        violations: join_violations(reports.iter().flat_map(|r| r.violations.iter().cloned())),
        causes: join_causes(reports.iter().flat_map(|r| r.causes.iter().cloned())),
        level: reached(&scores),
        levels: scores,
        first_violations,
        cost: Cost {
            requests: sum(|r| r.cost.requests),
            keys_created: sum(|r| r.cost.keys_created),
            // Shards run side by side.
            elapsed_ms: reports.iter().map(|r| r.cost.elapsed_ms).max().unwrap_or(0),
        },
        coverage: coverage(&reports),
        unsupported_operations: reports.iter().flat_map(|r| r.unsupported_operations.clone()).collect(),
        latitude: Latitude {
            judged: count(|r| r.latitude.judged),
            with_alternatives: count(|r| r.latitude.with_alternatives),
            asked_again: count(|r| r.latitude.asked_again),
        },
        consistency: Measured {
            fresh: count(|r| r.consistency.fresh as usize) as u64,
            stale: count(|r| r.consistency.stale as usize) as u64,
            never_stale: reports.iter().all(|r| r.consistency.never_stale),
            run_again: reports.iter().flat_map(|r| r.consistency.run_again.clone()).collect(),
            mode: first.consistency.mode.clone(),
        },
        diffs: reports.iter().flat_map(|r| r.diffs.clone()).collect(),
        baseline: None,
        left_behind: reports.iter().flat_map(|r| r.left_behind.clone()).collect(),
        ended: reports.iter().find_map(|r| r.ended.clone()),
        ..first
    };
    merged.doubt_if_ended();
    Ok(merged)
}

/// What was not covered by any of the shards.
fn coverage(reports: &[Report]) -> Coverage {
    let missing_everywhere = |lists: Vec<&Vec<String>>| -> Vec<String> {
        let Some((first, rest)) = lists.split_first() else {
            return Vec::new();
        };
        let sets: Vec<BTreeSet<&String>> = rest.iter().map(|l| l.iter().collect()).collect();
        first.iter().filter(|m| sets.iter().all(|s| s.contains(m))).cloned().collect()
    };
    let cells = missing_everywhere(reports.iter().map(|r| &r.coverage.missing).collect());
    let reachable = reports.iter().map(|r| r.coverage.reachable).max().unwrap_or(0);
    let toured: Vec<&SituationCoverage> = reports.iter().filter_map(|r| r.coverage.situations.as_ref()).collect();
    let situations = toured.iter().map(|s| s.reachable).max().map(|reachable| {
        let missing = missing_everywhere(toured.iter().map(|s| &s.missing).collect());
        SituationCoverage { reachable, covered: reachable.saturating_sub(missing.len()), missing }
    });
    Coverage { reachable, covered: reachable.saturating_sub(cells.len()), missing: cells, situations }
}

/// How much a verdict without an answer says: the lower, the more it weighs.
fn rank(rule: &RuleVerdict) -> u8 {
    let note = rule.note.as_deref().unwrap_or("");
    match rule.verdict {
        Verdict::Fail | Verdict::Warn => 0,
        Verdict::Pass => 1,
        Verdict::Unsupported if note == NOT_ENFORCED => 2,
        Verdict::NotRun if note != NOT_SELECTED && !note.starts_with("the endpoint never showed") => 3,
        Verdict::Unsupported => 4,
        Verdict::Inconclusive if note.contains(": ") => 5,
        Verdict::NotRun if note != NOT_SELECTED => 6,
        Verdict::Inconclusive => 7,
        Verdict::NotRun => 8,
    }
}

/// One verdict for a rule, from one of each shard.
fn merge_rule(list: Vec<RuleVerdict>) -> Option<RuleVerdict> {
    let mut best = list.iter().min_by_key(|r| rank(r))?.clone();
    let may = best.level() == Level::May;
    // Of a MAY, that it was seen otherwise is the more telling pass.
    if may && let Some(seen) = list.iter().find(|r| r.verdict == Verdict::Pass && r.note.is_some()) {
        best.note = seen.note.clone();
    }
    if best.verdict == Verdict::Unsupported {
        let needs = list.iter().filter(|r| r.verdict == Verdict::Unsupported).filter_map(|r| r.note.as_deref());
        let lists = needs.filter_map(|n| n.strip_prefix("needs "));
        let operations: BTreeSet<&str> = lists.flat_map(|n| n.split(", ")).collect();
        if best.note.as_deref() != Some(NOT_ENFORCED) {
            best.note = Some(format!("needs {}", operations.into_iter().collect::<Vec<_>>().join(", ")));
        }
    }
    best.violations = list.iter().map(|r| r.violations).fold(0, usize::saturating_add);
    let scenarios: BTreeSet<String> = list.into_iter().flat_map(|r| r.scenarios).collect();
    best.scenarios = scenarios.into_iter().collect();
    Some(best)
}

//! Reports read back from their JSON form.

use super::json::{Cost, Coverage, Latitude, Report, ScenarioDiff, TargetInfo, Tool};
use crate::session::{FirstViolation, Violation};
use crate::verdict::{Comparison, RuleVerdict, Summary, Verdict, exit_code};
use mrkspec_model::rule;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// A report as it stands in a file. Members that are not known are passed over: they may be a later
/// version's.
#[derive(Deserialize)]
struct Saved {
    schema: String,
    tool: SavedTool,
    target: TargetInfo,
    #[serde(default)]
    seed: u64,
    rules: Vec<SavedRule>,
    #[serde(default)]
    violations: Vec<Violation>,
    #[serde(default)]
    first_violations: BTreeMap<String, FirstViolation>,
    cost: Cost,
    coverage: Coverage,
    #[serde(default)]
    unsupported_operations: BTreeMap<String, String>,
    #[serde(default)]
    latitude: Latitude,
    #[serde(default)]
    diffs: Vec<ScenarioDiff>,
    #[serde(default)]
    baseline: Option<Comparison>,
}

#[derive(Deserialize)]
struct SavedTool {
    name: String,
    version: String,
}

#[derive(Deserialize)]
struct SavedRule {
    id: String,
    verdict: Verdict,
    #[serde(default)]
    scenarios: Vec<String>,
    #[serde(default)]
    violations: usize,
    #[serde(default)]
    note: Option<String>,
}

/// Reads a report.
///
/// # Errors
/// A sentence: it is no JSON, no report, or one of another version's rules.
pub fn parse_report(text: &str) -> Result<Report, String> {
    let saved: Saved = serde_json::from_str(text).map_err(|e| format!("is no mrkspec report: {e}"))?;
    if saved.schema != "mrkspec-report/1" {
        return Err(format!("has schema `{}`; mrkspec-report/1 is needed", saved.schema));
    }
    let mut seen = BTreeSet::new();
    let mut rules = Vec::new();
    for rule in saved.rules {
        if !seen.insert(rule.id.clone()) {
            return Err(format!("names rule {} twice", rule.id));
        }
        rules.push(restore(rule)?);
    }
    if let Some(unknown) = saved.violations.iter().find(|v| rule::find(&v.rule).is_none()) {
        return Err(format!("names the unknown rule `{}`", unknown.rule));
    }
    let exit_code = match &saved.baseline {
        Some(comparison) => u8::from(!comparison.matches()),
        None => exit_code(&rules),
    };
    Ok(Report {
        schema: "mrkspec-report/1",
        tool: Tool { name: saved.tool.name, version: saved.tool.version },
        target: saved.target,
        seed: saved.seed,
        summary: Summary::of(&rules),
        rules,
        violations: saved.violations,
        first_violations: saved.first_violations,
        cost: saved.cost,
        coverage: saved.coverage,
        unsupported_operations: saved.unsupported_operations,
        latitude: saved.latitude,
        diffs: saved.diffs,
        transcripts: Vec::new(),
        seen: Vec::new(),
        baseline: saved.baseline,
        exit_code,
    })
}

/// A rule's verdict, with what the table says about the rule.
fn restore(saved: SavedRule) -> Result<RuleVerdict, String> {
    let Some(rule) = rule::find(&saved.id) else {
        return Err(format!("names the unknown rule `{}`: it was written by another version", saved.id));
    };
    Ok(RuleVerdict {
        id: saved.id,
        level: rule.level.word(),
        title: rule.title,
        source: rule.cite(),
        evidence: rule.evidence.word(),
        verdict: saved.verdict,
        scenarios: saved.scenarios,
        violations: saved.violations,
        note: saved.note,
    })
}

//! The report as data: its JSON form is a stable contract (`mrkspec-report/1`).

use crate::session::{FirstViolation, Violation};
use crate::verdict::{Comparison, RuleVerdict, Summary};
use mrkspec_model::call::Operation;
use mrkspec_model::situation::Situation;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that a run found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// `mrkspec-report/1`.
    pub schema: &'static str,
    pub tool: Tool,
    pub target: TargetInfo,
    pub seed: u64,
    pub summary: Summary,
    pub rules: Vec<RuleVerdict>,
    pub violations: Vec<Violation>,
    /// By rule: after how many requests it was first seen broken, and where.
    pub first_violations: BTreeMap<String, FirstViolation>,
    pub cost: Cost,
    pub coverage: Coverage,
    /// Operations that the endpoint lacks, and how it says so.
    pub unsupported_operations: BTreeMap<String, String>,
    /// Answers for which the documentation allows more than one outcome; all were accepted.
    pub latitude: Latitude,
    /// For each sequence that found a violation, how its transcript differs from the reviewed one.
    pub diffs: Vec<ScenarioDiff>,
    /// What came, scenario by scenario, normalised; not part of the JSON.
    #[serde(skip)]
    pub transcripts: Vec<String>,
    /// What was seen, sequence by sequence; not part of the JSON.
    #[serde(skip)]
    pub seen: Vec<Seen>,
    /// Only with a baseline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Comparison>,
    pub exit_code: u8,
}

/// What one sequence reached.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Kinds of answers: operation, key state, status, and exception or members.
    pub kinds: BTreeSet<String>,
    /// Situations in which an allowed answer came.
    pub situations: BTreeSet<Situation>,
    /// Calls that were judged, by operation and key state.
    pub tally: BTreeMap<(Operation, &'static str), usize>,
}

/// What made the report.
#[derive(Clone, Debug, Serialize)]
pub struct Tool {
    pub name: String,
    pub version: String,
}

/// What was tested.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TargetInfo {
    pub name: String,
    pub endpoint: String,
}

/// What the run cost.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Cost {
    pub requests: u64,
    pub keys_created: u64,
    pub elapsed_ms: u64,
}

/// Cells of the key-state table (operation and key state) that answers exercised, of those that
/// can be reached.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Coverage {
    pub reachable: usize,
    pub covered: usize,
    /// `Operation/State`, what was not covered.
    pub missing: Vec<String>,
    /// The same for the situations of the model; only when the coverage tour was part of the run.
    #[serde(default)]
    pub situations: Option<SituationCoverage>,
}

/// Situations that the endpoint was put into, of those that the model says can be reached.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SituationCoverage {
    pub reachable: usize,
    pub covered: usize,
    /// What was not covered, in words: because the endpoint does not show it, or answers wrong.
    pub missing: Vec<String>,
}

/// How often latitude was used.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Latitude {
    /// Answers that were judged.
    pub judged: usize,
    /// Of these, answers for which more than one outcome was acceptable.
    pub with_alternatives: usize,
}

/// A transcript's difference from the snapshot, as a unified diff.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ScenarioDiff {
    pub scenario: String,
    pub diff: String,
}

//! The report as data: its JSON form is a stable contract (`mrkspec-report/1`). Members are only ever
//! added: a reader passes over those that it does not know, and for one that is missing, because an
//! older version wrote the file, each has a default.

use crate::session::{FirstViolation, Violation};
use crate::verdict::{Comparison, RuleVerdict, Summary};
use mrkspec_model::call::Operation;
use mrkspec_model::rule::RuleId;
use mrkspec_model::situation::Situation;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The form of a report's JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Schema {
    #[default]
    #[serde(rename = "mrkspec-report/1")]
    V1,
}

impl Schema {
    /// As it stands in the JSON.
    pub const NAME: &'static str = "mrkspec-report/1";
}

/// Everything that a run found. To read one from its JSON, use [`parse_report`](super::parse_report),
/// which checks it as well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    pub schema: Schema,
    pub tool: Tool,
    pub target: TargetInfo,
    /// Zero when nobody noted it.
    #[serde(default)]
    pub seed: u64,
    /// Follows from the rules.
    #[serde(default)]
    pub summary: Summary,
    pub rules: Vec<RuleVerdict>,
    #[serde(default)]
    pub violations: Vec<Violation>,
    /// By rule: after how many requests it was first seen broken, and where.
    #[serde(default)]
    pub first_violations: BTreeMap<RuleId, FirstViolation>,
    pub cost: Cost,
    pub coverage: Coverage,
    /// Operations that the endpoint lacks, and how it says so.
    #[serde(default)]
    pub unsupported_operations: BTreeMap<String, String>,
    /// Answers for which the documentation allows more than one outcome; all were accepted.
    #[serde(default)]
    pub latitude: Latitude,
    /// For each sequence that found a violation, how its transcript differs from the reviewed one.
    #[serde(default)]
    pub diffs: Vec<ScenarioDiff>,
    /// What came, scenario by scenario, normalised; not part of the JSON.
    #[serde(skip)]
    pub transcripts: Vec<String>,
    /// What was seen, sequence by sequence; not part of the JSON.
    #[serde(skip)]
    pub seen: Vec<Seen>,
    /// Only with a baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Comparison>,
    /// Follows from the rules, or from the baseline when there is one.
    #[serde(default)]
    pub exit_code: u8,
}

/// What one sequence reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Kinds of answers: operation, key state, status, and exception or members.
    pub kinds: BTreeSet<String>,
    /// Situations in which an allowed answer came.
    pub situations: BTreeSet<Situation>,
    /// Calls that were judged, by operation and key state.
    pub tally: BTreeMap<(Operation, &'static str), usize>,
}

/// What made the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    pub name: String,
    pub version: String,
}

/// What was tested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetInfo {
    pub name: String,
    pub endpoint: String,
}

/// What the run cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    pub requests: u64,
    pub keys_created: u64,
    pub elapsed_ms: u64,
}

/// Cells of the key-state table (operation and key state) that answers exercised, of those that
/// can be reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SituationCoverage {
    pub reachable: usize,
    pub covered: usize,
    /// What was not covered, in words: because the endpoint does not show it, or answers wrong.
    pub missing: Vec<String>,
}

/// How often latitude was used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latitude {
    /// Answers that were judged.
    pub judged: usize,
    /// Of these, answers for which more than one outcome was acceptable.
    pub with_alternatives: usize,
}

/// A transcript's difference from the snapshot, as a unified diff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioDiff {
    pub scenario: String,
    pub diff: String,
}

//! The report as data: its JSON form is a stable contract (`mrkspec-report/1`). Members are only ever
//! added: a reader passes over those that it does not know, and for one that is missing, because an
//! older version wrote the file, each has a default.

use crate::session::{FirstViolation, Left, Violation};
use crate::verdict::{Baseline, Cause, Comparison, RuleVerdict, Score, Summary, Verdict, exit};
use mrkspec_model::call::Operation;
use mrkspec_model::rule::RuleId;
use mrkspec_model::situation::Situation;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The form of a report's JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Schema {
    #[default]
    /// The first, and only, one.
    #[serde(rename = "mrkspec-report/1")]
    V1,
}

impl Schema {
    /// As it stands in the JSON.
    pub const NAME: &'static str = "mrkspec-report/1";
}

/// How often reads after changes were stale (F-077), and what follows from it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Measured {
    /// `auto`, `strong` or `eventual`, as the run was asked.
    pub mode: String,
    /// Reads that a stale answer would have been told from, up to as many as are needed, and that were fresh.
    #[serde(default)]
    pub fresh: u64,
    /// Reads that were stale.
    #[serde(default)]
    pub stale: u64,
    /// True where what can only be stale is wrong.
    #[serde(default)]
    pub never_stale: bool,
    /// Scenarios that were run again for that, every answer taken as final.
    #[serde(default)]
    pub run_again: Vec<String>,
}

/// Everything that a run found. To read one from its JSON, use [`parse_report`](super::parse_report),
/// which checks it as well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// `mrkspec-report/1`.
    pub schema: Schema,
    /// What made the report.
    pub tool: Tool,
    /// What was tested.
    pub target: TargetInfo,
    /// Seed of everything random; zero when nobody noted it.
    #[serde(default)]
    pub seed: u64,
    /// The requests that `--budget` allowed; none: a whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<usize>,
    /// How many rules have each verdict: follows from the rules.
    #[serde(default)]
    pub summary: Summary,
    /// The verdict on every rule, in the order of the table.
    pub rules: Vec<RuleVerdict>,
    /// What is to be mended, in the order in which an author should: each explains rules that are broken.
    #[serde(default)]
    pub causes: Vec<Cause>,
    /// The highest level of conformance that is reached, 0 to 5.
    #[serde(default)]
    pub level: u8,
    /// How the endpoint does at each level.
    #[serde(default)]
    pub levels: Vec<Score>,
    /// Every kind of violation that was seen, in the order of the rules.
    #[serde(default)]
    pub violations: Vec<Violation>,
    /// By rule: after how many requests it was first seen broken, and where.
    #[serde(default)]
    pub first_violations: BTreeMap<RuleId, FirstViolation>,
    /// What the run cost.
    pub cost: Cost,
    /// What the run exercised.
    pub coverage: Coverage,
    /// Operations that the endpoint lacks, and how it says so.
    #[serde(default)]
    pub unsupported_operations: BTreeMap<String, String>,
    /// Answers for which the documentation allows more than one outcome; all were accepted.
    #[serde(default)]
    pub latitude: Latitude,
    /// Whether reads may be stale: what was said or measured, and what follows.
    #[serde(default)]
    pub consistency: Measured,
    /// For each sequence that found a violation, how its transcript differs from the reviewed one.
    #[serde(default)]
    pub diffs: Vec<ScenarioDiff>,
    /// What came, scenario by scenario, normalised, where that was asked for; not part of the JSON.
    #[serde(skip)]
    pub transcripts: Vec<String>,
    /// What was seen, sequence by sequence; not part of the JSON.
    #[serde(skip)]
    pub seen: Vec<Seen>,
    /// Why the run ended before everything was asked, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// Every deviation, sequence by sequence, in the order in which they came; not part of the JSON.
    #[serde(skip)]
    pub deviations: Vec<Violation>,
    /// Keys whose deletion could not be scheduled: they are in the ledger, for `mrkspec cleanup`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_behind: Vec<Left>,
    /// Only with a baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Comparison>,
    /// Follows from the rules, or from the baseline when there is one.
    #[serde(default)]
    pub exit_code: u8,
}

impl Report {
    /// Judges the run by what is known to be broken: from now on the exit code says whether it matches.
    /// Of one that was cut short, or had fewer requests than the one that the baseline was made from, only what it found
    /// beyond the baseline counts: a rule that is met there need not be mended.
    pub fn judge_by(&mut self, baseline: &Baseline) {
        let part = self.ended.is_some() || (self.budget.is_some() && self.budget != baseline.budget);
        let comparison = match part {
            false => baseline.compare(&self.rules),
            true => {
                let decided = |rule: &&RuleVerdict| rule.verdict == Verdict::Fail;
                let decided: Vec<RuleVerdict> = self.rules.iter().filter(decided).cloned().collect();
                Comparison { fixed: Vec::new(), ..baseline.compare(&decided) }
            }
        };
        // As expected, but not because nothing was concluded.
        let concluded = self.rules.iter().any(|r| !matches!(r.verdict, Verdict::Inconclusive | Verdict::NotRun));
        self.exit_code = match comparison.matches() {
            true if concluded => exit::CONFORMS,
            true => exit::INCONCLUSIVE,
            false => exit::BROKEN,
        };
        self.baseline = Some(comparison);
        self.doubt_if_ended();
    }

    /// The verdict in words.
    pub(super) fn words(&self) -> &'static str {
        match self.exit_code {
            exit::CONFORMS if self.baseline.is_some() => "matches its baseline",
            exit::CONFORMS => "conforms",
            exit::BROKEN if self.baseline.is_some() => "differs from its baseline",
            exit::BROKEN => "does not conform: a MUST is not met",
            _ => "nothing final can be concluded",
        }
    }

    /// The run ended before everything was asked. What was found stays found; that it conforms cannot be said.
    pub(crate) fn cut_short(&mut self, why: String) {
        self.ended = Some(why);
        self.doubt_if_ended();
    }

    /// What was not asked is neither met nor missing.
    pub(super) fn doubt_if_ended(&mut self) {
        if self.ended.is_none() {
            return;
        }
        let broken = match &self.baseline {
            Some(comparison) => !comparison.matches(),
            None => self.rules.iter().any(|r| r.verdict == Verdict::Fail),
        };
        self.exit_code = if broken { exit::BROKEN } else { exit::INCONCLUSIVE };
    }

    /// The report's JSON form, indented, with a newline in the end.
    ///
    /// # Panics
    /// Never: a report is plain data.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a report is plain data") + "\n"
    }
}

/// What one sequence reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Seen {
    /// Id of the sequence.
    pub id: String,
    /// Requests that it took, one for each key that was cleaned up included; repetitions count once.
    pub requests: usize,
    /// Keys that it made, replicas included.
    pub keys: usize,
    /// Kinds of answers: operation, key state, status, and exception or members.
    pub kinds: BTreeSet<String>,
    /// Situations in which an allowed answer came.
    pub situations: BTreeSet<Situation>,
    /// Calls that were judged, by operation and key state.
    pub tally: BTreeMap<(Operation, &'static str), usize>,
}

/// What made the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Tool {
    /// `mrkspec`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// What was tested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TargetInfo {
    /// The endpoint's name: `embedded`, a preset, what the caller gave, or the URL.
    pub name: String,
    /// Its URL.
    pub endpoint: String,
}

/// What the run cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Cost {
    /// Requests that were sent, repetitions included.
    pub requests: u64,
    /// Keys that were made, replicas included.
    pub keys_created: u64,
    /// Time that the run took, in milliseconds.
    pub elapsed_ms: u64,
}

/// Cells of the key-state table (operation and key state) that answers exercised, of those that
/// can be reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Coverage {
    /// Cells that a sequence of calls can reach at all.
    pub reachable: usize,
    /// Cells that an answer exercised.
    pub covered: usize,
    /// `Operation/State`, what was not covered.
    pub missing: Vec<String>,
    /// The same for the situations of the model; only when the coverage tour was part of the run.
    #[serde(default)]
    pub situations: Option<SituationCoverage>,
}

/// Situations that the endpoint was put into, of those that the model says can be reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SituationCoverage {
    /// Situations that the model says can be reached.
    pub reachable: usize,
    /// Situations in which an allowed answer came.
    pub covered: usize,
    /// What was not covered, in words: because the endpoint does not show it, or answers wrong.
    pub missing: Vec<String>,
}

/// How often latitude was used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Latitude {
    /// Answers that were judged.
    pub judged: usize,
    /// Of these, answers for which more than one outcome was acceptable.
    pub with_alternatives: usize,
    /// How often an answer was asked for again because it may have been stale (F-077).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub asked_again: usize,
}

fn is_zero(n: &usize) -> bool {
    *n == 0
}

/// A transcript's difference from the snapshot, as a unified diff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ScenarioDiff {
    /// Id of the scenario.
    pub scenario: String,
    /// From the reviewed transcript to what was observed.
    pub diff: String,
}

//! What experiments saw: as data, and for a person who is going to paste it into facts.md.

use super::Violation;
use serde::Serialize;
use serde_json::Value;
use std::fmt::Write as _;

/// Everything that was seen: its JSON form is a stable contract (`mrkspec-experiment/1`).
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ExperimentReport {
    /// `mrkspec-experiment/1`.
    pub schema: &'static str,
    /// Whose answers they are.
    pub endpoint: String,
    /// The experiments, in the order in which they were asked for.
    pub experiments: Vec<Observed>,
    /// 0 when every experiment saw something, or at least one; 1 when a MUST is broken; 3 when none could be run.
    pub exit_code: u8,
}

/// One experiment.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Observed {
    /// The question's number.
    pub id: String,
    /// The question.
    pub question: String,
    /// Every call, in the order in which it was judged.
    pub steps: Vec<ObservedStep>,
    /// What was seen, as a line for facts.md; none when nothing was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fact: Option<String>,
    /// Why it was not run, or not carried through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_run: Option<String>,
    /// Answers that the model does not allow.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deviations: Vec<Violation>,
}

/// One call and what came. Ids, accounts and names of principals are symbols.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ObservedStep {
    /// Number of the step, from 1.
    pub step: usize,
    /// When it was sent, in milliseconds since the first call of the experiment.
    pub at_ms: u64,
    /// The Region called.
    pub region: String,
    /// The operation.
    pub operation: String,
    /// `success`, `refused` or `lost`.
    pub outcome: &'static str,
    /// The exception, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Its text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What a success had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown: Option<Value>,
}

/// The report as text: for each experiment the question, the fact, and what the model does not allow.
pub fn observed(report: &ExperimentReport) -> String {
    let mut out = String::new();
    for e in &report.experiments {
        let _ = writeln!(out, "{}: {}", e.id, e.question);
        if let Some(why) = &e.not_run {
            let word = if e.fact.is_some() { "not carried through" } else { "not run" };
            let _ = writeln!(out, "{word}: {why}");
        }
        if let Some(fact) = &e.fact {
            let _ = writeln!(out, "\n{fact}");
        }
        for v in &e.deviations {
            let rule = mrkspec_model::rules::get(v.rule);
            let _ = writeln!(out, "\nDEVIATION {} {}: {}", v.rule, rule.level.word(), rule.title);
            let _ = writeln!(out, "     call:     step {}, {}", v.step, v.call);
            let _ = writeln!(out, "     expected: {}", v.expected);
            let _ = writeln!(out, "     observed: {}", v.observed);
        }
        out += "\n";
    }
    out
}

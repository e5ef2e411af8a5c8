//! The file format. See `scenarios/README.md` for what an author needs to know.

use super::step;
use crate::sequence::Sequence;
use mrkspec_model::rule;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;

/// A scenario file as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// What the scenario shows, in one sentence.
    title: String,
    /// The rules it is there for.
    rules: Vec<String>,
    /// Background, for the reader only.
    #[serde(default)]
    #[allow(dead_code)]
    why: String,
    /// `Operation in region: {…}`, `settle: family` or `wait: 1s`.
    steps: Vec<BTreeMap<String, Value>>,
}

/// A scenario file that cannot be used: which one, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadScenario {
    pub id: String,
    pub problem: String,
}

impl fmt::Display for BadScenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "scenario {}: {}", self.id, self.problem)
    }
}

impl std::error::Error for BadScenario {}

/// Parses a scenario file. `id` is its name in reports.
///
/// # Errors
/// When it is no YAML of the right form, or names an unknown operation, member, Region, step or
/// rule.
pub fn parse(id: &str, text: &str) -> Result<Sequence, BadScenario> {
    let bad = |problem: String| BadScenario { id: id.to_string(), problem };
    // `y` and `no` are texts here, as in YAML 1.2.
    let options = serde_saphyr::options! { strict_booleans: true };
    let file: File = serde_saphyr::from_str_with_options(text, options).map_err(|e| bad(e.to_string()))?;
    if file.title.trim().is_empty() {
        return Err(bad("the title is empty".into()));
    }
    if file.rules.is_empty() {
        return Err(bad("`rules` names no rule that the scenario is there for".into()));
    }
    let mut rules = Vec::new();
    for name in &file.rules {
        match rule::find(name) {
            Some(rule) => rules.push(rule.id),
            None => return Err(bad(format!("unknown rule `{name}` (see `mrkspec rules`)"))),
        }
    }
    let mut names = step::Names::default();
    let mut steps = Vec::new();
    for (i, entry) in file.steps.iter().enumerate() {
        let at = |problem: String| bad(format!("step {}: {problem}", i + 1));
        let mut entries = entry.iter();
        let (Some((head, body)), None) = (entries.next(), entries.next()) else {
            return Err(at("a step has exactly one key, such as `DescribeKey in us-east-1`".into()));
        };
        let body = match body {
            Value::Null => Value::Object(Map::new()),
            other => other.clone(),
        };
        steps.push(step::parse(head, &body, i + 1, rules[0], &mut names).map_err(at)?);
    }
    if steps.is_empty() {
        return Err(bad("there are no steps".into()));
    }
    Ok(Sequence { id: id.to_string(), title: file.title, rules, steps })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        parse("x", text).err().map(|e| e.problem).unwrap_or_default()
    }

    #[test]
    fn a_bad_file_says_where_and_why() {
        let head = "title: t\nrules: [UPR-001]\nsteps:\n";
        let cases = [
            ("title: t\nrules: [UPR-999]\nsteps: []\n".to_string(), "unknown rule `UPR-999`"),
            ("title: t\nrules: [UPR-001]\nsteps: []\n".to_string(), "no steps"),
            (format!("{head}  - Fly in us-east-1: {{}}\n"), "step 1: unknown operation `Fly`"),
            (format!("{head}  - DescribeKey in us-east-1: {{ KeyId: k }}\n"), "no earlier CreateKey is named `k`"),
            (
                format!("{head}  - CreateKey in us-east-1: {{ as: k, Colour: red }}\n"),
                "CreateKey has no member `Colour`",
            ),
            (format!("{head}  - CreateKey in us-east-1: {{ as: k, colour: red }}\n"), "unknown entry `colour`"),
            (format!("{head}  - CreateKey: {{}}\n"), "in REGION"),
            ("title: [\n".to_string(), "line"),
            ("title: t\nrules: [UPR-001]\nstep: []\n".to_string(), "step"),
        ];
        for (text, expected) in cases {
            let problem = problem(&text);
            assert!(problem.contains(expected), "{text}\ngave: {problem}");
        }
    }
}

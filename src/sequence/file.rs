//! The file format. See `scenarios/README.md` for what an author needs to know.

use super::problem::{BadScenario, Problem, StepProblem};
use super::step;
use super::steps::{Sequence, Step};
use mrkspec_model::rule::RuleId;
use mrkspec_model::rules::find;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

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

/// Parses a scenario file. `id` is its name in reports.
///
/// # Errors
/// When it is no YAML of the right form, or names an unknown operation, member, Region, step or
/// rule.
pub fn parse(id: &str, text: &str) -> Result<Sequence, BadScenario> {
    let bad = |problem: Problem| BadScenario { id: id.to_string(), problem };
    // `y` and `no` are texts here, as in YAML 1.2.
    let options = serde_saphyr::options! { strict_booleans: true };
    let file: File = serde_saphyr::from_str_with_options(text, options).map_err(|e| bad(Problem::Yaml(Box::new(e))))?;
    if file.title.trim().is_empty() {
        return Err(bad(Problem::NoTitle));
    }
    if file.rules.is_empty() {
        return Err(bad(Problem::NoRules));
    }
    let mut rules = Vec::new();
    for name in &file.rules {
        match find(name) {
            Some(rule) => rules.push(rule.id),
            None => return Err(bad(Problem::UnknownRule(name.clone()))),
        }
    }
    let steps = steps(&file.steps, rules[0]).map_err(bad)?;
    Ok(Sequence { id: id.to_string(), title: file.title, rules, steps })
}

/// Parses the steps of a file. `rule` is broken by what does not come as a step itself expects.
pub(super) fn steps(entries: &[BTreeMap<String, Value>], rule: RuleId) -> Result<Vec<Step>, Problem> {
    let mut names = step::Names::default();
    let mut steps = Vec::new();
    for (i, entry) in entries.iter().enumerate() {
        let at = |problem: StepProblem| Problem::Step { number: i + 1, problem };
        let (head, body) = only(entry).ok_or(at(StepProblem::NotOneKey))?;
        steps.push(step::parse(head, &body, i + 1, rule, &mut names).map_err(at)?);
    }
    if steps.is_empty() {
        return Err(Problem::NoSteps);
    }
    Ok(steps)
}

/// What a step does, and with what.
fn only(entry: &BTreeMap<String, Value>) -> Option<(&str, Value)> {
    let mut entries = entry.iter();
    let (Some((head, body)), None) = (entries.next(), entries.next()) else { return None };
    let body = if body.is_null() { Value::Object(Map::new()) } else { body.clone() };
    Some((head, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        let bad = parse("x", text).expect_err(text);
        let causes = std::iter::successors(Some(&bad as &dyn std::error::Error), |e| e.source());
        causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
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
            (format!("{head}  - together: [1]\n"), "`together` takes a list of two to four calls, without CreateKey"),
            (
                format!(
                    "{head}  - together: [{{ CreateKey in us-east-1: {{}} }}, {{ ListKeys in us-east-1: {{}} }}]\n"
                ),
                "without CreateKey",
            ),
            (format!("{head}  - race: [1]\n"), "`race` takes a list of one to four clients"),
            (format!("{head}  - race: [[{{ CreateKey in us-east-1: {{}} }}]]\n"), "without CreateKey"),
            (
                format!("{head}  - race: [[{{ DescribeKey in us-east-1: {{ KeyId: k }} }}]]\n"),
                "no earlier CreateKey is named `k`",
            ),
            (format!("{head}  - watch: {{ KeyId: k }}\n"), "no earlier CreateKey is named `k`"),
            (format!("{head}  - watch: {{ key: k }}\n"), "`watch` takes { KeyId: k, in: [REGION"),
            (format!("{head}  - wait: soon\n"), "step 1: `soon` is no time: "),
            (format!("{head}  - wait: [1]\n"), "step 1: `wait` takes a time, such as 200ms"),
            (format!("{head}  - gone: k\n"), "`gone` takes a member, such as k@eu-west-1"),
            (format!("{head}  - CreateKey in us-east-1: {{ by: nobody }}\n"), "`by` takes limited or other"),
            (format!("{head}  - CreateKey in us-east-1: {{ by: other }}\n"), "another account"),
            (format!("{head}  - CreateKey in us-east-1: {{ auth: 1 }}\n"), "`auth` takes none, wrong-signature"),
            (
                format!("{head}  - CreateKey in us-east-1: {{ expect: {{ rule: X }} }}\n"),
                "unknown rule `X` (see `mrkspec rules`)",
            ),
            (format!("{head}  - DescribeKey in us-east-1: {{ KeyId: k }}\n"), "write literal:k for a literal value"),
            ("title: ''\nrules: [UPR-001]\nsteps: []\n".to_string(), "the title is empty"),
            ("title: t\nrules: []\nsteps: []\n".to_string(), "`rules` names no rule"),
            ("title: [\n".to_string(), "line"),
            ("title: t\nrules: [UPR-001]\nstep: []\n".to_string(), "step"),
        ];
        for (text, expected) in cases {
            let problem = problem(&text);
            assert!(problem.starts_with("scenario x: "), "{problem}");
            assert!(problem.contains(expected), "{text}\ngave: {problem}");
        }
    }
}

//! Comparing an observed answer with an allowed one.

use super::attribution::Case;
pub use super::bindings::{Bindings, Slot};
use super::call::Operation;
use super::json::is_null;
pub use super::json::{brief, lookup};
use super::matchers::{Scope, holds};
use super::outcome::{Answer, Check, Matcher, Outcome, Refusal, Response};
use super::rule::{Level, RuleId};
use super::rules;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One way in which an answer differs from an outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Mismatch {
    /// The rule that is broken.
    pub rule: RuleId,
    /// Path in the body; `code` for the exception, empty for success against refusal.
    pub path: String,
    /// What was allowed, in words.
    pub expected: String,
    /// What came, in words.
    pub observed: String,
    /// The operation that did what is wrong, where this answer only shows it.
    pub by: Option<Operation>,
}

impl Mismatch {
    /// True when it breaks a MUST.
    pub fn is_must(&self) -> bool {
        rules::get(self.rule).level == Level::Must
    }
}

/// The result of comparing one answer with one outcome.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// True when success met success, or refusal refusal.
    pub same_kind: bool,
    /// What is wrong with the answer; empty when it fits.
    pub mismatches: Vec<Mismatch>,
    /// Rules whose checks held.
    pub upheld: BTreeSet<RuleId>,
    /// Slots seen for the first time.
    pub learned: BTreeMap<Slot, Value>,
}

impl Comparison {
    /// True when no MUST is broken.
    pub fn fits(&self) -> bool {
        self.same_kind && self.mismatches.iter().all(|m| !m.is_must())
    }
}

/// Compares an answer with an allowed one, in the case of which rules are to be named.
pub fn compare(outcome: &Outcome, response: &Response, bindings: &Bindings, case: &Case) -> Comparison {
    compare_answer(&outcome.answer, response, bindings, case)
}

/// As [`compare`], with those demands of the case's outcome only that this answer makes.
pub fn compare_answer(answer: &Answer, response: &Response, bindings: &Bindings, case: &Case) -> Comparison {
    let mut cmp = Comparison::default();
    match (answer, response) {
        (Answer::Success(checks), Response::Success(body)) => {
            cmp.same_kind = true;
            for check in checks {
                compare_member(check, body, bindings, case, &mut cmp);
            }
        }
        (Answer::Refusal(refusal), Response::Error { code, message, .. }) => {
            cmp.same_kind = true;
            compare_error(refusal, code, message, bindings, case, &mut cmp);
        }
        _ => cmp.mismatches.push(Mismatch {
            rule: case.blame(response.code()),
            path: String::new(),
            expected: describe_answer(answer),
            observed: describe_response(response),
            by: None,
        }),
    }
    cmp
}

/// `success`, or the codes of a refusal.
pub fn describe_answer(answer: &Answer) -> String {
    match answer {
        Answer::Success(_) => "success".to_string(),
        Answer::Refusal(r) => refusal_words(r),
    }
}

fn refusal_words(refusal: &Refusal) -> String {
    if refusal.codes.contains(&"*") {
        return "refused with any error".to_string();
    }
    format!("refused with {}", refusal.codes.join(" or "))
}

/// An observed answer in one line, without its content.
pub fn describe_response(response: &Response) -> String {
    match response {
        Response::Success(_) => "success".to_string(),
        Response::Error { code, message, status } => format!("{code} (HTTP {status}): {message}"),
        Response::Lost(why) => format!("no usable answer: {why}"),
    }
}

fn compare_error(refusal: &Refusal, code: &str, message: &str, bindings: &Bindings, case: &Case, cmp: &mut Comparison) {
    let mut differ = |rule, path: &str, expected: String, observed: String| {
        cmp.mismatches.push(Mismatch { rule, path: path.into(), expected, observed, by: None });
    };
    if let Some(declared) = &refusal.declared
        && !declared.contains(&code)
    {
        differ(case.declared(), "code", format!("one of {}", declared.join(", ")), format!("{code}: {message}"));
    }
    if !refusal.codes.contains(&code) && !refusal.codes.contains(&"*") {
        differ(case.code(code), "code", refusal_words(refusal), format!("{code}: {message}"));
        return;
    }
    if let Some(preferred) = &refusal.preferred {
        if preferred.contains(&code) {
            cmp.upheld.insert(case.preferred());
        } else {
            differ(case.preferred(), "code", preferred.join(" or "), format!("{code}: {message}"));
        }
    }
    let texts = refusal.texts.iter().filter(|(c, _)| *c == code);
    let templates: Vec<String> = texts.flat_map(|(_, t)| t).filter_map(|t| bindings.expand(t)).collect();
    if !templates.is_empty() {
        let rule = case.text(code);
        let fits = templates.iter().any(|t| match t.strip_suffix('*') {
            Some(start) => message.starts_with(start),
            None => message == t,
        });
        if fits {
            cmp.upheld.insert(rule);
        } else {
            cmp.mismatches.push(Mismatch {
                rule,
                path: "message".into(),
                expected: format!("`{}`", templates.join("` or `")),
                observed: format!("`{message}`"),
                by: None,
            });
        }
    }
}

/// The path of a mismatch about an answer as a whole.
const WHOLE_BODY: &str = "body";

/// Members of requests and answers whose values are never printed or recorded.
pub const SECRET_MEMBERS: [&str; 5] = ["Plaintext", "PrivateKeyPlaintext", "SharedSecret", "ImportToken", "GrantToken"];

fn compare_member(check: &Check, body: &Value, bindings: &Bindings, case: &Case, cmp: &mut Comparison) {
    let Some(rule) = case.check(&check.aspect) else { return };
    let value = lookup(body, &check.path);
    let mut known = Scope { bindings, learned: &mut cmp.learned };
    match holds(&check.matcher, value, &mut known) {
        Ok(()) => {
            cmp.upheld.insert(rule);
        }
        Err(expected) => cmp.mismatches.push(Mismatch {
            rule: if value.is_none() { case.left_out(&check.aspect).unwrap_or(rule) } else { rule },
            // What is wrong with a whole answer is not that it is a success.
            path: if check.path.is_empty() { WHOLE_BODY.into() } else { check.path.clone() },
            expected,
            observed: if is_null(body, &check.path) { "null".into() } else { observed(check, value) },
            by: None,
        }),
    }
}

/// What came, in words. Key material is never printed: it may be secret on a real service.
fn observed(check: &Check, value: Option<&Value>) -> String {
    let last = check.path.rsplit('.').next().unwrap_or("");
    match (&check.matcher, value) {
        (_, None) => "absent".to_string(),
        (_, Some(_)) if SECRET_MEMBERS.contains(&last) => "another value (not printed)".to_string(),
        (Matcher::NoMembers, Some(Value::Object(members))) => {
            let names: Vec<&str> = members.keys().map(String::as_str).collect();
            format!("members {}", names.join(", "))
        }
        (Matcher::EnabledFitsState, Some(metadata)) => format!("Enabled: {}", brief(&metadata["Enabled"])),
        (_, Some(value)) => brief(value),
    }
}

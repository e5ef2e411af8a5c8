//! What an answer is evidence of: a recording may leave members out, and what it leaves out says nothing.

use crate::outcome::{Answer, Matcher, Response};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// How much of a recorded answer was recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Paths of members that are said not to have been there. Others that are missing may have been left out.
    pub absent: BTreeSet<String>,
    /// Paths of members that were there, but with bytes or a text that nobody kept.
    pub vague: BTreeSet<String>,
    /// The text of an exception was left out.
    pub no_text: bool,
    /// Only whether it was a success, and which exception it was, is known.
    pub code_only: bool,
}

impl Evidence {
    /// The outcome without those demands that this answer can neither meet nor fail.
    pub fn admitted<'a>(&self, answer: &'a Answer, response: &Response) -> Cow<'a, Answer> {
        match (answer, response) {
            (Answer::Success(_), Response::Success(_)) if self.code_only => Cow::Owned(Answer::Success(Vec::new())),
            (Answer::Success(checks), Response::Success(body)) => {
                let shown = |path: &str| super::matching::lookup(body, path).is_some() || self.is_absent(path);
                let kept = checks.iter().filter(|c| match c.matcher {
                    // Tools print `{}` for an answer without content.
                    Matcher::EmptyBody => false,
                    Matcher::Blob | Matcher::String => shown(&c.path),
                    Matcher::EnabledFitsState => ["KeyState", "Enabled"].iter().all(|member| {
                        let path = format!("{}.{member}", c.path);
                        shown(&path) && !self.is_vague(&path)
                    }),
                    _ => shown(&c.path) && !self.is_vague(&c.path),
                });
                Cow::Owned(Answer::Success(kept.cloned().collect()))
            }
            (Answer::Refusal(refusal), Response::Error { .. }) if self.code_only || self.no_text => {
                let mut refusal = refusal.clone();
                refusal.texts.clear();
                Cow::Owned(Answer::Refusal(refusal))
            }
            _ => Cow::Borrowed(answer),
        }
    }

    /// Whether the member, or one that it is part of, is said not to have been there.
    fn is_absent(&self, path: &str) -> bool {
        self.absent.iter().any(|a| is_part(path, a))
    }

    fn is_vague(&self, path: &str) -> bool {
        self.vague.iter().any(|v| is_part(path, v) || is_part(v, path))
    }
}

/// Whether a path is the other one, or below it.
fn is_part(path: &str, of: &str) -> bool {
    path.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Aspect, Check};
    use serde_json::json;

    fn paths(evidence: &Evidence, body: serde_json::Value) -> Vec<String> {
        let checks = ["K.A", "K.B", "K.C.D"].map(|p| Check::new(p, Matcher::Is(json!(1)), Aspect::NoOutput));
        match evidence.admitted(&Answer::Success(checks.to_vec()), &Response::Success(body)).into_owned() {
            Answer::Success(checks) => checks.into_iter().map(|c| c.path).collect(),
            Answer::Refusal(_) => Vec::new(),
        }
    }

    #[test]
    fn what_was_left_out_is_no_evidence_and_what_is_absent_is() {
        let mut evidence = Evidence::default();
        assert_eq!(paths(&evidence, json!({ "K": { "A": 1 } })), ["K.A"]);
        evidence.absent.insert("K.C".into());
        assert_eq!(paths(&evidence, json!({ "K": { "A": 1 } })), ["K.A", "K.C.D"]);
        evidence.vague.insert("K.A".into());
        assert_eq!(paths(&evidence, json!({ "K": { "A": 1, "B": 2 } })), ["K.B", "K.C.D"]);
        evidence.code_only = true;
        assert!(paths(&evidence, json!({ "K": { "A": 1 } })).is_empty());
    }

    #[test]
    fn of_bytes_that_nobody_kept_only_their_being_there_counts() {
        let evidence = Evidence { vague: BTreeSet::from(["P".to_string()]), ..Evidence::default() };
        let checks = vec![
            Check::new("P", Matcher::Blob, Aspect::NoOutput),
            Check::new("P", Matcher::Length(3), Aspect::NoOutput),
        ];
        let answer = Answer::Success(checks);
        let Answer::Success(kept) = &*evidence.admitted(&answer, &Response::Success(json!({ "P": "AAAA" }))) else {
            panic!("a success stays one");
        };
        assert_eq!(kept.iter().map(|c| c.matcher.clone()).collect::<Vec<_>>(), [Matcher::Blob]);
    }
}

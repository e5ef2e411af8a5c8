//! What is allowed, but not as AWS was recorded to answer, is a SHOULD.

use super::Belief;
use crate::attribution::recorded_rule;
use crate::matching::{Comparison, Mismatch};
use crate::outcome::Response;
use crate::recorded::{self, Recorded};
use crate::rule::RuleId;

impl Belief {
    /// Adds to a comparison how an allowed answer differs from the recorded one, or gives the rule that it upholds.
    pub(super) fn as_recorded(
        &self,
        recorded: &Recorded,
        response: &Response,
        comparison: &mut Comparison,
    ) -> Option<RuleId> {
        let rule = recorded_rule(recorded.choice);
        let with_text = self.evidence.as_ref().is_none_or(|e| !e.no_text && !e.code_only);
        match recorded.compare(response, &self.bindings, with_text) {
            recorded::Comparison::Same => Some(rule),
            recorded::Comparison::Silent => None,
            recorded::Comparison::Differs(difference) => {
                // A text that a rule of its own is about is told once: as the wrong order, if that is what it shows.
                let told = |m: &Mismatch| difference.path == "message" && m.path == "message";
                if recorded.choice.is_order() {
                    comparison.mismatches.retain(|m| !told(m));
                }
                if !comparison.mismatches.iter().any(told) {
                    let (path, expected, observed) = (difference.path.into(), difference.expected, difference.observed);
                    comparison.mismatches.push(Mismatch { rule, path, expected, observed, by: None });
                }
                None
            }
        }
    }
}

//! What is executed: a list of symbolic calls, wherever it comes from.

use mrkspec_model::call::Call;
use mrkspec_model::rule::RuleId;
use mrkspec_model::world::{Name, Region};
use std::time::Duration;

/// A sequence of steps on keys of its own.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// Unique in a run; for scenarios the path of the file without its ending.
    pub id: String,
    /// What it shows, in one sentence.
    pub title: String,
    /// The rules that the sequence is there for.
    pub rules: Vec<RuleId>,
    /// What is done, in order.
    pub steps: Vec<Step>,
}

impl Sequence {
    /// Its calls, in order.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.steps.iter().filter_map(|s| match &s.action {
            Action::Call { call, .. } => Some(&**call),
            _ => None,
        })
    }
}

/// One step, with where it stands in the file.
#[derive(Clone, Debug)]
pub struct Step {
    /// The step as its author wrote it, in one line.
    pub text: String,
    /// What it does.
    pub action: Action,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Action {
    /// Sends a call and judges its answer.
    Call {
        /// The request, in symbols.
        call: Box<Call>,
        /// Wait until transients have settled after it (the default after ReplicateKey, UpdatePrimaryRegion and
        /// RotateKeyOnDemand).
        settle: bool,
        /// What the answer must be beyond what the model says.
        expect: Option<Expect>,
    },
    /// Describes every member of a family until they are settled.
    Settle(Name),
    /// Waits until a pending deletion or expiry of this member must have come, then settles.
    Until(Name, Region),
    /// Does nothing for a while.
    Wait(Duration),
}

/// A stricter expectation than the model's.
#[derive(Clone, Debug, PartialEq)]
pub struct Expect {
    /// The only exception accepted; `None` when a success is expected.
    pub error: Option<String>,
    /// Dotted paths of the answer, and the values they must have.
    pub members: Vec<(String, serde_json::Value)>,
    /// The rule to name when the expectation is not met.
    pub rule: RuleId,
}

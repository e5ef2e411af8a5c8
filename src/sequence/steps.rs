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
        self.steps.iter().flat_map(Step::calls)
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

impl Step {
    /// Its calls; those of several clients one client after the other.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        let (one, several): (&[Call], &[Vec<Call>]) = match &self.action {
            Action::Call { call, .. } => (std::slice::from_ref(&**call), &[]),
            Action::Together(calls) => (calls, &[]),
            Action::Race(clients) => (&[], clients),
            _ => (&[], &[]),
        };
        one.iter().chain(several.iter().flatten())
    }
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
    /// Sends calls at the same time, each on a connection of its own: any order of their effects will do.
    Together(Vec<Call>),
    /// Several clients, each of which sends its calls one after the other, all at the same time: any order of their
    /// effects will do that agrees with the real time.
    Race(Vec<Vec<Call>>),
    /// Describes members of a family at the same time, again and again, and judges each look by itself.
    Watch(Watch),
}

/// What is watched, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// The family.
    pub family: Name,
    /// The Regions that are asked.
    pub regions: Vec<Region>,
    /// The time from one round to the next.
    pub every: Duration,
    /// How long at most, and no longer than transients may take at this endpoint.
    pub most: Duration,
    /// Who is the primary in the end; without it the watch ends when nothing has changed for a while.
    pub primary: Option<Region>,
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

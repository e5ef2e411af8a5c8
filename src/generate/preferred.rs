//! Which of the allowed outcomes a generator goes on with.

use mrkspec_model::outcome::Outcome;
use mrkspec_model::{Call, Possible};

/// What most likely follows from a call with these outcomes: a success, if that is one of them.
pub fn preferred_successor(now: &Possible, call: &Call, outcomes: &[Outcome]) -> Possible {
    preferred(outcomes).map_or_else(|| now.clone(), |outcome| now.after(call, outcome))
}

/// The outcome that a plan goes by.
pub fn preferred(outcomes: &[Outcome]) -> Option<&Outcome> {
    outcomes.iter().find(|o| o.is_success()).or(outcomes.first())
}

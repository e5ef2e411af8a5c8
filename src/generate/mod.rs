//! Sequences that nobody wrote down: computed from the model ([`tour`]), or random ([`random`]), whoever
//! makes up the bytes (a seed, a mutation, a fuzzer); and back to something a person can read.

mod bend;
mod corpus;
mod flow;
pub mod menu;
mod random;
mod shrink;
mod strategy;
mod tour;
mod write;

pub use corpus::Corpus;
pub use random::{from_bytes, restrict, without_text};
pub use shrink::{Shrunk, Trial, shrink};
pub use strategy::{Random, histories, mutate};
pub use tour::{Cost, Plan, Tour, tour};
pub use write::{aws_cli, scenario_file};

use mrkspec_model::outcome::Outcome;
use mrkspec_model::{Call, Possible};

/// What most likely follows from a call with these outcomes: a success, if that is one of them.
pub fn preferred_successor(now: &Possible, call: &Call, outcomes: &[Outcome]) -> Possible {
    preferred(outcomes).map_or_else(|| now.clone(), |outcome| now.after(call, outcome))
}

/// The outcome that a plan goes by.
fn preferred(outcomes: &[Outcome]) -> Option<&Outcome> {
    outcomes.iter().find(|o| o.is_success()).or(outcomes.first())
}

//! Sequences that nobody wrote down: computed from the model ([`tour`]), or random (`random`), whoever
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
pub use random::{from_bytes, restrict, untold};
pub use shrink::{Shrunk, Trial, shrink};
pub use strategy::{Random, histories, mutate};
pub use tour::{Cost, Plan, Tour, tour};
pub use write::{aws_cli, scenario_file};

use mrkspec_model::outcome::{Answer, Outcome};
use mrkspec_model::world::World;

/// What the service most likely knows after a call with these outcomes: a success, if that is one
/// of them.
pub fn likely(world: &World, outcomes: &[Outcome]) -> World {
    let success = outcomes.iter().find(|o| matches!(o.answer, Answer::Success(_)));
    success.or(outcomes.first()).map_or_else(|| world.clone(), |o| o.next.clone())
}

//! Which of the allowed outcomes a generator goes on with.

use mrkspec_model::outcome::{Answer, Outcome};
use mrkspec_model::world::World;

/// What the service most likely knows after a call with these outcomes: a success, if that is one
/// of them.
pub fn likely(world: &World, outcomes: &[Outcome]) -> World {
    let success = outcomes.iter().find(|o| matches!(o.answer, Answer::Success(_)));
    success.or(outcomes.first()).map_or_else(|| world.clone(), |o| o.next.clone())
}

//! THE MODEL: what AWS KMS documents about multi-Region keys, as data and pure functions.
//!
//! Nothing here does I/O, reads a clock or knows HTTP, and nothing here imports another module of
//! this crate. [`step::step`] answers one question: given what the service knows ([`world::World`])
//! and a call ([`call::Call`]), which answers are *allowed*, and what follows from each?
//! [`belief::Belief`] keeps every world that is consistent with what was observed so far.
//!
//! `data/` holds the two machine-readable fact files of the project, unchanged: the published
//! service model (shapes and constraints) and the key-state table.

mod artifacts;
pub mod belief;
pub mod bindings;
pub mod call;
pub mod document;
pub mod evidence;
pub mod facts;
pub mod keyspec;
pub mod matching;
pub mod outcome;
pub mod permission;
pub mod rule;
pub mod rules;
pub mod shape;
pub mod situation;
pub mod states;
pub mod step;
mod wants;
pub mod world;
pub mod worlds;

pub use belief::{Belief, Judgement};
pub use call::{Arg, Auth, Call, KeyForm, KeyRef, Operation};
pub use outcome::{Outcome, Response};
pub use rule::{Level, Rule, RuleId};
pub use world::{Name, Region, World};

/// Standard base64, as the wire has it (F-002); `None` for anything else.
pub fn base64(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}

//! What AWS KMS documents about multi-Region keys and UpdatePrimaryRegion, as data and pure functions.
//!
//! Nothing here does I/O, reads a clock or knows HTTP. [`step::step`] answers one question: given what the
//! service knows ([`World`]) and a call ([`Call`]), which answers are *allowed*, and what follows from
//! each? [`Belief`] keeps every world that is consistent with what was observed so far.
//!
//! ```
//! use mrkspec_model::call::{Call, Operation};
//! use mrkspec_model::outcome::Answer;
//! use mrkspec_model::{World, attribution::Case, step::step, trail::Trail};
//!
//! // No key was made yet: each exception that may be due is an outcome of its own, and no success is.
//! let call = Call::new(Operation::DescribeKey, "eu-west-1").key(&"k".into());
//! let (world, trail) = (World::default(), Trail::default());
//! let outcomes = step(&world, &call);
//! assert!(outcomes.iter().all(|o| matches!(o.answer, Answer::Refusal(_))));
//! // Which rule says so is the attribution table's to tell.
//! let rule = Case::new(&call, &world, &trail, &outcomes[0]).blame(None);
//! println!("{rule} says so: {}", mrkspec_model::rules::get(rule).title);
//! ```
//!
//! `data/` holds the machine-readable fact files of the project, unchanged: the facts with their sources,
//! the published service model (shapes and constraints) and the key-state table. [`rules`] is the table
//! of rules; fact numbers such as F-050 are those of [`facts`].
//!
//! The crate follows the needs of `mrkspec`, whose report format and library interface are the stable ones;
//! this interface may change with every minor version.

#![warn(missing_docs)]

mod artifacts;
pub mod aspect;
pub mod attribution;
pub mod belief;
pub mod bindings;
pub mod call;
pub mod document;
pub mod evidence;
pub mod facts;
mod json;
pub mod keyspec;
pub mod listed;
mod matchers;
pub mod matching;
pub mod materials;
pub mod outcome;
pub mod permission;
pub mod places;
mod possible;
mod principal;
pub mod recorded;
pub mod rotations;
pub mod rule;
pub mod rules;
pub mod shape;
pub mod situation;
pub mod states;
pub mod step;
pub mod trail;
pub mod world;
pub mod worlds;
mod written;

pub use belief::{Belief, Judgement};
pub use call::{Arg, Auth, Call, KeyForm, KeyRef, Operation};
pub use outcome::{Outcome, Response};
pub use possible::Possible;
pub use rule::{Level, Rule, RuleId};
pub use trail::{LastEvent, Trail};
pub use world::{Name, Region, World};

/// Standard base64, as the wire has it (F-002); `None` for anything else.
pub fn base64(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}

//! Sequences that nobody wrote down: computed from the model ([`tour`]), or random (`random`), whoever
//! makes up the bytes (a seed, a mutation, a fuzzer); and back to something a person can read.

mod aws_cli;
mod bend;
mod choices;
mod corpus;
mod flow;
pub mod menu;
mod preferred;
mod random;
mod shell;
mod shrink;
mod strategy;
mod tour;
mod write;

#[cfg(feature = "cli")]
pub use aws_cli::Profiles;
pub use aws_cli::aws_cli;
pub use corpus::{Corpus, CorpusError};
pub use flow::names;
pub use preferred::preferred;
pub use random::{from_bytes, restrict, without_text};
pub use shrink::{Shrunk, Trial, shrink};
pub use strategy::{Random, histories, mutate};
pub use tour::{Cost, Plan, Tour, tour};
pub use write::scenario_file;

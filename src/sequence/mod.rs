//! What is executed, wherever it comes from: sequences of symbolic calls, scenario files that a
//! person can read and write, and transcripts of what was answered.

mod embedded;
mod file;
pub mod normalise;
mod step;
mod steps;

pub use embedded::{embedded, snapshot};
pub use file::parse;
pub use steps::{Action, Expect, Sequence, Step};

//! What is executed, wherever it comes from: sequences of symbolic calls, scenario files that a
//! person can read and write, and transcripts of what was answered.

mod embedded;
pub mod experiment;
mod file;
pub mod normalise;
mod observing;
mod problem;
pub mod recording;
mod step;
mod steps;
mod transcript;

pub use embedded::{embedded, snapshot};
pub use file::parse;
pub use problem::BadScenario;
pub use steps::{Action, Expect, Sequence, Step, Watch};
pub use transcript::Transcript;

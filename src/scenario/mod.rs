//! Scenario files: sequences that a person can read and write.

mod embedded;
mod file;
pub mod normalise;
mod step;

pub use embedded::{embedded, snapshot};
pub use file::{BadScenario, parse};

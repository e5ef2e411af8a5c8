//! What a subcommand runs: the main job, fuzzing, the fault catalogue, model and endpoint in lockstep.

mod check;
mod embedded;
mod faults;
mod fuzz;
mod lockstep;

pub use check::{CheckError, Options, check, check_sequences, scenarios_by_rule};
pub(crate) use check::{Internals, check_sequences_with, check_with};
pub use embedded::embedded;
pub use faults::{Means, faults_by_rule, run_faults};
pub use fuzz::{Finding, FuzzOptions, FuzzReport, Progress, fuzz};
pub use lockstep::{Disagreement, Walked, lockstep, lockstep_with};

//! What a subcommand runs: the main job, fuzzing, the fault catalogue, model and endpoint in lockstep.

mod check;
#[cfg(feature = "reference")]
mod embedded;
#[cfg(feature = "reference")]
mod faults;
mod fuzz;
#[cfg(feature = "reference")]
mod lockstep;

pub use check::{CheckError, Options, abilities, check, check_sequences, check_with, scenarios_by_rule};
#[cfg(feature = "reference")]
pub use embedded::{embedded, lively};
#[cfg(feature = "reference")]
pub use faults::{Catch, FaultsReport, Means, faults_by_rule, run_faults};
#[cfg(feature = "reference")]
pub use fuzz::small_repro;
pub use fuzz::{Finding, FuzzOptions, FuzzReport, fuzz};
#[cfg(feature = "reference")]
pub use lockstep::{lockstep, lockstep_with};

//! What a subcommand runs: the main job, fuzzing, the fault catalogue, model and endpoint in lockstep.

mod check;
#[cfg(feature = "cli")]
mod continuity;
#[cfg(feature = "cli")]
mod diagnosis;
#[cfg(feature = "reference")]
mod embedded;
mod experiment;
#[cfg(feature = "reference")]
mod faults;
mod fuzz;
#[cfg(feature = "cli")]
mod grid;
mod judge;
#[cfg(feature = "reference")]
mod lockstep;
mod race;

#[cfg(feature = "cli")]
pub(crate) use check::check_sequences_with;
pub use check::{CheckError, Options, Profile, check, check_sequences, scenarios_by_rule};
pub(crate) use check::{Internals, check_with};
#[cfg(feature = "cli")]
pub(crate) use check::{Spent, spend};
#[cfg(feature = "cli")]
pub use continuity::{ContinuityOptions, ContinuityReport, Latency, Mix, Shown, continuity};
#[cfg(feature = "cli")]
pub use diagnosis::{diagnose, run_all};
#[cfg(feature = "cli")]
pub use embedded::under_load;
#[cfg(feature = "reference")]
pub use embedded::{embedded, lively};
#[cfg(feature = "cli")]
pub(crate) use experiment::list_price;
pub use experiment::{experiment, find_experiments, list_experiments};
#[cfg(feature = "reference")]
pub use faults::{Means, faults_by_rule, run_faults};
pub use fuzz::{Finding, FuzzOptions, FuzzReport, fuzz};
#[cfg(feature = "cli")]
pub use grid::{GridOptions, run_grid};
pub use judge::judge;
#[cfg(feature = "reference")]
pub use lockstep::{lockstep, lockstep_with};
#[cfg(feature = "cli")]
pub use race::Sent;
pub use race::{RaceFinding, RaceOptions, RaceReport, race};

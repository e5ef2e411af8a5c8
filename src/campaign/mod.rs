//! What a subcommand runs: the main job, fuzzing, the fault catalogue, model and endpoint in lockstep.

mod check;
mod embedded;
mod faults;
mod fuzz;
mod judge;
mod lockstep;

pub use check::{CheckError, Options, abilities, check, check_sequences, scenarios_by_rule};
pub use embedded::embedded;
pub use faults::{Catch, FaultsReport, Means, faults_by_rule, run_faults};
pub use fuzz::{Finding, FuzzOptions, FuzzReport, Progress, fuzz, small_repro};
pub use judge::{Deviation, JudgeReport, Judged, Skipped, StaleRow, Tally, judge};
pub use lockstep::{Disagreement, Walked, lockstep, lockstep_with};

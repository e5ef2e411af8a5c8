//! mrkspec answers one question about any KMS endpoint: does it behave as AWS KMS documents when
//! the primary Region of a multi-Region key changes?
//!
//! ```no_run
//! # async fn f() -> Result<(), Box<dyn std::error::Error>> {
//! let target = mrkspec::Target::at("mine", "http://127.0.0.1:4566", false, None).await?;
//! let report = mrkspec::check(&target, &mrkspec::Options::default()).await?;
//! assert_eq!(report.exit_code, 0, "{}", mrkspec::report::console(&report));
//! # Ok(()) }
//! ```
//!
//! The parts: [`spec`] is the model, [`wire`] its encoding, [`target`] an endpoint, [`run`] the
//! driver, [`scenario`] the hand-written sequences, [`verdict`] and [`report`] what comes out, and
//! [`reference`](mod@reference) an endpoint of our own that shares no logic with the model.

mod check;
pub mod cli;
mod corpus;
mod embedded;
mod faults;
mod fuzz;
pub mod generate;
mod lockstep;
pub mod reference;
pub mod report;
pub mod run;
pub mod scenario;
pub mod spec;
pub mod target;
pub mod verdict;
pub mod wire;

pub use check::{CheckError, Options, check, check_sequences, scenarios_by_rule};
pub use embedded::embedded;
pub use faults::{Catch, FaultsReport, Means, faults_by_rule, run_faults};
pub use fuzz::{Finding, FuzzOptions, FuzzReport, Progress, fuzz};
pub use lockstep::{Disagreement, Walked, lockstep, lockstep_with};
pub use report::Report;
pub use target::Target;

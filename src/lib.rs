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
//! [`mrkspec_model`] is the model; `transport` reaches an endpoint, `session` runs one sequence on it,
//! `campaign` is what a subcommand does, [`verdict`] and [`report`] are what comes out, and
//! [`mrkspec_reference`] is an endpoint of our own that shares no logic with the model.

mod campaign;
pub mod cli;
pub mod generate;
pub mod oracle;
pub mod report;
pub mod sequence;
pub mod session;
pub mod transport;
pub mod verdict;

pub use campaign::{
    Catch, CheckError, Deviation, Disagreement, FaultsReport, Finding, FuzzOptions, FuzzReport, JudgeReport, Judged,
    Means, Options, Progress, Skipped, StaleRow, Tally, Walked, check, check_sequences, embedded, faults_by_rule, fuzz,
    judge, lockstep, lockstep_with, run_faults, scenarios_by_rule,
};
pub use report::Report;
pub use transport::Target;

//! mrkspec answers one question about any KMS endpoint: does it behave as AWS KMS does when the
//! primary Region of a multi-Region key changes?
//!
//! In a test of an emulator, that is one line:
//!
//! ```no_run
//! # async fn f() -> Result<(), mrkspec::CheckError> {
//! mrkspec::Mrkspec::local("http://127.0.0.1:4566").run().await?.assert_conforms();
//! # Ok(()) }
//! ```
//!
//! [`Mrkspec`] says what to run and where; [`Outcome`] says what came of it: rule by rule a verdict with
//! its source, for each violation the call, what was expected and what came. The same run against
//! the embedded reference endpoint, with some scenarios only:
//!
//! ```
//! # #[cfg(feature = "reference")]
//! # #[tokio::main]
//! # async fn main() -> Result<(), mrkspec::CheckError> {
//! use mrkspec::Mrkspec;
//! use mrkspec::reference::{Settings, faults};
//!
//! let outcome = Mrkspec::embedded().scenarios("promote/*").run().await?;
//! outcome.assert_conforms();
//! println!("{} requests\n{}", outcome.report().cost.requests, outcome.to_junit());
//!
//! // The same endpoint with a mistake in it: a promotion to a Region without a replica succeeds.
//! let fault = faults::find("promotes-where-no-replica-is");
//! let broken = Mrkspec::embedded_with(Settings { fault, ..Settings::default() });
//! let outcome = broken.scenarios("promote/no-replica").run().await?;
//! assert!(!outcome.conforms());
//! assert!(outcome.unmet().any(|rule| rule.id == "UPR-012"), "{outcome}");
//! # Ok(()) }
//! # #[cfg(not(feature = "reference"))]
//! # fn main() {}
//! ```
//!
//! # Features
//!
//! | feature | brings |
//! |---|---|
//! | `cli` | the program `mrkspec`; implies `reference` and `html` |
//! | `aws` | credentials from profiles, credential processes, web identities and assumed roles |
//! | `reference` | the embedded KMS endpoint (`mrkspec::reference`), and `Mrkspec::embedded` |
//! | `html` | reports as HTML pages |
//!
//! `cli`, `aws` and `reference` are on by default. A test of an emulator needs none of them:
//! `mrkspec = { version = "0.1", default-features = false }`.
//!
//! [`model`] is what the answers are judged by.

#![warn(missing_docs)]

mod campaign;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
mod generate;
mod library;
mod oracle;
pub mod report;
mod sequence;
mod session;
mod transport;
pub mod verdict;

pub use campaign::{CheckError, Profile};
pub use library::{Mrkspec, Outcome};
pub use mrkspec_model as model;
#[cfg(feature = "reference")]
pub use mrkspec_reference as reference;
pub use report::Report;
pub use transport::{BadTarget, Consistency, Credentials, Limits, Principal, Target};

/// For the tests, benches, fuzz targets and examples of this repository. No promise is made about it.
#[doc(hidden)]
pub mod internals {
    #[cfg(feature = "cli")]
    pub use crate::campaign::{ContinuityOptions, ContinuityReport, Shown, continuity};
    pub use crate::campaign::{
        Finding, FuzzOptions, FuzzReport, Options, RaceFinding, RaceOptions, RaceReport, check, check_sequences,
        experiment, find_experiments, fuzz, judge, list_experiments, race, scenarios_by_rule,
    };
    #[cfg(feature = "reference")]
    pub use crate::campaign::{Means, embedded, faults_by_rule, lockstep, lockstep_with, run_faults};

    /// What makes sequences.
    pub mod generate {
        pub use crate::generate::menu::{Abilities, policies};
        pub use crate::generate::{
            Cost, Random, Tour, aws_cli, from_bytes, histories, scenario_file, tour, without_text,
        };
    }

    /// What is executed.
    pub mod sequence {
        pub use crate::sequence::experiment::{experiments, settled};
        pub use crate::sequence::recording;
        pub use crate::sequence::{Action, Sequence, Step, embedded, normalise, parse};
    }

    /// How answers are read.
    pub mod transport {
        pub use crate::transport::{RawAnswer, decode, encode};
    }

    #[cfg(feature = "reference")]
    pub use crate::session::wrapped;
    pub use crate::session::{Recorder, cleanup};
    pub use crate::transport::Client;
}

//! Reports: what a run found, for people and for machines. Reads `verdict`, and the catalogue of faults.

mod badge;
#[cfg(feature = "cli")]
mod block;
#[cfg(feature = "cli")]
mod bug;
#[cfg(feature = "reference")]
mod catalogue;
mod compare;
mod console;
#[cfg(feature = "cli")]
mod continuity;
#[cfg(feature = "cli")]
mod diagnosis;
mod experiment;
#[cfg(feature = "cli")]
mod github;
#[cfg(feature = "cli")]
mod grid;
#[cfg(feature = "html")]
mod html;
mod json;
mod judged;
mod junit;
mod markdown;
mod merge;
#[cfg(feature = "cli")]
mod race;
mod saved;
#[cfg(test)]
mod tests;
mod traceability;

pub use crate::session::{FirstViolation, Left, Violation};
pub use badge::badge;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub use block::block;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub use bug::{bug_report, causes_of};
#[cfg(feature = "reference")]
#[doc(hidden)]
pub use catalogue::{Catch, FaultsReport, faults_markdown};
pub use compare::Compared;
pub use console::{console, console_verbose};
#[cfg(feature = "cli")]
#[doc(hidden)]
pub use continuity::{continuity_console, continuity_html};
#[cfg(feature = "cli")]
#[doc(hidden)]
pub use diagnosis::{Budget, Diagnosed, DiagnosisReport, Told};
pub use experiment::{ExperimentReport, Observed, ObservedStep, observed};
#[cfg(feature = "cli")]
#[doc(hidden)]
pub use github::{annotations, step_summary};
#[cfg(feature = "cli")]
#[doc(hidden)]
pub use grid::{GridReport, Noticed, Tried};
#[cfg(feature = "html")]
pub use html::{html_comparison, html_report};
pub use json::{
    Cost, Coverage, Latitude, Measured, Report, ScenarioDiff, Schema, Seen, SituationCoverage, TargetInfo, Tool,
};
pub use judged::{Deviation, JudgeReport, Judged, Skipped, StaleRow, Tally, judged};
pub use junit::junit;
pub use markdown::markdown;
#[doc(hidden)]
pub use markdown::rules_markdown;
pub use merge::{MergeError, merge};
#[cfg(feature = "cli")]
#[doc(hidden)]
pub use race::{race_console, race_html};
pub use saved::{SavedError, parse_report};
#[doc(hidden)]
pub use traceability::{reason, traceability};

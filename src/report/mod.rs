//! Reports: what a run found, for people and for machines. Reads `verdict`, and the catalogue of faults.

mod catalogue;
mod compare;
mod console;
mod html;
mod json;
mod judged;
mod junit;
mod markdown;
mod merge;
mod saved;
mod traceability;

pub use catalogue::faults_markdown;
pub use compare::Compared;
pub use console::console;
pub use html::{html_comparison, html_report};
pub use json::{Cost, Coverage, Latitude, Report, ScenarioDiff, Seen, SituationCoverage, TargetInfo, Tool};
pub use judged::judged;
pub use junit::junit;
pub use markdown::{markdown, rules_markdown};
pub use merge::merge;
pub use saved::parse_report;
pub use traceability::{reason, traceability};

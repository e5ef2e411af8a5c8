//! Reports: what a run found, for people and for machines. Reads `verdict` only.

mod console;
mod json;
mod junit;
mod markdown;
mod traceability;

pub use console::console;
pub use json::{Cost, Coverage, Latitude, Report, ScenarioDiff, Seen, SituationCoverage, TargetInfo, Tool};
pub use junit::junit;
pub use markdown::{markdown, rules_markdown};
pub use traceability::{reason, traceability};

//! Executing sequences: one driver, whoever made the sequence.

mod cleanup;
mod clock;
mod doubt;
mod driver;
mod exchange;
mod findings;
mod keys;
mod ledger;
mod outside;
mod policies;
mod probe;
mod record;
mod sequence;
mod settle;
mod wrapping;

pub use cleanup::{Cleaned, cleanup};
pub use driver::run_sequence;
pub use exchange::{FirstViolation, Shared, Tuning};
pub use ledger::{Entry, Ledger};
pub use policies::Enforcement;
pub use probe::{Unreachable, probe};
pub use record::{Record, StepRecord, Violation};
pub use sequence::{Action, Expect, Sequence, Step};
pub use wrapping::prepare as wrapped;

//! One sequence on one endpoint: the loop, waiting, the ledger, clean-up.

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
mod record;
mod settle;
mod wrapping;

pub use cleanup::cleanup;
pub use driver::run_sequence;
pub use exchange::{FirstViolation, Shared, Tuning};
pub use ledger::Ledger;
pub use record::{Record, Violation};
#[cfg(feature = "reference")]
pub use wrapping::prepare as wrapped;

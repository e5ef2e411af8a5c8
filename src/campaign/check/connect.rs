//! Before the first sequence: a client, what the endpoint says to nonsense, and a ledger.

use super::options::CheckError;
use crate::session::{Ledger, Shared, Tuning};
use crate::transport::{Client, Target, probe};
use std::sync::atomic::AtomicU64;
use std::time::SystemTime;

/// The Region in which the endpoint is asked first.
const FIRST: &str = "us-east-1";

/// What all sequences of a run share.
///
/// # Errors
/// When the target cannot be tested, or the ledger cannot be written.
pub async fn connect(target: &Target) -> Result<Shared, CheckError> {
    let client = Client::new(target.clone())?;
    let probed = probe(&client, FIRST).await?;
    let run = run_id();
    let ledger = if target.keeps_keys { Ledger::create(&target.endpoint, &run)? } else { Ledger::none() };
    Ok(Shared {
        client,
        tuning: Tuning::new(target.settle_timeout),
        ledger,
        run,
        unknown: probed.unknown,
        unsupported: Default::default(),
        works: Default::default(),
        failing: Default::default(),
        given_up: Default::default(),
        first_violations: Default::default(),
        enforcement: Default::default(),
        requests: AtomicU64::new(probed.requests),
        keys_created: AtomicU64::new(0),
    })
}

/// Time and process make it unique among the runs of a machine.
fn run_id() -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    format!("{:x}{:x}", since.map_or(0, |d| d.as_millis()), std::process::id())
}

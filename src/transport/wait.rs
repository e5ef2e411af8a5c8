//! Waiting for an endpoint that is being started.

use super::{Client, Pauses, Target, Unreachable, probe};
use std::time::{Duration, Instant};

/// Why an endpoint was waited for in vain.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NeverCame {
    /// No request can be sent.
    #[error("the HTTP client cannot be set up")]
    Client(#[from] reqwest::Error),
    /// What it said, or did not say, in the end.
    #[error("waited {} for the endpoint (--wait-for-endpoint)", humantime::format_duration(*waited))]
    Unreachable {
        /// How long.
        waited: Duration,
        /// Why it cannot be tested.
        #[source]
        source: Unreachable,
    },
}

/// Waits until an endpoint answers as KMS does, and no longer than `most`.
///
/// # Errors
/// When it does not answer within that time, and at once when it refuses the credentials: that will not pass.
pub async fn wait_for(target: &Target, most: Duration) -> Result<(), NeverCame> {
    let client = Client::new(target.clone())?;
    let started = Instant::now();
    let mut pauses = Pauses::until_settled();
    loop {
        let left = most.saturating_sub(started.elapsed());
        let asked = tokio::time::timeout(left.max(Duration::from_millis(1)), probe(&client, "us-east-1")).await;
        let source = match asked {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(source)) => source,
            Err(_) => Unreachable::Late { url: target.url("us-east-1") },
        };
        if started.elapsed() >= most || matches!(source, Unreachable::Refused { .. }) {
            return Err(NeverCame::Unreachable { waited: most, source });
        }
        pauses.pause_within(most.saturating_sub(started.elapsed())).await;
    }
}

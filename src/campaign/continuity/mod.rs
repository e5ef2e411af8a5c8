//! Cryptography under load while the primary moves: nothing may fail, and nothing should be slower (F-074).

mod fleet;
mod load;
mod mover;
mod options;
mod report;
mod slowdown;
mod work;

pub use options::{ContinuityOptions, Progress};
pub use report::{ContinuityReport, Latency};
pub use slowdown::Shown;
pub use work::Mix;

use super::check::{CheckError, Options, connect};
use crate::session::{Ledger, settle};
use crate::transport::Target;
use fleet::Fleet;
use futures_util::future::join_all;
use load::{Load, Seen};
use mover::{Mover, Moves};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How often progress is told.
const TELLING: Duration = Duration::from_millis(250);

/// Puts an endpoint under load while primaries move.
///
/// # Errors
/// When the target cannot be tested or the ledger cannot be written.
pub async fn continuity(target: &Target, options: &ContinuityOptions) -> Result<ContinuityReport, CheckError> {
    let Some(ledger) = options.ledger.clone() else {
        let ledger = Arc::new(Ledger::for_target(target)?);
        let noted = ContinuityOptions { ledger: Some(ledger.clone()), ..options.clone() };
        let mut report = Box::pin(continuity(target, &noted)).await;
        let left = settle(target, &ledger).await;
        if let Ok(report) = &mut report {
            report.left_behind = left;
        }
        return report;
    };
    let started = Instant::now();
    let shared = connect(target, &Options { ledger: Some(ledger), ..Options::default() }).await?;
    let fleet = Arc::new(Fleet::make(&shared, options).await);
    let began = Instant::now();
    let until = began + options.duration;
    let moves = Mutex::new(Moves::default());
    let seen = Arc::new(Mutex::new(Seen::default()));
    let load = Load {
        shared: shared.clone(),
        fleet: fleet.clone(),
        seen: seen.clone(),
        rate: options.rate.max(1),
        seed: options.seed,
        began,
        until,
    };
    if !fleet.families.is_empty() {
        let (shared, fleet, moves) = (&shared, &fleet, &moves);
        let rotate_every = options.rotate_every;
        let movers = fleet.families.iter().zip(0..).map(async |(family, number)| {
            Mover { shared, fleet, family, number, began, until, rotate_every, moves }.run().await;
        });
        tokio::select! {
            _ = async { tokio::join!(load.run(), join_all(movers)) } => {}
            never = tell(options, began, moves, &seen) => match never {},
        }
    }
    let moves = moves.into_inner().unwrap_or_else(|e| e.into_inner());
    let seen = std::mem::take(&mut *seen.lock().unwrap_or_else(|e| e.into_inner()));
    let mut report = ContinuityReport::new(target, options, &fleet, began, moves, seen);
    (report.requests, report.keys_created) = (shared.link().requests(), shared.keys_created());
    report.ended = shared.ended();
    shared.dismiss_sentinel().await;
    report.elapsed_ms = started.elapsed().as_millis() as u64;
    Ok(report)
}

async fn tell(
    options: &ContinuityOptions,
    began: Instant,
    moves: &Mutex<Moves>,
    seen: &Mutex<Seen>,
) -> std::convert::Infallible {
    loop {
        tokio::time::sleep(TELLING).await;
        let (promotions, latest) = {
            let moves = moves.lock().unwrap_or_else(|e| e.into_inner());
            (moves.promotions.len(), moves.promotions.last().cloned())
        };
        let (operations, failed) = {
            let seen = seen.lock().unwrap_or_else(|e| e.into_inner());
            (seen.timings.len() + seen.failed.len(), seen.failed.len())
        };
        (options.progress)(&Progress { elapsed: began.elapsed(), operations, failed, promotions, latest });
    }
}

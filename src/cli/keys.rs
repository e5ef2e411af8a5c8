//! What makes keys cleans up after itself: at its end, on SIGINT and on SIGTERM. A second signal ends it at once.

use super::failure::Failure;
use crate::CheckError;
use crate::session::{Ledger, Left, settle};
use crate::transport::Target;
use std::sync::Arc;

/// Keys that are left are printed up to this many; the ledger has all.
const MOST_SHOWN: usize = 20;

/// What came of work that makes keys.
pub enum Ended<T> {
    /// It came to its end; these keys could not be cleaned up.
    Done(T, Vec<Left>),
    /// A signal ended it; the exit code that says so.
    Interrupted(u8),
}

/// Does work that notes its keys in a ledger, and cleans up when it is over or a signal comes.
///
/// # Errors
/// When the ledger cannot be written or signals cannot be waited for.
pub async fn guarded<T>(target: &Target, work: impl AsyncFnOnce(Arc<Ledger>) -> T) -> Result<Ended<T>, Failure> {
    let mut signals = Signals::new().map_err(Failure::Runtime)?;
    let ledger = Arc::new(Ledger::for_target(target).map_err(CheckError::from)?);
    let mut interrupted = None;
    let done = tokio::select! {
        done = work(ledger.clone()) => Some(done),
        code = signals.next() => {
            interrupted = Some(code);
            None
        }
    };
    let tell = || eprintln!("mrkspec: interrupted: cleaning up (once more ends it at once; then see mrkspec cleanup)");
    if interrupted.is_some() {
        tell();
    }
    let mut settling = Box::pin(settle(target, &ledger));
    let left = loop {
        tokio::select! {
            left = &mut settling => break left,
            code = signals.next() => match interrupted {
                Some(_) => std::process::exit(code.into()),
                None => {
                    interrupted = Some(code);
                    tell();
                }
            }
        }
    };
    Ok(match (interrupted, done) {
        (None, Some(done)) => Ended::Done(done, left),
        (code, _) => {
            tell_left(&left);
            Ended::Interrupted(code.unwrap_or_default())
        }
    })
}

/// Waits for a signal that ends the program; its exit code.
pub async fn interrupted() -> u8 {
    match Signals::new() {
        Ok(mut signals) => signals.next().await,
        // None can be heard.
        Err(_) => std::future::pending().await,
    }
}

/// Says which keys are left.
pub fn tell_left(left: &[Left]) {
    for one in left.iter().take(MOST_SHOWN) {
        eprintln!("mrkspec: left: {one}");
    }
    if !left.is_empty() {
        eprintln!("mrkspec: {} keys are left, and noted in the ledger: see mrkspec cleanup", left.len());
    }
}

/// The exit code of a process that this signal ended.
const SIGINT: u8 = 130;
#[cfg(unix)]
const SIGTERM: u8 = 143;

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for the next one; its exit code.
    async fn next(&mut self) -> u8 {
        tokio::select! {
            _ = self.interrupt.recv() => SIGINT,
            _ = self.terminate.recv() => SIGTERM,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Signals> {
        Ok(Signals)
    }

    /// Waits for the next one; its exit code.
    async fn next(&mut self) -> u8 {
        if tokio::signal::ctrl_c().await.is_err() {
            // Nothing can ever come.
            std::future::pending::<()>().await;
        }
        SIGINT
    }
}

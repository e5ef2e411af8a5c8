//! Stale or wrong? How often reads after changes were stale is measured, and what follows from it.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Reads that show a change at once, so many of them and none that did not: then this endpoint's reads are never stale.
const ENOUGH: u64 = 200;

/// Counts of reads that would have told a stale answer from a fresh one; shared by all sequences of a run.
/// Only reads count that come while nothing is under way: what is seen of a promotion may lag for other reasons (F-071).
#[derive(Debug, Default)]
pub struct Staleness {
    fresh: AtomicU64,
    stale: AtomicU64,
}

impl Staleness {
    /// Reads that showed the latest change at once.
    pub fn fresh(&self) -> u64 {
        self.fresh.load(Relaxed)
    }

    /// Reads that showed what had been before, and came right when asked again.
    pub fn stale(&self) -> u64 {
        self.stale.load(Relaxed)
    }

    /// Whether hundreds of reads could have been stale and none was: never concluded from a few (F-077).
    pub fn is_never_seen(&self) -> bool {
        self.stale() == 0 && self.fresh() >= ENOUGH
    }

    /// Whether there is still something to be learned from fresh reads.
    pub(super) fn is_open(&self) -> bool {
        self.fresh() < ENOUGH
    }

    pub(super) fn note_fresh(&self) {
        self.fresh.fetch_add(1, Relaxed);
    }

    pub(super) fn note_stale(&self) {
        self.stale.fetch_add(1, Relaxed);
    }
}

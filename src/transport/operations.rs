//! What is known of each operation at one endpoint: missing, working, or failing every time.

use super::{Likeness, RawAnswer, UnknownAnswer};
use mrkspec_model::call::Operation;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};

/// Shared by all sequences of a run.
#[derive(Debug)]
pub(super) struct Operations {
    /// How an operation that does not exist is answered.
    unknown: UnknownAnswer,
    /// Operations that the endpoint lacks, and how it says so.
    unsupported: Mutex<BTreeMap<Operation, String>>,
    /// Operations that gave a proper KMS answer at least once.
    works: Mutex<BTreeSet<Operation>>,
    /// Operations that were repeated and failed internally every time.
    failing: Mutex<BTreeSet<Operation>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|e| e.into_inner())
}

impl Operations {
    pub(super) fn new(unknown: UnknownAnswer) -> Operations {
        Operations { unknown, unsupported: Mutex::default(), works: Mutex::default(), failing: Mutex::default() }
    }

    pub(super) fn lacks(&self, op: Operation) -> bool {
        lock(&self.unsupported).contains_key(&op)
    }

    pub(super) fn unsupported(&self) -> BTreeMap<Operation, String> {
        lock(&self.unsupported).clone()
    }

    /// Notes that the endpoint lacks an operation. Returns how it said so first.
    pub(super) fn lack(&self, op: Operation, words: String) -> String {
        lock(&self.unsupported).entry(op).or_insert(words).clone()
    }

    pub(super) fn has_worked(&self, op: Operation) -> bool {
        lock(&self.works).contains(&op)
    }

    pub(super) fn works(&self, op: Operation) {
        lock(&self.works).insert(op);
    }

    pub(super) fn is_failing(&self, op: Operation) -> bool {
        lock(&self.failing).contains(&op)
    }

    pub(super) fn fails(&self, op: Operation) {
        lock(&self.failing).insert(op);
    }

    pub(super) fn compare(&self, op: Operation, raw: &RawAnswer) -> Likeness {
        self.unknown.compare(op, raw)
    }
}

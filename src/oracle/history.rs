//! Reads that are stale: what was believed before recent changes (F-077).

use super::Oracle;
use mrkspec_model::belief::{Belief, Worlds};
use mrkspec_model::call::Call;
use mrkspec_model::outcome::Response;
use mrkspec_model::worlds::read_alike;
use std::collections::VecDeque;

/// How many earlier beliefs a stale read is compared with.
const MOST: usize = 256;

/// What was believed before each recent change, the latest last.
#[derive(Default)]
pub(super) struct History(VecDeque<Worlds>);

impl History {
    /// What may be seen now may be seen later, too, by a read that is stale. Beliefs that a read cannot
    /// tell apart count once.
    pub(super) fn keep(&mut self, belief: &Belief) {
        self.keep_worlds(belief.snapshot());
    }

    /// The same, after a read: what it ruled out may be seen again by one that is stale.
    pub(super) fn keep_if_changed(&mut self, before: Worlds, belief: &Belief) {
        let after = belief.snapshot();
        if !before.is_shared_with(&after) && !read_alike(&before, &after) {
            self.keep_worlds(before);
        }
    }

    pub(super) fn keep_worlds(&mut self, now: Worlds) {
        match self.0.back_mut() {
            Some(last) if read_alike(last, &now) => *last = now,
            _ => self.0.push_back(now),
        }
        if self.0.len() > MOST {
            self.0.pop_front();
        }
    }

    pub(super) fn latest(&self) -> impl Iterator<Item = &Worlds> {
        self.0.iter().rev()
    }
}

impl Oracle {
    /// Whether an answer that is wrong now would have been right before an earlier change, so
    /// that it may be stale. Only reads and refusals can be: they changed nothing.
    pub(super) fn may_be_stale(&self, call: &Call, response: &Response) -> bool {
        let harmless = call.op.is_read() || matches!(response, Response::Error { .. });
        let allowed = |past: &Worlds| self.belief.at(past).judge(call, response).allowed;
        harmless && !self.consistent && self.history.latest().any(allowed)
    }

    /// Whether a read shows what a stale one could not have shown, while nothing is under way.
    pub(super) fn is_fresh(&self, call: &Call, response: &Response) -> bool {
        let denied = |past: &Worlds| !self.belief.at(past).judge(call, response).allowed;
        call.op.is_read() && self.is_settled() && self.history.latest().next().is_some_and(denied)
    }

    /// Whether nothing can be under way, in any possible world.
    pub(super) fn is_settled(&self) -> bool {
        self.belief.worlds().iter().all(|w| w.families.values().all(|f| f.is_settled()))
    }

    /// Whether an answer that breaks a SHOULD now would have broken nothing before an earlier change.
    pub(super) fn should_may_be_stale(&self, call: &Call, response: &Response) -> bool {
        let spotless = |past: &Worlds| {
            let judged = self.belief.at(past).judge(call, response);
            judged.allowed && judged.mismatches.is_empty()
        };
        call.op.is_read() && !self.consistent && self.history.latest().any(spotless)
    }
}

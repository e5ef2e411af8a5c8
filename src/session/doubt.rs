//! What an endpoint that is only consistent in the end may answer, and what that says.

use super::driver::Driver;
use mrkspec_model::belief::Worlds;
use mrkspec_model::call::Call;
use mrkspec_model::matching::describe_response;
use mrkspec_model::outcome::Response;
use mrkspec_model::rules::WIRE_016;

/// How many earlier beliefs a stale read is compared with (F-077).
const HISTORY: usize = 256;

/// A belief with more possible worlds than this is not worth following.
const MOST_WORLDS: usize = 64;

impl Driver<'_> {
    /// Whether an answer that is wrong now would have been right before an earlier change, so
    /// that it may be stale (F-077). Only reads and refusals can be: they changed nothing.
    pub(super) fn may_be_stale(&self, call: &Call, response: &Response) -> bool {
        if self.shared.client.target().consistent {
            return false;
        }
        let harmless = call.op.is_read() || matches!(response, Response::Error { .. });
        harmless && self.history.iter().any(|past| self.belief.at(past).judge(call, response).allowed)
    }

    /// Whether an answer that breaks a SHOULD now would have broken nothing before an earlier change.
    pub(super) fn was_spotless(&self, call: &Call, response: &Response) -> bool {
        let spotless = |past: &Worlds| {
            let judged = self.belief.at(past).judge(call, response);
            judged.allowed && judged.mismatches.is_empty()
        };
        call.op.is_read() && !self.shared.client.target().consistent && self.history.iter().any(spotless)
    }

    /// What may be seen now may be seen later, too, by a read that is stale.
    pub(super) fn keep_history(&mut self) {
        self.history.push(self.belief.snapshot());
        if self.history.len() > HISTORY {
            self.history.remove(0);
        }
    }

    /// Whether an answer makes sense only if the call had its effect when it was throttled (F-009).
    /// Then that is reported, and the belief takes the effect over.
    pub(super) fn throttled_call_worked(&mut self, call: &Call, response: &Response, number: usize) -> bool {
        let mut after = self.belief.clone();
        after.observe(call, &Response::Lost("throttled".into()));
        if !after.judge(call, response).allowed {
            return false;
        }
        let observed = format!("{}, as if the throttled call had worked", describe_response(response));
        self.mismatch_text(WIRE_016, number, call, "nothing changed by a throttled call", observed);
        self.belief = after;
        true
    }

    /// An answer was lost: from now on, and as long as reads may be stale, what may have happened is
    /// also followed without them. A stale read that fits one of two possible worlds says nothing
    /// about which of them is real.
    pub(super) fn doubt(&mut self, call: &Call, lost: &Response) {
        if self.shared.client.target().consistent {
            return;
        }
        match &mut self.unread {
            Some(unread) => {
                unread.observe(call, lost);
            }
            None => self.unread = Some(self.belief.clone()),
        }
    }

    /// Follows a change in the belief that reads do not narrow.
    pub(super) fn follow_unread(&mut self, call: &Call, response: &Response) {
        if call.op.is_read() {
            return;
        }
        let Some(unread) = self.unread.take() else { return };
        let mut known = self.belief.at(&unread.snapshot()).with_artifacts_of(&self.belief);
        if known.judge(call, response).allowed && known.worlds().len() <= MOST_WORLDS {
            known.observe(call, response);
            self.unread = Some(known);
        }
    }

    /// Whether an answer that the belief does not allow makes sense if a read was stale that decided
    /// what became of a lost answer (F-077). Then the belief goes back to before that.
    pub(super) fn was_misread(&mut self, call: &Call, response: &Response) -> bool {
        let Some(unread) = &self.unread else { return false };
        let known = self.belief.at(&unread.snapshot()).with_artifacts_of(&self.belief);
        let narrowed = std::mem::replace(&mut self.belief, known);
        self.pass();
        let allowed = self.belief.judge(call, response).allowed;
        if !allowed {
            self.belief = narrowed;
        }
        allowed
    }
}

//! After an answer was lost: the belief that only changes narrow. A stale read that fits one of two
//! possible worlds says nothing about which of them is real (F-077).

use super::Oracle;
use mrkspec_model::belief::{Belief, Worlds};
use mrkspec_model::call::Call;
use mrkspec_model::outcome::Response;

/// A belief with more possible worlds than this is not worth following.
const MOST_WORLDS: usize = 64;

/// The belief since the last lost answer, as if no read had been seen.
#[derive(Default)]
pub(super) struct Unconfirmed(Option<Belief>);

impl Unconfirmed {
    /// An answer was lost: `belief` has both worlds.
    pub(super) fn fork(&mut self, belief: &Belief, call: &Call, lost: &Response) {
        match &mut self.0 {
            Some(write_only) => {
                write_only.observe(call, lost);
            }
            None => self.0 = Some(belief.clone()),
        }
    }

    /// What came of concurrent calls is open: `belief` has what any order of them leads to.
    pub(super) fn widen(&mut self, belief: &Belief) {
        let known = self.0.take().unwrap_or_else(|| belief.clone());
        let all: Vec<_> = known.snapshot().iter().chain(belief.snapshot().iter()).collect();
        self.0 = Some(belief.at(&Worlds::distinct(all)));
    }

    /// Follows a change.
    pub(super) fn follow(&mut self, belief: &Belief, call: &Call, response: &Response) {
        let Some(write_only) = self.0.take() else { return };
        let mut known = belief.at(&write_only.snapshot()).with_artifacts_of(belief);
        let assessment = known.assess(call, response);
        if assessment.judgement.allowed && known.worlds().len() <= MOST_WORLDS {
            known.commit(call, response, assessment);
            self.0 = Some(known);
        }
    }

    /// From now on the belief goes by what is seen.
    pub(super) fn forget(&mut self) {
        self.0 = None;
    }
}

impl Oracle {
    /// Whether an answer that the belief does not allow makes sense if a read was stale that decided
    /// what became of a lost answer. Then the belief goes back to before that.
    pub(super) fn rollback_stale_read(&mut self, call: &Call, response: &Response) -> bool {
        let Some(write_only) = &self.unconfirmed.0 else { return false };
        let known = self.belief.at(&write_only.snapshot()).with_artifacts_of(&self.belief);
        let narrowed = std::mem::replace(&mut self.belief, known);
        self.schedule.pass(self.now, &mut self.belief);
        let allowed = self.belief.judge(call, response).allowed;
        if !allowed {
            self.belief = narrowed;
        }
        allowed
    }
}

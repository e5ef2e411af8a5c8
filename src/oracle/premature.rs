//! What is taken to be over because something worked that is refused meanwhile (F-044, F-071): if it shows later that it is not over,
//! that is what should have been refused.

use super::Oracle;
use crate::sequence::normalise;
use mrkspec_model::Possible;
use mrkspec_model::belief::{Judgement, Worlds};
use mrkspec_model::call::{Call, Operation};
use mrkspec_model::matching::{Mismatch, describe_response};
use mrkspec_model::outcome::Response;
use mrkspec_model::rules::{REP_015, UPR_034};
use mrkspec_model::step::addressed_state;
use mrkspec_model::world::KeyState;

/// Between what came and what should have come instead.
pub const MEANWHILE: &str = ": while it lasts that is ";

/// A success that was accepted only because what was seen to be under way may have ended.
pub(super) struct Premature {
    call: Call,
    came: Response,
    /// What was possible if it had not ended.
    worlds: Worlds,
    /// What the success breaks then.
    broken: Vec<Mismatch>,
}

impl Premature {
    /// Whether the member that this call names was being made or promoted, if it had not ended.
    fn concerns(&self, call: &Call) -> bool {
        let state = |p: Possible| addressed_state(&p.world, call);
        self.worlds.iter().filter_map(state).any(|s| matches!(s, KeyState::Creating | KeyState::Updating))
    }
}

impl Oracle {
    /// To be called before an accepted answer is taken in.
    pub(super) fn note_premature(&mut self, call: &Call, response: &Response) {
        if !matches!(response, Response::Success(_)) {
            return;
        }
        if call.op == Operation::DescribeKey {
            // It is over indeed.
            self.premature = self.premature.take().filter(|p| response.shows_under_way() || !p.concerns(call));
            return;
        }
        let begins = matches!(call.op, Operation::UpdatePrimaryRegion | Operation::ReplicateKey);
        match self.belief.while_under_way(call, response) {
            Some((worlds, judged)) if !judged.allowed => {
                let broken = judged.mismatches.into_iter().filter(|m| m.is_must() && m.path.is_empty()).collect();
                self.premature = Some(Premature { call: call.clone(), came: response.clone(), worlds, broken });
            }
            // What is under way from now on is something else.
            _ if begins => self.premature = None,
            _ => {}
        }
    }

    /// What is broken by an answer that deviates: where it shows that something is still under way that an earlier success has shown to
    /// be over, that success.
    pub fn blamed(&self, call: &Call, response: &Response, judgement: &Judgement) -> Vec<Mismatch> {
        let own = || judgement.mismatches.clone();
        let Some(premature) = self.premature.as_ref().filter(|p| !p.broken.is_empty()) else { return own() };
        // Not whether all of the answer fits: what the success has changed is in none of these worlds.
        if judgement.allowed || !response.shows_under_way() || !premature.concerns(call) {
            return own();
        }
        let rule = if shows_creating(response) { REP_015 } else { UPR_034 };
        let words = |m: &Mismatch| Mismatch {
            rule,
            path: "KeyMetadata.KeyState".into(),
            expected: format!(
                "over, since {} gave {}{MEANWHILE}{}",
                normalise::call(&premature.call),
                describe_response(&premature.came),
                m.expected
            ),
            observed: "still under way".into(),
            by: Some(premature.call.op),
        };
        premature.broken.iter().take(1).map(words).collect()
    }
}

fn shows_creating(response: &Response) -> bool {
    matches!(response, Response::Success(body) if body["KeyMetadata"]["KeyState"] == "Creating")
}

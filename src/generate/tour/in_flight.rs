//! Looking while a promotion or a replication is under way.

use super::node::MAIN;
use super::reach::{places, succeeds};
use super::walk::Walk;
use crate::generate::menu::offers;
use crate::generate::preferred::preferred_successor;
use mrkspec_model::call::{Call, Operation};
use mrkspec_model::situation::{OtherSide, Situation};
use mrkspec_model::step::step;
use mrkspec_model::world::KeyState;

/// Calls that are sent while a promotion may be under way.
const WINDOW: usize = 20;

impl Walk<'_> {
    /// Promotes and, while that may be under way, asks what the key-state table says about Updating;
    /// likewise for a replica that is being made.
    pub(super) fn look_while(&mut self, begin: Call, goal: &Situation) {
        let allowed = succeeds(&step(&self.world, &begin));
        if !allowed {
            return;
        }
        let moved = begin.clone();
        let busy_world = preferred_successor(&self.world, &begin, &step(&self.world, &begin));
        let reached = places(&busy_world, self.abilities)
            .iter()
            .flat_map(|p| offers(goal.op, p))
            .any(|c| busy_world.situation(&c).due(&step(&busy_world, &c)) == *goal);
        if !reached {
            return;
        }
        let look = match (moved.op, moved.text("ReplicaRegion")) {
            (Operation::ReplicateKey, Some(region)) => region.to_string(),
            _ => moved.region.to_string(),
        };
        self.send_now(begin);
        // It tells whether what follows meets a member that is under way.
        self.send_now(Call::new(Operation::DescribeKey, &look).key(&MAIN.into()));
        // What this is about comes before the window is full.
        if !matches!(goal.op, Operation::DisableKey | Operation::ScheduleKeyDeletion | Operation::ReplicateKey)
            && let Some(call) = self.call_in(goal)
        {
            self.send_now(call);
        }
        let end = self.steps.len() + WINDOW;
        let busy = |walk: &Self, call: &Call| {
            let met = walk.world.situation(call);
            let under_way = matches!(met.state, Some(KeyState::Updating | KeyState::Creating));
            let makes = met.op == Operation::ReplicateKey && met.other == OtherSide::NoMember;
            under_way && !makes && walk.is_fresh(call)
        };
        for op in self.operations.iter().copied() {
            // These have effect when what is under way is over: they come one by one, below.
            if matches!(op, Operation::DisableKey | Operation::ScheduleKeyDeletion) {
                continue;
            }
            while self.steps.len() < end {
                let Some(call) = self.find_open(op, busy) else { break };
                self.send_now(call);
            }
        }
        let whole = self.steps.len() < end;
        self.settle();
        if !whole {
            return;
        }
        self.be_still();
        for op in [Operation::DisableKey, Operation::ScheduleKeyDeletion, Operation::ReplicateKey] {
            if moved.op != Operation::UpdatePrimaryRegion {
                break;
            }
            // On the former primary, and on the new one.
            for _ in 0..2 {
                let Some(back) = self.promotion_back() else { break };
                let mut trial = self.world.clone();
                trial = preferred_successor(&trial, &back, &step(&trial, &back));
                let all = places(&trial, self.abilities);
                let found = all.iter().flat_map(|p| offers(op, p)).find(|c| {
                    let met = trial.situation(c);
                    met.state == Some(KeyState::Updating) && self.covered.is_goal(&met.due(&step(&trial, c)))
                });
                let Some(call) = found else { break };
                self.send_now(back);
                let region = call.region.to_string();
                self.send_now(call);
                self.settle();
                let again = |op| Call::new(op, &region).key(&MAIN.into());
                if op == Operation::ScheduleKeyDeletion {
                    self.send(again(Operation::CancelKeyDeletion));
                }
                if op == Operation::ReplicateKey {
                    // Whether there is another member now depends on the endpoint.
                    self.over = true;
                    return;
                }
                self.send(again(Operation::EnableKey));
            }
        }
    }

    pub(super) fn promotion_back(&self) -> Option<Call> {
        self.find(Operation::UpdatePrimaryRegion, |walk, call| succeeds(&step(&walk.world, call)))
    }
}

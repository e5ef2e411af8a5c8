//! What to send next: what is new, and what leads there.

use super::node::{clear, settled};
use super::reach::{CHANGES, is_possible, places, succeeds};
use super::walk::Walk;
use crate::generate::menu::{Place, offers, own_policy, policies};
use crate::generate::preferred::preferred_successor;
use mrkspec_model::World;
use mrkspec_model::call::{Call, Operation};
use mrkspec_model::outcome::Outcome;
use mrkspec_model::situation::{Role, Situation};
use mrkspec_model::step::step;

/// No sequence has many more calls than this.
const LONGEST: usize = 290;

impl Walk<'_> {
    /// Sends everything new that changes nothing: reads, then refusals.
    pub(super) fn be_still(&mut self) {
        self.read();
        for op in self.operations.iter().copied().filter(|op| !op.is_read()) {
            while self.steps.len() < LONGEST {
                let next = self.find_open(op, |walk, call| {
                    if !walk.is_fresh(call) {
                        return false;
                    }
                    let outcomes = step(&walk.world, call);
                    !succeeds(&outcomes) && unchanged(&walk.world, &outcomes)
                });
                let Some(call) = next else { break };
                self.send(call);
                // A promotion that was refused must have changed nothing, and so on.
                self.read();
            }
        }
    }

    /// Sends every read that is new.
    pub(super) fn read(&mut self) {
        let first = [Operation::DescribeKey, Operation::Encrypt, Operation::Sign, Operation::GenerateMac];
        let rest = self.operations.iter().copied().filter(|op| op.is_read() && !first.contains(op));
        let order: Vec<Operation> = first.into_iter().filter(|op| self.operations.contains(op)).chain(rest).collect();
        for op in order {
            while let Some(call) = self.find_open(op, |walk, call| walk.is_fresh(call)) {
                if self.steps.len() >= LONGEST {
                    return;
                }
                self.send(call);
            }
        }
    }

    /// The first call of an operation that fits, at any place.
    pub(super) fn find(&self, op: Operation, fits: impl Fn(&Self, &Call) -> bool) -> Option<Call> {
        let all = places(&self.world, self.abilities);
        all.iter().flat_map(|place| offers(op, place)).find(|call| fits(self, call))
    }

    /// The same, only where something is still to be covered.
    pub(super) fn find_open(&self, op: Operation, fits: impl Fn(&Self, &Call) -> bool) -> Option<Call> {
        let anywhere = [Role::Absent, Role::None].iter().any(|role| self.covered.is_open((op, *role, None)));
        let all = places(&self.world, self.abilities);
        let open =
            all.iter().filter(|p| anywhere || self.covered.is_open((op, role(p), p.family.effective_state(p.region))));
        open.flat_map(|place| offers(op, place)).find(|call| fits(self, call))
    }

    /// A change that is allowed here and covers something new. Keys are never made, and never
    /// shut, by the way.
    pub(super) fn fresh_change(&self) -> Option<Call> {
        for op in self.changes().filter(|op| *op != Operation::ReplicateKey) {
            let found = self.find_open(op, |walk, call| {
                let open = call.op != Operation::PutKeyPolicy || is_open_policy(call);
                open && walk.is_fresh(call) && walk.is_clear(call)
            });
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// A call that is in just this situation now.
    pub(super) fn call_in(&self, wanted: &Situation) -> Option<Call> {
        self.find(wanted.op, |walk, call| walk.world.situation(call).due(&step(&walk.world, call)) == *wanted)
    }

    /// A change in a situation like this one, whether or not it is new itself.
    pub(super) fn change_like(&self, via: &Situation) -> Option<Call> {
        self.find(via.op, |walk, call| walk.is_like(call, via))
    }

    /// A change like this one after which the wanted situation can be met.
    pub(super) fn change_towards(&self, via: &Situation, wanted: &Situation) -> Option<Call> {
        let leads = |walk: &Self, call: &Call| {
            let next = settled(preferred_successor(&walk.world, call, &step(&walk.world, call)));
            let all = places(&next, walk.abilities);
            let mut calls = all.iter().flat_map(|p| offers(wanted.op, p));
            calls.any(|c| next.situation(&c) == wanted.undecided())
        };
        let like = |walk: &Self, call: &Call| walk.is_like(call, via) && leads(walk, call);
        self.find(via.op, like).or_else(|| self.find(via.op, leads))
    }

    pub(super) fn is_like(&self, call: &Call, via: &Situation) -> bool {
        let met = self.world.situation(call);
        let same = (met.role, met.state, met.other) == (via.role, via.state, via.other);
        let asked = (met.variant, met.caller) == (via.variant, via.caller);
        same && asked && met.due(&step(&self.world, call)).due == via.due
    }

    /// Whether sending the call now would cover something new.
    pub(super) fn is_fresh(&self, call: &Call) -> bool {
        let met = self.world.situation(call);
        if met.policy.is_plain() {
            return !self.covered.situations.contains(&met);
        }
        !self.covered.situations.contains(&met.due(&step(&self.world, call)))
    }

    /// Whether a call succeeds and leaves no doubt about the key states afterwards.
    pub(super) fn is_clear(&self, call: &Call) -> bool {
        let outcomes = step(&self.world, call);
        clear(&self.world, call, &outcomes).is_some()
            || (call.op == Operation::RotateKeyOnDemand && is_possible(&outcomes))
    }

    pub(super) fn changes(&self) -> impl Iterator<Item = Operation> + '_ {
        CHANGES.iter().copied().filter(|op| self.operations.contains(op))
    }

    /// Whether a change is allowed and neither makes keys nor shuts anybody out.
    pub(super) fn is_harmless(&self, call: &Call) -> bool {
        call.op != Operation::ReplicateKey && is_open_policy(call) && is_possible(&step(&self.world, call))
    }
}

/// The role of the member at a place.
fn role(place: &Place) -> Role {
    match () {
        () if !place.family.members.contains_key(place.region) => Role::Absent,
        () if !place.family.multi_region => Role::Single,
        () if *place.family.primary == *place.region => Role::Primary,
        () => Role::Replica,
    }
}

/// Whether none of the outcomes changes anything that counts.
fn unchanged(world: &World, outcomes: &[Outcome]) -> bool {
    let plain = |w: &World| {
        w.families.iter().map(|(n, f)| (n.clone(), f.members.clone(), f.primary.clone())).collect::<Vec<_>>()
    };
    let before = plain(world);
    outcomes.iter().all(|o| plain(&o.next) == before && o.next.aliases == world.aliases)
}

/// True unless the call puts a policy other than one that delegates everything to the account.
pub(super) fn is_open_policy(call: &Call) -> bool {
    match (call.op, call.text("Policy")) {
        (Operation::PutKeyPolicy, Some(text)) => text == policies()[0] || text == own_policy(&call.region),
        _ => true,
    }
}

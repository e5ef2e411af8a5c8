//! Sequences about policies, and about grants to another principal.

use super::cover::Walker;
use super::covered::Covered;
use super::kinds::multi_region;
use super::node::{HOMES, MAIN};
use super::reach::{Goal, JUDGED, is_possible, places};
use super::walk::{MOST, Walk};
use crate::generate::menu::{Abilities, offers, policies};
use crate::generate::preferred::preferred_successor;
use crate::sequence::Sequence;
use mrkspec_model::Possible;
use mrkspec_model::call::{Arg, Call, Caller, Operation};
use mrkspec_model::situation::Situation;
use mrkspec_model::step::step;
use mrkspec_model::world::Name;
use serde_json::json;

/// Grants to the limited principal: of each kind, on its member and elsewhere, before and after a
/// promotion, and when it is revoked.
pub(super) fn cover_grants(
    abilities: Abilities,
    covered: &mut Covered,
    sequences: &mut Vec<Sequence>,
    reachable: &mut Vec<Situation>,
) {
    let mut walk = Walk::new(&[], abilities, covered);
    walk.make(&multi_region(), 2);
    for (i, grant) in walk.grants_to_limited(HOMES[0]).into_iter().enumerate() {
        let given: Name = format!("g{i}").into();
        walk.meet(Call { name: given.clone(), ..grant }, reachable);
        for home in &HOMES[..2] {
            for call in walk.asked_by_limited(home) {
                walk.meet(call, reachable);
            }
        }
        if i == 0 {
            walk.promote_to(HOMES[1]);
            for call in walk.asked_by_limited(HOMES[0]) {
                walk.meet(call, reachable);
            }
        }
        let revoked = Call::new(Operation::RevokeGrant, HOMES[0]).key(&MAIN.into());
        walk.meet(revoked.with("GrantId", Arg::Result { step: given, damaged: false }), reachable);
        for call in walk.asked_by_limited(HOMES[0]).into_iter().take(1) {
            walk.meet(call, reachable);
        }
    }
    sequences.push(walk.finish(format!("tour/{:03}", sequences.len() + 1), "grants to another principal"));
}

impl Walker<'_> {
    /// Sequences that put one policy after the other.
    pub(super) fn cover_policies(&self, goals: &[Goal], covered: &mut Covered, sequences: &mut Vec<Sequence>) {
        let open = |covered: &Covered| {
            let policies = goals.iter().filter(|g| !g.situation.policy.is_plain());
            policies.filter(|g| !covered.situations.contains(&g.situation)).count()
        };
        let mut before = usize::MAX;
        while open(covered) > 0 && open(covered) < before {
            before = open(covered);
            covered.aim(goals.iter().map(|g| g.situation));
            let mut walk = Walk::new(&self.kind.operations, self.abilities, covered);
            walk.make(&multi_region(), self.kind.members);
            walk.provide();
            walk.go_through_policies(MOST);
            walk.ask_about_roles();
            sequences.push(walk.finish(format!("tour/{:03}", sequences.len() + 1), "policies on either side"));
        }
    }
}

impl Walk<'_> {
    /// Puts each policy on each side in turn, asks what it is about, and takes it away again.
    pub(super) fn go_through_policies(&mut self, most: usize) {
        let limited = self.abilities.limited;
        for document in policies().iter().filter(|p| limited || !p.contains("{limited}")) {
            for home in &HOMES[..2] {
                if !self.is_member(home) || self.steps.len() > most {
                    continue;
                }
                let mut trial = self.world.clone();
                trial = preferred_successor(&trial, &put(home, document), &step(&trial, &put(home, document)));
                let any = JUDGED.iter().any(|op| self.new_in(&trial, *op).is_some());
                if !any {
                    continue;
                }
                self.send(put(home, document));
                for op in JUDGED {
                    while let Some(call) = self.new_in(&self.world, op) {
                        self.send(call);
                        self.read();
                    }
                }
                self.send(put(home, &policies()[0]));
            }
        }
    }

    /// Promotes, and asks again what policies say that go by the role of a member: it is another now.
    fn ask_about_roles(&mut self) {
        self.promote_to(HOMES[1]);
        for document in policies().iter().filter(|p| p.contains("kms:MultiRegionKeyType")) {
            for home in &HOMES[..2] {
                self.send(put(home, document));
                let encrypt = self.offered(Operation::Encrypt, home).into_iter().next();
                encrypt.into_iter().for_each(|call| self.send(call));
                self.send(put(home, &policies()[0]));
            }
        }
    }

    /// A call of this operation that a policy has something new to say about. No key is made.
    pub(super) fn new_in(&self, world: &Possible, op: Operation) -> Option<Call> {
        let all = places(world, self.abilities);
        let mut calls = all.iter().flat_map(|place| offers(op, place));
        calls.find(|call| {
            let met = world.situation(call);
            if met.policy.is_plain() {
                return false;
            }
            let outcomes = step(world, call);
            let makes = op == Operation::ReplicateKey && is_possible(&outcomes);
            !makes && !self.covered.situations.contains(&met.due(&outcomes))
        })
    }

    /// A grant of each kind to the limited principal, on this member.
    pub(super) fn grants_to_limited(&self, region: &str) -> Vec<Call> {
        let offered = self.offered(Operation::CreateGrant, region);
        offered.into_iter().filter(|c| c.text("GranteePrincipal") == Some("{limited}")).collect()
    }

    /// What the limited principal may encrypt with this member.
    pub(super) fn asked_by_limited(&self, region: &str) -> Vec<Call> {
        let offered = self.offered(Operation::Encrypt, region);
        offered.into_iter().filter(|c| c.caller == Caller::Limited).collect()
    }

    pub(super) fn offered(&self, op: Operation, region: &str) -> Vec<Call> {
        let all = places(&self.world, self.abilities);
        all.iter().filter(|p| *p.region == *region).flat_map(|p| offers(op, p)).collect()
    }
}

/// The call that puts a policy, whatever it shuts out.
fn put(region: &str, document: &str) -> Call {
    let call = Call::new(Operation::PutKeyPolicy, region).key(&MAIN.into()).with("Policy", Arg::Json(json!(document)));
    call.with("BypassPolicyLockoutSafetyCheck", Arg::Json(json!(true)))
}

//! What each change leaves alone. After every kind of event everything is read that every member of a large family
//! has: a tour that looks only where something changed does not see what was lost elsewhere.

use super::covered::Covered;
use super::kinds::{external, multi_region};
use super::node::{HOMES, MAIN, Move};
use super::walk::Walk;
use crate::generate::menu::{Abilities, REGIONS};
use crate::sequence::{Action, Sequence, Step};
use mrkspec_model::Possible;
use mrkspec_model::call::{Arg, Call, Operation};
use serde_json::json;
use std::time::Duration;

/// What shows everything that a member has.
const LOOKS: [Operation; 7] = [
    Operation::DescribeKey,
    Operation::GetKeyPolicy,
    Operation::ListResourceTags,
    Operation::ListAliases,
    Operation::ListGrants,
    Operation::GetKeyRotationStatus,
    Operation::ListKeyRotations,
];

/// Sequences that change one thing and then look at all.
pub(super) fn frames(abilities: Abilities, covered: &mut Covered, sequences: &mut Vec<Sequence>) {
    let every: Vec<Operation> = Operation::ALL.to_vec();
    let generated: [&dyn Fn(&mut Framed); 3] = [&switched, &dying, &promoted];
    let imported: [&dyn Fn(&mut Framed); 2] = [&new_material, &expiring];
    let all = generated.iter().map(|e| (false, e)).chain(imported.iter().map(|e| (true, e)));
    for (imports, events) in all {
        let mut framed = Framed { walk: Walk::new(&every, abilities, covered), sealed: Vec::new(), imports };
        framed.make();
        events(&mut framed);
        let number = sequences.len() + 1;
        sequences.push(framed.walk.finish(format!("tour/{number:03}"), "what a change leaves alone"));
    }
}

/// A sequence about a family whose members have everything.
struct Framed<'t> {
    walk: Walk<'t>,
    /// The ciphertexts: of the first material, and of each later one.
    sealed: Vec<String>,
    imports: bool,
}

fn on(op: Operation, region: &str) -> Call {
    Call::new(op, region).key(&MAIN.into())
}

fn to(op: Operation, region: &str, to: &str) -> Call {
    let member = if op == Operation::ReplicateKey { "ReplicaRegion" } else { "PrimaryRegion" };
    on(op, region).with(member, Arg::Json(json!(to)))
}

fn deletion(region: &str) -> Call {
    on(Operation::ScheduleKeyDeletion, region).with("PendingWindowInDays", Arg::Json(json!(9)))
}

impl Framed<'_> {
    fn make(&mut self) {
        let described = Arg::Json(json!("made first"));
        let create = if self.imports { external(true) } else { multi_region() }.with("Description", described);
        self.walk.make(&create, 1);
        if self.imports {
            self.import(HOMES[0]);
        }
        self.seal();
        for home in &HOMES[1..] {
            self.walk.send(to(Operation::ReplicateKey, HOMES[0], home));
            if self.imports {
                self.import(home);
            }
        }
        // Attributes of each member, and a rotation where there is something to rotate to.
        self.walk.adorn();
        if !self.imports {
            self.seal();
        }
        self.look();
    }

    /// Makes a ciphertext of the present material.
    fn seal(&mut self) {
        let name = format!("c{}", self.sealed.len());
        let primary = self.walk.world.family(MAIN).map(|f| f.primary.clone()).expect("the family was made");
        let call = on(Operation::Encrypt, &primary).with("Plaintext", Arg::Bytes(name.clone().into_bytes()));
        self.walk.send(Call { name: name.as_str().into(), ..call });
        self.sealed.push(name);
    }

    fn import(&mut self, region: &str) {
        let number = self.walk.steps.len();
        let home = HOMES.iter().position(|h| *h == region).expect("a home");
        for call in Move::Import(home).calls(&format!("p{number}").as_str().into()) {
            self.walk.send(call);
        }
    }

    /// Sends what changes something, and looks at everything.
    fn after(&mut self, call: Call) {
        self.walk.send(call);
        self.look();
    }

    fn look(&mut self) {
        let family = self.walk.world.family(MAIN).expect("the family was made");
        let regions: Vec<_> = family.members.keys().cloned().collect();
        for region in &regions {
            for op in LOOKS {
                let call = on(op, region);
                let all = self.imports && op == Operation::ListKeyRotations;
                let call =
                    if all { call.with("IncludeKeyMaterial", Arg::Json(json!("ALL_KEY_MATERIAL"))) } else { call };
                self.walk.send(call);
            }
            let ends = [self.sealed.first(), self.sealed.last().filter(|_| self.sealed.len() > 1)];
            for name in ends.into_iter().flatten() {
                let sealed = Arg::Result { step: name.as_str().into(), damaged: false };
                self.walk.send(on(Operation::Decrypt, region).with("CiphertextBlob", sealed));
            }
        }
    }

    /// Waits until a member must be gone, looks, and makes another in its place; where days are long, nothing.
    fn gone_and_made_again(&mut self, region: &str) {
        if !self.walk.abilities.short_days {
            return;
        }
        let text = format!("gone {MAIN}@{region}");
        self.walk.steps.push(Step { text, action: Action::Until(MAIN.into(), region.into()) });
        self.walk.world.world.member_mut(MAIN, region).due = true;
        let is_gone = |world: &Possible| world.family(MAIN).is_some_and(|f| !f.members.contains_key(region));
        self.walk.world = self.walk.world.settle_steps().into_iter().find(is_gone).expect("its deletion is pending");
        self.look();
        self.after(to(Operation::ReplicateKey, HOMES[0], region));
    }
}

fn switched(f: &mut Framed) {
    use Operation::{DisableKey, EnableKey, RotateKeyOnDemand};
    for region in [HOMES[1], HOMES[0]] {
        f.after(on(DisableKey, region));
        f.after(on(EnableKey, region));
    }
    f.walk.send(on(RotateKeyOnDemand, HOMES[0]));
    f.seal();
    f.look();
}

fn dying(f: &mut Framed) {
    use Operation::{CancelKeyDeletion, EnableKey};
    f.walk.send(to(Operation::ReplicateKey, HOMES[0], REGIONS[3]));
    f.walk.adorn();
    f.after(deletion(REGIONS[3]));
    f.after(on(CancelKeyDeletion, REGIONS[3]));
    f.walk.send(on(EnableKey, REGIONS[3]));
    f.after(deletion(REGIONS[3]));
    f.gone_and_made_again(REGIONS[3]);
}

fn promoted(f: &mut Framed) {
    let promote = |from: &str, there: &str| to(Operation::UpdatePrimaryRegion, from, there);
    f.after(to(Operation::ReplicateKey, HOMES[0], REGIONS[3]));
    f.walk.adorn();
    f.after(promote(HOMES[0], HOMES[1]));
    f.after(promote(HOMES[1], HOMES[2]));
    f.after(promote(HOMES[2], HOMES[0]));
    f.after(promote(HOMES[0], REGIONS[3]));
}

fn new_material(f: &mut Framed) {
    use Operation::{DisableKey, EnableKey, UpdatePrimaryRegion};
    f.after(on(DisableKey, HOMES[1]));
    f.after(on(EnableKey, HOMES[1]));
    f.after(to(UpdatePrimaryRegion, HOMES[0], HOMES[1]));
    f.after(to(UpdatePrimaryRegion, HOMES[1], HOMES[0]));
    f.after(deletion(HOMES[2]));
    f.after(on(Operation::CancelKeyDeletion, HOMES[2]));
    f.walk.send(on(EnableKey, HOMES[2]));
    f.after(on(Operation::DeleteImportedKeyMaterial, HOMES[2]));
    f.import(HOMES[2]);
    f.look();
}

/// Material of one member with an end, and what the others say of it.
fn expiring(f: &mut Framed) {
    let month = Arg::In(Duration::from_secs(30 * 86_400));
    let number = f.walk.steps.len();
    let mut calls = Move::Import(1).calls(&format!("p{number}").as_str().into());
    if let Some(call) = calls.pop() {
        calls.push(call.with("ExpirationModel", Arg::Json(json!("KEY_MATERIAL_EXPIRES"))).with("ValidTo", month));
    }
    for call in calls {
        f.walk.send(call);
    }
    f.look();
    f.after(to(Operation::UpdatePrimaryRegion, HOMES[0], HOMES[1]));
    f.after(on(Operation::DisableKey, HOMES[0]));
    f.after(on(Operation::EnableKey, HOMES[0]));
}

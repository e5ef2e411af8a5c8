//! What each change leaves alone. After every kind of event everything is read that every member of a large family
//! has: a tour that looks only where something changed does not see what was lost elsewhere.

mod events;

use super::covered::Covered;
use super::kinds::{external, multi_region};
use super::node::{HOMES, MAIN, Move};
use super::walk::Walk;
use crate::generate::menu::Abilities;
use crate::sequence::{Action, Sequence, Step};
use mrkspec_model::Possible;
use mrkspec_model::call::{Arg, Call, KeyForm, KeyRef, Operation};
use mrkspec_model::world::{Imported, Name, Region};
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

/// The import of the second material instead of the first.
fn second(call: Call) -> Call {
    let parameters = call.args.get("ImportToken").and_then(|arg| match arg {
        Arg::Result { step, .. } => Some(step.clone()),
        _ => None,
    });
    call.with("EncryptedKeyMaterial", Arg::Material { name: "n".into(), step: parameters.unwrap_or_default() })
}

/// Sequences that change one thing and then look at all.
pub(super) fn frames(abilities: Abilities, covered: &mut Covered, sequences: &mut Vec<Sequence>) {
    let every: Vec<Operation> = Operation::ALL.to_vec();
    for (imports, events) in events::ALL {
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

fn deletion(region: &str, days: u32) -> Call {
    on(Operation::ScheduleKeyDeletion, region).with("PendingWindowInDays", Arg::Json(json!(days)))
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
        // Attributes of each member, an alias that no other has, and a rotation where there is something to rotate to.
        self.walk.adorn();
        for (i, home) in HOMES.into_iter().enumerate() {
            let alias = Arg::AliasName(format!("only-{i}").as_str().into());
            let named = Call::new(Operation::CreateAlias, home).with("AliasName", alias);
            self.walk.send(named.with("TargetKeyId", Arg::Key(KeyRef { name: MAIN.into(), form: KeyForm::Id })));
        }
        if !self.imports {
            self.seal();
        }
        self.look();
    }

    /// Makes a ciphertext of the present material.
    fn seal(&mut self) {
        let name = format!("c{}", self.sealed.len());
        let call = on(Operation::Encrypt, &self.primary()).with("Plaintext", Arg::Bytes(name.clone().into_bytes()));
        self.walk.send(Call { name: name.as_str().into(), ..call });
        self.sealed.push(name);
    }

    /// The first material, for ever.
    fn import(&mut self, region: &str) {
        self.import_with(region, |call| call);
    }

    /// The first material, until so many days from now.
    fn import_for(&mut self, region: &str, days: u64) {
        self.import_until(region, Duration::from_secs(days * 86_400));
    }

    fn import_until(&mut self, region: &str, time: Duration) {
        let expires = Arg::Json(json!("KEY_MATERIAL_EXPIRES"));
        self.import_with(region, |c| c.with("ExpirationModel", expires.clone()).with("ValidTo", Arg::In(time)));
    }

    fn import_with(&mut self, region: &str, change: impl Fn(Call) -> Call) {
        let parameters: Name = format!("p{:03}", self.walk.steps.len() + 1).as_str().into();
        for call in Move::Import(0).calls(&parameters) {
            let call = Call { region: region.into(), ..call };
            self.walk.send(if call.op == Operation::ImportKeyMaterial { change(call) } else { call });
        }
    }

    /// A second material for every member, the primary's first; it waits for a rotation.
    fn import_second(&mut self) {
        let primary = self.primary();
        let new = Arg::Json(json!("NEW_KEY_MATERIAL"));
        self.import_with(&primary, |call| second(call).with("ImportType", new.clone()));
        for region in self.regions().into_iter().filter(|r| *r != primary) {
            self.import_second_to(&region);
        }
    }

    fn import_second_to(&mut self, region: &str) {
        self.import_with(region, second);
    }

    fn primary(&self) -> Region {
        self.walk.world.family(MAIN).map(|f| f.primary.clone()).expect("the family was made")
    }

    fn regions(&self) -> Vec<Region> {
        self.walk.world.family(MAIN).into_iter().flat_map(|f| f.members.keys().cloned()).collect()
    }

    /// Sends what changes something, and looks at everything.
    fn after(&mut self, call: Call) {
        self.walk.send(call);
        self.look();
    }

    fn look(&mut self) {
        for region in &self.regions() {
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

    /// Waits until the material of a member must have expired, and looks.
    fn expired(&mut self, region: &str) {
        let text = format!("expired {MAIN}@{region}");
        self.walk.steps.push(Step { text, action: Action::Until(MAIN.into(), region.into()) });
        let held = &mut self.walk.world.world.member_mut(MAIN, region).held;
        held.values_mut().filter(|i| **i == Imported::Expiring).for_each(|i| *i = Imported::Due);
        let still = |world: &Possible| {
            let member = world.family(MAIN).and_then(|f| f.members.get(region));
            member.is_some_and(|m| !m.held.values().any(|i| *i == Imported::Due))
        };
        self.walk.world = self.walk.world.settle_steps().into_iter().find(still).expect("its material expires");
        self.look();
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
        let primary = self.primary();
        self.after(to(Operation::ReplicateKey, &primary, region));
    }
}

//! Walks that make the keys of a sequence, and what later calls need.

use super::node::{BESIDE, HOMES, MAIN, Move};
use super::reach::{is_possible, places, succeeds};
use super::walk::Walk;
use crate::generate::menu::{REGIONS, offers};
use mrkspec_model::call::{Arg, Call, KeyForm, KeyRef, Operation};
use mrkspec_model::step::step;
use mrkspec_model::world::{Artifact, KeyState};
use serde_json::json;

impl Walk<'_> {
    /// Makes the main family: CreateKey, and a replica in each further home.
    pub(super) fn make(&mut self, create: &Call, members: usize) {
        self.send(Call { name: MAIN.into(), ..create.clone() });
        self.replicate(members);
    }

    /// The same, with a grant that is there before the first replica.
    pub(super) fn make_with_grant(&mut self, create: &Call, members: usize) {
        self.make(create, 1);
        if let Some(call) = self.find(Operation::CreateGrant, |walk, call| walk.is_clear(call)) {
            self.send(call);
        }
        self.replicate(members);
    }

    /// Promotes a replica, unless it is the primary.
    pub(super) fn promote_to(&mut self, region: &str) {
        let Some(primary) = self.world.family(MAIN).map(|f| f.primary.clone()).filter(|p| **p != *region) else {
            return;
        };
        let to = Arg::Json(json!(region));
        self.send(Call::new(Operation::UpdatePrimaryRegion, &primary).key(&MAIN.into()).with("PrimaryRegion", to));
    }

    /// The same for pairs of changes: with a grant and an alias that are there before the first replica, as many
    /// replicas as there are Regions, and another change after each.
    pub(super) fn make_with_pairs(&mut self, create: &Call, members: usize) {
        self.send(Call { name: MAIN.into(), ..create.clone() });
        for op in [Operation::CreateGrant, Operation::CreateAlias] {
            if let Some(call) = self.find(op, |walk, call| walk.is_clear(call)) {
                self.send(call);
            }
        }
        for region in &REGIONS[1..] {
            let primary = self.world.family(MAIN).map(|f| f.primary.clone()).expect("the family was made");
            let to = Arg::Json(json!(region));
            let call = Call::new(Operation::ReplicateKey, &primary).key(&MAIN.into()).with("ReplicaRegion", to);
            let needed = !self.is_member(region) && (self.is_open_after_replication() || self.members() < members);
            if needed && succeeds(&step(&self.world, &call)) {
                self.send(call);
                self.pair_with_replication();
            }
        }
    }

    pub(super) fn members(&self) -> usize {
        self.world.family(MAIN).map_or(0, |f| f.members.len())
    }

    /// Whether some change was not yet made right after a replication.
    pub(super) fn is_open_after_replication(&self) -> bool {
        self.changes().any(|op| !self.covered.pairs.contains(&(Operation::ReplicateKey, op)))
    }

    pub(super) fn replicate(&mut self, members: usize) {
        for home in &HOMES[1..members] {
            self.replicate_to(home);
        }
    }

    pub(super) fn replicate_to(&mut self, region: &str) {
        let to = Arg::Json(json!(region));
        self.send(Call::new(Operation::ReplicateKey, HOMES[0]).key(&MAIN.into()).with("ReplicaRegion", to));
    }

    /// Makes a key beside the main family, a ciphertext of it, and an alias that can be moved away.
    pub(super) fn make_beside(&mut self, create: &Call) {
        self.send(Call { name: BESIDE.into(), ..create.clone() });
        let plaintext = Arg::Bytes(b"beside".to_vec());
        self.send(Call::new(Operation::Encrypt, HOMES[0]).key(&BESIDE.into()).with("Plaintext", plaintext));
        let alias = Arg::AliasName("shared".into());
        let target = Arg::Key(KeyRef { name: BESIDE.into(), form: KeyForm::Id });
        self.send(Call::new(Operation::CreateAlias, HOMES[0]).with("TargetKeyId", target).with("AliasName", alias));
    }

    /// Makes a family whose material is imported, in one member after the other, with looks
    /// before and after each. What waits for material cannot be replicated (F-046).
    pub(super) fn make_and_import(&mut self, create: &Call, members: usize) {
        self.make(create, 1);
        self.be_still();
        for (i, home) in HOMES.iter().take(members).enumerate() {
            if i > 0 {
                self.replicate_to(home);
                self.be_still();
            }
            let parameters = format!("p{:03}", self.steps.len() + 1).into();
            for call in Move::Import(i).calls(&parameters) {
                self.send(call);
                self.be_still();
            }
        }
        self.provide();
        self.renew_parameters();
    }

    /// Fetches parameters for import for every member that has none that are unspent.
    pub(super) fn renew_parameters(&mut self) {
        for place in places(&self.world.clone(), self.abilities) {
            let unspent = place.world.artifacts.iter().any(|(_, a)| match a {
                Artifact::Parameters { family, region, spent, .. } => {
                    family == place.name && **region == *place.region && !spent
                }
                _ => false,
            });
            let call = offers(Operation::GetParametersForImport, &place).into_iter().next();
            if let Some(call) = call.filter(|c| !unspent && is_possible(&step(&self.world, c))) {
                self.send(call);
            }
        }
    }

    /// Makes what later calls need: a ciphertext, a signature, a MAC, a public key.
    pub(super) fn provide(&mut self) {
        for op in [Operation::Encrypt, Operation::Sign, Operation::GenerateMac, Operation::GetPublicKey] {
            let all = places(&self.world, self.abilities);
            let made = all.iter().take(1).flat_map(|p| offers(op, p)).find(|c| succeeds(&step(&self.world, c)));
            if let Some(call) = made {
                self.send(call);
            }
        }
    }

    /// Gives every enabled member a tag, a policy, an alias, a grant and a description of its own,
    /// where it has none, and the family a rotation.
    pub(super) fn adorn(&mut self) {
        let mut calls = Vec::new();
        for place in places(&self.world, self.abilities) {
            let Some(member) = place.family.members.get(place.region) else { continue };
            if member.state != KeyState::Enabled {
                continue;
            }
            let alias = self.world.aliases.iter().any(|((r, _), f)| **r == *place.region && &**f == MAIN);
            let wanted = [
                (member.tags.is_empty(), Operation::TagResource, 0),
                (member.policy.is_none(), Operation::PutKeyPolicy, 0),
                (!alias, Operation::CreateAlias, 0),
                (member.grants.is_empty(), Operation::CreateGrant, 0),
                // One that can be retired.
                (member.grants.len() < 2, Operation::CreateGrant, 1),
                (member.description.is_empty(), Operation::UpdateKeyDescription, 0),
            ];
            for (missing, op, nth) in wanted {
                let call = offers(op, &place).into_iter().nth(nth);
                calls.extend(call.filter(|_| missing && self.operations.contains(&op)));
            }
            let rotates =
                self.operations.contains(&Operation::RotateKeyOnDemand) && *place.family.primary == *place.region;
            if rotates && !place.family.rotation_enabled {
                calls.extend(offers(Operation::EnableKeyRotation, &place).into_iter().nth(1));
            }
            if rotates && !place.family.rotations.any() {
                calls.extend(offers(Operation::RotateKeyOnDemand, &place).into_iter().next());
            }
        }
        for call in calls {
            // One change can stand in the way of another: only what still works is sent.
            if is_possible(&step(&self.world, &call)) {
                self.send(call);
            }
        }
    }
}

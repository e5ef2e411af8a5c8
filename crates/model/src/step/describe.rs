//! DescribeKey, and KeyMetadata wherever it appears.

use super::resolve::{key, state_gate};
use crate::bindings::Slot;
use crate::call::Call;
use crate::outcome::{Aspect, Check, Form, Matcher, Outcome, Refusals, UnderWay};
use crate::world::{Family, Imported, KeyState, Name, Region, World};
use serde_json::json;
use std::collections::BTreeSet;

/// The part of KeyMetadata that a transient may change.
pub struct View {
    pub state: Vec<KeyState>,
    pub key_type: Matcher,
    /// Regions that may be named as the primary's.
    pub primary: Vec<Region>,
    pub replicas: Matcher,
}

impl View {
    /// The view of a settled family whose primary is in `primary`.
    pub fn settled(name: &Name, family: &Family, region: &Region, primary: &Region) -> View {
        let state = family.members[region].state;
        let replicas = family.members.keys().filter(|r| *r != primary).cloned().collect();
        let key_type = if region == primary { "PRIMARY" } else { "REPLICA" };
        View {
            state: vec![state],
            key_type: Matcher::Is(json!(key_type)),
            primary: vec![primary.clone()],
            replicas: Matcher::Members(name.clone(), replicas),
        }
    }

    /// What the old and the new primary may show while Updating (F-035, F-071).
    fn updating(name: &Name, family: &Family, from: &Region, to: &Region) -> View {
        View {
            state: vec![KeyState::Updating],
            key_type: Matcher::OneOf(vec![json!("PRIMARY"), json!("REPLICA")]),
            primary: vec![from.clone(), to.clone()],
            replicas: Matcher::SomeMembers(name.clone(), family.members.keys().cloned().collect()),
        }
    }
}

/// DescribeKey (F-028, F-033 to F-036, F-071).
pub fn describe_key(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    state_gate(call, &target, &mut refusals);
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    let (name, family, region) = (&target.name, target.family, &target.region);
    let success = |view: View, next: World| {
        let mut checks = metadata("KeyMetadata", name, family, region, &view);
        let made = Slot::Created(family.members[region].made_by.clone());
        let same = Matcher::Optional(Box::new(Matcher::Same(made)));
        checks.push(Check::new("KeyMetadata.CreationDate", same, Aspect::CreationDate));
        if let ([KeyState::PendingDeletion], Some(step)) = (&view.state[..], &family.members[region].scheduled_by) {
            let same = Matcher::Optional(Box::new(Matcher::Same(Slot::DeletionDate(step.clone()))));
            checks.push(Check::new("KeyMetadata.DeletionDate", same, Aspect::DeletionClock));
        }
        Outcome::success(next, checks)
    };
    let mut settled = View::settled(name, family, region, &family.primary);
    let creating = family.members[region].state == KeyState::Creating;
    let mut outcomes = Vec::new();
    if family.members.values().any(|m| m.state == KeyState::Creating) {
        // A replica that is being made need not be listed everywhere yet (F-077).
        settled.replicas = Matcher::SomeMembers(name.clone(), family.members.keys().cloned().collect());
    }
    if let Some(promotion) = &family.promotion {
        let (from, to) = (&promotion.from, &promotion.to);
        outcomes.push(success(View::settled(name, family, region, from), world.clone()).transient());
        let view = View::updating(name, family, from, to);
        let mut outcome = success(view, world.clone()).showing(name, UnderWay::Promotion);
        if region != from
            && region != to
            && let crate::outcome::Answer::Success(checks) = &mut outcome.answer
        {
            let own = json!(family.members[region].state.name());
            checks.push(Check::new("KeyMetadata.KeyState", Matcher::Is(own), Aspect::BystanderState));
        }
        outcomes.push(outcome.transient());
    }
    let mut last = success(settled, world.clone());
    if creating {
        last = last.showing(name, UnderWay::Creating(region.clone()));
    }
    outcomes.push(if family.is_settled() { last } else { last.transient() });
    outcomes
}

/// The checks on a KeyMetadata structure at `at`.
pub fn metadata(at: &str, name: &Name, family: &Family, region: &Region, view: &View) -> Vec<Check> {
    let member = &family.members[region];
    let mut checks = Vec::new();
    let mut check = |path: &str, want: Matcher, aspect: Aspect| {
        checks.push(Check::new(format!("{at}.{path}"), want, aspect));
    };
    check("KeyId", Matcher::KeyId(name.clone()), Aspect::Identity);
    check("Arn", Matcher::KeyArn(name.clone(), region.clone()), Aspect::Identity);
    check("AWSAccountId", Matcher::Same(Slot::Account), Aspect::Account);
    check("MultiRegion", Matcher::Is(json!(family.multi_region)), Aspect::MultiRegion);
    if family.multi_region {
        let config = "MultiRegionConfiguration";
        check(&format!("{config}.MultiRegionKeyType"), view.key_type.clone(), Aspect::KeyType);
        let primary = |part: &dyn Fn(&Region) -> Matcher| one_of(view.primary.iter().map(part).collect());
        let arn = primary(&|r| Matcher::KeyArn(name.clone(), r.clone()));
        let in_region = primary(&|r| Matcher::Is(json!(&**r)));
        check(&format!("{config}.PrimaryKey.Arn"), arn, Aspect::PrimaryKey);
        check(&format!("{config}.PrimaryKey.Region"), in_region, Aspect::PrimaryKey);
        check(&format!("{config}.ReplicaKeys"), view.replicas.clone(), Aspect::ReplicaKeys);
    } else {
        check("MultiRegionConfiguration", Matcher::Absent, Aspect::NoConfiguration);
        for state in [KeyState::Creating, KeyState::Updating, KeyState::PendingReplicaDeletion] {
            check("KeyState", Matcher::Not(json!(state.name())), Aspect::SingleRegionState);
        }
    }
    let states = view.state.iter().map(|s| json!(s.name())).collect();
    check("KeyState", Matcher::OneOf(states), Aspect::KeyState);
    check("Description", Matcher::Is(json!(member.description)), Aspect::Description);
    shared(family, &mut check);
    check("KeyManager", Matcher::Is(json!("CUSTOMER")), Aspect::KeyManager);
    check("CreationDate", Matcher::Number, Aspect::Timestamp);
    if family.spec.is_symmetric() && member.state != KeyState::PendingImport {
        check("CurrentKeyMaterialId", Matcher::Optional(Box::new(Matcher::Form(Form::Hex64))), Aspect::MaterialId);
    }
    if let Some(current) = family.materials.current().filter(|_| family.spec.is_symmetric()) {
        // Also a member that does not hold it names it (F-127).
        let same = Matcher::Same(Slot::Material(name.clone(), current.clone()));
        check("CurrentKeyMaterialId", Matcher::Optional(Box::new(same)), Aspect::MaterialIdentity);
    }
    match view.state[..] {
        [KeyState::PendingDeletion] => check("DeletionDate", Matcher::Number, Aspect::DeletionDate),
        [KeyState::PendingReplicaDeletion] => {
            check("DeletionDate", Matcher::Absent, Aspect::NoDeletionDateYet);
            check("PendingDeletionWindowInDays", Matcher::Is(json!(member.window)), Aspect::WaitingPeriod);
        }
        _ => check("DeletionDate", Matcher::Absent, Aspect::NoDeletionDate),
    }
    if let Some(material) = family.import_status(region) {
        // Import status belongs to one member, and a promotion leaves it alone (F-032, F-121).
        let expires = material != Imported::Lasting;
        let model = if expires { "KEY_MATERIAL_EXPIRES" } else { "KEY_MATERIAL_DOES_NOT_EXPIRE" };
        let aspect = if material == Imported::Implied { Aspect::ImpliedExpiry } else { Aspect::ImportStatus };
        check("ExpirationModel", Matcher::Optional(Box::new(Matcher::Is(json!(model)))), aspect.clone());
        check("ValidTo", if expires { Matcher::Optional(Box::new(Matcher::Number)) } else { Matcher::Absent }, aspect);
    }
    // Judged by the state that the same answer shows: a wrong state is one mistake, not two (F-035).
    checks.push(Check::new(at, Matcher::EnabledFitsState, Aspect::Enabled));
    // What Updating and Creating refuse, but happened, shows when they turn out not to be over.
    let mut check = |path: &str, want: Matcher, aspect: Aspect| {
        checks.push(Check::new(format!("{at}.{path}"), want, aspect));
    };
    if !view.state.contains(&KeyState::Updating) {
        check("KeyState", Matcher::Not(json!("Updating")), Aspect::NotUpdating);
    }
    if !family.members.values().any(|m| m.state == KeyState::Creating) {
        check("KeyState", Matcher::Not(json!("Creating")), Aspect::NotCreating);
    }
    checks
}

/// Spec, usage, origin and algorithms: never changed by a promotion (F-031, F-052).
fn shared(family: &Family, check: &mut dyn FnMut(&str, Matcher, Aspect)) {
    check("KeySpec", Matcher::Is(json!(family.spec.name())), Aspect::KeyKind);
    check("CustomerMasterKeySpec", Matcher::Is(json!(family.spec.name())), Aspect::KeyKind);
    check("KeyUsage", Matcher::Is(json!(family.usage.name())), Aspect::KeyKind);
    check("Origin", Matcher::Is(json!(family.origin.name())), Aspect::KeyKind);
    let (fitting, algorithms) = family.spec.algorithms(family.usage);
    for list in ["EncryptionAlgorithms", "SigningAlgorithms", "MacAlgorithms", "KeyAgreementAlgorithms"] {
        let want = if list == fitting {
            Matcher::Set(algorithms.iter().map(|a| a.to_string()).collect::<BTreeSet<_>>())
        } else {
            Matcher::AbsentOrEmpty
        };
        check(list, want, Aspect::Algorithms);
    }
}

/// One want for several alternatives.
fn one_of(mut wants: Vec<Matcher>) -> Matcher {
    if wants.len() == 1 { wants.remove(0) } else { Matcher::Any(wants) }
}

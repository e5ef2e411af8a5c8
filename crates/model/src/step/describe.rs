//! DescribeKey, and KeyMetadata wherever it appears.

use super::resolve::{context, key, state_gate};
use crate::bindings::Slot;
use crate::call::Call;
use crate::outcome::{Check, Form, Outcome, Refusals, Want};
use crate::rule::RuleId;
use crate::rules::*;
use crate::world::{Family, Imported, KeyState, Name, Promotion, Region, Since, World};
use serde_json::json;
use std::collections::BTreeSet;

/// The part of KeyMetadata that a transient may change.
pub struct View {
    pub state: Vec<KeyState>,
    pub enabled: Want,
    pub key_type: Want,
    /// Regions that may be named as the primary's.
    pub primary: Vec<Region>,
    pub replicas: Want,
}

impl View {
    /// The view of a settled family whose primary is in `primary`.
    pub fn settled(name: &Name, family: &Family, region: &Region, primary: &Region) -> View {
        let state = family.members[region].state;
        let replicas = family.members.keys().filter(|r| *r != primary).cloned().collect();
        let key_type = if region == primary { "PRIMARY" } else { "REPLICA" };
        View {
            state: vec![state],
            enabled: Want::Is(json!(state == KeyState::Enabled)),
            key_type: Want::Is(json!(key_type)),
            primary: vec![primary.clone()],
            replicas: Want::Members(name.clone(), replicas),
        }
    }

    /// What the old and the new primary may show while Updating (F-035, F-071).
    fn updating(name: &Name, family: &Family, from: &Region, to: &Region) -> View {
        View {
            state: vec![KeyState::Updating],
            enabled: Want::Bool,
            key_type: Want::OneOf(vec![json!("PRIMARY"), json!("REPLICA")]),
            primary: vec![from.clone(), to.clone()],
            replicas: Want::SomeMembers(name.clone(), family.members.keys().cloned().collect()),
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
    let mut rules = context(call.op, &target);
    let member = &family.members[region];
    if member.state.is_pending_deletion() && !member.due {
        rules.insert(0, DEL_013);
    }
    let third = |p: &Promotion| p.seen && p.from != *region && p.to != *region;
    if family.promotion.as_ref().is_some_and(third) {
        rules.push(UPR_040);
    }
    let success = |view: View, next: World| {
        let checks = metadata("KeyMetadata", name, family, region, &view);
        Outcome::success(next, rules.clone(), checks)
    };
    let mut settled = View::settled(name, family, region, &family.primary);
    let mut seen = world.clone();
    let mut outcomes = Vec::new();
    if family.members.values().any(|m| m.state == KeyState::Creating) {
        // A replica that is being made need not be listed everywhere yet (F-077).
        settled.replicas = Want::SomeMembers(name.clone(), family.members.keys().cloned().collect());
        if family.members[region].state == KeyState::Creating {
            seen.member_mut(name, region).seen_creating = true;
        }
    }
    if let Some(promotion) = &family.promotion {
        let (from, to) = (&promotion.from, &promotion.to);
        outcomes.push(success(View::settled(name, family, region, from), world.clone()).transient());
        let mut marked = world.clone();
        if let Some(p) = marked.family_mut(name).promotion.as_mut() {
            p.seen = true;
        }
        let view = View::updating(name, family, from, to);
        let mut outcome = success(view, marked);
        if region != from
            && region != to
            && let crate::outcome::Answer::Success(checks) = &mut outcome.answer
        {
            let own = json!(family.members[region].state.name());
            checks.push(Check::new("KeyMetadata.KeyState", Want::Is(own), UPR_040));
        }
        outcomes.push(outcome.transient());
    }
    let last = success(settled, seen);
    outcomes.push(if family.is_settled() { last } else { last.transient() });
    outcomes
}

/// The checks on a KeyMetadata structure at `at`.
pub fn metadata(at: &str, name: &Name, family: &Family, region: &Region, view: &View) -> Vec<Check> {
    let member = &family.members[region];
    let promoted = family.since == Since::Promoted;
    let or = |rule: RuleId, otherwise: RuleId| if promoted { rule } else { otherwise };
    let unmoved = match family.since {
        Since::PromotionRefused => UPR_028,
        Since::Denied => AUT_020,
        _ => KEY_011,
    };
    let refused = matches!(family.since, Since::PromotionRefused | Since::Denied);
    let mut checks = Vec::new();
    let mut check = |path: &str, want: Want, rule: RuleId| {
        checks.push(Check::new(format!("{at}.{path}"), want, rule));
    };
    let identity = if refused { UPR_005 } else { or(UPR_005, KEY_005) };
    check("KeyId", Want::KeyId(name.clone()), identity);
    check("Arn", Want::KeyArn(name.clone(), region.clone()), identity);
    check("AWSAccountId", Want::Same(Slot::Account), KEY_014);
    check("MultiRegion", Want::Is(json!(family.multi_region)), if family.multi_region { KEY_011 } else { KEY_012 });
    if family.multi_region {
        let config = "MultiRegionConfiguration";
        let kind = key_type_rule(family, region);
        check(&format!("{config}.MultiRegionKeyType"), view.key_type.clone(), kind);
        let list = lists_rule(family);
        let primary = |part: &dyn Fn(&Region) -> Want| one_of(view.primary.iter().map(part).collect());
        let arn = primary(&|r| Want::KeyArn(name.clone(), r.clone()));
        let in_region = primary(&|r| Want::Is(json!(&**r)));
        check(&format!("{config}.PrimaryKey.Arn"), arn, or(UPR_004, unmoved));
        check(&format!("{config}.PrimaryKey.Region"), in_region, or(UPR_004, unmoved));
        check(&format!("{config}.ReplicaKeys"), view.replicas.clone(), list);
    } else {
        check("MultiRegionConfiguration", Want::Absent, KEY_012);
        for state in [KeyState::Creating, KeyState::Updating, KeyState::PendingReplicaDeletion] {
            check("KeyState", Want::Not(json!(state.name())), KEY_024);
        }
    }
    let states = view.state.iter().map(|s| json!(s.name())).collect();
    check("KeyState", Want::OneOf(states), state_rule(family, region));
    check("Enabled", view.enabled.clone(), KEY_015);
    check("Description", Want::Is(json!(member.description)), description_rule(family, region));
    shared(family, region, promoted, &mut check);
    check("KeyManager", Want::Is(json!("CUSTOMER")), KEY_014);
    check("CreationDate", Want::Number, WIRE_008);
    if family.spec.is_symmetric() && member.state != KeyState::PendingImport {
        check("CurrentKeyMaterialId", Want::Optional(Box::new(Want::Form(Form::Hex64))), KEY_018);
    }
    match view.state[..] {
        [KeyState::PendingDeletion] => check("DeletionDate", Want::Number, DEL_006),
        [KeyState::PendingReplicaDeletion] => {
            check("DeletionDate", Want::Absent, DEL_004);
            check("PendingDeletionWindowInDays", Want::Is(json!(member.window)), DEL_005);
        }
        _ => check("DeletionDate", Want::Absent, state_rule(family, region)),
    }
    if let Some(material) = member.material {
        // Import status belongs to one member, and a promotion leaves it alone (F-032, F-121).
        let rule = or(IMP_011, IMP_007);
        let expires = material != Imported::Lasting;
        let model = if expires { "KEY_MATERIAL_EXPIRES" } else { "KEY_MATERIAL_DOES_NOT_EXPIRE" };
        check("ExpirationModel", Want::Optional(Box::new(Want::Is(json!(model)))), rule);
        check("ValidTo", if expires { Want::Optional(Box::new(Want::Number)) } else { Want::Absent }, rule);
    }
    // What Updating and Creating refuse, but happened, shows when they turn out not to be over.
    let slipped = matches!(family.since, Since::State(_) | Since::Deletion(_) | Since::Replicated(_));
    if slipped && family.last_promotion.is_some() && !view.state.contains(&KeyState::Updating) {
        check("KeyState", Want::Not(json!("Updating")), UPR_034);
    }
    if slipped && !family.members.values().any(|m| m.state == KeyState::Creating) {
        check("KeyState", Want::Not(json!("Creating")), REP_015);
    }
    checks
}

/// Spec, usage, origin and algorithms: never changed by a promotion (F-031, F-052).
fn shared(family: &Family, region: &Region, promoted: bool, check: &mut dyn FnMut(&str, Want, RuleId)) {
    let rule = if promoted {
        UPR_027
    } else if *region != family.primary {
        REP_012
    } else {
        KEY_017
    };
    check("KeySpec", Want::Is(json!(family.spec.name())), rule);
    check("CustomerMasterKeySpec", Want::Is(json!(family.spec.name())), rule);
    check("KeyUsage", Want::Is(json!(family.usage.name())), rule);
    check("Origin", Want::Is(json!(family.origin.name())), rule);
    let (fitting, algorithms) = family.spec.algorithms(family.usage);
    let rule = if rule == KEY_017 { KEY_016 } else { rule };
    for list in ["EncryptionAlgorithms", "SigningAlgorithms", "MacAlgorithms", "KeyAgreementAlgorithms"] {
        let want = if list == fitting {
            Want::Set(algorithms.iter().map(|a| a.to_string()).collect::<BTreeSet<_>>())
        } else {
            Want::AbsentOrEmpty
        };
        check(list, want, rule);
    }
}

/// One want for several alternatives.
fn one_of(mut wants: Vec<Want>) -> Want {
    if wants.len() == 1 { wants.remove(0) } else { Want::Any(wants) }
}

fn key_type_rule(family: &Family, region: &Region) -> RuleId {
    match (&family.since, &family.last_promotion) {
        (Since::PromotionRefused, _) => UPR_028,
        (Since::Denied, _) => AUT_020,
        (Since::Unauthenticated, _) => AUT_005,
        (Since::Promoted, Some((_, to))) if to == region => UPR_001,
        (Since::Promoted, Some((from, _))) if from == region => UPR_002,
        (Since::Promoted, _) => UPR_003,
        _ => KEY_011,
    }
}

fn lists_rule(family: &Family) -> RuleId {
    match &family.since {
        Since::Promoted => UPR_004,
        Since::PromotionRefused => UPR_028,
        Since::Denied => AUT_020,
        Since::Gone(_) => DEL_012,
        Since::Made if family.members.len() == 1 => KEY_013,
        Since::Replicated(_) => REP_014,
        Since::Deletion(_) => DEL_011,
        _ => KEY_011,
    }
}

fn description_rule(family: &Family, region: &Region) -> RuleId {
    match &family.since {
        Since::Promoted => UPR_006,
        Since::PromotionRefused => UPR_028,
        Since::Denied => AUT_020,
        Since::Made => KEY_017,
        Since::Replicated(r) if r == region && family.members[r].description.is_empty() => REP_007,
        Since::Replicated(r) if r == region => REP_013,
        Since::Replicated(_) => REP_017,
        Since::Changed(r, _) if r != region => ATT_019,
        _ => ATT_018,
    }
}

/// The rule about the key state that a member shows now.
fn state_rule(family: &Family, region: &Region) -> RuleId {
    let moved = family.last_promotion.as_ref().is_some_and(|(from, to)| from == region || to == region);
    match &family.since {
        Since::Made if family.members[region].state == KeyState::PendingImport => KEY_020,
        Since::Made => KEY_014,
        Since::Imported(r) if r == region && family.members[r].material.is_some() => IMP_003,
        Since::Imported(r) if r == region && family.members[r].expired => IMP_008,
        Since::Imported(r) if r == region => IMP_006,
        Since::Imported(_) => IMP_004,
        Since::Gone(_) if family.members[region].state == KeyState::PendingDeletion => DEL_014,
        Since::Gone(_) => DEL_012,
        Since::Denied => AUT_020,
        Since::Replicated(r) if r == region && family.members[r].state == KeyState::PendingImport => REP_018,
        Since::Promoted if moved => UPR_011,
        Since::Promoted => UPR_010,
        Since::PromotionRefused => UPR_028,
        Since::Replicated(r) if r == region => REP_011,
        Since::Replicated(_) => REP_017,
        Since::State(r) if r == region => STA_004,
        Since::State(_) => STA_001,
        Since::Deletion(r) if r == region => match family.members[region].state {
            KeyState::PendingReplicaDeletion => DEL_004,
            _ => DEL_006,
        },
        Since::Deletion(r) if *r == family.primary => DEL_007,
        Since::Deletion(_) => DEL_011,
        Since::Cancelled(r) if r == region => DEL_008,
        Since::Cancelled(_) => DEL_011,
        Since::Unauthenticated => AUT_005,
        Since::Changed(..) | Since::Rotation => STA_004,
    }
}

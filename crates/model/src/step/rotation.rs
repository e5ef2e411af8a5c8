//! Automatic and on-demand rotation.

use super::resolve::{Target, context, key, origin_text, state_gate};
use crate::call::{Call, Operation};
use crate::keyspec::Origin;
use crate::outcome::{Check, Outcome, Refusals, Want};
use crate::rule::RuleId;
use crate::rules::*;
use crate::world::{Since, World};
use serde_json::json;

const UNSUPPORTED: &str = "UnsupportedOperationException";

/// Only symmetric keys with AWS_KMS material rotate (F-090).
fn refuse_kind(call: &Call, target: &Target, rule: RuleId, refusals: &mut Refusals) {
    if !target.family.spec.is_symmetric() {
        refusals.refuse(&[UNSUPPORTED], &[rule]);
    } else if target.family.origin == Origin::External {
        let refusal = refusals.refuse(&[UNSUPPORTED], &[rule]);
        refusal.text(UNSUPPORTED, MSG_004, &[origin_text(target)]);
        if call.op == Operation::RotateKeyOnDemand {
            // A key without material is in the wrong state, too (F-125 and the table disagree).
            refusal.codes.push("KMSInvalidStateException");
            refusal.texts.clear();
        }
    }
}

/// A replica's rotation is its primary's (F-090, F-095).
fn refuse_replica(target: &Target, rule: RuleId, refusals: &mut Refusals) {
    if target.family.multi_region && !target.is_primary() {
        refusals.refuse(&[UNSUPPORTED, "KMSInvalidStateException"], &[rule]);
    }
}

/// EnableKeyRotation and DisableKeyRotation (F-054, F-090).
pub fn switch(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    state_gate(call, &target, &mut refusals);
    refuse_kind(call, &target, ROT_003, &mut refusals);
    let family = target.family;
    let former = family.last_promotion.as_ref().is_some_and(|(from, _)| *from == target.region);
    refuse_replica(&target, if former { UPR_022 } else { ROT_002 }, &mut refusals);
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    let mut rules = Vec::new();
    if family.last_promotion.is_some() {
        rules.push(UPR_021);
    }
    rules.push(ROT_001);
    rules.extend(context(call.op, &target));
    let mut next = world.clone();
    let after = next.family_mut(&target.name);
    after.rotation_enabled = call.op == Operation::EnableKeyRotation;
    if after.rotation_enabled {
        after.rotation_period = call.int("RotationPeriodInDays").map_or(365, |d| d as u32);
    }
    after.since = Since::Rotation;
    vec![Outcome::done(next, rules, WIRE_006)]
}

/// GetKeyRotationStatus (F-090, F-091, F-094, F-095).
pub fn status(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    state_gate(call, &target, &mut refusals);
    let family = target.family;
    if family.origin == Origin::External {
        refuse_kind(call, &target, ROT_003, &mut refusals);
    } else if !family.spec.is_symmetric() {
        // The operation's page says that the status of other keys is always false; the model of
        // rotation says unsupported: both are accepted.
        let mut outcomes = Vec::new();
        refusals.refuse(&[UNSUPPORTED], &[ROT_003]);
        outcomes.extend(refusals.outcomes(world));
        let off = Check::new("KeyRotationEnabled", Want::Is(json!(false)), ROT_003);
        outcomes.push(Outcome::success(world.clone(), vec![ROT_003], vec![off]));
        return outcomes;
    }
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    let member = &family.members[&target.region];
    let pending = member.state.is_pending_deletion();
    let rule = match &family.since {
        Since::Promoted => ROT_013,
        Since::PromotionRefused => UPR_028,
        Since::Deletion(_) | Since::Cancelled(_) => ROT_011,
        // On a replica it is first of all a question of whether the status is shared.
        Since::State(_) if target.is_primary() => ROT_012,
        _ if !target.is_primary() => ROT_005,
        _ => ROT_001,
    };
    let on = family.rotation_enabled && !pending;
    let mut checks = vec![Check::new("KeyRotationEnabled", Want::Is(json!(on)), rule)];
    if on {
        let period = if matches!(rule, ROT_013 | ROT_005) { rule } else { ROT_004 };
        checks.push(Check::new("RotationPeriodInDays", Want::Is(json!(family.rotation_period)), period));
        checks.push(Check::new("NextRotationDate", Want::Optional(Box::new(Want::Number)), WIRE_008));
    }
    vec![Outcome::success(world.clone(), context(call.op, &target), checks)]
}

/// RotateKeyOnDemand (F-092, F-095).
pub fn on_demand(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    state_gate(call, &target, &mut refusals);
    refuse_kind(call, &target, ROT_009, &mut refusals);
    refuse_replica(&target, ROT_010, &mut refusals);
    let family = target.family;
    let limit = |refusals: &mut Refusals| {
        refusals.refuse(&["LimitExceededException"], &[ROT_008]);
    };
    if family.rotations >= 25 {
        limit(&mut refusals);
    }
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    let mut next = world.clone();
    let after = next.family_mut(&target.name);
    after.rotations += 1;
    after.since = Since::Rotation;
    let mut rules = vec![ROT_006];
    rules.extend(context(call.op, &target));
    let arn = Want::KeyArn(target.name.clone(), target.region.clone());
    let mut outcomes = vec![Outcome::success(next, rules, vec![Check::new("KeyId", arn, ROT_006)])];
    let mut optional = Refusals::default();
    if family.rotations >= 10 {
        // The limit was 10 until 2025 (F-092).
        limit(&mut optional);
    }
    if family.rotations > 0 {
        // The one before may still be running.
        optional.refuse(&["ConflictException"], &[ROT_006]);
    }
    outcomes.extend(optional.outcomes(world));
    outcomes
}

/// ListKeyRotations (F-093, F-095).
pub fn list(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    state_gate(call, &target, &mut refusals);
    let family = target.family;
    if family.origin == Origin::External {
        refuse_kind(call, &target, ROT_003, &mut refusals);
    }
    let mut optional = Refusals::default();
    if !family.spec.is_symmetric() {
        optional.refuse(&[UNSUPPORTED], &[ROT_003]);
    }
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    let rule = if family.since == Since::Promoted { ROT_014 } else { ROT_007 };
    let want = Want::Rotations(family.rotations, family.rotations);
    let checks = vec![Check::new("Rotations", want, rule)];
    let mut outcomes = vec![Outcome::success(world.clone(), context(call.op, &target), checks)];
    outcomes.extend(optional.outcomes(world));
    outcomes
}

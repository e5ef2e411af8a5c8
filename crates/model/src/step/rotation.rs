//! Automatic and on-demand rotation.

use super::resolve::{Target, key, origin_text, state_gate};
use crate::call::{Call, Operation};
use crate::keyspec::Origin;
use crate::outcome::{Aspect, Check, Matcher, Outcome, Reason, Refusals};
use crate::world::World;
use serde_json::json;

const UNSUPPORTED: &str = "UnsupportedOperationException";

/// Only symmetric keys with AWS_KMS material rotate (F-090).
fn refuse_kind(call: &Call, target: &Target, refusals: &mut Refusals) {
    if !target.family.spec.is_symmetric() {
        refusals.refuse(&[UNSUPPORTED], Reason::KeyKind);
    } else if target.family.origin == Origin::External {
        let refusal = refusals.refuse(&[UNSUPPORTED], Reason::KeyKind);
        refusal.text(UNSUPPORTED, &[origin_text(target)]);
        if call.op == Operation::RotateKeyOnDemand {
            // A key without material is in the wrong state, too (F-125 and the table disagree).
            refusal.codes.push("KMSInvalidStateException");
            refusal.texts.clear();
        }
    }
}

/// A replica's rotation is its primary's (F-090, F-095).
fn refuse_replica(target: &Target, refusals: &mut Refusals) {
    if target.family.multi_region && !target.is_primary() {
        refusals.refuse(&[UNSUPPORTED, "KMSInvalidStateException"], Reason::NotPrimary);
    }
}

/// EnableKeyRotation and DisableKeyRotation (F-054, F-090).
pub fn switch(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    state_gate(call, &target, &mut refusals);
    refuse_kind(call, &target, &mut refusals);
    refuse_replica(&target, &mut refusals);
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    let mut next = world.clone();
    let after = next.family_mut(&target.name);
    after.rotation_enabled = call.op == Operation::EnableKeyRotation;
    if after.rotation_enabled {
        after.rotation_period = call.int("RotationPeriodInDays").map_or(365, |d| d as u32);
    }
    vec![Outcome::done(next)]
}

/// GetKeyRotationStatus (F-090, F-091, F-094, F-095).
pub fn status(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    state_gate(call, &target, &mut refusals);
    let family = target.family;
    if family.origin == Origin::External {
        refuse_kind(call, &target, &mut refusals);
    } else if !family.spec.is_symmetric() {
        // The operation's page says that the status of other keys is always false; the model of
        // rotation says unsupported: both are accepted.
        let mut outcomes = Vec::new();
        refusals.refuse(&[UNSUPPORTED], Reason::KeyKind);
        outcomes.extend(refusals.outcomes(world));
        let off = Check::new("KeyRotationEnabled", Matcher::Is(json!(false)), Aspect::NoRotation);
        outcomes.push(Outcome::success(world.clone(), vec![off]));
        return outcomes;
    }
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    let member = &family.members[&target.region];
    let pending = member.state.is_pending_deletion();
    let on = family.rotation_enabled && !pending;
    let mut checks = vec![Check::new("KeyRotationEnabled", Matcher::Is(json!(on)), Aspect::RotationStatus)];
    if on {
        checks.push(Check::new(
            "RotationPeriodInDays",
            Matcher::Is(json!(family.rotation_period)),
            Aspect::RotationPeriod,
        ));
        checks.push(Check::new("NextRotationDate", Matcher::Optional(Box::new(Matcher::Number)), Aspect::Timestamp));
    }
    vec![Outcome::success(world.clone(), checks)]
}

/// RotateKeyOnDemand (F-092, F-095).
pub fn on_demand(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    state_gate(call, &target, &mut refusals);
    refuse_kind(call, &target, &mut refusals);
    refuse_replica(&target, &mut refusals);
    let family = target.family;
    let limit = |refusals: &mut Refusals| {
        refusals.refuse(&["LimitExceededException"], Reason::RotationLimit);
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
    let arn = Matcher::KeyArn(target.name.clone(), target.region.clone());
    let mut outcomes = vec![Outcome::success(next, vec![Check::new("KeyId", arn, Aspect::ActedOn)])];
    let mut optional = Refusals::default();
    if family.rotations >= 10 {
        // The limit was 10 until 2025 (F-092).
        limit(&mut optional);
    }
    if family.rotations > 0 {
        // The one before may still be running.
        optional.refuse(&["ConflictException"], Reason::RotationUnderWay);
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
        refuse_kind(call, &target, &mut refusals);
    }
    let mut optional = Refusals::default();
    if !family.spec.is_symmetric() {
        optional.refuse(&[UNSUPPORTED], Reason::KeyKind);
    }
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    let want = Matcher::Rotations(family.rotations, family.rotations);
    let checks = vec![Check::new("Rotations", want, Aspect::Rotations)];
    let mut outcomes = vec![Outcome::success(world.clone(), checks)];
    outcomes.extend(optional.outcomes(world));
    outcomes
}

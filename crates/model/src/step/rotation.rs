//! Automatic and on-demand rotation.

use super::lists::refuse_marker;
use super::new_material;
use super::resolve::{Target, key, origin_text, state_gate, state_latitude};
use crate::call::{Call, Operation};
use crate::keyspec::{Origin, Usage};
use crate::outcome::{Aspect, Check, Matcher, Outcome, Reason, Refusals};
use crate::world::{KeyState, World};
use serde_json::json;

const UNSUPPORTED: &str = "UnsupportedOperationException";

/// Days between automatic rotations where the request names none (F-090).
const DEFAULT_PERIOD: u32 = 365;

/// Only symmetric keys with AWS_KMS material rotate by themselves (F-090).
fn refuse_kind(target: &Target, refusals: &mut Refusals) {
    if !target.family.spec.is_symmetric() {
        refusals.refuse(&[UNSUPPORTED], Reason::KeyKind);
    } else if target.family.origin == Origin::External {
        refusals.refuse(&[UNSUPPORTED], Reason::KeyKind).text(UNSUPPORTED, &[origin_text(target)]);
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
    refuse_replica(&target, &mut refusals);
    let on = call.op == Operation::EnableKeyRotation;
    if !on && target.family.usage == Usage::GenerateVerifyMac && refusals.none() {
        // Documented as unsupported, recorded as a success: there is nothing to switch off (F-090).
        let mut optional = Refusals::default();
        refuse_kind(&target, &mut optional);
        return [vec![Outcome::done(world.clone())], optional.outcomes(world)].concat();
    }
    refuse_kind(&target, &mut refusals);
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    let done = |period: Option<u32>| {
        let mut next = world.clone();
        let after = next.family_mut(&target.name);
        after.rotation_enabled = on;
        after.rotation_period = period.unwrap_or(after.rotation_period);
        Outcome::done(next)
    };
    let given = call.int("RotationPeriodInDays").map(|d| d as u32);
    match (on, given) {
        (false, _) => vec![done(None)],
        (true, Some(days)) => vec![done(Some(days))],
        // A key that rotates keeps its period, or gets the default (F-090).
        (true, None) if target.family.rotation_enabled && target.family.rotation_period != DEFAULT_PERIOD => {
            vec![done(None), done(Some(DEFAULT_PERIOD))]
        }
        (true, None) => vec![done(Some(DEFAULT_PERIOD))],
    }
}

/// GetKeyRotationStatus (F-090, F-091, F-094, F-095).
pub fn status(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    state_gate(call, &target, &mut refusals);
    let mut optional = state_latitude(call, &target);
    if !refusals.none() {
        return [refusals.outcomes(world), optional.outcomes(world)].concat();
    }
    let family = target.family;
    if family.origin == Origin::External || !family.spec.is_symmetric() {
        // The status of keys that never rotate is false, or unsupported: there are sources for both (F-090).
        optional.refuse(&[UNSUPPORTED], Reason::KeyKind);
        let off = Check::new("KeyRotationEnabled", Matcher::Is(json!(false)), Aspect::NoRotation);
        return [optional.outcomes(world), vec![Outcome::success(world.clone(), vec![off])]].concat();
    }
    let shown = |on: bool| {
        let mut checks = vec![Check::new("KeyRotationEnabled", Matcher::Is(json!(on)), Aspect::RotationStatus)];
        if on {
            let period = Matcher::Is(json!(family.rotation_period));
            let date = Matcher::Optional(Box::new(Matcher::Number));
            checks.push(Check::new("RotationPeriodInDays", period, Aspect::RotationPeriod));
            checks.push(Check::new("NextRotationDate", date, Aspect::Timestamp));
        }
        if family.rotations.may_be_under_way() {
            // Shown until the rotation has ended, where it takes its time (F-092).
            let date = Matcher::Optional(Box::new(Matcher::Number));
            checks.push(Check::new("OnDemandRotationStartDate", date, Aspect::Timestamp));
        }
        Outcome::success(world.clone(), checks)
    };
    match (family.rotation_enabled, family.members[&target.region].state) {
        (true, KeyState::PendingDeletion) | (false, _) => vec![shown(false)],
        // Documented as false, recorded as kept (F-094).
        (true, KeyState::PendingReplicaDeletion) => vec![shown(true), shown(false)],
        (true, _) => vec![shown(true)],
    }
}

/// RotateKeyOnDemand (F-092, F-095). Success comes at once; the rotation ends later, or has ended already.
pub fn on_demand(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    state_gate(call, &target, &mut refusals);
    refuse_replica(&target, &mut refusals);
    if target.family.origin == Origin::External && target.family.spec.is_symmetric() {
        return new_material::rotate(world, &target, refusals);
    }
    refuse_kind(&target, &mut refusals);
    let family = target.family;
    let limit = |refusals: &mut Refusals| {
        refusals.refuse(&["LimitExceededException"], Reason::RotationLimit);
    };
    if family.rotations.least() >= 25 {
        limit(&mut refusals);
    }
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    let mut next = world.clone();
    next.family_mut(&target.name).rotations.accept();
    let arn = Matcher::KeyArn(target.name.clone(), target.region.clone());
    let mut outcomes = vec![Outcome::success(next, vec![Check::new("KeyId", arn, Aspect::ActedOn)])];
    let mut optional = Refusals::default();
    if family.rotations.most() >= 10 {
        // The limit was 10 until 2025; whether a rotation that is running counts is open (F-092).
        limit(&mut optional);
    }
    if family.rotations.any() {
        optional.refuse(&["ConflictException"], Reason::RotationUnderWay);
    }
    outcomes.extend(optional.outcomes(world));
    outcomes
}

/// ListKeyRotations (F-093, F-095, F-097): the rotations that have ended.
pub fn list(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    refuse_marker(call, &mut refusals);
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    state_gate(call, &target, &mut refusals);
    let mut optional = state_latitude(call, &target);
    if !refusals.none() {
        return [refusals.outcomes(world), optional.outcomes(world)].concat();
    }
    let family = target.family;
    let imported = family.origin == Origin::External;
    if imported || !family.spec.is_symmetric() {
        optional.refuse(&[UNSUPPORTED], Reason::KeyKind);
    }
    let materials = call.text("IncludeKeyMaterial") == Some("ALL_KEY_MATERIAL");
    if materials && !family.spec.is_symmetric() {
        optional.refuse(&["ValidationException"], Reason::KeyKind);
    }
    let (least, most) = (family.rotations.least(), family.rotations.most());
    let shown = |want, aspect| Outcome::success(world.clone(), vec![Check::new("Rotations", want, aspect)]);
    let successes = match (call.int("Limit"), materials) {
        (Some(limit), _) => vec![shown(Matcher::AtMost(limit.max(0) as u64), Aspect::Page)],
        (None, all) if imported => new_material::list(world, &target, all),
        // The first material is listed as well (F-097).
        (None, true) => vec![shown(Matcher::Rotations(least, most + 1), Aspect::Rotations)],
        (None, false) => (least..=most).rev().map(|done| listed(world, &target, done)).collect(),
    };
    [successes, optional.outcomes(world)].concat()
}

/// A list of so many rotations.
fn listed(world: &World, target: &Target, done: u32) -> Outcome {
    let most = target.family.rotations.most();
    let mut next = world.clone();
    next.family_mut(&target.name).rotations.see(done);
    let check = Check::new("Rotations", Matcher::Rotations(done, done), Aspect::Rotations);
    let outcome = Outcome::success(next, vec![check]);
    if done < most { outcome.transient() } else { outcome }
}

//! ScheduleKeyDeletion and CancelKeyDeletion.

use super::resolve::{context, key, state_gate};
use crate::call::Call;
use crate::keyspec::Origin;
use crate::outcome::{Check, Outcome, Refusals, Want};
use crate::rules::*;
use crate::world::{KeyState, Since, World};
use serde_json::json;

/// ScheduleKeyDeletion (F-082 to F-084, F-087).
pub fn schedule(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let days = call.int("PendingWindowInDays");
    // The model's own range is wider (1-365); the documented one is 7-30.
    if days.is_some_and(|d| (1..7).contains(&d) || (31..=365).contains(&d)) {
        refusals.refuse(&["ValidationException"], &[DEL_003]);
    }
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    state_gate(call, &target, &mut refusals);
    if target.state().is_pending_deletion() {
        refusals.blame(DEL_010);
    }
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    let family = target.family;
    let waits = target.is_primary() && family.replicas().next().is_some();
    let state = if waits { KeyState::PendingReplicaDeletion } else { KeyState::PendingDeletion };
    let window = days.unwrap_or(30) as u32;
    let state_rule = if waits { DEL_004 } else { DEL_006 };
    let date = if waits { Want::Absent } else { Want::Number };
    let checks = vec![
        Check::new("KeyId", Want::KeyArn(target.name.clone(), target.region.clone()), DEL_001),
        Check::new("KeyState", Want::Is(json!(state.name())), state_rule),
        Check::new("DeletionDate", date, state_rule),
        Check::new("PendingWindowInDays", Want::Is(json!(window)), if days.is_some() { DEL_001 } else { DEL_002 }),
    ];
    let mut rules = Vec::new();
    if family.last_promotion.as_ref().is_some_and(|(from, _)| *from == target.region) && !target.is_primary() {
        rules.push(UPR_030);
    }
    rules.push(DEL_001);
    rules.extend(context(call.op, &target));
    let mut next = world.clone();
    let member = next.member_mut(&target.name, &target.region);
    member.state = state;
    member.window = Some(window);
    next.family_mut(&target.name).since = Since::Deletion(target.region.clone());
    vec![Outcome::success(next, rules, checks)]
}

/// CancelKeyDeletion (F-085).
pub fn cancel(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    state_gate(call, &target, &mut refusals);
    refusals.blame(DEL_009);
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    let arn = Want::KeyArn(target.name.clone(), target.region.clone());
    let mut rules = vec![DEL_008];
    rules.extend(context(call.op, &target));
    let mut next = world.clone();
    let member = next.member_mut(&target.name, &target.region);
    member.state = KeyState::Disabled;
    member.window = None;
    member.was_cancelled = true;
    member.due = false;
    next.family_mut(&target.name).since = Since::Cancelled(target.region.clone());
    let checks = vec![Check::new("KeyId", arn, DEL_008)];
    let mut outcomes = vec![Outcome::success(next.clone(), rules.clone(), checks.clone())];
    if target.family.origin == Origin::External && target.family.members[&target.region].material.is_none() {
        // Without material: Disabled (F-085), or pending import (F-121)?
        next.member_mut(&target.name, &target.region).state = KeyState::PendingImport;
        outcomes.push(Outcome::success(next, rules, checks));
    }
    outcomes
}

//! ScheduleKeyDeletion and CancelKeyDeletion.

use super::resolve::{key, state_gate};
use crate::call::Call;
use crate::outcome::{Aspect, Check, Matcher, Outcome, Reason, Refusals};
use crate::world::{KeyState, World};
use serde_json::json;

/// ScheduleKeyDeletion (F-082 to F-084, F-087).
pub fn schedule(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let days = call.int("PendingWindowInDays");
    // The model's own range is wider (1-365); the documented one is 7-30.
    if days.is_some_and(|d| (1..7).contains(&d) || (31..=365).contains(&d)) {
        refusals.refuse(&["ValidationException"], Reason::WaitingPeriod);
    }
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    state_gate(call, &target, &mut refusals);
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    let family = target.family;
    let waits = target.is_primary() && family.replicas().next().is_some();
    let state = if waits { KeyState::PendingReplicaDeletion } else { KeyState::PendingDeletion };
    let window = days.unwrap_or(30) as u32;
    let (date, dated) = match waits {
        true => (Matcher::Absent, Aspect::NoDeletionDateYet),
        false => (Matcher::Number, Aspect::DeletionDate),
    };
    let checks = vec![
        Check::new("KeyId", Matcher::KeyArn(target.name.clone(), target.region.clone()), Aspect::ActedOn),
        Check::new("KeyState", Matcher::Is(json!(state.name())), Aspect::KeyState),
        Check::new("DeletionDate", date, dated),
        Check::new("PendingWindowInDays", Matcher::Is(json!(window)), Aspect::WaitingPeriod),
    ];
    let mut next = world.clone();
    let member = next.member_mut(&target.name, &target.region);
    member.state = state;
    member.window = Some(window);
    member.scheduled_by = (!member.was_cancelled).then(|| call.name.clone());
    vec![Outcome::success(next, checks)]
}

/// CancelKeyDeletion (F-085).
pub fn cancel(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    state_gate(call, &target, &mut refusals);
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    let arn = Matcher::KeyArn(target.name.clone(), target.region.clone());
    let mut next = world.clone();
    let member = next.member_mut(&target.name, &target.region);
    member.state = KeyState::Disabled;
    member.window = None;
    member.scheduled_by = None;
    member.was_cancelled = true;
    member.due = false;
    let checks = vec![Check::new("KeyId", arn, Aspect::ActedOn)];
    let mut outcomes = vec![Outcome::success(next.clone(), checks.clone())];
    if target.family.lacks_material(&target.region) {
        // Without material: Disabled (F-085), or pending import (F-121)?
        next.member_mut(&target.name, &target.region).state = KeyState::PendingImport;
        outcomes.push(Outcome::success(next, checks));
    }
    outcomes
}

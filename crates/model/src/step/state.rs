//! EnableKey and DisableKey.

use super::resolve::{key, state_gate};
use crate::call::{Call, Operation};
use crate::outcome::{Outcome, Reason, Refusals};
use crate::world::{KeyState, World};

/// EnableKey and DisableKey (F-080, F-081).
pub fn switch(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    state_gate(call, &target, &mut refusals);
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    let wanted = if call.op == Operation::EnableKey { KeyState::Enabled } else { KeyState::Disabled };
    let mut next = world.clone();
    next.member_mut(&target.name, &target.region).state = wanted;
    let mut outcomes = vec![Outcome::done(next.clone())];
    if target.family.lacks_material(&target.region) && wanted == KeyState::Enabled {
        // A disabled key without material: no fact says what enabling it comes to.
        next.member_mut(&target.name, &target.region).state = KeyState::PendingImport;
        outcomes.push(Outcome::done(next));
        let mut optional = Refusals::default();
        optional.refuse(&["KMSInvalidStateException"], Reason::NoMaterial);
        outcomes.extend(optional.outcomes(world));
    }
    outcomes
}

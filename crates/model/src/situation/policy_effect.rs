//! What policies and grants say about a call, in a word.

use super::{Addressed, PolicyEffect};
use crate::call::{Call, Caller, Operation::UpdatePrimaryRegion};
use crate::world::{Member, World};

/// Condition keys that a policy of the sequence may use.
const CONDITIONS: [PolicyEffect; 6] = [
    PolicyEffect::PrimaryRegion,
    PolicyEffect::ReplicaRegion,
    PolicyEffect::MultiRegionKeyType,
    PolicyEffect::MultiRegion,
    PolicyEffect::RequestedRegion,
    PolicyEffect::CallerAccount,
];

/// What the policies and grants concerned say about this operation, in a word.
pub(super) fn of(world: &World, call: &Call, addressed: &Addressed) -> PolicyEffect {
    if !world.enforced {
        return PolicyEffect::Plain;
    }
    let family = addressed.family;
    let here = &family.members[&call.region];
    if call.caller == Caller::Limited {
        let ours = |m: &Member| m.all_grants().any(|g| g.grantee == "{limited}");
        let mut named = here.all_grants().filter(|g| g.grantee == "{limited}" && g.operations.contains(call.op.name()));
        let given = !call.map("EncryptionContext").is_empty();
        if let Some(grant) = named.next() {
            return match (&grant.context_equals, &grant.context_subset, given) {
                (None, None, _) => PolicyEffect::GrantedHere,
                (Some(_), _, false) | (_, Some(_), false) => PolicyEffect::GrantedHereForAContextThatIsNotGiven,
                (Some(_), _, true) => PolicyEffect::GrantedHereForAContext,
                (_, Some(_), true) => PolicyEffect::GrantedHereForAPartOfTheContext,
            };
        }
        if ours(here) {
            return PolicyEffect::GrantedSomethingElseHere;
        }
        if family.members.values().any(ours) {
            return PolicyEffect::GrantedElsewhere;
        }
    }
    let said = |member: &Member| says(member.policy.as_deref(), call);
    let there = match call.op {
        UpdatePrimaryRegion => call.text("PrimaryRegion").filter(|r| **r != *call.region),
        _ => None,
    };
    let there = there.and_then(|r| family.members.get(r)).map_or(PolicyEffect::Plain, said);
    match (said(here), there) {
        (here, PolicyEffect::Plain) => here,
        (PolicyEffect::Plain, there) => on_the_other_side(there),
        (_, _) => PolicyEffect::OnBothSides,
    }
}

/// What a policy text says about an operation: nothing, or by which means.
fn says(policy: Option<&str>, call: &Call) -> PolicyEffect {
    let Some(text) = policy else {
        return PolicyEffect::Plain;
    };
    if call.caller == Caller::Limited && text.contains("{limited}") {
        return PolicyEffect::NamesTheLimitedPrincipal;
    }
    let action = format!("\"kms:{}\"", call.op);
    if !text.contains(&action) {
        return if text.contains("\"kms:*\"") { PolicyEffect::Plain } else { PolicyEffect::WithoutDelegation };
    }
    let denied = if text.contains("\"Deny\"") { PolicyEffect::Denied } else { PolicyEffect::Plain };
    CONDITIONS.iter().find(|c| text.contains(c.words())).copied().unwrap_or(denied)
}

fn on_the_other_side(word: PolicyEffect) -> PolicyEffect {
    match word {
        PolicyEffect::Denied => PolicyEffect::DeniedOnTheOtherSide,
        PolicyEffect::PrimaryRegion => PolicyEffect::PrimaryRegionOnTheOtherSide,
        _ => PolicyEffect::OnTheOtherSide,
    }
}

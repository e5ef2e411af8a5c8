//! What policies and grants say about a call, in a word.

use super::Addressed;
use crate::call::{Call, Caller, Operation::UpdatePrimaryRegion};
use crate::world::{Member, World};

/// Condition keys that a policy of the sequence may use.
const CONDITIONS: [&str; 6] = [
    "kms:PrimaryRegion",
    "kms:ReplicaRegion",
    "kms:MultiRegionKeyType",
    "kms:MultiRegion",
    "aws:RequestedRegion",
    "kms:CallerAccount",
];

/// What the policies and grants concerned say about this operation, in a word.
pub(super) fn of(world: &World, call: &Call, addressed: &Addressed) -> &'static str {
    if !world.enforced {
        return "";
    }
    let family = addressed.family;
    let here = &family.members[&call.region];
    if call.caller == Caller::Limited {
        let ours = |m: &Member| m.all_grants().any(|g| g.grantee == "{limited}");
        let mut named = here.all_grants().filter(|g| g.grantee == "{limited}" && g.operations.contains(call.op.name()));
        let given = !call.map("EncryptionContext").is_empty();
        if let Some(grant) = named.next() {
            return match (&grant.context_equals, &grant.context_subset, given) {
                (None, None, _) => "granted here",
                (Some(_), _, false) | (_, Some(_), false) => "granted here for a context that is not given",
                (Some(_), _, true) => "granted here for a context",
                (_, Some(_), true) => "granted here for a part of the context",
            };
        }
        if ours(here) {
            return "granted something else here";
        }
        if family.members.values().any(ours) {
            return "granted elsewhere";
        }
    }
    let said = |member: &Member| says(member.policy.as_deref(), call);
    let there = match call.op {
        UpdatePrimaryRegion => call.text("PrimaryRegion").filter(|r| **r != *call.region),
        _ => None,
    };
    let there = there.and_then(|r| family.members.get(r)).map_or("", said);
    match (said(here), there) {
        ("", "") => "",
        (here, "") => here,
        ("", there) => on_the_other_side(there),
        (_, _) => "on both sides",
    }
}

/// What a policy text says about an operation: nothing, or by which means.
fn says(policy: Option<&str>, call: &Call) -> &'static str {
    let Some(text) = policy else {
        return "";
    };
    if call.caller == Caller::Limited && text.contains("{limited}") {
        return "names the limited principal";
    }
    let action = format!("\"kms:{}\"", call.op);
    if !text.contains(&action) {
        return if text.contains("\"kms:*\"") { "" } else { "without delegation" };
    }
    let denied = if text.contains("\"Deny\"") { "denied" } else { "" };
    CONDITIONS.iter().find(|c| text.contains(**c)).copied().unwrap_or(denied)
}

fn on_the_other_side(word: &'static str) -> &'static str {
    match word {
        "denied" => "denied on the other side",
        "kms:PrimaryRegion" => "kms:PrimaryRegion on the other side",
        _ => "on the other side",
    }
}

//! UpdatePrimaryRegion: what this project is about.

use super::resolve::{Target, key, state_gate};
use crate::call::Call;
use crate::outcome::{Outcome, Reason, Refusals};
use crate::world::{KeyState, Promotion, Region, World};

/// The codes with which a PrimaryRegion that holds no replica may be refused (F-053).
const NO_REPLICA: [&str; 5] = [
    "NotFoundException",
    "UnsupportedOperationException",
    "KMSInvalidStateException",
    "ValidationException",
    "InvalidArnException",
];

/// The codes that F-060 declares, and the errors common to all operations.
const DECLARED: [&str; 17] = [
    "DisabledException",
    "InvalidArnException",
    "KMSInternalException",
    "KMSInvalidStateException",
    "NotFoundException",
    "UnsupportedOperationException",
    // F-057 accepts it for the present primary Region.
    "AlreadyExistsException",
    // Common Errors.
    "AccessDeniedException",
    "DependencyTimeoutException",
    "ExpiredTokenException",
    "InternalFailure",
    "OptInRequired",
    "SerializationException",
    "ServiceUnavailable",
    "ThrottlingException",
    "UnrecognizedClientException",
    "ValidationException",
];

/// UpdatePrimaryRegion (F-050 to F-064).
pub fn update_primary_region(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refused(refusals, world);
    };
    let family = target.family;
    state_gate(call, &target, &mut refusals);
    if !family.multi_region {
        refusals.refuse(&["UnsupportedOperationException"], Reason::SingleRegion);
    }
    let to: Option<Region> = call.text("PrimaryRegion").map(Into::into);
    let Some(to) = to else {
        return refused(refusals, world);
    };
    let mut optional = Refusals::default();
    let busy = target.state() == KeyState::Updating;
    if family.multi_region && !target.is_primary() {
        let codes = ["UnsupportedOperationException", "NotFoundException", "KMSInvalidStateException"];
        let text = format!("{} is not a multi-region primary key.", target.arn());
        // While the promotion is under way its old primary may still count as one (F-062, F-071).
        let former_in_transit = family.promotion.as_ref().is_some_and(|p| p.from == target.region);
        let list = if former_in_transit { &mut optional } else { &mut refusals };
        list.refuse(&codes, Reason::NotPrimary).text("UnsupportedOperationException", &[text]);
    }
    if family.multi_region && target.is_primary() && to == target.region {
        let codes = [
            "UnsupportedOperationException",
            "ValidationException",
            "KMSInvalidStateException",
            "NotFoundException",
            "AlreadyExistsException",
        ];
        optional.refuse(&codes, Reason::PrimaryRegion);
        let by_state_only = refusals.all(|reason| matches!(reason, Reason::State(_)));
        let mut outcomes = with_optional(world, refusals, optional, || Outcome::done(world.clone()));
        // Whether the key state or the Region is looked at first is open: nothing changes either way (F-057).
        if by_state_only && !outcomes.iter().any(Outcome::is_success) {
            outcomes.push(Outcome::done(world.clone()));
        }
        return outcomes;
    }
    match family.effective_state(&to) {
        None if is_foreign(&to) => {
            refusals.refuse(&["*"], Reason::ForeignRegion);
        }
        None => {
            refusals.refuse(&NO_REPLICA, Reason::NoReplica);
        }
        Some(KeyState::Enabled) => {}
        Some(KeyState::Updating) => {
            optional.refuse(&["KMSInvalidStateException"], Reason::PromotionUnderWay);
        }
        // Called on a replica and naming a disabled primary, say: the rule about the state of
        // the destination applies as well.
        Some(_) => {
            refusals.refuse(&["DisabledException", "KMSInvalidStateException"], Reason::ReplicaState);
        }
    }
    let materials = &family.materials;
    if materials.rotating || materials.pending.is_some() {
        // Whether what waits for a rotation stands in the way is not recorded (F-125).
        optional.refuse(&["KMSInvalidStateException"], Reason::PromotionUnderWay);
    }
    if busy {
        optional.refuse(&["KMSInvalidStateException"], Reason::PromotionUnderWay);
    }
    with_optional(world, refusals, optional, || promoted(world, &target, &to))
}

fn promoted(world: &World, target: &Target, to: &Region) -> Outcome {
    let family = target.family;
    let mut next = world.clone();
    let after = next.family_mut(&target.name);
    if family.primary != *to {
        let from = family.primary.clone();
        after.primary = to.clone();
        after.promotion = Some(Promotion { from, to: to.clone() });
        let lacks = |pending| !after.members.get(to).is_some_and(|m| m.held.contains_key(pending));
        after.materials.left_behind = after.materials.pending.as_ref().is_some_and(lacks);
    }
    Outcome::done(next)
}

/// The success, when nothing stands in its way, and the refusals that are allowed beside it.
fn with_optional(world: &World, refusals: Refusals, optional: Refusals, success: impl Fn() -> Outcome) -> Vec<Outcome> {
    let mut outcomes = if refusals.none() { vec![success()] } else { refused(refusals, world) };
    outcomes.extend(refused(optional, world));
    outcomes
}

fn refused(mut refusals: Refusals, world: &World) -> Vec<Outcome> {
    refusals.declare(&DECLARED);
    refusals.outcomes(world)
}

/// Regions of other partitions, and made-up ones: any error is fine.
fn is_foreign(region: &str) -> bool {
    ["cn-", "us-gov-", "us-iso", "xx-"].iter().any(|p| region.starts_with(p))
}

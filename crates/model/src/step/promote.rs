//! UpdatePrimaryRegion: what this project is about.

use super::resolve::{Target, context, key, state_gate};
use crate::call::{Arg, Call};
use crate::outcome::{Outcome, Refusals};
use crate::rule::RuleId;
use crate::rules::*;
use crate::world::{KeyState, Name, Promotion, Region, Since, World};

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
    // Whatever is refused must have changed nothing: later descriptions blame UPR-028.
    let mut unchanged = world.clone();
    if let Some(name) = addressed(world, call) {
        unchanged.family_mut(&name).since = Since::PromotionRefused;
    }
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refused(refusals, &unchanged);
    };
    let family = target.family;
    state_gate(call, &target, &mut refusals);
    refusals.blame_all(UPR_016, target.state());
    if !family.multi_region {
        refusals.refuse(&["UnsupportedOperationException"], &[UPR_015]);
    }
    let to: Option<Region> = call.text("PrimaryRegion").map(Into::into);
    let Some(to) = to else {
        return refused(refusals, &unchanged);
    };
    let mut optional = Refusals::default();
    let busy = target.state() == KeyState::Updating;
    if family.multi_region && !target.is_primary() {
        let codes = ["UnsupportedOperationException", "NotFoundException", "KMSInvalidStateException"];
        let text = format!("{} is not a multi-region primary key.", target.arn());
        // While the promotion is under way its old primary may still count as one (F-062, F-071).
        let former_in_transit = family.promotion.as_ref().is_some_and(|p| p.from == target.region);
        let list = if former_in_transit { &mut optional } else { &mut refusals };
        list.refuse(&codes, &[UPR_014]).text("UnsupportedOperationException", MSG_004, &[text]);
    }
    if family.multi_region && target.is_primary() && to == target.region {
        let codes = [
            "UnsupportedOperationException",
            "ValidationException",
            "KMSInvalidStateException",
            "NotFoundException",
            "AlreadyExistsException",
        ];
        optional.refuse(&codes, &[UPR_013]);
        return with_optional(world, refusals, optional, &unchanged, |world| {
            let mut next = world.clone();
            next.family_mut(&target.name).since = Since::PromotionRefused;
            vec![Outcome::done(next, vec![UPR_013], UPR_025)]
        });
    }
    match family.effective_state(&to) {
        None if is_foreign(&to) => {
            refusals.refuse(&["*"], &[UPR_018]);
        }
        None => {
            refusals.refuse(&NO_REPLICA, &[UPR_012]);
        }
        Some(KeyState::Enabled) => {}
        Some(KeyState::Updating) => {
            optional.refuse(&["KMSInvalidStateException"], &[UPR_029]);
        }
        // Called on a replica and naming a disabled primary, say: the rule about the state of
        // the destination applies as well.
        Some(_) => {
            refusals.refuse(&["DisabledException", "KMSInvalidStateException"], &[UPR_017]);
        }
    }
    if busy {
        optional.refuse(&["KMSInvalidStateException"], &[UPR_029]);
    }
    with_optional(world, refusals, optional, &unchanged, |world| vec![promoted(world, call, &target, &to)])
}

fn promoted(world: &World, call: &Call, target: &Target, to: &Region) -> Outcome {
    let family = target.family;
    let mut next = world.clone();
    let after = next.family_mut(&target.name);
    if family.primary != *to {
        let from = family.primary.clone();
        after.primary = to.clone();
        after.promotion = Some(Promotion { from: from.clone(), to: to.clone(), seen: false });
        after.last_promotion = Some((from, to.clone()));
    }
    after.since = Since::Promoted;
    let rules = success_rules(call, target, to);
    // That the call succeeds does not show that anything happened: UPR-001 is proven by what
    // DescribeKey shows afterwards.
    let blame = rules.first().copied().filter(|r| r.0.starts_with("UPR")).unwrap_or(UPR_001);
    Outcome::done(next, rules, UPR_025).blaming(blame)
}

fn success_rules(call: &Call, target: &Target, to: &Region) -> Vec<RuleId> {
    let family = target.family;
    let mut rules = Vec::new();
    let third = |r: &Region| *r != target.region && r != to;
    if family.members.iter().any(|(r, m)| third(r) && m.state != KeyState::Enabled) {
        rules.push(UPR_031);
    }
    if family.members.values().any(|m| m.was_cancelled) {
        rules.push(UPR_032);
    }
    if family.promotion.as_ref().is_some_and(|p| p.seen) {
        rules.push(UPR_029);
    }
    if family.last_promotion.is_some() {
        rules.push(UPR_037);
    }
    if target.by_arn {
        rules.push(UPR_041);
    }
    rules.extend(context(call.op, target));
    rules
}

/// The success, when nothing stands in its way, and the refusals that are allowed beside it.
fn with_optional(
    world: &World,
    refusals: Refusals,
    optional: Refusals,
    unchanged: &World,
    success: impl Fn(&World) -> Vec<Outcome>,
) -> Vec<Outcome> {
    let mut outcomes = if refusals.none() { success(world) } else { refused(refusals, unchanged) };
    outcomes.extend(refused(optional, unchanged));
    outcomes
}

fn refused(mut refusals: Refusals, unchanged: &World) -> Vec<Outcome> {
    refusals.declare(&DECLARED, UPR_038);
    refusals.also(UPR_028);
    refusals.outcomes(unchanged)
}

/// The family that the request names, whether or not it is in the Region called.
fn addressed(world: &World, call: &Call) -> Option<Name> {
    match call.args.get("KeyId")? {
        Arg::Key(key) if world.families.contains_key(&key.name) => Some(key.name.clone()),
        Arg::Key(key) => world.aliases.get(&(call.region.clone(), key.name.clone())).cloned(),
        _ => None,
    }
}

/// Regions of other partitions, and made-up ones: any error is fine.
fn is_foreign(region: &str) -> bool {
    ["cn-", "us-gov-", "us-iso", "xx-"].iter().any(|p| region.starts_with(p))
}

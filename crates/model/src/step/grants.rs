//! Grants: CreateGrant, ListGrants, ListRetirableGrants, RevokeGrant, RetireGrant (F-114, F-130).

use super::resolve::{context, key, state_gate};
use crate::bindings::Slot;
use crate::call::{Arg, Call, Operation};
use crate::outcome::{Check, Outcome, Refusals, Want};
use crate::rule::RuleId;
use crate::rules::*;
use crate::world::{Family, Grant, Name, Region, Since, World};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const NO_SUCH_GRANT: [&str; 3] = ["NotFoundException", "InvalidGrantIdException", "InvalidGrantTokenException"];

/// CreateGrant.
pub fn create(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    if !["GranteePrincipal", "GranteeServicePrincipal"].iter().any(|m| call.args.contains_key(*m)) {
        // One of the two is needed, but the model of the service requires neither.
        refusals.refuse(&["*"], &[GRT_001]);
    }
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    state_gate(call, &target, &mut refusals);
    let usage = target.family.usage;
    let operations: BTreeSet<String> = call.list("Operations").into_iter().collect();
    let mut optional = Refusals::default();
    if !operations.iter().all(|o| usage.fits_operation(o)) {
        // A grant for what the key cannot do: no fact says what happens.
        optional.refuse(&["ValidationException", "UnsupportedOperationException"], &[GRT_004]);
    }
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    let constraint = |name: &str| match call.args.get("Constraints") {
        Some(Arg::Json(value)) => value.get(name).and_then(Value::as_object).map(|map| {
            let pairs = map.iter().map(|(k, v)| (k.clone(), v.as_str().unwrap_or("").to_string()));
            pairs.collect::<BTreeMap<_, _>>()
        }),
        _ => None,
    };
    let grant = Grant {
        grantee: call.text("GranteePrincipal").unwrap_or("").to_string(),
        retiring: call.text("RetiringPrincipal").map(str::to_string),
        operations,
        label: call.text("Name").map(str::to_string),
        context_equals: constraint("EncryptionContextEquals"),
        context_subset: constraint("EncryptionContextSubset"),
    };
    let mut next = world.clone();
    next.member_mut(&target.name, &target.region).grants.insert(call.name.clone(), grant);
    next.family_mut(&target.name).since = Since::Changed(target.region.clone(), call.op);
    let mut rules = vec![GRT_001];
    rules.extend(context(call.op, &target));
    let checks = vec![
        Check::new("GrantId", Want::Same(Slot::Grant(call.name.clone())), GRT_001),
        Check::new("GrantId", Want::String, GRT_001),
        Check::new("GrantToken", Want::String, GRT_001),
    ];
    let mut outcomes = vec![Outcome::success(next, rules, checks)];
    outcomes.extend(optional.outcomes(world));
    outcomes
}

/// Which rule a wrong list of grants breaks, given what happened last.
fn list_rule(family: &Family, region: &Region, otherwise: RuleId) -> RuleId {
    match &family.since {
        Since::Promoted => GRT_003,
        Since::PromotionRefused => UPR_028,
        Since::Denied => AUT_020,
        Since::Replicated(r) if r == region => GRT_009,
        Since::Replicated(_) => REP_017,
        Since::Changed(r, Operation::RetireGrant) if r == region => GRT_006,
        Since::Changed(r, _) if r != region => GRT_002,
        _ => otherwise,
    }
}

/// ListGrants.
pub fn list(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    state_gate(call, &target, &mut refusals);
    let family = target.family;
    let member = &family.members[&target.region];
    let only = match call.args.get("GrantId") {
        Some(Arg::Result { step, .. }) => Some(step),
        Some(_) => {
            refusals.refuse(&NO_SUCH_GRANT, &[GRT_008]);
            None
        }
        None => None,
    };
    if only.is_some_and(|step| !member.grants.contains_key(step)) {
        // A grant of another member, or one that is gone: an error or an empty list.
        let mut outcomes = vec![listing(world, &target.name, &target.region, BTreeMap::new(), Vec::new(), GRT_008)];
        refusals.refuse(&NO_SUCH_GRANT, &[GRT_008]);
        outcomes.extend(refusals.outcomes(world));
        return outcomes;
    }
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    if let Some(limit) = call.int("Limit") {
        let mut checks = vec![Check::new("Grants", Want::AtMost(limit as u64), KEY_022)];
        if member.grants.len() as i64 > limit {
            checks.push(Check::new("Truncated", Want::Is(true.into()), KEY_022));
            checks.push(Check::new("NextMarker", Want::String, KEY_022));
        }
        return vec![Outcome::success(world.clone(), vec![KEY_022], checks)];
    }
    let grantee = call.text("GranteePrincipal");
    let asked = |grant: &&Grant| grantee.is_none_or(|g| g == grant.grantee);
    let wanted = member.grants.iter().filter(|(name, grant)| only.is_none_or(|step| step == *name) && asked(grant));
    let wanted = wanted.map(|(n, g)| (n.clone(), g.clone())).collect();
    let strays = member.stray_grants.iter().filter(|g| only.is_none() && asked(g)).cloned().collect();
    let own = if only.is_some() || grantee.is_some() {
        GRT_008
    } else if member.lost_grants {
        GRT_005
    } else {
        GRT_001
    };
    let rule = list_rule(family, &target.region, own);
    let mut outcome = listing(world, &target.name, &target.region, wanted, strays, rule);
    outcome.rules.extend(context(call.op, &target));
    vec![outcome]
}

fn listing(
    world: &World,
    family: &Name,
    region: &Region,
    wanted: BTreeMap<Name, Grant>,
    strays: Vec<Grant>,
    rule: RuleId,
) -> Outcome {
    let want = Want::Grants(family.clone(), region.clone(), wanted, strays);
    Outcome::success(world.clone(), vec![rule], vec![Check::new("Grants", want, rule)])
}

/// ListRetirableGrants: those of this sequence's keys in the Region called.
pub fn list_retirable(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    if !call.args.contains_key("RetiringPrincipal") {
        // The model of the service does not require it, and no fact says what its absence gives.
        refusals.refuse(&["*"], &[GRT_007]);
        let mut outcomes = refusals.outcomes(world);
        outcomes.push(Outcome::success(world.clone(), vec![GRT_007], Vec::new()));
        return outcomes;
    }
    let principal = call.text("RetiringPrincipal");
    let mut checks = Vec::new();
    for (name, family) in &world.families {
        let Some(member) = family.members.get(&call.region) else {
            let none = Want::Grants(name.clone(), call.region.clone(), BTreeMap::new(), Vec::new());
            checks.push(Check::new("Grants", none, GRT_007));
            continue;
        };
        let retirable = |g: &&Grant| g.retiring.as_deref() == principal;
        let wanted = member.grants.iter().filter(|(_, g)| retirable(g)).map(|(n, g)| (n.clone(), g.clone())).collect();
        let strays = member.stray_grants.iter().filter(retirable).cloned().collect();
        checks.push(Check::new("Grants", Want::Grants(name.clone(), call.region.clone(), wanted, strays), GRT_007));
    }
    vec![Outcome::success(world.clone(), vec![GRT_007], checks)]
}

/// RevokeGrant and RetireGrant.
pub fn remove(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let retire = call.op == Operation::RetireGrant;
    let rule = if retire { GRT_006 } else { GRT_005 };
    let given = ["GrantToken", "GrantId"].iter().filter_map(|m| call.args.get(*m)).next();
    let step = match given {
        Some(Arg::Result { step, .. }) => Some(step.clone()),
        _ => None,
    };
    let mut rules = vec![rule];
    let place = if call.args.contains_key("KeyId") {
        let Some(target) = key(world, call, "KeyId", &mut refusals) else {
            return refusals.outcomes(world);
        };
        state_gate(call, &target, &mut refusals);
        rules.extend(context(call.op, &target));
        Some((target.name.clone(), target.region.clone()))
    } else if retire && call.args.contains_key("GrantId") && !call.args.contains_key("GrantToken") {
        return retire_by_id_alone(world, call, step, refusals);
    } else {
        // A token says by itself which grant it means.
        let step = step.as_ref();
        let holds = |f: &Family| {
            let member = f.members.get(&call.region);
            member.is_some_and(|m| step.is_some_and(|s| m.grants.contains_key(s)))
        };
        let found = world.families.iter().find(|(_, f)| holds(f));
        rules.extend(state_row(call.op.name()));
        found.map(|(name, _)| (name.clone(), call.region.clone()))
    };
    let member = place.as_ref().and_then(|(name, region)| world.family(name)?.members.get(region));
    let there = member.is_some_and(|m| step.as_ref().is_some_and(|s| m.grants.contains_key(s)));
    if retire && given.is_none() && refusals.none() {
        // Neither token nor id: no fact says more than that there is nothing to retire.
        refusals.refuse(&["*"], &[GRT_006]);
    } else if !there && refusals.none() {
        refusals.refuse(&NO_SUCH_GRANT, &[rule]);
        let elsewhere =
            |f: &Family| f.members.values().any(|m| step.as_ref().is_some_and(|s| m.grants.contains_key(s)));
        if !world.families.values().any(|f| elsewhere(f)) {
            // A grant that is nowhere: no fact forbids to say yes and do nothing.
            let mut outcomes = vec![Outcome::done(world.clone(), rules, WIRE_006)];
            outcomes.extend(refusals.outcomes(world));
            return outcomes;
        }
    }
    let (Some((name, region)), Some(step), true) = (place, step, refusals.none()) else {
        return refusals.outcomes(world);
    };
    let mut next = world.clone();
    let member = next.member_mut(&name, &region);
    member.grants.remove(&step);
    member.lost_grants = true;
    next.family_mut(&name).since = Since::Changed(region, call.op);
    vec![Outcome::done(next, rules, WIRE_006)]
}

/// RetireGrant with a grant id and without its key: that both are needed, or that one is enough,
/// is not documented.
fn retire_by_id_alone(world: &World, call: &Call, step: Option<Name>, mut refusals: Refusals) -> Vec<Outcome> {
    let well_formed = refusals.none();
    refusals.refuse(&["*"], &[GRT_006]);
    let mut outcomes = refusals.outcomes(world);
    let holds = |f: &Family| {
        let member = f.members.get(&call.region);
        member.is_some_and(|m| step.as_ref().is_some_and(|s| m.grants.contains_key(s)))
    };
    if let (Some((name, _)), Some(step), true) = (world.families.iter().find(|(_, f)| holds(f)), &step, well_formed) {
        let mut next = world.clone();
        next.member_mut(name, &call.region).grants.remove(step);
        next.member_mut(name, &call.region).lost_grants = true;
        next.family_mut(name).since = Since::Changed(call.region.clone(), call.op);
        outcomes.push(Outcome::done(next, vec![GRT_006], WIRE_006));
    }
    outcomes
}

//! Grants: CreateGrant, ListGrants, ListRetirableGrants, RevokeGrant, RetireGrant (F-114, F-130).

use super::resolve::{key, state_gate};
use crate::bindings::Slot;
use crate::call::{Arg, Call, Operation};
use crate::outcome::{Aspect, Check, Matcher, Outcome, Reason, Refusals};
use crate::world::{Family, Grant, Name, Region, World};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const NO_SUCH_GRANT: [&str; 3] = ["NotFoundException", "InvalidGrantIdException", "InvalidGrantTokenException"];

/// CreateGrant.
pub fn create(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    if !["GranteePrincipal", "GranteeServicePrincipal"].iter().any(|m| call.args.contains_key(*m)) {
        // One of the two is needed, but the model of the service requires neither.
        refusals.refuse(&["*"], Reason::NoGrantee);
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
        optional.refuse(&["ValidationException", "UnsupportedOperationException"], Reason::GrantOperations);
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
    let checks = vec![
        Check::new("GrantId", Matcher::Same(Slot::Grant(call.name.clone())), Aspect::NewGrant),
        Check::new("GrantId", Matcher::String, Aspect::NewGrant),
        Check::new("GrantToken", Matcher::String, Aspect::NewGrant),
    ];
    let mut outcomes = vec![Outcome::success(next, checks)];
    outcomes.extend(optional.outcomes(world));
    outcomes
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
            refusals.refuse(&NO_SUCH_GRANT, Reason::UnlistedGrant);
            None
        }
        None => None,
    };
    if only.is_some_and(|step| !member.grants.contains_key(step)) {
        // A grant of another member, or one that is gone: an error or an empty list.
        let mut outcomes = vec![listing(world, &target.name, &target.region, BTreeMap::new(), Vec::new())];
        refusals.refuse(&NO_SUCH_GRANT, Reason::UnlistedGrant);
        outcomes.extend(refusals.outcomes(world));
        return outcomes;
    }
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    if let Some(limit) = call.int("Limit") {
        let mut checks = vec![Check::new("Grants", Matcher::AtMost(limit as u64), Aspect::Page)];
        if member.grants.len() as i64 > limit {
            checks.push(Check::new("Truncated", Matcher::Is(true.into()), Aspect::Page));
            checks.push(Check::new("NextMarker", Matcher::String, Aspect::Page));
        }
        return vec![Outcome::success(world.clone(), checks)];
    }
    let grantee = call.text("GranteePrincipal");
    let asked = |grant: &&Grant| grantee.is_none_or(|g| g == grant.grantee);
    let wanted = member.grants.iter().filter(|(name, grant)| only.is_none_or(|step| step == *name) && asked(grant));
    let wanted = wanted.map(|(n, g)| (n.clone(), g.clone())).collect();
    let strays = member.stray_grants.iter().filter(|g| only.is_none() && asked(g)).cloned().collect();
    vec![listing(world, &target.name, &target.region, wanted, strays)]
}

fn listing(
    world: &World,
    family: &Name,
    region: &Region,
    wanted: BTreeMap<Name, Grant>,
    strays: Vec<Grant>,
) -> Outcome {
    let want = Matcher::Grants(family.clone(), region.clone(), wanted, strays);
    Outcome::success(world.clone(), vec![Check::new("Grants", want, Aspect::Grants)])
}

/// ListRetirableGrants: those of this sequence's keys in the Region called.
pub fn list_retirable(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    if !call.args.contains_key("RetiringPrincipal") {
        // The model of the service does not require it, and no fact says what its absence gives.
        refusals.refuse(&["*"], Reason::NoRetiringPrincipal);
        let mut outcomes = refusals.outcomes(world);
        outcomes.push(Outcome::success(world.clone(), Vec::new()));
        return outcomes;
    }
    let principal = call.text("RetiringPrincipal");
    let mut checks = Vec::new();
    for (name, family) in &world.families {
        let Some(member) = family.members.get(&call.region) else {
            let none = Matcher::Grants(name.clone(), call.region.clone(), BTreeMap::new(), Vec::new());
            checks.push(Check::new("Grants", none, Aspect::RetirableGrants));
            continue;
        };
        let retirable = |g: &&Grant| g.retiring.as_deref() == principal;
        let wanted = member.grants.iter().filter(|(_, g)| retirable(g)).map(|(n, g)| (n.clone(), g.clone())).collect();
        let strays = member.stray_grants.iter().filter(retirable).cloned().collect();
        checks.push(Check::new(
            "Grants",
            Matcher::Grants(name.clone(), call.region.clone(), wanted, strays),
            Aspect::RetirableGrants,
        ));
    }
    vec![Outcome::success(world.clone(), checks)]
}

/// RevokeGrant and RetireGrant.
pub fn remove(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let retire = call.op == Operation::RetireGrant;
    let given = ["GrantToken", "GrantId"].iter().filter_map(|m| call.args.get(*m)).next();
    let step = match given {
        Some(Arg::Result { step, .. }) => Some(step.clone()),
        _ => None,
    };
    let place = if call.args.contains_key("KeyId") {
        let Some(target) = key(world, call, "KeyId", &mut refusals) else {
            return refusals.outcomes(world);
        };
        state_gate(call, &target, &mut refusals);
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
        found.map(|(name, _)| (name.clone(), call.region.clone()))
    };
    let member = place.as_ref().and_then(|(name, region)| world.family(name)?.members.get(region));
    let there = member.is_some_and(|m| step.as_ref().is_some_and(|s| m.grants.contains_key(s)));
    if retire && given.is_none() && refusals.none() {
        // Neither token nor id: no fact says more than that there is nothing to retire.
        refusals.refuse(&["*"], Reason::UnnamedGrant);
    } else if !there && refusals.none() {
        refusals.refuse(&NO_SUCH_GRANT, Reason::UnknownGrant);
        let elsewhere =
            |f: &Family| f.members.values().any(|m| step.as_ref().is_some_and(|s| m.grants.contains_key(s)));
        if !world.families.values().any(|f| elsewhere(f)) {
            // A grant that is nowhere: no fact forbids to say yes and do nothing.
            let mut outcomes = vec![Outcome::done(world.clone())];
            outcomes.extend(refusals.outcomes(world));
            return outcomes;
        }
    }
    let (Some((name, region)), Some(step), true) = (place, step, refusals.none()) else {
        return refusals.outcomes(world);
    };
    let mut next = world.clone();
    next.member_mut(&name, &region).grants.remove(&step);
    vec![Outcome::done(next)]
}

/// RetireGrant with a grant id and without its key: that both are needed, or that one is enough,
/// is not documented.
fn retire_by_id_alone(world: &World, call: &Call, step: Option<Name>, mut refusals: Refusals) -> Vec<Outcome> {
    let well_formed = refusals.none();
    refusals.refuse(&["*"], Reason::UnnamedGrant);
    let mut outcomes = refusals.outcomes(world);
    let holds = |f: &Family| {
        let member = f.members.get(&call.region);
        member.is_some_and(|m| step.as_ref().is_some_and(|s| m.grants.contains_key(s)))
    };
    if let (Some((name, _)), Some(step), true) = (world.families.iter().find(|(_, f)| holds(f)), &step, well_formed) {
        let mut next = world.clone();
        next.member_mut(name, &call.region).grants.remove(step);
        outcomes.push(Outcome::done(next));
    }
    outcomes
}

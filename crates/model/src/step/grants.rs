//! Grants: CreateGrant, ListGrants, ListRetirableGrants, RevokeGrant, RetireGrant (F-114, F-130).

use super::resolve::{key, state_gate};
use crate::bindings::Slot;
use crate::call::{Arg, Call, Operation};
use crate::outcome::{Aspect, Check, Matcher, Outcome, Reason, Refusals};
use crate::principal::{Principal, is_unique_id, principal};
use crate::world::{Family, Grant, Member, Name, Region, World};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const NO_SUCH_GRANT: [&str; 3] = ["NotFoundException", "InvalidGrantIdException", "InvalidGrantTokenException"];

/// The exceptions for principals that the service does not know: no fact says more than what was recorded.
const NO_SUCH_PRINCIPAL: [&str; 3] = ["InvalidArnException", "NotFoundException", "ValidationException"];

/// Adds what a principal deserves of which the model cannot know whether it exists.
fn refuse_principals(call: &Call, optional: &mut Refusals) {
    for member in ["GranteePrincipal", "RetiringPrincipal"] {
        let Some(text) = call.text(member).filter(|t| principal(t) != Principal::Known) else { continue };
        let refusal = optional.refuse(&NO_SUCH_PRINCIPAL, Reason::Principal);
        let texts = [
            format!("ARN does not refer to a valid principal: {text}"),
            format!("ARN is not valid: {text}"),
            format!("{member} does not refer to a valid principal."),
            "Input does not refer to a valid principal".to_string(),
        ];
        refusal.text("InvalidArnException", &texts);
        refusal.text("NotFoundException", &[format!("Retiring principal {text} could not be found")]);
    }
}

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
    let constrained = ["EncryptionContextEquals", "EncryptionContextSubset"].iter().any(|name| {
        matches!(call.args.get("Constraints"), Some(Arg::Json(value)) if value.get(name).is_some_and(Value::is_object))
    });
    let unfit = constrained && !target.family.spec.is_symmetric();
    if unfit {
        let text = "EncryptionContext is supported only when creating a grant for a symmetric encryption KMS key.";
        let codes = ["ValidationException", "UnsupportedOperationException", "InvalidKeyUsageException"];
        optional.refuse(&codes, Reason::GrantConstraints).text("ValidationException", &[text.to_string()]);
    }
    refuse_principals(call, &mut optional);
    if !refusals.none() {
        return [refusals.outcomes(world), optional.outcomes(world)].concat();
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
        same_as: None,
    };
    let mut checks = vec![
        Check::new("GrantId", Matcher::String, Aspect::NewGrant),
        Check::new("GrantToken", Matcher::String, Aspect::NewGrant),
    ];
    if unfit {
        let want = Matcher::Refused("a ValidationException: keys of this kind have no encryption context");
        checks.push(Check::new("GrantId", want, Aspect::GrantConstraints));
    }
    let malformed = |m: &&str| call.text(m).is_some_and(|text| principal(text) == Principal::Malformed);
    if ["GranteePrincipal", "RetiringPrincipal"].iter().any(malformed) {
        let want = Matcher::Refused("an InvalidArnException: no principal has this ARN");
        checks.push(Check::new("GrantId", want, Aspect::Principal));
    }
    let member = &target.family.members[&target.region];
    let mut outcomes = made(world, call, &target.name, &grant, member, &checks);
    outcomes.extend(optional.outcomes(world));
    outcomes
}

/// A new grant, or, when it was asked for before by the same name, the one that there is (F-114).
fn made(world: &World, call: &Call, family: &Name, grant: &Grant, member: &Member, checks: &[Check]) -> Vec<Outcome> {
    let own = Check::new("GrantId", Matcher::Same(Slot::Grant(call.name.clone())), Aspect::NewGrant);
    let with = |grant: Grant, more: Vec<Check>| {
        let mut next = world.clone();
        let after = next.member_mut(family, &call.region);
        // A grant whose answer was lost is found again by its name.
        if let Some(at) = after.stray_grants.iter().position(|g| grant.label.is_some() && *g == grant) {
            after.stray_grants.remove(at);
        }
        after.grants.insert(call.name.clone(), grant);
        Outcome::success(next, [checks.to_vec(), vec![own.clone()], more].concat())
    };
    let again = member.grants.iter().find(|(_, g)| g.same_as.is_none() && g.is_repeated_by(grant));
    // The Name alone does not make it the same grant.
    let namesakes = member.grants.iter().filter(|(_, g)| grant.label.is_some() && g.label == grant.label);
    let others: Vec<Slot> =
        namesakes.filter(|(_, g)| !g.is_repeated_by(grant)).map(|(step, _)| Slot::Grant(step.clone())).collect();
    let another = match others.is_empty() {
        true => Vec::new(),
        false => vec![Check::new("GrantId", Matcher::NoneOf(others), Aspect::RepeatedGrant)],
    };
    let Some((first, old)) = again else {
        return vec![with(grant.clone(), another)];
    };
    let same = Check::new("GrantId", Matcher::Same(Slot::Grant(first.clone())), Aspect::RepeatedGrant);
    let repeated = with(Grant { same_as: Some(first.clone()), ..grant.clone() }, vec![same]);
    // A role that was deleted and made again has the old name and is another one.
    let open = |g: &Grant| principal(&g.grantee) == Principal::Open;
    let mut outcomes = vec![repeated];
    outcomes.extend((open(old) || open(grant)).then(|| with(grant.clone(), another)));
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
    let mut optional = Refusals::default();
    refuse_principals(call, &mut optional);
    let only = match call.args.get("GrantId") {
        Some(Arg::Result { step, .. }) => Some(member.grant(step).unwrap_or(step)),
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
        outcomes.extend(optional.outcomes(world));
        return outcomes;
    }
    if !refusals.none() {
        return [refusals.outcomes(world), optional.outcomes(world)].concat();
    }
    if let Some(limit) = call.int("Limit") {
        let mut checks = vec![Check::new("Grants", Matcher::AtMost(limit as u64), Aspect::Page)];
        if member.distinct_grants().count() as i64 > limit {
            checks.push(Check::new("Truncated", Matcher::Is(true.into()), Aspect::Page));
            checks.push(Check::new("NextMarker", Matcher::String, Aspect::Page));
        }
        return [vec![Outcome::success(world.clone(), checks)], optional.outcomes(world)].concat();
    }
    let grantee = call.text("GranteePrincipal");
    let mut outcomes = optional.outcomes(world);
    if grantee.is_some_and(is_unique_id) {
        // Whose id that is, nobody here knows: it may be any of those that are not known otherwise.
        let any = Check::new("Grants", Matcher::AtMost(u64::MAX), Aspect::Grants);
        outcomes.insert(0, Outcome::success(world.clone(), vec![any]));
        return outcomes;
    }
    let asked = |grant: &&Grant| grantee.is_none_or(|g| g == grant.grantee);
    let wanted = member.distinct_grants().filter(|(name, grant)| only.is_none_or(|step| step == *name) && asked(grant));
    let wanted = wanted.map(|(n, g)| (n.clone(), g.clone())).collect();
    let strays = member.stray_grants.iter().filter(|g| only.is_none() && asked(g)).cloned().collect();
    outcomes.insert(0, listing(world, &target.name, &target.region, wanted, strays));
    outcomes
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
    let mut optional = Refusals::default();
    refuse_principals(call, &mut optional);
    let principal = call.text("RetiringPrincipal");
    if principal.is_some_and(is_unique_id) {
        let any = Check::new("Grants", Matcher::AtMost(u64::MAX), Aspect::RetirableGrants);
        return [vec![Outcome::success(world.clone(), vec![any])], optional.outcomes(world)].concat();
    }
    let mut checks = Vec::new();
    for (name, family) in &world.families {
        let Some(member) = family.members.get(&call.region) else {
            let none = Matcher::Grants(name.clone(), call.region.clone(), BTreeMap::new(), Vec::new());
            checks.push(Check::new("Grants", none, Aspect::RetirableGrants));
            continue;
        };
        let retirable = |g: &&Grant| g.retiring.as_deref() == principal;
        let wanted = member.distinct_grants().filter(|(_, g)| retirable(g));
        let wanted = wanted.map(|(n, g)| (n.clone(), g.clone())).collect();
        let strays = member.stray_grants.iter().filter(retirable).cloned().collect();
        checks.push(Check::new(
            "Grants",
            Matcher::Grants(name.clone(), call.region.clone(), wanted, strays),
            Aspect::RetirableGrants,
        ));
    }
    [vec![Outcome::success(world.clone(), checks)], optional.outcomes(world)].concat()
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
    next.member_mut(&name, &region).remove_grant(&step);
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
        next.member_mut(name, &call.region).remove_grant(step);
        outcomes.push(Outcome::done(next));
    }
    outcomes
}

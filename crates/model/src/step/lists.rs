//! ListKeys and ListAliases. An account holds keys of others, too: the checks are about the keys
//! of this sequence only.

use super::resolve::{context, key, state_gate};
use crate::call::{Call, Operation};
use crate::outcome::{Check, Outcome, Refusals, Want};
use crate::rules::*;
use crate::world::{Name, Since, World};
use serde_json::json;
use std::collections::BTreeMap;

fn refuse_marker(call: &Call, refusals: &mut Refusals) {
    if call.text("Marker").is_some_and(|m| !m.is_empty()) {
        refusals.refuse(&["InvalidMarkerException"], &[KEY_023]);
    }
}

/// ListKeys (F-133). Without Limit the answer stands for all pages together.
pub fn list_keys(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    refuse_marker(call, &mut refusals);
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    if let Some(limit) = call.int("Limit") {
        let mut checks = vec![Check::new("Keys", Want::AtMost(limit as u64), KEY_022)];
        let here = world.families.values().filter(|f| f.members.contains_key(&call.region)).count();
        if here as i64 > limit {
            checks.push(Check::new("Truncated", Want::Is(json!(true)), KEY_022));
            checks.push(Check::new("NextMarker", Want::String, KEY_022));
        }
        return vec![Outcome::success(world.clone(), vec![KEY_022], checks)];
    }
    let mut checks = Vec::new();
    for (name, family) in &world.families {
        let here = family.members.contains_key(&call.region);
        let rule = match () {
            () if !here && family.since == Since::PromotionRefused => UPR_026,
            () if family.gone.contains(&call.region) => DEL_012,
            () => KEY_021,
        };
        checks.push(Check::new("Keys", Want::Listed(name.clone(), call.region.clone(), here), rule));
    }
    vec![Outcome::success(world.clone(), vec![KEY_021], checks)]
}

/// ListAliases, of one key or of the Region (F-130).
pub fn list_aliases(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    refuse_marker(call, &mut refusals);
    let target = key(world, call, "KeyId", &mut refusals);
    if let Some(target) = &target {
        state_gate(call, target, &mut refusals);
    }
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    if let Some(limit) = call.int("Limit") {
        let checks = vec![Check::new("Aliases", Want::AtMost(limit as u64), KEY_022)];
        return vec![Outcome::success(world.clone(), vec![KEY_022], checks)];
    }
    let family = target.as_ref().map(|t| t.name.clone());
    let here = world.aliases.iter().filter(|((region, _), _)| *region == call.region);
    let wanted: BTreeMap<Name, Name> = here
        .map(|((_, alias), f)| (alias.clone(), f.clone()))
        .filter(|(_, f)| family.as_ref().is_none_or(|only| only == f))
        .collect();
    let promoted = target.as_ref().is_some_and(|t| t.family.since == Since::Promoted);
    let elsewhere = world.aliases.keys().any(|(region, _)| *region != call.region);
    let gone = world.families.values().any(|f| f.gone.contains(&call.region));
    let rule = match () {
        () if promoted => UPR_009,
        () if world
            .families
            .values()
            .any(|f| f.since == Since::Changed(call.region.clone(), Operation::UpdateAlias)) =>
        {
            ATT_005
        }
        () if gone => DEL_015,
        () if elsewhere && wanted.is_empty() => ATT_001,
        () => ATT_008,
    };
    let mut rules = vec![rule];
    if let Some(target) = &target {
        rules.extend(context(call.op, target));
    }
    vec![Outcome::success(world.clone(), rules, vec![Check::new("Aliases", Want::Aliases(wanted), rule)])]
}

//! ListKeys and ListAliases. An account holds keys of others, too: the checks are about the keys
//! of this sequence only.

use super::resolve::{key, state_gate};
use crate::call::Call;
use crate::outcome::{Aspect, Check, Matcher, Outcome, Reason, Refusals};
use crate::world::{Name, World};
use serde_json::json;
use std::collections::BTreeMap;

/// A marker that no page gave (F-133).
pub(super) fn refuse_marker(call: &Call, refusals: &mut Refusals) {
    if call.text("Marker").is_some_and(|m| !m.is_empty()) {
        refusals.refuse(&["InvalidMarkerException"], Reason::Marker);
    }
}

/// ListKeys (F-133). Without Limit the answer stands for all pages together.
pub fn list_keys(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    refuse_marker(call, &mut refusals);
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    if let Some(limit) = call.int("Limit") {
        let mut checks = vec![Check::new("Keys", Matcher::AtMost(limit as u64), Aspect::Page)];
        let here = world.families.values().filter(|f| f.members.contains_key(&call.region)).count();
        if here as i64 > limit {
            checks.push(Check::new("Truncated", Matcher::Is(json!(true)), Aspect::Page));
            checks.push(Check::new("NextMarker", Matcher::String, Aspect::Page));
        }
        return vec![Outcome::success(world.clone(), checks)];
    }
    let mut checks = Vec::new();
    for (name, family) in &world.families {
        let here = family.members.contains_key(&call.region);
        let want = Matcher::Listed(name.clone(), call.region.clone(), here);
        checks.push(Check::new("Keys", want, Aspect::Listed(name.clone())));
    }
    vec![Outcome::success(world.clone(), checks)]
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
        let checks = vec![Check::new("Aliases", Matcher::AtMost(limit as u64), Aspect::Page)];
        return vec![Outcome::success(world.clone(), checks)];
    }
    let family = target.as_ref().map(|t| t.name.clone());
    let here = world.aliases.iter().filter(|((region, _), _)| *region == call.region);
    let wanted: BTreeMap<Name, Name> = here
        .map(|((_, alias), f)| (alias.clone(), f.clone()))
        .filter(|(_, f)| family.as_ref().is_none_or(|only| only == f))
        .collect();
    vec![Outcome::success(world.clone(), vec![Check::new("Aliases", Matcher::Aliases(wanted), Aspect::Aliases)])]
}

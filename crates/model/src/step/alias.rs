//! CreateAlias, UpdateAlias and DeleteAlias (F-130, F-131, F-135).

use super::resolve::{context, key, state_gate};
use crate::call::{Arg, Call, Operation};
use crate::outcome::{Outcome, Refusals};
use crate::rules::*;
use crate::states::{Gate, gate};
use crate::world::{Name, Since, World};
use serde_json::Value;

/// The alias that the request names: known to the model, or a literal that must be refused.
fn alias_name(call: &Call, refusals: &mut Refusals) -> Option<Name> {
    match call.args.get("AliasName")? {
        Arg::AliasName(name) => Some(name.clone()),
        Arg::Json(Value::String(text)) => {
            if text.starts_with("alias/aws/") {
                let codes = ["ValidationException", "InvalidAliasNameException", "NotAuthorizedException"];
                let rule = refusals.refuse(&codes, &[ATT_003]);
                if call.op == Operation::DeleteAlias {
                    rule.codes.push("NotFoundException");
                }
            } else if text.starts_with("alias/") {
                if call.op != Operation::CreateAlias {
                    refusals.refuse(&["NotFoundException"], &[ATT_007]);
                }
            } else {
                refusals.refuse(&["ValidationException"], &[ATT_002]);
            }
            None
        }
        _ => None,
    }
}

/// CreateAlias and UpdateAlias.
pub fn put(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let create = call.op == Operation::CreateAlias;
    let alias = alias_name(call, &mut refusals);
    let target = key(world, call, "TargetKeyId", &mut refusals);
    let slot = alias.clone().map(|a| (call.region.clone(), a));
    let present = slot.as_ref().and_then(|s| world.aliases.get(s));
    if create && present.is_some() {
        refusals.refuse(&["AlreadyExistsException"], &[ATT_004]);
    }
    if !create && alias.is_some() && present.is_none() {
        refusals.refuse(&["NotFoundException"], &[ATT_007]);
    }
    let Some(target) = target else {
        return refusals.outcomes(world);
    };
    if create {
        state_gate(call, &target, &mut refusals);
    } else if let Gate::Refused(_) = gate("UpdateAlias", target.state(), true) {
        refusals.refuse(&["KMSInvalidStateException"], &state_row("UpdateAlias").into_iter().collect::<Vec<_>>());
    }
    if let Some(old) = present.and_then(|f| world.family(f)).filter(|_| !create) {
        let (new, asymmetric) = (target.family, old.spec.is_asymmetric());
        if old.usage != new.usage || asymmetric != new.spec.is_asymmetric() {
            refusals.refuse(
                &[
                    "ValidationException",
                    "UnsupportedOperationException",
                    "InvalidKeyUsageException",
                    "KMSInvalidStateException",
                ],
                &[ATT_006],
            );
        }
    }
    let Some(slot) = slot.filter(|_| refusals.none()) else {
        return refusals.outcomes(world);
    };
    let mut rules = vec![if create { ATT_008 } else { ATT_005 }];
    rules.extend(context(call.op, &target));
    let mut next = world.clone();
    next.aliases.insert_mut(slot, target.name.clone());
    next.family_mut(&target.name).since = Since::Changed(target.region.clone(), call.op);
    vec![Outcome::done(next, rules, WIRE_006)]
}

/// DeleteAlias.
pub fn delete(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let alias = alias_name(call, &mut refusals);
    let slot = alias.map(|a| (call.region.clone(), a));
    let known = slot.as_ref().is_some_and(|s| world.aliases.contains_key(s));
    if slot.is_some() && !known {
        refusals.refuse(&["NotFoundException"], &[ATT_007]);
    }
    let Some(slot) = slot.filter(|_| refusals.none()) else {
        return refusals.outcomes(world);
    };
    let mut rules = vec![ATT_007];
    rules.extend(state_row("DeleteAlias"));
    let mut next = world.clone();
    next.aliases.remove_mut(&slot);
    if let Some(family) = world.aliases.get(&slot).filter(|f| world.families.contains_key(*f)) {
        next.family_mut(&family).since = Since::Changed(call.region.clone(), call.op);
    }
    vec![Outcome::done(next, rules, WIRE_006)]
}

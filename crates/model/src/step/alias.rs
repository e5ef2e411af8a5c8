//! CreateAlias, UpdateAlias and DeleteAlias (F-130, F-131, F-135).

use super::resolve::{key, state_gate};
use crate::call::{Arg, Call, Operation};
use crate::outcome::{Outcome, Reason, Refusals};
use crate::states::{Gate, gate};
use crate::world::{Name, World};
use serde_json::Value;

/// The alias that the request names: known to the model, or a literal that must be refused.
fn alias_name(call: &Call, refusals: &mut Refusals) -> Option<Name> {
    match call.args.get("AliasName")? {
        Arg::AliasName(name) => Some(name.clone()),
        Arg::Json(Value::String(text)) => {
            if text.starts_with("alias/aws/") {
                let codes = ["ValidationException", "InvalidAliasNameException", "NotAuthorizedException"];
                let refusal = refusals.refuse(&codes, Reason::ReservedAlias);
                if call.op != Operation::CreateAlias {
                    // No alias of that name can exist.
                    refusal.codes.push("NotFoundException");
                }
            } else if text.starts_with("alias/") {
                if call.op != Operation::CreateAlias {
                    refusals.refuse(&["NotFoundException"], Reason::NoSuchAlias);
                }
            } else {
                let refusal = refusals.refuse(&["ValidationException"], Reason::AliasName);
                if call.op != Operation::CreateAlias {
                    // No alias of that name can exist either (F-131).
                    refusal.codes.extend(["InvalidAliasNameException", "NotAuthorizedException", "NotFoundException"]);
                }
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
        refusals.refuse(&["AlreadyExistsException"], Reason::AliasExists);
    }
    if !create && alias.is_some() && present.is_none() {
        refusals.refuse(&["NotFoundException"], Reason::NoSuchAlias);
    }
    let Some(target) = target else {
        return refusals.outcomes(world);
    };
    if create {
        state_gate(call, &target, &mut refusals);
    } else if let Gate::Refused(_) = gate("UpdateAlias", target.state(), true) {
        refusals.refuse(&["KMSInvalidStateException"], Reason::AliasTargetState);
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
                Reason::AliasTargetKind,
            );
        }
    }
    if slot.is_none() && refusals.none() {
        // A name that is no symbol of this sequence: whether it is taken in this account is not known.
        let mut any = Refusals::default();
        any.refuse(&["*"], Reason::AliasName);
        return [vec![Outcome::done(world.clone())], any.outcomes(world)].concat();
    }
    let Some(slot) = slot.filter(|_| refusals.none()) else {
        return refusals.outcomes(world);
    };
    let mut next = world.clone();
    next.aliases.insert_mut(slot, target.name.clone());
    vec![Outcome::done(next)]
}

/// DeleteAlias.
pub fn delete(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let alias = alias_name(call, &mut refusals);
    let slot = alias.map(|a| (call.region.clone(), a));
    let known = slot.as_ref().is_some_and(|s| world.aliases.contains_key(s));
    if slot.is_some() && !known {
        refusals.refuse(&["NotFoundException"], Reason::NoSuchAlias);
    }
    let Some(slot) = slot.filter(|_| refusals.none()) else {
        return refusals.outcomes(world);
    };
    let mut next = world.clone();
    next.aliases.remove_mut(&slot);
    vec![Outcome::done(next)]
}

//! Signatures, public keys and MACs: what proves that a message comes from a key.

use super::crypto::{algorithm_gate, bytes, gates, keep, names_algorithm, names_key};
use super::resolve::{context, key, state_gate};
use crate::bindings::Slot;
use crate::call::{Arg, Call, Operation};
use crate::keyspec::{Usage, digest_length};
use crate::outcome::{Check, Outcome, Refusals, Want};
use crate::rule::RuleId;
use crate::rules::*;
use crate::world::{Artifact, World};
use serde_json::json;

/// Sign and Verify (F-103).
pub fn signature(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    gates(call, &target, Usage::SignVerify, &mut refusals);
    let family = target.family;
    let algorithm = call.text("SigningAlgorithm").unwrap_or("").to_string();
    if family.usage == Usage::SignVerify {
        algorithm_gate(Some(&algorithm), family, &mut refusals);
    }
    let message = bytes(call, "Message");
    let digest = call.text("MessageType") == Some("DIGEST");
    if digest && message.len() != digest_length(&algorithm) {
        refusals.refuse(&["ValidationException"], &[CRY_021]);
    }
    let made = Artifact::Signature { family: target.name.clone(), message, digest, algorithm: algorithm.clone() };
    let promoted = family.last_promotion.is_some();
    let rules = context(call.op, &target);
    let mut checks = names_key("KeyId", &target).to_vec();
    checks.push(names_algorithm("SigningAlgorithm", &algorithm));
    if call.op == Operation::Sign {
        if !refusals.none() {
            return refusals.outcomes(world);
        }
        checks.push(Check::new("Signature", Want::Blob, WIRE_009));
        return vec![Outcome::success(keep(world, call, made), rules, checks)];
    }
    let fits = match call.args.get("Signature") {
        Some(Arg::Result { step, damaged: false }) => {
            world.artifacts.get(step).is_some_and(|a| same_signature(a, &made))
        }
        _ => false,
    };
    if !fits {
        refusals.refuse(&["KMSInvalidSignatureException"], &[CRY_009]);
    }
    checks.push(Check::new("SignatureValid", Want::Is(json!(true)), if promoted { CRY_020 } else { CRY_007 }));
    verified(world, refusals, rules, checks)
}

/// A proof that holds, unless something is wrong; the last check says that it does.
fn verified(world: &World, refusals: Refusals, mut rules: Vec<RuleId>, checks: Vec<Check>) -> Vec<Outcome> {
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    rules.splice(0..0, checks.last().map(|c| c.rule));
    vec![Outcome::success(world.clone(), rules, checks)]
}

/// Whether a signature is about this message. A DIGEST and a RAW message are never compared:
/// that they may mean the same is left to whoever writes the scenario.
fn same_signature(a: &Artifact, b: &Artifact) -> bool {
    a == b
}

/// GetPublicKey (F-103).
pub fn public_key(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    state_gate(call, &target, &mut refusals);
    let family = target.family;
    if !family.spec.is_asymmetric() {
        refusals.refuse(&["UnsupportedOperationException", "InvalidKeyUsageException"], &[CRY_013]);
    }
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    let same = if family.last_promotion.is_some() { CRY_020 } else { CRY_006 };
    let (list, algorithms) = family.spec.algorithms(family.usage);
    let optional = |want: Want| Want::Optional(Box::new(want));
    let mut checks = names_key("KeyId", &target).to_vec();
    checks.extend([
        Check::new("PublicKey", Want::Blob, WIRE_009),
        Check::new("PublicKey", Want::Same(Slot::PublicKey(target.name.clone())), same),
        Check::new("KeySpec", optional(Want::Is(json!(family.spec.name()))), CRY_006),
        Check::new("KeyUsage", optional(Want::Is(json!(family.usage.name()))), CRY_006),
        Check::new(list, optional(Want::Set(algorithms.iter().map(|a| a.to_string()).collect())), CRY_006),
    ]);
    let mut rules = vec![CRY_006];
    rules.extend(context(call.op, &target));
    let made = Artifact::PublicKey { family: target.name.clone() };
    vec![Outcome::success(keep(world, call, made), rules, checks)]
}

/// GenerateMac and VerifyMac (F-104).
pub fn mac(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    gates(call, &target, Usage::GenerateVerifyMac, &mut refusals);
    let family = target.family;
    let algorithm = call.text("MacAlgorithm").unwrap_or("").to_string();
    if family.usage == Usage::GenerateVerifyMac {
        algorithm_gate(Some(&algorithm), family, &mut refusals);
    }
    let message = bytes(call, "Message");
    let slot = Slot::Mac { family: target.name.clone(), algorithm: algorithm.clone(), message: message.clone() };
    let made = Artifact::Mac { family: target.name.clone(), message, algorithm: algorithm.clone() };
    let promoted = family.last_promotion.is_some();
    let rules = context(call.op, &target);
    let mut checks = names_key("KeyId", &target).to_vec();
    checks.push(names_algorithm("MacAlgorithm", &algorithm));
    if call.op == Operation::GenerateMac {
        if !refusals.none() {
            return refusals.outcomes(world);
        }
        checks.push(Check::new("Mac", Want::Blob, WIRE_009));
        checks.push(Check::new("Mac", Want::Same(slot), if promoted { CRY_020 } else { CRY_010 }));
        return vec![Outcome::success(keep(world, call, made), rules, checks)];
    }
    let fits = match call.args.get("Mac") {
        Some(Arg::Result { step, damaged: false }) => world.artifacts.get(step) == Some(&made),
        _ => false,
    };
    if !fits {
        refusals.refuse(&["KMSInvalidMacException"], &[CRY_012]);
    }
    checks.push(Check::new("MacValid", Want::Is(json!(true)), if promoted { CRY_020 } else { CRY_011 }));
    verified(world, refusals, rules, checks)
}

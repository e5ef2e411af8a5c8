//! Signatures, public keys and MACs: what proves that a message comes from a key.

use super::crypto::{algorithm_gate, bytes, gates, keep, names_algorithm, names_key};
use super::resolve::{key, state_gate, state_latitude};
use crate::bindings::Slot;
use crate::call::{Arg, Call, Operation};
use crate::keyspec::{Usage, digest_length};
use crate::outcome::{Aspect, Check, Matcher, Outcome, Reason, Refusals};
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
        refusals.refuse(&["ValidationException"], Reason::Algorithm);
    }
    let made = Artifact::Signature { family: target.name.clone(), message, digest, algorithm: algorithm.clone() };
    let mut checks = names_key("KeyId", &target).to_vec();
    checks.push(names_algorithm("SigningAlgorithm", &algorithm));
    if call.op == Operation::Sign {
        if !refusals.none() {
            return refusals.outcomes(world);
        }
        checks.push(Check::new("Signature", Matcher::Blob, Aspect::Blob));
        return vec![Outcome::success(keep(world, call, made), checks)];
    }
    let fits = match call.args.get("Signature") {
        Some(Arg::Result { step, damaged: false }) => {
            world.artifacts.get(step).is_some_and(|a| same_signature(a, &made))
        }
        _ => false,
    };
    if !fits {
        refusals.refuse(&["KMSInvalidSignatureException"], Reason::Signature);
    }
    checks.push(Check::new("SignatureValid", Matcher::Is(json!(true)), Aspect::SignatureHolds));
    verified(world, refusals, checks)
}

/// A proof that holds, unless something is wrong.
fn verified(world: &World, refusals: Refusals, checks: Vec<Check>) -> Vec<Outcome> {
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    vec![Outcome::success(world.clone(), checks)]
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
        refusals.refuse(&["UnsupportedOperationException", "InvalidKeyUsageException"], Reason::KeyUsage);
    }
    let latitude = state_latitude(call, &target);
    if !refusals.none() {
        return [refusals.outcomes(world), latitude.outcomes(world)].concat();
    }
    let (list, algorithms) = family.spec.algorithms(family.usage);
    let optional = |want: Matcher| Matcher::Optional(Box::new(want));
    let mut checks = names_key("KeyId", &target).to_vec();
    checks.extend([
        Check::new("PublicKey", Matcher::Blob, Aspect::Blob),
        Check::new("PublicKey", Matcher::Same(Slot::PublicKey(target.name.clone())), Aspect::PublicKey),
        Check::new("KeySpec", optional(Matcher::Is(json!(family.spec.name()))), Aspect::PublicKeyKind),
        Check::new("KeyUsage", optional(Matcher::Is(json!(family.usage.name()))), Aspect::PublicKeyKind),
        Check::new(
            list,
            optional(Matcher::Set(algorithms.iter().map(|a| a.to_string()).collect())),
            Aspect::PublicKeyKind,
        ),
    ]);
    let made = Artifact::PublicKey { family: target.name.clone() };
    [vec![Outcome::success(keep(world, call, made), checks)], latitude.outcomes(world)].concat()
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
    let mut checks = names_key("KeyId", &target).to_vec();
    checks.push(names_algorithm("MacAlgorithm", &algorithm));
    if call.op == Operation::GenerateMac {
        if !refusals.none() {
            return refusals.outcomes(world);
        }
        checks.push(Check::new("Mac", Matcher::Blob, Aspect::Blob));
        checks.push(Check::new("Mac", Matcher::Same(slot), Aspect::Mac));
        return vec![Outcome::success(keep(world, call, made), checks)];
    }
    let fits = match call.args.get("Mac") {
        Some(Arg::Result { step, damaged: false }) => world.artifacts.get(step) == Some(&made),
        _ => false,
    };
    if !fits {
        refusals.refuse(&["KMSInvalidMacException"], Reason::Mac);
    }
    checks.push(Check::new("MacValid", Matcher::Is(json!(true)), Aspect::MacHolds));
    verified(world, refusals, checks)
}

//! Signatures, public keys and MACs: what proves that a message comes from a key.

use super::crypto::{algorithm_gate, bytes, gates, keep, names_algorithm, names_key};
use super::resolve::{key, state_gate, state_latitude};
use crate::bindings::Slot;
use crate::call::{Arg, Call, Operation};
use crate::keyspec::{Usage, digest_length};
use crate::outcome::{Aspect, Check, Matcher, Outcome, Reason, Refusals};
use crate::world::{Artifact, Family, World};
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
    let kind = call.text("MessageType").unwrap_or("RAW");
    let [digest, external_mu] = ["DIGEST", "EXTERNAL_MU"].map(|k| k == kind);
    let mut optional = Refusals::default();
    if family.usage == Usage::SignVerify {
        message_gate(kind, &algorithm, family, message.len(), [&mut refusals, &mut optional]);
    }
    let made =
        Artifact::Signature { family: target.name.clone(), message, digest, external_mu, algorithm: algorithm.clone() };
    let mut checks = names_key("KeyId", &target).to_vec();
    checks.push(names_algorithm("SigningAlgorithm", &algorithm));
    if call.op == Operation::Sign {
        if !refusals.none() {
            return [refusals.outcomes(world), optional.outcomes(world)].concat();
        }
        checks.push(Check::new("Signature", Matcher::Blob, Aspect::Blob));
        return [vec![Outcome::success(keep(world, call, made), checks)], optional.outcomes(world)].concat();
    }
    let shown = match call.args.get("Signature") {
        Some(Arg::Result { step, damaged: false }) => world.artifacts.get(step),
        _ => None,
    };
    if shown.is_some_and(|a| may_be_same(a, &made)) {
        optional.refuse(&["KMSInvalidSignatureException"], Reason::Signature);
    } else if shown != Some(&made) {
        refusals.refuse(&["KMSInvalidSignatureException"], Reason::Signature);
    }
    checks.push(Check::new("SignatureValid", Matcher::Is(json!(true)), Aspect::SignatureHolds));
    [verified(world, refusals, checks), optional.outcomes(world)].concat()
}

/// The types of messages that key spec and algorithm take, and how long they are (F-038). The second list
/// is of what an endpoint need not offer.
fn message_gate(kind: &str, algorithm: &str, family: &Family, length: usize, lists: [&mut Refusals; 2]) {
    let [refusals, optional] = lists;
    let spec = family.spec;
    let (own, by_algorithm) = (format!("key spec {}", spec.name()), format!("algorithm {algorithm}"));
    let misfit = match (kind, algorithm) {
        ("EXTERNAL_MU", _) if !spec.is_ml_dsa() => Some(own),
        ("DIGEST", _) if spec.is_ml_dsa() => Some(own),
        ("DIGEST", "ED25519_SHA_512") | ("RAW", "ED25519_PH_SHA_512") => Some(by_algorithm),
        _ => None,
    };
    if let Some(what) = misfit {
        let codes = ["ValidationException", "InvalidKeyUsageException", "UnsupportedOperationException"];
        let text = format!("Message type {kind} is incompatible with {what}.");
        refusals.refuse(&codes, Reason::Algorithm).text("ValidationException", &[text]);
        return;
    }
    let wrong_length = match kind {
        "DIGEST" if length != digest_length(algorithm) => Some("Digest"),
        "EXTERNAL_MU" if length != 64 => Some("External Mu"),
        _ => None,
    };
    if let Some(what) = wrong_length {
        let text = format!("{what} is invalid length for algorithm {algorithm}.");
        refusals.refuse(&["ValidationException"], Reason::Algorithm).text("ValidationException", &[text]);
    } else if kind == "EXTERNAL_MU" || algorithm == "ED25519_PH_SHA_512" {
        // Libraries that have the signature scheme often have it for whole messages only.
        optional.refuse(&["UnsupportedOperationException"], Reason::Algorithm);
    }
}

/// A proof that holds, unless something is wrong.
fn verified(world: &World, refusals: Refusals, checks: Vec<Check>) -> Vec<Outcome> {
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    vec![Outcome::success(world.clone(), checks)]
}

/// Whether a signature may be about this message though it is not the same text: a message and its representative
/// (EXTERNAL_MU) mean the same, and which belong together cannot be said here. A DIGEST and a RAW message are never
/// compared: that they may mean the same is left to whoever writes the scenario.
fn may_be_same(a: &Artifact, b: &Artifact) -> bool {
    match (a, b) {
        (
            Artifact::Signature { family: a, external_mu: of_a, algorithm: by_a, .. },
            Artifact::Signature { family: b, external_mu: of_b, algorithm: by_b, .. },
        ) => a == b && by_a == by_b && of_a != of_b,
        _ => false,
    }
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

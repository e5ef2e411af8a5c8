//! Data key pairs, random bytes and key agreement.

use super::crypto::{gates, keep, names_key};
use super::resolve::key;
use crate::bindings::Slot;
use crate::call::{Arg, Call, Operation};
use crate::keyspec::Usage;
use crate::outcome::{Aspect, Check, Matcher, Outcome, Reason, Refusals};
use crate::world::{Artifact, Plain, World};
use serde_json::json;

/// GenerateDataKeyPair and GenerateDataKeyPairWithoutPlaintext.
pub fn key_pair(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    gates(call, &target, Usage::EncryptDecrypt, &mut refusals);
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    let shown = call.op == Operation::GenerateDataKeyPair;
    let mut checks = names_key("KeyId", &target).to_vec();
    checks.extend([
        Check::new("PrivateKeyCiphertextBlob", Matcher::Blob, Aspect::Blob),
        Check::new("PublicKey", Matcher::Blob, Aspect::KeyPair),
        Check::new("KeyPairSpec", Matcher::Is(json!(call.text("KeyPairSpec").unwrap_or(""))), Aspect::KeyPair),
        Check::new("PrivateKeyPlaintext", if shown { Matcher::Blob } else { Matcher::Absent }, Aspect::KeyPair),
    ]);
    let plaintext = if shown { Plain::Private(call.name.clone()) } else { Plain::Unseen(call.name.clone(), 0) };
    let artifact = Artifact::Ciphertext {
        family: target.name.clone(),
        context: call.map("EncryptionContext"),
        plaintext,
        algorithm: "SYMMETRIC_DEFAULT".into(),
        by: call.op,
    };
    let mut outcomes = vec![Outcome::success(keep(world, call, artifact), checks)];
    // Which pairs an endpoint offers beyond RSA and the NIST curves is its own affair.
    let common = call.text("KeyPairSpec").is_some_and(|s| s.starts_with("RSA_") || s.starts_with("ECC_NIST_P"));
    if !common {
        let mut optional = Refusals::default();
        optional.refuse(&["UnsupportedOperationException"], Reason::KeyPairSpec);
        outcomes.extend(optional.outcomes(world));
    }
    outcomes
}

/// GenerateRandom.
pub fn random(world: &World, call: &Call, refusals: Refusals) -> Vec<Outcome> {
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    let Some(n) = call.int("NumberOfBytes") else {
        // Neither a number nor a recipient: no fact says what happens.
        let mut optional = Refusals::default();
        optional.refuse(&["ValidationException"], Reason::RandomLength);
        return optional.outcomes(world);
    };
    let mut checks = vec![Check::new("Plaintext", Matcher::Length(n.max(0) as usize), Aspect::Random)];
    if n >= 16 {
        checks.push(Check::new("Plaintext", Matcher::Fresh(Slot::Random), Aspect::Random));
    }
    vec![Outcome::success(world.clone(), checks)]
}

/// DeriveSharedSecret: the secret belongs to the pair of keys, whichever side derives it.
pub fn derive(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    gates(call, &target, Usage::KeyAgreement, &mut refusals);
    let other = match call.args.get("PublicKey") {
        Some(Arg::Result { step, damaged: false }) => match world.artifacts.get(step) {
            Some(Artifact::PublicKey { family }) => Some(family.clone()),
            _ => None,
        },
        _ => None,
    };
    let fits = other.as_ref().and_then(|o| world.family(o)).is_some_and(|f| f.spec == target.family.spec);
    if !fits {
        // A public key of another curve, or none: refused, but no fact says how.
        refusals.refuse(&["*"], Reason::PublicKey);
    }
    let (Some(other), true) = (other, refusals.none()) else {
        return refusals.outcomes(world);
    };
    let mut pair = [target.name.clone(), other.clone()];
    pair.sort();
    let [first, second] = pair;
    let mut checks = names_key("KeyId", &target).to_vec();
    checks.extend([
        Check::new("SharedSecret", Matcher::Blob, Aspect::Blob),
        Check::new("SharedSecret", Matcher::SameSecret(Slot::SharedSecret(first, second)), Aspect::SharedSecret),
        Check::new("KeyAgreementAlgorithm", Matcher::Is(json!("ECDH")), Aspect::SharedSecret),
        Check::new(
            "KeyOrigin",
            Matcher::Optional(Box::new(Matcher::Is(json!(target.family.origin.name())))),
            Aspect::SharedSecret,
        ),
    ]);
    vec![Outcome::success(world.clone(), checks)]
}

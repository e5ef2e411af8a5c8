//! Cryptographic operations, in symbols: what was encrypted, signed or tagged by which family.

use super::resolve::{Target, key, present, state_gate};
use crate::call::{Arg, Call, Operation};
use crate::keyspec::Usage;
use crate::outcome::{Aspect, Check, Matcher, Outcome, Reason, Refusals};
use crate::world::{Artifact, Family, Name, Plain, World};
use serde_json::json;
use std::collections::BTreeMap;

/// The state gate and the usage check that all of these operations share (F-105, F-107).
pub(super) fn gates(call: &Call, target: &Target, usage: Usage, refusals: &mut Refusals) {
    state_gate(call, target, refusals);
    let family = target.family;
    let fits = family.usage == usage;
    let symmetric_only = matches!(
        call.op,
        Operation::GenerateDataKey
            | Operation::GenerateDataKeyWithoutPlaintext
            | Operation::GenerateDataKeyPair
            | Operation::GenerateDataKeyPairWithoutPlaintext
    );
    if !fits || (symmetric_only && !family.spec.is_symmetric()) {
        let refusal = refusals.refuse(&["InvalidKeyUsageException"], Reason::KeyUsage);
        if !fits {
            let (arn, usage) = (target.arn(), family.usage.name());
            let text = format!("{arn} key usage is {usage} which is not valid for {}.", call.op);
            refusal.text("InvalidKeyUsageException", &[text]);
        } else {
            // The right usage but an RSA key: the page names no code.
            refusal.codes.extend(["ValidationException", "UnsupportedOperationException"]);
        }
    }
}

/// An algorithm that the key spec does not have (error-messages.csv).
pub(super) fn algorithm_gate(algorithm: Option<&str>, family: &Family, refusals: &mut Refusals) {
    let (_, list) = family.spec.algorithms(family.usage);
    if algorithm.is_some_and(|a| !list.contains(&a)) {
        let codes = ["InvalidKeyUsageException", "ValidationException", "UnsupportedOperationException"];
        refusals.refuse(&codes, Reason::Algorithm);
    }
}

fn own_arn(target: &Target) -> Matcher {
    Matcher::KeyArn(target.name.clone(), target.region.clone())
}

/// How an answer names the key that did the work. The facts give the ARN as a MUST for Decrypt;
/// elsewhere the key id is accepted with a note.
pub(super) fn names_key(member: &str, target: &Target) -> [Check; 2] {
    let either = Matcher::Any(vec![own_arn(target), Matcher::KeyId(target.name.clone())]);
    [Check::new(member, either, Aspect::ActedOn), Check::new(member, own_arn(target), Aspect::ActedOnArn)]
}

/// The algorithm that an answer names, if it names one.
pub(super) fn names_algorithm(member: &str, algorithm: &str) -> Check {
    Check::new(member, Matcher::Optional(Box::new(Matcher::Is(json!(algorithm)))), Aspect::Algorithm)
}

pub(super) fn bytes(call: &Call, member: &str) -> Vec<u8> {
    match call.args.get(member) {
        Some(Arg::Bytes(bytes)) => bytes.clone(),
        _ => Vec::new(),
    }
}

pub(super) fn keep(world: &World, call: &Call, artifact: Artifact) -> World {
    let mut next = world.clone();
    next.artifacts.insert(call.name.clone(), artifact);
    next
}

/// An encryption context is for symmetric keys; what one gives with another key is not documented.
fn odd_context(call: &Call, member: &str, family: &Family, world: &World) -> Vec<Outcome> {
    let mut optional = Refusals::default();
    if !family.spec.is_symmetric() && !call.map(member).is_empty() {
        let codes = [
            "ValidationException",
            "InvalidCiphertextException",
            "UnsupportedOperationException",
            "InvalidKeyUsageException",
        ];
        optional.refuse(&codes, Reason::EncryptionContext);
    }
    optional.outcomes(world)
}

/// Nothing in an RSA ciphertext has to say whose it is. No fact says what it gives when no key is named
/// either: it may be refused, and an endpoint that knows may decrypt it. An asymmetric algorithm without a
/// key is refused by the service whatever the ciphertext is ("KeyId must not be null" in its recordings).
fn unnamed(call: &Call, members: [&str; 3], family: Option<&Family>) -> Refusals {
    let [key_member, _, algorithm_member] = members;
    let mut optional = Refusals::default();
    if call.args.contains_key(key_member) {
        return optional;
    }
    let is_rsa = family.is_some_and(|f| f.spec.is_rsa());
    if is_rsa || call.text(algorithm_member).is_some_and(|a| a != "SYMMETRIC_DEFAULT") {
        let codes = ["ValidationException", "InvalidCiphertextException", "AccessDeniedException", "NotFoundException"];
        optional.refuse(&codes, Reason::Ciphertext);
    }
    optional
}

/// Encrypt (F-106).
pub fn encrypt(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    gates(call, &target, Usage::EncryptDecrypt, &mut refusals);
    let family = target.family;
    let default = if family.spec.is_symmetric() { Some("SYMMETRIC_DEFAULT") } else { None };
    let algorithm = call.text("EncryptionAlgorithm").or(default);
    if family.usage == Usage::EncryptDecrypt {
        // An RSA key needs a named algorithm; SYMMETRIC_DEFAULT is the default of the request.
        algorithm_gate(Some(algorithm.unwrap_or("SYMMETRIC_DEFAULT")), family, &mut refusals);
    }
    let algorithm = algorithm.unwrap_or("").to_string();
    let plaintext = bytes(call, "Plaintext");
    if family.spec.is_rsa() && plaintext.len() > family.spec.max_plaintext(&algorithm) {
        refusals.refuse(&["ValidationException"], Reason::PlaintextLength);
    }
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    let mut checks = names_key("KeyId", &target).to_vec();
    checks.push(Check::new("CiphertextBlob", Matcher::Blob, Aspect::Blob));
    checks.push(names_algorithm("EncryptionAlgorithm", &algorithm));
    let artifact = Artifact::Ciphertext {
        family: target.name.clone(),
        context: call.map("EncryptionContext"),
        plaintext: Plain::Known(plaintext),
        algorithm,
        by: call.op,
    };
    let mut outcomes = vec![Outcome::success(keep(world, call, artifact), checks)];
    outcomes.extend(odd_context(call, "EncryptionContext", family, world));
    outcomes
}

/// GenerateDataKey and GenerateDataKeyWithoutPlaintext.
pub fn data_key(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let length = match (call.text("KeySpec"), call.int("NumberOfBytes")) {
        (Some("AES_128"), None) => Some(16),
        (Some(_), None) => Some(32),
        (None, Some(n)) => Some(n.max(0) as usize),
        // Both or neither: no fact says what then happens.
        _ => None,
    };
    let mut optional = Refusals::default();
    if length.is_none() {
        optional.refuse(&["ValidationException"], Reason::DataKeyLength);
    }
    let optional = optional.outcomes(world);
    let target = key(world, call, "KeyId", &mut refusals);
    if let Some(target) = &target {
        gates(call, target, Usage::EncryptDecrypt, &mut refusals);
    }
    let Some(target) = target.filter(|_| refusals.none()) else {
        let mut outcomes = refusals.outcomes(world);
        outcomes.extend(optional);
        return outcomes;
    };
    let shown = call.op == Operation::GenerateDataKey;
    let plain = match (shown, length) {
        (true, Some(n)) => Matcher::Length(n),
        (true, None) => Matcher::Blob,
        (false, _) => Matcher::Absent,
    };
    let mut checks = names_key("KeyId", &target).to_vec();
    checks.push(Check::new("CiphertextBlob", Matcher::Blob, Aspect::Blob));
    checks.push(Check::new("Plaintext", plain, Aspect::DataKey));
    let plaintext =
        if shown { Plain::Of(call.name.clone()) } else { Plain::Unseen(call.name.clone(), length.unwrap_or(0)) };
    let artifact = Artifact::Ciphertext {
        family: target.name.clone(),
        context: call.map("EncryptionContext"),
        plaintext,
        algorithm: "SYMMETRIC_DEFAULT".into(),
        by: call.op,
    };
    let mut outcomes = vec![Outcome::success(keep(world, call, artifact), checks)];
    outcomes.extend(optional);
    outcomes
}

/// A ciphertext as a request names it.
struct Source<'w> {
    family: &'w Name,
    context: &'w BTreeMap<String, String>,
    plaintext: &'w Plain,
    algorithm: &'w str,
}

/// The key that opens the ciphertext, with every refusal that its circumstances deserve
/// (F-100 to F-102). `key_member` and `context_member` are what the operation calls them.
fn open<'w>(
    world: &'w World,
    call: &Call,
    members: [&str; 3],
    refusals: &mut Refusals,
) -> Option<(Target<'w>, Option<Source<'w>>)> {
    let [key_member, context_member, algorithm_member] = members;
    let (artifact, damaged) = match call.args.get("CiphertextBlob") {
        Some(Arg::Result { step, damaged }) => (world.artifacts.get(step), *damaged),
        _ => (None, false),
    };
    let source = match artifact {
        Some(Artifact::Ciphertext { family, context, plaintext, algorithm, .. }) => {
            Some(Source { family, context, plaintext, algorithm })
        }
        _ => None,
    };
    if !call.args.contains_key("CiphertextBlob") {
        // The model of the service does not require it, and no fact says what its absence gives.
        refusals.refuse(&["*"], Reason::Ciphertext);
    } else if source.is_none() || damaged {
        let refusal = refusals.refuse(&["InvalidCiphertextException"], Reason::Ciphertext);
        if !call.args.contains_key(key_member) {
            // Without KeyId, bytes that name no key may be refused as in F-101.
            refusal.codes.extend(["AccessDeniedException", "NotFoundException"]);
        }
    }
    let target = if call.args.contains_key(key_member) {
        key(world, call, key_member, refusals)?
    } else {
        let implied = world.family(source.as_ref()?.family)?;
        if !implied.members.contains_key(&call.region) {
            let codes = ["AccessDeniedException", "InvalidCiphertextException", "NotFoundException"];
            refusals.refuse(&codes, Reason::CiphertextOfNoKeyHere);
            return None;
        }
        present(world, call, key_member)?
    };
    gates(call, &target, Usage::EncryptDecrypt, refusals);
    if let Some(source) = &source {
        let asked = call.text(algorithm_member).unwrap_or("SYMMETRIC_DEFAULT");
        if *source.family != target.name {
            let refusal = refusals.refuse(&["IncorrectKeyException"], Reason::CiphertextOfAnotherKey);
            let other = world.family(source.family);
            if !target.family.spec.is_symmetric() || other.is_none_or(|f| !f.spec.is_symmetric()) {
                // An asymmetric ciphertext does not say whose it is.
                refusal.codes.extend(["InvalidCiphertextException", "ValidationException", "InvalidKeyUsageException"]);
            }
        } else if source.algorithm != asked {
            let codes = ["InvalidCiphertextException", "InvalidKeyUsageException", "ValidationException"];
            refusals.refuse(&codes, Reason::Algorithm);
        }
        if target.family.spec.is_symmetric() && *source.context != call.map(context_member) {
            refusals.refuse(&["InvalidCiphertextException"], Reason::EncryptionContext);
        }
    }
    Some((target, source))
}

/// Decrypt.
pub fn decrypt(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let members = ["KeyId", "EncryptionContext", "EncryptionAlgorithm"];
    let opened = open(world, call, members, &mut refusals);
    let optional = unnamed(call, members, opened.as_ref().map(|(target, _)| target.family));
    let Some((target, Some(source))) = opened.filter(|_| refusals.none()) else {
        return [refusals.outcomes(world), optional.outcomes(world)].concat();
    };
    let family = target.family;
    // Of a data key that nobody has seen yet only the length is known.
    let aspect = match source.plaintext {
        Plain::Private(_) | Plain::Unseen(_, 0) => Aspect::FirstPlaintext { pair: true },
        Plain::Unseen(..) => Aspect::FirstPlaintext { pair: false },
        _ => Aspect::Plaintext,
    };
    let checks = vec![
        Check::new("KeyId", own_arn(&target), Aspect::ActedOn),
        Check::new("Plaintext", Matcher::Plaintext(source.plaintext.clone()), aspect),
        names_algorithm("EncryptionAlgorithm", source.algorithm),
    ];
    let mut outcomes = vec![Outcome::success(world.clone(), checks)];
    outcomes.extend(odd_context(call, "EncryptionContext", family, world));
    outcomes.extend(optional.outcomes(world));
    outcomes
}

/// ReEncrypt.
pub fn re_encrypt(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let members = ["SourceKeyId", "SourceEncryptionContext", "SourceEncryptionAlgorithm"];
    let opened = open(world, call, members, &mut refusals);
    let to = key(world, call, "DestinationKeyId", &mut refusals);
    if let Some(to) = &to {
        gates(call, to, Usage::EncryptDecrypt, &mut refusals);
        let asked = call.text("DestinationEncryptionAlgorithm").unwrap_or("SYMMETRIC_DEFAULT");
        algorithm_gate(Some(asked).filter(|_| to.family.usage == Usage::EncryptDecrypt), to.family, &mut refusals);
    }
    let optional = unnamed(call, members, opened.as_ref().map(|(from, _)| from.family));
    let (Some((from, Some(source))), Some(to), true) = (opened, to, refusals.none()) else {
        return [refusals.outcomes(world), optional.outcomes(world)].concat();
    };
    let mut checks = names_key("KeyId", &to).to_vec();
    checks.extend(names_key("SourceKeyId", &from));
    checks.push(Check::new("CiphertextBlob", Matcher::Blob, Aspect::Blob));
    let algorithm = call.text("DestinationEncryptionAlgorithm").unwrap_or("SYMMETRIC_DEFAULT");
    let artifact = Artifact::Ciphertext {
        family: to.name.clone(),
        context: call.map("DestinationEncryptionContext"),
        plaintext: source.plaintext.clone(),
        algorithm: algorithm.into(),
        by: call.op,
    };
    let mut outcomes = vec![Outcome::success(keep(world, call, artifact), checks)];
    outcomes.extend(odd_context(call, "SourceEncryptionContext", from.family, world));
    outcomes.extend(odd_context(call, "DestinationEncryptionContext", to.family, world));
    outcomes.extend(optional.outcomes(world));
    outcomes
}

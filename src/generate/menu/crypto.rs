//! Cryptographic operations.

use super::place::{Place, damaged, result, text};
use Operation::*;
use mrkspec_model::call::{Arg, Call, Operation};
use mrkspec_model::keyspec::Usage;
use mrkspec_model::world::{Artifact, Name};
use serde_json::json;

fn message(text: &str) -> Arg {
    Arg::Bytes(text.as_bytes().to_vec())
}

pub(super) fn offers(op: Operation, place: &Place) -> Vec<Call> {
    let family = place.family;
    let (_, algorithms) = family.spec.algorithms(family.usage);
    let algorithm = |i: usize| text(algorithms.get(i).or(algorithms.first()).copied().unwrap_or(""));
    let on = || place.on(op);
    match op {
        GenerateDataKey | GenerateDataKeyWithoutPlaintext => vec![
            on().with("KeySpec", text("AES_256")),
            on().with("KeySpec", text("AES_128")),
            on().with("NumberOfBytes", Arg::Json(json!(24))),
        ],
        GenerateDataKeyPair | GenerateDataKeyPairWithoutPlaintext => {
            vec![on().with("KeyPairSpec", text("ECC_NIST_P256"))]
        }
        Encrypt => encrypt(place),
        Decrypt | ReEncrypt => opening(op, place),
        GetPublicKey => vec![on()],
        Sign if family.usage == Usage::SignVerify => {
            let mut list = vec![on().with("Message", message("x")).with("SigningAlgorithm", algorithm(0))];
            if algorithms.len() > 3 {
                list.push(on().with("Message", message("x")).with("SigningAlgorithm", algorithm(4)));
            }
            let digest = Arg::Bytes(vec![7; mrkspec_model::keyspec::digest_length(algorithms[0])]);
            let digest = on().with("Message", digest).with("MessageType", text("DIGEST"));
            list.push(digest.with("SigningAlgorithm", algorithm(0)));
            let others = if family.spec.is_rsa() { "ECDSA_SHA_256" } else { "RSASSA_PSS_SHA_256" };
            list.push(on().with("Message", message("x")).with("SigningAlgorithm", text(others)));
            list
        }
        Sign => vec![on().with("Message", message("x")).with("SigningAlgorithm", text("ECDSA_SHA_256"))],
        GenerateMac => {
            let name = if family.usage == Usage::GenerateVerifyMac { algorithm(0) } else { text("HMAC_SHA_256") };
            vec![on().with("Message", message("x")).with("MacAlgorithm", name)]
        }
        Verify => proofs(op, place, "Signature", "SigningAlgorithm", "ECDSA_SHA_256"),
        VerifyMac => proofs(op, place, "Mac", "MacAlgorithm", "HMAC_SHA_256"),
        DeriveSharedSecret => {
            let own = |a: &Artifact| matches!(a, Artifact::PublicKey { family } if family == place.name);
            let public = place.made(own).first().map(|s| result(s)).unwrap_or(message("no public key"));
            vec![on().with("KeyAgreementAlgorithm", text("ECDH")).with("PublicKey", public)]
        }
        _ => Vec::new(),
    }
}

/// The algorithm that a family with RSA material must be told.
fn rsa(place: &Place) -> Option<Arg> {
    (place.family.spec.is_rsa() && place.family.usage == Usage::EncryptDecrypt).then(|| text("RSAES_OAEP_SHA_256"))
}

fn encrypt(place: &Place) -> Vec<Call> {
    let on = || place.on(Encrypt).with("Plaintext", message("hello"));
    let Some(algorithm) = rsa(place) else {
        let context = Arg::Json(json!({ "project": "a" }));
        return vec![
            on(),
            on().with("EncryptionContext", context),
            on().with("Plaintext", Arg::Bytes(Vec::new())),
            on().with("EncryptionAlgorithm", text("RSAES_OAEP_SHA_256")),
        ];
    };
    let long = Arg::Bytes(vec![b'x'; place.family.spec.max_plaintext("RSAES_OAEP_SHA_256") + 1]);
    vec![
        on().with("EncryptionAlgorithm", algorithm.clone()),
        on().with("EncryptionAlgorithm", algorithm).with("Plaintext", long),
    ]
}

/// Decrypt and ReEncrypt: the newest ciphertext of the family, one of another, and broken ones.
fn opening(op: Operation, place: &Place) -> Vec<Call> {
    let of = |own: bool| move |a: &Artifact| matches!(a, Artifact::Ciphertext { family, .. } if (family == place.name) == own);
    let (mine, others) = (place.made(of(true)), place.made(of(false)));
    let by = |makers: &[Operation]| -> Option<&Name> {
        let fits = |a: &Artifact| matches!(a, Artifact::Ciphertext { family, by, .. } if family == place.name && makers.contains(by));
        place.made(fits).first().copied()
    };
    let asked = |step: &Name| {
        let context = match place.world.artifacts.get(step) {
            Some(Artifact::Ciphertext { context, .. }) if !context.is_empty() => Some(Arg::Json(json!(context))),
            _ => None,
        };
        let mut call = place.call(op).with("CiphertextBlob", result(step));
        if let Some(context) = context {
            let member = if op == Decrypt { "EncryptionContext" } else { "SourceEncryptionContext" };
            call = call.with(member, context);
        }
        if let Some(algorithm) = rsa(place) {
            let member = if op == Decrypt { "EncryptionAlgorithm" } else { "SourceEncryptionAlgorithm" };
            call = call.with(member, algorithm.clone());
            if op == ReEncrypt {
                call = call.with("DestinationEncryptionAlgorithm", algorithm);
            }
        }
        call
    };
    let to = |call: Call| if op == ReEncrypt { call.with("DestinationKeyId", destination(place)) } else { call };
    let named = |call: Call| call.with(op.key_member(), place.key(mrkspec_model::call::KeyForm::Id));
    let mut list = Vec::new();
    let first = mine.first();
    if let Some(first) = first {
        if rsa(place).is_none() {
            list.push(to(asked(first)));
        }
        list.push(named(to(asked(first))));
        if mine.len() > 1 {
            list.push(named(to(asked(mine[mine.len() - 1]))));
        }
        let data_keys = [GenerateDataKey, GenerateDataKeyWithoutPlaintext];
        let pairs = [GenerateDataKeyPair, GenerateDataKeyPairWithoutPlaintext];
        for makers in [&data_keys[..], &pairs, &[ReEncrypt]] {
            list.extend(by(makers).filter(|_| op == Decrypt).map(|step| named(to(asked(step)))));
        }
        list.push(named(to(asked(first))).with("CiphertextBlob", damaged(first)));
        let member = if op == Decrypt { "EncryptionContext" } else { "SourceEncryptionContext" };
        if rsa(place).is_none() {
            list.push(named(to(asked(first))).with(member, Arg::Json(json!({ "project": "z" }))));
        }
    }
    if let Some(other) = others.first() {
        list.push(named(to(asked(other))));
        // Of a family that has no member here, perhaps.
        list.push(to(asked(other)));
    }
    list
}

/// The key to encrypt anew with: another one if there is any in this Region, else the same.
fn destination(place: &Place) -> Arg {
    let fits = |name: &&Name| {
        let family = &place.world.families[*name];
        *name != place.name && family.usage == Usage::EncryptDecrypt && family.spec == place.family.spec
    };
    let here = |name: &&Name| place.world.families[*name].members.contains_key(place.region);
    let name = place.world.families.keys().filter(fits).find(here).unwrap_or(place.name);
    Arg::Key(mrkspec_model::call::KeyRef { name: name.clone(), form: mrkspec_model::call::KeyForm::Id })
}

/// Verify and VerifyMac: the first and the newest proof, a broken one, and one of another message.
fn proofs(op: Operation, place: &Place, member: &str, algorithm: &str, otherwise: &str) -> Vec<Call> {
    let parts = |a: &Artifact| match a {
        Artifact::Signature { family, message, digest, algorithm, external_mu: false }
            if op == Verify && family == place.name =>
        {
            Some((message.clone(), *digest, algorithm.clone()))
        }
        Artifact::Mac { family, message, algorithm } if op == VerifyMac && family == place.name => {
            Some((message.clone(), false, algorithm.clone()))
        }
        _ => None,
    };
    let mine = place.made(|a| parts(a).is_some());
    let asked = |step: &Name| {
        let (message, digest, name) = parts(place.world.artifacts.get(step)?)?;
        let call = place.on(op).with("Message", Arg::Bytes(message)).with(algorithm, text(name));
        let call = if digest { call.with("MessageType", text("DIGEST")) } else { call };
        Some(call.with(member, result(step)))
    };
    let mut list = Vec::new();
    if let Some(first) = mine.first() {
        list.extend(asked(first));
        if mine.len() > 1 {
            list.extend(asked(mine[mine.len() - 1]));
        }
        list.extend(asked(first).map(|c| c.with(member, damaged(first))));
        list.extend(
            asked(first).filter(|c| !c.args.contains_key("MessageType")).map(|c| c.with("Message", message("other"))),
        );
    } else {
        let name = if place.family.spec.algorithms(place.family.usage).0.starts_with(&algorithm[..3]) {
            place.family.spec.algorithms(place.family.usage).1.first().copied().unwrap_or(otherwise)
        } else {
            otherwise
        };
        let call = place.on(op).with("Message", message("x")).with(algorithm, text(name));
        list.push(call.with(member, message("rubbish that proves nothing")));
    }
    list
}

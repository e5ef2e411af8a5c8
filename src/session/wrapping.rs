//! Key material to import: made here, and wrapped with the public key that the endpoint gave
//! (GetParametersForImport; RFC 3447 and RFC 5649).

use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded};
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey};
use aws_lc_rs::{hmac, rand};
use mrkspec_model::bindings::{Bindings, Slot};
use mrkspec_model::call::{Arg, Call};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::time::SystemTime;

/// The call with everything that can be known only when it is sent: times and wrapped material.
/// `token` makes the material of one sequence different from that of every other.
///
/// # Errors
/// What is missing, in words.
pub fn prepare<'c>(call: Cow<'c, Call>, bindings: &Bindings, token: &str) -> Result<Cow<'c, Call>, String> {
    if !call.args.values().any(|arg| matches!(arg, Arg::In(_) | Arg::Material { .. })) {
        return Ok(call);
    }
    let mut ready = call.clone().into_owned();
    for (member, arg) in &call.args {
        let value = match arg {
            Arg::In(time) => {
                let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                Arg::Json(json!((now + *time).as_millis() as f64 / 1000.0))
            }
            Arg::Material { name, step } => {
                let missing = || format!("the parameters of step `{step}`");
                let parameters = bindings.output(step).ok_or_else(missing)?;
                let public = parameters.get("PublicKey").and_then(Value::as_str);
                let public = public.and_then(mrkspec_model::base64).ok_or_else(missing)?;
                let algorithm = bindings.get(&Slot::Wrapping(step.clone())).and_then(Value::as_str);
                let spec = bindings.get(&Slot::WrappedSpec(step.clone())).and_then(Value::as_str);
                let material = material(token, name, spec.unwrap_or_default());
                let wrapped = wrap(algorithm.unwrap_or("RSAES_OAEP_SHA_256"), &public, &material);
                Arg::Bytes(wrapped.ok_or_else(|| format!("a usable public key from step `{step}`"))?)
            }
            _ => continue,
        };
        ready.args.insert(member.clone(), value);
    }
    Ok(Cow::Owned(ready))
}

/// Key material that fits a key spec: always the same for a name and a token. RSA keys cannot be made in this way;
/// for them, and for specs that are not known here, it is 256 bits that fit nothing.
fn material(token: &str, name: &str, spec: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA512, token.as_bytes());
    let part = |i: u8| hmac::sign(&key, &[name.as_bytes(), &[i]].concat());
    let bytes = [part(0).as_ref(), part(1).as_ref()].concat();
    let curve: Option<(&[u8], usize)> = match spec {
        "ECC_NIST_P256" => Some((&P256, 32)),
        "ECC_NIST_P384" => Some((&P384, 48)),
        "ECC_SECG_P256K1" => Some((&P256K1, 32)),
        _ => None,
    };
    match (curve, spec) {
        (Some((curve, size)), _) => elliptic(curve, &bytes[..size]),
        (None, "ECC_NIST_EDWARDS25519") => [&ED25519[..], &bytes[..32]].concat(),
        (None, "HMAC_224") => bytes[..28].to_vec(),
        (None, "HMAC_384") => bytes[..48].to_vec(),
        (None, "HMAC_512") => bytes[..64].to_vec(),
        _ => bytes[..32].to_vec(),
    }
}

// Named curves as object identifiers in DER, and the beginning of an Ed25519 key in PKCS#8 (RFC 8410).
const P256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: [u8; 7] = [0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];
const P256K1: [u8; 7] = [0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a];
const ED25519: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// A private number on a curve as PKCS#8 (RFC 5958, RFC 5915).
fn elliptic(curve: &[u8], number: &[u8]) -> Vec<u8> {
    let tlv = |tag: u8, parts: &[&[u8]]| {
        let content = parts.concat();
        [&[tag, content.len() as u8][..], &content].concat()
    };
    let ec_public_key = [0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
    let private = tlv(0x30, &[&[0x02, 0x01, 0x01], &tlv(0x04, &[number])]);
    tlv(0x30, &[&[0x02, 0x01, 0x00], &tlv(0x30, &[&ec_public_key, curve]), &tlv(0x04, &[&private])])
}

fn wrap(algorithm: &str, public: &[u8], material: &[u8]) -> Option<Vec<u8>> {
    let key = OaepPublicEncryptingKey::new(PublicEncryptingKey::from_der(public).ok()?).ok()?;
    let padding = if algorithm.ends_with("SHA_1") { &OAEP_SHA1_MGF1SHA1 } else { &OAEP_SHA256_MGF1SHA256 };
    let seal = |plain: &[u8]| {
        let mut out = vec![0; key.ciphertext_size()];
        Some(key.encrypt(padding, plain, &mut out, None).ok()?.to_vec())
    };
    if !algorithm.starts_with("RSA_AES_KEY_WRAP") {
        return seal(material);
    }
    let mut inner = [0; 32];
    rand::fill(&mut inner).ok()?;
    let kek = AesKek::new(&AES_256, &inner).ok()?;
    let mut out = vec![0; material.len() + 16];
    let wrapped = kek.wrap_with_padding(material, &mut out).ok()?.to_vec();
    Some([seal(&inner)?, wrapped].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair};

    #[test]
    fn private_keys_fit_their_curves() {
        for (spec, curve) in [
            ("ECC_NIST_P256", &signature::ECDSA_P256_SHA256_ASN1_SIGNING),
            ("ECC_NIST_P384", &signature::ECDSA_P384_SHA384_ASN1_SIGNING),
            ("ECC_SECG_P256K1", &signature::ECDSA_P256K1_SHA256_ASN1_SIGNING),
        ] {
            let der = material("token", "m", spec);
            assert!(EcdsaKeyPair::from_private_key_der(curve, &der).is_ok(), "{spec}");
            assert_eq!(der, material("token", "m", spec));
            assert_ne!(der, material("token", "n", spec));
        }
        assert!(Ed25519KeyPair::from_pkcs8_maybe_unchecked(&material("t", "m", "ECC_NIST_EDWARDS25519")).is_ok());
    }
}

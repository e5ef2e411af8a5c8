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
                let material = material(token, name);
                let wrapped = wrap(algorithm.unwrap_or("RSAES_OAEP_SHA_256"), &public, &material);
                Arg::Bytes(wrapped.ok_or_else(|| format!("a usable public key from step `{step}`"))?)
            }
            _ => continue,
        };
        ready.args.insert(member.clone(), value);
    }
    Ok(Cow::Owned(ready))
}

/// 256 bits of key material: always the same for a name and a token.
fn material(token: &str, name: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, token.as_bytes());
    hmac::sign(&key, name.as_bytes()).as_ref().to_vec()
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

//! Sign, Verify and GetPublicKey.

use super::super::crypto;
use super::super::error::{Answer, KmsError, unsupported, validation};
use super::super::store::{Account, Family};
use super::crypto_ops::{CLOSED, check_algorithm, usable};
use super::keys::algorithms;
use super::{Engine, Request, refuse_in, resolve};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

const SIGNING: &[&str] = &[
    "RSASSA_PSS_SHA_256",
    "RSASSA_PSS_SHA_384",
    "RSASSA_PSS_SHA_512",
    "RSASSA_PKCS1_V1_5_SHA_256",
    "RSASSA_PKCS1_V1_5_SHA_384",
    "RSASSA_PKCS1_V1_5_SHA_512",
    "ECDSA_SHA_256",
    "ECDSA_SHA_384",
    "ECDSA_SHA_512",
    "SM2DSA",
    "ML_DSA_SHAKE_256",
    "ED25519_SHA_512",
    "ED25519_PH_SHA_512",
];

/// What Sign and Verify are asked about.
struct Signing {
    given: String,
    message: Vec<u8>,
    /// MessageType.
    kind: String,
    algorithm: String,
}

/// Whether the message is a digest; refuses types of messages that the key or the algorithm has not.
fn check_message(r: &Request, family: &Family, kind: &str, algorithm: &str, message: &[u8]) -> Result<bool, KmsError> {
    let lattice = family.spec.starts_with("ML_DSA_");
    let wrong = match (kind, algorithm) {
        ("EXTERNAL_MU", _) if !lattice => r.recorded || family.spec == "ECC_NIST_EDWARDS25519",
        ("DIGEST", _) if lattice => true,
        _ => false,
    };
    if wrong {
        return Err(validation(format!("Message type {kind} is incompatible with key spec {}.", family.spec)));
    }
    if matches!((kind, algorithm), ("DIGEST", "ED25519_SHA_512") | ("RAW", "ED25519_PH_SHA_512")) {
        return Err(validation(format!("Message type {kind} is incompatible with algorithm {algorithm}.")));
    }
    let offered = match kind {
        "EXTERNAL_MU" if lattice && message.len() != 64 => {
            return Err(validation(format!("External Mu is invalid length for algorithm {algorithm}.")));
        }
        // The cryptographic library makes and checks these signatures of whole messages only.
        "EXTERNAL_MU" => !lattice,
        _ => algorithm != "ED25519_PH_SHA_512",
    };
    if !offered {
        return Err(unsupported(format!("{algorithm} with {kind} is not offered here")));
    }
    Ok(kind == "DIGEST")
}

impl Engine {
    /// Message, its type and the algorithm of Sign and Verify.
    fn signing_input(&self, r: &Request) -> Result<Signing, KmsError> {
        let given = r.input.key_id("KeyId")?;
        let message = r.input.blob("Message", 1, 4096)?;
        let kind = r.input.choice("MessageType", &["RAW", "DIGEST", "EXTERNAL_MU"])?;
        let algorithm = r.input.choice("SigningAlgorithm", SIGNING)?;
        if algorithm.is_none() {
            r.input.required("SigningAlgorithm", 0, 64)?;
        }
        let kind = kind.unwrap_or("RAW".into());
        Ok(Signing { given, message, kind, algorithm: algorithm.unwrap_or_default() })
    }

    pub(super) fn sign(&self, r: &Request, account: &Account) -> Answer {
        let Signing { given, message, kind, algorithm } = self.signing_input(r)?;
        r.input.end()?;
        let family = usable(r, account, &given, "Sign", "SIGN_VERIFY")?;
        check_algorithm(family, &algorithm)?;
        let digest = check_message(r, family, &kind, &algorithm, &message)?;
        let signed = crypto::sign(&family.materials[0], &algorithm, &message, digest);
        let signature =
            signed.map_err(|_| validation(format!("Digest is invalid length for algorithm {algorithm}.")))?;
        Ok(json!({
            "KeyId": r.own_arn(&family.id),
            "Signature": STANDARD.encode(signature),
            "SigningAlgorithm": algorithm,
        }))
    }

    pub(super) fn verify(&self, r: &Request, account: &Account) -> Answer {
        let Signing { given, message, kind, algorithm } = self.signing_input(r)?;
        let signature = r.input.blob("Signature", 1, 6144)?;
        r.input.end()?;
        let family = usable(r, account, &given, "Verify", "SIGN_VERIFY")?;
        check_algorithm(family, &algorithm)?;
        let digest = check_message(r, family, &kind, &algorithm, &message)?;
        let valid = crypto::verify(&family.materials[0], &family.spec, &algorithm, &message, digest, &signature);
        match valid {
            Ok(true) => Ok(json!({
                "KeyId": r.own_arn(&family.id),
                "SignatureValid": true,
                "SigningAlgorithm": algorithm,
            })),
            Ok(false) => Err(KmsError::new("KMSInvalidSignatureException", "")),
            Err(_) => Err(validation(format!("Digest is invalid length for algorithm {algorithm}."))),
        }
    }

    pub(super) fn get_public_key(&self, r: &Request, account: &Account) -> Answer {
        let given = r.input.key_id("KeyId")?;
        r.input.end()?;
        let id = resolve(r, account, &given, true)?;
        let family = &account.families[&id];
        // The public key of a disabled key is no secret, and AWS shows it.
        let closed = if r.recorded { &CLOSED[1..] } else { &CLOSED[..] };
        refuse_in(r, family, closed)?;
        let public = family.materials.first().and_then(crypto::public_key);
        let arn = r.own_arn(&id);
        let text = if r.recorded { String::new() } else { format!("{arn} is not an asymmetric key.") };
        let public = public.ok_or_else(|| unsupported(text))?;
        let (list, names) = algorithms(family);
        Ok(json!({
            "KeyId": arn,
            "PublicKey": STANDARD.encode(public),
            "CustomerMasterKeySpec": family.spec,
            "KeySpec": family.spec,
            "KeyUsage": family.usage,
            list: names,
        }))
    }
}

//! Cryptography checked for real, outside the endpoint: signatures against public keys (F-103).

use crate::oracle::Oracle;
use aws_lc_rs::digest;
use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use mrkspec_model::bindings::Slot;
use mrkspec_model::call::{Call, Operation};
use mrkspec_model::outcome::Response;
use mrkspec_model::rule::RuleId;
use mrkspec_model::rules::CRY_008;
use mrkspec_model::world::Artifact;
use serde_json::Value;

/// Whether a signature that was taken in verifies with the public key that the endpoint gave: the rule, the
/// result, and the algorithm. `None` when that cannot be said.
pub fn signature_is_valid(oracle: &Oracle, call: &Call, response: &Response) -> Option<(RuleId, bool, String)> {
    let (Operation::Sign, Response::Success(body)) = (call.op, response) else { return None };
    let world = oracle.belief().worlds().first()?;
    let Some(Artifact::Signature { family, message, digest, algorithm }) = world.artifacts.get(&call.name) else {
        return None;
    };
    let blob = |v: Option<&Value>| mrkspec_model::base64(v?.as_str()?);
    let public = blob(oracle.bindings().get(&Slot::PublicKey(family.clone())))?;
    let signature = blob(body.get("Signature"))?;
    let spec = world.family(family)?.spec.name();
    let valid = verifies(spec, algorithm, &public, message, *digest, &signature)?;
    Some((CRY_008, valid, algorithm.clone()))
}

/// What is expected of a signature, and what was observed, when it is not valid.
pub fn wrong_signature(algorithm: &str) -> [String; 2] {
    let observed = format!("the signature by {algorithm} does not verify with the public key of GetPublicKey");
    ["a signature that verifies outside KMS".into(), observed]
}

/// Whether `signature` is valid for `message` under a public key in DER form. `None` when the
/// algorithm is not known here, and for a PSS signature that does not verify: the facts do not say
/// which salt length it must have, and the library takes only that of the digest.
fn verifies(
    spec: &str,
    algorithm: &str,
    public_key: &[u8],
    message: &[u8],
    is_digest: bool,
    sig: &[u8],
) -> Option<bool> {
    let (verification, kind): (&'static dyn VerificationAlgorithm, _) = match (spec, algorithm) {
        ("ECC_NIST_P256", "ECDSA_SHA_256") => (&signature::ECDSA_P256_SHA256_ASN1, &digest::SHA256),
        ("ECC_NIST_P384", "ECDSA_SHA_384") => (&signature::ECDSA_P384_SHA384_ASN1, &digest::SHA384),
        ("ECC_NIST_P521", "ECDSA_SHA_512") => (&signature::ECDSA_P521_SHA512_ASN1, &digest::SHA512),
        ("ECC_SECG_P256K1", "ECDSA_SHA_256") => (&signature::ECDSA_P256K1_SHA256_ASN1, &digest::SHA256),
        (_, "RSASSA_PKCS1_V1_5_SHA_256") => (&signature::RSA_PKCS1_2048_8192_SHA256, &digest::SHA256),
        (_, "RSASSA_PKCS1_V1_5_SHA_384") => (&signature::RSA_PKCS1_2048_8192_SHA384, &digest::SHA384),
        (_, "RSASSA_PKCS1_V1_5_SHA_512") => (&signature::RSA_PKCS1_2048_8192_SHA512, &digest::SHA512),
        (_, "RSASSA_PSS_SHA_256") => (&signature::RSA_PSS_2048_8192_SHA256, &digest::SHA256),
        (_, "RSASSA_PSS_SHA_384") => (&signature::RSA_PSS_2048_8192_SHA384, &digest::SHA384),
        (_, "RSASSA_PSS_SHA_512") => (&signature::RSA_PSS_2048_8192_SHA512, &digest::SHA512),
        _ => return None,
    };
    let digest =
        if is_digest { digest::Digest::import_less_safe(message, kind).ok()? } else { digest::digest(kind, message) };
    let valid = UnparsedPublicKey::new(verification, public_key).verify_digest(&digest, sig).is_ok();
    (valid || !algorithm.starts_with("RSASSA_PSS")).then_some(valid)
}

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
    let Some(Artifact::Signature { family, message, digest, external_mu: false, algorithm }) =
        world.artifacts.get(&call.name)
    else {
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
    if let Some(scheme) = hashes_itself(spec, algorithm) {
        return Some(UnparsedPublicKey::new(scheme, public_key).verify(message, sig).is_ok()).filter(|_| !is_digest);
    }
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

/// Signature schemes that take whole messages; of a prehashed one the library has no verification.
fn hashes_itself(spec: &str, algorithm: &str) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match (spec, algorithm) {
        ("ECC_NIST_EDWARDS25519", "ED25519_SHA_512") => &signature::ED25519,
        ("ML_DSA_44", "ML_DSA_SHAKE_256") => &signature::ML_DSA_44,
        ("ML_DSA_65", "ML_DSA_SHAKE_256") => &signature::ML_DSA_65,
        ("ML_DSA_87", "ML_DSA_SHAKE_256") => &signature::ML_DSA_87,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, PqdsaKeyPair};

    #[test]
    fn schemes_that_hash_by_themselves_are_verified() {
        let key = Ed25519KeyPair::generate().expect("a key");
        let public = key.public_key().as_der().expect("a public key");
        let mut sig = key.sign(b"hello").as_ref().to_vec();
        let check = |sig: &[u8], digest| {
            verifies("ECC_NIST_EDWARDS25519", "ED25519_SHA_512", public.as_ref(), b"hello", digest, sig)
        };
        assert_eq!((check(&sig, false), check(&sig, true)), (Some(true), None));
        sig[0] ^= 1;
        assert_eq!(check(&sig, false), Some(false));

        let key = PqdsaKeyPair::generate(&signature::ML_DSA_65_SIGNING).expect("a key");
        let public = key.public_key().as_der().expect("a public key");
        let mut sig = vec![0; key.algorithm().signature_len()];
        key.sign(b"hello", &mut sig).expect("a signature");
        let check = |sig: &[u8]| verifies("ML_DSA_65", "ML_DSA_SHAKE_256", public.as_ref(), b"hello", false, sig);
        assert_eq!(check(&sig), Some(true));
        sig[7] ^= 1;
        assert_eq!(check(&sig), Some(false));
    }
}

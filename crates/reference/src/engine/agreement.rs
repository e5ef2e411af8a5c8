//! Data key pairs, random bytes and key agreement.

use super::super::crypto::{self, Material};
use super::super::error::{Answer, invalid_key_usage, unsupported, validation};
use super::super::store::Account;
use super::crypto_ops::{latest, usable, wrap};
use super::{Engine, Request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

const PAIRS: &[&str] = &[
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "ECC_NIST_P256",
    "ECC_NIST_P384",
    "ECC_NIST_P521",
    "ECC_SECG_P256K1",
    "SM2",
    "ECC_NIST_EDWARDS25519",
    "ML_KEM_512",
    "ML_KEM_768",
    "ML_KEM_1024",
];

/// A new key pair of this spec; `None` for one that is not offered here.
pub fn pair(spec: &str) -> Option<Material> {
    crypto::generate(spec).filter(|m| matches!(m, Material::Rsa(..) | Material::Ec(_) | Material::Ed(_)))
}

impl Engine {
    pub(super) fn data_key_pair(&self, r: &Request, account: &Account, show: bool) -> Answer {
        let given = r.input.key_id("KeyId")?;
        let context = r.input.map("EncryptionContext")?;
        let spec = r.input.required_choice("KeyPairSpec", PAIRS)?;
        r.input.end()?;
        let family = usable(r, account, &given, r.operation, "ENCRYPT_DECRYPT")?;
        if family.spec != "SYMMETRIC_DEFAULT" {
            let recorded = "You cannot generate a data key pair with an asymmetric CMK".to_string();
            let text = format!("Key spec {} cannot make data key pairs.", family.spec);
            return Err(invalid_key_usage(if r.recorded { recorded } else { text }));
        }
        let made = r.pair.as_ref().and_then(|p| Some((crypto::private_key(p)?, crypto::public_key(p)?)));
        let (private, public) = made.ok_or_else(|| unsupported(format!("{spec} is not offered here")))?;
        let mut answer = json!({
            "KeyId": r.own_arn(&family.id),
            "KeyPairSpec": spec,
            "PublicKey": STANDARD.encode(public),
            "PrivateKeyCiphertextBlob": STANDARD.encode(wrap(family, &context, &private)),
        });
        if show {
            answer["PrivateKeyPlaintext"] = json!(STANDARD.encode(private));
        }
        self.tell_material(r, &mut answer, "KeyMaterialId", family, latest(family));
        Ok(answer)
    }

    pub(super) fn generate_random(&self, r: &Request) -> Answer {
        let bytes = r.input.integer("NumberOfBytes", 1, 1024)?;
        r.input.end()?;
        r.authorize_by_iam("GenerateRandom")?;
        let Some(n) = bytes else {
            return Err(validation("NumberOfBytes is required"));
        };
        Ok(json!({ "Plaintext": STANDARD.encode(crypto::random(n as usize)) }))
    }

    pub(super) fn derive_shared_secret(&self, r: &Request, account: &Account) -> Answer {
        let given = r.input.key_id("KeyId")?;
        let algorithm = r.input.required_choice("KeyAgreementAlgorithm", &["ECDH"])?;
        let public = r.input.blob("PublicKey", 1, 8192)?;
        r.input.end()?;
        let family = usable(r, account, &given, "DeriveSharedSecret", "KEY_AGREEMENT")?;
        let secret = family.materials.first().ok_or_else(|| validation("The key has no material"))?;
        let secret = crypto::derive(&family.spec, secret, &public);
        let secret = secret
            .map_err(|_| validation(if r.recorded { "" } else { "The public key is not one of the key's curve" }))?;
        Ok(json!({
            "KeyId": r.own_arn(&family.id),
            "SharedSecret": STANDARD.encode(secret),
            "KeyAgreementAlgorithm": algorithm,
            "KeyOrigin": family.origin,
        }))
    }
}

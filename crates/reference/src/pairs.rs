//! Key pairs that do not sign digests (Ed25519, ML-DSA), and private keys that come from outside.

use super::material::{Failed, Material};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::{self, KeyPair as RsaKeyPair};
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, PqdsaKeyPair, PqdsaSigningAlgorithm,
    UnparsedPublicKey,
};
use std::sync::Arc;

/// The curve of an ECDSA key spec.
pub fn curve(spec: &str) -> Option<&'static EcdsaSigningAlgorithm> {
    match spec {
        "ECC_NIST_P256" => Some(&signature::ECDSA_P256_SHA256_ASN1_SIGNING),
        "ECC_NIST_P384" => Some(&signature::ECDSA_P384_SHA384_ASN1_SIGNING),
        "ECC_NIST_P521" => Some(&signature::ECDSA_P521_SHA512_ASN1_SIGNING),
        "ECC_SECG_P256K1" => Some(&signature::ECDSA_P256K1_SHA256_ASN1_SIGNING),
        _ => None,
    }
}

fn lattice(spec: &str) -> Option<&'static PqdsaSigningAlgorithm> {
    match spec {
        "ML_DSA_44" => Some(&signature::ML_DSA_44_SIGNING),
        "ML_DSA_65" => Some(&signature::ML_DSA_65_SIGNING),
        "ML_DSA_87" => Some(&signature::ML_DSA_87_SIGNING),
        _ => None,
    }
}

/// A new key pair of a spec of elliptic curves or lattices; `None` for others.
pub fn generate(spec: &str) -> Option<Material> {
    if spec == "ECC_NIST_EDWARDS25519" {
        return Some(Material::Ed(Arc::new(Ed25519KeyPair::generate().ok()?)));
    }
    if let Some(algorithm) = lattice(spec) {
        return Some(Material::Lattice(Arc::new(PqdsaKeyPair::generate(algorithm).ok()?)));
    }
    Some(Material::Ec(Arc::new(EcdsaKeyPair::generate(curve(spec)?).ok()?)))
}

/// The signature of a message by a key that does its own hashing; `None` for other keys.
pub fn sign(material: &Material, message: &[u8]) -> Option<Result<Vec<u8>, Failed>> {
    match material {
        Material::Ed(key) => Some(Ok(key.sign(message).as_ref().to_vec())),
        Material::Lattice(key) => {
            let mut out = vec![0; key.algorithm().signature_len()];
            Some(key.sign(message, &mut out).map(|_| out).map_err(|_| Failed))
        }
        _ => None,
    }
}

/// Whether a signature is that of a key that does its own hashing; `None` for other keys.
pub fn verify(material: &Material, spec: &str, message: &[u8], sig: &[u8]) -> Option<bool> {
    match (material, spec) {
        (Material::Ed(key), _) => {
            let public = key.public_key().as_ref();
            Some(UnparsedPublicKey::new(&signature::ED25519, public).verify(message, sig).is_ok())
        }
        (Material::Lattice(key), spec) => {
            let algorithm = match spec {
                "ML_DSA_44" => &signature::ML_DSA_44,
                "ML_DSA_65" => &signature::ML_DSA_65,
                _ => &signature::ML_DSA_87,
            };
            Some(UnparsedPublicKey::new(algorithm, key.public_key().as_ref()).verify(message, sig).is_ok())
        }
        _ => None,
    }
}

/// The public key as DER SubjectPublicKeyInfo.
pub fn public_key(material: &Material) -> Option<Vec<u8>> {
    let der = |key: Result<PublicKeyX509Der<'static>, _>| key.ok().map(|d: PublicKeyX509Der| d.as_ref().to_vec());
    match material {
        Material::Rsa(key, _) => der(key.public_key().as_der()),
        Material::Ec(key) => der(key.public_key().as_der()),
        Material::Ed(key) => der(key.public_key().as_der()),
        Material::Lattice(key) => der(key.public_key().as_der()),
        Material::Aes(_) | Material::Mac(_) => None,
    }
}

/// The private key of a pair as PKCS#8.
pub fn private_key(material: &Material) -> Option<Vec<u8>> {
    match material {
        Material::Rsa(_, key) => {
            let der = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der>::as_der(key.as_ref()).ok()?;
            Some(der.as_ref().to_vec())
        }
        Material::Ec(key) => Some(key.to_pkcs8v1().ok()?.as_ref().to_vec()),
        Material::Ed(key) => Some(key.to_pkcs8v1().ok()?.as_ref().to_vec()),
        Material::Lattice(key) => Some(key.to_pkcs8v1().ok()?.as_ref().to_vec()),
        Material::Aes(_) | Material::Mac(_) => None,
    }
}

/// An imported private key, PKCS#8; `None` when it does not fit the spec. All specs but Ed25519 take
/// an outer sequence of indefinite length as well.
pub fn imported(spec: &str, plain: &[u8]) -> Option<Material> {
    if spec == "ECC_NIST_EDWARDS25519" {
        return Some(Material::Ed(Arc::new(Ed25519KeyPair::from_pkcs8_maybe_unchecked(plain).ok()?)));
    }
    let der = definite(plain);
    if let Some(bits) = spec.strip_prefix("RSA_") {
        let signing = RsaKeyPair::from_pkcs8(&der).ok()?;
        let decrypting = rsa::PrivateDecryptingKey::from_pkcs8(&der).ok()?;
        let fits = bits.parse() == Ok(decrypting.key_size_bits());
        return fits.then(|| Material::Rsa(Arc::new(signing), Arc::new(decrypting)));
    }
    Some(Material::Ec(Arc::new(EcdsaKeyPair::from_private_key_der(curve(spec)?, &der).ok()?)))
}

/// The same structure with the length of its outer sequence written down.
fn definite(ber: &[u8]) -> Vec<u8> {
    let inner = ber.strip_prefix(&[0x30, 0x80]).and_then(|rest| rest.strip_suffix(&[0, 0]));
    let Some(inner) = inner else {
        return ber.to_vec();
    };
    let length = inner.len();
    let head = match length {
        0..0x80 => vec![0x30, length as u8],
        0x80..0x100 => vec![0x30, 0x81, length as u8],
        _ => vec![0x30, 0x82, (length >> 8) as u8, length as u8],
    };
    [head, inner.to_vec()].concat()
}

//! Key material and what is done with it, by aws-lc-rs.

pub use super::material::{Failed, Material};
use super::pairs;
pub use super::pairs::{private_key, public_key};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded};
use aws_lc_rs::rsa::{self, KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{self, RsaEncoding, UnparsedPublicKey, VerificationAlgorithm};
use aws_lc_rs::{aead, agreement, constant_time, digest, hmac, rand};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// `n` random bytes.
pub fn random(n: usize) -> Vec<u8> {
    let mut bytes = vec![0; n];
    rand::fill(&mut bytes).expect("the system has random bytes");
    bytes
}

/// New material for a key spec; `None` for a spec that this endpoint does not offer.
pub fn generate(spec: &str) -> Option<Material> {
    let mac = |bits: usize| Some(Material::Mac(random(bits / 8)));
    let rsa = |size| {
        let decrypting = rsa::PrivateDecryptingKey::generate(size).ok()?;
        let pkcs8 = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der>::as_der(&decrypting).ok()?;
        let signing = RsaKeyPair::from_pkcs8(pkcs8.as_ref()).ok()?;
        Some(Material::Rsa(Arc::new(signing), Arc::new(decrypting)))
    };
    match spec {
        "SYMMETRIC_DEFAULT" => {
            let mut key = [0; 32];
            rand::fill(&mut key).ok()?;
            Some(Material::Aes(key))
        }
        "HMAC_224" => mac(224),
        "HMAC_256" => mac(256),
        "HMAC_384" => mac(384),
        "HMAC_512" => mac(512),
        "RSA_2048" => rsa(KeySize::Rsa2048),
        "RSA_3072" => rsa(KeySize::Rsa3072),
        "RSA_4096" => rsa(KeySize::Rsa4096),
        _ => pairs::generate(spec),
    }
}

/// Encryption context in one unambiguous string of bytes.
fn associated_data(key_id: &str, context: &BTreeMap<String, String>) -> Vec<u8> {
    serde_json::to_vec(&(key_id, context)).unwrap_or_default()
}

/// AES-256-GCM: nonce, ciphertext, tag.
pub fn seal(key: &[u8; 32], key_id: &str, context: &BTreeMap<String, String>, plaintext: &[u8]) -> Vec<u8> {
    let key = aead::UnboundKey::new(&aead::AES_256_GCM, key).expect("32 bytes");
    let nonce: [u8; 12] = random(12).try_into().expect("12 bytes");
    let mut sealed = plaintext.to_vec();
    aead::LessSafeKey::new(key)
        .seal_in_place_append_tag(
            aead::Nonce::assume_unique_for_key(nonce),
            aead::Aad::from(associated_data(key_id, context)),
            &mut sealed,
        )
        .expect("sealing cannot fail for short texts");
    [nonce.as_slice(), &sealed].concat()
}

/// The reverse of [`seal`].
pub fn open(
    key: &[u8; 32],
    key_id: &str,
    context: &BTreeMap<String, String>,
    sealed: &[u8],
) -> Result<Vec<u8>, Failed> {
    let (nonce, rest) = sealed.split_at_checked(12).ok_or(Failed)?;
    let key = aead::UnboundKey::new(&aead::AES_256_GCM, key).map_err(|_| Failed)?;
    let nonce = aead::Nonce::try_assume_unique_for_key(nonce).map_err(|_| Failed)?;
    let mut buffer = rest.to_vec();
    let aad = aead::Aad::from(associated_data(key_id, context));
    let plain = aead::LessSafeKey::new(key).open_in_place(nonce, aad, &mut buffer).map_err(|_| Failed)?;
    Ok(plain.to_vec())
}

fn oaep(algorithm: &str) -> &'static rsa::OaepAlgorithm {
    match algorithm {
        "RSAES_OAEP_SHA_1" => &rsa::OAEP_SHA1_MGF1SHA1,
        _ => &rsa::OAEP_SHA256_MGF1SHA256,
    }
}

/// RSA-OAEP encryption; fails when the plaintext is too long.
pub fn rsa_encrypt(key: &rsa::PrivateDecryptingKey, algorithm: &str, plaintext: &[u8]) -> Result<Vec<u8>, Failed> {
    let public = rsa::OaepPublicEncryptingKey::new(key.public_key()).map_err(|_| Failed)?;
    if plaintext.len() > public.max_plaintext_size(oaep(algorithm)) {
        return Err(Failed);
    }
    let mut out = vec![0; public.ciphertext_size()];
    let sealed = public.encrypt(oaep(algorithm), plaintext, &mut out, None).map_err(|_| Failed)?;
    Ok(sealed.to_vec())
}

/// RSA-OAEP decryption.
pub fn rsa_decrypt(key: &rsa::PrivateDecryptingKey, algorithm: &str, sealed: &[u8]) -> Result<Vec<u8>, Failed> {
    let private = rsa::OaepPrivateDecryptingKey::new(key.clone()).map_err(|_| Failed)?;
    let mut out = vec![0; private.min_output_size()];
    let plain = private.decrypt(oaep(algorithm), sealed, &mut out, None).map_err(|_| Failed)?;
    Ok(plain.to_vec())
}

fn mac_algorithm(name: &str) -> hmac::Algorithm {
    match name {
        "HMAC_SHA_224" => hmac::HMAC_SHA224,
        "HMAC_SHA_256" => hmac::HMAC_SHA256,
        "HMAC_SHA_384" => hmac::HMAC_SHA384,
        _ => hmac::HMAC_SHA512,
    }
}

/// The tag of a message.
pub fn mac(key: &[u8], algorithm: &str, message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(mac_algorithm(algorithm), key), message).as_ref().to_vec()
}

/// Compares two tags in constant time.
pub fn same_tag(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

fn digest_of(algorithm: &str) -> &'static digest::Algorithm {
    match algorithm.rsplit('_').next() {
        Some("256") => &digest::SHA256,
        Some("384") => &digest::SHA384,
        _ => &digest::SHA512,
    }
}

/// The digest to sign: of the message, or the message itself when it is a digest already.
fn prepare(algorithm: &str, message: &[u8], is_digest: bool) -> Result<digest::Digest, Failed> {
    let kind = digest_of(algorithm);
    if is_digest {
        return digest::Digest::import_less_safe(message, kind).map_err(|_| Failed);
    }
    Ok(digest::digest(kind, message))
}

fn rsa_encoding(algorithm: &str) -> &'static dyn RsaEncoding {
    match algorithm {
        "RSASSA_PKCS1_V1_5_SHA_256" => &signature::RSA_PKCS1_SHA256,
        "RSASSA_PKCS1_V1_5_SHA_384" => &signature::RSA_PKCS1_SHA384,
        "RSASSA_PKCS1_V1_5_SHA_512" => &signature::RSA_PKCS1_SHA512,
        "RSASSA_PSS_SHA_256" => &signature::RSA_PSS_SHA256,
        "RSASSA_PSS_SHA_384" => &signature::RSA_PSS_SHA384,
        _ => &signature::RSA_PSS_SHA512,
    }
}

/// The signature of a message, or of a digest; fails when the digest has the wrong length.
pub fn sign(material: &Material, algorithm: &str, message: &[u8], is_digest: bool) -> Result<Vec<u8>, Failed> {
    if let Some(signed) = pairs::sign(material, message) {
        return signed;
    }
    let digest = prepare(algorithm, message, is_digest)?;
    match material {
        Material::Rsa(key, _) => {
            let mut out = vec![0; key.public_modulus_len()];
            key.sign_digest(rsa_encoding(algorithm), &digest, &mut out).map_err(|_| Failed)?;
            Ok(out)
        }
        Material::Ec(key) => Ok(key.sign_digest(&digest).map_err(|_| Failed)?.as_ref().to_vec()),
        _ => Err(Failed),
    }
}

fn verification(spec: &str, algorithm: &str) -> &'static dyn VerificationAlgorithm {
    match (spec, algorithm) {
        ("ECC_NIST_P256", _) => &signature::ECDSA_P256_SHA256_ASN1,
        ("ECC_NIST_P384", _) => &signature::ECDSA_P384_SHA384_ASN1,
        ("ECC_NIST_P521", _) => &signature::ECDSA_P521_SHA512_ASN1,
        ("ECC_SECG_P256K1", _) => &signature::ECDSA_P256K1_SHA256_ASN1,
        (_, "RSASSA_PKCS1_V1_5_SHA_256") => &signature::RSA_PKCS1_2048_8192_SHA256,
        (_, "RSASSA_PKCS1_V1_5_SHA_384") => &signature::RSA_PKCS1_2048_8192_SHA384,
        (_, "RSASSA_PKCS1_V1_5_SHA_512") => &signature::RSA_PKCS1_2048_8192_SHA512,
        (_, "RSASSA_PSS_SHA_256") => &signature::RSA_PSS_2048_8192_SHA256,
        (_, "RSASSA_PSS_SHA_384") => &signature::RSA_PSS_2048_8192_SHA384,
        _ => &signature::RSA_PSS_2048_8192_SHA512,
    }
}

/// Whether a signature is the key's. `Err` when the digest has the wrong length.
pub fn verify(
    material: &Material,
    spec: &str,
    algorithm: &str,
    message: &[u8],
    is_digest: bool,
    sig: &[u8],
) -> Result<bool, Failed> {
    if let Some(valid) = pairs::verify(material, spec, message, sig) {
        return Ok(valid);
    }
    let digest = prepare(algorithm, message, is_digest)?;
    let public = public_key(material).ok_or(Failed)?;
    let key = UnparsedPublicKey::new(verification(spec, algorithm), public);
    Ok(key.verify_digest(&digest, sig).is_ok())
}

/// The id of key material: 64 hexadecimal digits (F-036).
pub fn material_id(key_id: &str, version: usize) -> String {
    let text = format!("{key_id}/{version}");
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    hash.as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

/// The id of imported material, by its content: the same in all members, another one in another key
/// (F-127).
pub fn imported_id(key_id: &str, material: &Material) -> String {
    let secret = match material {
        Material::Aes(key) => key.to_vec(),
        Material::Mac(key) => key.clone(),
        pair => private_key(pair).unwrap_or_default(),
    };
    let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
    hmac::sign(&key, key_id.as_bytes()).as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

/// Imported bytes as material for a key spec; `None` when they do not fit.
pub fn imported(spec: &str, plain: &[u8]) -> Option<Material> {
    match spec {
        "SYMMETRIC_DEFAULT" => Some(Material::Aes(plain.try_into().ok()?)),
        s if s.starts_with("HMAC_") => Some(Material::Mac(plain.to_vec())),
        _ => None,
    }
}

/// The wrapping key pair of this process for a spec. Making one a request would be slow.
fn wrapping_key(spec: &str) -> Option<&'static rsa::PrivateDecryptingKey> {
    static KEYS: [OnceLock<rsa::PrivateDecryptingKey>; 3] = [OnceLock::new(), OnceLock::new(), OnceLock::new()];
    let (slot, size) = match spec {
        "RSA_2048" => (0, KeySize::Rsa2048),
        "RSA_3072" => (1, KeySize::Rsa3072),
        "RSA_4096" => (2, KeySize::Rsa4096),
        _ => return None,
    };
    Some(KEYS[slot].get_or_init(|| rsa::PrivateDecryptingKey::generate(size).expect("RSA keys can be made")))
}

/// The public wrapping key, as DER SubjectPublicKeyInfo.
pub fn wrapping_public_key(spec: &str) -> Option<Vec<u8>> {
    let public = wrapping_key(spec)?.public_key();
    let der: PublicKeyX509Der = public.as_der().ok()?;
    Some(der.as_ref().to_vec())
}

/// Unwraps key material (RFC 3447 OAEP, alone or around an AES key that wraps by RFC 5649).
pub fn unwrap_material(spec: &str, algorithm: &str, wrapped: &[u8]) -> Result<Vec<u8>, Failed> {
    let key = wrapping_key(spec).ok_or(Failed)?;
    let padding = if algorithm.ends_with("SHA_1") { "RSAES_OAEP_SHA_1" } else { "RSAES_OAEP_SHA_256" };
    if !algorithm.starts_with("RSA_AES_KEY_WRAP_") {
        return rsa_decrypt(key, padding, wrapped);
    }
    let (head, rest) = wrapped.split_at_checked(key.key_size_bytes()).ok_or(Failed)?;
    let inner = rsa_decrypt(key, padding, head)?;
    let kek = AesKek::new(&AES_256, &inner).map_err(|_| Failed)?;
    let mut out = vec![0; rest.len() + 8];
    Ok(kek.unwrap_with_padding(rest, &mut out).map_err(|_| Failed)?.to_vec())
}

/// The ECDH secret of a key and somebody's public key (DER SubjectPublicKeyInfo).
pub fn derive(spec: &str, material: &Material, public: &[u8]) -> Result<Vec<u8>, Failed> {
    let (algorithm, point) = match spec {
        "ECC_NIST_P256" => (&agreement::ECDH_P256, 65),
        "ECC_NIST_P384" => (&agreement::ECDH_P384, 97),
        "ECC_NIST_P521" => (&agreement::ECDH_P521, 133),
        _ => return Err(Failed),
    };
    let Material::Ec(pair) = material else {
        return Err(Failed);
    };
    let der: aws_lc_rs::encoding::EcPrivateKeyRfc5915Der = pair.private_key().as_der().map_err(|_| Failed)?;
    let key = agreement::PrivateKey::from_private_key_der(algorithm, der.as_ref()).map_err(|_| Failed)?;
    // The uncompressed point stands at the end of the structure.
    let start = public.len().checked_sub(point).ok_or(Failed)?;
    let peer = agreement::UnparsedPublicKey::new(algorithm, &public[start..]);
    agreement::agree(&key, peer, Failed, |secret| Ok(secret.to_vec()))
}

//! Key material as the crypto library has it.

use super::pairs::private_key;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::rsa::{self, KeyPair as RsaKeyPair};
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, PqdsaKeyPair};
use std::sync::Arc;

/// One version of key material.
#[derive(Clone)]
pub enum Material {
    Aes([u8; 32]),
    Mac(Vec<u8>),
    /// Used for signing; the same key decrypts, as PKCS#8.
    Rsa(Arc<RsaKeyPair>, Arc<rsa::PrivateDecryptingKey>),
    Ec(Arc<EcdsaKeyPair>),
    Ed(Arc<Ed25519KeyPair>),
    /// ML-DSA.
    Lattice(Arc<PqdsaKeyPair>),
}

impl Material {
    /// Whether two symmetric materials are the same.
    pub fn same_secret(&self, other: &Material) -> bool {
        match (self, other) {
            (Material::Aes(a), Material::Aes(b)) => verify_slices_are_equal(a, b).is_ok(),
            (Material::Mac(a), Material::Mac(b)) => verify_slices_are_equal(a, b).is_ok(),
            (a, b) => {
                let private = [a, b].map(private_key);
                private[0].is_some() && private[0] == private[1]
            }
        }
    }
}

/// The operation failed for a reason that the caller turns into the right exception.
#[derive(Debug, PartialEq, Eq)]
pub struct Failed;

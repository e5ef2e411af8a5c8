//! Key material as the crypto library has it.

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

/// The operation failed for a reason that the caller turns into the right exception.
#[derive(Debug, PartialEq, Eq)]
pub struct Failed;

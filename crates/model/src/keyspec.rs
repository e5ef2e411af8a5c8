//! Key specs, usages, origins and the algorithms that belong to them (F-034, and the published
//! service model).

/// What a key may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Usage {
    /// Symmetric or RSA encryption (`ENCRYPT_DECRYPT`).
    EncryptDecrypt,
    /// Signatures with an RSA or elliptic-curve key (`SIGN_VERIFY`).
    SignVerify,
    /// MACs with an HMAC key (`GENERATE_VERIFY_MAC`).
    GenerateVerifyMac,
    /// Key agreement with an elliptic-curve key (`KEY_AGREEMENT`).
    KeyAgreement,
}

impl Usage {
    /// The wire name.
    pub fn name(self) -> &'static str {
        match self {
            Usage::EncryptDecrypt => "ENCRYPT_DECRYPT",
            Usage::SignVerify => "SIGN_VERIFY",
            Usage::GenerateVerifyMac => "GENERATE_VERIFY_MAC",
            Usage::KeyAgreement => "KEY_AGREEMENT",
        }
    }

    /// Whether a grant on a key of this usage may name the operation.
    pub fn fits_operation(self, operation: &str) -> bool {
        let list: &[&str] = match self {
            Usage::EncryptDecrypt => {
                &["Decrypt", "Encrypt", "GenerateDataKey", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKeyPair"]
            }
            Usage::SignVerify => &["Sign", "Verify"],
            Usage::GenerateVerifyMac => &["GenerateMac", "VerifyMac"],
            Usage::KeyAgreement => &["DeriveSharedSecret"],
        };
        let common = ["CreateGrant", "RetireGrant", "DescribeKey", "GetPublicKey"];
        let name = operation.trim_end_matches("WithoutPlaintext");
        list.contains(&name) || common.contains(&name)
    }

    /// The usage with this wire name, if it is in scope.
    pub fn parse(name: &str) -> Option<Usage> {
        [Usage::EncryptDecrypt, Usage::SignVerify, Usage::GenerateVerifyMac, Usage::KeyAgreement]
            .into_iter()
            .find(|u| u.name() == name)
    }
}

/// Where the key material comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// The service made the material (`AWS_KMS`).
    AwsKms,
    /// The caller imports it (`EXTERNAL`, F-120).
    External,
}

impl Origin {
    /// The wire name.
    pub fn name(self) -> &'static str {
        match self {
            Origin::AwsKms => "AWS_KMS",
            Origin::External => "EXTERNAL",
        }
    }
}

/// A key spec in scope, by its wire name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeySpec(&'static str);

const SPECS: &[&str] = &[
    "SYMMETRIC_DEFAULT",
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "ECC_NIST_P256",
    "ECC_NIST_P384",
    "ECC_NIST_P521",
    "ECC_SECG_P256K1",
    "HMAC_224",
    "HMAC_256",
    "HMAC_384",
    "HMAC_512",
    "ECC_NIST_EDWARDS25519",
    "ML_DSA_44",
    "ML_DSA_65",
    "ML_DSA_87",
];

const RSA_SIGNING: &[&str] = &[
    "RSASSA_PKCS1_V1_5_SHA_256",
    "RSASSA_PKCS1_V1_5_SHA_384",
    "RSASSA_PKCS1_V1_5_SHA_512",
    "RSASSA_PSS_SHA_256",
    "RSASSA_PSS_SHA_384",
    "RSASSA_PSS_SHA_512",
];

impl KeySpec {
    /// The spec that CreateKey assumes when none is given.
    pub const SYMMETRIC_DEFAULT: KeySpec = KeySpec("SYMMETRIC_DEFAULT");

    /// The spec with this wire name, if it is in scope.
    pub fn parse(name: &str) -> Option<KeySpec> {
        SPECS.iter().find(|s| **s == name).map(|s| KeySpec(s))
    }

    /// The wire name.
    pub fn name(self) -> &'static str {
        self.0
    }

    /// True for the symmetric encryption key.
    pub fn is_symmetric(self) -> bool {
        self.0 == "SYMMETRIC_DEFAULT"
    }

    /// True for RSA, elliptic-curve and ML-DSA keys.
    pub fn is_asymmetric(self) -> bool {
        self.is_rsa() || self.0.starts_with("ECC_") || self.is_ml_dsa()
    }

    /// True for ML-DSA keys.
    pub fn is_ml_dsa(self) -> bool {
        self.0.starts_with("ML_DSA_")
    }

    /// True for keys on the curve of Ed25519.
    pub fn is_edwards(self) -> bool {
        self.0 == "ECC_NIST_EDWARDS25519"
    }

    /// True for specs that the service has had since 2025 only (F-038): an endpoint need not know them yet.
    pub fn is_recent(self) -> bool {
        self.is_edwards() || self.is_ml_dsa()
    }

    /// True for RSA keys.
    pub fn is_rsa(self) -> bool {
        self.0.starts_with("RSA_")
    }

    /// True for HMAC keys.
    pub fn is_hmac(self) -> bool {
        self.0.starts_with("HMAC_")
    }

    /// Whether CreateKey allows this usage with this spec.
    pub fn allows(self, usage: Usage) -> bool {
        match usage {
            Usage::EncryptDecrypt => self.is_symmetric() || self.is_rsa(),
            Usage::SignVerify => self.is_asymmetric(),
            Usage::GenerateVerifyMac => self.is_hmac(),
            // The secp256k1 and Edwards curves are for signing only.
            Usage::KeyAgreement => self.0.starts_with("ECC_NIST_P"),
        }
    }

    /// The member of KeyMetadata that lists the algorithms for this usage, and its content.
    pub fn algorithms(self, usage: Usage) -> (&'static str, Vec<&'static str>) {
        let list: &[&'static str] = match (usage, self.0) {
            (Usage::EncryptDecrypt, "SYMMETRIC_DEFAULT") => &["SYMMETRIC_DEFAULT"],
            (Usage::EncryptDecrypt, _) => &["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"],
            (Usage::SignVerify, "ECC_NIST_P256" | "ECC_SECG_P256K1") => &["ECDSA_SHA_256"],
            (Usage::SignVerify, "ECC_NIST_P384") => &["ECDSA_SHA_384"],
            (Usage::SignVerify, "ECC_NIST_P521") => &["ECDSA_SHA_512"],
            (Usage::SignVerify, "ECC_NIST_EDWARDS25519") => &["ED25519_SHA_512", "ED25519_PH_SHA_512"],
            (Usage::SignVerify, s) if s.starts_with("ML_DSA_") => &["ML_DSA_SHAKE_256"],
            (Usage::SignVerify, _) => RSA_SIGNING,
            (Usage::GenerateVerifyMac, "HMAC_224") => &["HMAC_SHA_224"],
            (Usage::GenerateVerifyMac, "HMAC_256") => &["HMAC_SHA_256"],
            (Usage::GenerateVerifyMac, "HMAC_384") => &["HMAC_SHA_384"],
            (Usage::GenerateVerifyMac, _) => &["HMAC_SHA_512"],
            (Usage::KeyAgreement, _) => &["ECDH"],
        };
        let member = match usage {
            Usage::EncryptDecrypt => "EncryptionAlgorithms",
            Usage::SignVerify => "SigningAlgorithms",
            Usage::GenerateVerifyMac => "MacAlgorithms",
            Usage::KeyAgreement => "KeyAgreementAlgorithms",
        };
        (member, list.to_vec())
    }

    /// The largest plaintext in bytes that Encrypt takes (F-106; RSA limits follow from OAEP:
    /// modulus minus twice the digest minus two).
    pub fn max_plaintext(self, algorithm: &str) -> usize {
        let modulus = match self.0 {
            "RSA_2048" => 256,
            "RSA_3072" => 384,
            "RSA_4096" => 512,
            _ => return 4096,
        };
        let digest = if algorithm == "RSAES_OAEP_SHA_1" { 20 } else { 32 };
        modulus - 2 * digest - 2
    }
}

/// The length in bytes of the digest that a signing algorithm takes.
pub fn digest_length(algorithm: &str) -> usize {
    match algorithm.rsplit('_').next() {
        Some("256") => 32,
        Some("384") => 48,
        _ => 64,
    }
}

//! Cryptography and its continuity across the family.

rules! {
    CRY_001 = "CRY-001", Must, Documented,
        "Any member decrypts the ciphertexts of any member",
        "KMS Developer Guide, Multi-Region keys", "F-100 F-045";
    CRY_002 = "CRY-002", Must, Documented,
        "Decrypt answers the ARN of the member that did the work, in its own Region; others name at least its key",
        "KMS API Reference, Decrypt, KeyId", "F-100";
    CRY_003 = "CRY-003", Must, Documented,
        "A ciphertext of another key does not decrypt: IncorrectKeyException when KeyId is given",
        "KMS API Reference, Decrypt", "F-101";
    CRY_004 = "CRY-004", Must, Conflicting,
        "Without KeyId, a ciphertext of a key that this Region does not hold does not decrypt",
        "users' reports", "F-101";
    CRY_005 = "CRY-005", Must, Recorded,
        "A wrong or missing encryption context: InvalidCiphertextException",
        "recorded from AWS", "F-102";
    CRY_006 = "CRY-006", Must, Documented,
        "GetPublicKey is identical on every member",
        "KMS Developer Guide, Multi-Region keys", "F-103";
    CRY_007 = "CRY-007", Must, Documented,
        "A signature by one member verifies at any other",
        "KMS Developer Guide, Multi-Region keys", "F-103";
    CRY_008 = "CRY-008", Must, Documented,
        "A signature verifies outside KMS with the public key",
        "KMS Developer Guide, Multi-Region keys", "F-103";
    CRY_009 = "CRY-009", Must, Observed,
        "A wrong signature: KMSInvalidSignatureException",
        "observed", "F-103";
    CRY_010 = "CRY-010", Must, Documented,
        "GenerateMac gives the same tag on every member",
        "KMS Developer Guide, Multi-Region keys", "F-104";
    CRY_011 = "CRY-011", Must, Documented,
        "VerifyMac accepts the tag of any member",
        "KMS Developer Guide, Multi-Region keys", "F-104";
    CRY_012 = "CRY-012", Must, Observed,
        "A wrong tag: KMSInvalidMacException",
        "observed", "F-104";
    CRY_013 = "CRY-013", Must, Recorded,
        "An operation that does not fit the key usage: InvalidKeyUsageException",
        "recorded from AWS", "F-105";
    CRY_014 = "CRY-014", Must, Documented,
        "Encrypt takes 1-4096 bytes with a symmetric key, and what OAEP leaves with RSA",
        "KMS API Reference, Encrypt", "F-106";
    CRY_015 = "CRY-015", Must, Documented,
        "A data key has the length asked for, and its ciphertext decrypts to its plaintext",
        "KMS API Reference, GenerateDataKey", "F-100";
    CRY_016 = "CRY-016", Must, Documented,
        "ReEncrypt moves a ciphertext to another key; the new one decrypts there",
        "KMS API Reference, ReEncrypt", "F-100";
    CRY_017 = "CRY-017", Must, Documented,
        "After a promotion every member decrypts ciphertexts of before, and the reverse",
        "KMS Developer Guide, Update the primary Region", "F-052 F-100";
    CRY_018 = "CRY-018", Must, Documented,
        "After a rotation every member decrypts old and new ciphertexts",
        "KMS Developer Guide, Rotate multi-Region keys", "F-093 F-100";
    CRY_019 = "CRY-019", Must, Observed,
        "A damaged ciphertext: InvalidCiphertextException",
        "error-messages.csv", "F-102";
    CRY_020 = "CRY-020", Must, Documented,
        "After a promotion signatures, public keys and tags are those of before",
        "KMS Developer Guide, Update the primary Region", "F-052 F-103 F-104";
    CRY_021 = "CRY-021", Must, Observed,
        "An algorithm that does not fit the key spec is refused",
        "error-messages.csv", "F-105";
    CRY_022 = "CRY-022", Should, Inferred,
        "Every cryptographic operation names the key by the ARN in its own Region",
        "KMS API Reference, each operation, KeyId", "F-100";
    CRY_023 = "CRY-023", Must, Documented,
        "A data key pair has its public key in the clear and its private key encrypted; that ciphertext decrypts like any other",
        "KMS API Reference, GenerateDataKeyPair", "F-100";
    CRY_024 = "CRY-024", Must, Documented,
        "GenerateRandom gives the number of bytes asked for, other ones every time",
        "KMS API Reference, GenerateRandom", "F-002";
    CRY_025 = "CRY-025", Must, Documented,
        "DeriveSharedSecret gives the same secret on every member, and the one that the other party derives",
        "KMS API Reference, DeriveSharedSecret", "F-031 F-034";
}

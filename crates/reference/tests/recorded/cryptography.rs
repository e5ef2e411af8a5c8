//! Recordings of cryptography and of what is checked before it.

use super::bench::{Bench, with};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

const EAST: &str = "us-east-1";
const INVALID: &str = "ValidationException";
const USAGE: &str = "InvalidKeyUsageException";

fn key() -> Value {
    json!({ "KeyId": "{K}" })
}

#[test]
fn macs_are_refused_as_recorded() {
    let mut bench = Bench::with_key(json!({ "KeySpec": "HMAC_224", "KeyUsage": "GENERATE_VERIFY_MAC" }), |_| ());
    let call = json!({ "KeyId": "{K}", "Message": "AAAA", "MacAlgorithm": "HMAC_SHA_224" });
    let mac = bench.ok(EAST, "GenerateMac", call.clone())["Mac"].clone();
    bench.name("MAC", &mac);
    let dry = json!({ "DryRun": true });
    let would = "The request would have succeeded, but the DryRun option is set.";
    let other = with(call.clone(), json!({ "MacAlgorithm": "HMAC_SHA_512" }));
    let wrong = with(call.clone(), json!({ "Mac": "eA==" }));
    let short = "1 validation error detected: Value at 'message' failed to satisfy constraint: \
                 Member must have length greater than or equal to 1";
    let incompatible = "Algorithm HMAC_SHA_512 is incompatible with key spec HMAC_224.";
    let grant = |operation: &str| json!({ "KeyId": "{K}", "GranteePrincipal": "arn:aws:iam::111122223333:user/admin", "Operations": [operation] });
    bench.run(&[
        ("verify", EAST, "VerifyMac", with(call.clone(), json!({ "Mac": "{MAC}" })), "", ""),
        ("wrong_algorithm", EAST, "GenerateMac", other.clone(), USAGE, incompatible),
        ("short_mac", EAST, "VerifyMac", wrong.clone(), "KMSInvalidMacException", ""),
        ("dry_generate", EAST, "GenerateMac", with(call.clone(), dry.clone()), "DryRunOperationException", would),
        ("dry_verify_wrong_mac", EAST, "VerifyMac", with(wrong, dry), "KMSInvalidMacException", ""),
        ("empty_message", EAST, "GenerateMac", with(call.clone(), json!({ "Message": "" })), INVALID, short),
        (
            "encrypt_with_hmac",
            EAST,
            "Encrypt",
            json!({ "KeyId": "{K}", "Plaintext": "AAAA" }),
            USAGE,
            "{arn:us-east-1} key usage is GENERATE_VERIFY_MAC which is not valid for Encrypt.",
        ),
        (
            "encryption_grant",
            EAST,
            "CreateGrant",
            grant("Encrypt"),
            INVALID,
            "Operations [Encrypt] are not supported when creating a grant for a symmetric KMS key with key usage \
             GENERATE_VERIFY_MAC. Valid operations are [CreateGrant, RetireGrant, DescribeKey, GenerateMac, VerifyMac]",
        ),
        (
            "constrained_mac_grant",
            EAST,
            "CreateGrant",
            with(grant("GenerateMac"), json!({ "Constraints": { "EncryptionContextEquals": { "purpose": "probe" } } })),
            INVALID,
            "EncryptionContext is supported only when creating a grant for a symmetric encryption KMS key.",
        ),
        ("(disable key)", EAST, "DisableKey", key(), "", ""),
        ("disabled_generate", EAST, "GenerateMac", call.clone(), "DisabledException", "{arn:us-east-1} is disabled."),
        ("disabled_wrong_algorithm", EAST, "GenerateMac", other, "DisabledException", "{arn:us-east-1} is disabled."),
        ("(schedule key deletion)", EAST, "ScheduleKeyDeletion", key(), "", ""),
        (
            "pending_deletion_generate",
            EAST,
            "GenerateMac",
            call,
            "KMSInvalidStateException",
            "{arn:us-east-1} is pending deletion.",
        ),
    ]);
}

/// Key spec, algorithm, a type of message that does not fit, and the text about that.
const SIGNERS: [(&str, &str, &str, &str); 5] = [
    (
        "ECC_NIST_P256",
        "ECDSA_SHA_256",
        "EXTERNAL_MU",
        "Message type EXTERNAL_MU is incompatible with key spec ECC_NIST_P256.",
    ),
    (
        "ECC_NIST_EDWARDS25519",
        "ED25519_SHA_512",
        "DIGEST",
        "Message type DIGEST is incompatible with algorithm ED25519_SHA_512.",
    ),
    ("ML_DSA_44", "ML_DSA_SHAKE_256", "DIGEST", "Message type DIGEST is incompatible with key spec ML_DSA_44."),
    ("ML_DSA_65", "ML_DSA_SHAKE_256", "DIGEST", "Message type DIGEST is incompatible with key spec ML_DSA_65."),
    ("ML_DSA_87", "ML_DSA_SHAKE_256", "DIGEST", "Message type DIGEST is incompatible with key spec ML_DSA_87."),
];

#[test]
fn signatures_verify_on_every_member() {
    for (spec, algorithm, kind, text) in SIGNERS {
        let request = json!({ "KeySpec": spec, "KeyUsage": "SIGN_VERIFY", "MultiRegion": true });
        let mut bench = Bench::with_key(request, |_| ());
        bench.ok(EAST, "ReplicateKey", json!({ "KeyId": "{K}", "ReplicaRegion": "us-west-2" }));
        let call = json!({ "KeyId": "{K}", "Message": "AAAA", "SigningAlgorithm": algorithm });
        let signature = bench.ok(EAST, "Sign", call.clone())["Signature"].clone();
        let mut damaged = STANDARD.decode(signature.as_str().unwrap_or("")).expect("base64");
        damaged[0] ^= 1;
        bench.name("S", &signature);
        bench.ok(EAST, "UpdatePrimaryRegion", json!({ "KeyId": "{K}", "PrimaryRegion": "us-west-2" }));
        let wrong = with(call.clone(), json!({ "Signature": STANDARD.encode(damaged) }));
        let public = bench.ok("us-west-2", "GetPublicKey", key())["PublicKey"].clone();
        bench.run(&[
            ("verify_raw", "us-west-2", "Verify", with(call.clone(), json!({ "Signature": "{S}" })), "", ""),
            ("invalid_signature", "us-west-2", "Verify", wrong, "KMSInvalidSignatureException", ""),
            (spec, EAST, "Sign", with(call.clone(), json!({ "MessageType": kind })), INVALID, text),
            ("(disable key)", EAST, "DisableKey", key(), "", ""),
            ("disabled_sign", EAST, "Sign", call, "DisabledException", "{arn:us-east-1} is disabled."),
            ("disabled_public_key", EAST, "GetPublicKey", key(), "", ""),
        ]);
        assert_eq!(bench.ok(EAST, "GetPublicKey", key())["PublicKey"], public, "{spec}");
        bench.ok(EAST, "ScheduleKeyDeletion", key());
        let dying = "{arn:us-east-1} is pending deletion.";
        bench.run(&[("deleting_public_key", EAST, "GetPublicKey", key(), "KMSInvalidStateException", dying)]);
    }
}

#[test]
fn lattices_take_an_external_mu_of_64_bytes_only() {
    let bench = Bench::with_key(json!({ "KeySpec": "ML_DSA_44", "KeyUsage": "SIGN_VERIFY" }), |_| ());
    for length in [1, 63, 65] {
        let message = STANDARD.encode(vec![b'x'; length]);
        let call = json!({ "KeyId": "{K}", "Message": message, "MessageType": "EXTERNAL_MU", "SigningAlgorithm": "ML_DSA_SHAKE_256" });
        let text = "External Mu is invalid length for algorithm ML_DSA_SHAKE_256.";
        bench.run(&[("mu_length_*", EAST, "Sign", call, INVALID, text)]);
    }
    let external = json!({ "KeySpec": "ML_DSA_44", "KeyUsage": "SIGN_VERIFY", "Origin": "EXTERNAL" });
    let text = "KeySpec ML_DSA_44 is not supported for Origin EXTERNAL";
    bench.run(&[("ML_DSA_44_external_create", EAST, "CreateKey", external, INVALID, text)]);
}

#[test]
fn rsa_is_refused_as_recorded() {
    let bench = Bench::with_key(json!({ "KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT" }), |_| ());
    let oaep = json!({ "EncryptionAlgorithm": "RSAES_OAEP_SHA_256" });
    let encrypt = json!({ "KeyId": "{K}", "Plaintext": "AAAA" });
    let context = json!({ "EncryptionContext": { "a": "b" } });
    let open = json!({ "CiphertextBlob": "AAAA" });
    bench.run(&[
        (
            "(no algorithm)",
            EAST,
            "Encrypt",
            encrypt.clone(),
            USAGE,
            "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.",
        ),
        (
            "(context)",
            EAST,
            "Encrypt",
            with(with(encrypt, oaep.clone()), context),
            INVALID,
            "EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.",
        ),
        ("(no key)", EAST, "Decrypt", with(open.clone(), oaep), INVALID, "KeyId must not be null"),
        ("(no algorithm)", EAST, "Decrypt", with(open, key()), "InvalidCiphertextException", ""),
        (
            "data_key_pair_asymmetric_master",
            EAST,
            "GenerateDataKeyPair",
            json!({ "KeyId": "{K}", "KeyPairSpec": "ECC_NIST_P256" }),
            USAGE,
            "You cannot generate a data key pair with an asymmetric CMK",
        ),
    ]);
}

#[test]
fn a_symmetric_key_has_no_public_key() {
    let bench = Bench::with_key(json!({}), |_| ());
    bench.run(&[("symmetric_public_key", EAST, "GetPublicKey", key(), "UnsupportedOperationException", "")]);
}

#[test]
fn a_dry_run_can_leave_the_ciphertext_out() {
    let bench = Bench::with_key(json!({}), |_| ());
    let call = json!({ "KeyId": "{K}", "DryRunModifiers": ["IGNORE_CIPHERTEXT"] });
    let dry = with(call.clone(), json!({ "DryRun": true }));
    let would = "The request would have succeeded, but the DryRun option is set.";
    let only = "DryRunModifiers can only be specified when DryRun is true";
    let disabled = "{arn:us-east-1} is disabled.";
    bench.run(&[
        ("(ignored)", EAST, "Decrypt", dry.clone(), "DryRunOperationException", would),
        ("(no dry run)", EAST, "Decrypt", call, INVALID, only),
        ("(disable key)", EAST, "DisableKey", key(), "", ""),
        ("ignore_disabled_key", EAST, "Decrypt", dry, "DisabledException", disabled),
    ]);
}

#[test]
fn a_bad_peer_key_has_no_text() {
    let bench = Bench::with_key(json!({ "KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT" }), |_| ());
    let call = json!({ "KeyId": "{K}", "PublicKey": "AAAA", "KeyAgreementAlgorithm": "ECDH" });
    bench.run(&[(
        "dry_invalid_public_key",
        EAST,
        "DeriveSharedSecret",
        with(call, json!({ "DryRun": true })),
        INVALID,
        "",
    )]);
}

#[test]
fn answers_name_the_material_that_was_used() {
    let bench = Bench::with_key(json!({}), |_| ());
    let (old, sealed) = (
        bench.metadata(EAST, "CurrentKeyMaterialId"),
        bench.ok(EAST, "Encrypt", json!({ "KeyId": "{K}", "Plaintext": "AAAA" })),
    );
    assert_eq!(sealed.get("KeyMaterialId"), None, "encrypt_before");
    bench.ok(EAST, "RotateKeyOnDemand", key());
    let new = bench.metadata(EAST, "CurrentKeyMaterialId");
    let blob = sealed["CiphertextBlob"].clone();
    let opened = bench.ok(EAST, "Decrypt", json!({ "CiphertextBlob": blob }));
    assert_eq!(opened["KeyMaterialId"], old, "decrypt_old");
    let moved = bench.ok(EAST, "ReEncrypt", json!({ "CiphertextBlob": blob, "DestinationKeyId": "{K}" }));
    assert_eq!([&moved["SourceKeyMaterialId"], &moved["DestinationKeyMaterialId"]], [&old, &new], "reencrypt_old");
    let made = bench.ok(EAST, "GenerateDataKeyWithoutPlaintext", json!({ "KeyId": "{K}", "KeySpec": "AES_256" }));
    assert_eq!(made["KeyMaterialId"], new, "data_key_rotated");
}

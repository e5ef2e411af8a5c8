//! Mistakes about cryptography and its continuity.

use super::faults;
use super::tools::*;
use serde_json::{Value, json};

faults! {
    "replicas-have-their-own-material", "CRY-001", "A replica does not open its primary's ciphertexts", |t| {
        let replica = t.is_replica() || (t.is("Decrypt") && t.text("KeyId").is_empty() && t.region() != "us-east-1");
        if t.is("Decrypt") && replica { return refuse("InvalidCiphertextException") }
        t.run()
    };
    "decrypt-names-the-primary", "CRY-002", "Decrypt answers the ARN in us-east-1, wherever it was called", |t| {
        let here = format!(":{}:", t.region());
        t.edit("Decrypt", |_, body| replace(&mut body["KeyId"], &here, ":us-east-1:"))
    };
    "wrong-key-is-an-invalid-ciphertext", "CRY-003", "A ciphertext of another key is an InvalidCiphertextException", |t| {
        t.recode("Decrypt ReEncrypt", "IncorrectKeyException", "InvalidCiphertextException")
    };
    "decrypts-for-absent-keys", "CRY-004", "A Region without the key decrypts as well", |t| {
        let answer = t.run();
        if t.is("Decrypt") && t.text("KeyId").is_empty() && is_refused(&answer, "AccessDeniedException") {
            return t.ask_in("us-east-1", "Decrypt", Value::Object(t.body.clone()));
        }
        answer
    };
    "context-is-ignored", "CRY-005", "The encryption context is ignored", |t| {
        if t.is("Encrypt Decrypt GenerateDataKey GenerateDataKeyWithoutPlaintext") { t.body.remove("EncryptionContext"); }
        t.run()
    };
    "every-replica-has-a-public-key-of-its-own", "CRY-006", "GetPublicKey differs between Regions", |t| {
        let other = t.is_replica() && t.is("GetPublicKey");
        t.edit("GetPublicKey", |_, body| if other { replace(&mut body["PublicKey"], "A", "B") })
    };
    "signatures-are-regional", "CRY-007", "A signature verifies only in the Region where it was made", |t| {
        if t.is("Sign") {
            let region = t.region();
            return t.edit("Sign", |t, body| { t.note(&format!("{region} {}", body["Signature"])); });
        }
        if t.is("Verify") && t.noted(&format!("{} {}", t.region(), json!(t.text("Signature")))) == 0 { return refuse("KMSInvalidSignatureException") }
        t.run()
    };
    "signatures-are-about-something-else", "CRY-008", "Sign and Verify agree with each other only", |t| {
        if t.is("Sign Verify") && t.text("MessageType") != "DIGEST" {
            let message = t.text("Message");
            t.set("Message", json!(format!("AAAA{message}")));
        }
        t.run()
    };
    "wrong-signature-is-false", "CRY-009", "A wrong signature gives SignatureValid false", |t| {
        match t.run() {
            Err(e) if e.code == "KMSInvalidSignatureException" => Ok(json!({ "KeyId": t.metadata()["Arn"], "SignatureValid": false })),
            other => other,
        }
    };
    "macs-are-regional", "CRY-010" ["CRY-011"], "A replica makes MACs of its own", |t| {
        if t.is_replica() && t.is("GenerateMac VerifyMac") {
            let message = t.text("Message");
            t.set("Message", json!(format!("AAAA{message}")));
        }
        t.run()
    };
    "wrong-mac-is-false", "CRY-012", "A wrong MAC gives MacValid false", |t| {
        match t.run() {
            Err(e) if e.code == "KMSInvalidMacException" => Ok(json!({ "KeyId": t.metadata()["Arn"], "MacValid": false })),
            other => other,
        }
    };
    "wrong-usage-is-a-validation-error", "CRY-013", "An operation that does not fit the usage is a ValidationException", |t| {
        match t.run() {
            Err(e) if e.code == "InvalidKeyUsageException" && e.message.contains("key usage is") => refuse("ValidationException"),
            other => other,
        }
    };
    "long-plaintexts-are-cut", "CRY-014", "Plaintexts that are too long for RSA are cut", |t| {
        let long = t.text("Plaintext").len() > 200 && t.metadata()["KeySpec"] != "SYMMETRIC_DEFAULT";
        if t.is("Encrypt") && long { t.set("Plaintext", json!("AAAA")); }
        t.run()
    };
    "data-keys-have-32-bytes", "CRY-015", "A data key has 32 bytes, whatever was asked for", |t| {
        if t.is("GenerateDataKey GenerateDataKeyWithoutPlaintext") {
            t.body.remove("NumberOfBytes");
            t.set("KeySpec", json!("AES_256"));
        }
        t.run()
    };
    "re-encryption-does-nothing", "CRY-016", "ReEncrypt answers the ciphertext that it was given", |t| {
        let old = t.text("CiphertextBlob");
        t.edit("ReEncrypt", |_, body| body["CiphertextBlob"] = json!(old))
    };
    "promotion-loses-old-ciphertexts", "CRY-017", "After a promotion the former primary opens nothing any more", |t| {
        if t.is("UpdatePrimaryRegion") { return t.then("UpdatePrimaryRegion", |t| { t.note(&format!("{} {}", t.key_id(), t.region())); }) }
        if t.is("Decrypt") && t.noted(&format!("{} {}", owner(t), t.region())) > 0 { return refuse("InvalidCiphertextException") }
        t.run()
    };
    "rotation-loses-old-ciphertexts", "CRY-018", "After a rotation old ciphertexts are lost", |t| {
        t.then("RotateKeyOnDemand", |t| { t.on_family(|f, _| if let Some(new) = f.materials.last().cloned() { f.materials.iter_mut().for_each(|m| *m = new.clone()) }); })
    };
    "damaged-ciphertext-is-a-validation-error", "CRY-019", "A damaged ciphertext is a ValidationException", |t| {
        t.recode("Decrypt", "InvalidCiphertextException", "ValidationException")
    };
    "promotion-changes-the-public-key", "CRY-020", "A promotion changes the public key", |t| {
        if t.is("UpdatePrimaryRegion") { return t.then("UpdatePrimaryRegion", |t| { t.note_key("promoted"); }) }
        if t.noted_key("promoted") == 0 { return t.run() }
        t.edit("GetPublicKey", |_, body| replace(&mut body["PublicKey"], "A", "B"))
    };
    "any-algorithm-will-do", "CRY-021", "An algorithm that does not fit the key is a NotFoundException", |t| {
        match t.run() {
            Err(e) if e.message.contains("is incompatible with key spec") => refuse("NotFoundException"),
            other => other,
        }
    };
    "key-pairs-lose-their-private-key", "CRY-023", "The encrypted private key of a pair opens to something else", |t| {
        t.edit("GenerateDataKeyPair", |t, body| {
            if let Ok(other) = t.ask("Encrypt", json!({ "KeyId": t.key_id(), "Plaintext": "AAAA", "EncryptionContext": t.body.get("EncryptionContext").cloned().unwrap_or(json!({})) })) {
                body["PrivateKeyCiphertextBlob"] = other["CiphertextBlob"].clone();
            }
        })
    };
    "random-is-constant", "CRY-024", "GenerateRandom gives zeros", |t| {
        t.edit("GenerateRandom", |_, body| {
            let text = body["Plaintext"].as_str().unwrap_or("").trim_end_matches('=').to_string();
            let padding = "=".repeat((4 - text.len() % 4) % 4);
            body["Plaintext"] = json!("A".repeat(text.len()) + &padding);
        })
    };
    "secrets-are-regional", "CRY-025", "A replica derives another secret", |t| {
        let replica = t.is_replica();
        t.edit("DeriveSharedSecret", |_, body| if let (true, Some(secret)) = (replica, body["SharedSecret"].as_str()) {
            let swap = |c: char| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
            body["SharedSecret"] = json!(secret.chars().map(swap).collect::<String>())
        })
    };
    "empty-plaintext-is-fine", "CRY-014", "Encrypt takes an empty plaintext", |t| {
        if t.is("Encrypt") && t.body.get("Plaintext") == Some(&json!("")) { t.set("Plaintext", json!("AAAA")); }
        t.run()
    };
    "hmac-512-is-cut", "CRY-010" late, "HMAC_512 keys make other tags on replicas", |t| {
        if t.is_replica() && t.is("GenerateMac VerifyMac") && t.text("MacAlgorithm") == "HMAC_SHA_512" {
            let message = t.text("Message");
            t.set("Message", json!(format!("AAAA{message}")));
        }
        t.run()
    };
    "p521-verifies-nothing", "CRY-007" late, "Signatures by ECC_NIST_P521 keys do not verify on replicas", |t| {
        if t.is("Verify") && t.is_replica() && t.text("SigningAlgorithm") == "ECDSA_SHA_512" { return refuse("KMSInvalidSignatureException") }
        t.run()
    };
}

/// The key that a request names, or that its ciphertext belongs to.
pub(crate) fn owner(t: &crate::engine::Turn) -> String {
    use base64::Engine as _;
    if !t.text("KeyId").is_empty() {
        return t.key_id();
    }
    let blob = base64::engine::general_purpose::STANDARD.decode(t.text("CiphertextBlob")).unwrap_or_default();
    let length = blob.get(6).copied().unwrap_or(0) as usize;
    blob.get(7..7 + length).map(|id| String::from_utf8_lossy(id).into_owned()).unwrap_or_default()
}

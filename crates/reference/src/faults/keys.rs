//! Mistakes about identifiers, CreateKey, DescribeKey and ListKeys.

use super::faults;
use super::tools::*;
use crate::store::State;
use serde_json::{Value, json};

faults! {
    "arn-without-key-prefix", "KEY-001", "Key ARNs end in the bare id, without `key/`", |t| {
        t.edit("CreateKey", |_, body| replace(body, ":key/", ":"))
    };
    "multi-region-ids-are-uuids", "KEY-002", "Multi-Region keys get ids without `mrk-`", |t| {
        let mut answer = t.run();
        if let (true, Ok(body)) = (t.is("CreateKey"), &mut answer) {
            let old = body["KeyMetadata"]["KeyId"].as_str().unwrap_or("").to_string();
            let new = old.replace("mrk-", "");
            rename(t, &old, &new);
            replace(body, &old, &new);
        }
        answer
    };
    "ids-without-dashes", "KEY-004", "Single-Region key ids are hexadecimal digits without dashes", |t| {
        let mut answer = t.run();
        if let (true, Ok(body)) = (t.is("CreateKey"), &mut answer) {
            let old = body["KeyMetadata"]["KeyId"].as_str().unwrap_or("").to_string();
            if !old.starts_with("mrk-") {
                let new = old.replace('-', "");
                rename(t, &old, &new);
                replace(body, &old, &new);
            }
        }
        answer
    };
    "replica-has-its-own-id", "KEY-005", "A replica shows a key id of its own", |t| {
        if !t.is_replica() { return t.run() }
        t.edit_metadata(|_, meta| { meta.insert("KeyId".into(), json!("mrk-00000000000000000000000000000000")); })
    };
    "unknown-key-is-invalid", "KEY-006", "A key that does not exist is a ValidationException", |t| {
        match t.run() {
            Err(e) if e.code == "NotFoundException" && !t.text("KeyId").starts_with("arn:") => refuse("ValidationException"),
            other => other,
        }
    };
    "arn-of-any-region", "KEY-007", "A key ARN of another Region is taken for the key in the Region called", |t| {
        let given = t.text("KeyId");
        let parts: Vec<&str> = given.splitn(6, ':').collect();
        if parts.len() == 6 && parts[3] != t.region() {
            let here = [parts[0], parts[1], parts[2], &t.region(), parts[4], parts[5]].join(":");
            t.set("KeyId", json!(here));
        }
        t.run()
    };
    "encrypt-takes-no-alias", "KEY-009", "Encrypt does not resolve aliases", |t| {
        if t.is("Encrypt") && t.text("KeyId").contains("alias/") { refuse("NotFoundException") } else { t.run() }
    };
    "alias-everywhere", "KEY-010", "Every operation resolves aliases", |t| {
        if t.text("KeyId").contains("alias/") && !t.is("UpdatePrimaryRegion") {
            let id = t.key_id();
            t.set("KeyId", json!(id));
        }
        t.run()
    };
    "replica-without-configuration", "KEY-011", "A replica shows no MultiRegionConfiguration", |t| {
        if !t.is_replica() { return t.run() }
        t.edit_metadata(|_, meta| { meta.remove("MultiRegionConfiguration"); })
    };
    "every-key-has-a-configuration", "KEY-012", "Single-Region keys show a MultiRegionConfiguration", |t| {
        t.edit_metadata(|_, meta| {
            if meta["MultiRegion"] == false {
                meta.insert("MultiRegionConfiguration".into(), json!({ "MultiRegionKeyType": "PRIMARY" }));
            }
        })
    };
    "primary-lists-itself", "KEY-013", "A new primary is among its own ReplicaKeys", |t| {
        t.edit("CreateKey", |_, body| {
            let config = &mut body["KeyMetadata"]["MultiRegionConfiguration"];
            if config.is_object() {
                config["ReplicaKeys"] = json!([config["PrimaryKey"].clone()]);
            }
        })
    };
    "no-key-manager", "KEY-014", "KeyMetadata lacks KeyManager", |t| {
        t.edit_metadata(|_, meta| { meta.remove("KeyManager"); })
    };
    "enabled-stays-true", "KEY-015", "Enabled is true in every key state", |t| {
        t.edit_metadata(|_, meta| { meta.insert("Enabled".into(), json!(true)); })
    };
    "one-list-of-signing-algorithms", "KEY-016", "Every signing key lists the RSA algorithms", |t| {
        t.edit("CreateKey", |_, body| {
            let meta = &mut body["KeyMetadata"];
            if meta.get("SigningAlgorithms").is_some() {
                meta["SigningAlgorithms"] = json!(["RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PSS_SHA_256"]);
            }
        })
    };
    "description-is-dropped", "KEY-017", "CreateKey ignores Description", |t| {
        if t.is("CreateKey") { t.body.remove("Description"); }
        t.run()
    };
    "usage-is-guessed", "KEY-019", "A missing KeyUsage is guessed from the key spec", |t| {
        let spec = t.text("KeySpec");
        if t.is("CreateKey") && !t.body.contains_key("KeyUsage") && spec.starts_with("ECC_") {
            t.set("KeyUsage", json!("SIGN_VERIFY"));
        } else if t.is("CreateKey") && !t.body.contains_key("KeyUsage") && spec.starts_with("RSA_") {
            t.set("KeyUsage", json!("ENCRYPT_DECRYPT"));
        } else if t.is("CreateKey") && !t.body.contains_key("KeyUsage") && spec.starts_with("HMAC_") {
            t.set("KeyUsage", json!("GENERATE_VERIFY_MAC"));
        }
        t.run()
    };
    "external-keys-are-enabled", "KEY-020", "A key with EXTERNAL origin is Enabled from the start", |t| {
        let mut answer = t.run();
        if let (true, Ok(body), true) = (t.is("CreateKey"), &mut answer, t.text("Origin") == "EXTERNAL") {
            let id = body["KeyMetadata"]["KeyId"].as_str().unwrap_or("").to_string();
            let region = t.region();
            t.on_account(|a| {
                if let Some(key) = a.families.get_mut(&id).and_then(|f| f.members.get_mut(&region)) {
                    key.state = State::Enabled;
                }
            });
            body["KeyMetadata"]["KeyState"] = json!("Enabled");
            body["KeyMetadata"]["Enabled"] = json!(true);
        }
        answer
    };
    "single-region-keys-wait-for-replicas", "KEY-024", "A single-Region key pending deletion shows PendingReplicaDeletion", |t| {
        t.edit_metadata(|_, meta| if meta["MultiRegion"] == false && meta["KeyState"] == "PendingDeletion" {
            meta.insert("KeyState".into(), json!("PendingReplicaDeletion"));
        })
    };
    "list-keys-of-every-region", "KEY-021", "ListKeys lists the keys of all Regions", |t| {
        if !t.is("ListKeys") || t.body.contains_key("Limit") || t.body.contains_key("Marker") { return t.run() }
        let mut all = Vec::new();
        for region in ["us-east-1", "eu-west-1", "ap-southeast-2", "eu-north-1"] {
            let listed = t.ask_in(region, "ListKeys", json!({ "Limit": 1000 }));
            if let Ok(Value::Array(keys)) = listed.map(|l| l["Keys"].clone()) {
                all.extend(keys);
            }
        }
        let here = t.region();
        all.iter_mut().for_each(|k| if let Some(arn) = k["KeyArn"].as_str() {
            let mut parts: Vec<&str> = arn.split(':').collect();
            parts[3] = &here;
            k["KeyArn"] = json!(parts.join(":"));
        });
        Ok(json!({ "Keys": all, "Truncated": false }))
    };
    "one-page-only", "KEY-022", "Lists ignore Limit and come in one piece", |t| {
        let limit = t.body.get("Limit").and_then(Value::as_i64).unwrap_or(0);
        if (1..=1000).contains(&limit) { t.body.remove("Limit"); }
        t.run()
    };
    "any-marker-will-do", "KEY-023", "A marker that no page gave starts from the beginning", |t| {
        if !t.text("Marker").starts_with("page-") && !t.text("Marker").is_empty() { t.body.remove("Marker"); }
        t.run()
    };
    "edwards-keys-by-ecdsa", "KEY-026", "A key of spec ECC_NIST_EDWARDS25519 says that it signs by ECDSA", |t| {
        t.edit("CreateKey", |_, body| if body["KeyMetadata"]["KeySpec"] == "ECC_NIST_EDWARDS25519" { body["KeyMetadata"]["SigningAlgorithms"] = json!(["ECDSA_SHA_512"]) })
    };
    "ml-dsa-keys-by-ecdsa", "KEY-027", "A key of spec ML_DSA_65 says that it signs by ECDSA", |t| {
        t.edit("CreateKey", |_, body| if body["KeyMetadata"]["KeySpec"] == "ML_DSA_65" { body["KeyMetadata"]["SigningAlgorithms"] = json!(["ECDSA_SHA_512"]) })
    };
}

/// Gives a family another id.
fn rename(t: &crate::engine::Turn, old: &str, new: &str) {
    t.on_account(|a| {
        if let Some(mut family) = a.families.remove(old) {
            family.id = new.to_string();
            a.families.insert(new.to_string(), family);
        }
    });
}

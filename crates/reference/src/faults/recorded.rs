//! Answers that the documentation allows, and the real service was recorded not to give.

use super::faults;
use super::tools::*;
use serde_json::json;

const UPR: &str = "UpdatePrimaryRegion";

faults! {
    "promotion-to-its-own-region-is-refused", "AWS-001", "A promotion to the primary's own Region is refused", |t| {
        if t.is(UPR) && t.text("PrimaryRegion") == t.region() && !t.is_replica() && t.state() == "Enabled" {
            return refuse("UnsupportedOperationException");
        }
        t.run()
    };
    "no-replica-is-not-found", "AWS-002", "A promotion to a Region without a replica gives NotFoundException", |t| {
        t.reword(UPR, "does not have a replica key", "NotFoundException")
    };
    "promotion-of-a-replica-is-unsupported", "AWS-003", "A promotion asked of a replica gives UnsupportedOperationException", |t| {
        t.reword(UPR, "is not a multi-Region primary key", "UnsupportedOperationException")
    };
    "aliases-are-not-found", "AWS-004", "An alias where none is taken gives NotFoundException", |t| {
        let all = t.operation.clone();
        t.reword(&all, "Key Aliases are not supported", "NotFoundException")
    };
    "unusable-destination-is-an-invalid-state", "AWS-005", "A promotion to a disabled replica gives KMSInvalidStateException", |t| {
        let there = format!(":{}:", t.text("PrimaryRegion"));
        t.reword(UPR, &there, "KMSInvalidStateException")
    };
    "disabled-destination-comes-first", "AWS-006", "Of two disabled keys a promotion names the destination", |t| {
        let (here, there) = (format!(":{}:", t.region()), format!(":{}:", t.text("PrimaryRegion")));
        let to = t.text("PrimaryRegion");
        let both = t.on_family(|f, _| f.members.get(&to).is_some_and(|k| k.state == crate::store::State::Disabled));
        match t.run() {
            Err(mut e) if t.is(UPR) && both == Some(true) && e.code == "DisabledException" => {
                e.message = e.message.replace(&here, &there);
                Err(e)
            }
            other => other,
        }
    };
    "replica-of-the-primary-exists", "AWS-007", "A replica in the primary's own Region gives AlreadyExistsException", |t| {
        t.reword("ReplicateKey", "contains the primary", "AlreadyExistsException")
    };
    "other-partition-is-an-arn", "AWS-008", "A replica in another partition gives InvalidArnException", |t| {
        t.reword("ReplicateKey", "same AWS partition", "InvalidArnException")
    };
    "replica-exists-comes-first", "AWS-009", "Of a disabled primary ReplicateKey says first that the replica exists", |t| {
        let to = t.text("ReplicaRegion");
        let there = t.on_family(|f, _| f.members.contains_key(&to)).unwrap_or(false);
        match t.run() {
            Err(e) if t.is("ReplicateKey") && there && e.code == "DisabledException" => refuse("AlreadyExistsException"),
            other => other,
        }
    };
    "rotation-of-a-replica-is-an-invalid-state", "AWS-010", "RotateKeyOnDemand on a replica gives KMSInvalidStateException", |t| {
        t.reword("RotateKeyOnDemand", "multi-region replica key", "KMSInvalidStateException")
    };
    "rotation-in-any-state-is-unsupported", "AWS-011", "Rotation of a disabled key gives UnsupportedOperationException", |t| {
        t.reword("EnableKeyRotation DisableKeyRotation RotateKeyOnDemand", "is disabled", "UnsupportedOperationException")
    };
    "rotation-without-material-is-unsupported", "AWS-012", "RotateKeyOnDemand without new material gives UnsupportedOperationException", |t| {
        t.reword("RotateKeyOnDemand", "No available key material", "UnsupportedOperationException")
    };
    "status-needs-a-key-that-rotates", "AWS-013", "GetKeyRotationStatus of an HMAC key is refused", |t| {
        if t.is("GetKeyRotationStatus") && t.is_hmac() { return refuse("UnsupportedOperationException") }
        t.run()
    };
    "rotations-need-a-key-that-rotates", "AWS-014", "ListKeyRotations of an HMAC key is refused", |t| {
        if t.is("ListKeyRotations") && t.is_hmac() && t.text("IncludeKeyMaterial").is_empty() {
            return refuse("UnsupportedOperationException");
        }
        t.run()
    };
    "material-of-hmac-keys-is-unsupported", "AWS-015", "ListKeyRotations with all material of an HMAC key gives UnsupportedOperationException", |t| {
        t.reword("ListKeyRotations", "includeKeyMaterial", "UnsupportedOperationException")
    };
    "hmac-rotation-cannot-be-switched-off", "AWS-016", "DisableKeyRotation of an HMAC key is refused", |t| {
        if t.is("DisableKeyRotation") && t.is_hmac() && t.state() == "Enabled" && !t.is_replica() {
            return refuse("UnsupportedOperationException");
        }
        t.run()
    };
    "dying-keys-are-disabled", "AWS-017", "GetPublicKey of a key that is pending deletion gives DisabledException", |t| {
        t.reword("GetPublicKey", "pending deletion", "DisabledException")
    };
    "public-keys-can-be-disabled", "AWS-018", "GetPublicKey of a disabled key is refused", |t| {
        t.refuse_in("GetPublicKey", "Disabled", "DisabledException")
    };
    "algorithm-comes-first", "AWS-019", "Of a disabled key a wrong MAC algorithm is told first", |t| {
        let spec = t.on_family(|f, _| f.spec.replace("HMAC_", "HMAC_SHA_")).unwrap_or_default();
        let wrong = t.is("GenerateMac") && spec.starts_with("HMAC_SHA_") && t.text("MacAlgorithm") != spec;
        if wrong && t.state() == "Disabled" { return refuse("InvalidKeyUsageException") }
        t.run()
    };
    "wrong-signing-algorithm-is-invalid-input", "AWS-020", "Sign with another spec's algorithm gives ValidationException", |t| {
        t.recode("Sign", "InvalidKeyUsageException", "ValidationException")
    };
    "related-key-is-not-found", "AWS-021", "Decrypt with a related key's ARN of another Region gives NotFoundException", |t| {
        let here = format!(":{}:", t.region());
        let elsewhere = t.text("KeyId").starts_with("arn:") && !t.text("KeyId").contains(&here);
        match t.run() {
            Err(e) if t.is("Decrypt") && elsewhere && e.code == "IncorrectKeyException" => {
                let text = format!("Invalid arn {}", t.region());
                Err(crate::error::KmsError::new("NotFoundException", text))
            }
            other => other,
        }
    };
    "wrapped-material-is-a-token", "AWS-022", "ImportKeyMaterial of bytes that nobody wrapped gives InvalidImportTokenException", |t| {
        t.recode("ImportKeyMaterial", "InvalidCiphertextException", "InvalidImportTokenException")
    };
    "wrapping-is-unsupported", "AWS-023", "A way to wrap that does not fit gives UnsupportedOperationException", |t| {
        t.reword("GetParametersForImport", "cannot be used to import", "UnsupportedOperationException")
    };
    "grants-for-anything", "AWS-024", "A grant for what the key cannot do is unsupported", |t| {
        t.reword("CreateGrant", "are not supported when creating a grant", "UnsupportedOperationException")
    };
    "updating-keys-are-enabled", "AWS-025" transient, "Enabled is true in key state Updating", |t| {
        t.edit_metadata(|_, meta| if meta["KeyState"] == "Updating" { meta.insert("Enabled".into(), json!(true)); })
    };
    "creating-replicas-do-not-rotate", "AWS-026" transient, "The rotation status of a replica that is being made is false", |t| {
        let creating = t.state() == "Creating";
        t.edit("GetKeyRotationStatus", |t, body| if creating {
            *body = json!({ "KeyId": t.metadata()["Arn"], "KeyRotationEnabled": false });
        })
    };
    "creating-replicas-have-material", "AWS-027" transient, "A replica that is being made shows CurrentKeyMaterialId", |t| {
        t.edit_metadata(|_, meta| if meta["KeyState"] == "Creating" { meta.insert("CurrentKeyMaterialId".into(), json!("ab".repeat(32))); })
    };
    "a-time-for-ever", "AWS-028", "ValidTo beside KEY_MATERIAL_DOES_NOT_EXPIRE is not looked at", |t| {
        if t.is("ImportKeyMaterial") && t.text("ExpirationModel") == "KEY_MATERIAL_DOES_NOT_EXPIRE" { t.body.remove("ValidTo"); }
        t.run()
    };
    "parameters-are-used-once", "AWS-029", "Parameters for import can be used once", |t| {
        t.then("ImportKeyMaterial", |t| { t.on_key(|k| k.parameters.clear()); })
    };
    "a-time-needs-a-model", "AWS-030", "ValidTo without ExpirationModel is refused", |t| {
        let no_model = t.is("ImportKeyMaterial") && !t.body.contains_key("ExpirationModel");
        if no_model && t.body.contains_key("ValidTo") { return refuse("ValidationException") }
        t.run()
    };
    "a-time-without-a-model-is-ignored", "AWS-030", "ValidTo without ExpirationModel is not looked at", |t| {
        if t.is("ImportKeyMaterial") && !t.body.contains_key("ExpirationModel") && t.body.remove("ValidTo").is_some() {
            t.set("ExpirationModel", json!("KEY_MATERIAL_DOES_NOT_EXPIRE"));
        }
        t.run()
    };
    "material-is-described-anywhere", "AWS-031", "KeyMaterialDescription is not looked at on a replica", |t| {
        if t.is("ImportKeyMaterial") && t.is_replica() { t.body.remove("KeyMaterialDescription"); }
        t.run()
    };
    "no-such-region-is-unsupported", "AWS-032", "A replica in a Region that does not exist gives UnsupportedOperationException", |t| {
        t.reword("ReplicateKey", "is not a valid Region", "UnsupportedOperationException")
    };
}

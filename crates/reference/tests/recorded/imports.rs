//! Recordings of imported key material.

use super::bench::{Bench, SLOW, wait, with, without};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

const EAST: &str = "us-east-1";
const WEST: &str = "us-west-2";
const INCORRECT: &str = "IncorrectKeyMaterialException";
const STATE: &str = "KMSInvalidStateException";
const INVALID: &str = "ValidationException";

fn key() -> Value {
    json!({ "KeyId": "{K}" })
}

fn all() -> Value {
    json!({ "KeyId": "{K}", "IncludeKeyMaterial": "ALL_KEY_MATERIAL" })
}

fn new() -> Value {
    json!({ "ImportType": "NEW_KEY_MATERIAL" })
}

fn empty(multi_region: bool) -> Bench {
    Bench::with_key(json!({ "Origin": "EXTERNAL", "MultiRegion": multi_region }), |s| s.rotating = SLOW)
}

/// With material A, called `{A}`; `{B}` will be the id of 32 times 0x42.
fn imported(multi_region: bool) -> Bench {
    let mut bench = empty(multi_region);
    let id = bench.ok(EAST, "ImportKeyMaterial", bench.wrapped(EAST, 0x41))["KeyMaterialId"].clone();
    bench.name("A", &id);
    bench
}

/// A family whose members have A.
fn family() -> Bench {
    let bench = imported(true);
    bench.ok(EAST, "ReplicateKey", json!({ "KeyId": "{K}", "ReplicaRegion": WEST }));
    bench.ok(WEST, "ImportKeyMaterial", bench.wrapped(WEST, 0x41));
    bench
}

fn stage(bench: &mut Bench, region: &str) {
    let more = if region == EAST { new() } else { json!({}) };
    let answer = bench.ok(region, "ImportKeyMaterial", with(bench.wrapped(region, 0x42), more));
    bench.name("B", &answer["KeyMaterialId"]);
}

/// ImportState and KeyMaterialState of every material that a member lists.
fn materials(bench: &Bench, region: &str) -> Vec<[String; 2]> {
    let list = bench.ok(region, "ListKeyRotations", all())["Rotations"].clone();
    let text = |e: &Value, member: &str| e[member].as_str().unwrap_or("").to_string();
    let entry = |e: &Value| [text(e, "ImportState"), text(e, "KeyMaterialState")];
    list.as_array().map(|l| l.iter().map(entry).collect()).unwrap_or_default()
}

fn state(bench: &Bench, region: &str) -> String {
    bench.metadata(region, "KeyState").as_str().unwrap_or("").to_string()
}

#[test]
fn a_key_without_material_refuses_as_recorded() {
    let bench = empty(true);
    let (pending, origin) = (
        "{arn:us-east-1} is pending import.",
        "{arn:us-east-1} origin is EXTERNAL which is not valid for this operation.",
    );
    let replica = json!({ "KeyId": "{K}", "ReplicaRegion": WEST });
    bench.run(&[
        ("replicate_pending_import", EAST, "ReplicateKey", replica, STATE, pending),
        ("pending_enable-key", EAST, "EnableKey", key(), STATE, pending),
        ("pending_disable-key", EAST, "DisableKey", key(), STATE, pending),
        ("pending_enable-key-rotation", EAST, "EnableKeyRotation", key(), "UnsupportedOperationException", origin),
        ("pending_disable-key-rotation", EAST, "DisableKeyRotation", key(), "UnsupportedOperationException", origin),
        ("pending_rotate-key-on-demand", EAST, "RotateKeyOnDemand", key(), STATE, pending),
        ("pending_get-key-rotation-status", EAST, "GetKeyRotationStatus", key(), "", ""),
        ("symmetric_empty_history", EAST, "ListKeyRotations", all(), "", ""),
        ("symmetric_delete_empty", EAST, "DeleteImportedKeyMaterial", key(), "", ""),
        ("schedule_missing_material", EAST, "ScheduleKeyDeletion", key(), "", ""),
        ("cancel_missing_material", EAST, "CancelKeyDeletion", key(), "", ""),
    ]);
    assert_eq!(state(&bench, EAST), "PendingImport", "after_cancel_missing_material");
    let wrapping =
        |algorithm: &str| json!({ "KeyId": "{K}", "WrappingAlgorithm": algorithm, "WrappingKeySpec": "RSA_2048" });
    for algorithm in ["RSAES_PKCS1_V1_5", "RSA_AES_KEY_WRAP_SHA_256"] {
        let text = format!(
            "Wrapping algorithm {algorithm} and wrapping key spec RSA_2048 cannot be used to import a SYMMETRIC_DEFAULT key."
        );
        bench.run(&[("deprecated_wrapping", EAST, "GetParametersForImport", wrapping(algorithm), INVALID, &text)]);
    }
}

#[test]
fn imports_are_refused_as_recorded() {
    let mut bench = imported(false);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let a = bench.wrapped(EAST, 0x41);
    let b = bench.wrapped(EAST, 0x42);
    let until = |time: u64| with(without(a.clone(), "ExpirationModel"), json!({ "ValidTo": time }));
    let zeros = "0".repeat(64);
    let expected = format!("Imported key material does not have the expected identifier ({zeros}).");
    bench.run(&[
        (
            "missing_valid_to",
            EAST,
            "ImportKeyMaterial",
            without(a.clone(), "ExpirationModel"),
            INVALID,
            "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES",
        ),
        ("expired_valid_to", EAST, "ImportKeyMaterial", until(now - 60), INVALID, "ValidTo must be in the future"),
        (
            "excessive_valid_to",
            EAST,
            "ImportKeyMaterial",
            until(now + 367 * 86_400),
            INVALID,
            "ValidTo must be less than 365 days in the future",
        ),
        (
            "no_expiry_with_valid_to",
            EAST,
            "ImportKeyMaterial",
            with(a.clone(), json!({ "ValidTo": now + 3600 })),
            INVALID,
            "A validTo date cannot be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE",
        ),
        ("same_token_retry", EAST, "ImportKeyMaterial", a.clone(), "", ""),
        (
            "wrong_existing_material",
            EAST,
            "ImportKeyMaterial",
            b.clone(),
            INCORRECT,
            "Imported key material does not have the expected identifier ({A}).",
        ),
        (
            "new_same_material",
            EAST,
            "ImportKeyMaterial",
            with(a.clone(), new()),
            INCORRECT,
            "Key material (id: {A}) being imported as NEW_KEY_MATERIAL is already associated with KMS key {arn:us-east-1}.",
        ),
        (
            "existing_wrong_identifier",
            EAST,
            "ImportKeyMaterial",
            with(a.clone(), json!({ "KeyMaterialId": zeros })),
            INCORRECT,
            &expected,
        ),
        (
            "new_with_identifier",
            EAST,
            "ImportKeyMaterial",
            with(b.clone(), json!({ "ImportType": "NEW_KEY_MATERIAL", "KeyMaterialId": "{A}" })),
            INVALID,
            "Input parameter keyMaterialId cannot be used with NEW_KEY_MATERIAL importType.",
        ),
        (
            "token_corrupt",
            EAST,
            "ImportKeyMaterial",
            with(a.clone(), json!({ "ImportToken": "AAAA" })),
            "InvalidImportTokenException",
            "",
        ),
        (
            "ciphertext_corrupt",
            EAST,
            "ImportKeyMaterial",
            with(a.clone(), json!({ "EncryptedKeyMaterial": "AAAA" })),
            "InvalidCiphertextException",
            "",
        ),
        (
            "imported_rotate-key-on-demand",
            EAST,
            "RotateKeyOnDemand",
            key(),
            STATE,
            "No available key material pending rotation for the key: {arn:us-east-1}.",
        ),
        (
            "delete_unknown_id",
            EAST,
            "DeleteImportedKeyMaterial",
            json!({ "KeyId": "{K}", "KeyMaterialId": zeros }),
            INVALID,
            &format!("Key material (id: {zeros}) has never been imported into KMS key {{arn:us-east-1}}."),
        ),
    ]);
    stage(&mut bench, EAST);
    let c = bench.ask(0, EAST, "ImportKeyMaterial", &with(bench.wrapped(EAST, 0x43), new()));
    let (code, text) = c.err().unwrap_or_default();
    assert_eq!(code, STATE, "third_while_pending");
    assert!(text.starts_with("New key material (id: ") && text.ends_with(") is pending rotation."), "{text}");
}

#[test]
fn a_replica_imports_what_its_primary_has() {
    let mut bench = imported(true);
    let made = bench.ok(EAST, "ReplicateKey", json!({ "KeyId": "{K}", "ReplicaRegion": WEST }));
    assert_eq!(made["ReplicaKeyMetadata"]["ExpirationModel"], "KEY_MATERIAL_DOES_NOT_EXPIRE", "replicate");
    assert_eq!(made["ReplicaKeyMetadata"].get("CurrentKeyMaterialId"), None);
    let shown = bench.ok(WEST, "DescribeKey", key())["KeyMetadata"].clone();
    assert_eq!((&shown["KeyState"], shown.get("ExpirationModel")), (&json!("PendingImport"), None));
    assert_eq!(shown["CurrentKeyMaterialId"], bench.metadata(EAST, "CurrentKeyMaterialId"), "replica_pending_poll");
    let (a, b) = (bench.wrapped(WEST, 0x41), bench.wrapped(WEST, 0x42));
    let described = json!({ "KeyMaterialDescription": "x" });
    bench.run(&[
        (
            "replica_wrong_first",
            WEST,
            "ImportKeyMaterial",
            b.clone(),
            INCORRECT,
            "Imported key material does not have the expected identifier ({A}).",
        ),
        (
            "replica_first_import",
            WEST,
            "ImportKeyMaterial",
            with(a.clone(), described),
            INVALID,
            "Key material description can only be specified on primary Multi-Region keys",
        ),
        (
            "replica_new_type_rejected",
            WEST,
            "ImportKeyMaterial",
            with(b, new()),
            INVALID,
            "Input parameter ImportType NEW_KEY_MATERIAL cannot be used on replica Multi-Region keys",
        ),
        ("(import)", WEST, "ImportKeyMaterial", a, "", ""),
    ]);
    assert_eq!(state(&bench, WEST), "Enabled");
    stage(&mut bench, EAST);
    let waiting = "PENDING_MULTI_REGION_IMPORT_AND_ROTATION";
    assert_eq!(materials(&bench, EAST)[1], ["IMPORTED", waiting], "primary_missing_replica_history");
    assert_eq!(materials(&bench, WEST)[1], ["PENDING_IMPORT", waiting], "replica_missing_second_history");
    bench.run(&[(
        "rotate_before_replica_import",
        EAST,
        "RotateKeyOnDemand",
        key(),
        STATE,
        "Cannot perform key material rotation: Key material has not been imported for replicas of the Multi-Region key.",
    )]);
}

#[test]
fn a_family_rotates_to_material_that_all_members_have() {
    let mut bench = family();
    stage(&mut bench, EAST);
    stage(&mut bench, WEST);
    bench.ok(EAST, "RotateKeyOnDemand", key());
    assert_eq!(materials(&bench, EAST), [["IMPORTED", "CURRENT"], ["IMPORTED", "PENDING_ROTATION"]]);
    wait();
    for region in [EAST, WEST] {
        assert_eq!(materials(&bench, region), [["IMPORTED", "NON_CURRENT"], ["IMPORTED", "CURRENT"]], "{region}");
        assert_eq!(state(&bench, region), "Enabled");
    }
    assert_eq!(bench.metadata(WEST, "CurrentKeyMaterialId"), bench.metadata(EAST, "CurrentKeyMaterialId"));
    bench.ok(WEST, "DeleteImportedKeyMaterial", json!({ "KeyId": "{K}", "KeyMaterialId": "{A}" }));
    assert_eq!([state(&bench, EAST), state(&bench, WEST)], ["Enabled", "PendingImport"], "replica_after_replica_loss");
    let pending = "{arn:us-west-2} is pending import.";
    let encrypt = json!({ "KeyId": "{K}", "Plaintext": "AAAA" });
    bench.run(&[("missing_noncurrent_encrypt", WEST, "Encrypt", encrypt, STATE, pending)]);
    bench.ok(WEST, "ImportKeyMaterial", bench.wrapped(WEST, 0x41));
    assert_eq!(state(&bench, WEST), "Enabled", "restore_replica_noncurrent");
}

#[test]
fn the_primary_withdraws_what_is_pending() {
    let mut bench = family();
    stage(&mut bench, EAST);
    stage(&mut bench, WEST);
    let b = json!({ "KeyId": "{K}", "KeyMaterialId": "{B}" });
    bench.ok(WEST, "DeleteImportedKeyMaterial", b.clone());
    assert_eq!(materials(&bench, EAST).len(), 2, "primary_after_replica_pending_delete");
    bench.ok(EAST, "DeleteImportedKeyMaterial", b);
    assert_eq!(materials(&bench, WEST), [["IMPORTED", "CURRENT"]], "replica_after_primary_pending_delete");
    assert_eq!([state(&bench, EAST), state(&bench, WEST)], ["Enabled", "Enabled"]);
    stage(&mut bench, EAST);
    stage(&mut bench, WEST);
    bench.ok(EAST, "RotateKeyOnDemand", key());
}

#[test]
fn a_rotation_is_not_stopped_by_a_replica_that_loses_its_material() {
    let mut bench = family();
    stage(&mut bench, EAST);
    stage(&mut bench, WEST);
    bench.ok(EAST, "RotateKeyOnDemand", key());
    bench.ok(WEST, "DeleteImportedKeyMaterial", json!({ "KeyId": "{K}", "KeyMaterialId": "{B}" }));
    wait();
    assert_eq!([state(&bench, EAST), state(&bench, WEST)], ["Enabled", "PendingImport"]);
    assert_eq!(materials(&bench, WEST), [["IMPORTED", "NON_CURRENT"], ["PENDING_IMPORT", "CURRENT"]]);
    bench.ok(WEST, "ImportKeyMaterial", bench.wrapped(WEST, 0x42));
    assert_eq!(state(&bench, WEST), "Enabled", "replica_restored_metadata");
}

#[test]
fn a_rotation_takes_what_is_pending_when_it_runs() {
    let mut bench = imported(false);
    stage(&mut bench, EAST);
    let b = json!({ "KeyId": "{K}", "KeyMaterialId": "{B}" });
    bench.ok(EAST, "RotateKeyOnDemand", key());
    bench.ok(EAST, "DeleteImportedKeyMaterial", b);
    assert!(bench.ok(EAST, "GetKeyRotationStatus", key())["OnDemandRotationStartDate"].is_number());
    let third = bench.ok(EAST, "ImportKeyMaterial", with(bench.wrapped(EAST, 0x43), new()));
    wait();
    assert_eq!(bench.metadata(EAST, "CurrentKeyMaterialId"), third["KeyMaterialId"], "after_first_request_history");
    // Deleted and not replaced, it ends without a rotation.
    let fourth = bench.ok(EAST, "ImportKeyMaterial", with(bench.wrapped(EAST, 0x44), new()));
    bench.ok(EAST, "RotateKeyOnDemand", key());
    bench.ok(EAST, "DeleteImportedKeyMaterial", json!({ "KeyId": "{K}", "KeyMaterialId": fourth["KeyMaterialId"] }));
    wait();
    assert_eq!(bench.metadata(EAST, "CurrentKeyMaterialId"), third["KeyMaterialId"], "after_pending_delete_history");
    assert_eq!(bench.ok(EAST, "GetKeyRotationStatus", key()).get("OnDemandRotationStartDate"), None);
    assert_eq!(state(&bench, EAST), "Enabled");
}

#[test]
fn importing_again_enables_a_disabled_key() {
    let bench = imported(false);
    bench.ok(EAST, "DisableKey", key());
    bench.ok(EAST, "ImportKeyMaterial", bench.wrapped(EAST, 0x41));
    assert_eq!(state(&bench, EAST), "Enabled", "after_disabled_import");
}

#[test]
fn pending_material_may_expire_until_it_is_current() {
    let mut bench = imported(false);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let expiring = with(without(bench.wrapped(EAST, 0x42), "ExpirationModel"), json!({ "ValidTo": now + 2 }));
    let answer = bench.ok(EAST, "ImportKeyMaterial", with(expiring, new()));
    bench.name("B", &answer["KeyMaterialId"]);
    std::thread::sleep(std::time::Duration::from_millis(2100));
    assert_eq!(state(&bench, EAST), "Enabled", "pending_expired_metadata");
    assert_eq!(materials(&bench, EAST)[1], ["IMPORTED", "PENDING_ROTATION"], "pending_expired_history");
    bench.ok(EAST, "RotateKeyOnDemand", key());
    wait();
    assert_eq!(state(&bench, EAST), "PendingImport", "after_expired_rotation_metadata");
    assert_eq!(materials(&bench, EAST)[1], ["IMPORTED", "CURRENT"], "after_expired_rotation_history");
    bench.ok(EAST, "ImportKeyMaterial", bench.wrapped(EAST, 0x42));
    assert_eq!(state(&bench, EAST), "Enabled", "after_restore_metadata");
}

#[test]
fn material_ids_are_those_of_key_and_material() {
    let (one, other) = (imported(false), imported(false));
    let id = |bench: &Bench| bench.metadata(EAST, "CurrentKeyMaterialId");
    assert_ne!(one.metadata(EAST, "KeyId"), json!(null));
    assert_eq!(id(&one), id(&other), "the same seed makes the same key");
    let family = family();
    assert_eq!(family.metadata(EAST, "CurrentKeyMaterialId"), family.metadata(WEST, "CurrentKeyMaterialId"));
    assert_ne!(id(&one), id(&family), "the same bytes in another key");
}

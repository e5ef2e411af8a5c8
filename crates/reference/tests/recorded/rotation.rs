//! Recordings of rotation: M12, M13, the switches, and what asks twice.

use super::bench::{Bench, SLOW, wait};
use serde_json::{Value, json};

const EAST: &str = "us-east-1";
const WEST: &str = "us-west-2";

fn key() -> Value {
    json!({ "KeyId": "{K}" })
}

fn all() -> Value {
    json!({ "KeyId": "{K}", "IncludeKeyMaterial": "ALL_KEY_MATERIAL" })
}

#[test]
fn a_replica_has_no_rotation_of_its_own() {
    let bench = Bench::with_family(|_| ());
    bench.ok(EAST, "ReplicateKey", json!({ "KeyId": "{K}", "ReplicaRegion": WEST }));
    for operation in ["EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand"] {
        let text = format!("{{arn:us-west-2}} is a multi-region replica key which is not valid for {operation}.");
        bench.run(&[("replica_*", WEST, operation, key(), "UnsupportedOperationException", &text)]);
    }
}

#[test]
fn no_operation_about_rotation_takes_an_alias() {
    let bench = Bench::with_family(|_| ());
    bench.ok(EAST, "CreateAlias", json!({ "AliasName": "alias/a", "TargetKeyId": "{K}" }));
    let text = "Key Aliases are not supported for this operation.";
    for operation in
        ["GetKeyRotationStatus", "ListKeyRotations", "EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand"]
    {
        bench.run(&[("alias_*", EAST, operation, json!({ "KeyId": "alias/a" }), "InvalidArnException", text)]);
    }
}

#[test]
fn a_rotation_takes_its_time_and_reaches_every_member() {
    let bench = Bench::with_family(|s| s.rotating = SLOW);
    bench.ok(EAST, "ReplicateKey", json!({ "KeyId": "{K}", "ReplicaRegion": WEST }));
    let before = bench.metadata(EAST, "CurrentKeyMaterialId");
    let sealed = bench.ok(EAST, "Encrypt", json!({ "KeyId": "{K}", "Plaintext": "AAAA" }));
    let answer = bench.ok(EAST, "RotateKeyOnDemand", key());
    assert!(answer["KeyId"].as_str().is_some_and(|k| k.starts_with("arn:")));
    bench.run(&[("rotate_immediate_repeat", EAST, "RotateKeyOnDemand", key(), "", "")]);
    assert!(bench.ok(EAST, "GetKeyRotationStatus", key())["OnDemandRotationStartDate"].is_number());
    assert_eq!(bench.ok(EAST, "ListKeyRotations", key())["Rotations"], json!([]));
    assert_eq!(bench.metadata(WEST, "CurrentKeyMaterialId"), before);
    // Nothing waits for it.
    bench.run(&[
        ("(promotion)", EAST, "UpdatePrimaryRegion", json!({ "KeyId": "{K}", "PrimaryRegion": WEST }), "", ""),
        ("disable_key_during_rotation", WEST, "DisableKey", key(), "", ""),
        ("(deletion)", EAST, "ScheduleKeyDeletion", key(), "", ""),
    ]);
    wait();
    for region in [EAST, WEST] {
        let status = bench.ok(region, "GetKeyRotationStatus", key());
        assert_eq!(status.get("OnDemandRotationStartDate"), None, "rotation_complete_poll");
        let list = bench.ok(region, "ListKeyRotations", all())["Rotations"].clone();
        assert_eq!(list.as_array().map(Vec::len), Some(2), "replica_rotation_history");
        assert_eq!((&list[0]["KeyMaterialId"], &list[0]["KeyMaterialState"]), (&before, &json!("NON_CURRENT")));
        assert_eq!(list[0].get("RotationDate"), None);
        assert_eq!((&list[1]["KeyMaterialState"], &list[1]["RotationType"]), (&json!("CURRENT"), &json!("ON_DEMAND")));
        assert_eq!(bench.metadata(region, "CurrentKeyMaterialId"), list[1]["KeyMaterialId"]);
    }
    bench.ok(EAST, "CancelKeyDeletion", key());
    bench.ok(EAST, "EnableKey", key());
    let opened = bench.ok(EAST, "Decrypt", json!({ "CiphertextBlob": sealed["CiphertextBlob"] }));
    assert_eq!(opened["KeyMaterialId"], before, "replica_decrypt_old_material");
}

#[test]
fn a_documented_endpoint_refuses_to_rotate_twice_at_once() {
    let bench = Bench::with_family(|s| {
        s.choices = mrkspec_reference::Choices::Documented;
        s.rotating = SLOW;
    });
    bench.ok(EAST, "RotateKeyOnDemand", key());
    let refused = bench.ask(0, EAST, "RotateKeyOnDemand", &key()).map_err(|e| e.0);
    assert_eq!(refused, Err("ConflictException".to_string()));
    assert!(bench.ok(EAST, "GetKeyRotationStatus", key())["OnDemandRotationStartDate"].is_number());
    wait();
    assert_eq!(bench.ok(EAST, "ListKeyRotations", key())["Rotations"].as_array().map(Vec::len), Some(1));
    bench.ok(EAST, "RotateKeyOnDemand", key());
}

#[test]
fn a_period_is_kept_until_another_is_asked_for() {
    let bench = Bench::with_family(|_| ());
    let period = |days: i64| json!({ "KeyId": "{K}", "RotationPeriodInDays": days });
    let status = || bench.ok(EAST, "GetKeyRotationStatus", key());
    bench.ok(EAST, "EnableKeyRotation", period(2560));
    let set = status();
    bench.ok(EAST, "EnableKeyRotation", key());
    assert_eq!(status(), set, "status_default");
    bench.ok(EAST, "DisableKeyRotation", key());
    assert_eq!(status()["KeyRotationEnabled"], false, "status_disabled_rotation");
    bench.ok(EAST, "EnableKeyRotation", key());
    assert_eq!(status()["RotationPeriodInDays"], 365, "status_reenable_omitted");
    let text = "1 validation error detected: Value '2561' at 'rotationPeriodInDays' failed to satisfy constraint: \
                Member must have value less than or equal to 2560";
    bench.run(&[("enable_2561", EAST, "EnableKeyRotation", period(2561), "ValidationException", text)]);
}

#[test]
fn states_refuse_rotation_as_recorded() {
    let bench = Bench::with_key(json!({}), |_| ());
    for (state, code, text) in [
        ("DisableKey", "DisabledException", "{arn:us-east-1} is disabled."),
        ("ScheduleKeyDeletion", "KMSInvalidStateException", "{arn:us-east-1} is pending deletion."),
    ] {
        bench.ok(EAST, state, key());
        bench.run(&[
            ("*_enable-key-rotation", EAST, "EnableKeyRotation", key(), code, text),
            ("*_disable-key-rotation", EAST, "DisableKeyRotation", key(), code, text),
            ("*_rotate-key-on-demand", EAST, "RotateKeyOnDemand", key(), code, text),
            ("*_get-key-rotation-status", EAST, "GetKeyRotationStatus", key(), "", ""),
            ("*_list-key-rotations", EAST, "ListKeyRotations", key(), "", ""),
        ]);
    }
}

#[test]
fn hmac_keys_have_no_rotation() {
    let bench = Bench::with_key(json!({ "KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC" }), |_| ());
    let symmetric = "Input parameter includeKeyMaterial can only be used with symmetric keys.";
    bench.run(&[
        ("hmac_get-key-rotation-status", EAST, "GetKeyRotationStatus", key(), "", ""),
        ("hmac_list-key-rotations", EAST, "ListKeyRotations", key(), "", ""),
        ("hmac_enable-key-rotation", EAST, "EnableKeyRotation", key(), "UnsupportedOperationException", ""),
        ("hmac_disable-key-rotation", EAST, "DisableKeyRotation", key(), "", ""),
        ("hmac_rotate-key-on-demand", EAST, "RotateKeyOnDemand", key(), "UnsupportedOperationException", ""),
        ("HMAC_256_history", EAST, "ListKeyRotations", all(), "ValidationException", symmetric),
        (
            "invalid_marker",
            EAST,
            "ListKeyRotations",
            json!({ "KeyId": "{K}", "Marker": "invalid" }),
            "InvalidMarkerException",
            "",
        ),
    ]);
    assert_eq!(bench.ok(EAST, "GetKeyRotationStatus", key())["KeyRotationEnabled"], false);
}

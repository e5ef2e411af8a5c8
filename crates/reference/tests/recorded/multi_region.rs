//! Recordings of multi-Region keys: replication, promotion, deletion (M1 to M17 but M13).

use super::bench::{Bench, SLOW, wait};
use serde_json::{Value, json};

const EAST: &str = "us-east-1";
const WEST: &str = "us-west-2";

fn key() -> Value {
    json!({ "KeyId": "{K}" })
}

fn replicate(to: &str) -> Value {
    json!({ "KeyId": "{K}", "ReplicaRegion": to })
}

fn promote(to: &str) -> Value {
    json!({ "KeyId": "{K}", "PrimaryRegion": to })
}

fn family() -> Bench {
    let bench = Bench::with_family(|_| ());
    bench.ok(EAST, "ReplicateKey", replicate(WEST));
    bench
}

#[test]
fn promotions_are_refused_as_recorded() {
    let bench = family();
    let alias = json!({ "KeyId": "alias/a", "PrimaryRegion": WEST });
    let no_alias = "Key Aliases are not supported for this operation.";
    bench.run(&[
        ("update_primary_same", EAST, "UpdatePrimaryRegion", promote(EAST), "", ""),
        (
            "update_primary_missing",
            EAST,
            "UpdatePrimaryRegion",
            promote("us-east-2"),
            "ValidationException",
            "{K} does not have a replica key in the specified Region.",
        ),
        (
            "update_from_replica",
            WEST,
            "UpdatePrimaryRegion",
            promote(WEST),
            "KMSInvalidStateException",
            "{arn:us-west-2} is not a multi-Region primary key.",
        ),
        ("(create alias)", EAST, "CreateAlias", json!({ "AliasName": "alias/a", "TargetKeyId": "{K}" }), "", ""),
        ("alias_update-primary-region", EAST, "UpdatePrimaryRegion", alias, "InvalidArnException", no_alias),
        (
            "alias_replicate-key",
            EAST,
            "ReplicateKey",
            json!({ "KeyId": "alias/a", "ReplicaRegion": "eu-west-1" }),
            "InvalidArnException",
            no_alias,
        ),
    ]);
    let configuration = bench.metadata(EAST, "MultiRegionConfiguration");
    assert_eq!(configuration["MultiRegionKeyType"], "PRIMARY", "nothing changed");
}

#[test]
fn both_sides_of_a_promotion_must_be_enabled() {
    let bench = family();
    let days = json!({ "KeyId": "{K}", "PendingWindowInDays": 7 });
    bench.run(&[
        ("(schedule)", WEST, "ScheduleKeyDeletion", days, "", ""),
        (
            "promote_deleting_replica",
            EAST,
            "UpdatePrimaryRegion",
            promote(WEST),
            "KMSInvalidStateException",
            "{arn:us-west-2} is pending deletion.",
        ),
        ("cancel_for_disabled_replica", WEST, "CancelKeyDeletion", key(), "", ""),
        ("(disable)", EAST, "DisableKey", key(), "", ""),
        (
            "promote_disabled_primary",
            EAST,
            "UpdatePrimaryRegion",
            promote(WEST),
            "DisabledException",
            "{arn:us-east-1} is disabled.",
        ),
        ("enable_for_disabled_replica", EAST, "EnableKey", key(), "", ""),
        (
            "promote_disabled_replica",
            EAST,
            "UpdatePrimaryRegion",
            promote(WEST),
            "DisabledException",
            "{arn:us-west-2} is disabled.",
        ),
    ]);
}

#[test]
fn replication_is_refused_as_recorded() {
    let bench = family();
    let taken = "You can create only one replica of each primary key in each AWS Region.";
    bench.run(&[
        (
            "replicate_region_us-east-1",
            EAST,
            "ReplicateKey",
            replicate(EAST),
            "ValidationException",
            "us-east-1 cannot have a replica because it contains the primary.",
        ),
        (
            "replicate_region_cn-north-1",
            EAST,
            "ReplicateKey",
            replicate("cn-north-1"),
            "ValidationException",
            "The replica key Region must be in the same AWS partition as the primary key Region.",
        ),
        (
            "replicate_region_us-invalid-1",
            EAST,
            "ReplicateKey",
            replicate("us-invalid-1"),
            "ValidationException",
            "Region us-invalid-1 is not a valid Region or multi-Region keys are not supported in Region us-invalid-1.",
        ),
        ("replicate_existing", EAST, "ReplicateKey", replicate(WEST), "AlreadyExistsException", taken),
        (
            "replicate_replica",
            WEST,
            "ReplicateKey",
            replicate("us-east-2"),
            "UnsupportedOperationException",
            "{arn:us-west-2} is not a multi-region primary key.",
        ),
        ("(schedule)", WEST, "ScheduleKeyDeletion", key(), "", ""),
        ("replicate_deleting_replica", EAST, "ReplicateKey", replicate(WEST), "AlreadyExistsException", taken),
        ("disable_primary", EAST, "DisableKey", key(), "", ""),
        (
            "replicate_disabled_primary",
            EAST,
            "ReplicateKey",
            replicate(WEST),
            "DisabledException",
            "{arn:us-east-1} is disabled.",
        ),
    ]);
}

#[test]
fn a_replica_is_in_creating_first() {
    for slow in [false, true] {
        let bench = Bench::with_family(|s| s.creating = if slow { SLOW } else { s.creating });
        bench.ok(EAST, "EnableKeyRotation", json!({ "KeyId": "{K}", "RotationPeriodInDays": 90 }));
        let answer = bench.ok(EAST, "ReplicateKey", replicate(WEST));
        let made = &answer["ReplicaKeyMetadata"];
        assert_eq!((&made["KeyState"], &made["Enabled"]), (&json!("Creating"), &json!(false)), "replicate_west");
        assert_eq!(made.get("CurrentKeyMaterialId"), None);
        assert_eq!(answer.get("ReplicaTags"), None);
        assert_eq!(made["MultiRegionConfiguration"]["ReplicaKeys"][0]["Region"], WEST);
        let status = bench.ok(WEST, "GetKeyRotationStatus", key());
        assert_eq!(status["RotationPeriodInDays"], 90, "replica_initial_rotation");
        wait();
        assert_eq!(bench.metadata(WEST, "KeyState"), "Enabled", "replica_ready_poll");
        assert_eq!(bench.metadata(WEST, "CurrentKeyMaterialId"), bench.metadata(EAST, "CurrentKeyMaterialId"));
    }
}

#[test]
fn a_promotion_shows_both_sides_updating() {
    let bench = Bench::with_family(|s| s.updating = SLOW);
    bench.ok(EAST, "ReplicateKey", replicate(WEST));
    bench.ok(EAST, "EnableKeyRotation", json!({ "KeyId": "{K}", "RotationPeriodInDays": 90 }));
    let kept = ["CreationDate", "Description", "CurrentKeyMaterialId"];
    let before: Vec<Value> = kept.iter().flat_map(|m| [bench.metadata(EAST, m), bench.metadata(WEST, m)]).collect();
    let status = bench.ok(EAST, "GetKeyRotationStatus", key());
    let sealed = bench.ok(EAST, "Encrypt", json!({ "KeyId": "{K}", "Plaintext": "AAAA" }));
    bench.ok(EAST, "UpdatePrimaryRegion", promote(WEST));
    for (case, region, kind) in
        [("former_primary_updating", EAST, "REPLICA"), ("new_primary_updating", WEST, "PRIMARY")]
    {
        let shown = bench.ok(region, "DescribeKey", key())["KeyMetadata"].clone();
        assert_eq!((&shown["KeyState"], &shown["Enabled"]), (&json!("Updating"), &json!(false)), "{case}");
        let configuration = &shown["MultiRegionConfiguration"];
        assert_eq!(configuration["MultiRegionKeyType"], kind, "{case}");
        assert_eq!(configuration["PrimaryKey"]["Region"], WEST, "{case}");
        assert_eq!(configuration["ReplicaKeys"][0]["Region"], EAST, "{case}");
    }
    wait();
    assert_eq!([bench.metadata(EAST, "KeyState"), bench.metadata(WEST, "KeyState")], ["Enabled", "Enabled"]);
    let after: Vec<Value> = kept.iter().flat_map(|m| [bench.metadata(EAST, m), bench.metadata(WEST, m)]).collect();
    assert_eq!(before, after);
    let moved = bench.ok(WEST, "GetKeyRotationStatus", key());
    assert_eq!(moved["NextRotationDate"], status["NextRotationDate"], "new_primary_rotation");
    bench.ok(WEST, "ScheduleKeyDeletion", key());
    bench.ok(EAST, "Decrypt", json!({ "CiphertextBlob": sealed["CiphertextBlob"] }));
}

#[test]
fn the_arn_of_a_relative_is_the_wrong_key() {
    let mut bench = family();
    let sealed = bench.ok(EAST, "Encrypt", json!({ "KeyId": "{K}", "Plaintext": "AAAA" }));
    bench.name("C", &sealed["CiphertextBlob"]);
    let named = |arn: &str| json!({ "KeyId": arn, "CiphertextBlob": "{C}" });
    bench.run(&[
        ("decrypt_replica_implicit", WEST, "Decrypt", json!({ "CiphertextBlob": "{C}" }), "", ""),
        ("decrypt_replica_id", WEST, "Decrypt", named("{K}"), "", ""),
        ("decrypt_replica_replica_arn", WEST, "Decrypt", named("{arn:us-west-2}"), "", ""),
        (
            "decrypt_replica_primary_arn",
            WEST,
            "Decrypt",
            named("{arn:us-east-1}"),
            "IncorrectKeyException",
            "The key ID in the request does not identify a CMK that can perform this operation.",
        ),
        (
            "(another operation)",
            WEST,
            "Encrypt",
            json!({ "KeyId": "{arn:us-east-1}", "Plaintext": "AAAA" }),
            "NotFoundException",
            "Invalid arn us-east-1",
        ),
    ]);
}

#[test]
fn keys_that_wait_for_deletion_do_as_recorded() {
    let bench = family();
    let rotation = json!({ "KeyId": "{K}", "RotationPeriodInDays": 90 });
    let policy = bench.ok(EAST, "GetKeyPolicy", key())["Policy"].clone();
    let put = json!({ "KeyId": "{K}", "Policy": policy });
    let tags = json!({ "KeyId": "{K}", "Tags": [{ "TagKey": "a", "TagValue": "b" }] });
    let untag = json!({ "KeyId": "{K}", "TagKeys": ["a"] });
    let (state, dying) = ("KMSInvalidStateException", "{arn:us-west-2} is pending deletion.");
    let waiting = "{arn:us-east-1} is pending replica deletion.";
    bench.run(&[
        ("enable_rotation_primary", EAST, "EnableKeyRotation", rotation, "", ""),
        ("delete_primary_with_replica", EAST, "ScheduleKeyDeletion", key(), "", ""),
        ("cleanup_supplement", WEST, "ScheduleKeyDeletion", key(), "", ""),
        ("put_deleting_policy_us-east-1", WEST, "PutKeyPolicy", put.clone(), "", ""),
        ("TagResource_deleting_us-east-1", WEST, "TagResource", tags.clone(), state, dying),
        ("UntagResource_deleting_us-east-1", WEST, "UntagResource", untag.clone(), state, dying),
        ("put_deleting_policy_us-west-2", EAST, "PutKeyPolicy", put, "", ""),
        ("TagResource_deleting_us-west-2", EAST, "TagResource", tags, state, waiting),
        ("UntagResource_deleting_us-west-2", EAST, "UntagResource", untag, state, waiting),
    ]);
    let status = bench.ok(EAST, "GetKeyRotationStatus", key());
    assert_eq!((&status["KeyRotationEnabled"], &status["RotationPeriodInDays"]), (&json!(true), &json!(90)));
    let status = bench.ok(WEST, "GetKeyRotationStatus", key());
    assert_eq!((&status["KeyRotationEnabled"], status.get("RotationPeriodInDays")), (&json!(false), None));
    bench.ok(EAST, "CancelKeyDeletion", key());
    assert_eq!(bench.metadata(EAST, "KeyState"), "Disabled", "primary_after_cancel");
}

#[test]
fn a_deleted_key_does_not_exist() {
    let bench = Bench::with_family(|s| s.day = std::time::Duration::from_millis(1));
    bench.ok(EAST, "ScheduleKeyDeletion", json!({ "KeyId": "{K}", "PendingWindowInDays": 7 }));
    wait();
    let text = "Key '{arn:us-east-1}' does not exist";
    bench.run(&[("cleanup_followup", EAST, "DescribeKey", key(), "NotFoundException", text)]);
}

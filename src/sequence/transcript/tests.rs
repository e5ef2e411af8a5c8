use super::Transcript;
use mrkspec_model::bindings::{Bindings, Slot};
use mrkspec_model::call::{Arg, Call, KeyForm, KeyRef, Operation};
use mrkspec_model::outcome::Response;
use serde_json::{Value, json};

/// Bindings that know the ids of two families.
fn bindings() -> Bindings {
    let mut bindings = Bindings::new("prefix-");
    bindings.set(Slot::Account, json!("111122223333"));
    bindings.set(Slot::KeyId("k".into()), json!("mrk-1"));
    bindings.set(Slot::KeyId("other".into()), json!("mrk-2"));
    bindings
}

fn reference(id: &str, region: &str) -> Value {
    json!({ "Arn": format!("arn:aws:kms:{region}:111122223333:key/{id}"), "Region": region })
}

/// The usual metadata of a primary in us-east-1, or of its replica elsewhere.
fn metadata(id: &str, region: &str, replicas: &[&str]) -> Value {
    json!({
        "AWSAccountId": "111122223333",
        "Arn": reference(id, region)["Arn"],
        "CreationDate": 1.5e9,
        "CurrentKeyMaterialId": "0123",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "Description": "",
        "Enabled": true,
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "KeyId": id,
        "KeyManager": "CUSTOMER",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "KeyState": "Enabled",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "MultiRegion": true,
        "MultiRegionConfiguration": {
            "MultiRegionKeyType": if region == "us-east-1" { "PRIMARY" } else { "REPLICA" },
            "PrimaryKey": reference(id, "us-east-1"),
            "ReplicaKeys": replicas.iter().map(|r| reference(id, r)).collect::<Vec<_>>(),
        },
        "Origin": "AWS_KMS",
    })
}

fn about(op: Operation, family: &str, region: &str) -> Call {
    Call::new(op, region).key(&family.into())
}

fn describe(family: &str, region: &str) -> Call {
    about(Operation::DescribeKey, family, region)
}

fn answer(transcript: &mut Transcript, call: &Call, body: Value) -> Vec<String> {
    transcript.answer(call, &Response::Success(body), &bindings())
}

/// What a transcript says of `then` in us-east-1 after it has shown `first` there.
fn second(first: Value, then: Value) -> Vec<String> {
    let mut transcript = Transcript::default();
    answer(&mut transcript, &describe("k", "us-east-1"), json!({ "KeyMetadata": first }));
    answer(&mut transcript, &describe("k", "us-east-1"), json!({ "KeyMetadata": then }))
}

fn with(mut metadata: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    metadata.pointer_mut(parent).expect("such a member")[name] = value;
    metadata
}

const WHOLE: [&str; 5] = [
    "ok",
    "KeyMetadata.KeyState: Enabled",
    "KeyMetadata.MultiRegionConfiguration.MultiRegionKeyType: PRIMARY",
    "KeyMetadata.MultiRegionConfiguration.ReplicaKeys: [ap-south-1, eu-west-1]",
    "KeyMetadata, the rest: as usual",
];

#[test]
fn a_member_is_shown_in_whole_once() {
    let mut transcript = Transcript::default();
    // KMS gives replicas in any order.
    let body = json!({ "KeyMetadata": metadata("mrk-1", "us-east-1", &["eu-west-1", "ap-south-1"]) });
    assert_eq!(answer(&mut transcript, &describe("k", "us-east-1"), body.clone()), WHOLE);
    assert_eq!(answer(&mut transcript, &describe("k", "us-east-1"), body.clone()), ["ok (as before)"]);
    let look = transcript.look(&describe("k", "us-east-1"), &Response::Success(body), &bindings());
    assert_eq!(look, ["us-east-1: (as before)"]);
}

#[test]
fn every_change_of_any_member_is_shown() {
    let usual = metadata("mrk-1", "us-east-1", &["eu-west-1"]);
    for (name, value) in usual.as_object().expect("members") {
        let others = [json!("another"), json!(7), json!({}), json!([]), json!({ "new": null }), json!("")];
        // A time stays a time, a blob a blob, and the order of a list says nothing.
        let symbol = |v: &Value| match name.as_str() {
            "CreationDate" => v.is_number(),
            "CurrentKeyMaterialId" => v.is_string(),
            _ => v == value,
        };
        for other in others.iter().filter(|other| !symbol(other)) {
            let changed = with(usual.clone(), &format!("/{name}"), other.clone());
            let lines = second(usual.clone(), changed.clone());
            assert!(lines.len() > 1, "{name}: {value} -> {other} is not shown: {lines:?}");
            let mut first = Transcript::default();
            let whole = answer(&mut first, &describe("k", "us-east-1"), json!({ "KeyMetadata": changed }));
            let mut first = Transcript::default();
            let before = answer(&mut first, &describe("k", "us-east-1"), json!({ "KeyMetadata": usual }));
            assert_ne!(whole, before, "{name}: {value} or {other} look the same at first sight");
        }
    }
}

#[test]
fn what_changes_appears_or_vanishes_is_shown_in_the_order_of_the_members() {
    let first = metadata("mrk-1", "us-east-1", &[]);
    let mut then = with(first.clone(), "/KeyState", json!("PendingDeletion"));
    then["DeletionDate"] = json!(1.6e9);
    then["Description"] = json!("late");
    then.as_object_mut().expect("members").remove("CurrentKeyMaterialId");
    then["MultiRegionConfiguration"]["ReplicaKeys"] = json!([reference("mrk-1", "eu-west-1")]);
    let expected = [
        "ok",
        "KeyMetadata.CurrentKeyMaterialId: <blob> -> (absent)",
        "KeyMetadata.DeletionDate: (absent) -> <time>",
        "KeyMetadata.Description: \"\" -> late",
        "KeyMetadata.KeyState: Enabled -> PendingDeletion",
        "KeyMetadata.MultiRegionConfiguration.ReplicaKeys: [] -> [eu-west-1]",
    ];
    assert_eq!(second(first, then), expected);
}

#[test]
fn what_is_unusual_at_first_sight_has_a_line_of_its_own() {
    let mut first = metadata("mrk-1", "us-east-1", &[]);
    first["KeySpec"] = json!("HMAC_256");
    first["CustomerMasterKeySpec"] = json!("HMAC_256");
    first["Enabled"] = json!("true");
    first.as_object_mut().expect("members").remove("EncryptionAlgorithms");
    let lines = answer(&mut Transcript::default(), &describe("k", "us-east-1"), json!({ "KeyMetadata": first }));
    assert_eq!(lines[1..4], ["KeyMetadata.Enabled: \"true\"", "KeyMetadata.KeySpec: HMAC_256", WHOLE[1]]);
    assert_eq!(lines[6..], ["KeyMetadata, the rest: as usual, without EncryptionAlgorithms"]);
}

#[test]
fn two_families_and_two_members_do_not_mix() {
    let mut transcript = Transcript::default();
    let of = |id: &str, region: &str| json!({ "KeyMetadata": metadata(id, region, &["ap-south-1", "eu-west-1"]) });
    assert_eq!(answer(&mut transcript, &describe("k", "us-east-1"), of("mrk-1", "us-east-1")), WHOLE);
    assert_eq!(answer(&mut transcript, &describe("other", "us-east-1"), of("mrk-2", "us-east-1")), WHOLE);
    assert!(answer(&mut transcript, &describe("k", "eu-west-1"), of("mrk-1", "eu-west-1")).len() > 2);
    // An answer about the wrong key is a change of the member that was asked for.
    let lines = answer(&mut transcript, &describe("k", "us-east-1"), of("mrk-2", "us-east-1"));
    assert!(lines.contains(&"KeyMetadata.KeyId: <k> -> <other>".to_string()), "{lines:?}");
    assert_eq!(answer(&mut transcript, &describe("other", "us-east-1"), of("mrk-2", "us-east-1")), ["ok (as before)"]);
}

#[test]
fn a_replica_is_known_from_its_replication_and_new_when_it_is_made_again() {
    let mut transcript = Transcript::default();
    let region = Arg::Json(json!("eu-west-1"));
    let replicate = about(Operation::ReplicateKey, "k", "us-east-1").with("ReplicaRegion", region);
    let replica = metadata("mrk-1", "eu-west-1", &["eu-west-1"]);
    let body = json!({ "ReplicaKeyMetadata": replica, "ReplicaTags": [{ "TagKey": "a", "TagValue": "b" }] });
    let whole = [
        "ok",
        "ReplicaKeyMetadata.KeyState: Enabled",
        "ReplicaKeyMetadata.MultiRegionConfiguration.PrimaryKey: us-east-1",
        "ReplicaKeyMetadata.MultiRegionConfiguration.ReplicaKeys: [eu-west-1]",
        "ReplicaKeyMetadata, the rest: as usual",
        r#"ReplicaTags: {"TagKey":"a","TagValue":"b"}"#,
    ];
    assert_eq!(answer(&mut transcript, &replicate, body.clone()), whole);
    let look = |t: &mut Transcript, m: Value| {
        t.look(&describe("k", "eu-west-1"), &Response::Success(json!({ "KeyMetadata": m })), &bindings())
    };
    assert_eq!(look(&mut transcript, replica.clone()), ["eu-west-1: (as before)"]);
    let going = look(&mut transcript, with(replica, "/KeyState", json!("PendingDeletion")));
    assert_eq!(going, ["eu-west-1: KeyMetadata.KeyState: Enabled -> PendingDeletion"]);
    assert_eq!(answer(&mut transcript, &replicate, body), whole);
}

#[test]
fn an_alias_says_whose_it_is() {
    let mut transcript = Transcript::default();
    let alias = Arg::Key(KeyRef { name: "a".into(), form: KeyForm::Alias });
    let by_alias = Call::new(Operation::DescribeKey, "us-east-1").with("KeyId", alias);
    let body = |id: &str| json!({ "KeyMetadata": metadata(id, "us-east-1", &["ap-south-1", "eu-west-1"]) });
    assert_eq!(answer(&mut transcript, &describe("k", "us-east-1"), body("mrk-1")), WHOLE);
    assert_eq!(answer(&mut transcript, &by_alias, body("mrk-1")), ["ok, of <k> (as before)"]);
    let moved = answer(&mut transcript, &by_alias, body("mrk-2"));
    assert_eq!((&*moved[0], &moved[1..]), ("ok, of <other>", &WHOLE.map(String::from)[1..]));
}

#[test]
fn what_is_read_again_shows_what_changed() {
    let mut transcript = Transcript::default();
    let call = about(Operation::ListResourceTags, "k", "us-east-1");
    let tags = |of: &[&str]| {
        let tags: Vec<Value> = of.iter().map(|t| json!({ "TagKey": t, "TagValue": "" })).collect();
        json!({ "Tags": tags, "Truncated": false })
    };
    assert_eq!(answer(&mut transcript, &call, tags(&[])), ["ok", "Tags: []", "Truncated: false"]);
    assert_eq!(answer(&mut transcript, &call, tags(&["x"])), ["ok", r#"Tags: [] -> {"TagKey":"x","TagValue":""}"#]);
    let more = answer(&mut transcript, &call, tags(&["z", "x", "y"]));
    let y = r#"Tags: (absent) -> {"TagKey":"y","TagValue":""}"#;
    assert_eq!(more, ["ok", y, r#"Tags: (absent) -> {"TagKey":"z","TagValue":""}"#]);
    assert_eq!(answer(&mut transcript, &call, tags(&["x", "y", "z"])), ["ok (as before)"]);
    // Another question, and one that was refused meanwhile.
    let there = about(Operation::ListResourceTags, "k", "eu-west-1");
    assert_eq!(answer(&mut transcript, &there, tags(&[])).len(), 3);
    let refused = Response::Error { code: "NotFoundException".into(), message: String::new(), status: 400 };
    assert_eq!(transcript.answer(&call, &refused, &bindings()), ["400 NotFoundException"]);
    assert_eq!(answer(&mut transcript, &call, tags(&["x", "y", "z"])), ["ok (as before)"]);
    let gone = answer(&mut transcript, &call, tags(&[]));
    assert_eq!(gone.last().map(String::as_str), Some("Tags: (absent) -> []"));
}

#[test]
fn what_is_made_for_each_call_is_always_shown() {
    let mut transcript = Transcript::default();
    let call = about(Operation::Encrypt, "k", "us-east-1");
    let body = json!({ "CiphertextBlob": "AAAA", "KeyId": "mrk-1" });
    for _ in 0..2 {
        assert_eq!(answer(&mut transcript, &call, body.clone()), ["ok", "CiphertextBlob: <blob>", "KeyId: <k>"]);
    }
    assert_eq!(transcript.answer(&call, &Response::Success(Value::Null), &bindings()), ["ok, empty"]);
    assert_eq!(transcript.answer(&call, &Response::Lost("cut".into()), &bindings()), ["no answer"]);
}

#[test]
fn long_texts_change_on_two_lines() {
    let mut transcript = Transcript::default();
    let call = about(Operation::GetKeyPolicy, "k", "us-east-1");
    let [a, b] = ["a", "b"].map(|c| format!(r#"{{"Id":"{}"}}"#, c.repeat(80)));
    answer(&mut transcript, &call, json!({ "Policy": a }));
    let changed = answer(&mut transcript, &call, json!({ "Policy": b }));
    assert_eq!(changed, ["ok", &format!("Policy: {a}"), &format!("  -> {b}")]);
}

#[test]
fn strange_answers_are_shown_as_they_are() {
    let mut transcript = Transcript::default();
    let call = describe("k", "us-east-1");
    assert_eq!(answer(&mut transcript, &call, json!({ "KeyMetadata": null })), ["ok", "KeyMetadata: null"]);
    assert_eq!(answer(&mut transcript, &call, json!({ "KeyMetadata": {} })), ["ok", "KeyMetadata: {}"]);
    assert_eq!(answer(&mut transcript, &call, json!({})), ["ok"]);
    assert_eq!(answer(&mut transcript, &call, json!([1])), ["ok", ": [1]"]);
    let text = with(metadata("mrk-1", "us-east-1", &[]), "/MultiRegionConfiguration/PrimaryKey", json!("us-east-1"));
    let lines = answer(&mut transcript, &call, json!({ "KeyMetadata": text }));
    assert!(
        lines.contains(&"KeyMetadata.MultiRegionConfiguration.PrimaryKey: the text us-east-1".to_string()),
        "{lines:?}"
    );
}

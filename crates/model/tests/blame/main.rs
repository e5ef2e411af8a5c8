//! What is blamed, what is upheld, and what is remembered: as tables.

mod attribution;
mod belief;
mod matching;
mod trail;

use mrkspec_model::call::{Arg, Auth, Call, Operation};
use mrkspec_model::step::step;
use mrkspec_model::{Outcome, Possible};
use serde_json::{Value, json};

/// Regions of the family `k`: the primary's, a replica's, and one that has no member at first.
const PRIMARY: &str = "us-east-1";
const REPLICA: &str = "eu-west-1";
const THIRD: &str = "ap-southeast-2";

/// A call on the family `k`, by its id.
fn on(op: Operation, region: &str) -> Call {
    Call { name: "s".into(), ..Call::new(op, region).key(&"k".into()) }
}

fn with(op: Operation, region: &str, args: Value) -> Call {
    let args = args.as_object().expect("an object").clone();
    args.into_iter().fold(on(op, region), |call, (name, value)| call.with(&name, Arg::Json(value)))
}

fn create() -> Call {
    Call { name: "k".into(), ..Call::new(Operation::CreateKey, PRIMARY).with("MultiRegion", Arg::Json(json!(true))) }
}

fn replicate(to: &str) -> Call {
    with(Operation::ReplicateKey, PRIMARY, json!({ "ReplicaRegion": to }))
}

fn promote(from: &str, to: &str) -> Call {
    with(Operation::UpdatePrimaryRegion, from, json!({ "PrimaryRegion": to }))
}

fn describe(region: &str) -> Call {
    on(Operation::DescribeKey, region)
}

/// A call that another secret has signed.
fn unsigned(call: Call) -> Call {
    Call { auth: Auth::WrongSignature, ..call }
}

/// How DescribeKey and the like show a member of the family `k`; `replicas` are those of the family.
fn metadata(region: &str, replicas: &[&str], state: &str) -> Value {
    let id = "mrk-0123456789abcdef0123456789abcdef";
    let arn = |r: &str| format!("arn:aws:kms:{r}:111122223333:key/{id}");
    let member = |r: &str| json!({ "Arn": arn(r), "Region": r });
    json!({
        "KeyId": id, "Arn": arn(region), "AWSAccountId": "111122223333", "MultiRegion": true,
        "MultiRegionConfiguration": {
            "MultiRegionKeyType": if region == PRIMARY { "PRIMARY" } else { "REPLICA" },
            "PrimaryKey": member(PRIMARY),
            "ReplicaKeys": replicas.iter().map(|r| member(r)).collect::<Vec<_>>(),
        },
        "KeyState": state, "Enabled": state == "Enabled", "Description": "",
        "KeySpec": "SYMMETRIC_DEFAULT", "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "KeyUsage": "ENCRYPT_DECRYPT", "Origin": "AWS_KMS", "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "KeyManager": "CUSTOMER", "CreationDate": 1.5e9,
    })
}

/// The first outcome: a success, if one is allowed.
fn first(now: &Possible, call: &Call) -> Outcome {
    let outcomes = step(now, call);
    outcomes.iter().find(|o| o.is_success()).unwrap_or(&outcomes[0]).clone()
}

/// What follows from calls that have their first outcome, each settled before the next one.
fn after(calls: &[Call]) -> Possible {
    calls.iter().fold(Possible::new(true), |now, call| settled(now.after(call, &first(&now, call))))
}

fn settled(mut now: Possible) -> Possible {
    while let Some(later) = now.settle_steps().pop() {
        now = later;
    }
    now
}

/// The family `k` with a replica.
fn family() -> Vec<Call> {
    vec![create(), replicate(REPLICA)]
}

fn family_and(calls: &[Call]) -> Possible {
    after(&[&family()[..], calls].concat())
}

//! Key policies: none of them ever takes PutKeyPolicy, DescribeKey or ScheduleKeyDeletion from the
//! administrator, so that keys can be cleaned up.

use super::place::{Place, text};
use mrkspec_model::call::{Arg, Call, Operation};
use serde_json::{Value, json};
use std::sync::OnceLock;

/// The policy documents that generated sequences put, as texts.
pub fn policies() -> &'static [String] {
    static ALL: OnceLock<Vec<String>> = OnceLock::new();
    ALL.get_or_init(|| {
        let root = json!({
            "Sid": "root", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::{account}:root" },
            "Action": "kms:*", "Resource": "*",
        });
        let keep = [
            "kms:PutKeyPolicy",
            "kms:GetKeyPolicy",
            "kms:DescribeKey",
            "kms:ScheduleKeyDeletion",
            "kms:CancelKeyDeletion",
            "kms:EnableKey",
            "kms:DisableKey",
            "kms:List*",
            "kms:TagResource",
            "kms:CreateGrant",
            "kms:RevokeGrant",
            "kms:RetireGrant",
        ];
        let kept = json!({
            "Sid": "keep", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::{account}:root" },
            "Action": keep, "Resource": "*",
        });
        let deny = |action: &str, condition: Option<Value>| {
            let mut statement = json!({
                "Sid": "deny", "Effect": "Deny", "Principal": { "AWS": "*" },
                "Action": format!("kms:{action}"), "Resource": "*",
            });
            if let Some(condition) = condition {
                statement["Condition"] = condition;
            }
            statement
        };
        let document = |statements: &[Value]| json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        let equals = |key: &str, value: &str| Some(json!({ "StringEquals": { key: value } }));
        let unequal = |key: &str, value: &str| Some(json!({ "StringNotEquals": { key: value } }));
        let like = |key: &str, value: &str| Some(json!({ "ForAnyValue:StringLike": { key: [value] } }));
        let is = |value: &str| Some(json!({ "Bool": { "kms:MultiRegion": value } }));
        let promote = "UpdatePrimaryRegion";
        let denials = [
            deny(promote, None),
            deny(promote, equals("kms:PrimaryRegion", "eu-west-1")),
            deny(promote, unequal("kms:PrimaryRegion", "eu-west-1")),
            deny(promote, like("kms:PrimaryRegion", "ap-*")),
            deny("ReplicateKey", None),
            deny("ReplicateKey", equals("kms:ReplicaRegion", "us-west-2")),
            deny("Encrypt", None),
            deny("Encrypt", is("true")),
            deny("Encrypt", is("false")),
            deny("Encrypt", equals("kms:MultiRegionKeyType", "PRIMARY")),
            deny("Encrypt", equals("kms:MultiRegionKeyType", "REPLICA")),
            deny("Encrypt", equals("aws:RequestedRegion", "us-east-1")),
            deny("Encrypt", unequal("aws:RequestedRegion", "us-east-1")),
            deny("Encrypt", equals("kms:CallerAccount", "{account}")),
            deny("Encrypt", unequal("kms:CallerAccount", "{account}")),
            deny("Decrypt", None),
            deny("UpdateKeyDescription", None),
        ];
        let limited = json!({
            "Sid": "limited", "Effect": "Allow", "Principal": { "AWS": "{limited}" },
            "Action": ["kms:Encrypt", "kms:UpdatePrimaryRegion", "kms:DescribeKey"], "Resource": "*",
        });
        let conditional = json!({
            "Sid": "conditional", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::{account}:root" },
            "Action": ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"], "Resource": "*",
            "Condition": { "Bool": { "kms:MultiRegion": "true" } },
        });
        let mut all = vec![document(std::slice::from_ref(&root))];
        all.extend(denials.iter().map(|d| document(&[root.clone(), d.clone()])));
        all.push(document(std::slice::from_ref(&kept)));
        all.push(document(&[kept, conditional]));
        all.push(document(&[root, limited]));
        all
    })
}

/// A policy that delegates everything to the account, and is different in every Region.
pub fn own(region: &str) -> String {
    policies()[0].replacen('{', &format!("{{\"Id\":\"in {region}\","), 1)
}

pub(super) fn offers(op: Operation, place: &Place) -> Vec<Call> {
    if op == Operation::GetKeyPolicy {
        let named = |name: &str| place.on(op).with("PolicyName", text(name));
        return vec![place.on(op), named("default"), named("another")];
    }
    let put = |document: &str| place.on(op).with("Policy", text(document));
    let bypass = |call: Call| call.with("BypassPolicyLockoutSafetyCheck", Arg::Json(json!(true)));
    let all = policies().iter().filter(|p| place.abilities.limited || !p.contains("{limited}"));
    let mut list = vec![bypass(put(&own(place.region))).with("PolicyName", text("default"))];
    list.extend(all.map(|p| bypass(put(p)).with("PolicyName", text("default"))));
    list.push(bypass(put(&own(place.region))).with("PolicyName", text("another")));
    list.push(put("no policy at all"));
    // Shuts its own author out.
    let shut = json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": "x", "Effect": "Deny", "Principal": { "AWS": "*" }, "Action": "kms:PutKeyPolicy", "Resource": "*",
    }] });
    list.push(put(&shut.to_string()));
    list
}

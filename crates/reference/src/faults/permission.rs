//! Mistakes about permissions. An endpoint that evaluates no policy at all is no such mistake: it
//! is told so, and the rules about policies are `unsupported`.

use super::faults;
use super::tools::*;
use crate::auth::Credential;
use crate::engine::Turn;
use crate::error::Answer;
use crate::store::{Family, State};
use serde_json::{Value, json};

const UPR: &str = "UpdatePrimaryRegion";

const OPEN: &str =
    "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"kms:*\",\"Resource\":\"*\"}]}";

/// Carries out the operation with other policies than the right ones.
fn with_policies(t: &mut Turn, operations: &str, change: impl FnOnce(&mut Family, &str)) -> Answer {
    if !t.is(operations) {
        return t.run();
    }
    let old: Option<Vec<(String, String)>> = t.on_family(|f, region| {
        let old = f.members.iter().map(|(r, k)| (r.clone(), k.policy.clone())).collect();
        change(f, region);
        old
    });
    let answer = t.run();
    t.on_family(|f, _| {
        for (region, policy) in old.unwrap_or_default() {
            if let Some(k) = f.members.get_mut(&region) {
                k.policy = policy;
            }
        }
    });
    answer
}

/// Evaluates policies without what stands in one of their parts.
fn with_edited(t: &mut Turn, operations: &str, edit: fn(&mut Value)) -> Answer {
    with_policies(t, operations, |f, _| {
        for key in f.members.values_mut() {
            let mut policy: Value = serde_json::from_str(&key.policy).unwrap_or_default();
            for statement in policy["Statement"].as_array_mut().into_iter().flatten() {
                edit(statement);
            }
            key.policy = policy.to_string();
        }
    })
}

fn open(f: &mut Family, region: &str) {
    if let Some(k) = f.members.get_mut(region) {
        k.policy = OPEN.to_string();
    }
}

/// Makes a statement void when it has a condition on this key.
fn void(statement: &mut Value, key: &str) {
    let block = statement["Condition"].to_string().to_lowercase();
    if block.contains(key) {
        statement["Action"] = json!("kms:NoSuchAction");
    }
}

fn everything(_: &Turn) -> &'static str {
    "Encrypt Decrypt ReEncrypt GenerateDataKey GenerateDataKeyWithoutPlaintext UpdatePrimaryRegion ReplicateKey TagResource UpdateKeyDescription DisableKey EnableKey Sign GetPublicKey DescribeKey"
}

faults! {
    "primary-needs-no-permission", "AUT-010", "UpdatePrimaryRegion does not look at the primary's policy", |t| with_policies(t, UPR, open);
    "replica-needs-no-permission", "AUT-011", "UpdatePrimaryRegion does not look at the replica's policy", |t| {
        let to = t.text("PrimaryRegion");
        with_policies(t, UPR, |f, _| open(f, &to))
    };
    "deny-is-ignored", "AUT-012", "Deny is ignored where there is an Allow, except for data keys", |t| {
        with_edited(t, "Decrypt ReEncrypt UpdateKeyDescription TagResource", |s| if s["Effect"] == "Deny" { s["Action"] = json!("kms:NoSuchAction") })
    };
    "iam-needs-no-delegation", "AUT-013", "What IAM allows needs no delegation in the key policy", |t| {
        let root = format!("arn:aws:iam::{}:root", t.caller.account);
        let operations = everything(t);
        with_policies(t, operations, |f, _| for key in f.members.values_mut() {
            let mut policy: Value = serde_json::from_str(&key.policy).unwrap_or_default();
            if let Some(list) = policy["Statement"].as_array_mut() {
                list.push(json!({ "Effect": "Allow", "Principal": { "AWS": root }, "Action": "kms:*", "Resource": "*" }));
            }
            key.policy = policy.to_string();
        })
    };
    "primary-region-is-no-condition", "AUT-014", "Statements on kms:PrimaryRegion are passed over", |t| with_edited(t, UPR, |s| void(s, "kms:primaryregion"));
    "primary-region-counts-on-the-primary-only", "AUT-015", "kms:PrimaryRegion is passed over in the replica's policy", |t| {
        let to = t.text("PrimaryRegion");
        with_policies(t, UPR, |f, _| if let Some(k) = f.members.get_mut(&to) && k.policy.contains("kms:PrimaryRegion") { k.policy = OPEN.into() })
    };
    "replica-region-is-no-condition", "AUT-016", "Statements on kms:ReplicaRegion are passed over", |t| with_edited(t, "ReplicateKey", |s| void(s, "kms:replicaregion"));
    "multi-region-is-always-false", "AUT-017", "kms:MultiRegion is false for every key", |t| {
        with_edited(t, "Encrypt", |s| {
            let wants = s["Condition"]["Bool"]["kms:MultiRegion"].clone();
            if wants == "true" { s["Action"] = json!("kms:NoSuchAction") }
            if wants == json!(false) && let Value::Object(m) = s { m.remove("Condition"); }
        })
    };
    "key-type-is-the-first-one", "AUT-018", "kms:MultiRegionKeyType is the type that the key was made with", |t| {
        if !t.is("Encrypt") || t.region() != "us-east-1" { return t.run() }
        t.with_family("Encrypt", |f, region| f.primary = region.into())
    };
    "requested-region-is-us-east-1", "AUT-019", "aws:RequestedRegion is us-east-1, wherever the call was made", |t| {
        with_edited(t, "Encrypt", |s| if s["Condition"].to_string().contains("aws:RequestedRegion") && let Value::Object(m) = s { m.remove("Condition"); })
    };
    "refused-after-the-promotion", "AUT-020", "A promotion that the replica's policy denies is half carried out", |t| {
        let answer = t.run();
        if t.is(UPR) && is_refused(&answer, "AccessDeniedException") {
            let to = t.text("PrimaryRegion");
            t.on_family(|f, _| if let Some(k) = f.members.get_mut(&to) { k.state = State::Disabled });
        }
        answer
    };
    "one-policy-for-the-family", "AUT-021", "The primary's policy governs every member", |t| {
        with_policies(t, "Encrypt ReplicateKey", |f, region| {
            let first = f.members.get("us-east-1").map(|k| k.policy.clone());
            if let (Some(policy), Some(k)) = (first, f.members.get_mut(region)) { k.policy = policy }
        })
    };
    "any-deny-denies-everything", "AUT-022", "A policy with a Deny statement denies encryption", |t| {
        let deny = t.on_key(|k| k.policy.contains("Deny")).unwrap_or(false);
        if t.is("Encrypt") && deny && t.state() == "Enabled" { return refuse("AccessDeniedException") }
        t.run()
    };
    "lockout-is-not-checked", "AUT-023", "A policy that shuts its author out is accepted", |t| {
        if t.is("PutKeyPolicy") { t.set("BypassPolicyLockoutSafetyCheck", json!(true)); }
        t.run()
    };
    "replication-needs-no-permission", "AUT-024", "ReplicateKey does not look at the primary's policy", |t| with_policies(t, "ReplicateKey", open);
    "caller-account-is-unknown", "AUT-025", "Statements on kms:CallerAccount are passed over by Encrypt", |t| with_edited(t, "Encrypt", |s| void(s, "kms:calleraccount"));
    "one-account-one-principal", "AUT-026", "Every principal of the account may do what its root may", |t| {
        let mut t2 = Turn { engine: t.engine, caller: t.caller.clone(), operation: t.operation.clone(), body: t.body.clone() };
        if t.caller.user == "limited" && t.is("Encrypt Decrypt DisableKey EnableKey") { t2.caller.user = "admin".into() }
        t2.run()
    };
    "policies-name-nobody", "AUT-027", "Principals that a key policy names need an IAM policy as well", |t| {
        if t.caller.user == "limited" && t.is("Encrypt UpdatePrimaryRegion") && t.on_key(|k| k.grants.is_empty()).unwrap_or(false) { return refuse("AccessDeniedException") }
        t.run()
    };
    "one-side-is-enough", "AUT-028", "A principal that one side allows may promote", |t| {
        if t.caller.user == "limited" && t.is(UPR) {
            let limited = t.on_family(|f, _| f.members.values().any(|k| k.policy.contains("user/limited"))).unwrap_or(false);
            if limited { t.caller.user = "admin".into() }
        }
        t.run()
    };
    "other-accounts-promote", "AUT-029", "Another account that the policies allow may promote", |t| {
        let own = Credential::defaults()[0].account.clone();
        if t.is(UPR) && t.caller.account != own { t.caller.account = own; t.caller.user = "admin".into() }
        t.run()
    };
    "any-text-is-a-policy", "AUT-030", "PutKeyPolicy takes any text, and keeps the old policy", |t| t.accept("PutKeyPolicy", "MalformedPolicyDocumentException");
    "policies-move-with-the-primary-role", "AUT-021" ["UPR-007"] late, "A promotion swaps the policies of old and new primary", |t| {
        t.then(UPR, |t| {
            let to = t.text("PrimaryRegion");
            t.on_family(|f, from| {
                let policy = |r: &str| f.members.get(r).map(|k| k.policy.clone());
                if let (Some(a), Some(b)) = (policy(from), policy(&to)) {
                    if let Some(k) = f.members.get_mut(from) { k.policy = b }
                    if let Some(k) = f.members.get_mut(&to) { k.policy = a }
                }
            });
        })
    };
    "permission-is-remembered", "AUT-011" late, "A family that was promoted once may be promoted without permission", |t| {
        if t.noted_key("promoted") > 0 { return with_policies(t, UPR, |f, _| f.members.values_mut().for_each(|k| k.policy = OPEN.into())) }
        t.then(UPR, |t| { t.note_key("promoted"); })
    };
    "not-equals-means-equals", "AUT-014" late, "StringNotEquals on kms:PrimaryRegion is taken for StringEquals", |t| {
        with_edited(t, UPR, |s| if let Value::Object(block) = &mut s["Condition"] && let Some(keys) = block.remove("StringNotEquals") { block.insert("StringEquals".into(), keys); })
    };
}

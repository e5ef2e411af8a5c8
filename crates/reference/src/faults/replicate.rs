//! Mistakes about ReplicateKey.

use super::faults;
use super::tools::*;
use crate::engine::Turn;
use crate::store::{Family, State};
use serde_json::json;

/// Changes the replica that this request has just made.
fn change_replica(t: &Turn, change: impl FnOnce(&mut Family, &str)) {
    let to = t.text("ReplicaRegion");
    t.on_family(|f, _| {
        if f.members.contains_key(&to) {
            change(f, &to);
        }
    });
}

faults! {
    "replication-is-refused", "REP-001", "ReplicateKey is known, but always refused", |t| {
        if t.is("ReplicateKey") { refuse("UnsupportedOperationException") } else { t.run() }
    };
    "any-member-replicates", "REP-002", "A replica can be replicated", |t| {
        if t.noted_key("promoted") > 0 { return t.run() }
        t.with_family("ReplicateKey", |f, region| if f.multi_region { f.primary = region.into() })
    };
    "single-region-keys-replicate", "REP-003", "A single-Region key can be replicated", |t| {
        t.with_family("ReplicateKey", |f, _| f.multi_region = true)
    };
    "second-replica-replaces-the-first", "REP-004", "A second replica in a Region replaces the first", |t| {
        if t.is("ReplicateKey") {
            let to = t.text("ReplicaRegion");
            t.on_family(|f, _| if f.primary != to { f.members.remove(&to); });
        }
        t.run()
    };
    "replica-in-the-own-region", "REP-005", "Replication into the primary's own Region says yes", |t| {
        if t.is("ReplicateKey") && t.text("ReplicaRegion") == t.region() && !t.is_replica() {
            let meta = t.metadata();
            return Ok(json!({ "ReplicaKeyMetadata": meta, "ReplicaPolicy": "{}" }));
        }
        t.run()
    };
    "replica-inherits-tags", "REP-006", "A replica inherits the primary's tags", |t| {
        if t.body.contains_key("Tags") { return t.run() }
        t.then("ReplicateKey", |t| change_replica(t, |f, to| {
            let tags = f.members[&f.primary].tags.clone();
            if let Some(key) = f.members.get_mut(to) { key.tags = tags }
        }))
    };
    "replica-inherits-description", "REP-007", "A replica inherits the primary's description", |t| {
        if t.body.contains_key("Description") { return t.run() }
        t.then("ReplicateKey", |t| change_replica(t, |f, to| {
            let text = f.members[&f.primary].description.clone();
            if let Some(key) = f.members.get_mut(to) { key.description = text }
        }))
    };
    "replica-inherits-the-creation-date", "KEY-025", "A replica shows the primary's creation date", |t| {
        t.then("ReplicateKey", |t| change_replica(t, |f, to| {
            let created = f.members[&f.primary].created;
            if let Some(key) = f.members.get_mut(to) { key.created = created }
        }))
    };
    "replica-without-delegation", "REP-008", "A replica's default policy names the caller, not the account", |t| {
        let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": { "AWS":
            format!("arn:aws:iam::{}:user/{}", t.caller.account, t.caller.user) }, "Action": "kms:*", "Resource": "*" }] });
        if t.is("ReplicateKey") && !t.body.contains_key("Policy") { t.set("Policy", json!(policy.to_string())); }
        t.run()
    };
    "answer-without-policy", "REP-009", "ReplicateKey answers without ReplicaPolicy", |t| {
        t.edit("ReplicateKey", |_, body| { body.as_object_mut().map(|m| m.remove("ReplicaPolicy")); })
    };
    "answer-lists-no-replica", "REP-010", "ReplicaKeys in the answer is empty", |t| {
        t.edit("ReplicateKey", |_, body| body["ReplicaKeyMetadata"]["MultiRegionConfiguration"]["ReplicaKeys"] = json!([]))
    };
    "replica-is-disabled", "REP-011", "A replica is made disabled", |t| {
        t.then("ReplicateKey", |t| change_replica(t, |f, to| {
            if let Some(key) = f.members.get_mut(to) && key.state == State::Enabled { key.state = State::Disabled }
        }))
    };
    "replica-shows-default-spec", "REP-012", "A replica shows KeySpec SYMMETRIC_DEFAULT, whatever it is", |t| {
        if !t.is_replica() || t.noted_key("promoted") > 0 { return t.run() }
        t.edit_metadata(|_, meta| { meta.insert("KeySpec".into(), json!("SYMMETRIC_DEFAULT")); })
    };
    "replica-description-is-dropped", "REP-013", "ReplicateKey ignores Description, Policy and Tags", |t| {
        if t.is("ReplicateKey") {
            t.body.remove("Description");
        }
        t.run()
    };
    "primary-lists-no-replica", "REP-014", "The primary's list of replicas is not updated", |t| {
        if t.is_replica() { return t.run() }
        t.edit_metadata(|_, meta| if let Some(config) = meta.get_mut("MultiRegionConfiguration") {
            config["ReplicaKeys"] = json!([]);
        })
    };
    "replication-resets-the-primary", "REP-017", "Replication clears the primary's description and tags", |t| {
        t.then("ReplicateKey", |t| { t.on_key(|k| { k.description.clear(); k.tags.clear(); }); })
    };
    "external-replica-is-enabled", "REP-018" documented, "A replica of an EXTERNAL key is Enabled at once", |t| {
        t.then("ReplicateKey", |t| change_replica(t, |f, to| {
            if let Some(key) = f.members.get_mut(to) { key.state = State::Enabled }
        }))
    };
    "replicas-in-any-partition", "REP-019", "ReplicateKey takes a Region of another partition", |t| {
        if t.is("ReplicateKey") && t.text("ReplicaRegion").starts_with("cn-") { t.set("ReplicaRegion", json!("us-west-2")); }
        t.run()
    };
}

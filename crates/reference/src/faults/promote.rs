//! Mistakes about UpdatePrimaryRegion.

use super::faults;
use super::tools::*;
use crate::engine::Turn;
use crate::store::{Family, State};
use serde_json::json;
use std::time::Duration;

const UPR: &str = "UpdatePrimaryRegion";

/// Promotes, then changes the family; `from` and `to` are the Regions of old and new primary.
fn promoting(t: &mut Turn, change: impl FnOnce(&mut Family, &str, &str)) -> crate::error::Answer {
    t.then(UPR, |t| {
        let to = t.text("PrimaryRegion");
        t.on_family(|f, from| change(f, from, &to));
    })
}

fn on_both(f: &mut Family, from: &str, to: &str, change: impl FnOnce(&mut crate::store::Key, &crate::store::Key)) {
    let old = f.members.get(from).cloned();
    if let (Some(old), Some(new)) = (old, f.members.get_mut(to)) {
        change(new, &old);
    }
}

faults! {
    "promotion-does-nothing", "UPR-001" ["UPR-002"], "UpdatePrimaryRegion says yes and does nothing", |t| {
        promoting(t, |f, from, _| f.primary = from.into())
    };
    "two-primaries", "UPR-002", "The former primary goes on calling itself PRIMARY", |t| {
        if t.is(UPR) { return t.then(UPR, |t| { t.note_key(&format!("former {}", t.region())); }) }
        if t.noted_key(&format!("former {}", t.region())) == 0 { return t.run() }
        t.edit_metadata(|_, meta| meta["MultiRegionConfiguration"]["MultiRegionKeyType"] = json!("PRIMARY"))
    };
    "third-member-calls-itself-primary", "UPR-003", "After a promotion the third member is called PRIMARY, too", |t| {
        if t.is(UPR) { return t.then(UPR, |t| { t.note_key("promoted"); }) }
        let third = t.noted_key("promoted") > 0 && t.region() == "ap-southeast-2" && t.is_replica();
        if !third { return t.run() }
        t.edit_metadata(|_, meta| meta["MultiRegionConfiguration"]["MultiRegionKeyType"] = json!("PRIMARY"))
    };
    "replica-lists-are-not-rewritten", "UPR-004", "After a promotion ReplicaKeys still lists the new primary", |t| {
        if t.is(UPR) { return t.then(UPR, |t| { t.note_key("promoted"); }) }
        if t.noted_key("promoted") == 0 { return t.run() }
        t.edit_metadata(|_, meta| {
            let config = &mut meta["MultiRegionConfiguration"];
            let primary = config["PrimaryKey"].clone();
            if let Some(list) = config["ReplicaKeys"].as_array_mut() { list.push(primary) }
        })
    };
    "promotion-rewrites-arns", "UPR-005", "A promotion rewrites the ARN of the former primary", |t| {
        if t.is(UPR) { return t.then(UPR, |t| { t.note_key(&format!("former {}", t.region())); }) }
        if t.noted_key(&format!("former {}", t.region())) == 0 { return t.run() }
        let (old, new) = (format!(":{}:", t.region()), ":eu-west-1:");
        t.edit_metadata(|_, meta| {
            let arn = meta["Arn"].as_str().unwrap_or("").replace(&old, new);
            meta.insert("Arn".into(), json!(arn));
        })
    };
    "promotion-renews-the-creation-date", "KEY-025", "A new primary counts as made by the promotion", |t| {
        promoting(t, |f, _, to| if let Some(key) = f.members.get_mut(to) { key.created += Duration::from_secs(100) })
    };
    "promotion-copies-the-description", "UPR-006", "A promotion copies the primary's description to the new one", |t| {
        promoting(t, |f, from, to| on_both(f, from, to, |new, old| new.description = old.description.clone()))
    };
    "promotion-copies-the-policy", "UPR-007", "A promotion copies the primary's key policy to the new one", |t| {
        promoting(t, |f, from, to| on_both(f, from, to, |new, old| new.policy = old.policy.clone()))
    };
    "promotion-moves-the-tags", "UPR-008", "A promotion moves the tags to the new primary", |t| {
        promoting(t, |f, from, to| {
            on_both(f, from, to, |new, old| new.tags = old.tags.clone());
            if let Some(old) = f.members.get_mut(from) { old.tags.clear() }
        })
    };
    "promotion-moves-the-aliases", "UPR-009", "A promotion moves the aliases to the new primary's Region", |t| {
        t.then(UPR, |t| {
            let (id, from, to) = (t.key_id(), t.region(), t.text("PrimaryRegion"));
            t.on_account(|a| {
                let own: Vec<_> = a.aliases.iter().filter(|((r, _), x)| *r == from && x.key_id == id).map(|(k, v)| (k.clone(), v.clone())).collect();
                for ((region, name), alias) in own {
                    a.aliases.remove(&(region, name.clone()));
                    a.aliases.insert((to.clone(), name), alias);
                }
            });
        })
    };
    "promotion-enables-everything", "UPR-010", "A promotion enables every member of the family", |t| {
        promoting(t, |f, _, _| f.members.values_mut().for_each(|k| { k.state = State::Enabled; k.deletion_date = None; k.deletion_due = None; }))
    };
    "promotion-postpones-deletions", "UPR-010", "A promotion begins the waiting periods of pending deletions anew", |t| {
        promoting(t, |f, _, _| f.members.values_mut().for_each(|k| k.deletion_date = k.deletion_date.map(|d| d + Duration::from_secs(10))))
    };
    "former-primary-is-disabled", "UPR-011", "The former primary is disabled by the promotion", |t| {
        promoting(t, |f, from, _| if let Some(k) = f.members.get_mut(from) { k.state = State::Disabled })
    };
    "promotes-where-no-replica-is", "UPR-012", "A Region without a replica is accepted, without effect", |t| {
        let to = t.text("PrimaryRegion");
        let none = t.on_family(|f, here| f.multi_region && f.primary == here && !f.members.contains_key(&to)).unwrap_or(false);
        if t.is(UPR) && none && t.state() == "Enabled" && to.contains("-") && !to.starts_with("cn-") && !to.starts_with("us-gov") && !to.starts_with("xx-") {
            // As recorded, or as documented.
            return t.run().or_else(|e| match e.code { "ValidationException" | "NotFoundException" => Ok(json!(null)), _ => Err(e) });
        }
        t.run()
    };
    "own-region-is-a-limit", "UPR-013", "Promotion to the own Region is a LimitExceededException", |t| {
        if t.is(UPR) && t.text("PrimaryRegion") == t.region() && !t.is_replica() && t.state() == "Enabled" { return refuse("LimitExceededException") }
        t.run()
    };
    "own-region-resets-the-key", "UPR-028", "Promotion to the own Region says yes and disables the key", |t| {
        if t.is(UPR) && t.text("PrimaryRegion") == t.region() && !t.is_replica() && t.state() == "Enabled" {
            t.on_key(|k| k.state = State::Disabled);
            return Ok(serde_json::Value::Null);
        }
        t.run()
    };
    "any-member-promotes", "UPR-014", "Called on a replica, UpdatePrimaryRegion works as well", |t| {
        t.with_family(UPR, |f, region| if f.multi_region && f.members.contains_key(region) { f.primary = region.into() })
    };
    "single-region-keys-say-yes", "UPR-015", "A single-Region key says yes and does nothing", |t| {
        let single = t.on_family(|f, _| !f.multi_region).unwrap_or(false);
        if t.is(UPR) && single && t.state() == "Enabled" { return t.accept(UPR, "UnsupportedOperationException") }
        t.run()
    };
    "disabled-primary-promotes", "UPR-016", "The state of the primary is not looked at", |t| t.blind(UPR);
    "disabled-replica-is-promoted", "UPR-017", "The state of the replica to be promoted is not looked at", |t| {
        if !t.is(UPR) { return t.run() }
        let to = t.text("PrimaryRegion");
        let old = t.on_family(|f, _| f.members.get_mut(&to).map(|k| std::mem::replace(&mut k.state, State::Enabled))).flatten();
        let answer = t.run();
        t.on_family(|f, _| if let (Some(k), Some(old)) = (f.members.get_mut(&to), old) { k.state = old });
        answer
    };
    "any-region-will-do", "UPR-018" documented, "Regions of other partitions are accepted, without effect", |t| {
        let to = t.text("PrimaryRegion");
        if t.is(UPR) && (to.starts_with("cn-") || to.starts_with("us-gov") || to.starts_with("xx-")) { return t.accept(UPR, "NotFoundException") }
        t.run()
    };
    "only-the-first-primary-replicates", "UPR-019", "Only the Region where the key was made can replicate", |t| {
        if t.is(UPR) { return t.then(UPR, |t| { t.note_key("promoted"); }) }
        if t.is("ReplicateKey") && t.noted_key("promoted") > 0 && !t.is_replica() { return refuse("UnsupportedOperationException") }
        t.run()
    };
    "former-primary-replicates", "UPR-020", "The former primary can still be replicated", |t| {
        if t.is(UPR) { return t.then(UPR, |t| { t.note_key(&format!("former {}", t.region())); }) }
        if t.noted_key(&format!("former {}", t.region())) == 0 { return t.run() }
        t.with_family("ReplicateKey", |f, region| f.primary = region.into())
    };
    "only-the-first-primary-rotates", "UPR-021", "The new primary's rotation cannot be switched", |t| {
        if t.is(UPR) { return t.then(UPR, |t| { t.note_key("promoted"); }) }
        if t.is("EnableKeyRotation DisableKeyRotation") && t.noted_key("promoted") > 0 && !t.is_replica() { return refuse("UnsupportedOperationException") }
        t.run()
    };
    "former-primary-rotates", "UPR-022", "The former primary's rotation can still be switched", |t| {
        if t.is(UPR) { return t.then(UPR, |t| { t.note_key(&format!("former {}", t.region())); }) }
        if t.noted_key(&format!("former {}", t.region())) == 0 { return t.run() }
        t.with_family("EnableKeyRotation DisableKeyRotation", |f, region| f.primary = region.into())
    };
    "no-region-no-problem", "UPR-023", "Without PrimaryRegion nothing happens, successfully", |t| {
        if t.is(UPR) && !t.body.contains_key("PrimaryRegion") { Ok(serde_json::Value::Null) } else { t.run() }
    };
    "malformed-region-is-passed-over", "UPR-024", "A malformed PrimaryRegion says yes, and nothing happens", |t| {
        let malformed = t.is(UPR) && t.body.get("PrimaryRegion").is_some_and(|v| v.is_string());
        match t.run() {
            Err(e) if malformed && e.code == "ValidationException" && e.message.contains("primaryRegion") => Ok(serde_json::Value::Null),
            other => other,
        }
    };
    "promotion-answers-metadata", "UPR-025", "UpdatePrimaryRegion answers KeyMetadata", |t| {
        t.edit(UPR, |t, body| *body = json!({ "KeyMetadata": t.metadata() }))
    };
    "promotion-makes-keys", "UPR-026" ["UPR-012"], "A promotion to a Region without a replica makes one", |t| {
        if t.is(UPR) && t.state() == "Enabled" {
            let to = t.text("PrimaryRegion");
            t.on_family(|f, here| if f.multi_region && f.primary == here && to.starts_with("ap-") && !f.members.contains_key(&to) {
                let twin = f.members[here].clone();
                f.members.insert(to.clone(), twin);
            });
        }
        t.run()
    };
    "promotion-forgets-the-usage", "UPR-027", "After a promotion every key shows usage ENCRYPT_DECRYPT", |t| {
        if t.is(UPR) { return t.then(UPR, |t| { t.note_key("promoted"); }) }
        if t.noted_key("promoted") == 0 { return t.run() }
        t.edit_metadata(|_, meta| { meta.insert("KeyUsage".into(), json!("ENCRYPT_DECRYPT")); })
    };
    "refused-promotion-enables-the-replica", "UPR-028", "A promotion refused for a disabled replica enables it", |t| {
        let answer = t.run();
        if t.is(UPR) && is_refused(&answer, "DisabledException") {
            let to = t.text("PrimaryRegion");
            t.on_family(|f, _| if let Some(k) = f.members.get_mut(&to) { k.state = State::Enabled });
        }
        answer
    };
    "former-primary-cannot-be-deleted", "UPR-030", "Deletion of the former primary cannot be scheduled", |t| {
        if t.is(UPR) { return t.then(UPR, |t| { t.note_key(&format!("former {}", t.region())); }) }
        if t.is("ScheduleKeyDeletion") && t.is_replica() && t.noted_key(&format!("former {}", t.region())) > 0 { return refuse("KMSInvalidStateException") }
        t.run()
    };
    "every-member-must-be-enabled", "UPR-031", "A third member that is not enabled stops a promotion", |t| {
        let blocked = t.on_family(|f, _| f.members.values().any(|k| k.state != State::Enabled)).unwrap_or(false);
        if t.is(UPR) && blocked { return refuse("KMSInvalidStateException") }
        t.run()
    };
    "cancelled-deletion-is-not-forgotten", "UPR-032", "After a cancelled deletion a family can never be promoted", |t| {
        if t.is("CancelKeyDeletion") { t.note_key("cancelled"); }
        if t.is(UPR) && t.noted_key("cancelled") > 0 && t.state() == "Enabled" { return refuse("KMSInvalidStateException") }
        t.run()
    };
    "promotion-takes-aliases", "UPR-036", "UpdatePrimaryRegion resolves aliases", |t| {
        if t.is(UPR) && t.text("KeyId").contains("alias/") {
            let id = t.key_id();
            t.set("KeyId", json!(id));
        }
        t.run()
    };
    "promoted-once-only", "UPR-037", "A family can be promoted only once", |t| {
        if t.is(UPR) && t.noted_key("promoted") > 0 && t.state() == "Enabled" && !t.is_replica() { return refuse("UnsupportedOperationException") }
        t.then(UPR, |t| { t.note_key("promoted"); })
    };
    "promotion-has-its-own-errors", "UPR-038", "A disabled primary is refused with InvalidParameterException", |t| {
        t.recode(UPR, "DisabledException", "InvalidParameterException")
    };
    "unknown-keys-are-promoted", "UPR-039", "UpdatePrimaryRegion of a key that does not exist says yes", |t| {
        let unknown = t.on_family(|_, _| ()).is_none();
        if t.is(UPR) && unknown { return t.accept(UPR, "NotFoundException") }
        t.run()
    };
    "promotion-by-id-only", "UPR-041", "UpdatePrimaryRegion takes no key ARN", |t| {
        if t.is(UPR) && t.text("KeyId").starts_with("arn:") && t.text("KeyId").contains(&t.region()) { return refuse("NotFoundException") }
        t.run()
    };
}

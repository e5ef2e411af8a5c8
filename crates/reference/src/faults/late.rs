//! Mistakes that show only after a longer history, with three Regions, on a second promotion, for
//! one key spec, or with a particular attribute present.

use super::faults;
use super::tools::*;
use crate::store::State;
use serde_json::json;

const UPR: &str = "UpdatePrimaryRegion";

faults! {
    "second-promotion-does-nothing", "UPR-001" ["UPR-002"] late, "The second promotion of a family has no effect", |t| {
        t.then(UPR, |t| if t.note_key("promoted") == 1 { t.on_family(|f, from| f.primary = from.into()); })
    };
    "promotion-back-is-refused", "UPR-037" late, "A family cannot be promoted back to where it was made", |t| {
        if t.is(UPR) && t.noted_key(&format!("former {}", t.text("PrimaryRegion"))) > 0 && t.state() == "Enabled" { return refuse("KMSInvalidStateException") }
        t.then(UPR, |t| { t.note_key(&format!("former {}", t.region())); })
    };
    "third-region-keeps-the-old-primary", "UPR-004" late, "A third member goes on naming the first primary", |t| {
        if t.is(UPR) { return t.then(UPR, |t| { t.note_key("promoted"); }) }
        let third = t.noted_key("promoted") > 0 && t.region() == "ap-southeast-2" && t.is_replica();
        if !third { return t.run() }
        t.edit_metadata(|_, meta| {
            let arn = meta["Arn"].as_str().unwrap_or("").replace("ap-southeast-2", "us-east-1");
            meta["MultiRegionConfiguration"]["PrimaryKey"] = json!({ "Arn": arn, "Region": "us-east-1" });
        })
    };
    "third-member-is-lost", "UPR-004" late, "A promotion among three Regions drops the third from the lists", |t| {
        if t.is(UPR) { return t.then(UPR, |t| { t.note_key("promoted"); }) }
        if t.noted_key("promoted") == 0 { return t.run() }
        t.edit_metadata(|_, meta| if let Some(list) = meta["MultiRegionConfiguration"]["ReplicaKeys"].as_array_mut() && list.len() > 1 { list.pop(); })
    };
    "disabled-third-is-enabled", "UPR-010" late, "A promotion enables a disabled third member", |t| {
        t.then(UPR, |t| {
            let to = t.text("PrimaryRegion");
            t.on_family(|f, from| f.members.iter_mut().filter(|(r, k)| *r != from && **r != to && k.state == State::Disabled).for_each(|(_, k)| k.state = State::Enabled));
        })
    };
    "dying-third-is-saved", "UPR-010" late, "A promotion cancels the deletion of a third member", |t| {
        t.then(UPR, |t| { t.on_family(|f, _| f.members.values_mut().filter(|k| k.state == State::PendingDeletion).for_each(|k| { k.state = State::Disabled; k.deletion_date = None; k.deletion_due = None })); })
    };
    "hmac-keys-are-not-promoted", "UPR-001" late, "HMAC keys cannot be promoted", |t| {
        let hmac = t.on_family(|f, _| f.spec.starts_with("HMAC_")).unwrap_or(false);
        if t.is(UPR) && hmac { return refuse("UnsupportedOperationException") }
        t.run()
    };
    "rsa-changes-with-the-promotion", "CRY-020" late, "A promotion changes the public key of RSA keys", |t| {
        if t.is(UPR) { return t.then(UPR, |t| { t.note_key("promoted"); }) }
        let rsa = t.on_family(|f, _| f.spec.starts_with("RSA_")).unwrap_or(false);
        if !rsa || t.noted_key("promoted") == 0 { return t.run() }
        t.edit("GetPublicKey", |_, body| replace(&mut body["PublicKey"], "A", "B"))
    };
    "p384-loses-its-algorithm", "UPR-027" late, "After a promotion ECC_NIST_P384 keys list no algorithm", |t| {
        if t.is(UPR) { return t.then(UPR, |t| { t.note_key("promoted"); }) }
        if t.noted_key("promoted") == 0 { return t.run() }
        t.edit_metadata(|_, meta| if meta["KeySpec"] == "ECC_NIST_P384" { meta.insert("SigningAlgorithms".into(), json!([])); })
    };
    "empty-tags-are-lost", "UPR-008" late, "A promotion drops tags of the former primary when it has more than one", |t| {
        t.then(UPR, |t| { t.on_key(|k| if !k.tags.is_empty() { k.tags.pop_last(); }); })
    };
    "rotated-keys-lose-ciphertexts-on-promotion", "CRY-017" late, "A promotion drops the old material of a rotated key", |t| {
        t.then(UPR, |t| { t.on_family(|f, _| if let Some(new) = f.materials.last().cloned() { f.materials.iter_mut().for_each(|m| *m = new.clone()) }); })
    };
    "second-replica-of-a-new-primary", "UPR-019" late, "A replica made by a promoted primary lists the wrong primary", |t| {
        if t.is(UPR) { return t.then(UPR, |t| { t.note_key("promoted"); }) }
        if t.is("ReplicateKey") && t.noted_key("promoted") > 0 && !t.is_replica() { return refuse("KMSInvalidStateException") }
        t.run()
    };
    "fourth-region-is-one-too-many", "REP-001" late, "A family has three members at most", |t| {
        let full = t.on_family(|f, _| f.members.len() >= 3).unwrap_or(false);
        if t.is("ReplicateKey") && full && t.state() == "Enabled" && !t.is_replica() { return refuse("LimitExceededException") }
        t.run()
    };
    "replica-of-a-tagged-key-inherits", "REP-006" late, "A replica adds the primary's tags to its own", |t| {
        let tags = t.on_key(|k| k.tags.clone()).unwrap_or_default();
        t.then("ReplicateKey", |t| {
            let to = t.text("ReplicaRegion");
            t.on_family(|f, _| if let Some(k) = f.members.get_mut(&to) { tags.into_iter().for_each(|(n, v)| { k.tags.entry(n).or_insert(v); }) });
        })
    };
    "described-keys-cannot-move", "UPR-006" late, "A promotion clears a description that was changed later", |t| {
        if t.is("UpdateKeyDescription") { t.note_key("described"); }
        t.then(UPR, |t| if t.noted_key("described") > 0 { t.on_key(|k| k.description.clear()); })
    };
    "alias-follows-after-the-second-promotion", "UPR-009" late, "A promotion deletes the aliases of the new primary", |t| {
        t.then(UPR, |t| {
            let (id, to) = (t.key_id(), t.text("PrimaryRegion"));
            t.on_account(|a| a.aliases.retain(|(region, _), x| *region != to || x.key_id != id));
        })
    };
    "disabled-then-promoted-twice", "UPR-011" late, "The second promotion leaves the former primary disabled", |t| {
        t.then(UPR, |t| if t.note_key("promoted") == 1 { t.on_key(|k| k.state = State::Disabled); })
    };
    "four-regions-swap-two", "UPR-003" late, "With four Regions a promotion makes another replica the primary", |t| {
        if t.is(UPR) { return t.then(UPR, |t| { t.note_key("promoted"); }) }
        let many = t.on_family(|f, _| f.members.len() == 4).unwrap_or(false);
        if !many || t.noted_key("promoted") == 0 || !t.is_replica() || t.region() == "us-east-1" { return t.run() }
        t.edit_metadata(|_, meta| meta["MultiRegionConfiguration"]["MultiRegionKeyType"] = json!("PRIMARY"))
    };
    "data-keys-of-before-are-lost", "CRY-017" late, "After a promotion data keys of before do not open on the new primary", |t| {
        if t.is("GenerateDataKey") { return t.edit("GenerateDataKey", |t, body| { t.note(&format!("data key {}", body["CiphertextBlob"])); }) }
        if t.is(UPR) { return t.then(UPR, |t| { t.note(&format!("promoted {}", t.key_id())); }) }
        let id = super::crypto::owner(t);
        if t.is("Decrypt") && t.noted(&format!("promoted {id}")) > 0 && t.noted(&format!("data key {}", json!(t.text("CiphertextBlob")))) > 0 { return refuse("InvalidCiphertextException") }
        t.run()
    };
    "refused-twice-works", "UPR-012" late documented, "Asked a second time, a Region without a replica is accepted", |t| {
        let to = t.text("PrimaryRegion");
        let none = t.on_family(|f, here| f.multi_region && f.primary == here && !f.members.contains_key(&to)).unwrap_or(false);
        if t.is(UPR) && none && to.starts_with("eu-") && t.note_key("refused") > 0 { return t.accept(UPR, "NotFoundException") }
        t.run()
    };
    "period-is-lost-with-the-second-promotion", "ROT-013" late, "The second promotion switches rotation off", |t| {
        t.then(UPR, |t| if t.note_key("promoted") == 1 { t.on_family(|f, _| f.rotation_period = None); })
    };
}

//! Mistakes about deletion and its clock.

use super::faults;
use super::tools::*;
use crate::store::State;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn never() -> Instant {
    Instant::now() + Duration::from_secs(1_000_000)
}

faults! {
    "schedule-answers-the-id", "DEL-001", "ScheduleKeyDeletion answers the key id, not the ARN", |t| {
        let id = t.key_id();
        t.edit("ScheduleKeyDeletion", |_, body| body["KeyId"] = json!(id))
    };
    "seven-days-by-default", "DEL-002", "The default window is 7 days", |t| {
        if t.is("ScheduleKeyDeletion") && !t.body.contains_key("PendingWindowInDays") { t.set("PendingWindowInDays", json!(7)); }
        t.run()
    };
    "any-window-will-do", "DEL-003", "Windows outside 7-30 days are accepted", |t| {
        let days = t.body.get("PendingWindowInDays").and_then(Value::as_i64).unwrap_or(7);
        if t.is("ScheduleKeyDeletion") && (1..=365).contains(&days) { t.set("PendingWindowInDays", json!(days.clamp(7, 30))); }
        t.run()
    };
    "primary-does-not-wait", "DEL-004", "A primary with replicas goes to PendingDeletion at once", |t| {
        t.edit("ScheduleKeyDeletion", |t, body| if body["KeyState"] == "PendingReplicaDeletion" {
            t.on_key(|k| { k.state = State::PendingDeletion; k.deletion_date = Some(std::time::SystemTime::now()); k.deletion_due = Some(never()); });
            body["KeyState"] = json!("PendingDeletion");
            body["DeletionDate"] = json!(1.0e9);
        })
    };
    "waiting-primary-shows-no-window", "DEL-005", "PendingReplicaDeletion shows no PendingDeletionWindowInDays", |t| {
        t.edit_metadata(|_, meta| { meta.remove("PendingDeletionWindowInDays"); })
    };
    "no-deletion-date", "DEL-006", "PendingDeletion shows no DeletionDate", |t| {
        t.edit_metadata(|_, meta| { meta.remove("DeletionDate"); })
    };
    "deletion-date-is-a-month-away", "DEL-006", "DeletionDate is 30 days from now, whatever the waiting period", |t| {
        let far = std::time::SystemTime::now() + t.engine.settings().day * 30;
        t.then("ScheduleKeyDeletion", |t| { t.on_key(|k| if k.deletion_date.is_some() { k.deletion_date = Some(far) }); })
    };
    "deletion-takes-the-replicas-along", "DEL-007", "Scheduling deletion of the primary disables its replicas", |t| {
        let primary = !t.is_replica();
        t.then("ScheduleKeyDeletion", |t| if primary {
            t.on_family(|f, region| f.members.iter_mut().filter(|(r, _)| *r != region).for_each(|(_, k)| k.state = State::Disabled));
        })
    };
    "cancelling-enables", "DEL-008", "CancelKeyDeletion enables the key", |t| {
        t.then("CancelKeyDeletion", |t| { t.on_key(|k| k.state = State::Enabled); })
    };
    "cancelling-nothing-succeeds", "DEL-009", "CancelKeyDeletion on a key that is not pending says yes", |t| {
        let id = t.metadata()["Arn"].clone();
        match t.run() {
            Err(e) if t.is("CancelKeyDeletion") && e.code == "KMSInvalidStateException" => Ok(json!({ "KeyId": id })),
            other => other,
        }
    };
    "scheduling-twice-succeeds", "DEL-010", "ScheduleKeyDeletion on a key pending deletion starts again", |t| t.blind("ScheduleKeyDeletion");
    "dying-replica-leaves-the-lists", "DEL-011", "A replica pending deletion is not listed any more", |t| {
        let dying: Vec<String> = t.on_family(|f, _| f.members.iter().filter(|(_, k)| k.state == State::PendingDeletion).map(|(r, _)| r.clone()).collect()).unwrap_or_default();
        t.edit_metadata(|_, meta| if let Some(list) = meta.get_mut("MultiRegionConfiguration").and_then(|c| c["ReplicaKeys"].as_array_mut()) {
            list.retain(|r| !dying.iter().any(|d| r["Region"] == d.as_str()));
        })
    };
    "deletion-never-comes", "DEL-012" days, "A key stays in PendingDeletion for ever", |t| {
        t.then("ScheduleKeyDeletion", |t| { t.on_key(|k| if k.deletion_due.is_some() { k.deletion_due = Some(never()) }); })
    };
    "deletion-comes-at-once", "DEL-013" days, "A key is gone as soon as its deletion is scheduled", |t| {
        t.then("ScheduleKeyDeletion", |t| { t.on_key(|k| if k.deletion_due.is_some() { k.deletion_due = Some(Instant::now()) }); })
    };
    "clock-of-the-primary-never-starts", "DEL-014" days, "A primary waits for its replicas for ever", |t| {
        if t.is("DescribeKey") && t.state() == "PendingDeletion" && t.noted_key("waiting") > 0 {
            return t.edit_metadata(|_, meta| {
                meta.insert("KeyState".into(), json!("PendingReplicaDeletion"));
                meta.remove("DeletionDate");
            });
        }
        t.edit("ScheduleKeyDeletion", |t, body| if body["KeyState"] == "PendingReplicaDeletion" { t.note_key("waiting"); })
    };
    "aliases-outlive-their-key", "DEL-015" days, "The aliases of a deleted key stay", |t| {
        let before = t.on_account(|a| a.aliases.clone());
        let answer = t.run();
        if !t.is("DeleteAlias UpdateAlias") {
            t.on_account(|a| before.into_iter().for_each(|(slot, alias)| { a.aliases.entry(slot).or_insert(alias); }));
        }
        answer
    };
    "deleted-replica-is-remembered", "DEL-016" days, "A Region whose replica was deleted takes no other", |t| {
        if t.is("ScheduleKeyDeletion") { return t.then("ScheduleKeyDeletion", |t| { t.note_key(&format!("deleted {}", t.region())); }) }
        if t.is("ReplicateKey") && t.noted_key(&format!("deleted {}", t.text("ReplicaRegion"))) > 0 { return refuse("AlreadyExistsException") }
        t.run()
    };
    "remade-replica-has-other-material", "DEL-017" days, "A replica that is made again does not open old ciphertexts", |t| {
        if t.is("ReplicateKey") {
            let again = t.note_key(&format!("made {}", t.text("ReplicaRegion"))) > 0 || t.text("ReplicaRegion") == "us-east-1";
            if again { t.note(&format!("blind {}", t.text("ReplicaRegion"))); }
        }
        if t.is("Decrypt") && t.noted(&format!("blind {}", t.region())) > 0 { return refuse("InvalidCiphertextException") }
        t.run()
    };
}

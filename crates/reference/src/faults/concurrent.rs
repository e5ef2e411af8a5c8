//! Mistakes that only concurrent calls show: what was read is taken to be true still when it is written back. Where one
//! call follows the other nothing has changed meanwhile, and all is well.

use super::faults;
use super::tools::*;
use crate::engine::Turn;
use crate::error::Answer;
use crate::store::{Family, Key, State};
use serde_json::{Value, json};
use std::thread::sleep;
use std::time::Duration;

/// The time between reading and writing.
const PAUSE: Duration = Duration::from_millis(20);

const UPR: &str = "UpdatePrimaryRegion";
const CRYPTO: &str = "Encrypt Decrypt GenerateDataKey";

/// Carries out these operations after a pause, and then writes back a part of the family as it was before.
fn writes_back(t: &mut Turn, operations: &str, part: impl FnOnce(&Turn, &mut Family, &Family)) -> Answer {
    if !t.is(operations) {
        return t.run();
    }
    let before = t.on_family(|f, _| f.clone());
    sleep(PAUSE);
    let answer = t.run();
    if let (Some(before), true) = (before, answer.is_ok()) {
        t.on_family(|f, _| part(t, f, &before));
    }
    answer
}

/// Carries out these operations after a pause, as if this part of the family were still as it was when they were
/// checked.
fn checks_before(
    t: &mut Turn,
    operations: &str,
    restore: impl FnOnce(&Turn, &mut Family, &Family),
    after: impl FnOnce(&Turn, &mut Family, &Family),
) -> Answer {
    if !t.is(operations) {
        return t.run();
    }
    let before = t.on_family(|f, _| f.clone());
    sleep(PAUSE);
    let Some(before) = before else { return t.run() };
    let present = t.on_family(|f, _| {
        let present = f.clone();
        restore(t, f, &before);
        present
    });
    let answer = t.run();
    if let Some(present) = present {
        t.on_family(|f, _| after(t, f, &present));
    }
    answer
}

/// Writes the key states of other members back.
fn states(f: &mut Family, before: &Family, concerns: impl Fn(&str) -> bool) {
    for (_, key, old) in both(f, before).filter(|(region, ..)| concerns(region)) {
        (key.state, key.deletion_window) = (old.state, old.deletion_window);
        (key.deletion_date, key.deletion_due) = (old.deletion_date, old.deletion_due);
    }
}

/// The members that were there before and are there now.
fn both<'f>(f: &'f mut Family, before: &'f Family) -> impl Iterator<Item = (&'f String, &'f mut Key, &'f Key)> {
    f.members.iter_mut().filter_map(move |(region, key)| before.members.get(region).map(|old| (region, key, old)))
}

/// Changes what DescribeKey shows of a multi-Region key's family.
fn edit_configuration(t: &mut Turn, change: impl FnOnce(&Turn, &mut Value)) -> Answer {
    t.edit_metadata(|t, meta| {
        if let Some(configuration) = meta.get_mut("MultiRegionConfiguration") {
            change(t, configuration);
        }
    })
}

/// The Regions that were noted about this family.
fn noted_regions(t: &Turn, what: &str) -> Vec<String> {
    let start = format!("{what} {} ", t.key_id());
    t.engine.notes().keys().filter_map(|k| k.strip_prefix(&start).map(str::to_string)).collect()
}

/// Notes a Region about a family, by its id: to look that up takes the store, which may be locked.
fn note_region(t: &Turn, what: &str, family: &str, region: &str) {
    t.note(&format!("{what} {family} {region}"));
}

/// A promotion that takes its time, and notes when it begins and ends.
fn promote_slowly(t: &mut Turn) -> Answer {
    t.note_key("begun");
    sleep(PAUSE);
    let answer = t.run();
    t.note_key("ended");
    answer
}

faults! {
    "promotion-drops-a-rotation", "ROT-007" ["ROT-014" "ROT-015"] concurrent, "A rotation that is accepted while a promotion is carried out is lost", |t| {
        writes_back(t, UPR, |_, f, before| {
            f.rotations = before.rotations.clone();
            f.rotating = before.rotating.clone();
            f.materials.truncate(before.materials.len());
        })
    };
    "promotion-drops-a-rotation-switch", "ROT-001" ["ROT-013" "ROT-005"] concurrent, "Automatic rotation that is switched while a promotion is carried out is lost", |t| {
        writes_back(t, UPR, |_, f, before| (f.rotation_period, f.period_set) = (before.rotation_period, before.period_set))
    };
    "promotion-writes-old-states-back", "UPR-010" ["STA-004" "UPR-028"] concurrent, "A key state that changes while a promotion is carried out is lost", |t| {
        writes_back(t, UPR, |_, f, before| states(f, before, |_| true))
    };
    "promotion-drops-a-new-replica", "STA-105" ["STA-122" "REP-014" "REP-001" "REP-004"] concurrent, "A replica that is made while a promotion is carried out is lost", |t| {
        writes_back(t, UPR, |_, f, before| f.members.retain(|region, _| before.members.contains_key(region)))
    };
    "promotion-drops-descriptions", "UPR-006" ["UPR-008" "ATT-018"] concurrent, "Descriptions and tags that change while a promotion is carried out are lost", |t| {
        writes_back(t, UPR, |_, f, before| {
            both(f, before).for_each(|(_, key, old)| {
                (key.description, key.tags) = (old.description.clone(), old.tags.clone());
            })
        })
    };
    "promotion-drops-an-import", "IMP-011" ["IMP-003" "IMP-004" "DEL-006" "DEL-008" "STA-001" "STA-004" "UPR-010" "UPR-028"] concurrent, "Key material that is imported while a promotion is carried out is lost", |t| {
        writes_back(t, UPR, |_, f, before| {
            both(f, before).for_each(|(_, key, old)| {
                (key.imported, key.state) = (old.imported, old.state);
                key.held.clone_from(&old.held);
            })
        })
    };
    "replicas-overwrite-each-other", "STA-105" ["REP-001" "REP-014" "REP-017"] concurrent, "Of two replicas that are made at the same time one is lost", |t| {
        writes_back(t, "ReplicateKey", |t, f, before| {
            let to = t.text("ReplicaRegion");
            f.members.retain(|region, _| *region == to || before.members.contains_key(region))
        })
    };
    "replica-list-loses-an-update", "REP-014" ["KEY-011"] concurrent, "Of two replicas that are made at the same time ReplicaKeys lists one", |t| {
        if t.is("ReplicateKey") {
            return writes_back(t, "ReplicateKey", |t, f, before| {
                let to = t.text("ReplicaRegion");
                let other = |region: &&String| **region != to && !before.members.contains_key(*region);
                f.members.keys().filter(other).for_each(|region| note_region(t, "unlisted", &f.id, region));
            });
        }
        edit_configuration(t, |t, configuration| {
            let unlisted = noted_regions(t, "unlisted");
            if let Some(list) = configuration["ReplicaKeys"].as_array_mut() {
                list.retain(|r| !unlisted.iter().any(|region| r["Region"] == **region));
            }
        })
    };
    "switch-undoes-a-promotion", "KEY-011" ["UPR-001" "UPR-004" "UPR-022" "STA-122"] concurrent, "EnableKey and DisableKey undo a promotion that is accepted meanwhile", |t| {
        writes_back(t, "EnableKey DisableKey", |_, f, before| {
            (f.primary, f.transit) = (before.primary.clone(), before.transit.clone());
        })
    };
    "switch-undoes-other-switches", "STA-001" ["STA-004" "DEL-011" "DEL-007"] concurrent, "EnableKey, DisableKey and the like undo what happens to other members meanwhile", |t| {
        writes_back(t, "EnableKey DisableKey ScheduleKeyDeletion CancelKeyDeletion", |t, f, before| {
            let here = t.region();
            states(f, before, |region| region != here)
        })
    };
    "tags-undo-descriptions", "ATT-018" ["UPR-006"] concurrent, "TagResource undoes a description that changes meanwhile", |t| {
        writes_back(t, "TagResource", |t, f, before| {
            let here = t.region();
            both(f, before).filter(|(r, ..)| **r == here).for_each(|(_, key, old)| key.description.clone_from(&old.description))
        })
    };
    "promotes-what-is-no-longer-enabled", "UPR-017" ["DEL-004"] concurrent, "That the new primary is enabled is checked before the promotion is carried out, and not again", |t| {
        let of = |t: &Turn, f: &Family| f.members.get(&t.text("PrimaryRegion")).map(|k| k.state);
        checks_before(t, UPR, |t, f, before| {
            let enabled = of(t, before) == Some(State::Enabled);
            if let Some(key) = f.members.get_mut(&t.text("PrimaryRegion")).filter(|_| enabled) { key.state = State::Enabled }
        }, |t, f, present| {
            let state = of(t, present);
            if let (Some(key), Some(state)) = (f.members.get_mut(&t.text("PrimaryRegion")), state) { key.state = state }
        })
    };
    "replicates-twice", "REP-004" concurrent, "That a Region has no replica yet is checked before one is made, and not again", |t| {
        checks_before(t, "ReplicateKey", |t, f, before| {
            let to = t.text("ReplicaRegion");
            if !before.members.contains_key(&to) { f.members.remove(&to); }
        }, |_, _, _| {})
    };
    "two-promotions-two-primaries", "KEY-011" ["UPR-002" "UPR-003"] concurrent, "Two promotions within a few milliseconds are both accepted, and both new primaries call themselves so", |t| {
        if t.is(UPR) {
            return checks_before(t, UPR, |t, f, before| {
                let here = t.region();
                if before.primary == here && f.primary != here {
                    note_region(t, "claims", &f.id, &f.primary);
                    (f.primary, f.transit) = (here, None);
                }
            }, |_, _, _| {});
        }
        edit_configuration(t, |t, configuration| {
            if noted_regions(t, "claims").contains(&t.region()) {
                configuration["MultiRegionKeyType"] = json!("PRIMARY");
            }
        })
    };
    "describe-fills-a-stale-cache", "UPR-002" ["UPR-001" "UPR-003" "UPR-004" "KEY-011"] concurrent, "DescribeKey that meets a promotion goes on telling of the primary that it saw", |t| {
        if !t.is("DescribeKey") { return t.then(UPR, |t| { t.note_key("promoted"); }) }
        let (promoted, primary) = (t.noted_key("promoted"), t.on_family(|f, _| f.primary.clone()));
        sleep(PAUSE);
        if let Some(primary) = primary.filter(|_| t.noted_key("promoted") > promoted) {
            note_region(t, &format!("cached {}", t.region()), &t.key_id(), &primary);
        }
        edit_configuration(t, |t, configuration| {
            let Some(old) = noted_regions(t, &format!("cached {}", t.region())).pop() else { return };
            configuration["MultiRegionKeyType"] = json!(if old == t.region() { "PRIMARY" } else { "REPLICA" });
            configuration["PrimaryKey"]["Region"] = json!(old);
        })
    };
    "promotion-is-seen-half-done", "KEY-011" ["UPR-004" "UPR-028"] concurrent, "While a promotion is carried out no member is the primary", |t| {
        if t.is(UPR) { return promote_slowly(t) }
        let half = t.noted_key("begun") > t.noted_key("ended");
        edit_configuration(t, |_, configuration| if half { configuration["MultiRegionKeyType"] = json!("REPLICA") })
    };
    "promotion-locks-out-cryptography", "UPR-033" ["STA-110" "CRY-001"] concurrent, "While a promotion is carried out nothing can be encrypted or decrypted", |t| {
        if t.is(UPR) { return promote_slowly(t) }
        let half = t.is(CRYPTO) && t.noted_key("begun") > t.noted_key("ended");
        if half { refuse("KMSInvalidStateException") } else { t.run() }
    };
}

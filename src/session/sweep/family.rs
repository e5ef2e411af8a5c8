//! Settling one family: every member is looked at until it is pending deletion, or surely not there.

use super::{Left, Refusal, Sweep, Swept};
use crate::session::ledger::Entry;
use crate::session::open::{Members, Standing};
use crate::transport::Pauses;
use mrkspec_model::call::Operation;
use mrkspec_model::matching::lookup;
use mrkspec_model::shape::is_region;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// How often a refusal must be repeated until it is believed: policies are read late as well.
const REFUSALS: u32 = 3;

/// The time that each family has, however late its turn comes: answers that were lost are to be asked for again.
const LEAST: Duration = Duration::from_secs(1);

/// What a look at a member showed.
enum Seen {
    Member { state: String, is_primary: bool, related: Vec<String> },
    Missing,
    Refused(Refusal),
}

/// A member that is not settled yet.
#[derive(Clone, Debug, Default)]
struct Waiting {
    /// The ledger says that it exists, or may; else this is only a Region that the run has used.
    is_known: bool,
    /// The ledger says no more than that it may.
    in_doubt: bool,
    state: Option<String>,
    why: String,
    refusals: u32,
    given_up: bool,
}

impl Sweep {
    /// Settles a family of which these members are known. The run has used these Regions: there may be more.
    pub(super) async fn settle(&self, key: String, members: Members, used: &BTreeSet<String>) -> Swept {
        let mut swept = Swept::default();
        let mut done: BTreeSet<String> = BTreeSet::new();
        let mut waiting: BTreeMap<String, Waiting> = BTreeMap::new();
        for (region, standing) in members {
            match standing {
                Standing::Settled => drop(done.insert(region)),
                _ => {
                    let in_doubt = standing == Standing::Doubtful;
                    waiting.insert(region, Waiting { is_known: true, in_doubt, ..Waiting::default() });
                }
            }
        }
        // A key that is not multi-Region has no others.
        for region in used.iter().filter(|_| key.starts_with("mrk-")) {
            if !done.contains(region) {
                waiting.entry(region.clone()).or_default();
            }
        }
        let deadline = self.deadline.max(Instant::now() + LEAST);
        let mut pauses = Pauses::until_settled();
        loop {
            let new = self.round(&key, &mut waiting, &mut done, &mut swept).await;
            let now = Instant::now();
            if waiting.values().all(|w| w.given_up) || (now >= deadline && !new) {
                break;
            }
            if !new {
                let until = if now < self.sure_at { self.sure_at } else { deadline };
                pauses.pause_within(until.saturating_duration_since(now)).await;
            }
        }
        let left = waiting.into_iter().filter(|(_, w)| w.is_known);
        let left = left.map(|(region, w)| Left { key: key.clone(), region, state: w.state, why: w.why });
        swept.left.extend(left);
        swept
    }

    /// Looks at every member that waits, and schedules what can be: replicas first. True when a member came to light.
    async fn round(
        &self,
        key: &str,
        waiting: &mut BTreeMap<String, Waiting>,
        done: &mut BTreeSet<String>,
        swept: &mut Swept,
    ) -> bool {
        let mut found = false;
        let (mut replicas, mut primaries) = (Vec::new(), Vec::new());
        let regions: Vec<String> = waiting.iter().filter(|(_, w)| !w.given_up).map(|(r, _)| r.clone()).collect();
        for region in regions {
            let seen = self.look(&region, key).await;
            // What is read before may be from the past.
            let is_sure = Instant::now() >= self.sure_at;
            let Some(member) = waiting.get_mut(&region) else { continue };
            match seen {
                Seen::Member { state, is_primary, related } => {
                    if !member.is_known {
                        member.is_known = true;
                        self.note(&Entry::Found { region: region.clone(), key_id: key.to_string() });
                    }
                    let is_pending = state == "PendingDeletion" || state == "PendingReplicaDeletion";
                    let is_transient = state == "Creating" || state == "Updating";
                    member.why = format!("it stays {state}");
                    member.state = Some(state);
                    for other in related {
                        if !done.contains(&other) && !waiting.contains_key(&other) {
                            self.note(&Entry::Found { region: other.clone(), key_id: key.to_string() });
                            waiting.insert(other, Waiting { is_known: true, ..Waiting::default() });
                            found = true;
                        }
                    }
                    match (is_pending, is_transient) {
                        (true, _) if is_sure => {
                            swept.gone += 1;
                            self.settled(&region, key, waiting, done);
                        }
                        (true, _) | (_, true) => {}
                        _ if is_primary => primaries.push(region),
                        _ => replicas.push(region),
                    }
                }
                Seen::Missing if is_sure && member.is_known => {
                    swept.gone += 1;
                    self.settled(&region, key, waiting, done);
                }
                Seen::Missing if is_sure => drop(waiting.remove(&region)),
                Seen::Missing => member.why = "it is not there".into(),
                // Where nothing is known to be, nothing is asked for.
                Seen::Refused(_) if !member.is_known => drop(waiting.remove(&region)),
                // It was asked for under this name, or in a Region of this name, and no key can have it.
                Seen::Refused(why)
                    if member.in_doubt && (why.is_about_form() || !is_region(&region) && !why.is_passing()) =>
                {
                    self.settled(&region, key, waiting, done);
                }
                Seen::Refused(why) => {
                    member.why = format!("DescribeKey gave {why}");
                    // Deletion may be allowed all the same.
                    if why.is_final() { member.given_up = true } else { replicas.push(region) }
                }
            }
        }
        for region in replicas {
            self.schedule(&region, key, waiting, done, swept).await;
        }
        let others_wait = waiting.iter().any(|(r, w)| w.is_known && !w.given_up && !primaries.contains(r));
        if !others_wait || Instant::now() >= self.deadline {
            for region in primaries {
                self.schedule(&region, key, waiting, done, swept).await;
            }
        }
        found
    }

    fn settled(&self, region: &str, key: &str, waiting: &mut BTreeMap<String, Waiting>, done: &mut BTreeSet<String>) {
        waiting.remove(region);
        done.insert(region.to_string());
        self.note(&Entry::Scheduled { region: region.to_string(), key_id: key.to_string() });
    }

    async fn schedule(
        &self,
        region: &str,
        key: &str,
        waiting: &mut BTreeMap<String, Waiting>,
        done: &mut BTreeSet<String>,
        swept: &mut Swept,
    ) {
        let request = [("KeyId", json!(key)), ("PendingWindowInDays", json!(7))];
        let refused = match self.ask(Operation::ScheduleKeyDeletion, region, &request).await {
            Ok(_) => {
                swept.scheduled += 1;
                return self.settled(region, key, waiting, done);
            }
            Err(refused) => refused,
        };
        let Some(member) = waiting.get_mut(region) else { return };
        member.why = format!("ScheduleKeyDeletion gave {refused}");
        // The state has changed since it was looked at: the next look tells.
        let by_state = refused.is("KMSInvalidStateException") || refused.is("NotFoundException");
        if !by_state && !refused.is_passing() {
            member.refusals += 1;
            member.given_up = refused.is_final() || member.refusals >= REFUSALS;
        }
    }

    async fn look(&self, region: &str, key: &str) -> Seen {
        let body = match self.ask(Operation::DescribeKey, region, &[("KeyId", json!(key))]).await {
            Ok(body) => body,
            Err(why) if why.is("NotFoundException") => return Seen::Missing,
            Err(why) => return Seen::Refused(why),
        };
        let text = |path: &str| lookup(&body, path).and_then(Value::as_str).map(str::to_string);
        let family = &body["KeyMetadata"]["MultiRegionConfiguration"];
        let replicas = family["ReplicaKeys"].as_array().into_iter().flatten();
        let members = replicas.chain(std::iter::once(&family["PrimaryKey"]));
        Seen::Member {
            state: text("KeyMetadata.KeyState").unwrap_or_default(),
            is_primary: family["MultiRegionKeyType"] == "PRIMARY",
            related: members.filter_map(|m| m["Region"].as_str().map(str::to_string)).collect(),
        }
    }
}

//! Waiting periods and expiries: the model has no clock, so whoever sends the calls tells it when
//! a time may have come (F-083, F-121).

use super::driver::Driver;
use mrkspec_model::call::{Arg, Call, Operation};
use mrkspec_model::outcome::Response;
use mrkspec_model::world::{KeyState, Name, Region};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Expiries further away than this are not waited for.
const NEAR: Duration = Duration::from_secs(60);

type Place = (Name, Region);

/// The times that one sequence knows of.
#[derive(Debug)]
pub(super) struct Clock {
    /// When the last call was sent: nothing that it brought about can have begun earlier.
    sent: Instant,
    /// No deletion ends before this.
    deletions: BTreeMap<Place, Instant>,
    /// From when on material may have expired, and when it must have.
    expiries: BTreeMap<Place, (Instant, Instant)>,
}

impl Default for Clock {
    fn default() -> Self {
        Clock { sent: Instant::now(), deletions: BTreeMap::new(), expiries: BTreeMap::new() }
    }
}

impl Driver<'_> {
    /// To be called right before anything is sent: tells the belief what time it is.
    pub(super) fn tick(&mut self) {
        let day = self.shared.client.target().day;
        let period = |window: Option<u32>| day * window.unwrap_or(30);
        let mut pending: BTreeMap<Place, (KeyState, Option<u32>)> = BTreeMap::new();
        let mut members: BTreeMap<Place, Vec<Place>> = BTreeMap::new();
        for world in self.belief.worlds() {
            for (name, family) in &world.families {
                for (region, member) in &family.members {
                    let place = (name.clone(), region.clone());
                    if member.state.is_pending_deletion() {
                        pending.insert(place.clone(), (member.state, member.window));
                    }
                    if member.state == KeyState::PendingReplicaDeletion {
                        let replicas = family.replicas().map(|r| (name.clone(), r.clone())).collect();
                        members.insert(place, replicas);
                    }
                }
            }
        }
        self.clock.deletions.retain(|place, _| pending.contains_key(place));
        for (place, (state, window)) in &pending {
            if *state == KeyState::PendingDeletion {
                self.clock.deletions.entry(place.clone()).or_insert(self.clock.sent + period(*window));
            }
        }
        // A primary's period begins when its last replica is gone, and no earlier than that one may be.
        for (place, replicas) in members {
            let ends: Option<Vec<Instant>> = replicas.iter().map(|r| self.clock.deletions.get(r).copied()).collect();
            if let Some(last) = ends.and_then(|e| e.into_iter().max()) {
                let (_, window) = pending[&place];
                self.clock.deletions.insert(place, last + period(window));
            }
        }
        self.clock.sent = self.pass();
    }

    /// Tells the belief what may be over by now. Also to be called when an answer has come: a call that is
    /// repeated may be answered long after it was sent first.
    pub(super) fn pass(&mut self) -> Instant {
        let now = Instant::now();
        for ((family, region), end) in &self.clock.deletions {
            if *end <= now {
                self.belief.mark_due(family, region);
            }
        }
        for ((family, region), (may, _)) in &self.clock.expiries {
            if *may <= now {
                self.belief.mark_expiring(family, region);
            }
        }
        now
    }

    /// Notes when imported material will expire, if that is soon.
    pub(super) fn note_expiry(&mut self, call: &Call, response: &Response) {
        let (Operation::ImportKeyMaterial | Operation::DeleteImportedKeyMaterial, Response::Success(_)) =
            (call.op, response)
        else {
            return;
        };
        let Some(Arg::Key(key)) = call.args.get("KeyId") else {
            return;
        };
        let place = (key.name.clone(), call.region.clone());
        self.clock.expiries.remove(&place);
        let (Operation::ImportKeyMaterial, Some(Arg::In(time))) = (call.op, call.args.get("ValidTo")) else {
            return;
        };
        if *time <= NEAR {
            // The endpoint's clock need not agree with ours: from half of the time on it may be over.
            let times = (self.clock.sent + *time / 2, self.clock.sent + *time);
            self.clock.expiries.insert(place, times);
        }
    }

    /// Waits until a pending deletion or expiry of this member must have come. False when that
    /// is too far away.
    pub(super) async fn wait_for(&mut self, family: &Name, region: &Region) -> bool {
        self.tick();
        let place = (family.clone(), region.clone());
        let ends = [self.clock.deletions.get(&place), self.clock.expiries.get(&place).map(|(_, must)| must)];
        let Some(end) = ends.into_iter().flatten().max().copied() else {
            return true;
        };
        let left = end.saturating_duration_since(Instant::now());
        if left > NEAR {
            return false;
        }
        tokio::time::sleep(left).await;
        true
    }
}

//! Waiting periods and expiries: the model has no clock, so the oracle, which is told the time, says when
//! one may be over (F-083, F-121).

use mrkspec_model::belief::{Belief, Worlds};
use mrkspec_model::call::{Arg, Call, Operation};
use mrkspec_model::materials::given;
use mrkspec_model::outcome::Response;
use mrkspec_model::world::{KeyState, Name, Region};
use mrkspec_model::worlds::read_alike;
use std::collections::BTreeMap;
use std::time::Duration;

type Place = (Name, Region);

/// The ends that one sequence knows of. All times count from when the sequence began.
#[derive(Debug)]
pub(super) struct Schedule {
    day: Duration,
    /// When the last call was sent: nothing that it brought about can have begun earlier.
    sent: Duration,
    /// No deletion ends before this.
    deletions: BTreeMap<Place, Duration>,
    /// From when on material of this name may have expired, and when it must have.
    expiries: BTreeMap<(Place, Name), (Duration, Duration)>,
    /// Nobody knows how much time passes: what can expire may have expired.
    timeless: bool,
    /// The worlds in which pending deletions were last looked for.
    seen: Option<Worlds>,
}

impl Schedule {
    pub(super) fn new(day: Duration) -> Schedule {
        Schedule {
            day,
            sent: Duration::ZERO,
            deletions: BTreeMap::new(),
            expiries: BTreeMap::new(),
            timeless: false,
            seen: None,
        }
    }

    pub(super) fn before_send(&mut self, now: Duration, belief: &mut Belief) {
        let worlds = belief.snapshot();
        if !self.seen.as_ref().is_some_and(|seen| read_alike(seen, &worlds)) {
            self.find_deletions(belief);
            self.seen = Some(worlds);
        }
        self.pass(now, belief);
        self.sent = now;
    }

    fn find_deletions(&mut self, belief: &Belief) {
        let day = self.day;
        let period = |window: Option<u32>| day.saturating_mul(window.unwrap_or(30));
        let mut pending: BTreeMap<Place, (KeyState, Option<u32>)> = BTreeMap::new();
        let mut waiting: BTreeMap<Place, Vec<Place>> = BTreeMap::new();
        for world in belief.worlds() {
            for (name, family) in &world.families {
                for (region, member) in family.members.iter().filter(|(_, m)| m.state.is_pending_deletion()) {
                    let place = (name.clone(), region.clone());
                    pending.insert(place.clone(), (member.state, member.window));
                    if member.state == KeyState::PendingReplicaDeletion {
                        let replicas = family.replicas().map(|r| (name.clone(), r.clone())).collect();
                        waiting.insert(place, replicas);
                    }
                }
            }
        }
        self.deletions.retain(|place, _| pending.contains_key(place));
        for (place, (state, window)) in &pending {
            if *state == KeyState::PendingDeletion {
                self.deletions.entry(place.clone()).or_insert(self.sent.saturating_add(period(*window)));
            }
        }
        // A primary's period begins when its last replica is gone, and no earlier than that one may be.
        for (place, replicas) in waiting {
            let ends: Option<Vec<Duration>> = replicas.iter().map(|r| self.deletions.get(r).copied()).collect();
            if let Some(last) = ends.and_then(|e| e.into_iter().max()) {
                let (_, window) = pending[&place];
                self.deletions.insert(place, last.saturating_add(period(window)));
            }
        }
    }

    /// Tells the belief what may be over by now.
    pub(super) fn pass(&mut self, now: Duration, belief: &mut Belief) {
        for ((family, region), end) in &self.deletions {
            if *end <= now {
                belief.mark_due(family, region);
            }
        }
        for (((family, region), material), (may, _)) in &self.expiries {
            if *may <= now || self.timeless {
                belief.mark_expiring(family, region, material);
            }
        }
    }

    /// From now on nobody knows how much time passes between calls.
    pub(super) fn lose_time(&mut self) {
        self.timeless = true;
    }

    /// Notes when imported material will expire, if that is soon.
    pub(super) fn note_expiry(&mut self, call: &Call, response: &Response) {
        let (Operation::ImportKeyMaterial, Response::Success(_)) = (call.op, response) else { return };
        let (Some(Arg::Key(key)), Some(material)) = (call.args.get("KeyId"), given(call)) else { return };
        let place = ((key.name.clone(), call.region.clone()), material.clone());
        self.expiries.remove(&place);
        if let Some(Arg::In(time)) = call.args.get("ValidTo") {
            // The endpoint's clock need not agree with ours: from half of the time on it may be over.
            let may = (*time / 2).min(time.saturating_sub(Duration::from_secs(1)));
            self.expiries.insert(place, (self.sent + may, self.sent + *time));
        }
    }

    /// How long until a pending deletion or expiry of this member must have come.
    pub(super) fn time_left(&self, family: &Name, region: &Region, now: Duration) -> Duration {
        let place = (family.clone(), region.clone());
        let expiries = self.expiries.iter().filter(|((at, _), _)| *at == place).map(|(_, (_, must))| must);
        let end = self.deletions.get(&place).into_iter().chain(expiries).max().copied();
        end.map_or(Duration::ZERO, |end| end.saturating_sub(now))
    }
}

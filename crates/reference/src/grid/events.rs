//! What has happened to a family, read off how it was and how it is.

use super::cell::Event;
use crate::store::{Family, State};
use std::collections::BTreeSet;

/// Something that happened: in which Region, and to which new replica or primary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    pub event: Event,
    pub acting: String,
    pub new: Option<String>,
}

/// What a family has been through.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// Regions that have, or had, a member.
    pub regions: BTreeSet<String>,
    /// Regions whose member is, or was, the primary, in order of their first time.
    pub primaries: Vec<String>,
    /// Kinds of events so far.
    pub events: BTreeSet<Event>,
}

impl Past {
    /// What happened between these, and from now on belongs to the past. `operation` is what was asked for.
    pub fn learn(&mut self, before: Option<&Family>, after: &Family, operation: &str) -> Vec<Happened> {
        let mut all = Vec::new();
        let mut add = |event, acting: &str, new: Option<&String>| {
            all.push(Happened { event, acting: acting.to_string(), new: new.cloned() });
        };
        match before {
            None => add(Event::Create, &after.primary, None),
            Some(before) => {
                for new in after.members.keys().filter(|r| !before.members.contains_key(*r)) {
                    let again = self.regions.contains(new);
                    add(if again { Event::ReplicateAgain } else { Event::Replicate }, &after.primary, Some(new));
                }
                if before.primary != after.primary {
                    let event = match () {
                        () if self.primaries.contains(&after.primary) => Event::PromoteBack,
                        () if self.primaries.len() > 1 => Event::PromoteOnward,
                        () => Event::Promote,
                    };
                    add(event, &before.primary, Some(&after.primary));
                }
                if after.rotations.len() > before.rotations.len() {
                    add(Event::Rotate, &after.primary, None);
                }
                for region in before.members.keys() {
                    for event in of_member(before, after, region, operation) {
                        add(event, region, None);
                    }
                }
            }
        }
        self.regions.extend(after.members.keys().cloned());
        if !self.primaries.contains(&after.primary) {
            self.primaries.push(after.primary.clone());
        }
        self.events.extend(all.iter().map(|h| h.event));
        all
    }
}

fn of_member(before: &Family, after: &Family, region: &str, operation: &str) -> Vec<Event> {
    let old = &before.members[region];
    let Some(new) = after.members.get(region) else {
        return vec![Event::Delete];
    };
    let mut events = Vec::new();
    let dying = |s: State| matches!(s, State::PendingDeletion | State::PendingReplicaDeletion);
    match (old.state, new.state) {
        (State::Enabled, State::Disabled) => events.push(Event::Disable),
        (State::Disabled, State::Enabled) => events.push(Event::Enable),
        (a, b) if !dying(a) && dying(b) => events.push(Event::Schedule),
        (a, b) if dying(a) && !dying(b) => events.push(Event::Cancel),
        (State::Enabled | State::Disabled, State::PendingImport) if operation != "DeleteImportedKeyMaterial" => {
            events.push(Event::Expire);
        }
        _ => {}
    }
    let has = |k: &crate::store::Key| usize::from(k.imported.is_some()) + k.held.len();
    if has(new) > has(old) {
        events.push(Event::Import);
    }
    events
}

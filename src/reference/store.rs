//! What the endpoint remembers.

use super::crypto::Material;
use std::collections::BTreeMap;
use std::time::{Instant, SystemTime};

/// The lasting state of a key; Creating and Updating are read off the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Enabled,
    Disabled,
    PendingImport,
    PendingDeletion,
    PendingReplicaDeletion,
}

/// One key in one Region.
pub struct Key {
    pub state: State,
    pub created: SystemTime,
    /// Until when the key is in Creating.
    pub creating_until: Option<Instant>,
    pub description: String,
    pub policy: String,
    pub tags: BTreeMap<String, String>,
    pub deletion_window: i64,
    pub deletion_date: Option<SystemTime>,
}

/// A promotion under way.
pub struct Transit {
    pub from: String,
    pub to: String,
    pub until: Instant,
}

/// An on-demand rotation.
pub struct Rotated {
    pub at: SystemTime,
}

/// All Regions of one key id.
pub struct Family {
    pub id: String,
    pub multi_region: bool,
    pub spec: String,
    pub usage: String,
    pub origin: String,
    pub primary: String,
    pub members: BTreeMap<String, Key>,
    /// Every version; the last one encrypts. Empty for EXTERNAL keys without material.
    pub materials: Vec<Material>,
    pub rotation_period: Option<i64>,
    pub rotations: Vec<Rotated>,
    pub transit: Option<Transit>,
}

impl Family {
    /// Whether this member is an old or new primary that is still Updating.
    pub fn updating(&self, region: &str, now: Instant) -> bool {
        let transit = self.transit.as_ref().filter(|t| t.until > now);
        transit.is_some_and(|t| t.from == region || t.to == region)
    }

    /// The name of the key state that this member shows.
    pub fn state_name(&self, region: &str, now: Instant) -> &'static str {
        let key = &self.members[region];
        if key.creating_until.is_some_and(|t| t > now) {
            return "Creating";
        }
        if self.updating(region, now) {
            return "Updating";
        }
        match key.state {
            State::Enabled => "Enabled",
            State::Disabled => "Disabled",
            State::PendingImport => "PendingImport",
            State::PendingDeletion => "PendingDeletion",
            State::PendingReplicaDeletion => "PendingReplicaDeletion",
        }
    }
}

/// An alias of one Region.
pub struct Alias {
    pub key_id: String,
    pub created: SystemTime,
    pub updated: SystemTime,
}

/// One AWS account.
#[derive(Default)]
pub struct Account {
    /// By key id.
    pub families: BTreeMap<String, Family>,
    /// By Region and name (`alias/…`).
    pub aliases: BTreeMap<(String, String), Alias>,
}

/// The whole service.
#[derive(Default)]
pub struct Store {
    pub accounts: BTreeMap<String, Account>,
}

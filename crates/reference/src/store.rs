//! What the endpoint remembers.

use super::crypto::Material;
use super::engine::has_expired;
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant, SystemTime};

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
#[derive(Clone)]
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
    /// When the waiting period is over.
    pub deletion_due: Option<Instant>,
    pub grants: Vec<Grant>,
    /// Imported material, if there is any.
    pub imported: Option<Imported>,
    /// What GetParametersForImport gave out.
    pub parameters: Vec<Parameters>,
}

impl Key {
    /// A key without any options.
    pub fn new(state: State, created: SystemTime, policy: String) -> Key {
        Key {
            state,
            created,
            creating_until: None,
            description: String::new(),
            policy,
            tags: BTreeMap::new(),
            deletion_window: 0,
            deletion_date: None,
            deletion_due: None,
            grants: Vec::new(),
            imported: None,
            parameters: Vec::new(),
        }
    }

    /// Deletes imported material.
    pub fn lose_material(&mut self) {
        self.imported = None;
        if matches!(self.state, State::Enabled | State::Disabled) {
            self.state = State::PendingImport;
        }
    }
}

/// A grant on one key.
#[derive(Clone)]
pub struct Grant {
    pub id: String,
    pub token: String,
    pub name: Option<String>,
    pub grantee: String,
    pub retiring: Option<String>,
    pub operations: Vec<String>,
    /// EncryptionContextEquals.
    pub equals: Option<BTreeMap<String, String>>,
    /// EncryptionContextSubset.
    pub subset: Option<BTreeMap<String, String>>,
    pub created: SystemTime,
}

/// Status of imported material.
#[derive(Clone, Copy)]
pub struct Imported {
    pub valid_to: Option<SystemTime>,
}

/// An import token and what belongs to it.
#[derive(Clone)]
pub struct Parameters {
    pub token: Vec<u8>,
    pub algorithm: String,
    pub spec: String,
    pub valid_to: SystemTime,
}

/// A promotion under way.
#[derive(Clone)]
pub struct Transit {
    pub from: String,
    pub to: String,
    pub until: Instant,
}

/// An on-demand rotation.
#[derive(Clone)]
pub struct Rotated {
    pub at: SystemTime,
}

/// All Regions of one key id.
#[derive(Clone)]
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
#[derive(Clone)]
pub struct Alias {
    pub key_id: String,
    pub created: SystemTime,
    pub updated: SystemTime,
}

/// One AWS account.
#[derive(Clone, Default)]
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
    /// How accounts were right before a change.
    history: VecDeque<(Instant, String, Account)>,
}

impl Store {
    /// Keeps the account as it is before a change; forgets what is older than `keep`.
    pub fn remember(&mut self, account: &str, now: Instant, keep: Duration) {
        while self.history.front().is_some_and(|(time, ..)| now.duration_since(*time) > keep) {
            self.history.pop_front();
        }
        let present = self.accounts.get(account).cloned().unwrap_or_default();
        self.history.push_back((now, account.to_string(), present));
    }

    /// The account as it was right before the first change since then, if there was one.
    pub fn past(&self, account: &str, since: Instant) -> Option<Account> {
        let then = self.history.iter().find(|(time, name, _)| *time >= since && name == account);
        then.map(|(_, _, past)| past.clone())
    }
}

impl Account {
    /// Does what time brings about: ends waiting periods of deletions, and expires material.
    pub fn tick(&mut self, now: Instant, wall: SystemTime, day: Duration) {
        for family in self.families.values_mut() {
            let due = |k: &Key| k.state == State::PendingDeletion && k.deletion_due.is_some_and(|t| t <= now);
            let gone: Vec<String> = family.members.iter().filter(|(_, k)| due(k)).map(|(r, _)| r.clone()).collect();
            for region in gone {
                family.members.remove(&region);
                self.aliases.retain(|(r, _), alias| *r != region || alias.key_id != family.id);
            }
            for key in family.members.values_mut().filter(|k| has_expired(&k.imported, wall)) {
                key.lose_material();
            }
            let alone = family.members.len() == 1;
            for key in family.members.values_mut().filter(|k| alone && k.state == State::PendingReplicaDeletion) {
                // The last replica is gone: now the primary's own period begins.
                let window = day * key.deletion_window as u32;
                key.state = State::PendingDeletion;
                key.deletion_due = Some(now + window);
                key.deletion_date = Some(wall + window);
            }
        }
    }
}

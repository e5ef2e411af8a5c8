//! What the endpoint remembers.

use super::Choices;
use super::crypto::{self, Material};
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
    /// The current imported material, if this member has it.
    pub imported: Option<Imported>,
    /// Other imported material that this member has, by version: older ones, and the one that is
    /// pending rotation.
    pub held: BTreeMap<usize, Imported>,
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
            held: BTreeMap::new(),
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

impl Imported {
    /// Whether the material can be used at this time.
    pub fn is_valid(&self, wall: SystemTime) -> bool {
        self.valid_to.is_none_or(|t| t > wall)
    }
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

/// An on-demand rotation that is done.
#[derive(Clone)]
pub struct Rotated {
    pub at: SystemTime,
}

/// An on-demand rotation under way.
#[derive(Clone)]
pub struct Rotating {
    pub since: SystemTime,
    /// When it will be done, by both clocks.
    pub due: Instant,
    pub ends: SystemTime,
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
    /// Imported material that waits for a rotation (F-125).
    pub pending: Option<Material>,
    /// Descriptions of imported material, by its id.
    pub descriptions: BTreeMap<String, String>,
    pub rotation_period: Option<i64>,
    /// When the period was set or last changed.
    pub period_set: Option<SystemTime>,
    pub rotations: Vec<Rotated>,
    pub rotating: Option<Rotating>,
    pub transit: Option<Transit>,
}

impl Family {
    /// Whether this member is an old or new primary that is still Updating.
    pub fn updating(&self, region: &str, now: Instant) -> bool {
        let transit = self.transit.as_ref().filter(|t| t.until > now);
        transit.is_some_and(|t| t.from == region || t.to == region)
    }

    /// Whether this member lacks imported material that it needs: the current one, or an older one.
    /// Material that is pending rotation does not count (F-121).
    pub fn lacks_material(&self, region: &str, wall: SystemTime) -> bool {
        let Some(key) = self.members.get(region).filter(|_| self.origin == "EXTERNAL") else {
            return false;
        };
        let valid = |i: Option<&Imported>| i.is_some_and(|i| i.is_valid(wall));
        let older = self.materials.len().saturating_sub(1);
        !valid(key.imported.as_ref()) || (0..older).any(|v| !valid(key.held.get(&v)))
    }

    /// Does what a rotation does when its time has come: with imported material, whatever is pending
    /// now becomes current; nothing pending, nothing rotated (F-126).
    pub fn finish_rotation(&mut self, at: SystemTime) {
        self.rotating = None;
        if self.origin != "EXTERNAL" {
            self.materials.extend(crypto::generate(&self.spec));
            self.rotations.push(Rotated { at });
            return;
        }
        let Some(material) = self.pending.take() else {
            return;
        };
        let version = self.materials.len();
        self.materials.push(material);
        self.rotations.push(Rotated { at });
        for key in self.members.values_mut() {
            let new = key.held.remove(&version);
            if let (Some(old), Some(last)) = (std::mem::replace(&mut key.imported, new), version.checked_sub(1)) {
                key.held.insert(last, old);
            }
        }
    }

    /// Deletes material that has expired, but for what is pending rotation; whether there was any.
    pub fn forget_expired(&mut self, wall: SystemTime) -> bool {
        let (mut found, count) = (false, self.materials.len());
        for key in self.members.values_mut() {
            let before = key.held.len() + usize::from(key.imported.is_some());
            key.held.retain(|version, i| *version >= count || i.is_valid(wall));
            key.imported = key.imported.filter(|i| i.is_valid(wall));
            found |= before > key.held.len() + usize::from(key.imported.is_some());
        }
        found
    }

    /// Shows PendingImport on every member that lacks material.
    pub fn settle_material(&mut self, wall: SystemTime) {
        let lacking: Vec<String> = self.members.keys().filter(|r| self.lacks_material(r, wall)).cloned().collect();
        for region in lacking {
            let key = self.members.get_mut(&region).expect("a member");
            if matches!(key.state, State::Enabled | State::Disabled) {
                key.state = State::PendingImport;
            }
        }
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
    /// Does what time brings about: ends rotations and waiting periods of deletions, and expires material.
    pub fn tick(&mut self, now: Instant, wall: SystemTime, day: Duration, choices: Choices) {
        for family in self.families.values_mut() {
            if let Some(ends) = family.rotating.as_ref().filter(|r| r.due <= now).map(|r| r.ends) {
                family.finish_rotation(ends);
                family.settle_material(wall);
            }
            let due = |k: &Key| k.state == State::PendingDeletion && k.deletion_due.is_some_and(|t| t <= now);
            let gone: Vec<String> = family.members.iter().filter(|(_, k)| due(k)).map(|(r, _)| r.clone()).collect();
            for region in gone {
                family.members.remove(&region);
                self.aliases.retain(|(r, _), alias| *r != region || alias.key_id != family.id);
            }
            // What has expired stays in the lists on AWS, as if nobody had noticed (F-097).
            if choices == Choices::Recorded || family.forget_expired(wall) {
                family.settle_material(wall);
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

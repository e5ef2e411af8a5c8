//! What a cell does to a member, or to how a member sees its family.

use super::cell::{Effect, Property};
use crate::crypto;
use crate::engine::default_policy;
use crate::material::Material;
use crate::store::{Family, Key, Rotated};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

/// How a member sees what belongs to the whole family, where that is not as it is.
pub enum View {
    Material(Vec<Material>),
    Rotation(Option<i64>),
    /// The list is made of the versions and of when they came.
    History(Vec<Rotated>, Vec<Material>),
    Primary(String),
    /// Members that it does not see.
    Members(BTreeMap<String, Option<Key>>),
}

impl View {
    /// What the view shows instead: exchanged with what is there, and exchanged back afterwards.
    pub fn exchange(&mut self, family: &mut Family) {
        match self {
            View::Material(materials) => std::mem::swap(materials, &mut family.materials),
            View::Rotation(period) => std::mem::swap(period, &mut family.rotation_period),
            View::History(rotations, materials) => {
                std::mem::swap(rotations, &mut family.rotations);
                std::mem::swap(materials, &mut family.materials);
            }
            View::Primary(primary) => std::mem::swap(primary, &mut family.primary),
            View::Members(hidden) => {
                for (region, slot) in hidden {
                    match slot.take() {
                        Some(key) => drop(family.members.insert(region.clone(), key)),
                        None => *slot = family.members.remove(region),
                    }
                }
            }
        }
    }

    /// Operations that show it.
    pub fn shown_by(&self) -> &'static str {
        match self {
            View::Material(_) => {
                "Encrypt Decrypt ReEncrypt GenerateDataKey GenerateDataKeyWithoutPlaintext GenerateDataKeyPair \
                 GenerateDataKeyPairWithoutPlaintext Sign Verify GetPublicKey GenerateMac VerifyMac DeriveSharedSecret"
            }
            View::Rotation(_) => "GetKeyRotationStatus",
            View::History(..) => "ListKeyRotations",
            View::Primary(_) | View::Members(_) => "DescribeKey",
        }
    }
}

/// How the member in this Region sees the family from now on; `None` where that makes no difference.
pub fn view(
    property: Property,
    effect: Effect,
    region: &str,
    first: &str,
    before: Option<&Family>,
    now: &Family,
) -> Option<View> {
    let before = before.filter(|_| effect == Effect::Stale);
    match (property, effect) {
        (Property::Material, Effect::Lost) => {
            let older = now.materials.len().checked_sub(2)? + 1;
            let mut materials = now.materials.clone();
            for material in &mut materials[..older] {
                *material = crypto::generate(&now.spec)?;
            }
            Some(View::Material(materials))
        }
        (Property::Material, Effect::Reset) => {
            let new: Option<Vec<Material>> = now.materials.iter().map(|_| crypto::generate(&now.spec)).collect();
            Some(View::Material(new.filter(|m| !m.is_empty())?))
        }
        (Property::Material, _) => Some(View::Material(before?.materials.clone())),
        (Property::Rotation, effect) => {
            let period = if effect == Effect::Lost { None } else { Some(365) };
            // Nothing is set back that was not set.
            (now.rotation_period.is_some() && now.rotation_period != period).then_some(View::Rotation(period))
        }
        (Property::History, Effect::Lost) => {
            let first = now.materials.first().cloned().into_iter().collect();
            (!now.rotations.is_empty()).then(|| View::History(Vec::new(), first))
        }
        (Property::History, _) => {
            let before = before?;
            Some(View::History(before.rotations.clone(), before.materials.clone()))
        }
        (Property::Primary, Effect::Reset) => (now.primary != first).then(|| View::Primary(first.to_string())),
        (Property::Primary, _) => Some(View::Primary(before?.primary.clone())),
        (Property::Members, effect) => {
            let seen: BTreeSet<&String> = match effect {
                Effect::Lost => [&now.primary].into(),
                _ => before?.members.keys().collect(),
            };
            let hidden = now.members.keys().filter(|r| *r != region && !seen.contains(r));
            let hidden: BTreeMap<String, Option<Key>> = hidden.map(|r| (r.clone(), None)).collect();
            (!hidden.is_empty()).then_some(View::Members(hidden))
        }
        _ => None,
    }
}

/// Whence a member's property comes.
pub struct Sources<'s> {
    /// The other member, for what is copied.
    pub other: Option<&'s Key>,
    /// The member as it was, for what is stale.
    pub earlier: Option<&'s Key>,
    pub account: &'s str,
    pub wall: SystemTime,
    /// How long a day of a waiting period takes.
    pub day: Duration,
}

/// Changes what the member has; whether that makes a difference.
pub fn change(property: Property, effect: Effect, key: &mut Key, from: &Sources) -> bool {
    let source = match effect {
        Effect::Copied => from.other,
        Effect::Stale => from.earlier,
        Effect::Lost | Effect::Reset => None,
    };
    if source.is_none() && matches!(effect, Effect::Copied | Effect::Stale) {
        return false;
    }
    match property {
        Property::State => put(&mut key.state, source.map_or(crate::store::State::Enabled, |s| s.state)),
        Property::Policy => {
            put(&mut key.policy, source.map_or_else(|| default_policy(from.account), |s| s.policy.clone()))
        }
        Property::Description => put(&mut key.description, source.map(|s| s.description.clone()).unwrap_or_default()),
        Property::Tags => put(&mut key.tags, source.map(|s| s.tags.clone()).unwrap_or_default()),
        Property::CreationDate => put(&mut key.created, source.map_or(from.wall, |s| s.created)),
        Property::Grants => {
            let ids = |grants: &[crate::store::Grant]| grants.iter().map(|g| g.id.clone()).collect::<Vec<_>>();
            let before = ids(&key.grants);
            key.grants = source.map(|s| s.grants.clone()).unwrap_or_default();
            before != ids(&key.grants)
        }
        Property::Imported => {
            let has = |k: &Key| (k.imported.is_some(), k.held.keys().copied().collect::<Vec<_>>());
            let before = has(key);
            (key.imported, key.held) = source.map(|s| (s.imported, s.held.clone())).unwrap_or_default();
            if before.0 && key.imported.is_none() {
                key.lose_material();
            }
            before != has(key)
        }
        Property::Expiry => {
            let until = source.and_then(|s| s.imported).and_then(|i| i.valid_to);
            key.imported.as_mut().is_some_and(|i| put(&mut i.valid_to, until))
        }
        Property::DeletionClock => {
            if key.deletion_date.is_none() {
                return false;
            }
            let longest = from.day * 30;
            let due = std::time::Instant::now() + longest;
            let (window, date, due) = match source {
                Some(s) => (s.deletion_window, s.deletion_date, s.deletion_due),
                None => (30, key.deletion_due.map(|_| from.wall + longest), key.deletion_due.map(|_| due)),
            };
            let clock = (&mut key.deletion_window, &mut key.deletion_date, &mut key.deletion_due);
            put(clock.0, window) | put(clock.1, date) | put(clock.2, due)
        }
        Property::Aliases
        | Property::Material
        | Property::Rotation
        | Property::History
        | Property::Primary
        | Property::Members => false,
    }
}

fn put<T: PartialEq>(slot: &mut T, value: T) -> bool {
    let differs = *slot != value;
    *slot = value;
    differs
}

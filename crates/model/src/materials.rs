//! Imported key material of a family: which there is, and what each member holds of it (F-120 to F-127).

use crate::call::{Arg, Call};
use crate::keyspec::Origin;
use crate::world::{Artifact, Family, KeyState, Member, Name, Region, World};
use std::collections::BTreeMap;

/// The imported material of a family. Keys of other kinds than symmetric ones have one at most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Materials {
    /// What the family has worked with, oldest first; the last one is CURRENT (F-097).
    pub used: Vec<Name>,
    /// What waits for a rotation (F-125).
    pub pending: Option<Name>,
    /// KeyMaterialDescription, where it is known (F-097).
    pub described: BTreeMap<Name, String>,
    /// True once a promotion made a member the primary that has never got what waits: whether it waits still is
    /// not recorded (F-125, Q-18).
    pub left_behind: bool,
    /// True while a rotation on demand that was accepted may not have ended yet (F-126).
    pub rotating: bool,
    /// True once new material was refused as if there were no such thing: endpoints may know one material only.
    pub one_only: bool,
}

impl Materials {
    /// What new ciphertexts are made with.
    pub fn current(&self) -> Option<&Name> {
        self.used.last()
    }

    /// Whether the family has this material, also if it waits for a rotation.
    pub fn has(&self, material: &Name) -> bool {
        self.used.contains(material) || self.pending.as_ref() == Some(material)
    }

    /// How many rotations have been completed (F-093).
    pub fn rotations(&self) -> u32 {
        self.used.len().saturating_sub(1) as u32
    }
}

/// Import status of one material in one member: never shared (F-032, F-121).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Imported {
    /// KEY_MATERIAL_DOES_NOT_EXPIRE.
    Lasting,
    /// KEY_MATERIAL_EXPIRES, at a time that is not near.
    Expiring,
    /// A time that is not near was given, and no model: that it expires is implied (F-124).
    Implied,
    /// KEY_MATERIAL_EXPIRES, and that time may have come.
    Due,
    /// It has expired. Lists may go on showing it (F-097).
    Expired,
}

impl Member {
    /// Whether it holds material that can be used.
    pub fn holds(&self, material: &Name) -> bool {
        self.held.get(material).is_some_and(|i| *i != Imported::Expired)
    }
}

impl Family {
    /// True for a member without imported material that it needs: the current one, or an older one. What waits
    /// for a rotation does not count (F-121).
    pub fn lacks_material(&self, region: &str) -> bool {
        let used = &self.materials.used;
        let holds = |m: &Member| !used.is_empty() && used.iter().all(|n| m.holds(n));
        self.origin == Origin::External && !self.members.get(region).is_some_and(holds)
    }

    /// How much of the material that a member needs it holds.
    pub fn held_materials(&self, region: &str) -> usize {
        let used = &self.materials.used;
        self.members.get(region).map_or(0, |m| used.iter().filter(|n| m.holds(n)).count())
    }

    /// The import status of the current material in a member, if it holds it.
    pub fn import_status(&self, region: &str) -> Option<Imported> {
        let current = self.materials.current()?;
        self.members.get(region)?.held.get(current).copied().filter(|i| *i != Imported::Expired)
    }

    /// Whether some member, deletion apart, has never got what waits for a rotation.
    pub fn pending_is_missing(&self) -> bool {
        let Some(pending) = &self.materials.pending else { return false };
        let lacks = |m: &Member| !m.state.is_pending_deletion() && !m.held.contains_key(pending);
        self.members.values().any(lacks)
    }

    /// Shows PendingImport where material is missing that is needed now; a disabled key may stay as it is, if
    /// that is asked for: what AWS does with one is not recorded.
    pub fn show_missing_material(&mut self, disabled_too: bool) {
        let lacking: Vec<Region> = self.members.keys().filter(|r| self.lacks_material(r)).cloned().collect();
        for region in lacking {
            let state = &mut self.members.get_mut(&region).expect("a member").state;
            if *state == KeyState::Enabled || (disabled_too && *state == KeyState::Disabled) {
                *state = KeyState::PendingImport;
            }
        }
    }

    /// True when a rotation on demand was accepted and has not been seen to have ended (F-092).
    pub fn awaits_rotation(&self) -> bool {
        self.rotations.is_awaited() || self.materials.rotating
    }

    /// Every way in which a rotation of imported material can end: whatever waits is current then; nothing
    /// waits, nothing changes (F-126).
    pub fn rotation_ends(&self) -> Vec<Family> {
        let mut ended = self.clone();
        ended.materials.rotating = false;
        let Some(pending) = ended.materials.pending.take() else { return vec![ended] };
        ended.materials.used.push(pending);
        let mut kept = ended.clone();
        ended.show_missing_material(true);
        kept.show_missing_material(false);
        if kept == ended { vec![ended] } else { vec![ended, kept] }
    }
}

/// The material that a request imports.
pub fn given(call: &Call) -> Option<&Name> {
    match call.args.get("EncryptedKeyMaterial") {
        Some(Arg::Material { name, .. }) => Some(name),
        _ => None,
    }
}

/// The material that KeyMaterialId of a request names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named<'w> {
    /// The member is not there.
    None,
    /// Material that was imported into this family.
    Of(&'w Name),
    /// An id that no import into this family has given.
    Unknown,
}

/// What KeyMaterialId of a request to this family names (F-127).
pub fn named<'w>(world: &'w World, call: &Call, family: &Name) -> Named<'w> {
    match call.args.get("KeyMaterialId") {
        None => Named::None,
        Some(Arg::Result { step, damaged: false }) => match world.artifacts.get(step) {
            Some(Artifact::Material { family: of, material }) if of == family => Named::Of(material),
            _ => Named::Unknown,
        },
        Some(_) => Named::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Operation;
    use crate::step::step;

    const HERE: &str = "us-east-1";

    /// A key with material `a` here and `b` waiting, as this member holds them.
    fn key(held: &[(&str, Imported)], state: KeyState) -> World {
        let call = Call::new(Operation::CreateKey, HERE).with("Origin", Arg::Json("EXTERNAL".into()));
        let mut world = step(&World::default(), &Call { name: "k".into(), ..call }).remove(0).next;
        world.family_mut("k").materials =
            Materials { used: vec!["a".into()], pending: Some("b".into()), ..Materials::default() };
        let member = world.member_mut("k", HERE);
        member.state = state;
        member.held = held.iter().map(|(name, status)| ((*name).into(), *status)).collect();
        world
    }

    fn family(world: &World) -> &Family {
        world.family("k").expect("just made")
    }

    #[test]
    fn what_waits_is_not_missed_and_what_is_used_is() {
        let world = key(&[("a", Imported::Lasting)], KeyState::Enabled);
        assert!(!family(&world).lacks_material(HERE) && family(&world).pending_is_missing());
        let world = key(&[("a", Imported::Expired), ("b", Imported::Lasting)], KeyState::Enabled);
        assert!(family(&world).lacks_material(HERE) && !family(&world).pending_is_missing());
        assert_eq!(family(&world).import_status(HERE), None);
    }

    #[test]
    fn a_rotation_takes_what_waits_and_shows_what_is_missing() {
        let complete = key(&[("a", Imported::Lasting), ("b", Imported::Lasting)], KeyState::Enabled);
        let [ended] = &family(&complete).rotation_ends()[..] else { panic!("one end") };
        assert_eq!(ended.materials.rotations(), 1);
        assert_eq!(ended.members[HERE].state, KeyState::Enabled);
        let expired = key(&[("a", Imported::Lasting), ("b", Imported::Expired)], KeyState::Enabled);
        assert_eq!(family(&expired).rotation_ends()[0].members[HERE].state, KeyState::PendingImport);
        let disabled = key(&[("a", Imported::Lasting)], KeyState::Disabled);
        let states: Vec<_> = family(&disabled).rotation_ends().iter().map(|f| f.members[HERE].state).collect();
        assert_eq!(states, [KeyState::PendingImport, KeyState::Disabled]);
    }

    #[test]
    fn a_rotation_without_anything_that_waits_ends_without_a_change() {
        let mut world = key(&[("a", Imported::Lasting)], KeyState::Enabled);
        world.family_mut("k").materials.pending = None;
        world.family_mut("k").materials.rotating = true;
        assert!(!family(&world).is_settled());
        let settled = world.settled();
        assert_eq!(family(&settled).materials.used, ["a".into()]);
        assert!(family(&settled).is_settled());
    }

    #[test]
    fn expiry_stops_a_key_only_if_it_is_used() {
        let world = key(&[("a", Imported::Lasting), ("b", Imported::Due)], KeyState::Enabled).settled();
        assert_eq!(family(&world).members[HERE].state, KeyState::Enabled);
        let world = key(&[("a", Imported::Due)], KeyState::Enabled).settled();
        assert_eq!(family(&world).members[HERE].state, KeyState::PendingImport);
    }
}

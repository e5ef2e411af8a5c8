//! Rotation of imported key material (F-093, F-096, F-097, F-125, F-126).

use super::resolve::{Target, origin_text};
use crate::bindings::Slot;
use crate::listed::Listed;
use crate::outcome::{Aspect, Check, Matcher, Outcome, Reason, Refusals};
use crate::world::{Family, Imported, KeyState, Member, Name, World};

const UNSUPPORTED: &str = "UnsupportedOperationException";
const STATE: &str = "KMSInvalidStateException";

/// RotateKeyOnDemand of a symmetric key with imported material: whatever waits is taken into use (F-096).
pub fn rotate(world: &World, target: &Target, mut refusals: Refusals) -> Vec<Outcome> {
    let (family, arn) = (target.family, target.arn());
    let mut optional = Refusals::default();
    if family.materials.rotating {
        // A repeat: a success without a second one, or refused; nor need there be anything left that waits.
        optional.refuse(&["ConflictException", STATE], Reason::RotationUnderWay);
    } else if target.state() == KeyState::PendingImport || family.materials.pending.is_none() {
        let texts = [
            format!("No available key material pending rotation for the key: {arn}."),
            format!("{arn} is pending import."),
        ];
        // Endpoints that know one material only refuse the kind of key.
        let refusal = refusals.refuse(&[STATE, UNSUPPORTED], Reason::NoNewMaterial);
        refusal.text(STATE, &texts).text(UNSUPPORTED, &[origin_text(target)]);
    } else if family.pending_is_missing() {
        let text = "Cannot perform key material rotation: \
                    Key material has not been imported for replicas of the Multi-Region key.";
        refusals.refuse(&[STATE], Reason::MaterialMissing).text(STATE, &[text.to_string()]);
    } else {
        may_be_missing(family, &mut optional);
    }
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    if family.materials.rotations() >= 10 {
        // The limit was 10 until 2025 (F-092).
        optional.refuse(&["LimitExceededException"], Reason::RotationLimit);
    }
    let mut next = world.clone();
    next.family_mut(&target.name).materials.rotating = true;
    let arn = Matcher::KeyArn(target.name.clone(), target.region.clone());
    let success = Outcome::success(next, vec![Check::new("KeyId", arn, Aspect::ActedOn)]);
    [vec![success], optional.outcomes(world)].concat()
}

/// Whether what waits may count as missing: it has expired, or a member that is to be deleted never got it.
fn may_be_missing(family: &Family, optional: &mut Refusals) {
    let Some(pending) = &family.materials.pending else { return };
    if family.members.values().any(|m| !m.holds(pending)) {
        optional.refuse(&[STATE], Reason::MaterialMissing);
    }
}

/// ListKeyRotations of such a key: the rotations that have ended, or all material if that is asked for.
pub fn list(world: &World, target: &Target, all: bool) -> Vec<Outcome> {
    let family = target.family;
    let done = family.materials.rotations();
    let shown = |want, aspect| {
        let outcome = Outcome::success(world.clone(), vec![Check::new("Rotations", want, aspect)]);
        if family.materials.rotating { outcome.transient() } else { outcome }
    };
    let rotations = shown(Matcher::Rotations(done, done), Aspect::Rotations);
    if !all {
        return vec![rotations];
    }
    // Without what waits in the primary nothing waits (F-126), but for what it has never got (F-125).
    let pending = family.materials.pending.as_ref();
    let here = pending.filter(|p| family.members.get(&family.primary).is_some_and(|m| m.held.contains_key(*p)));
    let list = |waits| shown(Matcher::Materials(materials(target, waits)), Aspect::Materials);
    let also = pending.filter(|_| family.materials.left_behind && here.is_none()).map(|p| list(Some(p)));
    // An endpoint may not know IncludeKeyMaterial (F-097).
    std::iter::once(list(here)).chain(also).chain([rotations]).collect()
}

/// Every material as a list shows it, oldest first (F-097), with what waits for a rotation.
fn materials(target: &Target, waits: Option<&Name>) -> Vec<Listed> {
    let (family, member) = (target.family, &target.family.members[&target.region]);
    let entry = |material: &Name, states: &[&'static str], rotated: bool| Listed {
        id: Slot::Material(target.name.clone(), material.clone()),
        states: states.to_vec(),
        imported: imported(member, material),
        rotated,
        description: family.materials.described.get(material).cloned(),
    };
    let current = family.materials.used.len().saturating_sub(1);
    let used = family.materials.used.iter().enumerate();
    let mut list: Vec<Listed> = used
        .map(|(i, material)| entry(material, &[if i == current { "CURRENT" } else { "NON_CURRENT" }], i > 0))
        .collect();
    if let Some(material) = waits {
        let (waits, incomplete) = ("PENDING_ROTATION", "PENDING_MULTI_REGION_IMPORT_AND_ROTATION");
        let states: &[&'static str] = match family.pending_is_missing() {
            true if family.materials.rotating => &[waits, incomplete],
            true => &[incomplete],
            // Whether the import or the rotation turns it is not known.
            false if family.multi_region => &[waits, incomplete],
            false => &[waits],
        };
        list.push(entry(material, states, false));
    }
    list
}

/// Whether a member is said to have it; nothing if it has expired, which shows late or never.
fn imported(member: &Member, material: &Name) -> Option<bool> {
    match member.held.get(material) {
        Some(Imported::Expired | Imported::Due) => None,
        held => Some(held.is_some()),
    }
}

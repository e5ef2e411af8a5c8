//! From bytes to a sequence of calls. Every byte is a decision; what there is to decide depends on
//! what the model says the keys are like by then, so that most calls make sense and some do not.
//!
//! The same bytes give the same sequence everywhere: a corpus that was found against one endpoint
//! can be tried against another.

use super::bend::bend;
use super::choices::Choices;
use super::flow;
use super::menu::{Abilities, Place, REGIONS, creations, meant, new_material, wrong_creations};
use super::preferred::preferred;
use crate::sequence::normalise;
use crate::sequence::{Action, Sequence, Step};
use Operation::*;
use mrkspec_model::call::{Call, Caller, Operation};
use mrkspec_model::step::step;
use mrkspec_model::world::{Family, KeyState, Name, World};
use std::collections::BTreeSet;

/// The longest sequence.
pub const MOST: usize = 60;
/// Bytes that a sequence of that length can use.
pub const BYTES: usize = 420;
/// Families of one sequence at most.
const FAMILIES: usize = 3;
/// Kinds of keys that take long to make are left to the tour.
const KINDS: usize = 11;

/// The sequence that these bytes stand for.
pub fn from_bytes(id: String, bytes: &[u8]) -> Sequence {
    let mut sequence = without_text(id, bytes);
    for step in &mut sequence.steps {
        step.text = match &step.action {
            Action::Call { call, .. } => normalise::call(call),
            Action::Until(family, region) => format!("gone {family}@{region}"),
            Action::Settle(family) => format!("settle {family}"),
            // None of these is ever generated.
            Action::Wait(_) | Action::Together(_) | Action::Race(_) | Action::Watch(_) => String::new(),
        };
    }
    sequence
}

/// The same without the text of its steps, which takes longer than the rest.
pub fn without_text(id: String, bytes: &[u8]) -> Sequence {
    let mut choices = Choices::new(bytes);
    let mut world = World { enforced: true, ..World::default() };
    let mut steps: Vec<Step> = Vec::new();
    while steps.len() < MOST && (steps.is_empty() || !choices.is_empty()) {
        let mut call = next(&world, &mut choices);
        let kind = if call.op == CreateKey { 'k' } else { 's' };
        call.name = format!("{kind}{:02}", steps.len()).into();
        if let Some(outcome) = preferred(&step(&world, &call)) {
            world = outcome.next.clone();
        }
        let begins = matches!(call.op, ReplicateKey | UpdatePrimaryRegion);
        let settle = begins && choices.chance(70);
        if settle {
            world = world.settled();
        }
        let action = Action::Call { call: Box::new(call), settle, expect: None };
        steps.push(Step { text: String::new(), action });
        steps.extend(end_of_deletion(&world, &mut choices));
    }
    Sequence { id, title: "generated".into(), rules: Vec::new(), steps }
}

/// Now and then the end of a pending deletion is waited for, where days are short.
fn end_of_deletion(world: &World, c: &mut Choices) -> Option<Step> {
    let pending = world.families.iter().flat_map(|(name, f)| {
        let members = f.members.iter().filter(|(_, m)| m.state == KeyState::PendingDeletion && m.window == Some(7));
        members.map(move |(region, _)| (name.clone(), region.clone()))
    });
    let (family, region) = pending.take(1).next().filter(|_| c.chance(4))?;
    Some(Step { text: String::new(), action: Action::Until(family, region) })
}

/// The steps that can be carried out with these abilities, and what depends on the others left out.
pub fn restrict(sequence: &Sequence, abilities: Abilities) -> Sequence {
    let mut lost: BTreeSet<Name> = BTreeSet::new();
    let mut kept = sequence.clone();
    kept.steps.retain(|s| match &s.action {
        Action::Call { call, .. } => {
            let may = match call.caller {
                Caller::Admin => true,
                Caller::Limited => abilities.limited,
                Caller::Other => abilities.other,
            };
            let named = abilities.limited || !call.args.values().any(|a| format!("{a:?}").contains("{limited}"));
            let fits = may && named && !flow::names(call).iter().any(|n| lost.contains(n));
            if !fits {
                lost.insert(call.name.clone());
            }
            fits
        }
        Action::Until(family, _) => abilities.short_days && !lost.contains(family),
        Action::Settle(family) => !lost.contains(family),
        Action::Wait(_) | Action::Together(_) | Action::Race(_) | Action::Watch(_) => true,
    });
    kept
}

fn next(world: &World, c: &mut Choices) -> Call {
    if world.families.is_empty() || (world.families.size() < FAMILIES && c.chance(4)) {
        return create(c);
    }
    let names: Vec<Name> = world.families.keys().cloned().collect();
    // The first family is the one that most happens to.
    let name = if c.chance(75) { names[0].clone() } else { c.of(&names) };
    let family = world.family(&name).expect("a family of this world");
    let region = region(family, c);
    let abilities = Abilities { limited: true, other: true, short_days: true };
    let place = Place { world, name: &name, family, region, abilities };
    let op = operation(family, region, c);
    let mut calls = meant(op, &place);
    calls.extend(new_material(op, &place));
    let mut call = match calls.is_empty() {
        true => Call::new(DescribeKey, region).key(&name),
        // The plain ones come first, and are taken half of the time.
        false if c.chance(50) => calls[0].clone(),
        false => c.of(&calls),
    };
    if c.chance(12) {
        bend(&mut call, &place, c);
    }
    call
}

fn create(c: &mut Choices) -> Call {
    let region = c.of(&REGIONS[..2]);
    if c.chance(5) {
        return c.of(&wrong_creations(region));
    }
    let kinds = creations(region);
    let usual = if c.chance(55) { 2 } else { KINDS.min(kinds.len()) };
    kinds[c.pick(usual)].clone()
}

fn region<'f>(family: &'f Family, c: &mut Choices) -> &'f str {
    let members: Vec<&str> = family.members.keys().map(|r| &**r).collect();
    match c.pick(10) {
        0 => c.of(&REGIONS),
        1..=5 => &family.primary,
        _ if members.is_empty() => REGIONS[0],
        _ => c.of(&members),
    }
}

/// An operation: promotions and what leads to rare states more often than the rest.
fn operation(family: &Family, region: &str, c: &mut Choices) -> Operation {
    // Out of states in which little is possible, sometimes.
    match family.effective_state(region) {
        Some(KeyState::Disabled) if c.chance(25) => return EnableKey,
        Some(s) if s.is_pending_deletion() && c.chance(30) => return CancelKeyDeletion,
        Some(KeyState::PendingImport) if c.chance(45) => {
            return c.of(&[GetParametersForImport, ImportKeyMaterial]);
        }
        _ => {}
    }
    let crypto = [
        Encrypt,
        Decrypt,
        ReEncrypt,
        GenerateDataKey,
        GenerateDataKeyWithoutPlaintext,
        Sign,
        Verify,
        GenerateMac,
        VerifyMac,
        GetPublicKey,
        DeriveSharedSecret,
        GenerateDataKeyPair,
        GenerateDataKeyPairWithoutPlaintext,
    ];
    let fitting: Vec<Operation> =
        crypto.iter().copied().filter(|op| fits(*op, family) || matches!(op, Encrypt | Sign)).collect();
    match c.pick(100) {
        0..=11 => ReplicateKey,
        12..=29 => UpdatePrimaryRegion,
        30..=33 => DisableKey,
        34..=35 => EnableKey,
        36..=39 => ScheduleKeyDeletion,
        40..=41 => CancelKeyDeletion,
        42..=59 => c.of(&fitting),
        60..=69 => c.of(&[
            DescribeKey,
            GetKeyPolicy,
            ListResourceTags,
            ListAliases,
            ListGrants,
            GetKeyRotationStatus,
            ListKeyRotations,
        ]),
        70..=74 => c.of(&[EnableKeyRotation, DisableKeyRotation, RotateKeyOnDemand]),
        75..=82 => c.of(&[PutKeyPolicy, TagResource, UntagResource, UpdateKeyDescription]),
        83..=87 => c.of(&[CreateAlias, CreateAlias, UpdateAlias, DeleteAlias]),
        88..=93 => c.of(&[CreateGrant, CreateGrant, RevokeGrant, RetireGrant, ListRetirableGrants]),
        94..=97 => c.of(&[GetParametersForImport, ImportKeyMaterial, DeleteImportedKeyMaterial]),
        _ => c.of(&[ListKeys, GenerateRandom]),
    }
}

/// Whether keys of this usage are made for the operation.
fn fits(op: Operation, family: &Family) -> bool {
    use mrkspec_model::keyspec::Usage;
    match op {
        Sign | Verify => family.usage == Usage::SignVerify,
        GenerateMac | VerifyMac => family.usage == Usage::GenerateVerifyMac,
        DeriveSharedSecret => family.usage == Usage::KeyAgreement,
        GetPublicKey => family.spec.is_asymmetric(),
        _ => family.usage == Usage::EncryptDecrypt,
    }
}

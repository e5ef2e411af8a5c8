//! Imported key material: GetParametersForImport, ImportKeyMaterial, DeleteImportedKeyMaterial
//! (F-120 to F-127).

use super::expiry::{refuse_times, statuses};
use super::resolve::{Target, key, origin_text, state_gate};
use super::wrapping::{self, Fit};
use crate::bindings::Slot;
use crate::call::{Arg, Call};
use crate::keyspec::Origin;
use crate::materials::{Named, given, named};
use crate::outcome::{Aspect, Check, Matcher, Outcome, Reason, Refusals};
use crate::world::{Artifact, Imported, KeyState, Materials, Name, World};

const UNSUPPORTED: &str = "UnsupportedOperationException";
const INCORRECT: &str = "IncorrectKeyMaterialException";

/// What ImportKeyMaterial declares: no fact says which of these a bad token or bad material gets.
const TOKEN_REFUSED: [&str; 8] = [
    "InvalidImportTokenException",
    "ExpiredImportTokenException",
    "InvalidCiphertextException",
    "IncorrectKeyMaterialException",
    "NotFoundException",
    "KMSInvalidStateException",
    "UnsupportedOperationException",
    "ValidationException",
];

/// Only keys with EXTERNAL origin take material (F-123).
fn refuse_origin(target: &Target, refusals: &mut Refusals) {
    if target.family.origin == Origin::AwsKms {
        refusals.refuse(&[UNSUPPORTED], Reason::KeyKind).text(UNSUPPORTED, &[origin_text(target)]);
    }
}

/// GetParametersForImport.
pub fn parameters(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    state_gate(call, &target, &mut refusals);
    refuse_origin(&target, &mut refusals);
    let mut optional = Refusals::default();
    let fit = wrapping::fit(target.family.spec, call);
    if fit != Fit::Fits {
        wrapping::refuse(target.family.spec, call, &mut optional);
    }
    if !refusals.none() {
        return [refusals.outcomes(world), optional.outcomes(world)].concat();
    }
    let arn = Matcher::KeyArn(target.name.clone(), target.region.clone());
    let named = Matcher::Any(vec![arn, Matcher::KeyId(target.name.clone())]);
    let mut checks = vec![
        Check::new("KeyId", named, Aspect::ActedOn),
        Check::new("ImportToken", Matcher::Blob, Aspect::ImportParameters),
        Check::new("PublicKey", Matcher::Blob, Aspect::ImportParameters),
        Check::new("ParametersValidTo", Matcher::Number, Aspect::ImportParameters),
    ];
    if fit == Fit::Unfit {
        let want = Matcher::Refused("a ValidationException: keys of this kind are not wrapped in this way");
        checks.push(Check::new("KeyId", want, Aspect::Wrapping));
    }
    let mut next = world.clone();
    let key_wrap = call.text("WrappingAlgorithm").is_some_and(|a| a.starts_with("RSA_AES_KEY_WRAP"));
    let made =
        Artifact::Parameters { family: target.name.clone(), region: target.region.clone(), key_wrap, spent: false };
    let same = |a: &Artifact| matches!(a, Artifact::Parameters { family, region, spent: false, .. } if *family == target.name && *region == target.region);
    let before: Vec<Name> = world.artifacts.iter().filter(|(_, a)| same(a)).map(|(n, _)| n.clone()).collect();
    before.iter().for_each(|step| next.artifacts.spend(step));
    next.artifacts.insert(call.name.clone(), made);
    [vec![Outcome::success(next, checks)], optional.outcomes(world)].concat()
}

fn is_new(call: &Call) -> bool {
    call.text("ImportType") == Some("NEW_KEY_MATERIAL")
}

/// ImportType, KeyMaterialId and KeyMaterialDescription, where they do not fit the key or each other (F-125).
fn refuse_members(world: &World, call: &Call, target: &Target, refusals: &mut Refusals, optional: &mut Refusals) {
    const VALIDATION: &[&str] = &["ValidationException"];
    let given_any = |list: &[&str]| list.iter().any(|m| call.args.contains_key(*m));
    let symmetric = target.family.spec.is_symmetric();
    if !symmetric && given_any(&["ImportType", "KeyMaterialId", "KeyMaterialDescription"]) {
        optional.refuse(VALIDATION, Reason::UnfitMembers);
    }
    match (named(world, call, &target.name), given(call)) {
        (Named::None, _) => {}
        (Named::Of(id), Some(material)) if id == material && !is_new(call) => {}
        // An endpoint may leave the id alone: the material says which one it is.
        _ => {
            optional.refuse(&[INCORRECT, "ValidationException"], Reason::ImportMembers);
        }
    }
    if target.is_primary() || !symmetric {
        return;
    }
    if given_any(&["KeyMaterialDescription"]) {
        // Recorded, and not documented: an endpoint may take it, or leave it alone (F-125).
        optional.refuse(VALIDATION, Reason::UnfitMembers);
    }
    if is_new(call) {
        let list = if target.family.materials.one_only { optional } else { refusals };
        let text = "Input parameter ImportType NEW_KEY_MATERIAL cannot be used on replica Multi-Region keys";
        list.refuse(VALIDATION, Reason::NewMaterialOnReplica).text("ValidationException", &[text.to_string()]);
    }
}

/// What material is to a family whose key and token are good.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// The family's first, or one that it has.
    Its,
    /// A new one, that will wait for a rotation.
    Next,
    /// Not acceptable.
    No,
}

/// Whether the family takes this material (F-120, F-125, F-127), and the refusals beside it.
fn standing(
    call: &Call,
    target: &Target,
    material: &Name,
    refusals: &mut Refusals,
    optional: &mut Refusals,
) -> Standing {
    let (family, materials) = (target.family, &target.family.materials);
    let odd = [INCORRECT, "KMSInvalidStateException", "ValidationException"];
    if materials.used.is_empty() {
        // Whether a replica may have material before its primary has any is not documented; nor is what there
        // is that could exist already.
        if !target.is_primary() || call.text("ImportType") == Some("EXISTING_KEY_MATERIAL") {
            optional.refuse(&odd, Reason::OtherMaterial);
        }
        return Standing::Its;
    }
    if materials.has(material) {
        if is_new(call) {
            // It is not new: refused on AWS, but to import it again does no harm.
            optional.refuse(&odd, Reason::OtherMaterial);
        }
        return Standing::Its;
    }
    if !family.spec.is_symmetric() || !target.is_primary() {
        refusals.refuse(&[INCORRECT], Reason::OtherMaterial);
        return Standing::No;
    }
    if materials.pending.is_some() {
        let refusal = refusals.refuse(&["KMSInvalidStateException"], Reason::MaterialWaits);
        if is_new(call) {
            refusal.text("KMSInvalidStateException", &["New key material (id: *".to_string()]);
        } else {
            // Without ImportType it is no new one, and not one of the others either.
            refusal.codes.push(INCORRECT);
        }
        return Standing::No;
    }
    Standing::Next
}

/// ImportKeyMaterial.
pub fn import(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let mut optional = Refusals::default();
    refuse_times(call, &mut refusals, &mut optional);
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return [refusals.outcomes(world), optional.outcomes(world)].concat();
    };
    state_gate(call, &target, &mut refusals);
    refuse_origin(&target, &mut refusals);
    refuse_members(world, call, &target, &mut refusals, &mut optional);
    let token = match call.args.get("ImportToken") {
        Some(Arg::Result { step, damaged: false }) => world.artifacts.get(step),
        _ => None,
    };
    match token {
        Some(Artifact::Parameters { family, region, spent: false, .. })
            if *family == target.name && *region == target.region => {}
        // Whether parameters do that were used, replaced or made for another member is not
        // documented.
        Some(Artifact::Parameters { family, .. }) if *family == target.name => {
            optional.refuse(&TOKEN_REFUSED, Reason::ImportToken);
        }
        _ => {
            refusals.refuse(&TOKEN_REFUSED, Reason::ImportToken);
        }
    }
    let material = given(call);
    if material.is_none() {
        refusals.refuse(&TOKEN_REFUSED, Reason::WrappedMaterial);
    }
    let standing = material.map_or(Standing::No, |m| standing(call, &target, m, &mut refusals, &mut optional));
    let spent = spend(world, call);
    let successes = match (material, standing) {
        (Some(material), Standing::Its) if refusals.none() => its(&spent, call, &target, material),
        (Some(material), Standing::Next) if refusals.none() => next(&spent, call, &target, material),
        _ => Vec::new(),
    };
    [successes, refusals.outcomes(&spent), optional.outcomes(&spent)].concat()
}

/// The worlds in which this member holds the material, and what the answer says.
fn taken(spent: &World, call: &Call, target: &Target, material: &Name) -> Vec<(World, Vec<Check>)> {
    statuses(call).iter().map(|status| taken_as(spent, call, target, material, *status)).collect()
}

fn taken_as(spent: &World, call: &Call, target: &Target, material: &Name, status: Imported) -> (World, Vec<Check>) {
    let mut next = spent.clone();
    next.member_mut(&target.name, &target.region).held.insert(material.clone(), status);
    if let Some(text) = call.text("KeyMaterialDescription") {
        let described = &mut next.family_mut(&target.name).materials.described;
        match target.is_primary() {
            true => drop(described.insert(material.clone(), text.into())),
            // Where a replica takes it: for which members is not known.
            false => drop(described.remove(material)),
        }
    }
    let made = Artifact::Material { family: target.name.clone(), material: material.clone() };
    next.artifacts.insert(call.name.clone(), made);
    (next, answer(spent, target, Some(material)))
}

/// What ImportKeyMaterial and DeleteImportedKeyMaterial answer: only that of symmetric keys has an id.
fn answer(world: &World, target: &Target, material: Option<&Name>) -> Vec<Check> {
    let optional = |m: Matcher| Matcher::Optional(Box::new(m));
    let arn = Matcher::KeyArn(target.name.clone(), target.region.clone());
    let mut checks = vec![Check::new("KeyId", optional(arn), Aspect::ActedOn)];
    if let Some(material) = material.filter(|_| target.family.spec.is_symmetric()) {
        let same = Matcher::Same(Slot::Material(target.name.clone(), material.clone()));
        checks.push(Check::new("KeyMaterialId", optional(same), Aspect::MaterialIdentity));
        let others: Vec<Slot> = elsewhere(world, &target.name, material).collect();
        if !others.is_empty() {
            let other = Matcher::NoneOf(others);
            checks.push(Check::new("KeyMaterialId", optional(other), Aspect::MaterialOfOtherKey));
        }
    }
    checks
}

/// The ids that the same material has in other keys (F-127).
fn elsewhere(world: &World, family: &Name, material: &Name) -> impl Iterator<Item = Slot> {
    let others = world.families.iter().filter(move |(name, f)| *name != family && f.materials.has(material));
    others.map(|(name, _)| Slot::Material(name.clone(), material.clone()))
}

/// The family's first material, or one that it has, is imported: a member that lacks nothing then can be used.
fn its(spent: &World, call: &Call, target: &Target, material: &Name) -> Vec<Outcome> {
    taken(spent, call, target, material)
        .into_iter()
        .flat_map(|(next, checks)| ready(next, checks, target, material))
        .collect()
}

/// What follows for a member that has got material that is in use.
fn ready(mut next: World, checks: Vec<Check>, target: &Target, material: &Name) -> Vec<Outcome> {
    let family = next.family_mut(&target.name);
    if family.materials.used.is_empty() {
        family.materials.used.push(material.clone());
    }
    let works = family.materials.used.contains(material) && !family.lacks_material(&target.region);
    let member = next.member_mut(&target.name, &target.region);
    let was = member.state;
    if works && was == KeyState::PendingImport {
        member.state = KeyState::Enabled;
    }
    let mut outcomes = vec![Outcome::success(next.clone(), checks.clone())];
    if works && was == KeyState::Disabled {
        // Importing into a disabled key: it may count as enabled again (F-121).
        next.member_mut(&target.name, &target.region).state = KeyState::Enabled;
        outcomes.push(Outcome::success(next, checks));
    }
    outcomes
}

/// New material on the primary: it waits for a rotation (F-125). Endpoints may know one material only.
fn next(spent: &World, call: &Call, target: &Target, material: &Name) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for (mut next, checks) in taken(spent, call, target, material) {
        let materials = &mut next.family_mut(&target.name).materials;
        (materials.pending, materials.left_behind) = (Some(material.clone()), false);
        outcomes.push(Outcome::success(next.clone(), checks.clone()));
        if target.state() == KeyState::Disabled {
            next.member_mut(&target.name, &target.region).state = KeyState::Enabled;
            outcomes.push(Outcome::success(next, checks));
        }
    }
    let mut refused = Refusals::default();
    let codes = [INCORRECT, "KMSInvalidStateException", UNSUPPORTED, "ValidationException"];
    if is_new(call) {
        let mut without = spent.clone();
        without.family_mut(&target.name).materials.one_only = true;
        refused.refuse(&codes, Reason::OtherMaterial);
        outcomes.extend(refused.outcomes(&without));
    } else {
        // Without ImportType it is the wrong one, unless an endpoint guesses what is meant.
        refused.refuse(&codes[..2], Reason::OtherMaterial);
        outcomes.splice(0..0, refused.outcomes(spent));
        outcomes.push(Outcome::success(spent.clone(), Vec::new()));
    }
    outcomes
}

/// The world in which the import token of this call has been used.
fn spend(world: &World, call: &Call) -> World {
    let mut next = world.clone();
    if let Some(Arg::Result { step, .. }) = call.args.get("ImportToken") {
        next.artifacts.spend(step);
    }
    next
}

/// DeleteImportedKeyMaterial (F-121, F-126): of the current material, if none is named.
pub fn delete(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    state_gate(call, &target, &mut refusals);
    refuse_origin(&target, &mut refusals);
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    let materials = &target.family.materials;
    let mut unknown = Refusals::default();
    unknown
        .refuse(&["ValidationException", "NotFoundException", INCORRECT], Reason::UnknownMaterial)
        .text("ValidationException", &[never_imported(call, &target)]);
    match named(world, call, &target.name) {
        Named::None => without(world, &target, materials.current()),
        Named::Of(material) if materials.has(material) => without(world, &target, Some(material)),
        // It was withdrawn: there is nothing to be deleted any more.
        Named::Of(_) => [vec![Outcome::success(world.clone(), Vec::new())], unknown.outcomes(world)].concat(),
        // An endpoint that knows one material only may leave the id alone.
        Named::Unknown => [unknown.outcomes(world), without(world, &target, materials.current())].concat(),
    }
}

/// The recorded text about an id that no import has given.
fn never_imported(call: &Call, target: &Target) -> String {
    match call.text("KeyMaterialId") {
        Some(id) => format!("Key material (id: {id}) has never been imported into KMS key {}.", target.arn()),
        None => "Key material (id: *".to_string(),
    }
}

/// Everything that comes of deleting this material from this member.
fn without(world: &World, target: &Target, material: Option<&Name>) -> Vec<Outcome> {
    let checks = answer(world, target, material);
    let done = |next: World| Outcome::success(next, checks.clone());
    let mut next = world.clone();
    let family = next.family_mut(&target.name);
    let member = family.members.get_mut(&target.region).expect("a resolved member");
    let was = member.state;
    let had = material.is_some_and(|m| member.holds(m));
    if let Some(material) = material {
        member.held.remove(material);
        if family.materials.pending.as_ref() == Some(material) {
            return withdrawn(next, target, material).into_iter().map(done).collect();
        }
    }
    let member = next.member_mut(&target.name, &target.region);
    if was == KeyState::Enabled && had {
        member.state = KeyState::PendingImport;
    }
    let mut outcomes = vec![done(next.clone())];
    // Enabled without material is what an endpoint shows that was wrong before.
    if (was == KeyState::Disabled && had) || (was == KeyState::Enabled && !had) {
        next.member_mut(&target.name, &target.region).state = KeyState::PendingImport;
        outcomes.push(done(next));
    }
    outcomes
}

/// What waits for a rotation was deleted from this member: if that is the primary, it waits nowhere any more, which
/// is a SHOULD (F-126).
fn withdrawn(next: World, target: &Target, material: &Name) -> Vec<World> {
    if !target.is_primary() {
        return vec![next];
    }
    let mut everywhere = next.clone();
    let family = everywhere.family_mut(&target.name);
    family.materials = Materials { pending: None, ..family.materials.clone() };
    for member in family.members.values_mut() {
        member.held.remove(material);
    }
    if everywhere.family(&target.name).is_some_and(|f| f.members.len() == 1) {
        return vec![everywhere];
    }
    vec![everywhere, next]
}

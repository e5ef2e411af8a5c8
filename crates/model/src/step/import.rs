//! Imported key material: GetParametersForImport, ImportKeyMaterial, DeleteImportedKeyMaterial
//! (F-120 to F-125).

use super::resolve::{Target, key, origin_text, state_gate};
use super::wrapping::{self, Fit};
use crate::call::{Arg, Call};
use crate::keyspec::Origin;
use crate::outcome::{Aspect, Check, Matcher, Outcome, Reason, Refusals};
use crate::world::{Artifact, Imported, KeyState, Name, World};

const UNSUPPORTED: &str = "UnsupportedOperationException";

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

/// ImportKeyMaterial.
pub fn import(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let model = call.text("ExpirationModel").unwrap_or("KEY_MATERIAL_EXPIRES");
    let expires = model == "KEY_MATERIAL_EXPIRES";
    if expires && !call.args.contains_key("ValidTo") {
        refusals.refuse(&["ValidationException"], Reason::NoExpiryTime);
    }
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    state_gate(call, &target, &mut refusals);
    refuse_origin(&target, &mut refusals);
    let family = target.family;
    let token = match call.args.get("ImportToken") {
        Some(Arg::Result { step, damaged: false }) => world.artifacts.get(step),
        _ => None,
    };
    let mut optional = Refusals::default();
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
    let material = match call.args.get("EncryptedKeyMaterial") {
        Some(Arg::Material { name, .. }) => Some(name.clone()),
        _ => {
            refusals.refuse(&TOKEN_REFUSED, Reason::WrappedMaterial);
            None
        }
    };
    let primary = family.members.get(&family.primary).is_some_and(|m| m.material.is_some());
    let other = matches!((&family.material, &material), (Some(first), Some(given)) if first != given);
    let on_primary = target.is_primary() && family.members[&target.region].material.is_some();
    if other && on_primary && refusals.none() {
        // On the primary this may be the next material for rotation (F-125): then nothing changes yet.
        refusals.refuse(&["IncorrectKeyMaterialException", "KMSInvalidStateException"], Reason::OtherMaterial);
        let mut outcomes = refusals.outcomes(&spend(world, call));
        outcomes.extend(optional.outcomes(&spend(world, call)));
        outcomes.push(Outcome::success(spend(world, call), Vec::new()));
        return outcomes;
    }
    if other {
        refusals.refuse(&["IncorrectKeyMaterialException"], Reason::OtherMaterial);
    } else if !target.is_primary() && !primary && family.material.is_none() {
        // Whether a replica may have material before its primary has any is not documented.
        optional.refuse(&["IncorrectKeyMaterialException", "KMSInvalidStateException"], Reason::OtherMaterial);
    }
    let spent = spend(world, call);
    let (Some(material), true) = (material, refusals.none()) else {
        let mut outcomes = refusals.outcomes(&spent);
        outcomes.extend(optional.outcomes(&spent));
        return outcomes;
    };
    let mut next = spent.clone();
    let after = next.family_mut(&target.name);
    after.material.get_or_insert(material);
    let member = next.member_mut(&target.name, &target.region);
    member.material = Some(if expires { Imported::Expiring } else { Imported::Lasting });
    let was = member.state;
    if was == KeyState::PendingImport {
        member.state = KeyState::Enabled;
    }
    let checks = vec![Check::new(
        "KeyId",
        Matcher::Optional(Box::new(Matcher::KeyArn(target.name.clone(), target.region.clone()))),
        Aspect::ActedOn,
    )];
    let mut outcomes = vec![Outcome::success(next.clone(), checks.clone())];
    if was == KeyState::Disabled {
        // Importing into a disabled key: it may count as enabled again.
        next.member_mut(&target.name, &target.region).state = KeyState::Enabled;
        outcomes.push(Outcome::success(next, checks));
    }
    outcomes.extend(optional.outcomes(&spent));
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

/// DeleteImportedKeyMaterial.
pub fn delete(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    state_gate(call, &target, &mut refusals);
    refuse_origin(&target, &mut refusals);
    let mut optional = Refusals::default();
    if let Some(id) = call.text("KeyMaterialId") {
        let text = format!("Key material (id: {id}) has never been imported into KMS key {}.", target.arn());
        let refusal = optional.refuse(&["ValidationException", "NotFoundException"], Reason::MaterialId);
        refusal.text("ValidationException", &[text]);
    }
    if !refusals.none() {
        return [refusals.outcomes(world), optional.outcomes(world)].concat();
    }
    let mut next = world.clone();
    let member = next.member_mut(&target.name, &target.region);
    let had = member.material.take().is_some();
    let was = member.state;
    if was == KeyState::Enabled && had {
        member.state = KeyState::PendingImport;
    }
    let mut outcomes = vec![Outcome::success(next.clone(), Vec::new())];
    // Enabled without material is what an endpoint shows that was wrong before.
    if (was == KeyState::Disabled && had) || (was == KeyState::Enabled && !had) {
        next.member_mut(&target.name, &target.region).state = KeyState::PendingImport;
        outcomes.push(Outcome::success(next, Vec::new()));
    }
    outcomes.extend(optional.outcomes(world));
    outcomes
}

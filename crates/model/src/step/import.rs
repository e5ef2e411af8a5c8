//! Imported key material: GetParametersForImport, ImportKeyMaterial, DeleteImportedKeyMaterial
//! (F-120 to F-125).

use super::resolve::{Target, context, key, origin_text, state_gate};
use crate::call::{Arg, Call, Operation};
use crate::keyspec::Origin;
use crate::outcome::{Check, Outcome, Refusals, Want};
use crate::rules::*;
use crate::world::{Artifact, Imported, KeyState, Name, Since, World};

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
fn refuse_origin(call: &Call, target: &Target, refusals: &mut Refusals) {
    if target.family.origin == Origin::AwsKms {
        let rule = if call.op == Operation::GetParametersForImport { IMP_002 } else { IMP_014 };
        refusals.refuse(&[UNSUPPORTED], &[rule]).text(UNSUPPORTED, MSG_004, &[origin_text(target)]);
    }
}

/// GetParametersForImport.
pub fn parameters(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    state_gate(call, &target, &mut refusals);
    refuse_origin(call, &target, &mut refusals);
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    let mut rules = vec![IMP_001];
    rules.extend(context(call.op, &target));
    let arn = Want::KeyArn(target.name.clone(), target.region.clone());
    let named = Want::Any(vec![arn, Want::KeyId(target.name.clone())]);
    let checks = vec![
        Check::new("KeyId", named, IMP_001),
        Check::new("ImportToken", Want::Blob, IMP_001),
        Check::new("PublicKey", Want::Blob, IMP_001),
        Check::new("ParametersValidTo", Want::Number, IMP_001),
    ];
    let mut next = world.clone();
    let key_wrap = call.text("WrappingAlgorithm").is_some_and(|a| a.starts_with("RSA_AES_KEY_WRAP"));
    let made =
        Artifact::Parameters { family: target.name.clone(), region: target.region.clone(), key_wrap, spent: false };
    let same = |a: &Artifact| matches!(a, Artifact::Parameters { family, region, spent: false, .. } if *family == target.name && *region == target.region);
    let before: Vec<Name> = world.artifacts.iter().filter(|(_, a)| same(a)).map(|(n, _)| n.clone()).collect();
    before.iter().for_each(|step| next.artifacts.spend(step));
    next.artifacts.insert(call.name.clone(), made);
    vec![Outcome::success(next, rules, checks)]
}

/// ImportKeyMaterial.
pub fn import(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let model = call.text("ExpirationModel").unwrap_or("KEY_MATERIAL_EXPIRES");
    let expires = model == "KEY_MATERIAL_EXPIRES";
    if expires && !call.args.contains_key("ValidTo") {
        refusals.refuse(&["ValidationException"], &[IMP_009]);
    }
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    state_gate(call, &target, &mut refusals);
    refuse_origin(call, &target, &mut refusals);
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
            optional.refuse(&TOKEN_REFUSED, &[IMP_013]);
        }
        _ => {
            refusals.refuse(&TOKEN_REFUSED, &[IMP_013]);
        }
    }
    let material = match call.args.get("EncryptedKeyMaterial") {
        Some(Arg::Material { name, .. }) => Some(name.clone()),
        _ => {
            refusals.refuse(&TOKEN_REFUSED, &[IMP_015]);
            None
        }
    };
    let primary = family.members.get(&family.primary).is_some_and(|m| m.material.is_some());
    let other = matches!((&family.material, &material), (Some(first), Some(given)) if first != given);
    let on_primary = target.is_primary() && family.members[&target.region].material.is_some();
    if other && on_primary && refusals.none() {
        // On the primary this may be the next material for rotation (F-125): then nothing changes yet.
        refusals.refuse(&["IncorrectKeyMaterialException", "KMSInvalidStateException"], &[IMP_005]);
        let mut outcomes = refusals.outcomes(&spend(world, call));
        outcomes.extend(optional.outcomes(&spend(world, call)));
        outcomes.push(Outcome::success(spend(world, call), vec![IMP_005], Vec::new()));
        return outcomes;
    }
    if other {
        refusals.refuse(&["IncorrectKeyMaterialException"], &[IMP_005]);
    } else if !target.is_primary() && !primary && family.material.is_none() {
        // Whether a replica may have material before its primary has any is not documented.
        optional.refuse(&["IncorrectKeyMaterialException", "KMSInvalidStateException"], &[IMP_005]);
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
    after.since = Since::Imported(target.region.clone());
    let member = next.member_mut(&target.name, &target.region);
    member.material = Some(if expires { Imported::Expiring } else { Imported::Lasting });
    let was = member.state;
    if was == KeyState::PendingImport {
        member.state = KeyState::Enabled;
    }
    let mut rules = vec![IMP_003, IMP_016];
    if matches!(token, Some(Artifact::Parameters { key_wrap: true, .. })) {
        rules.swap(0, 1);
    }
    rules.extend(context(call.op, &target));
    let checks = vec![Check::new(
        "KeyId",
        Want::Optional(Box::new(Want::KeyArn(target.name.clone(), target.region.clone()))),
        IMP_003,
    )];
    let mut outcomes = vec![Outcome::success(next.clone(), rules.clone(), checks.clone())];
    if was == KeyState::Disabled {
        // Importing into a disabled key: it may count as enabled again.
        next.member_mut(&target.name, &target.region).state = KeyState::Enabled;
        outcomes.push(Outcome::success(next, rules, checks));
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
    refuse_origin(call, &target, &mut refusals);
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    let mut next = world.clone();
    next.family_mut(&target.name).since = Since::Imported(target.region.clone());
    let member = next.member_mut(&target.name, &target.region);
    let had = member.material.take().is_some();
    member.lost_material |= had;
    let was = member.state;
    if was == KeyState::Enabled && had {
        member.state = KeyState::PendingImport;
    }
    let mut rules = vec![IMP_006];
    rules.extend(context(call.op, &target));
    let mut outcomes = vec![Outcome::success(next.clone(), rules.clone(), Vec::new())];
    // Enabled without material is what an endpoint shows that was wrong before.
    if (was == KeyState::Disabled && had) || (was == KeyState::Enabled && !had) {
        next.member_mut(&target.name, &target.region).state = KeyState::PendingImport;
        outcomes.push(Outcome::success(next, rules, Vec::new()));
    }
    outcomes
}

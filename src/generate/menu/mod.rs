//! Every call that makes sense, or is wrong in a way that matters, about one member of a family:
//! what the coverage tour goes through and random histories choose from.

mod attributes;
mod crypto;
mod keys;
mod place;
mod policies;

pub use keys::{creations, wrong_creations};
pub use place::{Abilities, Place, REGIONS};
pub use policies::{own as own_policy, policies};

use mrkspec_model::call::{Arg, Call, Caller, KeyForm, KeyRef, Operation};
use place::text;
use serde_json::json;

/// The calls of `op` that make sense at this place, plain ones first.
pub fn offers(op: Operation, place: &Place) -> Vec<Call> {
    let mut list = meant(op, place);
    in_other_forms(op, place, &mut list);
    list
}

/// As [`offers`], by the key id only and without what is wrong on purpose: for random histories,
/// which bend calls in ways of their own.
pub fn meant(op: Operation, place: &Place) -> Vec<Call> {
    use Operation::*;
    let mut list = match op {
        CreateKey | Unknown => Vec::new(),
        ReplicateKey => keys::replicate(place),
        UpdatePrimaryRegion => keys::promote(place),
        DescribeKey => vec![place.on(op)],
        ListKeys | ListRetirableGrants | GenerateRandom => keys::without_key(op, place),
        EnableKey | DisableKey | CancelKeyDeletion => vec![place.on(op)],
        ScheduleKeyDeletion => keys::schedule(place),
        Encrypt
        | Decrypt
        | ReEncrypt
        | GenerateDataKey
        | GenerateDataKeyWithoutPlaintext
        | GenerateDataKeyPair
        | GenerateDataKeyPairWithoutPlaintext
        | Sign
        | Verify
        | GenerateMac
        | VerifyMac
        | GetPublicKey
        | DeriveSharedSecret => crypto::offers(op, place),
        EnableKeyRotation => vec![place.on(op), place.on(op).with("RotationPeriodInDays", Arg::Json(json!(180)))],
        DisableKeyRotation | GetKeyRotationStatus | RotateKeyOnDemand | ListKeyRotations => vec![place.on(op)],
        GetKeyPolicy | PutKeyPolicy => policies::offers(op, place),
        CreateAlias | UpdateAlias | DeleteAlias | ListAliases => attributes::aliases(op, place),
        TagResource | UntagResource | ListResourceTags | UpdateKeyDescription => attributes::tags(op, place),
        CreateGrant | ListGrants | RevokeGrant | RetireGrant => attributes::grants(op, place),
        GetParametersForImport | ImportKeyMaterial | DeleteImportedKeyMaterial => attributes::import(op, place),
    };
    others_calling(op, place, &mut list);
    list
}

/// As [`meant`], of keys with several imported materials: what random histories try as well.
pub fn new_material(op: Operation, place: &Place) -> Vec<Call> {
    let imports = place.family.origin == mrkspec_model::keyspec::Origin::External;
    if imports { attributes::new_material(op, place) } else { Vec::new() }
}

/// The same calls by the limited principal and by another account, where that is worth asking.
fn others_calling(op: Operation, place: &Place, list: &mut Vec<Call>) {
    use Operation::*;
    let asked = matches!(op, DescribeKey | Encrypt | Decrypt | UpdatePrimaryRegion | ReplicateKey | DisableKey);
    let enabled = place.family.effective_state(place.region) == Some(mrkspec_model::world::KeyState::Enabled);
    let Some(first) = list.first().filter(|_| asked && enabled) else {
        return;
    };
    let by = |caller| Call { caller, ..first.clone() };
    let mut more = Vec::new();
    if place.abilities.limited {
        more.push(by(Caller::Limited));
        if op == Encrypt {
            let context = Arg::Json(json!({ "project": "a", "more": "b" }));
            more.push(by(Caller::Limited).with("EncryptionContext", context));
        }
    }
    if place.abilities.other && op == UpdatePrimaryRegion {
        more.push(by(Caller::Other));
    }
    list.extend(more);
}

/// Other ways to name the key: by ARN and alias, and names that no key has.
fn in_other_forms(op: Operation, place: &Place, list: &mut Vec<Call>) {
    let member = op.key_member();
    let Some(first) = list.iter().find(|c| matches!(c.args.get(member), Some(Arg::Key(_)))).cloned() else {
        return;
    };
    let named = |arg: Arg| first.clone().with(member, arg);
    list.push(named(place.key(KeyForm::Arn(place.region.into()))));
    if let Some(alias) = place.alias() {
        list.push(named(Arg::Key(KeyRef { name: alias.clone(), form: KeyForm::Alias })));
        let form = KeyForm::AliasArn(place.region.into());
        list.push(named(Arg::Key(KeyRef { name: alias.clone(), form })));
    }
    let elsewhere = REGIONS.iter().find(|r| **r != place.region && place.family.members.contains_key(**r));
    if let Some(elsewhere) = elsewhere {
        list.push(named(place.key(KeyForm::Arn((*elsewhere).into()))));
    }
    list.push(named(text("12345678-1234-1234-1234-123456789012")));
    list.push(named(text("mrk-00000000000000000000000000000000")));
    list.push(named(Arg::Json(json!(42))));
    let mut without = first.clone();
    without.args.remove(member);
    list.push(without);
}

//! Aliases, tags, descriptions, grants and imported key material.

use super::place::{Place, damaged, result, text};
use Operation::*;
use mrkspec_model::call::{Arg, Call, Operation};
use mrkspec_model::world::{Artifact, Name};
use serde_json::{Value, json};
use std::time::Duration;

pub(super) fn aliases(op: Operation, place: &Place) -> Vec<Call> {
    let named = |call: Call, alias: &str| call.with("AliasName", Arg::AliasName(alias.into()));
    let odd = |call: Call, name: &str| call.with("AliasName", text(name));
    // Each family has an alias name of its own in each Region, and there is one that all share.
    let own = format!("{}-a", place.name);
    match op {
        ListAliases => vec![place.on(op), place.call(op), place.call(op).with("Limit", Arg::Json(json!(1)))],
        DeleteAlias => vec![
            named(place.call(op), &own),
            named(place.call(op), "shared"),
            odd(place.call(op), "alias/aws/mrkspec"),
            odd(place.call(op), "mrkspec"),
        ],
        _ => vec![
            named(place.on(op), &own),
            named(place.on(op), "shared"),
            odd(place.on(op), "alias/aws/mrkspec"),
            odd(place.on(op), "mrkspec"),
        ],
    }
}

pub(super) fn tags(op: Operation, place: &Place) -> Vec<Call> {
    let tag = |key: &str, value: &str| json!({ "TagKey": key, "TagValue": value });
    let given = |tags: Vec<Value>| place.on(op).with("Tags", Arg::Json(Value::Array(tags)));
    let keys = |keys: &[&str]| place.on(op).with("TagKeys", Arg::Json(json!(keys)));
    match op {
        TagResource => vec![
            // Another value than the one before, and in every Region another.
            given(vec![tag("a", &other_value(place)), tag("b", "")]),
            given(vec![tag("a", "2")]),
            given(vec![tag("aws:x", "1")]),
            given(vec![tag("c", "1"), tag("c", "2")]),
            given((0..51).map(|i| tag(&format!("t{i}"), "v")).collect()),
            given(vec![tag(&"k".repeat(129), "v")]),
        ],
        UntagResource => vec![keys(&["a", "b", "absent"]), keys(&["a"]), keys(&["absent"])],
        UpdateKeyDescription => {
            let described = |s: &str| place.on(op).with("Description", text(s));
            let own = format!("in {}", place.region);
            vec![described(&own), described("two — zwei"), described(""), described(&"x".repeat(8193))]
        }
        _ => vec![place.on(op)],
    }
}

/// A value that the tag `a` of this member does not have now.
fn other_value(place: &Place) -> String {
    let old = place.family.members.get(place.region).and_then(|m| m.tags.get("a"));
    let new = format!("1 {}", place.region);
    if old == Some(&new) { format!("2 {}", place.region) } else { new }
}

pub(super) fn grants(op: Operation, place: &Place) -> Vec<Call> {
    let root = || text("arn:aws:iam::{account}:root");
    let grantable = grantable(place);
    let made = |operations: &[&str]| place.on(CreateGrant).with("Operations", Arg::Json(json!(operations)));
    let of = |members: &mut dyn Iterator<Item = &Name>| members.next().cloned();
    let here = place.family.members.get(place.region);
    let own = here.and_then(|m| of(&mut m.grants.keys()));
    let elsewhere = place.family.members.iter().filter(|(r, _)| ***r != *place.region);
    let others = of(&mut elsewhere.flat_map(|(_, m)| m.grants.keys()));
    match op {
        CreateGrant => {
            let root_grant = made(&[grantable, "DescribeKey"]).with("GranteePrincipal", root());
            let mut list = vec![
                root_grant.clone(),
                root_grant.with("RetiringPrincipal", root()),
                made(&["UpdatePrimaryRegion"]).with("GranteePrincipal", root()),
            ];
            if place.abilities.limited {
                let limited = || made(&[grantable, "DescribeKey"]).with("GranteePrincipal", text("{limited}"));
                // In each Region a grant of another kind comes first.
                list.push(limited());
                if grantable == "Encrypt" {
                    let constraint = |kind: &str| Arg::Json(json!({ kind: { "project": "a" } }));
                    list.push(limited().with("Constraints", constraint("EncryptionContextSubset")));
                    list.push(limited().with("Constraints", constraint("EncryptionContextEquals")));
                }
            }
            list
        }
        ListGrants => {
            let mut list = vec![place.on(op), place.on(op).with("Limit", Arg::Json(json!(1)))];
            list.extend(own.map(|g| place.on(op).with("GrantId", result(&g))));
            list
        }
        RevokeGrant => own.iter().chain(&others).map(|g| place.on(op).with("GrantId", result(g))).collect(),
        RetireGrant => {
            let mut list: Vec<Call> =
                own.iter().chain(&others).map(|g| place.on(op).with("GrantId", result(g))).collect();
            list.extend(own.map(|g| place.call(op).with("GrantToken", result(&g))));
            list
        }
        _ => Vec::new(),
    }
}

/// An operation that a grant on this key may name.
fn grantable(place: &Place) -> &'static str {
    let options = ["Encrypt", "Sign", "GenerateMac", "DeriveSharedSecret"];
    options.into_iter().find(|o| place.family.usage.fits_operation(o)).unwrap_or("DescribeKey")
}

pub(super) fn import(op: Operation, place: &Place) -> Vec<Call> {
    let parameters = |algorithm: &str| {
        let call = place.on(GetParametersForImport).with("WrappingAlgorithm", text(algorithm));
        call.with("WrappingKeySpec", text("RSA_2048"))
    };
    match op {
        // What AWS refuses gives no parameters to go on with: only private keys are wrapped twice (F-128).
        GetParametersForImport if !place.family.spec.is_asymmetric() => vec![parameters("RSAES_OAEP_SHA_256")],
        GetParametersForImport => vec![parameters("RSA_AES_KEY_WRAP_SHA_256")],
        ImportKeyMaterial => imports(place),
        _ => vec![place.on(op)],
    }
}

/// ImportKeyMaterial with the newest parameters of this member, and with those of others.
fn imports(place: &Place) -> Vec<Call> {
    let of = |own: bool, fresh: bool| {
        move |a: &Artifact| match a {
            Artifact::Parameters { family, region, spent, .. } => {
                family == place.name && (**region == *place.region) == own && (!spent || !fresh)
            }
            _ => false,
        }
    };
    let with = |step: &Name, material: &str| {
        let call = place.on(ImportKeyMaterial).with("ImportToken", result(step));
        call.with("EncryptedKeyMaterial", Arg::Material { name: material.into(), step: step.clone() })
    };
    let lasting = |call: Call| call.with("ExpirationModel", text("KEY_MATERIAL_DOES_NOT_EXPIRE"));
    let mut list = Vec::new();
    if let Some(fresh) = place.made(of(true, true)).last() {
        list.push(lasting(with(fresh, "m")));
        let expiring = with(fresh, "m").with("ExpirationModel", text("KEY_MATERIAL_EXPIRES"));
        list.push(expiring.with("ValidTo", Arg::In(Duration::from_secs(30 * 86_400))));
        list.push(with(fresh, "m"));
        list.push(lasting(with(fresh, "n")));
        list.push(lasting(with(fresh, "m")).with("ImportToken", damaged(fresh)));
        let rubbish = Arg::Bytes(b"rubbish".to_vec());
        list.push(lasting(with(fresh, "m")).with("EncryptedKeyMaterial", rubbish));
    }
    if let Some(used) = place.made(of(true, false)).first() {
        list.push(lasting(with(used, "m")));
    }
    if let Some(foreign) = place.made(of(false, false)).first() {
        list.push(lasting(with(foreign, "m")));
    }
    let rubbish = || Arg::Bytes(b"rubbish".to_vec());
    let call = place.on(ImportKeyMaterial).with("ImportToken", rubbish()).with("EncryptedKeyMaterial", rubbish());
    list.push(lasting(call));
    list
}

/// What concerns several imported materials of one key: for random histories, which go further than the tour.
pub(super) fn new_material(op: Operation, place: &Place) -> Vec<Call> {
    let own = |a: &Artifact| {
        matches!(a, Artifact::Parameters { family, region, spent: false, .. }
            if family == place.name && **region == *place.region)
    };
    let known = |a: &Artifact| matches!(a, Artifact::Material { family, .. } if family == place.name);
    match op {
        ImportKeyMaterial => {
            let Some(fresh) = place.made(own).last().cloned() else { return Vec::new() };
            let given = |material: &str| Arg::Material { name: material.into(), step: fresh.clone() };
            let call = place.on(op).with("ImportToken", result(fresh));
            let call = call.with("ExpirationModel", text("KEY_MATERIAL_DOES_NOT_EXPIRE"));
            let new = call.clone().with("ImportType", text("NEW_KEY_MATERIAL"));
            let with = |call: &Call, material| call.clone().with("EncryptedKeyMaterial", given(material));
            vec![with(&new, "n"), with(&call, "n"), with(&new, "o"), with(&new, "m"), with(&call, "o")]
        }
        DeleteImportedKeyMaterial => {
            let made = place.made(known);
            let ends = made.first().into_iter().chain(made.last());
            ends.map(|step| place.on(op).with("KeyMaterialId", result(step))).collect()
        }
        ListKeyRotations => vec![place.on(op).with("IncludeKeyMaterial", text("ALL_KEY_MATERIAL"))],
        _ => Vec::new(),
    }
}

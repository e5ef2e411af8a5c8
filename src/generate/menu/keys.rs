//! Making, replicating, promoting and deleting keys.

use super::place::{Place, REGIONS, text};
use Operation::*;
use mrkspec_model::call::{Arg, Call, KeyForm, Operation};
use mrkspec_model::world::KeyState;
use serde_json::json;

/// Key specs and usages, each of which is a kind of key of its own.
const KINDS: [(&str, &str); 15] = [
    ("RSA_2048", "SIGN_VERIFY"),
    ("ECC_NIST_P256", "SIGN_VERIFY"),
    ("HMAC_256", "GENERATE_VERIFY_MAC"),
    ("ECC_NIST_P256", "KEY_AGREEMENT"),
    ("RSA_2048", "ENCRYPT_DECRYPT"),
    ("ECC_NIST_P384", "SIGN_VERIFY"),
    ("ECC_NIST_P521", "SIGN_VERIFY"),
    ("ECC_SECG_P256K1", "SIGN_VERIFY"),
    ("HMAC_224", "GENERATE_VERIFY_MAC"),
    ("HMAC_384", "GENERATE_VERIFY_MAC"),
    ("HMAC_512", "GENERATE_VERIFY_MAC"),
    ("RSA_3072", "SIGN_VERIFY"),
    ("RSA_4096", "SIGN_VERIFY"),
    ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY"),
    ("ML_DSA_65", "SIGN_VERIFY"),
];

/// Every kind of key, in the order in which they are of interest.
pub fn creations(region: &str) -> Vec<Call> {
    let made = || Call::new(CreateKey, region);
    let multi = || made().with("MultiRegion", Arg::Json(json!(true)));
    let options = multi()
        .with("Description", text("made with a description"))
        .with("Tags", Arg::Json(json!([{ "TagKey": "a", "TagValue": "1" }])));
    let external = || text("EXTERNAL");
    let mut list = vec![
        options,
        multi(),
        made(),
        multi().with("Origin", external()),
        made().with("Origin", external()).with("KeySpec", text("SYMMETRIC_DEFAULT")),
    ];
    let of = |call: Call, (spec, usage): (&str, &str)| call.with("KeySpec", text(spec)).with("KeyUsage", text(usage));
    list.extend(KINDS.iter().map(|kind| of(multi(), *kind)));
    list.extend(KINDS[..3].iter().map(|kind| of(made(), *kind)));
    list
}

/// CreateKey as it must be refused.
pub fn wrong_creations(region: &str) -> Vec<Call> {
    let made = || Call::new(CreateKey, region);
    vec![
        made().with("KeySpec", text("RSA_2048")),
        made().with("KeySpec", text("HMAC_256")).with("KeyUsage", text("SIGN_VERIFY")),
        made().with("KeySpec", text("ECC_NIST_P256")),
        made().with("Description", Arg::Json(json!(42))),
    ]
}

pub(super) fn replicate(place: &Place) -> Vec<Call> {
    let to = |region: &str| place.on(ReplicateKey).with("ReplicaRegion", text(region));
    let mut list = Vec::new();
    let free = |region: &&&str| !place.family.members.contains_key(**region);
    for region in REGIONS.iter().filter(free) {
        list.push(to(region));
        let more = to(region)
            .with("Description", text("replicated"))
            .with("Tags", Arg::Json(json!([{ "TagKey": "r", "TagValue": "1" }])));
        list.push(more);
    }
    list.extend(place.family.members.keys().map(|region| to(region)));
    list.push(place.on(ReplicateKey).with("ReplicaRegion", text("nowhere")));
    list
}

pub(super) fn promote(place: &Place) -> Vec<Call> {
    let to = |region: &str| place.on(UpdatePrimaryRegion).with("PrimaryRegion", text(region));
    let mut list: Vec<Call> = place.family.members.keys().filter(|r| ***r != *place.region).map(|r| to(r)).collect();
    list.push(to(place.region));
    let free = |region: &&&str| !place.family.members.contains_key(**region);
    list.extend(REGIONS.iter().filter(free).map(|r| to(r)));
    if place.family.effective_state(place.region) == Some(KeyState::Enabled) {
        for region in ["us-gov-west-1", "xx-nowhere-1", "nowhere", ""] {
            list.push(to(region));
        }
        let mut without = to(place.region);
        without.args.remove("PrimaryRegion");
        list.push(without);
        if let Some(alias) = place.alias() {
            let form = KeyForm::Alias;
            let key = Arg::Key(mrkspec_model::call::KeyRef { name: alias.clone(), form });
            list.push(list[0].clone().with("KeyId", key));
        }
    }
    list
}

pub(super) fn schedule(place: &Place) -> Vec<Call> {
    let days = |n: i64| place.on(ScheduleKeyDeletion).with("PendingWindowInDays", Arg::Json(json!(n)));
    vec![days(7), place.on(ScheduleKeyDeletion), days(31), days(6)]
}

pub(super) fn without_key(op: Operation, place: &Place) -> Vec<Call> {
    match op {
        GenerateRandom => vec![place.call(op).with("NumberOfBytes", Arg::Json(json!(32)))],
        ListRetirableGrants => {
            vec![place.call(op).with("RetiringPrincipal", text("arn:aws:iam::{account}:root"))]
        }
        _ => vec![
            place.call(op),
            place.call(op).with("Limit", Arg::Json(json!(1))),
            place.call(op).with("Limit", Arg::Json(json!(1001))),
            place.call(op).with("Marker", text("no-such-marker")),
        ],
    }
}

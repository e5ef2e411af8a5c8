//! Calls that are wrong on purpose, in every way in which callers go wrong and the model knows what
//! is due: stale references, other Regions and accounts, malformed values, wrong types, extra and
//! missing members, huge and empty texts.

use super::choices::Choices;
use super::menu::{Place, REGIONS};
use mrkspec_model::call::{Arg, Auth, Call, Caller, KeyForm, Operation};
use serde_json::{Value, json};

/// Bends a call out of shape.
pub fn bend(call: &mut Call, place: &Place, c: &mut Choices) {
    match c.pick(14) {
        0 => drop_member(call, c),
        1 => change_type(call, c),
        2 | 3 => unknown_key(call, place, c),
        4 | 5 => other_form(call, c),
        6 => damage(call),
        7 | 8 => odd_text(call, c),
        9 => odd_number(call, c),
        10 => extra_member(call, c),
        11 if call.op != Operation::CreateKey => call.region = c.of(&REGIONS).into(),
        12 if call.caller == Caller::Admin => not_authenticated(call, c),
        13 if c.chance(30) => call.raw_body = Some(c.of(&["{", "[]", "\"x\"", "{\"KeyId\":", "not JSON"]).to_string()),
        _ => other_form(call, c),
    }
}

fn members(call: &Call) -> Vec<String> {
    call.args.keys().cloned().collect()
}

fn drop_member(call: &mut Call, c: &mut Choices) {
    let members = members(call);
    if !members.is_empty() {
        call.args.remove(&c.of(&members));
    }
}

fn change_type(call: &mut Call, c: &mut Choices) {
    let members = members(call);
    if members.is_empty() {
        return;
    }
    let member = c.of(&members);
    // A text where a number or a list belongs, a number where anything else does.
    let wrong = match call.args.get(&member) {
        Some(Arg::Json(Value::Number(_) | Value::Bool(_) | Value::Array(_) | Value::Object(_))) => json!("text"),
        _ => c.of(&[json!(42), json!(true), json!(["x"]), json!({ "x": "y" })]),
    };
    call.args.insert(member, Arg::Json(wrong));
}

fn unknown_key(call: &mut Call, place: &Place, c: &mut Choices) {
    let member = call.op.key_member();
    if !call.args.contains_key(member) {
        return;
    }
    let region = place.region;
    let names = [
        "12345678-1234-1234-1234-123456789012".to_string(),
        "mrk-00000000000000000000000000000000".to_string(),
        format!("arn:aws:kms:{region}:999999999999:key/mrk-00000000000000000000000000000000"),
        format!("arn:aws:kms:{region}:999999999999:key/12345678-1234-1234-1234-123456789012"),
        "arn:aws:s3:::bucket".to_string(),
        "alias/no-such-alias".to_string(),
        "schlüssel-鍵-🔑".to_string(),
        String::new(),
        "k".repeat(2049),
    ];
    call.args.insert(member.into(), Arg::Json(json!(c.of(&names))));
}

fn other_form(call: &mut Call, c: &mut Choices) {
    let here = call.region.clone();
    if let Some(Arg::Key(key)) = call.args.get_mut(call.op.key_member())
        && matches!(key.form, KeyForm::Id | KeyForm::Arn(_))
    {
        key.form = if c.chance(60) { KeyForm::Arn(here) } else { KeyForm::Arn(c.of(&REGIONS).into()) };
    }
}

fn damage(call: &mut Call) {
    for member in ["CiphertextBlob", "Signature", "Mac", "ImportToken"] {
        if let Some(Arg::Result { damaged, .. }) = call.args.get_mut(member) {
            *damaged = true;
        }
    }
}

fn odd_text(call: &mut Call, c: &mut Choices) {
    let odd: &[&str] = &["", "nowhere-1", "EU-WEST-1", "eu-west-1 ", "é€😀", "us-gov-west-1", "xx-nowhere-1", "-"];
    let fits: Vec<String> = members(call)
        .into_iter()
        .filter(|m| matches!(m.as_str(), "PrimaryRegion" | "ReplicaRegion" | "Description"))
        .collect();
    if fits.is_empty() {
        return;
    }
    let member = c.of(&fits);
    let text = match (member.as_str(), c.pick(4)) {
        ("Description", 0) => "d".repeat(8193),
        ("Description", 1) => "d".repeat(8192),
        (_, 0) => "r".repeat(3000),
        _ => c.of(odd).to_string(),
    };
    call.args.insert(member, Arg::Json(json!(text)));
}

fn odd_number(call: &mut Call, c: &mut Choices) {
    let (member, values): (&str, &[i64]) = match call.op {
        Operation::ScheduleKeyDeletion => ("PendingWindowInDays", &[0, 6, 7, 30, 31, 365, 366, -1]),
        Operation::EnableKeyRotation => ("RotationPeriodInDays", &[89, 90, 2560, 2561, 0, -1]),
        Operation::ListKeys | Operation::ListGrants | Operation::ListAliases => ("Limit", &[0, 1, 1001, -1]),
        Operation::GenerateRandom => ("NumberOfBytes", &[0, 1, 1024, 1025]),
        _ => return,
    };
    call.args.insert(member.into(), Arg::Json(json!(c.of(values))));
}

fn extra_member(call: &mut Call, c: &mut Choices) {
    // Members that KMS does not know are ignored.
    let name = c.of(&["Colour", "keyId", "primaryRegion", "__type", "Ünïcode"]);
    call.args.insert(name.into(), Arg::Json(c.of(&[json!("x"), json!(1), json!([]), json!({ "a": [1, 2] })])));
}

fn not_authenticated(call: &mut Call, c: &mut Choices) {
    if matches!(call.op, Operation::DescribeKey | Operation::UpdatePrimaryRegion | Operation::Encrypt) {
        call.auth = c.of(&[Auth::Unsigned, Auth::WrongSignature, Auth::UnknownKey, Auth::Incomplete]);
    }
}

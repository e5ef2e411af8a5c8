//! Making answers comparable: ids, times, request ids and ciphertexts become symbols.

use mrkspec_model::bindings::{Bindings, Slot};
use mrkspec_model::call::{Arg, Call, KeyForm};
use serde_json::{Map, Value, json};

/// Members whose value differs from run to run.
pub(super) const TIMES: [&str; 8] = [
    "ParametersValidTo",
    "CreationDate",
    "DeletionDate",
    "LastUpdatedDate",
    "RotationDate",
    "NextRotationDate",
    "OnDemandRotationStartDate",
    "ValidTo",
];
const BLOBS: [&str; 17] = [
    "GrantId",
    "GrantToken",
    "ImportToken",
    "PrivateKeyCiphertextBlob",
    "PrivateKeyPlaintext",
    "SharedSecret",
    "KeyMaterial",
    "CiphertextBlob",
    "Signature",
    "Mac",
    "PublicKey",
    "Plaintext",
    "KeyMaterialId",
    "CurrentKeyMaterialId",
    "SourceKeyMaterialId",
    "DestinationKeyMaterialId",
    "NextMarker",
];

/// A call in one line, in symbols.
pub fn call(call: &Call) -> String {
    let mut parts: Vec<String> = call.args.iter().map(|(k, v)| format!("{k}: {}", arg(v))).collect();
    if call.caller != mrkspec_model::call::Caller::Admin {
        parts.push(format!("by: {}", format!("{:?}", call.caller).to_lowercase()));
    }
    if call.auth != mrkspec_model::call::Auth::Valid {
        parts.push(format!("auth: {:?}", call.auth));
    }
    if let Some(body) = &call.raw_body {
        parts.push(format!("body: {body}"));
    }
    format!("{} in {} {{ {} }}", call.op, call.region, parts.join(", "))
}

fn arg(arg: &Arg) -> String {
    match arg {
        Arg::Json(value) => mrkspec_model::matching::brief(value),
        Arg::Key(key) => match &key.form {
            KeyForm::Id => key.name.to_string(),
            KeyForm::Arn(region) => format!("{}@{region}", key.name),
            KeyForm::Alias => format!("alias:{}", key.name),
            KeyForm::AliasArn(region) => format!("alias:{}@{region}", key.name),
        },
        Arg::AliasName(name) => format!("alias:{name}"),
        Arg::Bytes(bytes) if bytes.len() <= 40 => String::from_utf8_lossy(bytes).into_owned(),
        Arg::Bytes(bytes) => format!("({} bytes)", bytes.len()),
        Arg::Material { name, step } => format!("{name} wrapped for {step}"),
        Arg::In(time) => format!("in {}", humantime::format_duration(*time)),
        Arg::Tokens(steps) => format!("[{}]", steps.join(", ")),
        Arg::Result { step, damaged } => format!("{step}{}", if *damaged { " damaged" } else { "" }),
    }
}

/// A text with ids and account replaced by symbols.
pub fn text(text: &str, bindings: &Bindings) -> String {
    let mut out = text.to_string();
    // Most texts hold no id at all: they are looked through, and not copied.
    let mut put = |known: &str, symbol: &dyn Fn() -> String| {
        if !known.is_empty() && out.len() >= known.len() && out.contains(known) {
            out = out.replace(known, &symbol());
        }
    };
    for (slot, value) in bindings.slots() {
        if let (Slot::KeyId(name) | Slot::Grant(name), Some(id)) = (slot, value.as_str()) {
            put(id, &|| format!("<{name}>"));
        }
    }
    if let Some(account) = bindings.get(&Slot::Account).and_then(Value::as_str).filter(|a| a.len() == 12) {
        put(account, &|| "<account>".to_string());
    }
    put(&bindings.alias_prefix, &String::new);
    without_material_ids(&out).unwrap_or(out)
}

/// The text without the ids of key material, if it has any: 64 hexadecimal digits in parentheses.
fn without_material_ids(text: &str) -> Option<String> {
    const LENGTH: usize = 64;
    let is_id = |t: &str| {
        t.len() > LENGTH && t.as_bytes()[..LENGTH].iter().all(u8::is_ascii_hexdigit) && t.as_bytes()[LENGTH] == b')'
    };
    text.contains('(').then_some(())?;
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('(') {
        let (open, inner) = after.strip_prefix("id: ").map_or(("(", after), |inner| ("(id: ", inner));
        out += before;
        out += open;
        rest = match is_id(inner) {
            true => {
                out += "<material>";
                &inner[LENGTH..]
            }
            false => inner,
        };
    }
    Some(out + rest)
}

/// The body of an answer in symbols.
pub fn body(body: &Value, bindings: &Bindings) -> Value {
    value("", body, bindings)
}

fn value(name: &str, v: &Value, bindings: &Bindings) -> Value {
    match v {
        Value::Number(_) if TIMES.contains(&name) => json!("<time>"),
        Value::String(_) if BLOBS.contains(&name) => json!("<blob>"),
        Value::String(s) if matches!(name, "Policy" | "ReplicaPolicy") => {
            let policy: Option<Value> = serde_json::from_str(s).ok();
            json!(text(&policy.map_or(s.clone(), |p| p.to_string()), bindings))
        }
        Value::String(s) => json!(text(s, bindings)),
        Value::Array(list) => {
            let mut items: Vec<Value> =
                list.iter().filter(|i| is_ours(i, bindings)).map(|i| value(name, i, bindings)).collect();
            items.sort_by_key(Value::to_string);
            Value::Array(items)
        }
        Value::Object(map) => {
            // Whose keys stand on one page of a longer list is chance: ids are random.
            let page = map.get("Truncated") == Some(&json!(true));
            let entry = |(k, v): (&String, &Value)| {
                (k.clone(), if page && v.is_array() { json!("<page>") } else { value(k, v, bindings) })
            };
            Value::Object(map.iter().map(entry).collect::<Map<String, Value>>())
        }
        other => other.clone(),
    }
}

/// Entries of lists about keys of other sequences, and this tool's own tags, are noise.
fn is_ours(item: &Value, bindings: &Bindings) -> bool {
    if let Some(tag) = item.get("TagKey").and_then(Value::as_str) {
        return !tag.starts_with("mrkspec:");
    }
    if let Some(alias) = item.get("AliasName").and_then(Value::as_str) {
        return alias.contains(&*bindings.alias_prefix);
    }
    let grant = item.get("GrantId").and(item.get("KeyId"));
    if let Some(arn) = item.get("KeyArn").or(grant).and_then(Value::as_str) {
        let mut ids = bindings.slots().filter(|(s, _)| matches!(s, Slot::KeyId(_)));
        return ids.any(|(_, id)| id.as_str().is_some_and(|id| arn.ends_with(id)));
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_material_are_symbols() {
        let id = "0a".repeat(32);
        let said = format!("Key material (id: {id}) is not ({id}), (it) says (id: {}).", &id[1..]);
        let wanted = format!("Key material (id: <material>) is not (<material>), (it) says (id: {}).", &id[1..]);
        assert_eq!(text(&said, &Bindings::new("")), wanted);
        assert_eq!(text("nothing", &Bindings::new("")), "nothing");
    }
}

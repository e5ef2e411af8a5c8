//! Whether an answer is the recorded one.

use super::values::{ACCOUNT, OTHER_ACCOUNT, Values};
use serde_json::{Map, Value};

/// What an endpoint gave.
pub type Given = Result<Value, (&'static str, String, u16)>;

/// Compares code and text, or the members that were recorded.
///
/// # Errors
/// With the first difference.
pub fn row(row: &Value, given: &Given, values: &mut Values) -> Result<(), String> {
    let (code, text) = (row["code"].as_str().unwrap_or(""), row["message"].as_str().unwrap_or(""));
    match given {
        Err((ours, message, _)) => {
            let text = text.replace(OTHER_ACCOUNT, ACCOUNT);
            values.bind_ids(&text, message);
            let message = values.theirs(message);
            if *ours == code && message == text {
                return Ok(());
            }
            Err(format!("{code} `{text}` was recorded, {ours} `{message}` came"))
        }
        Ok(_) if code != "Success" => Err(format!("{code} was recorded, success came")),
        Ok(answer) => {
            // This member comes and goes; where it was not recorded it was not there.
            let started = "OnDemandRotationStartDate";
            if row["operation"] == "GetKeyRotationStatus"
                && answer.get(started).is_some()
                && row["output"].get(started).is_none()
            {
                return Err(format!("{started} was absent"));
            }
            members(&row["output"], answer, values)
        }
    }
}

fn members(output: &Value, answer: &Value, values: &mut Values) -> Result<(), String> {
    let flat = flatten(answer);
    let Some(recorded) = output.as_object() else {
        return Ok(());
    };
    let mut wanted = flatten(output);
    wanted.extend(
        recorded.iter().filter(|(k, _)| k.ends_with("Key") || k.ends_with("Keys")).map(|(k, v)| (k.clone(), v.clone())),
    );
    for (member, wanted) in wanted {
        let spoken = member.starts_with(|c: char| c.is_ascii_uppercase());
        // Rows have policies abridged; whose shared secret it is was not recorded.
        if !spoken
            || matches!(
                member.as_str(),
                "Policy" | "ReplicaPolicy" | "SharedSecret" | "ReplicaKeyMetadata" | "KeyMetadata"
            )
        {
            continue;
        }
        match (wanted == "absent", flat.get(&member)) {
            (true, None) => {}
            (true, Some(ours)) => return Err(format!("{member} was absent, {ours} came")),
            (false, None) => return Err(format!("{member} is missing")),
            (false, Some(ours)) => value(&member, &wanted, ours, values)?,
        }
    }
    Ok(())
}

/// All members in one map, those of KeyMetadata and of its configuration among them; keys by Region.
fn flatten(answer: &Value) -> Map<String, Value> {
    let mut flat = answer.as_object().cloned().unwrap_or_default();
    for inner in ["KeyMetadata", "ReplicaKeyMetadata", "MultiRegionConfiguration"] {
        if let Some(Value::Object(members)) = flat.get(inner).cloned() {
            flat.extend(members);
        }
    }
    let region = |key: &Value| key.get("Region").cloned().unwrap_or(key.clone());
    if let Some(primary) = flat.get("PrimaryKey").map(region) {
        flat.insert("PrimaryKey".into(), primary);
    }
    if let Some(Value::Array(keys)) = flat.get("ReplicaKeys") {
        let mut regions: Vec<Value> = keys.iter().map(region).collect();
        regions.sort_by_key(Value::to_string);
        flat.insert("ReplicaKeys".into(), regions.into());
    }
    flat
}

fn is_time(text: &str) -> bool {
    text.len() > 18 && text.as_bytes()[4] == b'-' && text.as_bytes()[10] == b'T'
}

fn value(member: &str, wanted: &Value, ours: &Value, values: &mut Values) -> Result<(), String> {
    let different = || Err(format!("{member}: {wanted} was recorded, {ours} came"));
    match (wanted, ours) {
        (Value::String(text), ours) if is_time(text) => {
            if ours.is_number() {
                Ok(())
            } else {
                different()
            }
        }
        (Value::String(text), Value::String(_)) if text.contains('<') || text.contains("...") => Ok(()),
        (Value::String(text), Value::String(ours)) => {
            if values.same(text, ours) {
                Ok(())
            } else {
                different()
            }
        }
        (Value::Array(list), Value::Array(others)) => {
            if list.len() != others.len() {
                return different();
            }
            list.iter().zip(others).try_for_each(|(a, b)| value(member, a, b, values))
        }
        (Value::Object(map), Value::Object(others)) => {
            if let Some(extra) = others.keys().find(|k| member == "Rotations" && !map.contains_key(*k) && *k != "KeyId")
            {
                return Err(format!("{member} has {extra}, which was not recorded"));
            }
            map.iter().try_for_each(|(k, wanted)| match others.get(k) {
                Some(ours) => value(if k.starts_with("Rot") { k } else { member }, wanted, ours, values),
                None => Err(format!("{k} is missing in {member}")),
            })
        }
        (a, b) if a == b => Ok(()),
        _ => different(),
    }
}

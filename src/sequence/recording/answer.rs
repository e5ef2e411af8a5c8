//! The recorded answer as the endpoint gave it, and what of it is evidence.

use super::blobs::{bytes_of, is_unnamed, name_of};
use super::times::seconds;
use super::{Header, Row};
use crate::sequence::normalise::TIMES;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mrkspec_model::call::Operation;
use mrkspec_model::evidence::Evidence;
use mrkspec_model::outcome::Response;
use serde_json::{Map, Value, json};

/// A recorded answer.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The answer.
    pub response: Response,
    /// `None` when the whole answer was recorded.
    pub evidence: Option<Evidence>,
}

/// What a row says of its answer.
pub fn answer(header: &Header, op: Operation, row: &Row) -> Seen {
    let mut evidence = Evidence { code_only: row.passed_on, ..Evidence::default() };
    let response = if row.code == "Success" {
        let mut body = row.output.clone().unwrap_or(Value::Null);
        if header.partial {
            unfold(op, &mut body);
        }
        resolve("", &mut body, header.partial, &mut evidence);
        Response::Success(body)
    } else {
        evidence.no_text = row.message.is_none();
        let internal = ["KMSInternalException", "DependencyTimeoutException", "KeyUnavailableException"];
        let status = row.run.status.unwrap_or(if internal.contains(&row.code.as_str()) { 500 } else { 400 });
        Response::Error { code: row.code.clone(), message: row.message.clone().unwrap_or_default(), status }
    };
    let whole = !header.partial && !row.passed_on;
    Seen { response, evidence: (!whole).then_some(evidence) }
}

/// Puts KeyMetadata that was flattened back into its place.
fn unfold(op: Operation, body: &mut Value) {
    let (place, beside): (&str, &[&str]) = match op {
        Operation::CreateKey | Operation::DescribeKey => ("KeyMetadata", &[]),
        Operation::ReplicateKey => ("ReplicaKeyMetadata", &["ReplicaPolicy", "ReplicaTags"]),
        _ => return,
    };
    let Value::Object(map) = body else { return };
    if !map.contains_key(place) {
        let (rest, metadata): (Map<_, _>, Map<_, _>) =
            std::mem::take(map).into_iter().partition(|(k, _)| beside.contains(&k.as_str()));
        *map = rest;
        map.insert(place.into(), Value::Object(metadata));
    }
    if map.get("ReplicaPolicy").and_then(Value::as_str).is_some_and(|p| p.starts_with("default")) {
        let account = map[place]["Arn"].as_str().and_then(|a| a.split(':').nth(4)).unwrap_or_default();
        let root = format!("arn:aws:iam::{account}:root");
        let allow = json!({ "Effect": "Allow", "Principal": { "AWS": root }, "Action": "kms:*", "Resource": "*" });
        map.insert("ReplicaPolicy".into(), json!({ "Version": "2012-10-17", "Statement": [allow] }));
    }
    if let Some(Value::Object(metadata)) = map.get_mut(place) {
        unfold_metadata(metadata);
    }
}

fn unfold_metadata(metadata: &mut Map<String, Value>) {
    let Some(arn) = metadata.get("Arn").and_then(Value::as_str).map(str::to_string) else { return };
    if let Some((_, id)) = arn.split_once(":key/") {
        metadata.entry("KeyId").or_insert_with(|| json!(id));
    }
    let own = arn.split(':').nth(3).unwrap_or_default();
    let member = |region: &Value| match region.as_str() {
        Some(r) => json!({ "Arn": arn.replacen(&format!(":{own}:"), &format!(":{r}:"), 1), "Region": r }),
        None => region.clone(),
    };
    let mut config = Map::new();
    for name in ["MultiRegionKeyType", "PrimaryKey", "ReplicaKeys"] {
        let Some(value) = metadata.remove(name) else { continue };
        let value = match &value {
            Value::Array(list) => Value::Array(list.iter().map(member).collect()),
            Value::String(_) if name == "PrimaryKey" => member(&value),
            _ => value,
        };
        config.insert(name.into(), value);
    }
    if !config.is_empty() {
        metadata.entry("MultiRegionConfiguration").or_insert(Value::Object(config));
    }
}

/// Puts bytes in the place of names, and takes out what is only said to be absent.
fn resolve(path: &str, value: &mut Value, partial: bool, evidence: &mut Evidence) {
    match value {
        Value::Object(map) => {
            let below = |k: &str| if path.is_empty() { k.to_string() } else { format!("{path}.{k}") };
            for absent in
                map.iter().filter(|(_, v)| *v == "absent" && partial).map(|(k, _)| k.clone()).collect::<Vec<_>>()
            {
                map.remove(&absent);
                evidence.absent.insert(below(&absent));
            }
            for (name, v) in map.iter_mut() {
                let time = v.as_str().filter(|_| partial && TIMES.contains(&name.as_str())).and_then(seconds);
                if let Some(time) = time {
                    *v = json!(time);
                } else if matches!(name.as_str(), "Policy" | "ReplicaPolicy") && v.is_object() {
                    *v = json!(v.to_string());
                } else {
                    resolve(&below(name), v, partial, evidence);
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|v| resolve(path, v, partial, evidence)),
        // In a complete recording only this tool's own names stand for bytes.
        Value::String(text) if name_of(text).is_some_and(|n| partial || n.starts_with("blob ")) => {
            if is_unnamed(text) {
                evidence.vague.insert(path.to_string());
            }
            *text = STANDARD.encode(bytes_of(text));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mrkspec_model::matching::lookup;

    fn seen(op: Operation, row: Value) -> (Value, Evidence) {
        let header = Header { partial: true, ..Header::default() };
        let mut whole = json!({ "region": "us-east-1", "operation": op.name(), "input": {}, "code": "Success" });
        whole.as_object_mut().expect("an object").extend(row.as_object().expect("an object").clone());
        let row: Row = serde_json::from_value(whole).expect("a row");
        let seen = answer(&header, op, &row);
        let Response::Success(body) = seen.response else { panic!("a success") };
        (body, seen.evidence.expect("a partial answer"))
    }

    #[test]
    fn flattened_metadata_is_put_back() {
        let arn = "arn:aws:kms:us-east-1:111111111111:key/mrk-1";
        let output = json!({ "Arn": arn, "PrimaryKey": "us-east-1", "ReplicaKeys": ["us-west-2"], "DeletionDate": "absent",
            "CreationDate": "2026-09-12T11:38:35.122000+01:00" });
        let (body, evidence) = seen(Operation::DescribeKey, json!({ "output": output }));
        let config = lookup(&body, "KeyMetadata.MultiRegionConfiguration").expect("a configuration");
        assert_eq!(config["PrimaryKey"], json!({ "Arn": arn, "Region": "us-east-1" }));
        assert_eq!(config["ReplicaKeys"][0]["Arn"], arn.replace("us-east-1", "us-west-2"));
        assert_eq!(lookup(&body, "KeyMetadata.KeyId"), Some(&json!("mrk-1")));
        assert!(lookup(&body, "KeyMetadata.CreationDate").is_some_and(Value::is_number));
        assert!(evidence.absent.contains("KeyMetadata.DeletionDate"));
    }

    #[test]
    fn bytes_that_nobody_kept_are_vague() {
        let (body, evidence) =
            seen(Operation::Encrypt, json!({ "output": { "CiphertextBlob": "<blob>", "KeyId": "k" } }));
        assert!(mrkspec_model::base64(body["CiphertextBlob"].as_str().expect("a text")).is_some());
        assert_eq!(evidence.vague.into_iter().collect::<Vec<_>>(), ["CiphertextBlob"]);
    }
}

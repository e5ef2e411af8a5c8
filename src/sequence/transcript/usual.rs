//! What nearly every answer says is said in few words. Each short form stands for exactly one long form, so
//! that a change of any member still changes the transcript.

use super::facts::{Facts, whole};
use mrkspec_model::world::{Name, Region};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What the metadata of an enabled symmetric multi-Region key with material of AWS says besides its id, state and
/// role. Constants, not derived from the model: when model and endpoint change together, it has to be seen here.
const METADATA: [(&str, &str); 11] = [
    ("AWSAccountId", "<account>"),
    ("CreationDate", "<time>"),
    ("CurrentKeyMaterialId", "<blob>"),
    ("Description", "\"\""),
    ("Enabled", "true"),
    ("EncryptionAlgorithms", "[\"SYMMETRIC_DEFAULT\"]"),
    ("KeyManager", "CUSTOMER"),
    ("KeySpec", "SYMMETRIC_DEFAULT"),
    ("KeyUsage", "ENCRYPT_DECRYPT"),
    ("MultiRegion", "true"),
    ("Origin", "AWS_KMS"),
];

const ROLE: &str = "MultiRegionConfiguration.MultiRegionKeyType";

/// The policy that a key gets when none is given.
const DEFAULT_POLICY: &str = r#"{"Id":"key-default-1","Statement":[{"Action":"kms:*","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::<account>:root"},"Resource":"*","Sid":"Enable IAM User Permissions"}],"Version":"2012-10-17"}"#;

/// The whole metadata: what is particular a line each, then one line for the rest. That names the members which
/// would say the usual and are not there.
pub(super) fn fold(mut facts: Facts, path: &str, (family, region): &(Name, Region)) -> Vec<String> {
    let said = |name: &str| facts.get(&format!("{path}.{name}")).map(|items| items.join(", "));
    let mut usual: BTreeMap<&str, String> = METADATA.iter().map(|(name, value)| (*name, value.to_string())).collect();
    usual.insert("Arn", arn_of(family, region));
    usual.insert("KeyId", format!("<{family}>"));
    // The old name of KeySpec: whatever that says, a line of its own adds nothing.
    usual.insert("CustomerMasterKeySpec", said("KeySpec").unwrap_or_default());
    if said(ROLE).as_deref() == Some("PRIMARY") {
        // Its primary is itself. Whose replica a replica is, is worth a line.
        usual.insert("MultiRegionConfiguration.PrimaryKey", region.to_string());
    }
    if path == "ReplicaKeyMetadata" {
        usual.insert(ROLE, "REPLICA".to_string());
    }
    let mut missing = Vec::new();
    for (name, value) in usual {
        let path = format!("{path}.{name}");
        match facts.get(&path) {
            None => missing.push(name),
            Some(items) if items[..] == [value] => drop(facts.remove(&path)),
            Some(_) => {}
        }
    }
    let mut lines = whole(&facts);
    let without = if missing.is_empty() { String::new() } else { format!(", without {}", missing.join(", ")) };
    lines.push(format!("{path}, the rest: as usual{without}"));
    lines
}

fn arn_of(family: &str, region: &str) -> String {
    format!("arn:aws:kms:{region}:<account>:key/<{family}>")
}

/// The metadata of a member with `{Arn, Region}` of a member of its family written as the Region alone.
pub(super) fn references(metadata: &Value, family: &str) -> Value {
    let mut metadata = metadata.clone();
    let Some(configuration) = metadata.get_mut("MultiRegionConfiguration").and_then(Value::as_object_mut) else {
        return metadata;
    };
    for (name, value) in configuration {
        let short = match (name.as_str(), &*value) {
            // A text where a structure belongs must not look like the short form.
            ("PrimaryKey" | "ReplicaKeys", Value::String(s)) => Some(format!("the text {s}")),
            ("PrimaryKey", primary) => region_of(primary, family),
            ("ReplicaKeys", Value::Array(list)) if !list.is_empty() => {
                let regions: Option<Vec<String>> = list.iter().map(|replica| region_of(replica, family)).collect();
                regions.map(|regions| format!("[{}]", regions.join(", ")))
            }
            _ => None,
        };
        if let Some(short) = short {
            *value = json!(short);
        }
    }
    metadata
}

/// The Region in `{Arn, Region}`, if the ARN is that of the family's member there and nothing else is said.
fn region_of(reference: &Value, family: &str) -> Option<String> {
    let members = reference.as_object().filter(|members| members.len() == 2)?;
    let region = members.get("Region")?.as_str()?;
    let plain = region.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let arn = members.get("Arn")?.as_str()?;
    (plain && !region.is_empty() && arn == arn_of(family, region)).then(|| region.to_string())
}

/// Facts with the default policy called so.
pub(super) fn policies(mut facts: Facts) -> Facts {
    for name in ["Policy", "ReplicaPolicy"] {
        if let Some(items) = facts.get_mut(name)
            && items[..] == [DEFAULT_POLICY]
        {
            *items = vec!["(the default policy)".to_string()];
        }
    }
    facts
}

//! Which key policies the model can read. Of others it knows only that they are policies: that they
//! may be refused as malformed, and that what they allow is open.

use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Principals that the model knows by name.
const PRINCIPALS: [&str; 4] = ["*", "{limited}", "{account}", "arn:aws:iam::{account}:root"];
const OPERATORS: [&str; 5] = ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "Bool"];
const KEYS: [&str; 6] = [
    "kms:primaryregion",
    "kms:replicaregion",
    "kms:multiregion",
    "kms:multiregionkeytype",
    "aws:requestedregion",
    "kms:calleraccount",
];

/// Whether the model can read a policy: plain statements about known principals, operations and
/// condition keys (F-110 to F-114), and nothing else.
pub fn is_plain(text: &str) -> bool {
    let Ok(Value::Object(document)) = serde_json::from_str(text) else {
        return false;
    };
    let versions = ["2012-10-17", "2008-10-17"];
    let version = document.get("Version").is_none_or(|v| v.as_str().is_some_and(|v| versions.contains(&v)));
    let Some(Value::Array(statements)) = document.get("Statement") else {
        return false;
    };
    let mut sids = BTreeSet::new();
    let unique = statements.iter().filter_map(|s| s.get("Sid")?.as_str()).all(|sid| sids.insert(sid.to_string()));
    only(&document, &["Version", "Id", "Statement"])
        && version
        && unique
        && !statements.is_empty()
        && statements.iter().all(is_plain_statement)
}

fn only(map: &Map<String, Value>, known: &[&str]) -> bool {
    map.keys().all(|k| known.contains(&k.as_str()))
}

/// A string, or a list of strings, all of which fit.
fn texts(value: Option<&Value>, fits: impl Fn(&str) -> bool) -> bool {
    match value {
        Some(Value::String(one)) => fits(one),
        Some(Value::Array(list)) => !list.is_empty() && list.iter().all(|v| v.as_str().is_some_and(&fits)),
        _ => false,
    }
}

fn is_plain_statement(statement: &Value) -> bool {
    let Some(map) = statement.as_object() else {
        return false;
    };
    let sid = map.get("Sid").is_none_or(|s| {
        s.as_str().is_some_and(|s| s.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ') && s.len() <= 128)
    });
    let effect = matches!(map.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny"));
    let principal = match map.get("Principal") {
        Some(Value::String(all)) => all == "*",
        Some(Value::Object(kinds)) => only(kinds, &["AWS"]) && texts(kinds.get("AWS"), |p| PRINCIPALS.contains(&p)),
        _ => false,
    };
    let action = texts(map.get("Action"), |a| {
        let name = a.strip_prefix("kms:").unwrap_or("");
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '*' || c == '?')
    });
    let condition = match map.get("Condition") {
        None => true,
        Some(Value::Object(block)) => !block.is_empty() && block.iter().all(|(o, keys)| is_plain_condition(o, keys)),
        Some(_) => false,
    };
    only(map, &["Sid", "Effect", "Principal", "Action", "Resource", "Condition"])
        && sid
        && effect
        && principal
        && action
        && texts(map.get("Resource"), |r| r == "*")
        && condition
}

fn is_plain_condition(operator: &str, keys: &Value) -> bool {
    let name = operator.strip_prefix("ForAnyValue:").unwrap_or(operator);
    let quantified = name.len() < operator.len();
    let Some(keys) = keys.as_object() else {
        return false;
    };
    let value = |v: &Value| texts(Some(v), |_| true) || (name == "Bool" && v.is_boolean());
    OPERATORS.contains(&name)
        && !(quantified && name == "Bool")
        && !keys.is_empty()
        && keys.iter().all(|(key, v)| KEYS.contains(&key.to_ascii_lowercase().as_str()) && value(v))
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn what_the_model_reads_and_what_it_does_not() {
        let good =
            r#""Effect":"Allow","Principal":{"AWS":"arn:aws:iam::{account}:root"},"Action":"kms:*","Resource":"*""#;
        assert!(is_plain(&format!(r#"{{"Version":"2012-10-17","Statement":[{{{good}}}]}}"#)));
        for odd in [
            "x".to_string(),
            "{}".to_string(),
            r#"{"Statement":[]}"#.to_string(),
            format!(r#"{{"Statement":{{{good}}}}}"#),
            format!(r#"{{"Statement":[{{{good},"NotAction":"kms:Encrypt"}}]}}"#),
            format!(r#"{{"Statement":[{{{good},"Condition":{{}}}}]}}"#),
            format!(r#"{{"Statement":[{{{good},"Condition":{{"IpAddress":{{"aws:SourceIp":"10.0.0.0/8"}}}}}}]}}"#),
            format!(r#"{{"Version":"2020","Statement":[{{{good}}}]}}"#),
            format!(r#"{{"Statement":[{{{}}}]}}"#, good.replace("kms:*", "s3:*")),
            format!(r#"{{"Statement":[{{{}}}]}}"#, good.replace(":root", ":user/x")),
        ] {
            assert!(!is_plain(&odd), "{odd}");
        }
    }
}

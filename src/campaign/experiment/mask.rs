//! Recorded rows without ids, accounts and names of principals.

use crate::sequence::normalise;
use crate::sequence::recording::Row;
use mrkspec_model::bindings::{Bindings, Slot};
use mrkspec_model::matching::lookup;
use serde_json::{Value, json};

/// What ids stand for in the rows of one experiment.
pub struct Mask(Bindings);

impl Mask {
    /// Learns the keys and the account from the answers that show them.
    pub fn new(rows: &[Row]) -> Mask {
        let context = rows.iter().find_map(|r| r.run.context.as_ref());
        let mut bindings = Bindings::new(context.map_or("", |c| c.alias_prefix.as_str()));
        for row in rows.iter().filter(|r| r.operation == "CreateKey") {
            let text = |path: &str| lookup(row.output.as_ref()?, path)?.as_str();
            let name = row.run.name.as_deref().unwrap_or("key").into();
            if let Some(id) = text("KeyMetadata.KeyId") {
                bindings.set(Slot::KeyId(name), json!(id));
            }
            if let Some(account) = text("KeyMetadata.AWSAccountId") {
                bindings.set(Slot::Account, json!(account));
            }
        }
        Mask(bindings)
    }

    /// A text.
    pub fn text(&self, text: &str) -> String {
        without_numbers(&without_principals(&normalise::text(text, &self.0)))
    }

    /// What an answer had.
    pub fn value(&self, value: &Value) -> Value {
        self.texts(normalise::body(value, &self.0))
    }

    fn texts(&self, value: Value) -> Value {
        match value {
            Value::String(text) => json!(self.text(&text)),
            Value::Array(list) => list.into_iter().map(|v| self.texts(v)).collect(),
            Value::Object(map) => map.into_iter().map(|(k, v)| (k, self.texts(v))).collect(),
            other => other,
        }
    }
}

/// The text with `<name>` for what an ARN of IAM or STS says after the kind of principal.
fn without_principals(text: &str) -> String {
    let word = |word: &str| match word.find(":iam::").or_else(|| word.find(":sts::")) {
        Some(at) if word.contains("arn:") => match word[at..].split_once('/') {
            Some((before, name)) => {
                let rest = name.trim_start_matches(|c: char| c.is_alphanumeric() || "+=,.@_/-".contains(c));
                format!("{}{before}/<name>{rest}", &word[..at])
            }
            None => word.to_string(),
        },
        _ => word.to_string(),
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// The text without numbers of other accounts (twelve digits) and ids of key material (64 hexadecimal digits).
fn without_numbers(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_alphanumeric()) {
        let (before, from) = rest.split_at(at);
        let (word, after) = from.split_at(from.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(from.len()));
        out += before;
        out += match word.len() {
            12 if word.bytes().all(|b| b.is_ascii_digit()) => "<other account>",
            64 if word.bytes().all(|b| b.is_ascii_hexdigit()) => "<material>",
            _ => word,
        };
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_says_whose_account_it_is() {
        let made = Row {
            operation: "CreateKey".into(),
            output: Some(json!({ "KeyMetadata": { "KeyId": "mrk-0123", "AWSAccountId": "111122223333" } })),
            ..Row::default()
        };
        let mask = Mask::new(&[made]);
        let said = "User: arn:aws:sts::999900001111:assumed-role/Some-Role/me@here is not authorized: \
                    arn:aws:kms:us-east-1:111122223333:key/mrk-0123 of 2026, `arn:aws:iam::111122223333:user/x`.";
        let wanted = "User: arn:aws:sts::<other account>:assumed-role/<name> is not authorized: \
                      arn:aws:kms:us-east-1:<account>:key/<key> of 2026, `arn:aws:iam::<account>:user/<name>`.";
        assert_eq!(mask.text(said), wanted);
        assert_eq!(
            mask.value(&json!({ "A": ["arn:aws:iam::1:user/y"] })),
            json!({ "A": ["arn:aws:iam::1:user/<name>"] })
        );
    }
}

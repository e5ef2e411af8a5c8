//! Members of recorded requests that mean more than they say.

use crate::sequence::recording::{Row, bytes_of, length, name_of};
use mrkspec_model::call::{Arg, Call, Operation};
use mrkspec_model::keyspec::KeySpec;
use mrkspec_model::shape;
use serde_json::{Number, Value, json};
use std::time::Duration;

/// The members that name a key.
pub(super) const KEYS: [&str; 4] = ["KeyId", "TargetKeyId", "SourceKeyId", "DestinationKeyId"];

/// The call of KMS that another service made and passed on the answer of; `None` when the row names none.
pub(super) fn direct(row: &Row) -> Option<Row> {
    let words = row.operation.split(|c: char| !c.is_ascii_alphanumeric());
    let op = words.filter(|w| !w.is_empty()).find_map(Operation::parse)?;
    let mut direct = Row { operation: op.name().into(), ..row.clone() };
    if let Some(key) = direct.input.remove("KmsMasterKeyId") {
        direct.input.insert("KeyId".into(), key);
        if op == Operation::GenerateDataKey {
            direct.input.insert("KeySpec".into(), json!("AES_256"));
        }
    }
    let code = row.message.as_deref().and_then(|m| m.split("Error Code: ").nth(1)?.split([';', ')']).next());
    if let Some(code) = code.filter(|_| row.code != "Success") {
        direct.code = code.trim().to_string();
    }
    Some(direct)
}

/// Wrapped key material as recordings name it: `<wrapped NAME for STEP>`.
pub(super) struct Wrapped<'t> {
    pub(super) name: &'t str,
    /// The step, or the case, that gave the parameters.
    pub(super) parameters: &'t str,
}

/// `None` for anything else than whole, wrapped material.
pub(super) fn material(text: &str) -> Option<Wrapped<'_>> {
    let inner = text.strip_prefix("<wrapped ")?.strip_suffix('>')?;
    let (what, parameters) = inner.rsplit_once(" for ")?;
    let name = what.split(" with ").next().unwrap_or(what);
    // Another coding of the same key is the same key.
    let name = name.split(", ").next().unwrap_or(name);
    Some(Wrapped { name, parameters })
}

/// Whether material of this name can be that of a key of this spec, by its length.
pub(super) fn fits(name: &str, spec: KeySpec) -> bool {
    let wanted = match spec.name() {
        "SYMMETRIC_DEFAULT" | "HMAC_256" => 32,
        "HMAC_224" => 28,
        "HMAC_384" => 48,
        "HMAC_512" => 64,
        _ => return true,
    };
    length(name).is_none_or(|given| given == wanted)
}

/// What ML-DSA signs is 64 bytes, where nothing else is said of it.
pub(super) fn external_mu(call: &mut Call, text: Option<&str>) {
    let unsaid = |t: &&str| name_of(t).is_some() && length(t).is_none();
    if let (Some("EXTERNAL_MU"), Some(text)) = (call.text("MessageType"), text.filter(unsaid)) {
        let half = bytes_of(text);
        call.args.insert("Message".into(), Arg::Bytes([half.clone(), half].concat()));
    }
}

/// When material is to expire: how long after the call, as far as times are known.
pub(super) fn valid_to(time: &Number, row: &Row, sent: Option<Duration>) -> Arg {
    if let Some(seconds) = row.run.valid_in {
        return Arg::In(Duration::try_from_secs_f64(seconds).unwrap_or_default());
    }
    let left = time.as_f64().zip(sent).map(|(t, sent)| t - sent.as_secs_f64());
    match left.map(Duration::try_from_secs_f64) {
        Some(Ok(left)) => Arg::In(left),
        _ => Arg::Json(Value::Number(time.clone())),
    }
}

/// Puts something in the place of members that are needed and were left out. Returns whether any was.
pub(super) fn fill(call: &mut Call, row: &Row) -> bool {
    let Some(Value::Object(needed)) = shape::plain_request(call.op) else { return false };
    let mut filled = false;
    for (member, value) in needed {
        let names_key = KEYS.contains(&member.as_str());
        if call.args.contains_key(&member) || names_key || member == "CiphertextBlob" {
            continue;
        }
        let arg = match member.as_str() {
            "Plaintext" | "Message" => Arg::Bytes(bytes_of(&format!("<{member} of line {}>", row.line))),
            "Policy" => {
                let root = json!({ "AWS": "arn:aws:iam::{account}:root" });
                let allow = json!({ "Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*" });
                Arg::Json(json!(json!({ "Version": "2012-10-17", "Statement": [allow] }).to_string()))
            }
            _ => Arg::Json(value),
        };
        // Most others are left out to see what that gives.
        if ["Plaintext", "Message", "Policy", "Tags", "TagKeys"].contains(&member.as_str()) {
            call.args.insert(member, arg);
            filled = true;
        }
    }
    filled
}

/// The reads that show what a request of which members were left out has changed.
pub(super) fn blinded_by(op: Operation) -> &'static [Operation] {
    match op {
        Operation::PutKeyPolicy => &[Operation::GetKeyPolicy],
        Operation::TagResource | Operation::UntagResource => &[Operation::ListResourceTags],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapped_material_has_a_name_and_its_parameters() {
        let whole = "<wrapped PKCS#8 key (OpenSSL), outer sequence re-coded with RSAES_OAEP_SHA_256 for parameters>";
        let wrapped = material(whole).expect("wrapped material");
        assert_eq!((wrapped.name, wrapped.parameters), ("PKCS#8 key (OpenSSL)", "parameters"));
        assert!(material("<256 x 0x78, not a wrapped key>").is_none());
    }
}

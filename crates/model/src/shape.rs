//! The form of requests: types, required members and constraints, from the published service
//! model (`data/operations.json`, F-008, F-023).

use super::call::{Arg, Call, Operation};
use super::outcome::{Reason, Refusals};
use super::situation::Variant;
use serde_json::{Value, json};
use std::sync::{LazyLock, OnceLock};

fn model() -> &'static Value {
    static MODEL: OnceLock<Value> = OnceLock::new();
    MODEL.get_or_init(|| serde_json::from_str(include_str!("data/operations.json")).expect("the fact file is JSON"))
}

/// The input shape of an operation; null for one that does not exist.
fn input(op: Operation) -> &'static Value {
    static INPUTS: LazyLock<Vec<&'static Value>> =
        LazyLock::new(|| Operation::ALL.iter().map(|op| &model()[op.name()]["input"]).collect());
    INPUTS.get(op as usize).copied().unwrap_or(&Value::Null)
}

/// True when the operation has an input member of this name.
pub fn has_member(op: Operation, member: &str) -> bool {
    input(op)["members"].get(member).is_some()
}

/// True when the input member is a blob.
pub fn is_blob(op: Operation, member: &str) -> bool {
    input(op)["members"][member]["type"] == "blob"
}

/// A well-formed request about a key that does not exist: what every implementation of the
/// operation answers with an exception. `None` for operations that need no key.
pub fn plain_request(op: Operation) -> Option<Value> {
    let input = input(op);
    let mut request = serde_json::Map::new();
    for name in required(input) {
        let shape = &input["members"][name];
        let value = match (name, shape["type"].as_str()?) {
            ("KeyId" | "TargetKeyId" | "DestinationKeyId", _) => json!("12345678-1234-1234-1234-123456789012"),
            ("PrimaryRegion" | "ReplicaRegion", _) => json!("eu-west-1"),
            ("AliasName", _) => json!("alias/mrkspec-no-such-alias"),
            ("Policy", _) => json!("{}"),
            ("Tags", _) => json!([{ "TagKey": "a", "TagValue": "b" }]),
            (_, "list") => json!(["a"]),
            (_, "blob") => json!("bXJrc3BlYw=="),
            (_, "string") => shape["enum"].get(0).cloned().unwrap_or_else(|| json!("a")),
            _ => return None,
        };
        request.insert(name.to_string(), value);
    }
    let optional_key = match op {
        Operation::Decrypt => "KeyId",
        Operation::ReEncrypt => "SourceKeyId",
        _ => "",
    };
    if !optional_key.is_empty() {
        request.insert(optional_key.into(), json!("12345678-1234-1234-1234-123456789012"));
    }
    (!request.is_empty()).then_some(Value::Object(request))
}

/// What is wrong with the form of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Type,
    Missing,
    Constraint,
}

/// What is wrong with the form of a call, in a word; `None` when nothing is.
pub fn flaw(call: &Call) -> Option<Variant> {
    if call.raw_body.is_some() {
        return Some(Variant::NoJson);
    }
    let faults = faults(call);
    let missing = faults.iter().any(|(f, _)| *f == Fault::Missing);
    let of_type = faults.iter().any(|(f, _)| *f == Fault::Type);
    match () {
        () if faults.is_empty() => None,
        () if of_type => Some(Variant::AMemberOfTheWrongType),
        () if missing => Some(Variant::AMissingMember),
        () => Some(Variant::AViolatedConstraint),
    }
}

fn faults(call: &Call) -> Vec<(Fault, String)> {
    let input = input(call.op);
    let mut faults = Vec::new();
    for name in required(input) {
        if !call.args.contains_key(name) {
            faults.push((Fault::Missing, name.to_string()));
        }
    }
    for (name, arg) in &call.args {
        let shape = &input["members"][name.as_str()];
        if let Some(fault) = check_arg(arg, shape) {
            faults.push((fault, name.clone()));
        }
    }
    faults
}

/// Adds the refusals that the form of the call deserves.
pub fn check(call: &Call, refusals: &mut Refusals) {
    if call.raw_body.is_some() {
        refusals.refuse(&["SerializationException"], Reason::NoJson);
        return;
    }
    let faults = faults(call);
    let single = faults.len() == 1;
    for (fault, member) in faults {
        let (code, reason) = match fault {
            Fault::Type => ("SerializationException", Reason::WrongType),
            Fault::Missing => ("ValidationException", Reason::Missing),
            Fault::Constraint => ("ValidationException", Reason::Constraint(member)),
        };
        let refusal = refusals.refuse(&[code], reason);
        if single && code == "ValidationException" {
            // One member may violate two constraints: its length and its pattern.
            let texts = ["1 validation error detected: Value *", "2 validation errors detected: Value *"];
            refusal.text(code, &texts.map(str::to_string));
        }
    }
}

fn required(shape: &Value) -> impl Iterator<Item = &str> {
    let list = shape["required"].as_array().map(|l| l.as_slice()).unwrap_or_default();
    list.iter().filter_map(Value::as_str)
}

fn check_arg(arg: &Arg, shape: &Value) -> Option<Fault> {
    match arg {
        Arg::Json(value) => check_value(value, shape),
        Arg::Bytes(bytes) => in_range(bytes.len() as i64, shape),
        Arg::Key(_) | Arg::AliasName(_) | Arg::Result { .. } | Arg::Material { .. } | Arg::In(_) | Arg::Tokens(_) => {
            None
        }
    }
}

fn in_range(n: i64, shape: &Value) -> Option<Fault> {
    let low = shape["min"].as_i64().is_some_and(|min| n < min);
    let high = shape["max"].as_i64().is_some_and(|max| n > max);
    (low || high).then_some(Fault::Constraint)
}

fn check_value(value: &Value, shape: &Value) -> Option<Fault> {
    match (shape["type"].as_str().unwrap_or(""), value) {
        // A member that the model does not know is ignored by the service.
        ("", _) => None,
        ("string", Value::String(text)) => check_text(text, shape),
        ("boolean", Value::Bool(_)) => None,
        ("integer", Value::Number(n)) => match n.as_i64() {
            Some(n) => in_range(n, shape),
            None => Some(Fault::Type),
        },
        ("timestamp", Value::Number(_)) => None,
        ("map", Value::Object(map)) => map.values().any(|v| !v.is_string()).then_some(Fault::Type),
        ("list", Value::Array(list)) => {
            let mut faults = list.iter().filter_map(|v| check_value(v, &shape["member"]));
            in_range(list.len() as i64, shape).or_else(|| faults.next())
        }
        ("structure", Value::Object(map)) => {
            if required(shape).any(|name| !map.contains_key(name)) {
                return Some(Fault::Missing);
            }
            let mut faults = map.iter().filter_map(|(k, v)| check_value(v, &shape["members"][k.as_str()]));
            faults.next()
        }
        ("blob", Value::String(text)) => match super::base64(text) {
            Some(bytes) => in_range(bytes.len() as i64, shape),
            None => Some(Fault::Type),
        },
        _ => Some(Fault::Type),
    }
}

fn check_text(text: &str, shape: &Value) -> Option<Fault> {
    if let Some(list) = shape["enum"].as_array() {
        let known = list.iter().any(|v| v == text);
        return (!known).then_some(Fault::Constraint);
    }
    if let Some(fault) = in_range(text.chars().count() as i64, shape) {
        return Some(fault);
    }
    match shape["pattern"].as_str() {
        Some(r"^([a-z]+-){2,3}\d+$") => (!is_region(text)).then_some(Fault::Constraint),
        Some(r"^[a-zA-Z0-9:/_-]+$") => {
            let fine = |c: char| c.is_ascii_alphanumeric() || ":/_-".contains(c);
            (!text.chars().all(fine)).then_some(Fault::Constraint)
        }
        // Policy texts: tab, line ends and U+0020 to U+00FF.
        Some(p) if p.contains(r"\u0009") => {
            let fine = |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{ff}');
            (!text.chars().all(fine)).then_some(Fault::Constraint)
        }
        _ => None,
    }
}

/// Whether a text has the form of a Region's name (`RegionType` of the service's model): two or three lower-case
/// words and a number.
pub fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let Some((number, words)) = parts.split_last() else {
        return false;
    };
    (2..=3).contains(&words.len())
        && words.iter().all(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase()))
        && !number.is_empty()
        && number.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_follow_the_pattern() {
        for good in ["us-east-1", "us-gov-west-1", "ap-southeast-2", "xx-nowhere-12"] {
            assert!(is_region(good), "{good}");
        }
        for bad in ["", "us", "us-1", "US-east-1", "us-east", "us-east-1a", "a-b-c-d-1", "us--east-1"] {
            assert!(!is_region(bad), "{bad}");
        }
    }

    #[test]
    fn every_operation_of_the_model_has_a_shape() {
        for op in Operation::ALL {
            assert!(model()[op.name()]["input"].is_object(), "{op}");
            assert_eq!(op.has_no_output(), model()[op.name()]["output"].is_null(), "{op}");
        }
    }
}

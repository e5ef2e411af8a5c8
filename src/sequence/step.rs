//! One step of a scenario file: `Operation in region: { members }`.
//!
//! Members with a capital are KMS's own; entries in lower case are the harness's (`as`, `by`,
//! `auth`, `now`, `body`, `expect`).

use super::observing;
use super::problem::StepProblem;
use super::steps::{Action, Expect, Step};
use mrkspec_model::call::{Arg, Auth, Call, Caller, KeyForm, KeyRef, Operation};
use mrkspec_model::rule::RuleId;
use mrkspec_model::rules;
use mrkspec_model::shape;
use mrkspec_model::world::Name;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// The names that earlier steps gave.
#[derive(Default)]
pub struct Names {
    pub(super) families: BTreeSet<String>,
    aliases: BTreeSet<String>,
    results: BTreeSet<String>,
}

pub(super) type Parsed<T> = Result<T, StepProblem>;

pub(super) fn takes(entry: &str, wanted: &'static str) -> StepProblem {
    StepProblem::Takes { entry: entry.to_string(), wanted }
}

pub(super) fn duration(text: &str) -> Parsed<Duration> {
    humantime::parse_duration(text).map_err(|source| StepProblem::Time { text: text.to_string(), source })
}

/// Parses one step.
///
/// # Errors
/// When it names something unknown, or an entry does not have the form that it takes.
pub fn parse(head: &str, body: &Value, number: usize, rule: RuleId, names: &mut Names) -> Parsed<Step> {
    let text = format!("{head} {}", show(body));
    let action = match head {
        "settle" => {
            let family = body.as_str().ok_or_else(|| takes("settle", "the name of a key"))?;
            known(&names.families, family, "CreateKey")?;
            Action::Settle(family.into())
        }
        "gone" | "expired" => {
            let place = body.as_str().and_then(|t| t.split_once('@'));
            let (family, region) = place.ok_or_else(|| takes(head, "a member, such as k@eu-west-1"))?;
            known(&names.families, family, "CreateKey")?;
            Action::Until(family.into(), region.into())
        }
        "wait" => {
            let time = body.as_str().ok_or_else(|| takes("wait", "a time, such as 200ms"))?;
            Action::Wait(duration(time)?)
        }
        "together" => Action::Together(observing::together(body, number, rule, names)?),
        "race" => Action::Race(observing::race(body, number, rule, names)?),
        "watch" => Action::Watch(observing::watch(body, names)?),
        _ => call(head, body, number, rule, names)?,
    };
    Ok(Step { text, action })
}

fn show(body: &Value) -> String {
    match body {
        Value::Object(map) => {
            let parts: Vec<String> = map.iter().map(|(k, v)| format!("{k}: {}", show(v))).collect();
            format!("{{ {} }}", parts.join(", "))
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

pub(super) fn call(head: &str, body: &Value, number: usize, rule: RuleId, names: &mut Names) -> Parsed<Action> {
    let words: Vec<&str> = head.split_whitespace().collect();
    let [name, "in", region] = words[..] else {
        return Err(StepProblem::Head(head.to_string()));
    };
    let op = Operation::parse(name).ok_or_else(|| StepProblem::UnknownOperation(name.to_string()))?;
    let Value::Object(entries) = body else {
        return Err(takes(head, "members in braces"));
    };
    let mut call = Call::new(op, region);
    call.name = format!("#{number}").into();
    let mut settle =
        matches!(op, Operation::ReplicateKey | Operation::UpdatePrimaryRegion | Operation::RotateKeyOnDemand);
    let mut expect = None;
    for (entry, value) in entries {
        if entry.starts_with(|c: char| c.is_ascii_uppercase()) {
            if !shape::has_member(op, entry) && op != Operation::Unknown {
                return Err(StepProblem::NoMember { op, member: entry.clone() });
            }
            let arg = member(op, entry, value, names)?;
            call.args.insert(entry.clone(), arg);
            continue;
        }
        match entry.as_str() {
            "as" => call.name = value.as_str().ok_or_else(|| takes("as", "a name"))?.into(),
            "auth" => call.auth = auth(value)?,
            "by" => call.caller = caller(op, value)?,
            "now" => settle = !value.as_bool().ok_or_else(|| takes("now", "true or false"))?,
            "body" => call.raw_body = Some(value.as_str().ok_or_else(|| takes("body", "a text"))?.to_string()),
            "extra" => {
                let map = value.as_object().ok_or_else(|| takes("extra", "members"))?;
                call.args.extend(map.iter().map(|(k, v)| (k.clone(), Arg::Json(v.clone()))));
            }
            "expect" => expect = Some(expectation(value, rule)?),
            other => return Err(StepProblem::UnknownEntry(other.to_string())),
        }
    }
    remember(&call, names);
    Ok(Action::Call { call: Box::new(call), settle, expect })
}

/// What later steps may refer to.
fn remember(call: &Call, names: &mut Names) {
    let name = call.name.to_string();
    match call.op {
        Operation::CreateKey => {
            names.families.insert(name);
        }
        Operation::CreateAlias => {
            if let Some(Arg::AliasName(alias)) = call.args.get("AliasName") {
                names.aliases.insert(alias.to_string());
            }
        }
        _ => {
            names.results.insert(name);
        }
    }
}

pub(super) fn known(set: &BTreeSet<String>, name: &str, maker: &'static str) -> Parsed<()> {
    if set.contains(name) {
        return Ok(());
    }
    Err(StepProblem::Unnamed { maker, name: name.to_string() })
}

fn auth(value: &Value) -> Parsed<Auth> {
    match value.as_str() {
        Some("none") => Ok(Auth::Unsigned),
        Some("wrong-signature") => Ok(Auth::WrongSignature),
        Some("unknown-key") => Ok(Auth::UnknownKey),
        Some("incomplete") => Ok(Auth::Incomplete),
        _ => Err(takes("auth", "none, wrong-signature, unknown-key or incomplete")),
    }
}

fn caller(op: Operation, value: &Value) -> Parsed<Caller> {
    match value.as_str() {
        Some("limited") => Ok(Caller::Limited),
        Some("other") if op == Operation::UpdatePrimaryRegion => Ok(Caller::Other),
        Some("other") => Err(StepProblem::OtherAccount),
        _ => Err(takes("by", "limited or other")),
    }
}

fn expectation(value: &Value, rule: RuleId) -> Parsed<Expect> {
    let map =
        value.as_object().ok_or_else(|| takes("expect", "`error: CODE`, or paths of the answer and their values"))?;
    let mut expect = Expect { error: None, members: Vec::new(), rule };
    for (entry, value) in map {
        match entry.as_str() {
            "error" => expect.error = Some(value.as_str().ok_or_else(|| takes("error", "an exception"))?.to_string()),
            "rule" => {
                let id = value.as_str().unwrap_or_default();
                expect.rule = rules::find(id).ok_or_else(|| StepProblem::UnknownRule(id.to_string()))?.id;
            }
            path => expect.members.push((path.to_string(), value.clone())),
        }
    }
    Ok(expect)
}

/// The members that name a key.
const KEY_MEMBERS: [&str; 4] = ["KeyId", "TargetKeyId", "SourceKeyId", "DestinationKeyId"];

fn member(op: Operation, name: &str, value: &Value, names: &Names) -> Parsed<Arg> {
    if let Some(symbol) = symbolic(op, name, value, names)? {
        return Ok(symbol);
    }
    let repeated = value.get("repeat").is_some();
    let value = expand(value)?;
    if let Some(literal) = value.as_str().and_then(|t| t.strip_prefix("literal:")) {
        return Ok(Arg::Json(json!(literal)));
    }
    let Some(text) = value.as_str() else {
        return Ok(Arg::Json(value));
    };
    if KEY_MEMBERS.contains(&name) && op != Operation::Unknown {
        // A repeated text is long on purpose; no key has such a name.
        return if repeated { Ok(Arg::Json(value)) } else { key(text, names) };
    }
    if name == "AliasName" {
        return Ok(match text.strip_prefix("alias:") {
            Some(alias) => Arg::AliasName(alias.into()),
            None => Arg::Json(value),
        });
    }
    if !shape::is_blob(op, name) {
        return Ok(Arg::Json(value));
    }
    let results = ["CiphertextBlob", "Signature", "Mac", "ImportToken", "EncryptedKeyMaterial", "PublicKey"];
    if results.contains(&name) {
        if let Some(bytes) = text.strip_prefix("bytes:") {
            return Ok(Arg::Bytes(bytes.as_bytes().to_vec()));
        }
        let (step, damaged) = match text.strip_suffix(" damaged") {
            Some(step) => (step, true),
            None => (text, false),
        };
        known(&names.results, step, "step")?;
        return Ok(Arg::Result { step: step.into(), damaged });
    }
    Ok(Arg::Bytes(text.as_bytes().to_vec()))
}

/// Members that stand for something made when the call is sent, or for texts of earlier answers.
fn symbolic(op: Operation, name: &str, value: &Value, names: &Names) -> Parsed<Option<Arg>> {
    let step = |value: &Value| -> Parsed<Name> {
        let step = value.as_str().ok_or_else(|| takes(name, "the name of a step"))?;
        known(&names.results, step, "step")?;
        Ok(step.into())
    };
    Ok(Some(match name {
        "EncryptedKeyMaterial" if value.get("material").is_some() => {
            let material = value["material"].as_str().ok_or_else(|| takes("material", "a name"))?;
            Arg::Material { name: material.into(), step: step(value.get("for").unwrap_or(&Value::Null))? }
        }
        "ValidTo" if value.get("in").is_some() => {
            let time = value["in"].as_str().ok_or_else(|| takes("in", "a time, such as 2s or 30d"))?;
            Arg::In(duration(time)?)
        }
        "GrantTokens" if value.is_array() => {
            let list = value.as_array().ok_or_else(|| takes("GrantTokens", "a list of steps"))?;
            Arg::Tokens(list.iter().map(step).collect::<Parsed<_>>()?)
        }
        "GrantId" | "GrantToken" | "KeyMaterialId" if op != Operation::Unknown && value.is_string() => {
            match value.as_str().and_then(|t| t.strip_prefix("literal:")) {
                Some(text) => Arg::Json(json!(text)),
                None => Arg::Result { step: step(value)?, damaged: false },
            }
        }
        _ => return Ok(None),
    }))
}

/// `{ repeat: x, times: 9 }` anywhere in a value stands for a long string.
fn expand(value: &Value) -> Parsed<Value> {
    Ok(match value {
        Value::Object(map) if map.contains_key("repeat") => {
            let (Some(text), Some(times)) = (map["repeat"].as_str(), map.get("times").and_then(Value::as_u64)) else {
                return Err(takes("repeat", "a text, and `times` a number"));
            };
            json!(text.repeat(times.min(1 << 20) as usize))
        }
        Value::Object(map) if map.contains_key("tags") => {
            let count = map["tags"].as_u64().ok_or_else(|| takes("tags", "a number"))?;
            let tag = |i| json!({ "TagKey": format!("tag-{i}"), "TagValue": "v" });
            Value::Array((0..count.min(1000)).map(tag).collect())
        }
        Value::Object(map) => {
            let entries: Parsed<Map<String, Value>> = map.iter().map(|(k, v)| Ok((k.clone(), expand(v)?))).collect();
            Value::Object(entries?)
        }
        Value::Array(list) => Value::Array(list.iter().map(expand).collect::<Parsed<_>>()?),
        other => other.clone(),
    })
}

/// `k`, `k@eu-west-1`, `alias:a`, `alias:a@eu-west-1`.
fn key(text: &str, names: &Names) -> Parsed<Arg> {
    let (alias, rest) = match text.strip_prefix("alias:") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (name, region) = match rest.split_once('@') {
        Some((name, region)) => (name, Some(region)),
        None => (rest, None),
    };
    if alias {
        known(&names.aliases, name, "CreateAlias")?;
    } else {
        known(&names.families, name, "CreateKey")
            .map_err(|_| StepProblem::NoKey { name: name.to_string(), text: text.to_string() })?;
    }
    let form = match (alias, region) {
        (false, None) => KeyForm::Id,
        (false, Some(r)) => KeyForm::Arn(r.into()),
        (true, None) => KeyForm::Alias,
        (true, Some(r)) => KeyForm::AliasArn(r.into()),
    };
    Ok(Arg::Key(KeyRef { name: name.into(), form }))
}

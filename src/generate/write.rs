//! A sequence as a scenario file.

use crate::sequence::{Action, Sequence, Watch};
use mrkspec_model::call::{Arg, Auth, Call, Caller, KeyForm, Operation};
use mrkspec_model::rule::RuleId;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// The sequence as a scenario file that `mrkspec replay` runs. `rule` is the one it is there for;
/// `comments` stand at its head.
pub fn scenario_file(sequence: &Sequence, title: &str, rule: RuleId, comments: &[String]) -> String {
    let mut out = String::new();
    for comment in comments {
        let _ = writeln!(out, "# {}", comment.replace('\n', " "));
    }
    let _ = writeln!(out, "title: {}\nrules: [{rule}]\nsteps:", json!(title));
    for step in &sequence.steps {
        let line = match &step.action {
            Action::Call { call, settle, .. } => {
                format!("{}: {}", json!(head(call)), body(call, *settle))
            }
            Action::Settle(family) => format!("settle: {family}"),
            Action::Until(family, region) => format!("gone: {family}@{region}"),
            Action::Wait(time) => format!("wait: {}", humantime::format_duration(*time)),
            Action::Together(calls) => {
                format!("together: {}", listed(calls))
            }
            Action::Race(clients) => {
                let clients: Vec<Value> = clients.iter().map(|calls| listed(calls)).collect();
                format!("race: {}", json!(clients))
            }
            Action::Watch(watch) => format!("watch: {}", json!(watched(watch))),
        };
        let _ = writeln!(out, "  - {line}");
    }
    out
}

fn listed(calls: &[Call]) -> Value {
    calls.iter().map(|c| json!({ head(c): body(c, false) })).collect()
}

fn head(call: &Call) -> String {
    format!("{} in {}", call.op, call.region)
}

fn watched(watch: &Watch) -> Value {
    let time = |t| humantime::format_duration(t).to_string();
    let regions: Vec<&str> = watch.regions.iter().map(|r| &**r).collect();
    let mut map =
        json!({ "KeyId": &*watch.family, "in": regions, "every": time(watch.every), "most": time(watch.most) });
    if let Some(primary) = &watch.primary {
        map["primary"] = json!(&**primary);
    }
    map
}

fn body(call: &Call, settle: bool) -> Value {
    let mut map = Map::new();
    if !call.name.starts_with('#') {
        map.insert("as".into(), json!(&*call.name));
    }
    let waits = matches!(call.op, Operation::ReplicateKey | Operation::UpdatePrimaryRegion);
    if waits && !settle {
        map.insert("now".into(), json!(true));
    }
    match call.caller {
        Caller::Admin => {}
        Caller::Limited => drop(map.insert("by".into(), json!("limited"))),
        Caller::Other => drop(map.insert("by".into(), json!("other"))),
    }
    let auth = match call.auth {
        Auth::Valid => None,
        Auth::Unsigned => Some("none"),
        Auth::WrongSignature => Some("wrong-signature"),
        Auth::UnknownKey => Some("unknown-key"),
        Auth::Incomplete => Some("incomplete"),
    };
    if let Some(auth) = auth {
        map.insert("auth".into(), json!(auth));
    }
    if let Some(raw) = &call.raw_body {
        map.insert("body".into(), json!(raw));
    }
    let mut extra = Map::new();
    for (member, arg) in &call.args {
        if mrkspec_model::shape::has_member(call.op, member) {
            map.insert(member.clone(), value(member, arg));
        } else if let Arg::Json(value) = arg {
            extra.insert(member.clone(), value.clone());
        }
    }
    if !extra.is_empty() {
        map.insert("extra".into(), Value::Object(extra));
    }
    Value::Object(map)
}

fn value(member: &str, arg: &Arg) -> Value {
    let symbolic =
        ["KeyId", "TargetKeyId", "SourceKeyId", "DestinationKeyId", "GrantId", "GrantToken", "KeyMaterialId"];
    let made_by_steps = ["CiphertextBlob", "Signature", "Mac", "ImportToken", "EncryptedKeyMaterial", "PublicKey"];
    match arg {
        Arg::Json(Value::String(text)) if symbolic.contains(&member) => json!(format!("literal:{text}")),
        Arg::Json(value) => value.clone(),
        Arg::Key(key) => json!(match &key.form {
            KeyForm::Id => key.name.to_string(),
            KeyForm::Arn(region) => format!("{}@{region}", key.name),
            KeyForm::Alias => format!("alias:{}", key.name),
            KeyForm::AliasArn(region) => format!("alias:{}@{region}", key.name),
        }),
        Arg::AliasName(name) => json!(format!("alias:{name}")),
        Arg::Bytes(bytes) if made_by_steps.contains(&member) => {
            json!(format!("bytes:{}", String::from_utf8_lossy(bytes)))
        }
        Arg::Bytes(bytes) => json!(String::from_utf8_lossy(bytes)),
        Arg::Result { step, damaged } => json!(format!("{step}{}", if *damaged { " damaged" } else { "" })),
        Arg::Material { name, step } => json!({ "material": &**name, "for": &**step }),
        Arg::In(time) => json!({ "in": humantime::format_duration(*time).to_string() }),
        Arg::Tokens(steps) => json!(steps.iter().map(|s| s.to_string()).collect::<Vec<_>>()),
    }
}

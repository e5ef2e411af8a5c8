//! A sequence as a scenario file, and as commands of the AWS CLI.

use crate::sequence::{Action, Sequence};
use mrkspec_model::call::{Arg, Auth, Call, Caller, KeyForm, Operation};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// The sequence as a scenario file that `mrkspec replay` runs. `rule` is the one it is there for;
/// `comments` stand at its head.
pub fn scenario_file(sequence: &Sequence, title: &str, rule: &str, comments: &[String]) -> String {
    let mut out = String::new();
    for comment in comments {
        let _ = writeln!(out, "# {}", comment.replace('\n', " "));
    }
    let _ = writeln!(out, "title: {}\nrules: [{rule}]\nsteps:", json!(title));
    for step in &sequence.steps {
        let line = match &step.action {
            Action::Call { call, settle, .. } => {
                format!("{}: {}", json!(format!("{} in {}", call.op, call.region)), body(call, *settle))
            }
            Action::Settle(family) => format!("settle: {family}"),
            Action::Until(family, region) => format!("gone: {family}@{region}"),
            Action::Wait(time) => format!("wait: {}", humantime::format_duration(*time)),
        };
        let _ = writeln!(out, "  - {line}");
    }
    out
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
    let symbolic = ["KeyId", "TargetKeyId", "SourceKeyId", "DestinationKeyId", "GrantId", "GrantToken"];
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

/// The sequence as commands for a shell: key ids and results go through variables.
pub fn aws_cli(sequence: &Sequence, endpoint: &str) -> String {
    let mut out = format!("export AWS_ENDPOINT_URL_KMS={endpoint}\n");
    for step in &sequence.steps {
        let Action::Call { call, .. } = &step.action else {
            continue;
        };
        let mut line = format!("aws kms {} --region {}", kebab(call.op.name()), call.region);
        for (member, arg) in &call.args {
            let shown = match arg {
                Arg::Json(Value::Bool(true)) => {
                    let _ = write!(line, " --{}", kebab(member));
                    continue;
                }
                Arg::Json(Value::String(text)) => quoted(text),
                Arg::Json(other) => quoted(&other.to_string()),
                Arg::Key(key) => match &key.form {
                    KeyForm::Id => format!("$({}_id)", key.name).replace("$(", "\"$").replace(')', "\""),
                    KeyForm::Arn(region) => format!("\"arn:aws:kms:{region}:$ACCOUNT:key/${}_id\"", key.name),
                    KeyForm::Alias => format!("alias/{}", key.name),
                    KeyForm::AliasArn(region) => format!("\"arn:aws:kms:{region}:$ACCOUNT:alias/{}\"", key.name),
                },
                Arg::AliasName(name) => format!("alias/{name}"),
                Arg::Bytes(bytes) => {
                    use base64::Engine as _;
                    base64::engine::general_purpose::STANDARD.encode(bytes)
                }
                Arg::Result { step, .. } => format!("\"${step}\""),
                Arg::Material { name, step } => format!("fileb://{name}-wrapped-for-{step}"),
                Arg::In(time) => format!("\"$(date -d '+{} seconds' +%s)\"", time.as_secs()),
                Arg::Tokens(steps) => steps.iter().map(|s| format!("\"${s}\"")).collect::<Vec<_>>().join(" "),
            };
            let _ = write!(line, " --{} {shown}", kebab(member));
        }
        let result = match call.op {
            Operation::CreateKey => Some((format!("{}_id", call.name), "KeyMetadata.KeyId")),
            Operation::Encrypt
            | Operation::ReEncrypt
            | Operation::GenerateDataKey
            | Operation::GenerateDataKeyWithoutPlaintext => Some((call.name.to_string(), "CiphertextBlob")),
            Operation::Sign => Some((call.name.to_string(), "Signature")),
            Operation::GenerateMac => Some((call.name.to_string(), "Mac")),
            Operation::CreateGrant => Some((call.name.to_string(), "GrantId")),
            Operation::GetPublicKey => Some((call.name.to_string(), "PublicKey")),
            _ => None,
        };
        match result {
            Some((variable, path)) => {
                let _ = writeln!(out, "{variable}=$({line} --query {path} --output text)");
            }
            None => {
                let _ = writeln!(out, "{line}");
            }
        }
    }
    out
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// `PendingWindowInDays` as the AWS CLI writes it.
fn kebab(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

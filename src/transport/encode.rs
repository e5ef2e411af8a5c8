//! Resolving the symbols of a call.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mrkspec_model::call::{Arg, Call, KeyForm, KeyRef};
use mrkspec_model::matching::Bindings;
use mrkspec_model::world::Name;
use serde_json::{Map, Value, json};

/// A symbol that nothing stands for yet: the step that should have made it failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved(pub String);

/// The request body of a call.
///
/// # Errors
/// When the call refers to a key or a result that was never obtained.
pub fn encode(call: &Call, bindings: &Bindings) -> Result<String, Unresolved> {
    if let Some(raw) = &call.raw_body {
        return Ok(raw.clone());
    }
    let mut body = Map::new();
    for (member, arg) in &call.args {
        body.insert(member.clone(), value(member, arg, bindings)?);
    }
    Ok(Value::Object(body).to_string())
}

fn value(member: &str, arg: &Arg, bindings: &Bindings) -> Result<Value, Unresolved> {
    Ok(match arg {
        // Policies and grants name the account that makes the key, and its second principal.
        Arg::Json(Value::String(text)) => json!(bindings.fill(text)),
        Arg::Json(value) => value.clone(),
        Arg::Key(key) => json!(key_id(key, bindings).ok_or_else(|| Unresolved(format!("the key `{}`", key.name)))?),
        Arg::AliasName(name) => json!(bindings.alias_name(name)),
        Arg::Bytes(bytes) => json!(STANDARD.encode(bytes)),
        Arg::Tokens(steps) => {
            let token = |step: &Name| {
                let token = bindings.output(step).and_then(|o| o.get("GrantToken"));
                token.cloned().ok_or_else(|| Unresolved(format!("the grant token of step `{step}`")))
            };
            Value::Array(steps.iter().map(token).collect::<Result<_, _>>()?)
        }
        Arg::Material { .. } | Arg::In(_) => {
            return Err(Unresolved(format!("the {member}, which is made when the call is sent,")));
        }
        Arg::Result { step, damaged } => {
            let missing = || Unresolved(format!("the {member} of step `{step}`"));
            // The ciphertext of a key pair has a longer name.
            let named = |o: &Value| o.get(member).or_else(|| o.get(format!("PrivateKey{member}"))).cloned();
            let output = bindings.output(step).and_then(named);
            let output = output.as_ref().and_then(Value::as_str);
            let text = output.ok_or_else(missing)?;
            if !damaged {
                return Ok(json!(text));
            }
            let mut bytes = STANDARD.decode(text).map_err(|_| missing())?;
            // Near the end, where every format has content and none has a header.
            if let Some(byte) = bytes.iter_mut().rev().nth(3) {
                *byte ^= 1;
            }
            json!(STANDARD.encode(bytes))
        }
    })
}

fn key_id(key: &KeyRef, bindings: &Bindings) -> Option<String> {
    match &key.form {
        KeyForm::Id => bindings.key_id(&key.name).map(str::to_string),
        KeyForm::Arn(region) => bindings.key_arn(&key.name, region),
        KeyForm::Alias => Some(bindings.alias_name(&key.name)),
        KeyForm::AliasArn(region) => bindings.alias_arn(&key.name, region),
    }
}

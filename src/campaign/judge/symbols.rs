//! A recorded request as a symbolic call: key ids, aliases, grants and blobs that earlier rows showed become
//! names.

use super::inputs::{self, KEYS};
use crate::sequence::recording::{Row, bytes_of, is_unnamed, name_of};
use mrkspec_model::base64;
use mrkspec_model::call::{Arg, Auth, Call, Caller, KeyForm, KeyRef, Operation};
use mrkspec_model::keyspec::KeySpec;
use mrkspec_model::shape;
use mrkspec_model::world::Name;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Members of answers that later requests give back.
const RESULTS: [&str; 7] =
    ["CiphertextBlob", "PrivateKeyCiphertextBlob", "Signature", "Mac", "ImportToken", "PublicKey", "GrantToken"];

/// What the ids and blobs of one sequence stand for.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    partial: bool,
    alias_prefix: String,
    /// By key id.
    families: BTreeMap<String, Name>,
    /// Keys that the model cannot know, by key id, and why.
    strangers: BTreeMap<String, String>,
    /// The step that gave a result, by its text or the name that stands for it.
    results: BTreeMap<String, Name>,
    /// Steps by the case of their row.
    cases: BTreeMap<String, Name>,
    names: BTreeSet<Name>,
    account: Option<String>,
    /// The ARN of the second principal.
    limited: Option<String>,
}

/// A call, and what is known of it.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) call: Call,
    /// The principal that called has policies that the model does not know.
    pub(super) stranger: bool,
    /// Bytes that it uses and that no recorded answer gave: the member.
    pub(super) foreign: Option<String>,
    /// Members that were left out and are needed: what they were is not known.
    pub(super) filled: bool,
}

impl Symbols {
    pub(super) fn new(partial: bool, alias_prefix: &str, limited: Option<String>) -> Symbols {
        Symbols { partial, alias_prefix: alias_prefix.into(), limited, ..Symbols::default() }
    }

    /// The call of a row.
    ///
    /// # Errors
    /// Why it cannot be judged.
    pub(super) fn call(&mut self, row: &Row, sent: Option<Duration>) -> Result<Made, String> {
        let op = Operation::parse(&row.operation).ok_or("no operation of KMS that the model has")?;
        let mut call = Call::new(op, &row.region);
        call.name = self.name(op, row);
        call.auth = auth(row.run.auth.as_deref());
        call.raw_body = row.run.body.clone();
        let mut made = Made { call, stranger: false, foreign: None, filled: false };
        match row.caller.as_deref() {
            None => {}
            Some("limited") if !self.partial => made.call.caller = Caller::Limited,
            Some("other") if !self.partial => made.call.caller = Caller::Other,
            Some(who) => made.stranger = !who.starts_with("owner"),
        }
        for (member, value) in &row.input {
            let arg = self.arg(op, member, value, row, sent, &mut made)?;
            made.call.args.insert(member.clone(), arg);
        }
        inputs::external_mu(&mut made.call, row.input.get("Message").and_then(Value::as_str));
        if let Some(spec) = made.call.text("KeySpec").filter(|_| op == Operation::CreateKey)
            && self.partial
            && KeySpec::parse(spec).is_none()
        {
            return Err(format!("keys of spec {spec} are not in the model"));
        }
        if self.partial && made.call.raw_body.is_none() {
            made.filled = inputs::fill(&mut made.call, row);
        }
        Ok(made)
    }

    /// The name of the step: as the run had it, or the row's case.
    fn name(&mut self, op: Operation, row: &Row) -> Name {
        if !self.partial {
            return row.run.name.as_deref().unwrap_or("").into();
        }
        if op == Operation::CreateKey {
            return format!("key{}", self.families.len() + 1).into();
        }
        let case = row.case.clone().unwrap_or_else(|| op.name().to_string());
        let free = !self.names.contains(case.as_str());
        let name: Name = if free { case.into() } else { format!("{case} of line {}", row.line).into() };
        self.names.insert(name.clone());
        name
    }

    fn arg(
        &self,
        op: Operation,
        member: &str,
        value: &Value,
        row: &Row,
        sent: Option<Duration>,
        made: &mut Made,
    ) -> Result<Arg, String> {
        let Some(text) = value.as_str() else {
            return Ok(match (member, value) {
                ("GrantTokens", Value::Array(list)) => self.tokens(list, value),
                ("ValidTo", Value::Number(n)) => inputs::valid_to(n, row, sent),
                ("Policy", Value::Object(_)) => Arg::Json(json!(value.to_string())),
                _ => Arg::Json(value.clone()),
            });
        };
        if op == Operation::Unknown {
            return Ok(Arg::Json(value.clone()));
        }
        if KEYS.contains(&member) {
            return self.key(op, text, row);
        }
        if member == "AliasName" {
            return Ok(self.alias(text).map_or_else(|| self.unfilled(text), Arg::AliasName));
        }
        if member == "EncryptedKeyMaterial"
            && let Some(material) = inputs::material(text)
        {
            let step = self.cases.get(material.parameters).cloned().unwrap_or_else(|| material.parameters.into());
            return Ok(Arg::Material { name: material.name.into(), step });
        }
        if matches!(member, "GrantId" | "GrantToken" | "KeyMaterialId") {
            let step = self.step_of(text);
            return Ok(step.map_or_else(|| self.unfilled(text), |step| Arg::Result { step, damaged: false }));
        }
        if member == "Policy" && name_of(text).is_some() {
            return Err("a policy that was not kept".into());
        }
        if !shape::is_blob(op, member) {
            return Ok(self.unfilled(text));
        }
        if let Some(step) = self.step_of(text).filter(|_| RESULTS.contains(&member)) {
            return Ok(Arg::Result { step, damaged: text.ends_with("flipped>") });
        }
        if RESULTS.contains(&member) && self.partial {
            made.foreign = Some(member.to_string());
        }
        Ok(match (name_of(text), base64(text)) {
            (Some(_), _) => Arg::Bytes(bytes_of(text)),
            (None, Some(bytes)) => Arg::Bytes(bytes),
            (None, None) => self.unfilled(text),
        })
    }

    /// A text with the symbols that a scenario writes for the account and the second principal.
    fn unfilled(&self, text: &str) -> Arg {
        let mut text = text.to_string();
        let known = [(&self.limited, "{limited}"), (&self.account, "{account}")];
        for (value, symbol) in known.into_iter().filter(|_| !self.partial) {
            if let Some(value) = value {
                text = text.replace(value, symbol);
            }
        }
        Arg::Json(json!(text))
    }

    fn tokens(&self, list: &[Value], value: &Value) -> Arg {
        let steps: Option<Vec<Name>> = list.iter().map(|t| self.step_of(t.as_str()?)).collect();
        steps.map_or(Arg::Json(value.clone()), Arg::Tokens)
    }

    /// The step that gave this blob, id or token.
    pub(super) fn step_of(&self, text: &str) -> Option<Name> {
        let Some(name) = name_of(text) else {
            return self.results.get(text).cloned();
        };
        if let Some(grant) = name.strip_prefix("token of grant ") {
            let mut ids = self.results.iter().filter(|(id, _)| id.trim_start_matches('0') == grant);
            return ids.next().map(|(_, step)| step.clone());
        }
        if let Some(case) = name.strip_prefix("token of ") {
            return self.cases.get(case).cloned();
        }
        let longer = || {
            let mut found =
                self.results.iter().filter(|(n, _)| n.strip_prefix(name).is_some_and(|r| r.starts_with(' ')));
            found.next().filter(|_| found.next().is_none()).map(|(_, step)| step.clone())
        };
        self.results.get(name).cloned().or_else(longer)
    }

    /// The name of an alias of this sequence.
    pub(super) fn alias(&self, text: &str) -> Option<Name> {
        let name = text.strip_prefix("alias/")?.strip_prefix(&self.alias_prefix)?;
        let fine = |c: char| c.is_ascii_alphanumeric() || "/_-".contains(c);
        let ours = !name.is_empty() && !name.starts_with("aws/") && name.chars().all(fine);
        (ours || !self.partial).then(|| name.into())
    }

    /// What names a key in a request.
    fn key(&self, op: Operation, text: &str, row: &Row) -> Result<Arg, String> {
        let (region, resource) = split(text);
        let ours = text.split(':').nth(4).is_none_or(|account| self.account.as_deref() == Some(account));
        let form = |plain, by_arn: fn(mrkspec_model::world::Region) -> KeyForm| match region {
            Some(region) => by_arn(region.into()),
            None => plain,
        };
        if let Some(why) = self.strangers.get(key_id(resource)) {
            return Err(why.clone());
        }
        if resource.starts_with("alias/aws/") && row.code == "Success" {
            return Err("keys that AWS manages are not in the model".into());
        }
        if let Some(name) = self.alias(resource).filter(|_| ours) {
            return Ok(Arg::Key(KeyRef { name, form: form(KeyForm::Alias, KeyForm::AliasArn) }));
        }
        if let Some(family) = self.families.get(key_id(resource)).filter(|_| ours) {
            return Ok(Arg::Key(KeyRef { name: family.clone(), form: form(KeyForm::Id, KeyForm::Arn) }));
        }
        let refused = ["NotFoundException", "InvalidArnException", "ValidationException", "SerializationException"];
        if self.partial && looks_like_id(key_id(resource)) && !refused.contains(&row.code.as_str()) {
            return Err(format!("{op} on a key of which no recorded answer shows what it is"));
        }
        Ok(self.unfilled(text))
    }

    /// The family of this id.
    pub(super) fn family_of(&self, id_or_arn: &str) -> Option<&Name> {
        self.families.get(key_id(split(id_or_arn).1))
    }

    /// A key that was there before the recording began.
    pub(super) fn adopt(&mut self, id: &str, arn: &str) -> Name {
        let name: Name = format!("key{}", self.families.len() + 1).into();
        self.account = arn.split(':').nth(4).map(str::to_string);
        self.families.insert(id.to_string(), name.clone());
        name
    }

    /// Learns from an answer what its ids and blobs stand for.
    pub(super) fn note(&mut self, row: &Row, call: &Call) {
        let Some(output) = row.output.as_ref().filter(|_| row.code == "Success") else { return };
        let metadata = output.get("KeyMetadata").unwrap_or(output);
        if let (Operation::CreateKey, Some(arn)) = (call.op, metadata.get("Arn").and_then(Value::as_str)) {
            let id = metadata.get("KeyId").and_then(Value::as_str).unwrap_or_else(|| key_id(split(arn).1));
            self.account = arn.split(':').nth(4).map(str::to_string);
            self.families.insert(id.to_string(), call.name.clone());
        }
        if let Some(case) = &row.case {
            self.cases.insert(case.clone(), call.name.clone());
        }
        self.cases.insert(call.name.to_string(), call.name.clone());
        let wrapping = call.op == Operation::GetParametersForImport;
        // Others show such an id, too; what it is of says the import.
        let material = (call.op == Operation::ImportKeyMaterial).then_some(&"KeyMaterialId");
        for member in RESULTS.iter().chain(&["GrantId"]).chain(material).filter(|m| !wrapping || **m != "PublicKey") {
            let text = output.get(*member).and_then(Value::as_str).filter(|t| !is_unnamed(t));
            if let Some(text) = text {
                self.results.insert(name_of(text).unwrap_or(text).to_string(), call.name.clone());
            }
        }
    }

    /// A key that the model cannot know, if the answer shows one: what is said of it is not judged.
    pub(super) fn note_stranger(&mut self, row: &Row, why: &str) {
        let Some(output) = row.output.as_ref().filter(|_| row.code == "Success") else { return };
        let metadata = output.get("KeyMetadata").unwrap_or(output);
        let strange = row.operation == "CreateKey" || metadata.get("KeyManager").is_some_and(|m| m == "AWS");
        if let Some(arn) = metadata.get("Arn").and_then(Value::as_str).filter(|_| strange) {
            self.strangers.insert(key_id(split(arn).1).to_string(), why.to_string());
        }
    }
}

/// The Region of an ARN, and what it names; of anything else no Region, and itself.
fn split(text: &str) -> (Option<&str>, &str) {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    match parts[..] {
        ["arn", _, "kms", region, _, resource] => (Some(region), resource),
        _ => (None, text),
    }
}

fn key_id(resource: &str) -> &str {
    resource.strip_prefix("key/").unwrap_or(resource)
}

fn looks_like_id(text: &str) -> bool {
    let hex = |t: &str| t.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    (text.len() == 36 && hex(text)) || text.strip_prefix("mrk-").is_some_and(|t| t.len() == 32 && hex(t))
}

fn auth(text: Option<&str>) -> Auth {
    match text {
        Some("none") => Auth::Unsigned,
        Some("wrong-signature") => Auth::WrongSignature,
        Some("unknown-key") => Auth::UnknownKey,
        Some("incomplete") => Auth::Incomplete,
        _ => Auth::Valid,
    }
}

//! What was answered, as a person reads it: a member's metadata in whole once, and from then on
//! only what changed since it was shown last.

mod facts;
#[cfg(test)]
mod tests;
mod usual;

use super::normalise;
use facts::{Facts, changes, flatten, whole};
use mrkspec_model::bindings::Bindings;
use mrkspec_model::call::{Arg, Call, KeyForm, Operation};
use mrkspec_model::outcome::Response;
use mrkspec_model::world::{Name, Region};
use serde_json::Value;
use std::collections::HashMap;

/// What is said of an answer that shows nothing new.
const AS_BEFORE: &str = "(as before)";

/// The transcript of one sequence: it remembers what it has shown.
///
/// Nothing is lost: from a transcript and the answers before it, each answer can be written out again.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    /// The metadata of each member, as shown last.
    members: HashMap<(Name, Region), Facts>,
    /// What each question that may be asked again was answered, as shown last. The key is the call in symbols.
    answers: HashMap<String, Facts>,
}

/// Key metadata in an answer, and whose it is.
struct Shown<'v> {
    /// `KeyMetadata` or `ReplicaKeyMetadata`.
    path: &'static str,
    metadata: &'v Value,
    member: (Name, Region),
    /// The call gives an alias or an id of its own: that it is this family is news.
    told: bool,
}

impl Transcript {
    /// The lines of an answer to `call`: the outcome, then its members, or what changed in them since this
    /// transcript showed them last. `bindings` give ids their symbols.
    pub fn answer(&mut self, call: &Call, response: &Response, bindings: &Bindings) -> Vec<String> {
        let body = match response {
            Response::Success(Value::Null) => return vec!["ok, empty".into()],
            Response::Success(body) => normalise::body(body, bindings),
            Response::Error { code, message, status } => {
                let message = normalise::text(message, bindings);
                return vec![format!("{status} {code}: {message}").trim_end_matches(": ").to_string()];
            }
            Response::Lost(_) => return vec!["no answer".into()],
        };
        if let Some(shown) = metadata(call, &body) {
            return self.metadata(call, &body, &shown);
        }
        let facts = usual::policies(flatten("", &body));
        if !may_be_asked_again(call.op) {
            return ok(whole(&facts));
        }
        let before = self.answers.insert(normalise::call(call), facts.clone());
        match before.map(|before| changes(&before, &facts)) {
            None => ok(whole(&facts)),
            Some(none) if none.is_empty() => vec![format!("ok {AS_BEFORE}")],
            Some(changes) => ok(changes),
        }
    }

    /// The lines of one look at a member, among others while a family settles: each begins with the Region. That
    /// it succeeded is said by what it shows.
    pub fn look(&mut self, call: &Call, response: &Response, bindings: &Bindings) -> Vec<String> {
        let mut lines = self.answer(call, response, bindings);
        if lines.len() > 1 && lines[0] == "ok" {
            lines.remove(0);
        } else if lines[0] == format!("ok {AS_BEFORE}") {
            lines[0] = AS_BEFORE.to_string();
        }
        lines.into_iter().map(|line| format!("{}: {line}", call.region)).collect()
    }

    /// An answer with metadata in it, and perhaps with a policy or tags beside it.
    fn metadata(&mut self, call: &Call, body: &Value, shown: &Shown) -> Vec<String> {
        let (family, region) = &shown.member;
        let facts = flatten(shown.path, &usual::references(shown.metadata, family));
        let mut beside = body.clone();
        beside.as_object_mut().and_then(|members| members.remove(shown.path));
        let beside = whole(&usual::policies(flatten("", &beside)));
        // The same member under either name: `ReplicaKeyMetadata` is what DescribeKey shows as `KeyMetadata`.
        let bare = facts.iter().map(|(path, items)| (path[shown.path.len()..].to_string(), items.clone())).collect();
        let before = self.members.insert((family.clone(), region.clone()), bare);
        // What was made just now is a new member, even where there was one before.
        let before = before.filter(|_| !matches!(call.op, Operation::CreateKey | Operation::ReplicateKey));
        let title = if shown.told { format!("ok, of <{family}>") } else { "ok".to_string() };
        let mut lines = match before {
            None => usual::fold(facts, shown.path, &shown.member),
            Some(before) => changes(
                &before.into_iter().map(|(path, items)| (shown.path.to_string() + &path, items)).collect(),
                &facts,
            ),
        };
        match (lines.is_empty(), beside.is_empty()) {
            (true, true) => return vec![format!("{title} {AS_BEFORE}")],
            (true, false) => lines.push(format!("{} {AS_BEFORE}", shown.path)),
            _ => {}
        }
        lines.insert(0, title);
        lines.extend(beside);
        lines
    }
}

fn ok(lines: Vec<String>) -> Vec<String> {
    std::iter::once("ok".to_string()).chain(lines).collect()
}

/// The metadata in an answer, if it is an answer with metadata and says or shows whose.
fn metadata<'v>(call: &Call, body: &'v Value) -> Option<Shown<'v>> {
    let (path, region) = match call.op {
        Operation::CreateKey | Operation::DescribeKey => ("KeyMetadata", call.region.clone()),
        Operation::ReplicateKey => {
            ("ReplicaKeyMetadata", call.text("ReplicaRegion").map_or_else(|| call.region.clone(), Into::into))
        }
        _ => return None,
    };
    let metadata = body.get(path).filter(|m| m.as_object().is_some_and(|m| !m.is_empty()))?;
    let named = match call.args.get("KeyId") {
        Some(Arg::Key(key)) if matches!(key.form, KeyForm::Id | KeyForm::Arn(_)) => Some(key.name.clone()),
        _ if call.op == Operation::CreateKey => Some(call.name.clone()),
        _ => None,
    };
    let told = named.is_none();
    let symbol = || metadata["KeyId"].as_str()?.strip_prefix('<')?.strip_suffix('>').map(Into::into);
    Some(Shown { path, metadata, member: (named.or_else(symbol)?, region), told })
}

/// Reads of what a service keeps: asked again, they are of interest where they differ. What is made anew for
/// each call (a ciphertext, an import token) is always shown.
fn may_be_asked_again(op: Operation) -> bool {
    use Operation::*;
    matches!(
        op,
        GetKeyPolicy
            | GetKeyRotationStatus
            | GetPublicKey
            | ListAliases
            | ListGrants
            | ListKeyRotations
            | ListKeys
            | ListResourceTags
            | ListRetirableGrants
    )
}

//! Which key a request means, and whether its state allows the operation.

use crate::call::{Arg, Call, KeyForm, KeyRef, Operation};
use crate::outcome::{Reason, Refusals};
use crate::states::{Gate, gate, is_recorded_success};
use crate::world::{Artifact, Family, KeyState, Name, Region, World};
use serde_json::Value;

/// The codes with which an alias may be refused where only ids and ARNs are documented (F-024).
const ALIAS_REFUSED: [&str; 4] =
    ["NotFoundException", "InvalidArnException", "ValidationException", "UnsupportedOperationException"];

/// A member that exists, and how the request named it.
pub struct Target<'w> {
    pub name: Name,
    pub region: Region,
    pub family: &'w Family,
    pub by_arn: bool,
}

impl Target<'_> {
    /// True when the member is the primary of its family (a single-Region key is its own).
    pub fn is_primary(&self) -> bool {
        self.family.primary == self.region
    }

    /// The state that decides what may be done.
    pub fn state(&self) -> KeyState {
        self.family.effective_state(&self.region).expect("a resolved member")
    }

    /// `{arn K R}`, for texts.
    pub fn arn(&self) -> String {
        format!("{{arn {} {}}}", self.name, self.region)
    }
}

/// The key that `member` of the request means. `None` when there is none, with the refusals that
/// this deserves; also `None`, with nothing added, when the member is missing or malformed.
pub fn key<'w>(world: &'w World, call: &Call, member: &str, refusals: &mut Refusals) -> Option<Target<'w>> {
    match call.args.get(member)? {
        Arg::Key(key) => reference(world, call, member, key, refusals),
        Arg::Json(Value::String(text)) => {
            literal(call, text, refusals);
            None
        }
        _ => None,
    }
}

fn literal(call: &Call, text: &str, refusals: &mut Refusals) {
    if text.is_empty() || text.chars().count() > 2048 {
        return;
    }
    if text.starts_with("arn:") && !is_key_arn(text) {
        // Which exception it is, is a SHOULD (F-027); that it is no success goes without saying.
        let refusal = refusals.refuse(&["*"], Reason::MalformedArn);
        refusal.preferred = Some(vec!["NotFoundException", "InvalidArnException"]);
        return;
    }
    let refusal = refusals.refuse(&["NotFoundException"], Reason::UnknownKey);
    let texts = if text.starts_with("arn:") {
        vec!["Invalid arn *".to_string(), format!("Key '{text}' does not exist")]
    } else {
        vec![format!("Invalid keyId '{text}'"), "Key 'arn:*".to_string(), "Invalid keyId *".to_string()]
    };
    refusal.text("NotFoundException", &texts);
    if text.starts_with("arn:") {
        // It may be another account's.
        refusal.codes.push("AccessDeniedException");
    }
    if text.starts_with("alias/") || text.contains(":alias/") {
        refusal.texts.clear();
        if !call.op.takes_alias() {
            refusal.codes.extend(&ALIAS_REFUSED[1..]);
        }
    }
}

fn is_key_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    parts.len() == 6 && parts[2] == "kms" && (parts[5].starts_with("key/") || parts[5].starts_with("alias/"))
}

fn reference<'w>(
    world: &'w World,
    call: &Call,
    member: &str,
    key: &KeyRef,
    refusals: &mut Refusals,
) -> Option<Target<'w>> {
    let here = &call.region;
    let elsewhere = match &key.form {
        KeyForm::Arn(region) | KeyForm::AliasArn(region) if region != here => Some(region),
        _ => None,
    };
    let by_alias = matches!(key.form, KeyForm::Alias | KeyForm::AliasArn(_));
    if by_alias && !call.op.takes_alias() {
        refusals.refuse(&ALIAS_REFUSED, Reason::AliasNotTaken);
        // The key behind it may deserve a refusal of its own (F-064).
        let behind = world.aliases.get(&(here.clone(), key.name.clone()));
        if let Some((name, family)) = behind.and_then(|n| Some((n, world.family(n)?)))
            && family.members.contains_key(here)
        {
            let target = Target { name: name.clone(), region: here.clone(), family, by_arn: false };
            state_gate(call, &target, refusals);
        }
        return None;
    }
    if let Some(region) = elsewhere {
        let refusal = refusals.refuse(&["NotFoundException"], Reason::ForeignArn);
        if by_alias {
            // F-026 speaks of key ARNs; an alias ARN of another Region may also be malformed.
            refusal.codes.push("InvalidArnException");
        } else {
            let texts = [format!("Invalid arn {region}"), format!("Invalid arn {here}")];
            refusal.text("NotFoundException", &texts);
            if is_compared_with_ciphertext(call.op, member) {
                refusal.codes.push("IncorrectKeyException");
            }
        }
        return None;
    }
    let name = if by_alias { world.aliases.get(&(here.clone(), key.name.clone())) } else { Some(&key.name) };
    let Some(name) = name else {
        let refusal = refusals.refuse(&["NotFoundException"], Reason::UnknownAlias(key.name.clone()));
        refusal.text("NotFoundException", &["Alias arn:*".to_string()]);
        return None;
    };
    let Some(family) = world.family(name) else {
        // Only in the past is there no such key: a read that is stale by that much (F-077).
        refusals.refuse(&["NotFoundException"], Reason::NoKeyYet);
        return None;
    };
    if !family.members.contains_key(here) {
        missing_member(call, name, refusals);
        return None;
    }
    let by_arn = matches!(key.form, KeyForm::Arn(_));
    Some(Target { name: name.clone(), region: here.clone(), family, by_arn })
}

/// Whether this member of the request names the key that a ciphertext is said to be of: then an ARN of another
/// Region may be the wrong key, and not none (F-026).
fn is_compared_with_ciphertext(op: Operation, member: &str) -> bool {
    matches!((op, member), (Operation::Decrypt, "KeyId") | (Operation::ReEncrypt, "SourceKeyId"))
}

fn missing_member(call: &Call, name: &Name, refusals: &mut Refusals) {
    let refusal = refusals.refuse(&["NotFoundException"], Reason::NoMember(name.clone()));
    let text = format!("Key '{{arn {name} {}}}' does not exist", call.region);
    refusal.text("NotFoundException", &[text]);
}

/// Adds the refusal that the key-state table asks for, unless the service was recorded to answer: then it
/// is latitude ([`state_latitude`]).
pub fn state_gate(call: &Call, target: &Target, refusals: &mut Refusals) {
    if !is_recorded_success(call.op.name(), target.state()) {
        by_table(call, target, refusals);
    }
}

/// The refusal that the key-state table asks for where the service was recorded to answer: both are accepted.
pub fn state_latitude(call: &Call, target: &Target) -> Refusals {
    let mut optional = Refusals::default();
    if is_recorded_success(call.op.name(), target.state()) {
        by_table(call, target, &mut optional);
    }
    optional
}

fn by_table(call: &Call, target: &Target, refusals: &mut Refusals) {
    let state = target.state();
    let codes: Vec<&'static str> = match gate(call.op.name(), state, false) {
        Gate::Refused(codes) => codes.iter().map(|c| static_code(c)).collect(),
        // The table thinks of symmetric keys only: keys of other kinds can be without material, too
        // (F-107, F-120).
        Gate::NotApplicable if state == KeyState::PendingImport => vec!["KMSInvalidStateException"],
        _ => return,
    };
    let refusal = refusals.refuse(&codes, Reason::State(target.name.clone()));
    let arn = target.arn();
    let words = match state {
        KeyState::Creating => "creating",
        KeyState::Updating => "updating",
        KeyState::PendingImport => "pending import",
        KeyState::PendingDeletion => "pending deletion",
        KeyState::PendingReplicaDeletion => "pending replica deletion",
        KeyState::Disabled | KeyState::Enabled => "disabled",
    };
    if call.op == Operation::CancelKeyDeletion {
        let text = [format!("{arn} is not pending deletion.")];
        refusal.text("KMSInvalidStateException", &text);
        return;
    }
    let mut texts = vec![format!("{arn} is {words}.")];
    if state == KeyState::PendingReplicaDeletion {
        // The recorded texts are about a key pending deletion; either wording is known.
        texts.push(format!("{arn} is pending deletion."));
    }
    refusal.text("DisabledException", &texts);
    refusal.text("KMSInvalidStateException", &texts);
}

/// The member of a family in the Region called, if there is one.
pub fn member<'w>(world: &'w World, call: &Call, name: &Name) -> Option<Target<'w>> {
    let family = world.family(name).filter(|f| f.members.contains_key(&call.region))?;
    Some(Target { name: name.clone(), region: call.region.clone(), family, by_arn: false })
}

/// The member that the call addresses by `member`, if it exists; also one that a ciphertext implies.
pub fn present<'w>(world: &'w World, call: &Call, member: &str) -> Option<Target<'w>> {
    if call.args.contains_key(member) {
        return key(world, call, member, &mut Refusals::default());
    }
    let (Operation::Decrypt | Operation::ReEncrypt, Some(Arg::Result { step, .. })) =
        (call.op, call.args.get("CiphertextBlob"))
    else {
        return None;
    };
    let Some(Artifact::Ciphertext { family: name, .. }) = world.artifacts.get(step) else {
        return None;
    };
    let family = world.family(name).filter(|f| f.members.contains_key(&call.region))?;
    Some(Target { name: name.clone(), region: call.region.clone(), family, by_arn: false })
}

/// The table's codes as static strings.
fn static_code(code: &str) -> &'static str {
    ["DisabledException", "KMSInvalidStateException", "UnsupportedOperationException"]
        .into_iter()
        .find(|c| *c == code)
        .unwrap_or("KMSInvalidStateException")
}

/// `{arn} origin is EXTERNAL which is not valid for this operation.` and the like (F-123).
pub fn origin_text(target: &Target) -> String {
    let origin = target.family.origin.name();
    format!("{} origin is {origin} which is not valid for this operation.", target.arn())
}

//! Which key a request means, and whether its state allows the operation.

use crate::call::{Arg, Call, KeyForm, KeyRef, Operation};
use crate::outcome::Refusals;
use crate::rule::RuleId;
use crate::rules::*;
use crate::states::{Gate, gate};
use crate::world::{Family, KeyState, Name, Region, Since, World};
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
        Arg::Key(key) => reference(world, call, key, refusals),
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
        let refusal = refusals.refuse(&["*"], &[KEY_006]);
        refusal.preferred = Some((vec!["NotFoundException", "InvalidArnException"], KEY_008));
        return;
    }
    let unknown = unknown_rule(call);
    let refusal = refusals.refuse(&["NotFoundException"], &[unknown, KEY_006]);
    let texts = if text.starts_with("arn:") {
        vec!["Invalid arn *".to_string(), format!("Key '{text}' does not exist")]
    } else {
        vec![format!("Invalid keyId '{text}'"), "Key 'arn:*".to_string(), "Invalid keyId *".to_string()]
    };
    refusal.text("NotFoundException", MSG_003, &texts);
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

fn unknown_rule(call: &Call) -> RuleId {
    if call.op == Operation::UpdatePrimaryRegion { UPR_039 } else { KEY_006 }
}

fn reference<'w>(world: &'w World, call: &Call, key: &KeyRef, refusals: &mut Refusals) -> Option<Target<'w>> {
    let here = &call.region;
    let elsewhere = match &key.form {
        KeyForm::Arn(region) | KeyForm::AliasArn(region) if region != here => Some(region),
        _ => None,
    };
    let by_alias = matches!(key.form, KeyForm::Alias | KeyForm::AliasArn(_));
    if by_alias && !call.op.takes_alias() {
        let rule = if call.op == Operation::UpdatePrimaryRegion { UPR_036 } else { KEY_010 };
        refusals.refuse(&ALIAS_REFUSED, &[rule, KEY_010]);
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
        let promote = call.op == Operation::UpdatePrimaryRegion;
        let rule = if promote { UPR_039 } else { KEY_007 };
        let refusal = refusals.refuse(&["NotFoundException"], &[rule, KEY_007]);
        if by_alias {
            // F-026 speaks of key ARNs; an alias ARN of another Region may also be malformed.
            refusal.codes.push("InvalidArnException");
        } else {
            let texts = [format!("Invalid arn {region}"), format!("Invalid arn {here}")];
            refusal.text("NotFoundException", MSG_003, &texts);
        }
        return None;
    }
    let name = if by_alias { world.aliases.get(&(here.clone(), key.name.clone())) } else { Some(&key.name) };
    let Some(name) = name else {
        let gone = world.families.values().any(|f| f.gone.contains(here));
        let rule = match (alias_exists_elsewhere(world, here, &key.name), gone) {
            (_, true) => DEL_015,
            (true, _) => ATT_001,
            _ => KEY_006,
        };
        let refusal = refusals.refuse(&["NotFoundException"], &[rule]);
        refusal.text("NotFoundException", MSG_003, &["Alias arn:*".to_string()]);
        return None;
    };
    let Some(family) = world.family(name) else {
        // Only in the past is there no such key: a read that is stale by that much (F-077).
        refusals.refuse(&["NotFoundException"], &[KEY_006]);
        return None;
    };
    if !family.members.contains_key(here) {
        missing_member(call, family, name, refusals);
        return None;
    }
    let by_arn = matches!(key.form, KeyForm::Arn(_));
    Some(Target { name: name.clone(), region: here.clone(), family, by_arn })
}

fn alias_exists_elsewhere(world: &World, here: &Region, alias: &Name) -> bool {
    world.aliases.keys().any(|(region, name)| name == alias && region != here)
}

fn missing_member(call: &Call, family: &Family, name: &Name, refusals: &mut Refusals) {
    let mut rules = vec![unknown_rule(call), KEY_006];
    if family.since == Since::PromotionRefused {
        rules.insert(0, UPR_026);
    }
    if family.gone.contains(&call.region) {
        rules.insert(0, DEL_012);
    }
    let refusal = refusals.refuse(&["NotFoundException"], &rules);
    let text = format!("Key '{{arn {name} {}}}' does not exist", call.region);
    refusal.text("NotFoundException", MSG_003, &[text]);
}

/// Adds the refusal that the key-state table asks for.
pub fn state_gate(call: &Call, target: &Target, refusals: &mut Refusals) {
    let state = target.state();
    let codes: Vec<&'static str> = match gate(call.op.name(), state, false) {
        Gate::Refused(codes) => codes.iter().map(|c| static_code(c)).collect(),
        // The table thinks of symmetric keys only: keys of other kinds can be without material, too
        // (F-107, F-120).
        Gate::NotApplicable if state == KeyState::PendingImport => vec!["KMSInvalidStateException"],
        _ => return,
    };
    let mut rules = context(call.op, target);
    rules.retain(|r| !matches!(*r, UPR_033 | UPR_035 | REP_016 | STA_003 | KEY_009));
    match state {
        KeyState::Creating if is_seen(target) => rules.push(REP_015),
        KeyState::Updating if is_seen(target) => rules.push(UPR_034),
        _ => {}
    }
    let refusal = refusals.refuse(&codes, &rules);
    refusal.code_rule = state_row(call.op.name());
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
        refusal.text("KMSInvalidStateException", MSG_002, &text);
        return;
    }
    let mut texts = vec![format!("{arn} is {words}.")];
    if state == KeyState::PendingReplicaDeletion {
        // The recorded texts are about a key pending deletion; either wording is known.
        texts.push(format!("{arn} is pending deletion."));
    }
    refusal.text("DisabledException", MSG_001, &texts);
    refusal.text("KMSInvalidStateException", MSG_002, &texts);
}

fn is_seen(target: &Target) -> bool {
    let promotion = target.family.promotion.as_ref().is_some_and(|p| p.seen);
    promotion || target.family.members[&target.region].seen_creating
}

/// The rules that are at stake whenever this operation addresses this member: the most telling
/// one first.
pub fn context(op: Operation, target: &Target) -> Vec<RuleId> {
    let family = target.family;
    let mut rules = Vec::new();
    let promoted = family.last_promotion.is_some();
    let state = target.state();
    if op.is_cryptographic() && promoted && family.since == Since::Promoted {
        rules.push(UPR_033);
    }
    if op.is_cryptographic() && matches!(state, KeyState::Enabled | KeyState::Updating) {
        let others = family.members.iter().filter(|(r, _)| **r != target.region);
        if others.into_iter().any(|(_, m)| m.state != KeyState::Enabled && m.state != KeyState::Creating) {
            rules.push(STA_003);
        }
    }
    rules.extend(state_row(op.name()));
    if is_seen(target) && !op.is_cryptographic() {
        match state {
            KeyState::Updating => rules.push(UPR_035),
            KeyState::Creating => rules.push(REP_016),
            _ => {}
        }
    }
    if op.takes_alias() {
        rules.push(KEY_009);
    }
    rules
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

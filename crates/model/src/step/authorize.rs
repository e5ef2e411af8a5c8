//! Which permissions a call needs, and what follows when one is missing (F-110 to F-117).

use super::resolve;
use crate::call::{Arg, Call, Caller, Operation};
use crate::outcome::{Outcome, Reason, Refusals};
use crate::permission::{Judged, Question, Ruling, shuts_out};
use crate::shape;
use crate::world::{Artifact, Name, Region, World};
use Operation::*;

/// One permission that a call needs.
pub struct Needed<'a> {
    pub family: Name,
    pub region: Region,
    /// The name after `kms:`.
    pub action: &'a str,
}

impl Needed<'_> {
    /// Whether the caller has it.
    pub fn judge(&self, world: &World, call: &Call) -> Judged {
        let family = world.family(&self.family).expect("a resolved family");
        Question { call, action: self.action, family, region: &self.region }.judge()
    }
}

/// Every permission that the call needs on keys that exist. Which is checked first, and whether
/// before or after everything else, is not documented (F-064, F-117).
pub fn needed<'a>(world: &World, call: &'a Call) -> Vec<Needed<'a>> {
    let mut list = Vec::new();
    let mut on = |member: &str, action: &'a str| {
        let target = resolve::key(world, call, member, &mut Refusals::default());
        if let Some(target) = target {
            list.push(Needed { family: target.name.clone(), region: target.region.clone(), action });
        }
    };
    match call.op {
        ReEncrypt => {
            on("SourceKeyId", "ReEncryptFrom");
            on("DestinationKeyId", "ReEncryptTo");
        }
        CreateAlias | UpdateAlias => on("TargetKeyId", call.op.name()),
        // Who may retire a grant is up to the grant.
        RetireGrant => {}
        _ => on("KeyId", call.op.name()),
    }
    let implied = match call.op {
        Decrypt if !call.args.contains_key("KeyId") => Some("Decrypt"),
        ReEncrypt if !call.args.contains_key("SourceKeyId") => Some("ReEncryptFrom"),
        _ => None,
    };
    if let (Some(action), Some(Arg::Result { step, .. })) = (implied, call.args.get("CiphertextBlob"))
        && let Some(Artifact::Ciphertext { family, .. }) = world.artifacts.get(step)
        && world.family(family).is_some_and(|f| f.members.contains_key(&call.region))
    {
        list.push(Needed { family: family.clone(), region: call.region.clone(), action });
    }
    if let (UpdatePrimaryRegion, Some(to)) = (call.op, call.text("PrimaryRegion"))
        && let Some(family) = list.first().map(|n| n.family.clone())
        && *to != *call.region
        && world.family(&family).is_some_and(|f| f.members.contains_key(to))
    {
        list.push(Needed { family, region: to.into(), action: "UpdatePrimaryRegion" });
    }
    list
}

/// Adds to the outcomes of a call what the caller's permissions make of it.
pub fn apply(world: &World, call: &Call, mut outcomes: Vec<Outcome>) -> Vec<Outcome> {
    if call.caller == Caller::Other {
        return from_elsewhere(world, call);
    }
    if !world.enforced {
        // Who evaluates no policies may look for lock-outs all the same (F-115, F-118).
        if outcomes.iter().any(Outcome::is_success) && locks_out(world, call) {
            let mut refusals = Refusals::default();
            refusals.refuse(&["MalformedPolicyDocumentException"], Reason::PolicyLockout);
            outcomes.extend(refusals.outcomes(world));
        }
        return outcomes;
    }
    let judged: Vec<Ruling> = needed(world, call).iter().map(|n| n.judge(world, call).ruling).collect();
    let refused = lacks_iam_policy(call) || judged.iter().any(|r| matches!(r, Ruling::Denied(_)));
    if refused {
        outcomes.retain(|o| !o.is_success());
    }
    if refused || judged.contains(&Ruling::Open) {
        let mut refusals = Refusals::default();
        refusals.refuse(&["AccessDeniedException"], Reason::Denied);
        outcomes.extend(refusals.outcomes(world));
    }
    outcomes
}

/// What only an IAM policy can allow, asked for by the principal that has none (F-113).
pub fn lacks_iam_policy(call: &Call) -> bool {
    let about_no_key = matches!(call.op, CreateKey | ListKeys | ListRetirableGrants | GenerateRandom)
        || (call.op == ListAliases && !call.args.contains_key("KeyId"));
    call.caller == Caller::Limited && (about_no_key || call.op == ReplicateKey)
}

/// Cross-account use (F-063): only UpdatePrimaryRegion is judged, and refused always.
fn from_elsewhere(world: &World, call: &Call) -> Vec<Outcome> {
    let mut refusals = Refusals::default();
    refusals.refuse(&["AccessDeniedException", "NotFoundException"], Reason::ForeignAccount);
    // The form of a request may be looked at before anything else (F-064).
    shape::check(call, &mut refusals);
    // What names no key is refused as it is for anybody.
    let _ = resolve::key(world, call, "KeyId", &mut refusals);
    refusals.outcomes(world)
}

/// F-115: a new policy must let its caller change it again, and must be a policy at all.
pub fn policy_refusals(world: &World, call: &Call, refusals: &mut Refusals) {
    let Some(text) = call.text("Policy").filter(|t| !t.is_empty()) else {
        return;
    };
    let parsed = serde_json::from_str::<serde_json::Value>(text);
    if !parsed.is_ok_and(|p| p.is_object()) {
        refusals.refuse(&["MalformedPolicyDocumentException"], Reason::MalformedPolicy);
        return;
    }
    if world.enforced && locks_out(world, call) {
        refusals.refuse(&["MalformedPolicyDocumentException"], Reason::PolicyLockout);
    }
}

/// Whether a new policy would not let its caller change it again, and nothing says that this is wanted.
fn locks_out(world: &World, call: &Call) -> bool {
    let Some(text) = call.text("Policy").filter(|_| !call.flag("BypassPolicyLockoutSafetyCheck")) else {
        return false;
    };
    let target = resolve::key(world, call, "KeyId", &mut Refusals::default());
    target.is_some_and(|t| shuts_out(call, text, t.family, &t.region))
}

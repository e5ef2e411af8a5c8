//! Which permissions a call needs, and what follows when one is missing (F-110 to F-117).

use super::resolve;
use crate::call::{Arg, Call, Caller, Operation};
use crate::outcome::{Answer, Outcome, Refusals};
use crate::permission::{Judged, Question, Reason, Ruling, shuts_out};
use crate::rule::RuleId;
use crate::rules::*;
use crate::shape;
use crate::world::{Artifact, Name, Region, Since, World};
use Operation::*;

/// One permission that a call needs.
struct Needed<'a> {
    family: Name,
    region: Region,
    action: &'a str,
}

/// Every permission that the call needs on keys that exist. Which is checked first, and whether
/// before or after everything else, is not documented (F-064, F-117).
fn needed<'a>(world: &World, call: &'a Call) -> Vec<Needed<'a>> {
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
        return outcomes;
    }
    let needed = needed(world, call);
    let judged: Vec<(&Needed, Judged)> = needed
        .iter()
        .map(|n| {
            let family = world.family(&n.family).expect("a resolved family");
            (n, Question { call, action: n.action, family, region: &n.region }.judge())
        })
        .collect();
    let by_iam_alone = matches!(call.op, CreateKey | ListKeys | ListRetirableGrants | GenerateRandom)
        || (call.op == ListAliases && !call.args.contains_key("KeyId"));
    let mut rules = Vec::new();
    let mut refused = call.caller == Caller::Limited && (by_iam_alone || call.op == ReplicateKey);
    if refused {
        // The limited principal has no IAM policy that would allow kms:CreateKey (F-113).
        rules.push(AUT_026);
    }
    let denied = judged.iter().filter(|(_, j)| matches!(j.ruling, Ruling::Denied(_))).count();
    for (need, verdict) in &judged {
        if let Ruling::Denied(reason) = verdict.ruling {
            refused = true;
            rules.extend(denial_rules(world, call, need, verdict, reason, denied < judged.len()));
        }
    }
    let open = judged.iter().any(|(_, j)| j.ruling == Ruling::Open);
    if refused || open {
        let mut refusals = Refusals::default();
        rules.push(AUT_020);
        refusals.refuse(&["AccessDeniedException"], &rules);
        if refused {
            outcomes.retain(|o| matches!(o.answer, Answer::Refusal(_)));
        }
        let mut unchanged = world.clone();
        for need in &needed {
            unchanged.family_mut(&need.family).since = Since::Denied;
        }
        outcomes.extend(refusals.outcomes(&unchanged));
        return outcomes;
    }
    let allowed: Vec<RuleId> = judged.iter().flat_map(|(need, j)| permit_rules(world, call, need, j)).collect();
    for outcome in outcomes.iter_mut().filter(|o| matches!(o.answer, Answer::Success(_))) {
        if let Some(first) = allowed.first() {
            outcome.denial = Some(*first);
        }
        outcome.rules.extend(&allowed);
    }
    outcomes
}

/// Cross-account use (F-063): only UpdatePrimaryRegion is judged, and refused always.
fn from_elsewhere(world: &World, call: &Call) -> Vec<Outcome> {
    let mut refusals = Refusals::default();
    refusals.refuse(&["AccessDeniedException", "NotFoundException"], &[AUT_029, AUT_020]);
    // The form of a request may be looked at before anything else (F-064).
    shape::check(call, &mut refusals);
    // What names no key is refused as it is for anybody.
    let _ = resolve::key(world, call, "KeyId", &mut refusals);
    let mut unchanged = world.clone();
    if let Some(Arg::Key(key)) = call.args.get("KeyId")
        && world.families.contains_key(&key.name)
    {
        unchanged.family_mut(&key.name).since = Since::Denied;
    }
    refusals.outcomes(&unchanged)
}

/// The rules that a refusal rests on, the most telling one first.
fn denial_rules(
    world: &World,
    call: &Call,
    need: &Needed,
    verdict: &Judged,
    reason: Reason,
    only_one_side: bool,
) -> Vec<RuleId> {
    let family = world.family(&need.family).expect("a resolved family");
    let member = &family.members[&need.region];
    let mut rules = verdict.conditions.clone();
    if call.caller == Caller::Limited {
        let ours = |g: &&crate::world::Grant| g.grantee == "{limited}";
        let elsewhere = family.members.iter().filter(|(r, _)| **r != need.region);
        if let Some(grant) = member.all_grants().find(ours) {
            let named = grant.operations.contains(need.action);
            rules.push(if named { GRT_012 } else { GRT_011 });
        } else if member.lost_grants {
            rules.push(GRT_014);
        } else if elsewhere.flat_map(|(_, m)| m.all_grants()).any(|g| ours(&g)) {
            rules.push(GRT_010);
        }
        rules.push(if call.op == UpdatePrimaryRegion && only_one_side { AUT_028 } else { AUT_026 });
    }
    match call.op {
        UpdatePrimaryRegion if need.region == call.region => rules.push(AUT_010),
        UpdatePrimaryRegion => rules.push(AUT_011),
        ReplicateKey => rules.push(AUT_024),
        _ => {}
    }
    rules.push(if reason == Reason::Explicit { AUT_012 } else { AUT_013 });
    rules
}

/// The rules that a success shows when policies or grants had a say in it.
fn permit_rules(world: &World, call: &Call, need: &Needed, verdict: &Judged) -> Vec<RuleId> {
    let family = world.family(&need.family).expect("a resolved family");
    let member = &family.members[&need.region];
    let mut rules = Vec::new();
    if verdict.by_grant {
        rules.push(if family.last_promotion.is_some() { GRT_013 } else { GRT_010 });
        if member.all_grants().any(|g| g.context_equals.is_some() || g.context_subset.is_some()) {
            rules.insert(0, GRT_012);
        }
        return rules;
    }
    let others = family.members.keys().filter(|r| **r != need.region);
    let denied_elsewhere = others.into_iter().any(|region| {
        let question = Question { call, action: need.action, family, region };
        matches!(question.judge().ruling, Ruling::Denied(_))
    });
    if denied_elsewhere && call.op != UpdatePrimaryRegion {
        rules.push(AUT_021);
    }
    if call.caller == Caller::Limited {
        rules.push(AUT_027);
    }
    rules.extend(&verdict.conditions);
    if member.policy.is_some() {
        rules.push(AUT_022);
    }
    rules
}

/// F-115: a new policy must let its caller change it again, and must be a policy at all.
pub fn policy_refusals(world: &World, call: &Call, refusals: &mut Refusals) {
    let Some(text) = call.text("Policy").filter(|t| !t.is_empty()) else {
        return;
    };
    let parsed = serde_json::from_str::<serde_json::Value>(text);
    if !parsed.is_ok_and(|p| p.is_object()) {
        refusals.refuse(&["MalformedPolicyDocumentException"], &[AUT_030]);
        return;
    }
    if !world.enforced || call.flag("BypassPolicyLockoutSafetyCheck") {
        return;
    }
    let target = resolve::key(world, call, "KeyId", &mut Refusals::default());
    if target.is_some_and(|t| shuts_out(call, text, t.family, &t.region)) {
        refusals.refuse(&["MalformedPolicyDocumentException"], &[AUT_023]);
    }
}

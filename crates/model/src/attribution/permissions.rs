//! What is shown where policies and grants have a say in an answer (F-110 to F-117).

use super::Case;
use crate::call::{Caller, Operation};
use crate::permission::{ConditionKey, Denial, Judged, Question, Ruling};
use crate::rule::RuleId;
use crate::rules::*;
use crate::step::authorize::{Needed, lacks_iam_policy, needed};
use crate::world::Grant;

/// The rules that a refusal for lack of permission rests on, the most telling one first.
pub fn shown_by_denial(case: &Case) -> Vec<RuleId> {
    let (world, call) = (case.world, case.call);
    let judged: Vec<_> = needed(world, call).into_iter().map(|n| (n.judge(world, call), n)).collect();
    let denied = judged.iter().filter(|(j, _)| matches!(j.ruling, Ruling::Denied(_))).count();
    let mut rules = Vec::new();
    if lacks_iam_policy(call) {
        // The limited principal has no IAM policy that would allow kms:CreateKey (F-113).
        rules.push(AUT_026);
    }
    for (verdict, need) in &judged {
        if let Ruling::Denied(why) = verdict.ruling {
            rules.extend(of_denial(case, need, verdict, why, denied < judged.len()));
        }
    }
    rules.push(AUT_020);
    rules
}

fn of_denial(case: &Case, need: &Needed, verdict: &Judged, why: Denial, only_one_side: bool) -> Vec<RuleId> {
    let (world, call) = (case.world, case.call);
    let family = world.family(&need.family).expect("a resolved family");
    let member = &family.members[&need.region];
    let promotes = call.op == Operation::UpdatePrimaryRegion;
    let mut rules: Vec<RuleId> = verdict.conditions.iter().map(|c| condition(*c)).collect();
    if call.caller == Caller::Limited {
        let ours = |g: &&Grant| g.grantee == "{limited}";
        let elsewhere = family.members.iter().filter(|(r, _)| **r != need.region);
        let lost = case.trail.family(&need.family).member(&need.region).lost_grants;
        if let Some(grant) = member.all_grants().find(ours) {
            let named = grant.operations.contains(need.action);
            rules.push(if named { GRT_012 } else { GRT_011 });
        } else if lost {
            rules.push(GRT_014);
        } else if elsewhere.flat_map(|(_, m)| m.all_grants()).any(|g| ours(&g)) {
            rules.push(GRT_010);
        }
        rules.push(if promotes && only_one_side { AUT_028 } else { AUT_026 });
    }
    match call.op {
        Operation::UpdatePrimaryRegion if need.region == call.region => rules.push(AUT_010),
        Operation::UpdatePrimaryRegion => rules.push(AUT_011),
        Operation::ReplicateKey => rules.push(AUT_024),
        _ => {}
    }
    rules.push(if why == Denial::Explicit { AUT_012 } else { AUT_013 });
    rules
}

/// The rules that a success shows when policies or grants had a say in it.
pub fn shown_by_success(case: &Case) -> Vec<RuleId> {
    let (world, call) = (case.world, case.call);
    if !world.enforced || call.caller == Caller::Other {
        return Vec::new();
    }
    let judged: Vec<_> = needed(world, call).into_iter().map(|n| (n.judge(world, call), n)).collect();
    if judged.iter().any(|(j, _)| j.ruling != Ruling::Allowed) {
        // Where it is open whether the call may succeed, a success shows nothing.
        return Vec::new();
    }
    judged.iter().flat_map(|(verdict, need)| of_permission(case, need, verdict)).collect()
}

fn of_permission(case: &Case, need: &Needed, verdict: &Judged) -> Vec<RuleId> {
    let (world, call) = (case.world, case.call);
    let family = world.family(&need.family).expect("a resolved family");
    let member = &family.members[&need.region];
    let mut rules = Vec::new();
    if verdict.by_grant {
        let promoted = case.trail.family(&need.family).promoted();
        rules.push(if promoted { GRT_013 } else { GRT_010 });
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
    if denied_elsewhere && call.op != Operation::UpdatePrimaryRegion {
        rules.push(AUT_021);
    }
    if call.caller == Caller::Limited {
        rules.push(AUT_027);
    }
    rules.extend(verdict.conditions.iter().map(|c| condition(*c)));
    if member.policy.is_some() {
        rules.push(AUT_022);
    }
    rules
}

/// The rule about a condition key (F-112).
fn condition(key: ConditionKey) -> RuleId {
    match key {
        ConditionKey::PrimaryRegion => AUT_014,
        ConditionKey::PrimaryRegionOfReplica => AUT_015,
        ConditionKey::ReplicaRegion => AUT_016,
        ConditionKey::MultiRegion => AUT_017,
        ConditionKey::MultiRegionKeyType => AUT_018,
        ConditionKey::RequestedRegion => AUT_019,
        ConditionKey::CallerAccount => AUT_025,
    }
}

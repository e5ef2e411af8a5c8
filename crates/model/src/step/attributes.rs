//! Key policies, tags and descriptions: the independent properties of one member (F-032, F-130).

use super::authorize::policy_refusals;
use super::resolve::{Target, key, state_gate};
use crate::call::Call;
use crate::outcome::{Aspect, Check, Matcher, Outcome, Reason, Refusals};
use crate::world::{Family, Member, World};
use serde_json::Value;

/// An operation that succeeds unless the key-state table forbids it, and changes one member.
fn change(world: &World, call: &Call, mut refusals: Refusals, apply: impl Fn(&mut Member)) -> Vec<Outcome> {
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    state_gate(call, &target, &mut refusals);
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    let mut next = world.clone();
    apply(next.member_mut(&target.name, &target.region));
    vec![Outcome::done(next)]
}

/// A read of one member's property.
fn read(world: &World, call: &Call, mut refusals: Refusals, checks: impl Fn(&Target) -> Vec<Check>) -> Vec<Outcome> {
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    state_gate(call, &target, &mut refusals);
    if !refusals.none() {
        return refusals.outcomes(world);
    }
    vec![Outcome::success(world.clone(), checks(&target))]
}

/// PolicyName, if given, is `default` (F-115).
fn policy_name(call: &Call, refusals: &mut Refusals) {
    if call.text("PolicyName").is_some_and(|n| n != "default") {
        refusals
            .refuse(&["ValidationException", "NotFoundException", "UnsupportedOperationException"], Reason::PolicyName);
    }
}

impl Family {
    /// What a member shows for which no policy was put: the default one (F-042, F-134), and not another member's.
    pub(super) fn default_policy(&self) -> Matcher {
        let others = self.members.values().filter_map(|m| m.policy.as_ref());
        Matcher::DefaultPolicy(others.chain(&self.former_policies).cloned().collect())
    }
}

/// GetKeyPolicy (F-042, F-134).
pub fn get_policy(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    policy_name(call, &mut refusals);
    read(world, call, refusals, |target| {
        let policy = &target.family.members[&target.region].policy;
        let want = policy.clone().map_or_else(|| target.family.default_policy(), Matcher::Policy);
        vec![Check::new("Policy", want, Aspect::Policy)]
    })
}

/// PutKeyPolicy (F-115, F-134).
pub fn put_policy(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    policy_name(call, &mut refusals);
    policy_refusals(world, call, &mut refusals);
    let policy = call.text("Policy").map(str::to_string);
    change(world, call, refusals, |m| m.policy = policy.clone())
}

/// TagResource (F-132).
pub fn tag(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let present = key(world, call, "KeyId", &mut Refusals::default());
    let kept = present.map_or(0, |t| {
        let old = &t.family.members[&t.region].tags;
        old.keys().filter(|k| !call.tags().iter().any(|(n, _)| n == *k)).count()
    });
    tag_refusals(call, kept, &mut refusals);
    change(world, call, refusals, |m| m.tags.extend(call.tags()))
}

/// UntagResource.
pub fn untag(world: &World, call: &Call, refusals: Refusals) -> Vec<Outcome> {
    let names = call.args.get("TagKeys");
    let names: Vec<String> = match names {
        Some(crate::call::Arg::Json(Value::Array(list))) => {
            list.iter().filter_map(|v| v.as_str().map(str::to_string)).collect()
        }
        _ => Vec::new(),
    };
    change(world, call, refusals, |m| m.tags.retain(|k, _| !names.contains(k)))
}

/// ListResourceTags.
pub fn list_tags(world: &World, call: &Call, refusals: Refusals) -> Vec<Outcome> {
    read(world, call, refusals, |target| {
        let tags = target.family.members[&target.region].tags.clone();
        if let Some(limit) = call.int("Limit") {
            return vec![Check::new("Tags", Matcher::AtMost(limit as u64), Aspect::Page)];
        }
        vec![Check::new("Tags", Matcher::Tags(tags), Aspect::Tags)]
    })
}

/// UpdateKeyDescription.
pub fn describe_as(world: &World, call: &Call, refusals: Refusals) -> Vec<Outcome> {
    let text = call.text("Description").unwrap_or("").to_string();
    change(world, call, refusals, |m| m.description = text.clone())
}

/// What is wrong with the tags of a request (F-132). `kept` tags stay on the key beside them.
pub fn tag_refusals(call: &Call, kept: usize, refusals: &mut Refusals) {
    let tags = call.tags();
    let mut names: Vec<&str> = tags.iter().map(|(k, _)| k.as_str()).collect();
    names.sort_unstable();
    let before = names.len();
    names.dedup();
    let mut add = |text: &str| {
        let refusal = refusals.refuse(&["TagException"], Reason::Tags);
        refusal.text("TagException", &[text.to_string()]);
    };
    if names.len() < before {
        add("Duplicate tag keys");
    }
    if names.len() + kept > 50 {
        add("Too many tags");
    }
    if names.iter().any(|n| n.to_lowercase().starts_with("aws:")) {
        add("Tags beginning with aws: are reserved");
    }
    if tags.len() > 50 {
        // The list is longer than any key may have: a form error for some services.
        let refusal = refusals.refuse(&["ValidationException"], Reason::Tags);
        refusal.preferred = Some(vec!["TagException"]);
    }
}

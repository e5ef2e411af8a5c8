//! ReplicateKey.

use super::attributes::tag_refusals;
use super::authorize::policy_refusals;
use super::create::apply_options;
use super::describe::{View, metadata};
use super::resolve::{context, key, state_gate};
use crate::call::Call;
use crate::keyspec::Origin;
use crate::outcome::{Check, Outcome, Refusals, Want};
use crate::rules::*;
use crate::world::{KeyState, Member, Region, Since, World};
use serde_json::json;

/// ReplicateKey (F-040 to F-046).
pub fn replicate_key(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    tag_refusals(call, 0, &mut refusals);
    policy_refusals(world, call, &mut refusals);
    let Some(target) = key(world, call, "KeyId", &mut refusals) else {
        return refusals.outcomes(world);
    };
    state_gate(call, &target, &mut refusals);
    let family = target.family;
    let former = family.last_promotion.as_ref().is_some_and(|(from, _)| *from == target.region);
    if !family.multi_region {
        refusals.refuse(&["UnsupportedOperationException"], &[REP_003]);
    } else if !target.is_primary() {
        let rule = if former { UPR_020 } else { REP_002 };
        let text = format!("{} is not a multi-region primary key.", target.arn());
        refusals.refuse(&["UnsupportedOperationException"], &[rule, REP_002]).text(
            "UnsupportedOperationException",
            MSG_004,
            &[text],
        );
    }
    let to: Option<Region> = call.text("ReplicaRegion").map(Into::into);
    if let Some(to) = &to {
        if *to == family.primary {
            let codes = ["AlreadyExistsException", "ValidationException", "UnsupportedOperationException"];
            refusals.refuse(&codes, &[REP_005]);
        } else if family.members.contains_key(to) {
            let text = "You can create only one replica of each primary key in each AWS Region.";
            refusals.refuse(&["AlreadyExistsException"], &[REP_004]).text(
                "AlreadyExistsException",
                MSG_005,
                &[text.to_string()],
            );
        }
    }
    let Some(to) = to.filter(|_| refusals.none()) else {
        return refusals.outcomes(world);
    };
    let mut rules = Vec::new();
    if family.last_promotion.is_some() {
        rules.push(UPR_019);
    }
    if family.gone.contains(&to) {
        rules.push(DEL_016);
    }
    rules.push(REP_001);
    rules.extend(context(call.op, &target));
    // The answer may come while Creating, or when it is over.
    [family.first_state(), KeyState::Creating]
        .into_iter()
        .map(|state| {
            let mut next = world.clone();
            let mut member = Member::new(state);
            apply_options(call, &mut member);
            let after = next.family_mut(&target.name);
            after.members.insert(to.clone(), member);
            after.since = Since::Replicated(to.clone());
            after.remade |= after.gone.remove(&to);
            let checks = answer(call, &next, &target.name, &to);
            Outcome::success(next, rules.clone(), checks)
        })
        .collect()
}

fn answer(call: &Call, next: &World, name: &crate::world::Name, to: &Region) -> Vec<Check> {
    let family = next.family(name).expect("just changed");
    let mut view = View::settled(name, family, to, &family.primary);
    let creating = family.members.iter().any(|(r, m)| r != to && m.state == KeyState::Creating);
    if creating {
        let all = family.members.keys().cloned().collect();
        view.replicas = Want::SomeMembers(name.clone(), all);
    }
    let mut checks = metadata("ReplicaKeyMetadata", name, family, to, &view);
    for check in &mut checks {
        if check.path.ends_with("ReplicaKeys") {
            check.rule = REP_010;
        }
        if check.path.ends_with("KeyState") {
            // Creating or not, both are fine here; that it ends is seen later (REP-011).
            check.rule = if family.origin == Origin::External { REP_018 } else { REP_009 };
        }
    }
    let member = &family.members[to];
    // That there is a policy in the answer is REP-009; what it says is a rule of its own.
    let optional = |want: Want| Want::Optional(Box::new(want));
    let policy = match &member.policy {
        Some(text) => Check::new("ReplicaPolicy", optional(Want::Policy(text.clone())), REP_013),
        None => Check::new("ReplicaPolicy", optional(Want::DefaultPolicy), REP_008),
    };
    checks.push(Check::new("ReplicaPolicy", Want::String, REP_009));
    checks.push(policy);
    checks.push(if call.args.contains_key("Tags") && !member.tags.is_empty() {
        Check::new("ReplicaTags", Want::Tags(member.tags.clone()), REP_009)
    } else {
        let none = Want::AbsentOrEmpty;
        Check::new("ReplicaTags", none, REP_006)
    });
    checks.push(Check::new("ReplicaKeyMetadata.MultiRegion", Want::Is(json!(true)), REP_009));
    checks
}

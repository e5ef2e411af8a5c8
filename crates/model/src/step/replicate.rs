//! ReplicateKey.

use super::attributes::tag_refusals;
use super::authorize::policy_refusals;
use super::create::apply_options;
use super::describe::{View, metadata};
use super::resolve::{key, state_gate};
use crate::call::Call;
use crate::outcome::{Aspect, Check, Matcher, Outcome, Reason, Refusals};
use crate::places;
use crate::world::{KeyState, Member, Region, World};
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
    if !family.multi_region {
        refusals.refuse(&["UnsupportedOperationException"], Reason::SingleRegion);
    } else if !target.is_primary() {
        let text = format!("{} is not a multi-region primary key.", target.arn());
        let refusal = refusals.refuse(&["UnsupportedOperationException"], Reason::NotPrimary);
        refusal.text("UnsupportedOperationException", &[text]);
    }
    let to: Option<Region> = call.text("ReplicaRegion").map(Into::into);
    if let Some(to) = &to {
        if *to == family.primary {
            let codes = ["AlreadyExistsException", "ValidationException", "UnsupportedOperationException"];
            refusals.refuse(&codes, Reason::PrimaryRegion);
        } else if family.members.contains_key(to) {
            let text = "You can create only one replica of each primary key in each AWS Region.";
            let refusal = refusals.refuse(&["AlreadyExistsException"], Reason::ReplicaExists);
            refusal.text("AlreadyExistsException", &[text.to_string()]);
        } else if places::partition(to) != places::partition(&target.region) {
            let text = "The replica key Region must be in the same AWS partition as the primary key Region.";
            let refusal = refusals.refuse(&["*"], Reason::ForeignRegion);
            refusal.text("ValidationException", &[text.to_string()]);
        }
    }
    let mut optional = Refusals::default();
    if let Some(to) = to.as_ref().filter(|to| !places::is_open_to_all(to) && refusals.none()) {
        // Whether there is such a Region, and whether the account has it, only the service knows.
        let text = format!("Region {to} is not a valid Region or multi-Region keys are not supported in Region {to}.");
        let codes =
            ["ValidationException", "UnsupportedOperationException", "InvalidArnException", "NotFoundException"];
        optional.refuse(&codes, Reason::UnknownRegion).text("ValidationException", &[text]);
    }
    let optional = optional.outcomes(world);
    let Some(to) = to.filter(|_| refusals.none()) else {
        return [refusals.outcomes(world), optional].concat();
    };
    // The answer may come while Creating, or when it is over.
    let made = [family.first_state(), KeyState::Creating].into_iter().map(|state| {
        let mut next = world.clone();
        let mut member = Member::new(state);
        apply_options(call, &mut member);
        next.family_mut(&target.name).members.insert(to.clone(), member);
        let checks = answer(call, &next, &target.name, &to);
        Outcome::success(next, checks)
    });
    made.chain(optional).collect()
}

fn answer(call: &Call, next: &World, name: &crate::world::Name, to: &Region) -> Vec<Check> {
    let family = next.family(name).expect("just changed");
    let mut view = View::settled(name, family, to, &family.primary);
    let creating = family.members.iter().any(|(r, m)| r != to && m.state == KeyState::Creating);
    if creating {
        let all = family.members.keys().cloned().collect();
        view.replicas = Matcher::SomeMembers(name.clone(), all);
    }
    let mut checks = metadata("ReplicaKeyMetadata", name, family, to, &view);
    let member = &family.members[to];
    // That there is a policy in the answer is one thing; what it says is another.
    let optional = |want: Matcher| Matcher::Optional(Box::new(want));
    let policy = match &member.policy {
        Some(text) => Check::new("ReplicaPolicy", optional(Matcher::Policy(text.clone())), Aspect::ReplicaPolicy(true)),
        None => Check::new("ReplicaPolicy", optional(family.default_policy()), Aspect::ReplicaPolicy(false)),
    };
    checks.push(Check::new("ReplicaPolicy", Matcher::String, Aspect::ReplicaAnswer));
    checks.push(policy);
    checks.push(if call.args.contains_key("Tags") && !member.tags.is_empty() {
        Check::new("ReplicaTags", Matcher::Tags(member.tags.clone()), Aspect::ReplicaAnswer)
    } else {
        let none = Matcher::AbsentOrEmpty;
        Check::new("ReplicaTags", none, Aspect::NoReplicaTags)
    });
    checks.push(Check::new("ReplicaKeyMetadata.MultiRegion", Matcher::Is(json!(true)), Aspect::ReplicaAnswer));
    checks
}

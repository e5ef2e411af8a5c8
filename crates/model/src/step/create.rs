//! CreateKey.

use super::attributes::tag_refusals;
use super::authorize::policy_refusals;
use super::describe::{View, metadata};
use crate::bindings::Slot;
use crate::call::Call;
use crate::keyspec::{KeySpec, Origin, Usage};
use crate::outcome::{Aspect, Check, Form, Matcher, Outcome, Reason, Refusals};
use crate::rotations::Rotations;
use crate::world::{Family, Materials, Member, World};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// CreateKey (F-020, F-021, F-034, F-120).
pub fn create_key(world: &World, call: &Call, mut refusals: Refusals) -> Vec<Outcome> {
    let spec = call.text("KeySpec").or(call.text("CustomerMasterKeySpec"));
    let spec = KeySpec::parse(spec.unwrap_or("SYMMETRIC_DEFAULT")).unwrap_or(KeySpec::SYMMETRIC_DEFAULT);
    let usage = match call.text("KeyUsage") {
        Some(name) => Usage::parse(name).filter(|u| spec.allows(*u)),
        None => Some(Usage::EncryptDecrypt).filter(|_| spec.is_symmetric()),
    };
    if usage.is_none() {
        refusals.refuse(&["ValidationException"], Reason::KeySpecUsage);
    }
    let origin = if call.text("Origin") == Some("EXTERNAL") { Origin::External } else { Origin::AwsKms };
    if spec.is_ml_dsa() && origin == Origin::External {
        let text = format!("KeySpec {} is not supported for Origin EXTERNAL", spec.name());
        let refusal = refusals.refuse(&["ValidationException", "UnsupportedOperationException"], Reason::KeySpecUsage);
        refusal.text("ValidationException", &[text]);
    }
    tag_refusals(call, 0, &mut refusals);
    policy_refusals(world, call, &mut refusals);
    let mut optional = Refusals::default();
    if spec.is_recent() {
        // Whoever does not know the spec refuses it in his own way, whatever else is wrong.
        let reason = if refusals.none() { Reason::RecentKeySpec } else { Reason::KeySpecUsage };
        optional.refuse(&["*"], reason);
    }
    let optional = optional.outcomes(world);
    let Some(usage) = usage.filter(|_| refusals.none()) else {
        return [refusals.outcomes(world), optional].concat();
    };
    let mut family = Family {
        multi_region: call.flag("MultiRegion"),
        spec,
        usage,
        origin,
        primary: call.region.clone(),
        members: BTreeMap::new(),
        rotation_enabled: false,
        rotation_period: 365,
        rotations: Rotations::default(),
        materials: Materials::default(),
        promotion: None,
        former_policies: BTreeSet::new(),
    };
    let mut member = Member::new(family.first_state());
    apply_options(call, &mut member);
    family.members.insert(call.region.clone(), member);
    let mut checks = vec![
        Check::new("KeyMetadata.KeyId", Matcher::Same(Slot::KeyId(call.name.clone())), Aspect::NewIdentity),
        Check::new("KeyMetadata.Arn", Matcher::NewKeyArn(call.name.clone(), call.region.clone()), Aspect::NewIdentity),
    ];
    if family.multi_region {
        checks.push(Check::new("KeyMetadata.KeyId", Matcher::Form(Form::Mrk), Aspect::MultiRegionId));
        checks.push(Check::new("KeyMetadata.KeyId", Matcher::Form(Form::MrkHex), Aspect::MultiRegionIdForm));
    } else {
        checks.push(Check::new("KeyMetadata.KeyId", Matcher::Form(Form::Uuid), Aspect::SingleRegionId));
    }
    let view = View::settled(&call.name, &family, &call.region, &call.region);
    let rest = metadata("KeyMetadata", &call.name, &family, &call.region, &view);
    // The id is new here: the two checks above say what it must be.
    let named = ["KeyMetadata.KeyId", "KeyMetadata.Arn"];
    let mut rest: Vec<Check> = rest.into_iter().filter(|c| !named.contains(&c.path.as_str())).collect();
    for check in &mut rest {
        if check.path.ends_with("PrimaryKey.Arn") {
            check.matcher = Matcher::NewKeyArn(call.name.clone(), call.region.clone());
        }
    }
    checks.extend(rest);
    let mut next = world.clone();
    next.families.insert_mut(call.name.clone(), Arc::new(family));
    [vec![Outcome::success(next, checks)], optional].concat()
}

/// The independent properties that CreateKey and ReplicateKey may set (F-032, F-042), and who made it.
pub fn apply_options(call: &Call, member: &mut Member) {
    member.made_by = call.name.clone();
    member.description = call.text("Description").unwrap_or("").to_string();
    member.policy = call.text("Policy").map(str::to_string);
    member.tags = call.tags().into_iter().collect();
}

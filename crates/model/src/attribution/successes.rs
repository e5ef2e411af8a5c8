//! What a success shows beside its checks: the most telling rule first, for it is blamed when a refusal
//! comes instead.

use super::{Case, checks, context, refusals, state_row};
use crate::call::{Arg, Call, Operation};
use crate::keyspec::Origin;
use crate::materials::{Named, given, named};
use crate::outcome::Aspect;
use crate::rule::RuleId;
use crate::rules::*;
use crate::step::resolve::{self, Target};
use crate::trail::Past;
use crate::world::{Artifact, KeyState, Region};

/// The rules that a success upholds. Never empty.
pub fn rules(case: &Case) -> Vec<RuleId> {
    use Operation::*;
    let (call, past) = (case.call, case.past());
    let mut rules = match (call.op, &case.target) {
        // What concerns no key, or names it in another way.
        (CreateKey, _) => return vec![KEY_017],
        (ListKeys | ListAliases, _) if call.int("Limit").is_some() => return vec![KEY_022],
        (ListKeys, _) => return vec![KEY_021],
        (ListAliases, _) => vec![checks::aliases(case)],
        (ListRetirableGrants, _) => return vec![GRT_007],
        (GenerateRandom, _) => return vec![CRY_024],
        (DeleteAlias, _) => vec![ATT_007],
        (RevokeGrant, _) => vec![GRT_005],
        (RetireGrant, _) => vec![GRT_006],
        (_, None) => Vec::new(),
        // What concerns the key that it addresses.
        (ReplicateKey, _) => of_replication(call, past),
        (UpdatePrimaryRegion, Some(target)) if names_its_primary(call, target) => return vec![UPR_013],
        (UpdatePrimaryRegion, Some(target)) => of_promotion(call, target, past),
        (DescribeKey, Some(target)) => of_description(target),
        (EnableKey | DisableKey, Some(target)) => vec![of_switch(call, target)],
        (ScheduleKeyDeletion, Some(target)) => of_deletion(target, past),
        (CancelKeyDeletion, _) => vec![DEL_008],
        (DisableKeyRotation, Some(target)) if is_never_rotated(target) => return vec![ROT_003],
        (EnableKeyRotation | DisableKeyRotation, _) if past.promoted() => vec![UPR_021, ROT_001],
        (EnableKeyRotation | DisableKeyRotation, _) => vec![ROT_001],
        (RotateKeyOnDemand, Some(target)) if target.family.origin == Origin::External => vec![ROT_016, ROT_006],
        (RotateKeyOnDemand, _) => vec![ROT_006],
        (GetKeyRotationStatus, Some(target)) if is_never_rotated(target) => return vec![ROT_003],
        (PutKeyPolicy, _) => vec![ATT_014],
        (TagResource, _) => vec![ATT_009],
        (UntagResource, _) => vec![ATT_013],
        (UpdateKeyDescription, _) => vec![ATT_018],
        (CreateAlias, _) if refusals::is_elsewhere(case) => vec![ATT_001],
        (CreateAlias, _) => vec![ATT_008],
        (UpdateAlias, _) => vec![ATT_005],
        (CreateGrant, _) => vec![GRT_001],
        (ListGrants, _) => match of_grants(case) {
            (rules, true) => return rules,
            (rules, false) => rules,
        },
        (GetParametersForImport, _) => vec![IMP_001],
        (ImportKeyMaterial, _) => match of_import(case) {
            Some(rules) => rules,
            None => return vec![IMP_005],
        },
        (DeleteImportedKeyMaterial, Some(target)) => vec![of_deleted_material(case, target)],
        (Decrypt, Some(target)) => of_decryption(case, target),
        (ReEncrypt, _) => vec![CRY_016],
        (GetPublicKey, _) => vec![CRY_006],
        (Verify, _) => checks::rule(case, &Aspect::SignatureHolds).into_iter().collect(),
        (VerifyMac, _) => checks::rule(case, &Aspect::MacHolds).into_iter().collect(),
        (DeriveSharedSecret, _) => vec![CRY_025],
        _ => Vec::new(),
    };
    match (call.op, &case.target) {
        // Without its key a grant id is open, and no row of the table is about it.
        (RetireGrant, None) if !call.args.contains_key("GrantToken") && call.args.contains_key("GrantId") => {}
        (DeleteAlias, _) | (RevokeGrant | RetireGrant, None) => rules.extend(state_row(call.op)),
        (_, Some(target)) => rules.extend(context(call.op, target, past)),
        _ => {}
    }
    rules.extend(afterwards(case, past));
    rules
}

/// What is shown as well, and is not what the operation is about first of all.
fn afterwards(case: &Case, past: &Past) -> Vec<RuleId> {
    use Operation::*;
    let call = case.call;
    match call.op {
        Encrypt => vec![CRY_014],
        GenerateDataKey | GenerateDataKeyWithoutPlaintext => vec![CRY_015],
        GenerateDataKeyPair | GenerateDataKeyPairWithoutPlaintext => vec![CRY_023],
        Decrypt => {
            let rotated = case.target.as_ref().is_some_and(|t| t.family.rotations.any());
            let mut rules = vec![CRY_001];
            rules.extend(past.promoted().then_some(CRY_017));
            rules.extend(rotated.then_some(CRY_018));
            rules
        }
        ReEncrypt => match resolve::present(case.world, call, "DestinationKeyId") {
            Some(to) => context(call.op, &to, case.trail.family(&to.name)),
            None => Vec::new(),
        },
        DescribeKey => case.target.as_ref().filter(|t| is_bystander(t, past)).map(|_| UPR_040).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn of_replication(call: &Call, past: &Past) -> Vec<RuleId> {
    let mut rules = Vec::new();
    if past.promoted() {
        rules.push(UPR_019);
    }
    if call.text("ReplicaRegion").is_some_and(|to| past.gone.contains(to)) {
        rules.push(DEL_016);
    }
    rules.push(REP_001);
    rules
}

fn names_its_primary(call: &Call, target: &Target) -> bool {
    target.is_primary() && call.text("PrimaryRegion") == Some(&*target.region)
}

fn of_promotion(call: &Call, target: &Target, past: &Past) -> Vec<RuleId> {
    let family = target.family;
    let third = |r: &Region| *r != target.region && call.text("PrimaryRegion") != Some(&**r);
    let mut rules = Vec::new();
    if family.members.iter().any(|(r, m)| third(r) && m.state != KeyState::Enabled) {
        rules.push(UPR_031);
    }
    if past.any_cancelled() {
        rules.push(UPR_032);
    }
    if past.promotion_seen && family.promotion.is_some() {
        rules.push(UPR_029);
    }
    if past.promoted() {
        rules.push(UPR_037);
    }
    if target.by_arn {
        rules.push(UPR_041);
    }
    rules
}

/// A key that is to be deleted can be described, until it is gone (F-083).
fn of_description(target: &Target) -> Vec<RuleId> {
    let member = &target.family.members[&target.region];
    if member.state.is_pending_deletion() && !member.due { vec![DEL_013] } else { Vec::new() }
}

/// Whether a promotion was seen to be under way that does not concern this member.
fn is_bystander(target: &Target, past: &Past) -> bool {
    let promotion = target.family.promotion.as_ref().filter(|_| past.promotion_seen);
    promotion.is_some_and(|p| p.from != target.region && p.to != target.region)
}

fn of_switch(call: &Call, target: &Target) -> RuleId {
    let wanted = if call.op == Operation::EnableKey { KeyState::Enabled } else { KeyState::Disabled };
    if target.state() == wanted { STA_002 } else { STA_004 }
}

fn of_deletion(target: &Target, past: &Past) -> Vec<RuleId> {
    let former = past.is_former_primary(&target.region) && !target.is_primary();
    if former { vec![UPR_030, DEL_001] } else { vec![DEL_001] }
}

/// Keys of other kinds than symmetric ones with material of AWS (F-090).
pub fn is_never_rotated(target: &Target) -> bool {
    !target.family.spec.is_symmetric() || target.family.origin == Origin::External
}

/// True when nothing else is shown: of a page, and of a grant that is not there.
fn of_grants(case: &Case) -> (Vec<RuleId>, bool) {
    let rule = checks::grants(case);
    let one = matches!(case.call.args.get("GrantId"), Some(Arg::Result { step, .. })
        if case.target.as_ref().is_some_and(|t| !t.family.members[&t.region].grants.contains_key(step)));
    match () {
        () if one => (vec![GRT_008], true),
        () if case.call.int("Limit").is_some() => (vec![KEY_022], true),
        () => (rule.into_iter().collect(), false),
    }
}

/// Of what a member needs, or of what only waits (F-126).
fn of_deleted_material(case: &Case, target: &Target) -> RuleId {
    match named(case.world, case.call, &target.name) {
        Named::Of(material) if !target.family.materials.used.contains(material) => IMP_019,
        Named::Of(material) if target.family.materials.current() != Some(material) => IMP_022,
        _ => IMP_006,
    }
}

/// `None` for other material that was let in without being said to be new.
fn of_import(case: &Case) -> Option<Vec<RuleId>> {
    let (call, world) = (case.call, case.world);
    let materials = case.target.as_ref().map(|t| &t.family.materials).filter(|m| !m.used.is_empty());
    if materials.is_some_and(|m| given(call).is_none_or(|g| !m.has(g))) {
        return (call.text("ImportType") == Some("NEW_KEY_MATERIAL")).then(|| vec![IMP_019]);
    }
    let token = match call.args.get("ImportToken") {
        Some(Arg::Result { step, damaged: false }) => world.artifacts.get(step),
        _ => None,
    };
    let wrapped_twice = matches!(token, Some(Artifact::Parameters { key_wrap: true, .. }));
    Some(if wrapped_twice { vec![IMP_016, IMP_003] } else { vec![IMP_003, IMP_016] })
}

fn of_decryption(case: &Case, target: &Target) -> Vec<RuleId> {
    let mut rules: Vec<RuleId> = checks::plaintext(case).into_iter().collect();
    if target.state() == KeyState::Updating {
        rules.insert(0, UPR_033);
    }
    rules
}

//! What a refusal shows, and which rule about its text there is.

use super::{Case, context, is_seen, permissions, state_row};
use crate::call::{Arg, Auth, Caller, Operation};
use crate::outcome::Reason;
use crate::rule::RuleId;
use crate::rules::*;
use crate::world::{KeyState, Name};

/// The rules that a refusal for this reason upholds, the most telling one first. Never empty.
pub fn rules(case: &Case, reason: &Reason) -> Vec<RuleId> {
    let mut rules = own(case, reason);
    let of_the_operation = case.call.auth == Auth::Valid
        && case.call.raw_body.is_none()
        && case.call.caller != Caller::Other
        && !matches!(reason, Reason::Denied | Reason::MalformedPolicy);
    if of_the_operation {
        in_this_operation(case, reason, &mut rules);
    }
    rules
}

/// What some operations add to every refusal of theirs.
fn in_this_operation(case: &Case, reason: &Reason, rules: &mut Vec<RuleId>) {
    let state = case.target.as_ref().map(|t| t.state());
    match (case.call.op, state) {
        (Operation::UpdatePrimaryRegion, state) => {
            // A key that is only Updating is no such case (F-062).
            let unusable = state.is_some_and(|s| !matches!(s, KeyState::Enabled | KeyState::Updating));
            let first =
                matches!(reason, Reason::State(_) | Reason::WrongType | Reason::Missing | Reason::Constraint(_));
            if unusable && first {
                rules.insert(0, UPR_016);
            }
            // Nothing has changed, and the exception is one that the operation declares (F-060).
            rules.extend([UPR_038, UPR_028]);
        }
        (Operation::ScheduleKeyDeletion, Some(state)) if state.is_pending_deletion() => rules.insert(0, DEL_010),
        (Operation::CancelKeyDeletion, Some(_)) => rules.insert(0, DEL_009),
        _ => {}
    }
}

fn own(case: &Case, reason: &Reason) -> Vec<RuleId> {
    use Reason::*;
    let op = case.call.op;
    let promotes = op == Operation::UpdatePrimaryRegion;
    let unknown = if promotes { UPR_039 } else { KEY_006 };
    let former = case.past().is_former_primary(&case.call.region);
    vec![match reason {
        // Before any key matters.
        Authentication(auth) => return vec![authentication(*auth), AUT_005],
        UnknownOperation => WIRE_010,
        NoJson => WIRE_011,
        DryRun => WIRE_018,
        WrongType => WIRE_012,
        Missing if promotes => return vec![UPR_023, WIRE_013],
        Missing => WIRE_013,
        Constraint(member) => return constraint(op, member),
        // Which key is meant.
        MalformedArn | NoKeyYet => KEY_006,
        UnknownKey => return vec![unknown, KEY_006],
        AliasNotTaken => return vec![if promotes { UPR_036 } else { KEY_010 }, KEY_010],
        ForeignArn => return vec![if promotes { UPR_039 } else { KEY_007 }, KEY_007],
        UnknownAlias(alias) => unknown_alias(case, alias),
        NoMember(family) => return no_member(case, family, unknown),
        // Its state.
        State(family) => return state(case, family),
        AliasTargetState => return state_row(op).into_iter().collect(),
        NoMaterial => return super::successes::rules(case),
        // Who may.
        Denied => return permissions::shown_by_denial(case),
        ForeignAccount => return vec![AUT_029, AUT_020],
        MalformedPolicy => AUT_030,
        PolicyLockout => AUT_023,
        // Promotion, replication, deletion.
        SingleRegion if promotes => UPR_015,
        SingleRegion => REP_003,
        NotPrimary => match op {
            Operation::UpdatePrimaryRegion => UPR_014,
            Operation::ReplicateKey => return vec![if former { UPR_020 } else { REP_002 }, REP_002],
            Operation::RotateKeyOnDemand => ROT_010,
            _ if former => UPR_022,
            _ => ROT_002,
        },
        PrimaryRegion if promotes => UPR_013,
        PrimaryRegion => REP_005,
        ReplicaExists => REP_004,
        NoReplica => UPR_012,
        ForeignRegion if promotes => UPR_018,
        ForeignRegion => REP_019,
        UnknownRegion => REP_001,
        ReplicaState => UPR_017,
        PromotionUnderWay => UPR_029,
        WaitingPeriod => DEL_003,
        // Cryptography.
        KeySpecUsage => KEY_019,
        RecentKeySpec => recent_spec(case.call.text("KeySpec").unwrap_or_default()),
        KeyUsage => CRY_013,
        Algorithm => CRY_021,
        PlaintextLength => CRY_014,
        DataKeyLength => CRY_015,
        EncryptionContext => CRY_005,
        Ciphertext => CRY_019,
        CiphertextOfNoKeyHere => CRY_004,
        CiphertextOfAnotherKey => CRY_003,
        Signature => CRY_009,
        Mac => CRY_012,
        KeyPairSpec => CRY_023,
        RandomLength => CRY_024,
        PublicKey => CRY_025,
        // Rotation and import.
        KeyKind => match op {
            Operation::RotateKeyOnDemand => ROT_009,
            Operation::GetParametersForImport => IMP_002,
            Operation::ImportKeyMaterial | Operation::DeleteImportedKeyMaterial => IMP_014,
            _ => ROT_003,
        },
        RotationLimit => ROT_008,
        RotationUnderWay => ROT_006,
        NoNewMaterial => ROT_009,
        MaterialMissing => ROT_017,
        MaterialWaits => IMP_021,
        NewMaterialOnReplica => IMP_020,
        UnknownMaterial | ImportMembers => IMP_018,
        UnfitMembers => AWS_031,
        ExpiryTime => AWS_028,
        ImpliedExpiry => AWS_030,
        NoExpiryTime => IMP_009,
        ImportToken => IMP_013,
        WrappedMaterial => IMP_015,
        Wrapping => IMP_030,
        OtherMaterial => IMP_005,
        // Grants, aliases, tags, policies, lists.
        NoGrantee => GRT_001,
        GrantOperations => GRT_004,
        Principal => GRT_015,
        GrantConstraints => GRT_016,
        UnlistedGrant => GRT_008,
        UnknownGrant if op == Operation::RevokeGrant => GRT_005,
        UnknownGrant | UnnamedGrant => GRT_006,
        NoRetiringPrincipal => GRT_007,
        Marker => KEY_023,
        AliasName => ATT_002,
        ReservedAlias => ATT_003,
        AliasExists => ATT_004,
        NoSuchAlias => ATT_007,
        AliasTargetKind => ATT_006,
        Tags => ATT_011,
        PolicyName => ATT_017,
    }]
}

/// The rule about keys of a spec that not every endpoint knows.
pub fn recent_spec(spec: &str) -> RuleId {
    if spec.starts_with("ML_DSA_") { KEY_027 } else { KEY_026 }
}

fn authentication(auth: Auth) -> RuleId {
    match auth {
        Auth::Unsigned => AUT_001,
        Auth::WrongSignature => AUT_002,
        Auth::UnknownKey => AUT_003,
        Auth::Incomplete | Auth::Valid => AUT_004,
    }
}

/// A member that violates a constraint: some have a rule of their own (F-023).
fn constraint(op: Operation, member: &str) -> Vec<RuleId> {
    let own = match (op, member) {
        (Operation::UpdatePrimaryRegion, _) => UPR_024,
        (Operation::ScheduleKeyDeletion, "PendingWindowInDays") => DEL_003,
        (Operation::EnableKeyRotation, "RotationPeriodInDays") => ROT_004,
        (Operation::Encrypt, "Plaintext") => CRY_014,
        (_, "Tags" | "TagKeys") => ATT_012,
        (Operation::CreateGrant, "Operations") => GRT_004,
        _ => return vec![WIRE_014],
    };
    vec![own, WIRE_014]
}

/// An alias that the Region called does not have: it went with its key (F-089), or is another Region's.
/// Whether another Region has an alias of this name: they are independent (F-130).
fn has_alias_elsewhere(case: &Case, alias: &Name) -> bool {
    case.world.aliases.keys().any(|(region, name)| name == alias && *region != case.call.region)
}

/// Whether another Region has an alias of the name that the call gives.
pub fn is_elsewhere(case: &Case) -> bool {
    matches!(case.call.args.get("AliasName"), Some(Arg::AliasName(alias)) if has_alias_elsewhere(case, alias))
}

fn unknown_alias(case: &Case, alias: &Name) -> RuleId {
    let here = &case.call.region;
    match () {
        () if case.trail.families().any(|(_, past)| past.gone.contains(here)) => DEL_015,
        () if has_alias_elsewhere(case, alias) => ATT_001,
        () => KEY_006,
    }
}

/// No member in the Region called: it is gone (F-086), or a promotion there must not have made one (F-053).
fn no_member(case: &Case, family: &Name, unknown: RuleId) -> Vec<RuleId> {
    let past = case.trail.family(family);
    let mut rules = vec![unknown, KEY_006];
    if past.last == crate::trail::LastEvent::PromotionRefused {
        rules.insert(0, UPR_026);
    }
    if past.gone.contains(&case.call.region) {
        rules.insert(0, DEL_012);
    }
    rules
}

/// The key-state table refuses it (F-107). What a success shows of other members, of the form of KeyId or
/// of what works while Updating, a refusal does not show; what must not work then, it does, if that is seen.
fn state(case: &Case, family: &Name) -> Vec<RuleId> {
    let op = case.call.op;
    let Some(target) = crate::step::resolve::member(case.world, case.call, family) else {
        return state_row(op).into_iter().collect();
    };
    let mut rules = context(op, &target, case.trail.family(family));
    rules.retain(|r| !matches!(*r, UPR_033 | UPR_035 | REP_016 | STA_003 | KEY_009));
    match target.state() {
        KeyState::Creating if is_seen(&target, case.trail.family(family)) => rules.push(REP_015),
        KeyState::Updating if is_seen(&target, case.trail.family(family)) => rules.push(UPR_034),
        _ => {}
    }
    rules
}

/// The rule about the text of an exception.
pub fn text(code: &str) -> RuleId {
    match code {
        "DisabledException" => MSG_001,
        "KMSInvalidStateException" => MSG_002,
        "NotFoundException" => MSG_003,
        "UnsupportedOperationException" => MSG_004,
        "AlreadyExistsException" => MSG_005,
        "InvalidKeyUsageException" => MSG_006,
        "TagException" => MSG_007,
        _ => WIRE_015,
    }
}

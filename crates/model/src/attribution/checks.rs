//! What each check of a success is about.

use super::{Case, refusals, state_row};
use crate::call::{Arg, Operation};
use crate::keyspec::Origin;
use crate::outcome::Aspect;
use crate::rule::RuleId;
use crate::rules::*;
use crate::trail::LastEvent;
use crate::world::{KeyState, Name};

/// The rule that a check is about.
pub fn rule(case: &Case, aspect: &Aspect) -> Option<RuleId> {
    use Aspect::*;
    let promoted = case.past().promoted();
    let subject = case.subject.as_ref();
    Some(match aspect {
        // Of a key that is described.
        Identity => subject?.identity(),
        Account | KeyManager => KEY_014,
        MultiRegion => {
            if subject?.family.multi_region {
                KEY_011
            } else {
                KEY_012
            }
        }
        KeyType => subject?.key_type(),
        PrimaryKey => subject?.primary(),
        ReplicaKeys if case.call.op == Operation::ReplicateKey => REP_010,
        ReplicaKeys => subject?.replicas(),
        NoConfiguration => KEY_012,
        SingleRegionState => KEY_024,
        KeyState => return key_state(case),
        NotUpdating => return repeated(case, subject?.not_updating()),
        NotCreating => return repeated(case, subject?.not_creating()),
        BystanderState => UPR_040,
        Enabled => KEY_015,
        Description => subject?.description(),
        KeyKind => subject?.kind(),
        Algorithms if case.call.op == Operation::CreateKey && subject?.family.spec.is_recent() => {
            refusals::recent_spec(subject?.family.spec.name())
        }
        Algorithms => subject?.algorithms(),
        CreationDate => KEY_025,
        Timestamp => WIRE_008,
        MaterialId => KEY_018,
        MaterialIdentity => IMP_018,
        MaterialOfOtherKey => IMP_024,
        ImpliedExpiry => AWS_030,
        Materials => materials(case),
        DeletionDate => DEL_006,
        DeletionClock => subject?.deletion_clock(),
        NoDeletionDateYet => DEL_004,
        NoDeletionDate => subject?.key_state(),
        ImportStatus => subject?.import_status(),
        WaitingPeriod => match case.call.op {
            Operation::ScheduleKeyDeletion if case.call.int("PendingWindowInDays").is_some() => DEL_001,
            Operation::ScheduleKeyDeletion => DEL_002,
            _ => DEL_005,
        },
        // Of a new key.
        NewIdentity => KEY_001,
        MultiRegionId => KEY_002,
        MultiRegionIdForm => KEY_003,
        SingleRegionId => KEY_004,
        ReplicaAnswer => REP_009,
        ReplicaPolicy(given) => {
            if *given {
                REP_013
            } else {
                REP_008
            }
        }
        NoReplicaTags => REP_006,
        // Of any answer.
        NoOutput if case.call.op == Operation::UpdatePrimaryRegion => UPR_025,
        NoOutput => WIRE_006,
        NoBody => WIRE_007,
        Blob => WIRE_009,
        Page => KEY_022,
        ActedOn => match case.call.op {
            Operation::ScheduleKeyDeletion => DEL_001,
            Operation::CancelKeyDeletion => DEL_008,
            Operation::RotateKeyOnDemand => ROT_006,
            Operation::GetParametersForImport => IMP_001,
            Operation::ImportKeyMaterial => IMP_003,
            // The facts give the ARN as a MUST for Decrypt; elsewhere the key id is accepted with a note.
            _ => CRY_002,
        },
        ActedOnArn => CRY_022,
        // Of cryptography.
        Algorithm => CRY_021,
        Plaintext => return plaintext(case),
        FirstPlaintext { pair } => {
            if *pair {
                CRY_023
            } else {
                CRY_015
            }
        }
        DataKey => CRY_015,
        KeyPair => CRY_023,
        Random => CRY_024,
        SharedSecret => CRY_025,
        PublicKey | SignatureHolds | Mac | MacHolds if promoted => CRY_020,
        PublicKey | PublicKeyKind => CRY_006,
        SignatureHolds => CRY_007,
        Mac => CRY_010,
        MacHolds => CRY_011,
        ImportParameters => IMP_001,
        // Of the properties of a member.
        Policy => subject?.policy(),
        Tags => subject?.tags(),
        Aliases => aliases(case),
        Listed(family) => listed(case, family),
        NewGrant => GRT_001,
        Wrapping => IMP_030,
        RepeatedGrant => GRT_017,
        Principal => GRT_015,
        GrantConstraints => GRT_016,
        Grants => return grants(case),
        RetirableGrants => GRT_007,
        RotationStatus => subject?.rotation(),
        RotationPeriod => match subject?.rotation() {
            shared @ (ROT_013 | ROT_005 | AWS_026) => shared,
            _ => ROT_004,
        },
        NoRotation => ROT_003,
        Rotations => {
            let subject = subject?;
            match subject.last {
                LastEvent::Promoted => ROT_014,
                // The last one was waited for.
                LastEvent::Rotation
                    if !subject.family.rotations.may_be_under_way() && !subject.family.materials.rotating =>
                {
                    ROT_015
                }
                _ => ROT_007,
            }
        }
    })
}

/// The key state: in the answers of ReplicateKey and ScheduleKeyDeletion it is what they do.
fn key_state(case: &Case) -> Option<RuleId> {
    let subject = case.subject.as_ref()?;
    Some(match case.call.op {
        // Creating or not, both are fine here; that it ends is seen later (REP-011).
        Operation::ReplicateKey if subject.family.origin == Origin::External => REP_018,
        Operation::ReplicateKey => REP_009,
        Operation::ScheduleKeyDeletion => {
            let next = case.outcome.next.family(&case.target.as_ref()?.name)?;
            match next.members[&subject.region].state {
                KeyState::PendingReplicaDeletion => DEL_004,
                _ => DEL_006,
            }
        }
        _ => subject.key_state(),
    })
}

/// A check that says again what the key state says: of a new replica it is about the same.
fn repeated(case: &Case, rule: Option<RuleId>) -> Option<RuleId> {
    if case.call.op == Operation::ReplicateKey { rule.and(key_state(case)) } else { rule }
}

/// An endpoint may show a member as Enabled that has no material (after a deviation only): then that it
/// does not decrypt says nothing about the material.
pub fn plaintext(case: &Case) -> Option<RuleId> {
    let subject = case.subject.as_ref()?;
    if subject.family.lacks_material(&subject.region) {
        return state_row(case.call.op);
    }
    Some(subject.continuity())
}

/// A list of all key material. On a replica, after material was withdrawn, it is about that.
fn materials(case: &Case) -> RuleId {
    let replica = case.target.as_ref().is_some_and(|t| !t.is_primary());
    match case.past().last {
        LastEvent::Withdrawn(_) if replica => IMP_023,
        _ => ROT_018,
    }
}

/// A list that is not there at all.
pub fn left_out(aspect: &Aspect) -> Option<RuleId> {
    Some(match aspect {
        Aspect::Aliases => ATT_008,
        Aspect::Tags => ATT_009,
        Aspect::Grants => GRT_001,
        Aspect::Rotations => ROT_007,
        Aspect::Listed(_) => KEY_022,
        _ => return None,
    })
}

/// A list of aliases.
pub fn aliases(case: &Case) -> RuleId {
    let (here, aliases) = (&case.call.region, &case.world.aliases);
    let moved = LastEvent::Changed(here.clone(), Operation::UpdateAlias);
    let known = || case.trail.families().map(|(_, past)| past);
    let asked = |family: &Name| case.target.as_ref().is_none_or(|t| t.name == *family);
    match () {
        () if case.target.is_some() && case.past().last == LastEvent::Promoted => UPR_009,
        () if known().any(|p| p.last == moved) => ATT_005,
        () if known().any(|p| p.gone.contains(here)) => DEL_015,
        // That there are some elsewhere makes it a question of whether they show here.
        () if aliases.keys().any(|(r, _)| r != here) && !aliases.iter().any(|((r, _), f)| r == here && asked(f)) => {
            ATT_001
        }
        () => ATT_008,
    }
}

/// Whether a family is among the keys of the Region called.
fn listed(case: &Case, family: &Name) -> RuleId {
    let past = case.trail.family(family);
    let here = case.world.family(family).is_some_and(|f| f.members.contains_key(&case.call.region));
    match () {
        () if !here && past.last == LastEvent::PromotionRefused => UPR_026,
        () if past.gone.contains(&case.call.region) => DEL_012,
        () => KEY_021,
    }
}

/// A list of grants: of one that is not there, of a choice of them, of all.
pub fn grants(case: &Case) -> Option<RuleId> {
    let subject = case.subject.as_ref()?;
    let member = &subject.family.members[&subject.region];
    let only = match case.call.args.get("GrantId") {
        Some(Arg::Result { step, .. }) => Some(step),
        _ => None,
    };
    if only.is_some_and(|step| !member.grants.contains_key(step)) {
        return Some(GRT_008);
    }
    let own = match () {
        () if only.is_some() || case.call.text("GranteePrincipal").is_some() => GRT_008,
        () if subject.past.member(&subject.region).lost_grants => GRT_005,
        () => GRT_001,
    };
    Some(subject.grants(own))
}

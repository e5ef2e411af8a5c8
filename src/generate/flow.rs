//! What calls depend on: the names that they use, and what they read and write of the world.

use crate::sequence::{Action, Sequence, Step};
use mrkspec_model::call::{Arg, Call, Operation};
use mrkspec_model::world::{Name, Region};
use std::collections::BTreeSet;

/// The call of a step, if it has one.
pub fn call_of(step: &Step) -> Option<&Call> {
    match &step.action {
        Action::Call { call, .. } => Some(call),
        _ => None,
    }
}

/// Names that a call needs: keys and results of steps.
pub fn names(call: &Call) -> BTreeSet<Name> {
    let mut names = BTreeSet::new();
    for arg in call.args.values() {
        match arg {
            Arg::Key(key) => drop(names.insert(key.name.clone())),
            Arg::Result { step, .. } | Arg::Material { step, .. } => drop(names.insert(step.clone())),
            Arg::Tokens(steps) => names.extend(steps.iter().cloned()),
            Arg::AliasName(_) | Arg::Json(_) | Arg::Bytes(_) | Arg::In(_) => {}
        }
    }
    names
}

/// Something of the world that a call can read or write.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// The result of a step, or a family.
    Name(Name),
    /// That a family has a member in a Region.
    Member(Name, Region),
    /// Where the primary is.
    Primary(Name),
    State(Name, Region),
    /// Anything else about one member, by the operations that show it.
    Property(Name, Region, &'static str),
    /// Rotation and key material.
    Rotation(Name),
    Alias(Region, Name),
}

/// The family that a call is about, or that its result belongs to.
fn family(call: &Call) -> Option<Name> {
    match call.args.get(call.op.key_member())? {
        Arg::Key(key) => Some(key.name.clone()),
        _ => None,
    }
}

/// The part of a member that an operation changes or shows; nothing for the rest.
fn property(op: Operation) -> Option<&'static str> {
    use Operation::*;
    Some(match op {
        PutKeyPolicy | GetKeyPolicy => "policy",
        TagResource | UntagResource | ListResourceTags => "tags",
        UpdateKeyDescription => "description",
        CreateGrant | RevokeGrant | RetireGrant | ListGrants | ListRetirableGrants => "grants",
        ImportKeyMaterial | DeleteImportedKeyMaterial => "material",
        _ => return None,
    })
}

fn writes(call: &Call) -> Vec<Place> {
    use Operation::*;
    let mut list = vec![Place::Name(call.name.clone())];
    let region = &call.region;
    if let Some(Arg::AliasName(alias)) = call.args.get("AliasName") {
        list.push(Place::Alias(region.clone(), alias.clone()));
    }
    let Some(family) = family(call) else {
        return list;
    };
    match call.op {
        ReplicateKey | UpdatePrimaryRegion => {
            let to: Option<Region> = call.text("ReplicaRegion").or(call.text("PrimaryRegion")).map(Into::into);
            list.extend(to.map(|r| Place::Member(family.clone(), r)).filter(|_| call.op == ReplicateKey));
            list.extend((call.op == UpdatePrimaryRegion).then_some(Place::Primary(family)));
        }
        EnableKey | DisableKey | ScheduleKeyDeletion | CancelKeyDeletion => {
            list.push(Place::State(family, region.clone()));
        }
        EnableKeyRotation | DisableKeyRotation | RotateKeyOnDemand => list.push(Place::Rotation(family)),
        ImportKeyMaterial | DeleteImportedKeyMaterial => {
            list.push(Place::State(family.clone(), region.clone()));
            list.push(Place::Property(family, region.clone(), "material"));
        }
        op => {
            let changes = !op.is_read();
            list.extend(property(op).filter(|_| changes).map(|p| Place::Property(family, region.clone(), p)));
        }
    }
    list
}

fn reads(call: &Call) -> Vec<Place> {
    use Operation::*;
    let region = &call.region;
    let mut list: Vec<Place> = names(call).into_iter().map(Place::Name).collect();
    if let Some(Arg::AliasName(alias)) = call.args.get("AliasName") {
        list.push(Place::Alias(region.clone(), alias.clone()));
    }
    let Some(family) = family(call) else {
        return list;
    };
    let member = |r: &Region| [Place::Member(family.clone(), r.clone()), Place::State(family.clone(), r.clone())];
    list.extend(member(region));
    list.extend(property(call.op).map(|p| Place::Property(family.clone(), region.clone(), p)));
    match call.op {
        UpdatePrimaryRegion | ReplicateKey => {
            list.push(Place::Primary(family.clone()));
            let to = call.text("ReplicaRegion").or(call.text("PrimaryRegion"));
            list.extend(to.map(|r| member(&r.into())).into_iter().flatten());
        }
        EnableKeyRotation | DisableKeyRotation | RotateKeyOnDemand | GetKeyRotationStatus | ListKeyRotations => {
            list.extend([Place::Primary(family.clone()), Place::Rotation(family)]);
        }
        ScheduleKeyDeletion => list.push(Place::Primary(family)),
        DescribeKey => {
            list.push(Place::Primary(family.clone()));
            list.push(Place::Property(family, region.clone(), "description"));
        }
        _ => {}
    }
    list
}

/// The steps that the last one depends on, directly or through others. `wide` also keeps every
/// other change of the families concerned.
pub fn slice(sequence: &Sequence, wide: bool) -> Sequence {
    let mut wanted: BTreeSet<Place> = BTreeSet::new();
    let mut families: BTreeSet<Name> = BTreeSet::new();
    let mut kept = vec![false; sequence.steps.len()];
    for (i, step) in sequence.steps.iter().enumerate().rev() {
        let last = i + 1 == sequence.steps.len();
        let keep = match (&step.action, call_of(step)) {
            (_, Some(call)) => {
                let written = writes(call);
                let concerned = family(call).is_some_and(|f| families.contains(&f)) && !call.op.is_read();
                last || written.iter().any(|p| wanted.contains(p)) || (wide && concerned)
            }
            (Action::Until(family, _), _) => last || families.contains(family),
            _ => last,
        };
        if !keep {
            continue;
        }
        kept[i] = true;
        if let Some(call) = call_of(step) {
            wanted.extend(reads(call));
            families.extend(family(call));
        }
        if let Action::Settle(name) | Action::Until(name, _) = &step.action {
            families.insert(name.clone());
            wanted.insert(Place::Name(name.clone()));
        }
    }
    let mut out = sequence.clone();
    let mut keep = kept.into_iter();
    out.steps.retain(|_| keep.next().unwrap_or(false));
    out
}

/// Whether every name that is used is made before.
pub fn is_whole(sequence: &Sequence) -> bool {
    let mut made: BTreeSet<Name> = BTreeSet::new();
    for step in &sequence.steps {
        if let Action::Settle(name) | Action::Until(name, _) = &step.action
            && !made.contains(name)
        {
            return false;
        }
        let Some(call) = call_of(step) else { continue };
        let aliases =
            |n: &Name| matches!(call.args.get(call.op.key_member()), Some(Arg::Key(k)) if k.name == *n && is_alias(k));
        if names(call).iter().any(|n| !made.contains(n) && !aliases(n)) {
            return false;
        }
        made.insert(call.name.clone());
    }
    true
}

fn is_alias(key: &mrkspec_model::call::KeyRef) -> bool {
    use mrkspec_model::call::KeyForm;
    matches!(key.form, KeyForm::Alias | KeyForm::AliasArn(_))
}

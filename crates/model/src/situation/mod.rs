//! Where a call meets the service: the unit in which coverage is counted.
//!
//! Two calls are in the same situation when they are the same variant of the same operation, address
//! a key in the same role and key state, meet the same thing on the other side (where there is one),
//! and the same outcome is due. For reads it matters as well what happened last, if they show it: a
//! read is the check of a change.

mod parts;
mod policy_effect;
mod variant;
mod words;

pub use parts::{Named, OtherSide, Place, Sender};
pub use words::{KeyKind, PolicyEffect, Variant};

use super::call::{Arg, Auth, Call, Caller, KeyForm, Operation};
use super::keyspec::Origin;
use super::outcome::{Answer, Outcome};
use super::shape;
use super::trail::{LastEvent, Past, Trail};
use super::world::{Family, KeyState, Name, Region, World};
use std::fmt;

/// The role of the key that a call addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The primary key of a multi-Region key.
    Primary,
    /// A replica key of one.
    Replica,
    /// A single-Region key.
    Single,
    /// There is no such key in the Region called.
    Absent,
    /// The call addresses no key, or is refused before any key matters.
    None,
}

/// What the model says that a call comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Due {
    /// Every allowed outcome is a success.
    Success,
    /// Every allowed outcome is a refusal.
    Refusal,
    /// Documented either way.
    Either,
}

/// What happened last to the family, and where, as seen from the member that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum After {
    /// Nothing that this read shows.
    Nothing,
    /// This read looks at the new primary, the former one, or a third member after a promotion.
    Promotion(Place),
    /// A promotion that was refused.
    RefusedPromotion,
    /// The operation, and whether it was this member that it changed.
    Change(&'static str, bool),
}

/// One situation. See the module's documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Situation {
    /// The operation called.
    pub op: Operation,
    /// What the arguments ask for, beyond the operation.
    pub variant: Variant,
    /// How an enabled key is named, unless by its id.
    pub form: Named,
    /// Key spec or origin, where it makes a difference.
    pub kind: KeyKind,
    /// Who calls, unless it is the administrator with a valid signature.
    pub caller: Sender,
    /// The role of the key addressed.
    pub role: Role,
    /// Its key state; `None` where no key is addressed.
    pub state: Option<KeyState>,
    /// State of the other side: the Region to promote or replicate to, the replicas of a key to be
    /// deleted, the other key of a re-encryption.
    pub other: OtherSide,
    /// What a policy or grant says about this call.
    pub policy: PolicyEffect,
    /// What happened last, where the call shows it.
    pub after: After,
    /// What the call comes to.
    pub due: Due,
}

/// The key that a call addresses.
pub(super) struct Addressed<'w> {
    pub name: &'w Name,
    pub family: &'w Family,
    pub past: &'w Past,
}

impl Situation {
    /// The situation of a call, before it is asked what is due: [`Due::Either`] stands for unknown.
    pub fn of(world: &World, trail: &Trail, call: &Call) -> Situation {
        let blank = Situation {
            op: call.op,
            variant: Variant::Plain,
            form: Named::Id,
            kind: KeyKind::Any,
            caller: Sender::of(call.auth, call.caller),
            role: Role::None,
            state: None,
            other: OtherSide::None,
            policy: PolicyEffect::Plain,
            after: After::Nothing,
            due: Due::Either,
        };
        if call.auth != Auth::Valid {
            return blank;
        }
        if let Some(flaw) = shape::flaw(call) {
            return Situation { variant: flaw, ..blank };
        }
        let member = call.op.key_member();
        let addressed = addressed(world, trail, call, member);
        let here = addressed.as_ref().and_then(|a| a.family.effective_state(&call.region));
        let (Some(addressed), Some(state)) = (addressed, here) else {
            let variant = variant::of_absent(world, call, member);
            let role = if call.args.contains_key(member) { Role::Absent } else { Role::None };
            let variant = if role == Role::None { variant::without_key(world, call) } else { variant };
            let (kind, other) = variant::without_key_details(world, call);
            return Situation { variant, role, kind, other, ..blank };
        };
        let family = addressed.family;
        let role = match () {
            () if !family.multi_region => Role::Single,
            () if family.primary == call.region => Role::Primary,
            () => Role::Replica,
        };
        let enabled = state == KeyState::Enabled;
        let variant = variant::of(world, call, &addressed);
        if call.caller != Caller::Admin {
            // Whether somebody else may do it is one question, whatever the key is like.
            let policy = if enabled { policy_effect::of(world, call, &addressed) } else { PolicyEffect::Plain };
            return Situation { role, state: Some(state), policy, ..blank };
        }
        let judged = enabled && (is_plain(variant) || variant == Variant::WithAContext);
        let policy = if judged { policy_effect::of(world, call, &addressed) } else { PolicyEffect::Plain };
        // How the key is named is a question of its own: it is asked where nothing else is.
        let after = if policy.is_plain() { after(call, variant, &addressed, state) } else { After::Nothing };
        let other = variant::other_side(world, call, variant, &addressed);
        let moved = matches!(after, After::Promotion(_) | After::RefusedPromotion);
        let plain = enabled
            && policy.is_plain()
            && !moved
            && matches!(other, OtherSide::None | OtherSide::State(KeyState::Enabled));
        let form = if plain { form(call, member) } else { Named::Id };
        let (variant, after) = if form == Named::Id { (variant, after) } else { (Variant::Plain, After::Nothing) };
        let other = if after == After::Nothing { other } else { OtherSide::None };
        let kind = kind(call.op, family, state, variant, other, after);
        Situation { variant, form, kind, role, state: Some(state), other, policy, after, ..blank }
    }

    /// The same situation, with what these outcomes make due.
    pub fn due(self, outcomes: &[Outcome]) -> Situation {
        let success = outcomes.iter().any(|o| matches!(o.answer, Answer::Success(_)));
        let refusal = outcomes.iter().any(|o| matches!(o.answer, Answer::Refusal(_)));
        let due = match (success, refusal) {
            (true, false) => Due::Success,
            (false, true) => Due::Refusal,
            _ => Due::Either,
        };
        Situation { due, ..self }
    }

    /// The same situation, as it is before anybody knows what is due.
    pub fn undecided(self) -> Situation {
        Situation { due: Due::Either, ..self }
    }
}

/// The key that the call names in `member`, in whatever Region.
fn addressed<'w>(world: &'w World, trail: &'w Trail, call: &Call, member: &str) -> Option<Addressed<'w>> {
    let Some(Arg::Key(key)) = call.args.get(member) else {
        return variant::implied_key(world, trail, call);
    };
    let elsewhere = |region: &Region| *region != call.region;
    let name = match &key.form {
        KeyForm::Id => &key.name,
        KeyForm::Arn(region) if !elsewhere(region) => &key.name,
        KeyForm::AliasArn(region) if elsewhere(region) => return None,
        KeyForm::Arn(_) => return None,
        KeyForm::Alias | KeyForm::AliasArn(_) if !call.op.takes_alias() => return None,
        KeyForm::Alias | KeyForm::AliasArn(_) => world.aliases.get(&(call.region.clone(), key.name.clone()))?,
    };
    let (name, family) = world.families.get_key_value(name)?;
    Some(Addressed { name, family, past: trail.family(name) })
}

fn form(call: &Call, member: &str) -> Named {
    use Operation::*;
    // What these change can be changed once only, or only after something else.
    let once = [CreateAlias, UpdateAlias, RevokeGrant, RetireGrant, RotateKeyOnDemand, ReEncrypt, ImportKeyMaterial];
    if once.contains(&call.op) {
        return Named::Id;
    }
    match call.args.get(member) {
        Some(Arg::Key(key)) => match key.form {
            KeyForm::Id => Named::Id,
            KeyForm::Arn(_) => Named::Arn,
            KeyForm::Alias => Named::Alias,
            KeyForm::AliasArn(_) => Named::AliasArn,
        },
        _ => Named::Id,
    }
}

/// Key specs differ in what cryptography and promotion make of enabled keys; origins in the rest.
fn kind(op: Operation, family: &Family, state: KeyState, variant: Variant, other: OtherSide, after: After) -> KeyKind {
    use Operation::*;
    let external = family.origin == Origin::External;
    let enabled = state == KeyState::Enabled;
    let told_apart = enabled && matches!(after, After::Nothing | After::Promotion(_)) && variant != Variant::WrongUsage;
    match op {
        UpdatePrimaryRegion | ReplicateKey => match () {
            () if enabled
                && family.primary_is_enabled()
                && matches!(other, OtherSide::State(KeyState::Enabled) | OtherSide::NoMember) =>
            {
                spec_or_origin(family)
            }
            () if external => KeyKind::External,
            () => KeyKind::Any,
        },
        DescribeKey if told_apart || external => spec_or_origin(family),
        EnableKeyRotation | DisableKeyRotation | GetKeyRotationStatus | RotateKeyOnDemand | ListKeyRotations => {
            match () {
                () if external => KeyKind::External,
                () if !family.spec.is_symmetric() => KeyKind::NotSymmetric,
                () => KeyKind::Any,
            }
        }
        GetParametersForImport
        | ImportKeyMaterial
        | DeleteImportedKeyMaterial
        | EnableKey
        | DisableKey
        | CancelKeyDeletion
        | ScheduleKeyDeletion
            if external =>
        {
            KeyKind::External
        }
        _ if op.is_cryptographic() && told_apart && other.is_none() => spec_or_origin(family),
        _ => KeyKind::Any,
    }
}

fn spec_or_origin(family: &Family) -> KeyKind {
    match () {
        () if family.origin == Origin::External => KeyKind::External,
        () if family.spec.is_symmetric() => KeyKind::Any,
        () => KeyKind::Spec(family.spec),
    }
}

/// Whether nothing is wrong with the call itself.
fn is_plain(variant: Variant) -> bool {
    [
        Variant::Plain,
        Variant::WithoutTheKey,
        Variant::Some,
        Variant::On,
        Variant::OneThatWasPut,
        Variant::WithADescription,
        Variant::OfADataKey,
        Variant::OfAPrivateKey,
        Variant::OfAReEncryption,
    ]
    .contains(&variant)
}

/// What the read shows of the last change. Changes that it cannot show do not count.
fn after(call: &Call, variant: Variant, addressed: &Addressed, state: KeyState) -> After {
    use Operation::*;
    let (family, past) = (addressed.family, addressed.past);
    let uses = call.op.is_cryptographic();
    let property = matches!(
        call.op,
        DescribeKey
            | GetKeyPolicy
            | ListResourceTags
            | ListAliases
            | ListGrants
            | GetKeyRotationStatus
            | ListKeyRotations
    );
    // What is wrong with the call itself hides what came before.
    if !is_plain(variant) || !(uses || property) {
        return After::Nothing;
    }
    let own = |region: &Region| *region == call.region;
    let enabled = state == KeyState::Enabled;
    let describes = call.op == DescribeKey;
    let rotation = call.op == GetKeyRotationStatus && family.spec.is_symmetric();
    match &past.last {
        LastEvent::Promoted if enabled || describes => {
            let place = match &past.promotion {
                Some((_, to)) if own(to) => Place::NewPrimary,
                Some((from, _)) if own(from) => Place::FormerPrimary,
                _ => Place::ThirdMember,
            };
            After::Promotion(place)
        }
        LastEvent::PromotionRefused if describes || (property && enabled) => After::RefusedPromotion,
        LastEvent::Changed(region, op) if (enabled || describes) && shows(call.op, *op) => {
            After::Change(op.name(), own(region))
        }
        LastEvent::Replicated(region) if (property && enabled) || describes => {
            After::Change("ReplicateKey", own(region))
        }
        LastEvent::State(region)
            if describes
                || (rotation && own(region))
                || (enabled && matches!(call.op, Encrypt | Decrypt | Sign | GenerateMac)) =>
        {
            After::Change("EnableKey or DisableKey", own(region))
        }
        LastEvent::Deletion(region) if describes || (rotation && own(region)) => {
            After::Change("ScheduleKeyDeletion", own(region))
        }
        LastEvent::Cancelled(region) if describes || (rotation && own(region)) => {
            After::Change("CancelKeyDeletion", own(region))
        }
        LastEvent::Imported(region) if describes || (enabled && matches!(call.op, Encrypt | Decrypt)) => {
            let again = past.member(region).lost_material;
            After::Change(if again { "import again" } else { "import" }, own(region))
        }
        LastEvent::Gone(region) if describes => After::Change("end of a deletion", own(region)),
        LastEvent::Rotation
            if enabled
                && matches!(
                    call.op,
                    GetKeyRotationStatus | ListKeyRotations | DescribeKey | Encrypt | Decrypt | GenerateDataKey
                ) =>
        {
            After::Change("rotation", family.primary == call.region)
        }
        LastEvent::Denied if describes => After::Change("a denied call", true),
        LastEvent::Unauthenticated if describes => After::Change("an unauthenticated call", true),
        _ => After::Nothing,
    }
}

/// Whether a read shows what this operation changes.
fn shows(read: Operation, change: Operation) -> bool {
    use Operation::*;
    match change {
        UpdateKeyDescription => read == DescribeKey,
        TagResource | UntagResource => read == ListResourceTags,
        PutKeyPolicy => read == GetKeyPolicy,
        CreateAlias | UpdateAlias | DeleteAlias => matches!(read, ListAliases | Encrypt),
        CreateGrant | RevokeGrant | RetireGrant => matches!(read, ListGrants | ListRetirableGrants),
        _ => false,
    }
}

impl fmt::Display for Situation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.op)?;
        for part in [self.variant.words(), self.form.words(), self.kind.words()] {
            if !part.is_empty() {
                write!(f, " ({part})")?;
            }
        }
        let role = match self.role {
            Role::Primary => " on a primary",
            Role::Replica => " on a replica",
            Role::Single => " on a single-Region key",
            Role::Absent => " on no key",
            Role::None => "",
        };
        f.write_str(role)?;
        if let Some(state) = self.state {
            write!(f, " in {}", state.name())?;
        }
        let more = [(" to ", self.other.words()), (" by ", self.caller.words()), (", policy: ", self.policy.words())];
        for (word, part) in more {
            if !part.is_empty() {
                write!(f, "{word}{part}")?;
            }
        }
        match self.after {
            After::Nothing => {}
            After::Promotion(place) => write!(f, ", after a promotion, {}", place.words())?,
            After::RefusedPromotion => f.write_str(", after a refused promotion")?,
            After::Change(op, own) => write!(f, ", after {op} {}", if own { "here" } else { "elsewhere" })?,
        }
        f.write_str(match self.due {
            Due::Success => ": success",
            Due::Refusal => ": refusal",
            Due::Either => ": either",
        })
    }
}

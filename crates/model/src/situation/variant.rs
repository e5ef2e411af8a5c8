//! What distinguishes two calls of the same operation.

use super::{Addressed, KeyKind, OtherSide, Variant};
use crate::call::{Arg, Call, KeyForm, Operation};
use crate::keyspec::{Origin, Usage};
use crate::materials;
use crate::trail::{LastEvent, Past, Trail};
use crate::world::{Artifact, Family, Imported, KeyState, Member, Name, World};
use Operation::*;

/// A call without a key to address: what it asks for.
pub(super) fn without_key(world: &World, call: &Call) -> Variant {
    let json = |m: &str| matches!(call.args.get(m), Some(Arg::Json(_)));
    match call.op {
        CreateKey if call.flag("MultiRegion") => Variant::MultiRegion,
        CreateKey => Variant::SingleRegion,
        Decrypt | ReEncrypt => ciphertext(world, call, None, "EncryptionContext"),
        DeleteAlias => alias(world, call),
        RetireGrant => grant(world, call, None),
        _ if call.args.contains_key("Limit") => Variant::APage,
        ListKeys if !json("Marker") && world.families.values().any(|f| !f.members.contains_key(&call.region)) => {
            Variant::WhereAKeyIsNot
        }
        ListRetirableGrants => retirable(world, call),
        _ if json("Marker") => Variant::WithAMarker,
        _ => Variant::Plain,
    }
}

/// Where the grants are that a principal may retire.
fn retirable(world: &World, call: &Call) -> Variant {
    let principal = call.text("RetiringPrincipal");
    let any = |m: &Member| m.all_grants().any(|g| g.retiring.as_deref() == principal);
    let members = || world.families.values().flat_map(|f| &f.members);
    match () {
        () if principal.is_none() => Variant::OfNobody,
        () if members().any(|(r, m)| *r != call.region && any(m)) => Variant::SomeElsewhere,
        () if members().any(|(_, m)| any(m)) => Variant::SomeHere,
        () => Variant::Plain,
    }
}

/// Key spec and usage that CreateKey asks for; nothing for other operations.
pub(super) fn without_key_details(world: &World, call: &Call) -> (KeyKind, OtherSide) {
    use crate::keyspec::KeySpec;
    if call.op == ReEncrypt && call.args.contains_key("DestinationKeyId") {
        return (KeyKind::Any, other_key(world, call, "DestinationKeyId"));
    }
    if call.op != CreateKey {
        return (KeyKind::Any, OtherSide::None);
    }
    let spec = call.text("KeySpec").or(call.text("CustomerMasterKeySpec"));
    let kind = match call.text("Origin") {
        Some("EXTERNAL") => KeyKind::External,
        _ => spec.and_then(KeySpec::parse).map_or(KeyKind::Any, KeyKind::Spec),
    };
    let usage = call.text("KeyUsage").and_then(Usage::parse).map(OtherSide::Usage);
    let options = ["Description", "Policy", "Tags"].iter().any(|m| call.args.contains_key(*m));
    (kind, usage.unwrap_or(if options { OtherSide::Options } else { OtherSide::None }))
}

/// How a call names a key that is not there.
pub(super) fn of_absent(world: &World, call: &Call, member: &str) -> Variant {
    match call.args.get(member) {
        Some(Arg::Key(key)) => match key.form {
            KeyForm::Id => Variant::InARegionWithoutAMember,
            KeyForm::Arn(_) => Variant::AnArnOfAnotherRegion,
            KeyForm::Alias if !call.op.takes_alias() && means_an_enabled_primary(world, call, &key.name) => {
                Variant::AnAliasOfAnEnabledPrimary
            }
            KeyForm::Alias | KeyForm::AliasArn(_) if !call.op.takes_alias() => Variant::AnAlias,
            KeyForm::Alias => Variant::AnAliasOfAnotherRegion,
            KeyForm::AliasArn(_) => Variant::AnAliasArnOfAnotherRegion,
        },
        Some(Arg::Json(value)) => match value.as_str().unwrap_or("") {
            text if text.starts_with("arn:") => Variant::AnUnknownArn,
            text if text.starts_with("alias/") => Variant::AnUnknownAlias,
            text if text.starts_with("mrk-") => Variant::AnUnknownMultiRegionId,
            _ => Variant::AnUnknownId,
        },
        _ => Variant::Plain,
    }
}

/// Whether an alias stands for a key with which the operation could succeed.
fn means_an_enabled_primary(world: &World, call: &Call, alias: &Name) -> bool {
    let behind = world.aliases.get(&(call.region.clone(), alias.clone())).and_then(|n| world.family(n));
    behind.is_some_and(|f| {
        let there = call.text("PrimaryRegion").is_none_or(|r| f.effective_state(r) == Some(KeyState::Enabled));
        f.primary == call.region && f.primary_is_enabled() && there
    })
}

/// The key that a decryption means without naming it.
pub(super) fn implied_key<'w>(world: &'w World, trail: &'w Trail, call: &Call) -> Option<Addressed<'w>> {
    let (Decrypt | ReEncrypt, Some(Arg::Result { step, .. })) = (call.op, call.args.get("CiphertextBlob")) else {
        return None;
    };
    let Some(Artifact::Ciphertext { family, .. }) = world.artifacts.get(step) else {
        return None;
    };
    let (name, family) = world.families.get_key_value(family)?;
    Some(Addressed { name, family, past: trail.family(name) })
}

/// What the arguments of a call about a present key ask for.
pub(super) fn of(world: &World, call: &Call, addressed: &Addressed) -> Variant {
    let family = addressed.family;
    let member = &family.members[&call.region];
    let given = |m: &str| call.args.contains_key(m);
    let plain_symmetric = family.spec.is_symmetric() && family.origin != Origin::External;
    match call.op {
        ReplicateKey | EnableKeyRotation | RotateKeyOnDemand if is_former(family, addressed.past, call) => {
            Variant::OfTheFormerPrimary
        }
        // What a replica is given is one question; with which key spec, or where none is made, is none.
        ReplicateKey
            if (given("Description") || given("Tags") || given("Policy"))
                && plain_symmetric
                && family.primary == call.region =>
        {
            Variant::WithParameters
        }
        ScheduleKeyDeletion => match call.int("PendingWindowInDays") {
            None => Variant::Plain,
            Some(7..=30) => Variant::WithAWindow,
            Some(_) => Variant::WithAWindowOutOfRange,
        },
        Encrypt
        | GenerateDataKey
        | GenerateDataKeyWithoutPlaintext
        | GenerateDataKeyPair
        | GenerateDataKeyPairWithoutPlaintext
            if family.usage != Usage::EncryptDecrypt =>
        {
            Variant::WrongUsage
        }
        Sign | Verify if family.usage != Usage::SignVerify => Variant::WrongUsage,
        GenerateMac | VerifyMac if family.usage != Usage::GenerateVerifyMac => Variant::WrongUsage,
        DeriveSharedSecret if family.usage != Usage::KeyAgreement => Variant::WrongUsage,
        GetPublicKey if !family.spec.is_asymmetric() => Variant::WrongUsage,
        Encrypt if too_long(call, family) => Variant::TooLong,
        Encrypt | Sign | GenerateMac if of_other_keys(call, family) => Variant::AnAlgorithmOfOtherKeys,
        Encrypt if given("EncryptionContext") => Variant::WithAContext,
        GenerateDataKey | GenerateDataKeyWithoutPlaintext => match call.text("KeySpec") {
            Some("AES_128") => Variant::Aes128,
            Some(_) => Variant::Aes256,
            None => Variant::ANumberOfBytes,
        },
        Decrypt => ciphertext(world, call, Some(addressed), "EncryptionContext"),
        ReEncrypt => ciphertext(world, call, Some(addressed), "SourceEncryptionContext"),
        Sign if call.text("MessageType") == Some("DIGEST") => Variant::ADigest,
        Verify => proof(world, call, "Signature"),
        VerifyMac => proof(world, call, "Mac"),
        EnableKeyRotation if given("RotationPeriodInDays") && plain_symmetric => Variant::WithAPeriod,
        RotateKeyOnDemand if family.rotations.any() => Variant::Again,
        GetKeyRotationStatus if family.rotation_enabled => Variant::On,
        ListKeyRotations if family.rotations.any() => Variant::Some,
        GetKeyPolicy | PutKeyPolicy if call.text("PolicyName").is_some_and(|n| n != "default") => {
            Variant::OfAnotherName
        }
        GetKeyPolicy if member.policy.is_some() => Variant::OneThatWasPut,
        ListResourceTags if !member.tags.is_empty() => Variant::Some,
        ListAliases if world.aliases.iter().any(|((r, _), f)| *r == call.region && f == addressed.name) => {
            Variant::Some
        }
        ListGrants if given("GrantId") => Variant::One,
        ListGrants if member.all_grants().next().is_some() => Variant::Some,
        RevokeGrant | RetireGrant => grant(world, call, Some(member)),
        CreateAlias | UpdateAlias => alias(world, call),
        TagResource => tags(call),
        CreateGrant => grant_asked(call),
        ImportKeyMaterial => import(world, call, family, member),
        DeleteImportedKeyMaterial if waits(world, call, addressed) => Variant::WhatWaits,
        DeleteImportedKeyMaterial if !member.held.is_empty() => Variant::Material,
        RotateKeyOnDemand if family.materials.pending.is_some() => Variant::WithNewMaterial,
        ListKeyRotations if given("IncludeKeyMaterial") => Variant::AllMaterial,
        GetParametersForImport if call.text("WrappingAlgorithm").is_some_and(|a| a.starts_with("RSA_AES")) => {
            Variant::RsaAesKeyWrap
        }
        PutKeyPolicy => match call.text("Policy").unwrap_or("") {
            text if !text.starts_with('{') => Variant::NoPolicy,
            text if !given("BypassPolicyLockoutSafetyCheck") && !text.contains(":root") => {
                Variant::ShuttingItsAuthorOut
            }
            text if !text.contains("\"kms:*\"") => Variant::WithoutDelegation,
            _ => Variant::Plain,
        },
        DescribeKey
            if !member.description.is_empty()
                && addressed.past.last == LastEvent::Promoted
                && family.promotion.is_none() =>
        {
            Variant::WithADescription
        }
        _ => Variant::Plain,
    }
}

fn is_former(family: &Family, past: &Past, call: &Call) -> bool {
    let enabled = family.effective_state(&call.region) == Some(KeyState::Enabled);
    past.is_former_primary(&call.region) && enabled && family.primary != call.region
}

fn too_long(call: &Call, family: &Family) -> bool {
    let algorithm = call.text("EncryptionAlgorithm").unwrap_or("SYMMETRIC_DEFAULT");
    matches!(call.args.get("Plaintext"), Some(Arg::Bytes(b)) if b.len() > family.spec.max_plaintext(algorithm))
}

fn of_other_keys(call: &Call, family: &Family) -> bool {
    let (_, own) = family.spec.algorithms(family.usage);
    let named = ["EncryptionAlgorithm", "SigningAlgorithm", "MacAlgorithm"].iter().find_map(|m| call.text(m));
    named.is_some_and(|a| !own.contains(&a))
}

fn ciphertext(world: &World, call: &Call, addressed: Option<&Addressed>, context: &str) -> Variant {
    let Some(Arg::Result { step, damaged }) = call.args.get("CiphertextBlob") else {
        return Variant::NoCiphertext;
    };
    let Some(Artifact::Ciphertext { family, context: made, by, .. }) = world.artifacts.get(step) else {
        return Variant::WhatIsNoCiphertext;
    };
    let state = addressed.and_then(|a| a.family.effective_state(&call.region));
    let named = call.args.contains_key("KeyId") || call.args.contains_key("SourceKeyId");
    match () {
        () if *damaged => Variant::Damaged,
        () if addressed.is_some_and(|a| a.name != family) => Variant::OfAnotherKey,
        () if *made != call.map(context) => Variant::WithAnotherContext,
        () if addressed.is_none() => Variant::OfAKeyThatIsNotHere,
        () if state == Some(KeyState::Updating) && call.op == Decrypt && !named => Variant::WithoutTheKey,
        () if state != Some(KeyState::Enabled) => Variant::Plain,
        () if matches!(by, GenerateDataKey | GenerateDataKeyWithoutPlaintext) => Variant::OfADataKey,
        () if matches!(by, GenerateDataKeyPair | GenerateDataKeyPairWithoutPlaintext) => Variant::OfAPrivateKey,
        () if *by == ReEncrypt => Variant::OfAReEncryption,
        () if named => Variant::Plain,
        () => Variant::WithoutTheKey,
    }
}

fn proof(world: &World, call: &Call, member: &str) -> Variant {
    match call.args.get(member) {
        Some(Arg::Result { damaged: true, .. }) => Variant::Damaged,
        Some(Arg::Result { step, .. }) => match (world.artifacts.get(step), call.args.get("Message")) {
            (Some(Artifact::Signature { message, .. } | Artifact::Mac { message, .. }), Some(Arg::Bytes(given)))
                if message != given =>
            {
                Variant::OfAnotherMessage
            }
            _ => Variant::Plain,
        },
        _ => Variant::Rubbish,
    }
}

fn alias(world: &World, call: &Call) -> Variant {
    let target = match call.args.get("TargetKeyId") {
        Some(Arg::Key(key)) => Some(&key.name),
        _ => None,
    };
    match call.args.get("AliasName") {
        Some(Arg::AliasName(name)) => match world.aliases.get(&(call.region.clone(), name.clone())) {
            None => Variant::NoSuchAlias,
            Some(family) if target == Some(family) => Variant::ItsOwnAlias,
            Some(family) => {
                let usage = |n| world.family(n).map(|f| f.usage);
                if target.is_some_and(|t| usage(t) != usage(family)) {
                    Variant::AnAliasOfAnotherUsage
                } else {
                    Variant::AnAlias
                }
            }
        },
        Some(Arg::Json(value)) => match value.as_str().unwrap_or("") {
            text if text.starts_with("alias/aws/") => Variant::AReservedName,
            text if text.starts_with("alias/") => Variant::NoSuchAlias,
            _ => Variant::ANameWithoutItsPrefix,
        },
        _ => Variant::Plain,
    }
}

fn tags(call: &Call) -> Variant {
    let tags = call.tags();
    match () {
        () if tags.len() > 50 => Variant::TooMany,
        () if tags.iter().any(|(k, _)| k.to_lowercase().starts_with("aws:")) => Variant::AReservedKey,
        () if tags.iter().enumerate().any(|(i, (k, _))| tags[..i].iter().any(|(other, _)| other == k)) => {
            Variant::OneTwice
        }
        () => Variant::Plain,
    }
}

fn grant_asked(call: &Call) -> Variant {
    let constrained = match call.args.get("Constraints") {
        Some(Arg::Json(value)) if value.get("EncryptionContextSubset").is_some() => Variant::WithAContextSubset,
        Some(Arg::Json(_)) => Variant::WithAContext,
        _ => Variant::Plain,
    };
    match () {
        () if !constrained.is_plain() => constrained,
        () if call.text("GranteePrincipal") == Some("{limited}") => Variant::ForTheLimitedPrincipal,
        () if call.args.contains_key("RetiringPrincipal") => Variant::Retirable,
        () => Variant::Plain,
    }
}

fn grant(world: &World, call: &Call, member: Option<&Member>) -> Variant {
    let given = ["GrantToken", "GrantId"].iter().find_map(|m| Some((*m, call.args.get(*m)?)));
    let Some((name, Arg::Result { step, .. })) = given else {
        return Variant::NoGrant;
    };
    let here = |m: &Member| m.grants.contains_key(step);
    let anywhere = world.families.values().any(|f| f.members.values().any(here));
    match member {
        Some(member) if here(member) => Variant::AGrant,
        None if anywhere && name == "GrantToken" => Variant::ByToken,
        _ if anywhere => Variant::AGrantOfAnotherMember,
        _ => Variant::AGrantThatIsGone,
    }
}

fn import(world: &World, call: &Call, family: &Family, member: &Member) -> Variant {
    let token = match call.args.get("ImportToken") {
        Some(Arg::Result { step, damaged: false }) => world.artifacts.get(step),
        _ => None,
    };
    let Some(material) = materials::given(call) else { return Variant::Rubbish };
    let new = call.text("ImportType") == Some("NEW_KEY_MATERIAL");
    if member.state.is_pending_deletion() || family.effective_state(&call.region) != Some(member.state) {
        return Variant::Plain;
    }
    let known = &family.materials;
    match (token, known.current()) {
        (Some(Artifact::Parameters { spent: true, .. }), _) => Variant::AUsedToken,
        (Some(Artifact::Parameters { region, .. }), _) if *region != call.region => Variant::ATokenOfAnotherMember,
        (Some(Artifact::Parameters { .. }), Some(_)) if new && !known.has(material) => Variant::NewMaterial,
        (Some(Artifact::Parameters { .. }), Some(_)) if known.pending.as_ref() == Some(material) => Variant::WhatWaits,
        (Some(Artifact::Parameters { .. }), Some(_)) if !known.has(material) => Variant::OtherMaterial,
        (Some(Artifact::Parameters { .. }), _) if member.holds(material) => Variant::Again,
        (Some(Artifact::Parameters { key_wrap: true, .. }), _) => Variant::WrappedTwice,
        (Some(Artifact::Parameters { .. }), _) if call.args.contains_key("ValidTo") => Variant::Expiring,
        (Some(Artifact::Parameters { .. }), _) if call.text("ExpirationModel").is_none() => Variant::WithoutAnEnd,
        (Some(Artifact::Parameters { .. }), None) => Variant::TheFirst,
        (Some(Artifact::Parameters { .. }), _) => Variant::Plain,
        _ => Variant::ABadToken,
    }
}

/// Whether what is deleted only waits for a rotation.
fn waits(world: &World, call: &Call, addressed: &Addressed) -> bool {
    let pending = addressed.family.materials.pending.as_ref();
    matches!(materials::named(world, call, addressed.name), materials::Named::Of(m) if pending == Some(m))
}

/// State of the other side, where a call has one.
pub(super) fn other_side(world: &World, call: &Call, variant: Variant, addressed: &Addressed) -> OtherSide {
    let family = addressed.family;
    let at = |region: Option<&str>| match region {
        None => OtherSide::None,
        Some(r) if *r == *call.region => OtherSide::OwnRegion,
        Some(r) => match family.effective_state(r) {
            Some(state) => OtherSide::State(state),
            None if ["cn-", "us-gov-", "us-iso", "xx-"].iter().any(|p| r.starts_with(p)) => OtherSide::AnotherPartition,
            None if addressed.past.gone.contains(r) => OtherSide::DeletedMember,
            None => OtherSide::NoMember,
        },
    };
    match call.op {
        UpdatePrimaryRegion if family.multi_region => at(call.text("PrimaryRegion")),
        // A replica is not replicated, whatever the state of the member over there.
        ReplicateKey if family.multi_region && family.primary != call.region => match call.text("ReplicaRegion") {
            Some(r) if *r != *call.region && family.members.contains_key(r) => OtherSide::Member,
            other => at(other),
        },
        ReplicateKey if family.multi_region => at(call.text("ReplicaRegion")),
        ScheduleKeyDeletion if family.primary == call.region && family.replicas().next().is_some() => {
            OtherSide::Replicas
        }
        CancelKeyDeletion if family.origin == Origin::External => match family.lacks_material(&call.region) {
            false => OtherSide::Material,
            true => OtherSide::NoMaterial,
        },
        DescribeKey if matches!(family.import_status(&call.region), Some(Imported::Expiring | Imported::Implied)) => {
            OtherSide::ExpiringMaterial
        }
        ReEncrypt => other_key(world, call, "DestinationKeyId"),
        // What the other members of the family are like must not matter.
        Encrypt | Decrypt | GenerateDataKey | Sign | Verify | GenerateMac | VerifyMac
            if variant.is_plain()
                && family.spec.is_symmetric()
                && family.effective_state(&call.region) == Some(KeyState::Enabled) =>
        {
            let others = family.members.iter().filter(|(r, _)| **r != call.region);
            let worst = others.map(|(_, m)| m.state).find(|s| *s != KeyState::Enabled);
            match worst {
                Some(state) if state.is_pending_deletion() => OtherSide::Deleting,
                state => state.map_or(OtherSide::None, OtherSide::State),
            }
        }
        _ => OtherSide::None,
    }
}

fn other_key(world: &World, call: &Call, member: &str) -> OtherSide {
    match call.args.get(member) {
        Some(Arg::Key(key)) => match world.family(&key.name).and_then(|f| f.effective_state(&call.region)) {
            Some(state) => OtherSide::State(state),
            None => OtherSide::AbsentKey,
        },
        _ => OtherSide::UnknownKey,
    }
}

//! AS AWS ANSWERS: where the documentation leaves a choice, and the real service was recorded to make one.
//!
//! Each [`Choice`] is a case of the recordings; the answer that was given there is a SHOULD, whatever else is
//! accepted. A case is met only where nothing but its own reason stands in the way of a success: which of
//! several reasons is told first is recorded for two pairs only (F-064).

use crate::bindings::Bindings;
use crate::call::{Arg, Call, KeyForm, Operation};
use crate::outcome::{Answer, Outcome, Reason, Response};
use crate::places;
use crate::step::resolve;
use crate::world::{Artifact, KeyState, World};

/// A case that was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Choice {
    /// A promotion to the Region that is the primary's already (F-057).
    PromotionToOwnRegion,
    /// A promotion to a Region without a replica (F-053).
    PromotionWithoutReplica,
    /// A promotion that is asked of a replica (F-058).
    PromotionOfReplica,
    /// A promotion to a replica that is disabled, or pending deletion (F-061).
    PromotionToUnusable,
    /// A promotion from a disabled key to a disabled one (F-064).
    PromotionBetweenDisabled,
    /// An alias where only ids and ARNs are taken (F-024).
    Alias,
    /// A replica in the primary's own Region (F-041).
    ReplicaInPrimaryRegion,
    /// A replica in another partition (F-041).
    ReplicaInOtherPartition,
    /// A disabled primary, and a Region that has a replica (F-064).
    ReplicaOfDisabled,
    /// Rotation of a replica on demand (F-095).
    RotationOfReplica,
    /// Rotation of a key that is disabled, or pending deletion (F-094).
    RotationInState,
    /// Rotation of imported material, where none waits (F-097).
    RotationWithoutMaterial,
    /// The status of a key that never rotates by itself (F-090).
    StatusWithoutRotation,
    /// The rotations of a key that never rotates (F-090).
    RotationsOfOtherKind,
    /// The material of a key that is not symmetric (F-097).
    MaterialOfOtherKind,
    /// Rotation of an HMAC key switched off (F-090).
    SwitchOffHmac,
    /// A MAC or a public key of a key that is pending deletion (F-107).
    PendingDeletion,
    /// The public key of a disabled key (F-107).
    PublicKeyOfDisabled,
    /// A disabled key, and an algorithm that it does not have (F-064).
    AlgorithmOfDisabled,
    /// A signature with another key spec's algorithm, or of another type of message (F-105).
    SigningAlgorithm,
    /// Decryption with the ARN of a related key in another Region (F-026).
    RelatedKey,
    /// What is imported was not wrapped for the key (F-124).
    WrappedMaterial,
    /// A way to wrap that does not fit the key spec (F-123).
    Wrapping,
    /// A grant for what the key cannot do (F-114).
    GrantOperations,
    /// What DescribeKey shows while a promotion is under way (F-035).
    Updating,
    /// What DescribeKey shows of a replica that is being made (F-047).
    Creating,
    /// A time at which material cannot expire (F-124).
    ExpiryTime,
    /// Parameters for import that were used, or are not the last ones (F-124).
    OldParameters,
    /// A time at which material expires, without a model (F-124).
    ImpliedExpiry,
    /// Members of an import that only symmetric primaries take (F-125).
    UnfitMembers,
    /// A replica in a Region that does not exist (F-041).
    ReplicaInNoRegion,
}

impl Choice {
    /// Whether it is about which of two reasons is told first (F-064).
    pub fn is_order(self) -> bool {
        matches!(self, Choice::PromotionBetweenDisabled | Choice::ReplicaOfDisabled | Choice::AlgorithmOfDisabled)
    }
}

/// The answer that a case was recorded with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Which case it is.
    pub choice: Choice,
    /// What AWS answered.
    given: Given,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Given {
    Success,
    /// An exception, and its text as a template where it was recorded.
    Refusal(&'static str, Option<String>),
    /// `Enabled: false` in KeyState Updating.
    NotEnabled,
    /// No CurrentKeyMaterialId in KeyState Creating.
    NoMaterialId,
}

/// How an accepted answer compares with the recorded one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// It is the same.
    Same,
    /// It differs.
    Differs(Difference),
    /// It says nothing about the case.
    Silent,
}

/// What is different from the answer that was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// `code` or `message`; empty for success against refusal.
    pub path: &'static str,
    /// What was recorded, in words.
    pub expected: String,
    /// What came, in words.
    pub observed: String,
}

/// The recorded answer to this call, if its case was recorded. `outcomes` are all that are allowed in `world`.
pub fn answer(world: &World, call: &Call, outcomes: &[Outcome]) -> Option<Recorded> {
    use Operation::*;
    use Reason as R;
    if call.op == DescribeKey {
        let creating = resolve::present(world, call, "KeyId")
            .is_some_and(|t| t.state() == KeyState::Creating && t.family.spec.is_symmetric());
        return Some(match creating {
            true => Recorded { choice: Choice::Creating, given: Given::NoMaterialId },
            false => Recorded { choice: Choice::Updating, given: Given::NotEnabled },
        });
    }
    let (reasons, succeeds) = reasons(outcomes)?;
    let op = call.op;
    let target = || resolve::present(world, call, "KeyId");
    let own = || target().map(|t| t.arn());
    let state = || target().map(|t| t.state());
    let refusal = |code, text: Option<String>| Some(Given::Refusal(code, text));
    let disabled = |arn: Option<String>| refusal("DisabledException", Some(format!("{} is disabled.", arn?)));
    let pending =
        |arn: Option<String>| refusal("KMSInvalidStateException", Some(format!("{} is pending deletion.", arn?)));
    let (choice, given) = match (op, reasons.as_slice()) {
        (UpdatePrimaryRegion, [R::PrimaryRegion]) if succeeds && state() == Some(KeyState::Enabled) => {
            (Choice::PromotionToOwnRegion, Some(Given::Success))
        }
        (_, _) if succeeds && !is_optional(call, &reasons) => return None,
        (UpdatePrimaryRegion, [R::NoReplica]) => {
            let text = format!("{{id {}}} does not have a replica key in the specified Region.", target()?.name);
            (Choice::PromotionWithoutReplica, refusal("ValidationException", Some(text)))
        }
        (UpdatePrimaryRegion, [R::NotPrimary]) => {
            let text = format!("{} is not a multi-Region primary key.", own()?);
            (Choice::PromotionOfReplica, refusal("KMSInvalidStateException", Some(text)))
        }
        (UpdatePrimaryRegion, [R::ReplicaState]) => {
            let (target, to) = (target()?, call.text("PrimaryRegion")?);
            let arn = Some(format!("{{arn {} {to}}}", target.name));
            let given = match target.family.effective_state(to)? {
                KeyState::Disabled => disabled(arn),
                KeyState::PendingDeletion => pending(arn),
                _ => return None,
            };
            (Choice::PromotionToUnusable, given)
        }
        (UpdatePrimaryRegion, [R::State(_), R::ReplicaState] | [R::ReplicaState, R::State(_)]) => {
            let to = call.text("PrimaryRegion")?;
            let both = state() == Some(KeyState::Disabled)
                && target()?.family.effective_state(to) == Some(KeyState::Disabled)
                && target()?.is_primary();
            (Choice::PromotionBetweenDisabled, if both { disabled(own()) } else { return None })
        }
        (
            UpdatePrimaryRegion | ReplicateKey | EnableKeyRotation | DisableKeyRotation | GetKeyRotationStatus
            | RotateKeyOnDemand | ListKeyRotations,
            [R::AliasNotTaken],
        ) => {
            let text = "Key Aliases are not supported for this operation.".to_string();
            (Choice::Alias, refusal("InvalidArnException", Some(text)))
        }
        (ReplicateKey, [R::PrimaryRegion]) => {
            let region = call.text("ReplicaRegion")?;
            let text = format!("{region} cannot have a replica because it contains the primary.");
            (Choice::ReplicaInPrimaryRegion, refusal("ValidationException", Some(text)))
        }
        (ReplicateKey, [R::ForeignRegion]) => {
            let text = "The replica key Region must be in the same AWS partition as the primary key Region.";
            (Choice::ReplicaInOtherPartition, refusal("ValidationException", Some(text.to_string())))
        }
        (ReplicateKey, [R::UnknownRegion]) if places::is_no_name(call.text("ReplicaRegion")?) => {
            (Choice::ReplicaInNoRegion, refusal("ValidationException", None))
        }
        (ReplicateKey, [R::State(_), R::ReplicaExists] | [R::ReplicaExists, R::State(_)])
            if state() == Some(KeyState::Disabled) =>
        {
            (Choice::ReplicaOfDisabled, disabled(own()))
        }
        (RotateKeyOnDemand, [R::NotPrimary]) => {
            let text = format!("{} is a multi-region replica key which is not valid for RotateKeyOnDemand.", own()?);
            (Choice::RotationOfReplica, refusal("UnsupportedOperationException", Some(text)))
        }
        (EnableKeyRotation | DisableKeyRotation | RotateKeyOnDemand, [R::State(_)]) => {
            let given = match state()? {
                KeyState::Disabled => disabled(own()),
                KeyState::PendingDeletion => pending(own()),
                _ => return None,
            };
            (Choice::RotationInState, given)
        }
        (RotateKeyOnDemand, [R::NoNewMaterial]) => {
            let text = format!("No available key material pending rotation for the key: {}.", own()?);
            (Choice::RotationWithoutMaterial, refusal("KMSInvalidStateException", Some(text)))
        }
        (ListKeyRotations, [R::KeyKind])
            if call.text("IncludeKeyMaterial") == Some("ALL_KEY_MATERIAL") && !target()?.family.spec.is_symmetric() =>
        {
            let text = "Input parameter includeKeyMaterial can only be used with symmetric keys.".to_string();
            (Choice::MaterialOfOtherKind, refusal("ValidationException", Some(text)))
        }
        (GetKeyRotationStatus, [R::KeyKind] | [R::KeyKind, R::State(_)] | [R::State(_), R::KeyKind]) => {
            (Choice::StatusWithoutRotation, Some(Given::Success))
        }
        (ListKeyRotations, [R::KeyKind] | [R::KeyKind, R::State(_)] | [R::State(_), R::KeyKind]) => {
            (Choice::RotationsOfOtherKind, Some(Given::Success))
        }
        (DisableKeyRotation, [R::KeyKind]) if succeeds => (Choice::SwitchOffHmac, Some(Given::Success)),
        (GenerateMac | GetPublicKey, [R::State(_)]) if state()? == KeyState::PendingDeletion => {
            (Choice::PendingDeletion, pending(own()))
        }
        (GetPublicKey, [R::State(_)]) if succeeds && state()? == KeyState::Disabled => {
            (Choice::PublicKeyOfDisabled, Some(Given::Success))
        }
        (GenerateMac, [R::State(_), R::Algorithm] | [R::Algorithm, R::State(_)])
            if state() == Some(KeyState::Disabled) =>
        {
            (Choice::AlgorithmOfDisabled, disabled(own()))
        }
        (Sign, [R::Algorithm]) if !succeeds => {
            (Choice::SigningAlgorithm, first_code(outcomes).and_then(|c| refusal(c, None)))
        }
        (Decrypt, [R::ForeignArn]) if names_related(world, call) => {
            (Choice::RelatedKey, refusal("IncorrectKeyException", None))
        }
        (ImportKeyMaterial, [R::WrappedMaterial]) => {
            (Choice::WrappedMaterial, refusal("InvalidCiphertextException", None))
        }
        // Parameters may have been used before: that was recorded, too.
        (ImportKeyMaterial, [R::ExpiryTime] | [R::ExpiryTime, R::ImportToken] | [R::ImportToken, R::ExpiryTime]) => {
            (Choice::ExpiryTime, refusal("ValidationException", None))
        }
        // Of a private key it may be its encoding that is not taken: the model does not know that.
        (ImportKeyMaterial, [R::ImportToken])
            if succeeds && is_own_token(world, call) && !target()?.family.spec.is_asymmetric() =>
        {
            (Choice::OldParameters, Some(Given::Success))
        }
        (ImportKeyMaterial, [R::ImpliedExpiry]) => (Choice::ImpliedExpiry, Some(Given::Success)),
        (ImportKeyMaterial, [R::UnfitMembers]) => {
            let text = "Key material description can only be specified on primary Multi-Region keys".to_string();
            let symmetric = target()?.family.spec.is_symmetric();
            (Choice::UnfitMembers, refusal("ValidationException", symmetric.then_some(text)))
        }
        (GetParametersForImport, [R::Wrapping]) => (Choice::Wrapping, refusal("ValidationException", None)),
        (
            CreateGrant,
            [R::GrantOperations] | [R::GrantOperations, R::Principal] | [R::Principal, R::GrantOperations],
        ) => (Choice::GrantOperations, refusal("ValidationException", None)),
        _ => return None,
    };
    Some(Recorded { choice, given: given? })
}

/// The different reasons for which the call may be refused, and whether it may succeed. Nothing where there is
/// no choice at all: most calls.
fn reasons(outcomes: &[Outcome]) -> Option<(Vec<&Reason>, bool)> {
    let mut reasons: Vec<&Reason> = Vec::new();
    for reason in outcomes.iter().filter_map(Outcome::reason) {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    let succeeds = outcomes.iter().any(Outcome::is_success);
    (!reasons.is_empty() && reasons.len() <= 2).then_some((reasons, succeeds))
}

/// Whether success and refusal are both allowed because sources differ, and not because something may be under
/// way that would explain the one or the other.
fn is_optional(call: &Call, reasons: &[&Reason]) -> bool {
    use Operation::*;
    matches!(
        (call.op, reasons),
        (GetKeyRotationStatus | ListKeyRotations | GetPublicKey | GetParametersForImport | CreateGrant, _)
            | (DisableKeyRotation, [Reason::KeyKind])
            | (ReplicateKey, [Reason::UnknownRegion])
            | (
                ImportKeyMaterial,
                [Reason::ExpiryTime | Reason::ImportToken | Reason::ImpliedExpiry | Reason::UnfitMembers]
                    | [Reason::ExpiryTime, Reason::ImportToken]
                    | [Reason::ImportToken, Reason::ExpiryTime]
            )
    )
}

/// The code that the model names first: of the exceptions for a signing algorithm, the one of the recordings.
fn first_code(outcomes: &[Outcome]) -> Option<&'static str> {
    match outcomes {
        [Outcome { answer: Answer::Refusal(refusal), .. }] => refusal.codes.first().copied(),
        _ => None,
    }
}

/// Whether the ARN in KeyId is that of another member of the family whose ciphertext it is.
fn names_related(world: &World, call: &Call) -> bool {
    let Some(Arg::Key(key)) = call.args.get("KeyId") else { return false };
    let KeyForm::Arn(region) = &key.form else { return false };
    let mut implied = call.clone();
    implied.args.remove("KeyId");
    resolve::present(world, &implied, "KeyId")
        .is_some_and(|t| t.name == key.name && t.family.members.contains_key(region))
}

/// Whether the import token was given for the member that is called: others are not recorded.
fn is_own_token(world: &World, call: &Call) -> bool {
    let Some(Arg::Result { step, .. }) = call.args.get("ImportToken") else { return false };
    matches!(world.artifacts.get(step), Some(Artifact::Parameters { region, .. }) if *region == call.region)
}

impl Recorded {
    /// Compares an accepted answer with the recorded one. `with_text`: whether texts are compared.
    pub fn compare(&self, response: &Response, bindings: &Bindings, with_text: bool) -> Comparison {
        let differs = |path, expected: String, observed| {
            let expected = format!("{expected}, as AWS was recorded to answer");
            Comparison::Differs(Difference { path, expected, observed })
        };
        match (&self.given, response) {
            (Given::NotEnabled, Response::Success(body)) => {
                let metadata = &body["KeyMetadata"];
                match (metadata["KeyState"].as_str(), metadata["Enabled"].as_bool()) {
                    (Some("Updating"), Some(true)) => {
                        differs("KeyMetadata.Enabled", "false in KeyState Updating".into(), "true".into())
                    }
                    (Some("Updating"), Some(false)) => Comparison::Same,
                    _ => Comparison::Silent,
                }
            }
            (Given::NoMaterialId, Response::Success(body)) => {
                let metadata = &body["KeyMetadata"];
                match (metadata["KeyState"].as_str(), metadata["CurrentKeyMaterialId"].as_str()) {
                    (Some("Creating"), Some(id)) => {
                        let expected = "absent in KeyState Creating".into();
                        differs("KeyMetadata.CurrentKeyMaterialId", expected, id.into())
                    }
                    (Some("Creating"), None) => Comparison::Same,
                    _ => Comparison::Silent,
                }
            }
            (Given::NotEnabled | Given::NoMaterialId, _) | (_, Response::Lost(_)) => Comparison::Silent,
            (Given::Success, Response::Error { code, message, .. }) => {
                differs("", "success".into(), format!("{code}: {message}"))
            }
            (Given::Refusal(code, _), Response::Success(_)) => {
                differs("", format!("refused with {code}"), "success".into())
            }
            (Given::Refusal(due, _), Response::Error { code, message, .. }) if code != due => {
                differs("code", due.to_string(), format!("{code}: {message}"))
            }
            (Given::Refusal(_, Some(template)), Response::Error { message, .. }) if with_text => {
                match bindings.expand(template) {
                    Some(text) if text != *message => differs("message", format!("`{text}`"), format!("`{message}`")),
                    _ => Comparison::Same,
                }
            }
            _ => Comparison::Same,
        }
    }
}

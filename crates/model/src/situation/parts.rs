//! The parts of a situation that are more than a word.

use crate::call::{Auth, Caller};
use crate::keyspec::Usage;
use crate::world::KeyState;

/// How an enabled key is named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Named {
    /// By its id, or it does not matter.
    #[default]
    Id,
    /// By its ARN.
    Arn,
    /// By an alias.
    Alias,
    /// By an alias ARN.
    AliasArn,
}

impl Named {
    /// In words; nothing for the usual case.
    pub fn words(self) -> &'static str {
        match self {
            Named::Id => "",
            Named::Arn => "by ARN",
            Named::Alias => "by alias",
            Named::AliasArn => "by alias ARN",
        }
    }
}

/// Who calls, and whether the signature says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sender {
    /// The administrator, with a valid signature.
    #[default]
    Admin,
    /// The principal whose IAM policies allow nothing.
    Limited,
    /// A principal of another account.
    AnotherAccount,
    /// Nobody signed.
    Unsigned,
    /// The signature is wrong.
    WrongSignature,
    /// The access key does not exist.
    UnknownAccessKey,
    /// The signature is incomplete.
    IncompleteSignature,
}

impl Sender {
    /// The sender of a call.
    pub fn of(auth: Auth, caller: Caller) -> Sender {
        match (auth, caller) {
            (Auth::Unsigned, _) => Sender::Unsigned,
            (Auth::WrongSignature, _) => Sender::WrongSignature,
            (Auth::UnknownKey, _) => Sender::UnknownAccessKey,
            (Auth::Incomplete, _) => Sender::IncompleteSignature,
            (Auth::Valid, Caller::Admin) => Sender::Admin,
            (Auth::Valid, Caller::Limited) => Sender::Limited,
            (Auth::Valid, Caller::Other) => Sender::AnotherAccount,
        }
    }

    /// In words; nothing for the usual case.
    pub fn words(self) -> &'static str {
        match self {
            Sender::Admin => "",
            Sender::Limited => "limited principal",
            Sender::AnotherAccount => "another account",
            Sender::Unsigned => "unsigned",
            Sender::WrongSignature => "wrong signature",
            Sender::UnknownAccessKey => "unknown access key",
            Sender::IncompleteSignature => "incomplete signature",
        }
    }
}

/// What a call meets on the other side, where there is one: in the Region to promote or replicate to, of
/// the replicas of a key to be deleted, of the other key of a re-encryption.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OtherSide {
    /// There is none, or it does not matter.
    #[default]
    None,
    /// A member, or another key, in this state.
    State(KeyState),
    /// The Region called.
    OwnRegion,
    /// A Region of another partition.
    AnotherPartition,
    /// A Region whose member was deleted.
    DeletedMember,
    /// A Region without a member.
    NoMember,
    /// A Region with a member.
    Member,
    /// Replicas.
    Replicas,
    /// Imported material.
    Material,
    /// No imported material.
    NoMaterial,
    /// Material that expires.
    ExpiringMaterial,
    /// A member that is to be deleted.
    Deleting,
    /// A key that is not in the Region called.
    AbsentKey,
    /// What is no key.
    UnknownKey,
    /// Of a key that is made: the usage that is asked for.
    Usage(Usage),
    /// Of a key that is made: that it has options.
    Options,
}

impl OtherSide {
    /// True where there is none.
    pub fn is_none(self) -> bool {
        self == OtherSide::None
    }

    /// In words; nothing for none.
    pub fn words(self) -> &'static str {
        match self {
            OtherSide::None => "",
            OtherSide::State(state) => state.name(),
            OtherSide::OwnRegion => "its own Region",
            OtherSide::AnotherPartition => "another partition",
            OtherSide::DeletedMember => "a Region whose member was deleted",
            OtherSide::NoMember => "a Region without a member",
            OtherSide::Member => "a Region with a member",
            OtherSide::Replicas => "replicas",
            OtherSide::Material => "material",
            OtherSide::NoMaterial => "no material",
            OtherSide::ExpiringMaterial => "expiring material",
            OtherSide::Deleting => "a member to be deleted",
            OtherSide::AbsentKey => "an absent key",
            OtherSide::UnknownKey => "an unknown key",
            OtherSide::Usage(usage) => usage.name(),
            OtherSide::Options => "with options",
        }
    }
}

/// Which member a read looks at after a promotion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The new primary.
    NewPrimary,
    /// The former one.
    FormerPrimary,
    /// A member that had no part in it.
    ThirdMember,
}

impl Place {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Place::NewPrimary => "new primary",
            Place::FormerPrimary => "former primary",
            Place::ThirdMember => "third member",
        }
    }
}

//! The parts of a situation that are a word, each with a type of its own. Where nothing is to be said they are
//! `Plain`. Their order is that of their words.

use crate::keyspec::KeySpec;
use std::cmp::Ordering;

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($value:ident = $words:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            /// Nothing to be said.
            #[default]
            Plain,
            $(#[doc = $words] $value,)*
        }

        impl $name {
            /// In words; nothing for the usual case.
            pub fn words(self) -> &'static str {
                match self {
                    $name::Plain => "",
                    $($name::$value => $words,)*
                }
            }

            /// Whether nothing is to be said.
            pub fn is_plain(self) -> bool {
                self == $name::Plain
            }
        }

        #[cfg(test)]
        impl $name {
            const ALL: &[$name] = &[$name::Plain, $($name::$value),*];
        }
    };
}

words! {
    /// What the arguments of a call ask for, beyond the operation.
    Variant {
        Aes128 = "AES_128",
        Aes256 = "AES_256",
        RsaAesKeyWrap = "RSA_AES_KEY_WRAP",
        ABadToken = "a bad token",
        ADigest = "a digest",
        AGrant = "a grant",
        AGrantOfAnotherMember = "a grant of another member",
        AGrantThatIsGone = "a grant that is gone",
        AMemberOfTheWrongType = "a member of the wrong type",
        AMissingMember = "a missing member",
        ANameWithoutItsPrefix = "a name without its prefix",
        ANumberOfBytes = "a number of bytes",
        APage = "a page",
        AReservedKey = "a reserved key",
        AReservedName = "a reserved name",
        ATokenOfAnotherMember = "a token of another member",
        AUsedToken = "a used token",
        AViolatedConstraint = "a violated constraint",
        Again = "again",
        AllMaterial = "all material",
        AnArnOfAnotherRegion = "an ARN of another Region",
        AnAlgorithmOfOtherKeys = "an algorithm of other keys",
        AnAlias = "an alias",
        AnAliasArnOfAnotherRegion = "an alias ARN of another Region",
        AnAliasOfAnEnabledPrimary = "an alias of an enabled primary",
        AnAliasOfAnotherRegion = "an alias of another Region",
        AnAliasOfAnotherUsage = "an alias of another usage",
        AnUnknownArn = "an unknown ARN",
        AnUnknownAlias = "an unknown alias",
        AnUnknownId = "an unknown id",
        AnUnknownMultiRegionId = "an unknown multi-Region id",
        ByToken = "by token",
        Damaged = "damaged",
        Expiring = "expiring",
        ForTheLimitedPrincipal = "for the limited principal",
        InARegionWithoutAMember = "in a Region without a member",
        ItsOwnAlias = "its own alias",
        Material = "material",
        MultiRegion = "multi-Region",
        NewMaterial = "new material",
        NoJson = "no JSON",
        NoCiphertext = "no ciphertext",
        NoGrant = "no grant",
        NoPolicy = "no policy",
        NoSuchAlias = "no such alias",
        OfADataKey = "of a data key",
        OfAKeyThatIsNotHere = "of a key that is not here",
        OfAPrivateKey = "of a private key",
        OfAReEncryption = "of a re-encryption",
        OfAnotherKey = "of another key",
        OfAnotherMessage = "of another message",
        OfAnotherName = "of another name",
        OfNobody = "of nobody",
        OfTheFormerPrimary = "of the former primary",
        On = "on",
        One = "one",
        OneThatWasPut = "one that was put",
        OneTwice = "one twice",
        OtherMaterial = "other material",
        Retirable = "retirable",
        Rubbish = "rubbish",
        ShuttingItsAuthorOut = "shutting its author out",
        SingleRegion = "single-Region",
        Some = "some",
        SomeElsewhere = "some elsewhere",
        SomeHere = "some here",
        TheFirst = "the first",
        TooLong = "too long",
        TooMany = "too many",
        WhatIsNoCiphertext = "what is no ciphertext",
        WhatWaits = "what waits",
        WhereAKeyIsNot = "where a key is not",
        WithAContext = "with a context",
        WithAContextSubset = "with a context subset",
        WithADescription = "with a description",
        WithAMarker = "with a marker",
        WithAPeriod = "with a period",
        WithAWindow = "with a window",
        WithAWindowOutOfRange = "with a window out of range",
        WithAnotherContext = "with another context",
        WithNewMaterial = "with new material",
        WithParameters = "with parameters",
        WithoutAnEnd = "without an end",
        WithoutDelegation = "without delegation",
        WithoutTheKey = "without the key",
        WrappedTwice = "wrapped twice",
        WrongUsage = "wrong usage",
    }
}

words! {
    /// What the policies and grants concerned say about a call.
    PolicyEffect {
        RequestedRegion = "aws:RequestedRegion",
        Denied = "denied",
        DeniedOnTheOtherSide = "denied on the other side",
        GrantedElsewhere = "granted elsewhere",
        GrantedHere = "granted here",
        GrantedHereForAContext = "granted here for a context",
        GrantedHereForAContextThatIsNotGiven = "granted here for a context that is not given",
        GrantedHereForAPartOfTheContext = "granted here for a part of the context",
        GrantedSomethingElseHere = "granted something else here",
        CallerAccount = "kms:CallerAccount",
        MultiRegion = "kms:MultiRegion",
        MultiRegionKeyType = "kms:MultiRegionKeyType",
        PrimaryRegion = "kms:PrimaryRegion",
        PrimaryRegionOnTheOtherSide = "kms:PrimaryRegion on the other side",
        ReplicaRegion = "kms:ReplicaRegion",
        NamesTheLimitedPrincipal = "names the limited principal",
        OnBothSides = "on both sides",
        OnTheOtherSide = "on the other side",
        WithoutDelegation = "without delegation",
    }
}

/// The kind of a key, where it makes a difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// It makes none.
    #[default]
    Any,
    /// Imported key material.
    External,
    /// Any key spec but SYMMETRIC_DEFAULT.
    NotSymmetric,
    /// This key spec.
    Spec(KeySpec),
}

impl KeyKind {
    /// In words; nothing where it makes no difference.
    pub fn words(self) -> &'static str {
        match self {
            KeyKind::Any => "",
            KeyKind::External => "EXTERNAL",
            KeyKind::NotSymmetric => "not symmetric",
            KeyKind::Spec(spec) => spec.name(),
        }
    }
}

impl Ord for KeyKind {
    fn cmp(&self, other: &KeyKind) -> Ordering {
        self.words().cmp(other.words())
    }
}

impl PartialOrd for KeyKind {
    fn partial_cmp(&self, other: &KeyKind) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_in_order_and_tell_apart() {
        assert!(Variant::ALL.is_sorted_by(|a, b| a < b && a.words() < b.words()));
        assert!(PolicyEffect::ALL.is_sorted_by(|a, b| a < b && a.words() < b.words()));
    }
}

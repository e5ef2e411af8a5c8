//! Typed, symbolic requests. A [`Call`] never holds a concrete key id: references are resolved by
//! whoever sends it, so a sequence of calls can be replayed, cut and shrunk.

use super::world::{Name, Region};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

macro_rules! operations {
    ($($name:ident)*) => {
        /// A KMS operation, by its API name. `Unknown` is an operation that does not exist.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs)] // KMS's own names: the API Reference says what each one does.
        pub enum Operation { $($name,)* Unknown }

        impl Operation {
            /// Every real operation in scope.
            pub const ALL: &'static [Operation] = &[$(Operation::$name),*];

            /// The API name. For [`Operation::Unknown`] a name that AWS does not have.
            pub fn name(self) -> &'static str {
                match self {
                    $(Operation::$name => stringify!($name),)*
                    Operation::Unknown => "MrkspecNoSuchOperation",
                }
            }
        }
    };
}

operations! {
    CreateKey ReplicateKey UpdatePrimaryRegion DescribeKey ListKeys EnableKey DisableKey
    ScheduleKeyDeletion CancelKeyDeletion Encrypt Decrypt ReEncrypt GenerateDataKey
    GenerateDataKeyWithoutPlaintext Sign Verify GetPublicKey GenerateMac VerifyMac
    EnableKeyRotation DisableKeyRotation GetKeyRotationStatus RotateKeyOnDemand ListKeyRotations
    GetKeyPolicy PutKeyPolicy CreateAlias UpdateAlias DeleteAlias ListAliases TagResource
    UntagResource ListResourceTags UpdateKeyDescription CreateGrant ListGrants ListRetirableGrants
    RevokeGrant RetireGrant GetParametersForImport ImportKeyMaterial DeleteImportedKeyMaterial
    GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext GenerateRandom DeriveSharedSecret
}

impl Operation {
    /// The operation of this API name; `MrkspecNoSuchOperation` is [`Operation::Unknown`].
    pub fn parse(name: &str) -> Option<Operation> {
        if name == Operation::Unknown.name() {
            return Some(Operation::Unknown);
        }
        Self::ALL.iter().copied().find(|op| op.name() == name)
    }

    /// True for operations that change nothing, so that they may be repeated at will.
    pub fn is_read(self) -> bool {
        use Operation::*;
        matches!(
            self,
            DescribeKey
                | ListKeys
                | GetPublicKey
                | GetKeyRotationStatus
                | ListKeyRotations
                | GetKeyPolicy
                | ListAliases
                | ListResourceTags
                | ListGrants
                | ListRetirableGrants
                | GetParametersForImport
                | GenerateRandom
                | Unknown
        ) || self.is_cryptographic()
    }

    /// True for operations that use key material.
    pub fn is_cryptographic(self) -> bool {
        use Operation::*;
        matches!(
            self,
            Encrypt
                | Decrypt
                | ReEncrypt
                | GenerateDataKey
                | GenerateDataKeyWithoutPlaintext
                | GenerateDataKeyPair
                | GenerateDataKeyPairWithoutPlaintext
                | DeriveSharedSecret
                | Sign
                | Verify
                | GenerateMac
                | VerifyMac
                | GetPublicKey
        )
    }

    /// True for operations whose KeyId may be an alias (F-028).
    pub fn takes_alias(self) -> bool {
        self.is_cryptographic() || self == Operation::DescribeKey
    }

    /// The member that names the key that the operation is about.
    pub fn key_member(self) -> &'static str {
        match self {
            Operation::CreateAlias | Operation::UpdateAlias => "TargetKeyId",
            Operation::ReEncrypt => "SourceKeyId",
            _ => "KeyId",
        }
    }

    /// True when the published model gives the operation no output (F-005).
    pub fn has_no_output(self) -> bool {
        use Operation::*;
        matches!(
            self,
            UpdatePrimaryRegion
                | EnableKey
                | DisableKey
                | PutKeyPolicy
                | EnableKeyRotation
                | DisableKeyRotation
                | CreateAlias
                | UpdateAlias
                | DeleteAlias
                | TagResource
                | UntagResource
                | UpdateKeyDescription
                | RevokeGrant
                | RetireGrant
        )
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a key is written in a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KeyForm {
    /// The key id.
    Id,
    /// The key ARN in this Region.
    Arn(Region),
    /// `alias/name`; the reference names an alias, not a family.
    Alias,
    /// The alias ARN in this Region.
    AliasArn(Region),
}

/// A symbolic reference to a key family, or to an alias.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyRef {
    /// The family, or the alias, by its symbolic name.
    pub name: Name,
    /// How it is written in the request.
    pub form: KeyForm,
}

/// The value of one request member.
#[derive(Clone, Debug, PartialEq)]
pub enum Arg {
    /// Sent as it is.
    Json(Value),
    /// A key, in one of the four forms.
    Key(KeyRef),
    /// The name of an alias of this sequence, `alias/` and a prefix included.
    AliasName(Name),
    /// A blob, sent as base64.
    Bytes(Vec<u8>),
    /// The blob or text that an earlier step returned, one bit flipped if `damaged`.
    Result {
        /// The name of the step.
        step: Name,
        /// Whether a bit is flipped.
        damaged: bool,
    },
    /// Key material of this name, wrapped with the public key that GetParametersForImport gave in
    /// this step. Whoever sends the call makes the material and wraps it.
    Material {
        /// The name of the material: the same name stands for the same bytes.
        name: Name,
        /// The name of the step that gave the parameters.
        step: Name,
    },
    /// This long after the call is sent, as a timestamp.
    In(Duration),
    /// The grant tokens that these steps returned.
    Tokens(Vec<Name>),
}

/// How the request is authenticated (F-007).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Auth {
    /// Signed with the configured credentials.
    #[default]
    Valid,
    /// No Authorization header.
    Unsigned,
    /// Signed with a wrong secret.
    WrongSignature,
    /// Signed by an access key id that does not exist.
    UnknownKey,
    /// An Authorization header without its signature part.
    Incomplete,
}

/// Who sends the request. Which principals these are is the target's business.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Caller {
    /// The principal that owns the run: its IAM policy allows all of KMS.
    #[default]
    Admin,
    /// A principal of the same account whose IAM policies allow nothing of KMS.
    Limited,
    /// A principal of another account.
    Other,
}

/// One symbolic request.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The operation.
    pub op: Operation,
    /// The Region whose endpoint is called.
    pub region: Region,
    /// How it is signed.
    pub auth: Auth,
    /// Who sends it.
    pub caller: Caller,
    /// The request members by their wire name.
    pub args: BTreeMap<String, Arg>,
    /// The name under which later calls refer to this one's result.
    pub name: Name,
    /// Sent instead of the encoded arguments, to test what a broken body gives.
    pub raw_body: Option<String>,
}

impl Call {
    /// A validly signed call without arguments.
    pub fn new(op: Operation, region: &str) -> Call {
        Call {
            op,
            region: region.into(),
            auth: Auth::Valid,
            caller: Caller::Admin,
            args: BTreeMap::new(),
            name: "".into(),
            raw_body: None,
        }
    }

    /// The same call with one more argument.
    pub fn with(mut self, member: &str, arg: Arg) -> Call {
        self.args.insert(member.to_string(), arg);
        self
    }

    /// The same call with `KeyId` set to the key id of a family.
    pub fn key(self, name: &Name) -> Call {
        let arg = Arg::Key(KeyRef { name: name.clone(), form: KeyForm::Id });
        self.with("KeyId", arg)
    }

    /// The string given for a member, if it is one.
    pub fn text(&self, member: &str) -> Option<&str> {
        match self.args.get(member) {
            Some(Arg::Json(Value::String(s))) => Some(s),
            _ => None,
        }
    }

    /// The integer given for a member, if it is one.
    pub fn int(&self, member: &str) -> Option<i64> {
        match self.args.get(member) {
            Some(Arg::Json(v)) => v.as_i64(),
            _ => None,
        }
    }

    /// The boolean given for a member; false when absent.
    pub fn flag(&self, member: &str) -> bool {
        matches!(self.args.get(member), Some(Arg::Json(Value::Bool(true))))
    }

    /// A string map given for a member, such as EncryptionContext; empty when absent.
    pub fn map(&self, member: &str) -> BTreeMap<String, String> {
        let Some(Arg::Json(Value::Object(map))) = self.args.get(member) else {
            return BTreeMap::new();
        };
        let pairs = map.iter();
        pairs.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_string()))).collect()
    }

    /// The strings given for a member that is a list of them; empty when absent.
    pub fn list(&self, member: &str) -> Vec<String> {
        let Some(Arg::Json(Value::Array(list))) = self.args.get(member) else {
            return Vec::new();
        };
        list.iter().filter_map(|v| v.as_str().map(str::to_string)).collect()
    }

    /// The tags given as `[{TagKey, TagValue}]`; empty when absent.
    pub fn tags(&self) -> Vec<(String, String)> {
        let Some(Arg::Json(Value::Array(list))) = self.args.get("Tags") else {
            return Vec::new();
        };
        let part = |t: &Value, k: &str| Some(t.get(k)?.as_str()?.to_string());
        list.iter().filter_map(|t| Some((part(t, "TagKey")?, part(t, "TagValue")?))).collect()
    }
}

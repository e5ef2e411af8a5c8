//! The names of what the model requires: of the checks on a success, and of the grounds for a refusal.
//! Which rule each of them stands for is the business of [`crate::attribution`] alone.

use crate::call::Auth;
use crate::world::Name;

/// What one check of a success body is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Aspect {
    /// Key id and ARN of a key that is described.
    Identity,
    /// The id and the ARN of a new key.
    NewIdentity,
    /// The id of a new multi-Region key begins as such.
    MultiRegionId,
    /// The rest of that id.
    MultiRegionIdForm,
    /// The id of a new single-Region key.
    SingleRegionId,
    /// The account that owns the key.
    Account,
    /// The member MultiRegion.
    MultiRegion,
    /// PRIMARY or REPLICA.
    KeyType,
    /// Which member is named as the primary.
    PrimaryKey,
    /// Which members are named as replicas.
    ReplicaKeys,
    /// A single-Region key has no configuration of several Regions.
    NoConfiguration,
    /// A single-Region key is in none of the states that only multi-Region keys have.
    SingleRegionState,
    /// The key state that is shown.
    KeyState,
    /// That it is not Updating: said again by itself, for what Updating forbids.
    NotUpdating,
    /// That it is not Creating: said again by itself, for what Creating forbids.
    NotCreating,
    /// The state of a member that a promotion which is under way does not concern.
    BystanderState,
    /// Whether Enabled fits the state.
    Enabled,
    /// The description.
    Description,
    /// Spec, usage and origin of a key that is described.
    KeyKind,
    /// The algorithms of a key that is described.
    Algorithms,
    /// The manager of the key.
    KeyManager,
    /// When a key that is described was made.
    CreationDate,
    /// That a member is a timestamp.
    Timestamp,
    /// The id of the current key material.
    MaterialId,
    /// The date of a deletion whose waiting period has begun.
    DeletionDate,
    /// That this date does not change while the deletion is pending.
    DeletionClock,
    /// No date while the waiting period has not begun.
    NoDeletionDateYet,
    /// No date where no deletion is pending.
    NoDeletionDate,
    /// The days of a waiting period.
    WaitingPeriod,
    /// Expiry of imported material.
    ImportStatus,
    /// Members of ReplicateKey's answer that say what was made.
    ReplicaAnswer,
    /// The policy of a new replica, given (true) or the default one.
    ReplicaPolicy(bool),
    /// A new replica without tags.
    NoReplicaTags,
    /// That an operation without output has none.
    NoOutput,
    /// That it is not even an empty object.
    NoBody,
    /// Which key the answer names.
    ActedOn,
    /// That it names it by its ARN.
    ActedOnArn,
    /// The algorithm that the answer names.
    Algorithm,
    /// That a member is a blob.
    Blob,
    /// The plaintext of a decryption.
    Plaintext,
    /// The plaintext of a decryption that shows for the first time what a data key is.
    FirstPlaintext {
        /// True for the private key of a pair.
        pair: bool,
    },
    /// The length of a data key, or that there is none.
    DataKey,
    /// The parts of a data key pair.
    KeyPair,
    /// Random bytes.
    Random,
    /// A public key that is the same everywhere.
    PublicKey,
    /// Spec, usage and algorithms beside a public key.
    PublicKeyKind,
    /// That a signature holds.
    SignatureHolds,
    /// A MAC that is the same everywhere.
    Mac,
    /// That a MAC holds.
    MacHolds,
    /// A shared secret, and what is said about it.
    SharedSecret,
    /// What GetParametersForImport gives.
    ImportParameters,
    /// The key policy.
    Policy,
    /// The tags.
    Tags,
    /// The aliases.
    Aliases,
    /// Whether this family is listed among the keys of the Region called.
    Listed(Name),
    /// A page of a list.
    Page,
    /// What CreateGrant answers.
    NewGrant,
    /// That the way to wrap fits the key spec.
    Wrapping,
    /// A grant that was asked for again by its name.
    RepeatedGrant,
    /// That a grant is given to somebody.
    Principal,
    /// That the constraints of a grant fit its key.
    GrantConstraints,
    /// The grants on a member.
    Grants,
    /// The grants that a principal may retire.
    RetirableGrants,
    /// Whether rotation is on.
    RotationStatus,
    /// Whether rotation is off, for a key that cannot rotate.
    NoRotation,
    /// How often it rotates.
    RotationPeriod,
    /// The rotations so far.
    Rotations,
    /// All key material.
    Materials,
    /// The id of imported material.
    MaterialIdentity,
    /// That it is not the id of the same material in another key.
    MaterialOfOtherKey,
    /// Expiry of material that was imported with a time and without a model.
    ImpliedExpiry,
}

/// Why a call may be refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The signature, or the lack of one.
    Authentication(Auth),
    /// There is no such operation.
    UnknownOperation,
    /// It would succeed, but nothing is to be done (F-109).
    DryRun,
    /// A permission is missing, or may be (F-110 to F-117).
    Denied,
    /// Another account calls (F-063).
    ForeignAccount,
    /// The body is no JSON.
    NoJson,
    /// A member has the wrong type.
    WrongType,
    /// A required member is missing.
    Missing,
    /// A member of this name violates a constraint.
    Constraint(String),
    /// KeyId is no ARN of a key.
    MalformedArn,
    /// KeyId names nothing that exists.
    UnknownKey,
    /// The operation takes no alias (F-024).
    AliasNotTaken,
    /// The ARN is of another Region (F-026).
    ForeignArn,
    /// The Region called has no alias of this name.
    UnknownAlias(Name),
    /// There was no such key when the read was taken (F-077).
    NoKeyYet,
    /// This family has no member in the Region called.
    NoMember(Name),
    /// The key state of this family's member in the Region called (F-107).
    State(Name),
    /// The state of the key that an alias is to point to.
    AliasTargetState,
    /// The text is no policy, or goes beyond what the model reads.
    MalformedPolicy,
    /// The policy would shut its author out (F-115).
    PolicyLockout,
    /// PolicyName is not `default`.
    PolicyName,
    /// The tags (F-132).
    Tags,
    /// KeyUsage does not fit the key spec.
    KeySpecUsage,
    /// A key spec that an endpoint need not know (F-038).
    RecentKeySpec,
    /// The key is not for this.
    KeyUsage,
    /// The key does not have this algorithm, or the ciphertext was not made with it.
    Algorithm,
    /// The plaintext is too long.
    PlaintextLength,
    /// Both or neither of two ways to say how long a data key is.
    DataKeyLength,
    /// The encryption context.
    EncryptionContext,
    /// What is to be decrypted is no ciphertext.
    Ciphertext,
    /// The ciphertext says of no key here that it is its.
    CiphertextOfNoKeyHere,
    /// The ciphertext is another key's.
    CiphertextOfAnotherKey,
    /// A signature that does not hold.
    Signature,
    /// A MAC that does not hold.
    Mac,
    /// This kind of key pair is not offered.
    KeyPairSpec,
    /// Random bytes of no number.
    RandomLength,
    /// A public key that does not fit.
    PublicKey,
    /// A single-Region key.
    SingleRegion,
    /// The key is not the primary.
    NotPrimary,
    /// The Region named is the primary's.
    PrimaryRegion,
    /// The Region named has a replica already.
    ReplicaExists,
    /// The Region named has no replica (F-053).
    NoReplica,
    /// The Region named is not one of this partition.
    ForeignRegion,
    /// The Region named may not exist, or not be enabled.
    UnknownRegion,
    /// The replica in the Region named is not enabled.
    ReplicaState,
    /// Another promotion is under way (F-062).
    PromotionUnderWay,
    /// The waiting period is out of range.
    WaitingPeriod,
    /// The key has no material.
    NoMaterial,
    /// Key spec or origin do not go with the operation (F-090, F-123).
    KeyKind,
    /// Too many rotations.
    RotationLimit,
    /// The rotation before may be under way.
    RotationUnderWay,
    /// Nothing waits for a rotation.
    NoNewMaterial,
    /// What waits for a rotation is not in every member.
    MaterialMissing,
    /// Other material waits for a rotation.
    MaterialWaits,
    /// New material comes to the primary first.
    NewMaterialOnReplica,
    /// No import has given this id.
    UnknownMaterial,
    /// Members of an import that do not fit the key or each other.
    ImportMembers,
    /// Members of an import that keys of this kind, or replicas, do not take.
    UnfitMembers,
    /// A time at which material cannot expire.
    ExpiryTime,
    /// A time at which material expires, without a model.
    ImpliedExpiry,
    /// Material that expires needs a time.
    NoExpiryTime,
    /// The import token.
    ImportToken,
    /// What is to be imported is no wrapped material.
    WrappedMaterial,
    /// A way to wrap that does not fit the key spec, or may not.
    Wrapping,
    /// Other material than the first, or before the primary's.
    OtherMaterial,
    /// A grant needs somebody to whom it is given.
    NoGrantee,
    /// A principal that is none, or may be none.
    Principal,
    /// Constraints on an encryption context that the key does not have.
    GrantConstraints,
    /// A grant for what the key cannot do.
    GrantOperations,
    /// There is no such grant on this member: when grants are listed.
    UnlistedGrant,
    /// There is no such grant on this member: when it is to end.
    UnknownGrant,
    /// Nothing says which grant is to be retired, or of which key.
    UnnamedGrant,
    /// Nobody who may retire is named.
    NoRetiringPrincipal,
    /// A marker that no list gave.
    Marker,
    /// The form of an alias name.
    AliasName,
    /// `alias/aws/` is reserved.
    ReservedAlias,
    /// The alias exists.
    AliasExists,
    /// There is no such alias to be changed.
    NoSuchAlias,
    /// The two keys of an alias differ in kind.
    AliasTargetKind,
}

//! Which rule each recorded choice stands for.

use crate::recorded::Choice;
use crate::rule::RuleId;
use crate::rules::*;

/// The rule about the answer that AWS was recorded to give in this case.
pub fn rule(choice: Choice) -> RuleId {
    use Choice::*;
    match choice {
        PromotionToOwnRegion => AWS_001,
        PromotionWithoutReplica => AWS_002,
        PromotionOfReplica => AWS_003,
        Alias => AWS_004,
        PromotionToUnusable => AWS_005,
        PromotionBetweenDisabled => AWS_006,
        ReplicaInPrimaryRegion => AWS_007,
        ReplicaInOtherPartition => AWS_008,
        ReplicaOfDisabled => AWS_009,
        RotationOfReplica => AWS_010,
        RotationInState => AWS_011,
        RotationWithoutMaterial => AWS_012,
        StatusWithoutRotation => AWS_013,
        RotationsOfOtherKind => AWS_014,
        MaterialOfOtherKind => AWS_015,
        SwitchOffHmac => AWS_016,
        PendingDeletion => AWS_017,
        PublicKeyOfDisabled => AWS_018,
        AlgorithmOfDisabled => AWS_019,
        SigningAlgorithm => AWS_020,
        RelatedKey => AWS_021,
        WrappedMaterial => AWS_022,
        Wrapping => AWS_023,
        GrantOperations => AWS_024,
        Updating => AWS_025,
        Creating => AWS_027,
        ExpiryTime => AWS_028,
        OldParameters => AWS_029,
        ImpliedExpiry => AWS_030,
        UnfitMembers => AWS_031,
        ReplicaInNoRegion => AWS_032,
    }
}

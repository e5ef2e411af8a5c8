//! Who may do what: key policies, conditions, several principals.

rules! {
    AUT_010 = "AUT-010", Must, Documented, policy,
        "UpdatePrimaryRegion needs kms:UpdatePrimaryRegion on the current primary, by its key policy",
        "KMS API Reference, UpdatePrimaryRegion, Required permissions", "F-110 Q-8";
    AUT_011 = "AUT-011", Must, Documented, policy,
        "UpdatePrimaryRegion needs kms:UpdatePrimaryRegion on the replica, too, by its own key policy",
        "KMS API Reference, UpdatePrimaryRegion, Required permissions", "F-110 Q-14";
    AUT_012 = "AUT-012", Must, Documented, policy,
        "An explicit Deny wins over every Allow: AccessDeniedException",
        "KMS Developer Guide, Determining access to KMS keys", "F-111";
    AUT_013 = "AUT-013", Must, Documented, policy,
        "Nothing is allowed by default: what a key policy neither allows nor delegates is refused",
        "KMS Developer Guide, Key policies", "F-111";
    AUT_014 = "AUT-014", Must, Documented, policy,
        "kms:PrimaryRegion in the primary's policy limits UpdatePrimaryRegion by the value of PrimaryRegion",
        "KMS Developer Guide, Condition keys, kms:PrimaryRegion", "F-112";
    AUT_015 = "AUT-015", Must, Documented, policy,
        "kms:PrimaryRegion in the replica's policy limits UpdatePrimaryRegion as well",
        "KMS Developer Guide, Condition keys, kms:PrimaryRegion", "F-112";
    AUT_016 = "AUT-016", Must, Documented, policy,
        "kms:ReplicaRegion limits ReplicateKey by the value of ReplicaRegion",
        "KMS Developer Guide, Condition keys, kms:ReplicaRegion", "F-112";
    AUT_017 = "AUT-017", Must, Documented, policy,
        "kms:MultiRegion is true for multi-Region keys and false for others",
        "KMS Developer Guide, Condition keys, kms:MultiRegion", "F-112";
    AUT_018 = "AUT-018", Must, Documented, policy,
        "kms:MultiRegionKeyType is the member's present type, also after a promotion",
        "KMS Developer Guide, Condition keys, kms:MultiRegionKeyType", "F-112";
    AUT_019 = "AUT-019", Must, Documented, policy,
        "aws:RequestedRegion is the Region called",
        "IAM User Guide, Global condition keys", "F-111";
    AUT_020 = "AUT-020", Must, Documented, policy,
        "A call that is refused for lack of permission changes nothing on either side",
        "KMS API Reference, UpdatePrimaryRegion", "F-116 Q-14";
    AUT_021 = "AUT-021", Must, Documented, policy,
        "A policy governs its own member only, before and after a promotion",
        "KMS Developer Guide, Multi-Region keys", "F-032 F-052 F-110";
    AUT_022 = "AUT-022", Must, Documented, policy,
        "What a policy allows and no statement denies is not refused",
        "KMS Developer Guide, Determining access to KMS keys", "F-111";
    AUT_023 = "AUT-023", Must, Documented, policy,
        "A policy that shuts the caller out of PutKeyPolicy: MalformedPolicyDocumentException, unless bypassed",
        "KMS API Reference, PutKeyPolicy, BypassPolicyLockoutSafetyCheck", "F-115";
    AUT_024 = "AUT-024", Must, Documented, policy,
        "ReplicateKey needs kms:ReplicateKey on the primary",
        "KMS API Reference, ReplicateKey, Required permissions", "F-113";
    AUT_025 = "AUT-025", Must, Documented, policy,
        "kms:CallerAccount is the account of the caller",
        "KMS Developer Guide, Condition keys, kms:CallerAccount", "F-111";
    AUT_026 = "AUT-026", Must, Documented, limited,
        "A principal that neither key policy, IAM policy nor grant allows is refused",
        "KMS Developer Guide, Determining access to KMS keys", "F-111 F-116";
    AUT_027 = "AUT-027", Must, Documented, limited,
        "A key policy that names a principal allows it without any IAM policy, on both sides of a promotion",
        "KMS Developer Guide, Key policies", "F-110 F-111";
    AUT_028 = "AUT-028", Must, Documented, limited,
        "A principal that only one side's policy allows cannot promote",
        "KMS API Reference, UpdatePrimaryRegion, Required permissions", "F-110";
    AUT_029 = "AUT-029", Must, Documented, other,
        "UpdatePrimaryRegion from another account is refused, whatever the policies say",
        "KMS API Reference, UpdatePrimaryRegion, Cross-account use", "F-063 Q-13";
    AUT_030 = "AUT-030", Must, Documented,
        "A policy that is no policy document: MalformedPolicyDocumentException",
        "KMS API Reference, PutKeyPolicy, Errors", "F-115";
}

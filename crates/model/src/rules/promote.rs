//! UpdatePrimaryRegion and the Updating state.

rules! {
    UPR_001 = "UPR-001", Must, Documented,
        "After the promotion the member in PrimaryRegion is the primary",
        "KMS API Reference, UpdatePrimaryRegion", "F-050 F-072";
    UPR_002 = "UPR-002", Must, Documented,
        "After the promotion the former primary is a replica",
        "KMS API Reference, UpdatePrimaryRegion", "F-050";
    UPR_003 = "UPR-003", Must, Documented,
        "After the promotion other replicas are replicas of the new primary",
        "KMS Developer Guide, Update the primary Region", "F-051";
    UPR_004 = "UPR-004", Must, Documented,
        "Once settled, every member names the same primary and the same replicas",
        "KMS API Reference, DescribeKey; MultiRegionConfiguration", "F-030 F-033 F-051";
    UPR_005 = "UPR-005", Must, Documented,
        "A promotion changes no key id and no key ARN",
        "KMS Developer Guide, Update the primary Region", "F-052";
    UPR_006 = "UPR-006", Must, Documented,
        "A promotion changes no description",
        "KMS Developer Guide, Update the primary Region", "F-032 F-052";
    UPR_007 = "UPR-007", Must, Documented,
        "A promotion changes no key policy",
        "KMS Developer Guide, Update the primary Region", "F-032 F-052";
    UPR_008 = "UPR-008", Must, Documented,
        "A promotion changes no tag",
        "KMS Developer Guide, Update the primary Region", "F-032 F-052";
    UPR_009 = "UPR-009", Must, Documented,
        "A promotion changes no alias",
        "KMS Developer Guide, Update the primary Region", "F-032 F-052";
    UPR_010 = "UPR-010", Must, Documented,
        "A promotion leaves every other key state and deletion schedule as it was",
        "KMS Developer Guide, Update the primary Region", "F-032 F-052";
    UPR_011 = "UPR-011", Must, Documented,
        "Updating ends, and the original key state is restored",
        "KMS API Reference, UpdatePrimaryRegion", "F-072";
    UPR_012 = "UPR-012", Must, Documented,
        "PrimaryRegion without a replica: refused (any documented code), never success",
        "KMS API Reference, UpdatePrimaryRegion", "F-053 Q-2";
    UPR_013 = "UPR-013", Must, Conflicting,
        "PrimaryRegion equal to the present primary Region: refused or without effect",
        "KMS API Reference, UpdatePrimaryRegion", "F-057 Q-1";
    UPR_014 = "UPR-014", Must, Documented,
        "Called in a replica's Region: refused",
        "KMS API Reference, UpdatePrimaryRegion", "F-058 Q-4";
    UPR_015 = "UPR-015", Must, Documented,
        "A single-Region key: UnsupportedOperationException",
        "KMS service model", "F-059";
    UPR_016 = "UPR-016", Must, Documented,
        "The primary must be Enabled to be replaced: Disabled, pending deletion and pending import are refused",
        "KMS Developer Guide, Update the primary Region; Key states", "F-061";
    UPR_017 = "UPR-017", Must, Documented,
        "The replica to be promoted must be Enabled",
        "KMS Developer Guide, Update the primary Region", "F-061 Q-7";
    UPR_018 = "UPR-018", Must, Conflicting,
        "A PrimaryRegion in another partition, or that does not exist: refused",
        "KMS API Reference, UpdatePrimaryRegion", "F-053 Q-3";
    UPR_019 = "UPR-019", Must, Documented,
        "The new primary can be replicated",
        "KMS API Reference, UpdatePrimaryRegion", "F-054";
    UPR_020 = "UPR-020", Must, Documented,
        "The former primary can no longer be replicated",
        "KMS API Reference, UpdatePrimaryRegion", "F-054";
    UPR_021 = "UPR-021", Must, Documented,
        "The new primary's automatic rotation can be switched",
        "KMS API Reference, UpdatePrimaryRegion", "F-054";
    UPR_022 = "UPR-022", Must, Documented,
        "The former primary's automatic rotation can no longer be switched",
        "KMS API Reference, UpdatePrimaryRegion", "F-054";
    UPR_023 = "UPR-023", Must, Documented,
        "PrimaryRegion and KeyId are required",
        "KMS API Reference, UpdatePrimaryRegion", "F-023";
    UPR_024 = "UPR-024", Must, Documented,
        "PrimaryRegion has 1-32 characters of the Region pattern, KeyId 1-2048 characters",
        "KMS API Reference, UpdatePrimaryRegion", "F-023";
    UPR_025 = "UPR-025", Must, Documented,
        "UpdatePrimaryRegion returns no member",
        "KMS API Reference, UpdatePrimaryRegion", "F-005 F-056";
    UPR_026 = "UPR-026", Must, Documented,
        "A promotion creates no key",
        "KMS API Reference, UpdatePrimaryRegion", "F-053";
    UPR_027 = "UPR-027", Must, Documented,
        "A promotion changes no spec, usage, origin or algorithm",
        "KMS Developer Guide, Update the primary Region", "F-031 F-052";
    UPR_028 = "UPR-028", Must, Documented,
        "A promotion that was refused changes nothing",
        "KMS API Reference, UpdatePrimaryRegion", "F-116 F-057 F-058";
    UPR_029 = "UPR-029", Must, Conflicting, transient,
        "A promotion while another is under way: success, or KMSInvalidStateException",
        "KMS Developer Guide, Key states", "F-062 Q-6";
    UPR_030 = "UPR-030", Must, Documented,
        "The documented way to free the primary's Region works: promote a replica, then schedule deletion of the former primary",
        "KMS Developer Guide, Deleting multi-Region keys", "F-088";
    UPR_031 = "UPR-031", Must, Documented,
        "The state of a third replica is no obstacle to a promotion",
        "KMS Developer Guide, Update the primary Region", "F-061 Q-11";
    UPR_032 = "UPR-032", Must, Documented,
        "After a cancelled deletion and EnableKey the family can be promoted again",
        "KMS Developer Guide, Update the primary Region", "F-085 Q-17";
    UPR_033 = "UPR-033", Must, Documented,
        "A promotion fails no cryptographic operation on any member, also while Updating",
        "KMS API Reference, UpdatePrimaryRegion", "F-073 F-074";
    UPR_034 = "UPR-034", Must, Documented, transient,
        "While Updating, what the key-state table refuses fails with KMSInvalidStateException",
        "KMS Developer Guide, Key states", "F-073";
    UPR_035 = "UPR-035", Must, Documented, transient,
        "While Updating, DescribeKey, aliases, tags, policy and description work",
        "KMS Developer Guide, Key states", "F-073";
    UPR_036 = "UPR-036", Must, Conflicting,
        "An alias as KeyId is refused",
        "KMS API Reference, UpdatePrimaryRegion", "F-024 Q-5";
    UPR_037 = "UPR-037", Must, Documented,
        "A family can be promoted again and again, there and back",
        "KMS API Reference, UpdatePrimaryRegion", "F-050 F-054 F-055";
    UPR_038 = "UPR-038", Must, Documented,
        "UpdatePrimaryRegion fails only with the errors that it declares, or common ones",
        "KMS service model", "F-060";
    UPR_039 = "UPR-039", Must, Documented,
        "Unknown key ids and ARNs of other Regions: NotFoundException, never a promotion",
        "KMS API Reference, UpdatePrimaryRegion", "F-025 F-026 F-060";
    UPR_040 = "UPR-040", Should, Documented, transient,
        "Members that are neither old nor new primary are not shown as Updating",
        "KMS Developer Guide, Update the primary Region", "F-076";
    UPR_041 = "UPR-041", Must, Documented,
        "UpdatePrimaryRegion takes the key ARN as well as the key id of the primary",
        "KMS API Reference, UpdatePrimaryRegion", "F-023";
}

//! ReplicateKey and the Creating state.

rules! {
    REP_001 = "REP-001", Must, Documented,
        "ReplicateKey on the primary, in its Region, makes a replica",
        "KMS API Reference, ReplicateKey", "F-040 F-043";
    REP_002 = "REP-002", Must, Documented,
        "ReplicateKey on a replica: UnsupportedOperationException",
        "KMS API Reference, ReplicateKey", "F-040";
    REP_003 = "REP-003", Must, Documented,
        "ReplicateKey on a single-Region key: UnsupportedOperationException",
        "KMS API Reference, ReplicateKey", "F-040";
    REP_004 = "REP-004", Must, Documented,
        "A Region that already has a member, also one pending deletion: AlreadyExistsException",
        "KMS API Reference, ReplicateKey, ReplicaRegion", "F-041";
    REP_005 = "REP-005", Must, Conflicting,
        "Replication into the primary's own Region is refused",
        "KMS API Reference, ReplicateKey", "F-041";
    REP_006 = "REP-006", Must, Documented,
        "Without parameters a replica has no tags",
        "KMS API Reference, ReplicateKey, Tags", "F-042";
    REP_007 = "REP-007", Must, Documented,
        "Without parameters a replica has an empty description",
        "KMS API Reference, ReplicateKey, Description", "F-042";
    REP_008 = "REP-008", Must, Documented,
        "Without parameters a replica has the default key policy",
        "KMS API Reference, ReplicateKey, Policy", "F-042";
    REP_009 = "REP-009", Must, Documented,
        "The answer has ReplicaKeyMetadata and ReplicaPolicy, and ReplicaTags if tags were given",
        "KMS API Reference, ReplicateKey, Response", "F-043";
    REP_010 = "REP-010", Must, Recorded,
        "ReplicaKeys in the answer lists the new replica",
        "recorded from AWS", "F-043";
    REP_011 = "REP-011", Must, Documented,
        "Creating ends: the replica becomes Enabled, or PendingImport for imported material",
        "KMS Developer Guide, Multi-Region keys", "F-044";
    REP_012 = "REP-012", Must, Documented,
        "A replica has the key spec, usage, origin and algorithms of its primary",
        "KMS Developer Guide, Multi-Region keys, shared properties", "F-031";
    REP_013 = "REP-013", Must, Documented,
        "Description, policy and tags given in the request are those of the replica",
        "KMS API Reference, ReplicateKey", "F-042 F-043";
    REP_014 = "REP-014", Must, Documented,
        "Once settled every member lists every replica",
        "KMS Developer Guide, Multi-Region keys", "F-033";
    REP_015 = "REP-015", Must, Documented, transient,
        "In Creating, what the key-state table refuses fails with KMSInvalidStateException",
        "KMS Developer Guide, Key states", "F-075";
    REP_016 = "REP-016", Must, Documented, transient,
        "In Creating, DescribeKey, aliases, tags, policy and description work",
        "KMS Developer Guide, Key states", "F-075";
    REP_017 = "REP-017", Must, Documented,
        "Replication changes nothing on the members that exist",
        "KMS Developer Guide, Multi-Region keys", "F-032 F-130";
    REP_018 = "REP-018", Must, Documented,
        "A replica of a key with imported material is made pending import",
        "KMS Developer Guide, Multi-Region keys with imported key material", "F-120";
    REP_019 = "REP-019", Must, Documented,
        "ReplicateKey into another AWS partition is refused",
        "KMS API Reference, ReplicateKey, ReplicaRegion", "F-041";
}

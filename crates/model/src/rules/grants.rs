//! Grants: one member's, in one Region.

rules! {
    GRT_001 = "GRT-001", Must, Documented,
        "CreateGrant answers GrantId and GrantToken, and ListGrants shows the grant with its key, grantee and operations",
        "KMS API Reference, CreateGrant and ListGrants", "F-130 F-114";
    GRT_002 = "GRT-002", Must, Documented,
        "A grant belongs to one member: others do not list it",
        "KMS Developer Guide, Multi-Region keys", "F-032 F-130";
    GRT_003 = "GRT-003", Must, Documented,
        "A promotion moves, copies and loses no grant",
        "KMS Developer Guide, Update the primary Region", "F-052 F-032";
    GRT_004 = "GRT-004", Must, Documented,
        "UpdatePrimaryRegion and ReplicateKey are no grant operations: CreateGrant that names them is a ValidationException",
        "KMS Developer Guide, Grant operations", "F-114";
    GRT_005 = "GRT-005", Must, Documented,
        "RevokeGrant removes the grant; a grant of another member cannot be revoked",
        "KMS API Reference, RevokeGrant", "F-130";
    GRT_006 = "GRT-006", Must, Documented,
        "RetireGrant removes the grant, by token or by key and id",
        "KMS API Reference, RetireGrant", "F-130";
    GRT_007 = "GRT-007", Must, Documented,
        "ListRetirableGrants lists the grants of its Region with that retiring principal",
        "KMS API Reference, ListRetirableGrants", "F-130";
    GRT_008 = "GRT-008", Must, Documented,
        "ListGrants can be limited to one grant or one grantee",
        "KMS API Reference, ListGrants", "F-130";
    GRT_009 = "GRT-009", Must, Documented,
        "A new replica has no grants",
        "KMS Developer Guide, Create multi-Region replica keys", "F-032 F-042";
    GRT_010 = "GRT-010", Must, Documented, limited,
        "A grant allows its operations to its grantee, on its member only",
        "KMS Developer Guide, Grants", "F-114 F-032";
    GRT_011 = "GRT-011", Must, Documented, limited,
        "A grant allows no operation that it does not name, and never a promotion",
        "KMS Developer Guide, Grants", "F-114";
    GRT_012 = "GRT-012", Must, Documented, limited,
        "Grant constraints limit a grant to its encryption context",
        "KMS API Reference, CreateGrant, Constraints", "F-114";
    GRT_013 = "GRT-013", Must, Documented, limited,
        "Grants go on working for their member after a promotion",
        "KMS Developer Guide, Update the primary Region", "F-052 F-114";
    GRT_014 = "GRT-014", Must, Documented, limited,
        "A revoked or retired grant allows nothing any more",
        "KMS API Reference, RevokeGrant and RetireGrant", "F-114 F-077";
    GRT_015 = "GRT-015", Should, Recorded,
        "A grant to an ARN that no principal can have: InvalidArnException",
        "recorded from AWS", "F-114";
    GRT_016 = "GRT-016", Should, Recorded,
        "A constraint on the encryption context of an HMAC or asymmetric key: ValidationException",
        "recorded from AWS", "F-114";
    GRT_017 = "GRT-017", Must, Documented,
        "CreateGrant repeated with the same Name and parameters makes no second grant: it answers the GrantId again",
        "KMS API Reference, CreateGrant, Name", "F-114";
}

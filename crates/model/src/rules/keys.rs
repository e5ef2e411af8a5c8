//! Identifiers, CreateKey, DescribeKey, ListKeys.

rules! {
    KEY_001 = "KEY-001", Must, Documented,
        "A key ARN is `arn:<partition>:kms:<region>:<account>:key/<key-id>`",
        "KMS Developer Guide, Key identifiers", "F-020";
    KEY_002 = "KEY-002", Must, Documented,
        "The id of a multi-Region key starts with `mrk-`",
        "KMS Developer Guide, Multi-Region keys", "F-021";
    KEY_003 = "KEY-003", Should, Documented,
        "After `mrk-` come 32 lower-case hexadecimal digits",
        "KMS Developer Guide, Multi-Region keys", "F-021";
    KEY_004 = "KEY-004", Must, Documented,
        "The id of a single-Region key is a UUID",
        "KMS Developer Guide, Key identifiers", "F-020";
    KEY_005 = "KEY-005", Must, Documented,
        "All members of a family have one key id; their ARNs differ in the Region only",
        "KMS Developer Guide, Multi-Region keys", "F-022";
    KEY_006 = "KEY-006", Must, Recorded,
        "A key id that does not exist in the Region called: NotFoundException",
        "recorded from AWS", "F-025";
    KEY_007 = "KEY-007", Must, Recorded,
        "A key ARN of another Region than the one called: NotFoundException; with a ciphertext also IncorrectKeyException",
        "recorded from AWS", "F-026";
    KEY_008 = "KEY-008", Should, Documented,
        "A string that starts with `arn:` but is no KMS key ARN: InvalidArnException or NotFoundException",
        "KMS API Reference, DescribeKey, Errors", "F-027";
    KEY_009 = "KEY-009", Must, Documented,
        "DescribeKey and cryptographic operations take key id, key ARN, alias name and alias ARN",
        "KMS API Reference, DescribeKey, KeyId", "F-028";
    KEY_010 = "KEY-010", Must, Conflicting,
        "An alias is refused where only key id and key ARN are documented",
        "KMS API Reference, EnableKey and others, KeyId", "F-024";
    KEY_011 = "KEY-011", Must, Documented,
        "A multi-Region key shows MultiRegion true, its type, its primary and its replicas, the same on every member once settled",
        "KMS API Reference, DescribeKey; MultiRegionConfiguration", "F-033";
    KEY_012 = "KEY-012", Must, Recorded,
        "A single-Region key shows MultiRegion false and no MultiRegionConfiguration",
        "recorded from AWS", "F-033";
    KEY_013 = "KEY-013", Must, Recorded,
        "A new primary has no replicas",
        "recorded from AWS", "F-034";
    KEY_014 = "KEY-014", Must, Recorded,
        "KeyMetadata has all its members (account, manager, dates, spec, usage, origin, description, state)",
        "recorded from AWS", "F-034";
    KEY_015 = "KEY-015", Must, Documented,
        "Enabled is true exactly in key state Enabled",
        "KMS API Reference, KeyMetadata", "F-035";
    KEY_016 = "KEY-016", Must, Documented,
        "KeyMetadata lists the algorithms that fit spec and usage",
        "KMS API Reference, KeyMetadata", "F-034";
    KEY_017 = "KEY-017", Must, Documented,
        "CreateKey makes the key that was asked for: spec, usage, origin, description",
        "KMS API Reference, CreateKey", "F-034";
    KEY_018 = "KEY-018", May, Observed,
        "CurrentKeyMaterialId is 64 hexadecimal digits",
        "KMS API Reference, KeyMetadata", "F-036";
    KEY_019 = "KEY-019", Must, Observed,
        "CreateKey refuses a usage that is missing or does not fit the spec: ValidationException",
        "KMS API Reference, CreateKey, KeyUsage", "F-105 F-008";
    KEY_020 = "KEY-020", Must, Documented,
        "A key with EXTERNAL origin is made in PendingImport",
        "KMS Developer Guide, Importing key material", "F-120";
    KEY_021 = "KEY-021", Must, Documented,
        "ListKeys shows a member in its own Region only",
        "KMS API Reference, ListKeys", "F-133";
    KEY_022 = "KEY-022", Must, Documented,
        "Lists come in pages: Limit, Truncated, NextMarker and Marker",
        "KMS API Reference, ListKeys", "F-133";
    KEY_023 = "KEY-023", Must, Documented,
        "A marker that no page gave is refused with InvalidMarkerException",
        "KMS API Reference, ListKeys, Errors", "F-133";
    KEY_024 = "KEY-024", Must, Documented,
        "A single-Region key is never Creating, Updating or PendingReplicaDeletion",
        "KMS Developer Guide, Key states of KMS keys", "F-070";
    KEY_025 = "KEY-025", Must, Observed,
        "A member's CreationDate is its own, and the same for as long as there is the member; a promotion does not renew it",
        "KMS API Reference, KeyMetadata; recorded from AWS", "F-037";
    KEY_026 = "KEY-026", Should, Documented,
        "A key of spec ECC_NIST_EDWARDS25519 can be made: it signs by ED25519_SHA_512 and ED25519_PH_SHA_512",
        "KMS API Reference, CreateKey, KeySpec", "F-038";
    KEY_027 = "KEY-027", Should, Documented,
        "Keys of spec ML_DSA_44, ML_DSA_65 and ML_DSA_87 can be made: they sign by ML_DSA_SHAKE_256",
        "KMS API Reference, CreateKey, KeySpec", "F-038";
}

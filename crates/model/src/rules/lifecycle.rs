//! Enabling, disabling, deletion, and the key-state table.

rules! {
    STA_001 = "STA-001", Must, Documented,
        "EnableKey and DisableKey concern one member only",
        "KMS API Reference, EnableKey, DisableKey", "F-080";
    STA_002 = "STA-002", Must, Documented,
        "EnableKey on an enabled key and DisableKey on a disabled key succeed and change nothing",
        "KMS API Reference, EnableKey, DisableKey", "F-081";
    STA_003 = "STA-003", Must, Documented,
        "One member's state does not affect cryptography with another",
        "KMS Developer Guide, Multi-Region keys", "F-080 F-108";
    STA_004 = "STA-004", Must, Documented,
        "DisableKey and EnableKey change the key state",
        "KMS API Reference, EnableKey, DisableKey", "F-080 F-035";
    DEL_001 = "DEL-001", Must, Documented,
        "ScheduleKeyDeletion answers key ARN, state and window",
        "KMS API Reference, ScheduleKeyDeletion", "F-082";
    DEL_002 = "DEL-002", Must, Documented,
        "The default window is 30 days",
        "KMS API Reference, ScheduleKeyDeletion", "F-082";
    DEL_003 = "DEL-003", Must, Documented,
        "A window outside 7-30 days: ValidationException",
        "KMS API Reference, ScheduleKeyDeletion", "F-082";
    DEL_004 = "DEL-004", Must, Documented,
        "A primary with replicas left goes to PendingReplicaDeletion, without a DeletionDate",
        "KMS Developer Guide, Deleting multi-Region keys", "F-083";
    DEL_005 = "DEL-005", Must, Documented,
        "In PendingReplicaDeletion DescribeKey shows PendingDeletionWindowInDays",
        "KMS API Reference, KeyMetadata", "F-083";
    DEL_006 = "DEL-006", Must, Documented,
        "A key without replicas goes to PendingDeletion, with a DeletionDate",
        "KMS API Reference, ScheduleKeyDeletion", "F-082 F-083";
    DEL_007 = "DEL-007", Must, Documented,
        "Scheduling deletion of the primary does not touch replicas",
        "KMS Developer Guide, Deleting multi-Region keys", "F-084";
    DEL_008 = "DEL-008", Must, Documented,
        "CancelKeyDeletion answers the key ARN and leaves the key Disabled",
        "KMS API Reference, CancelKeyDeletion", "F-085";
    DEL_009 = "DEL-009", Must, Documented,
        "CancelKeyDeletion on a key that is not pending deletion: KMSInvalidStateException",
        "KMS API Reference, CancelKeyDeletion", "F-085";
    DEL_010 = "DEL-010", Must, Documented,
        "ScheduleKeyDeletion on a key that is pending deletion: KMSInvalidStateException",
        "KMS API Reference, ScheduleKeyDeletion", "F-087";
    DEL_011 = "DEL-011", Must, Documented,
        "Scheduling deletion of a replica leaves the primary and the family's lists as they are",
        "KMS Developer Guide, Deleting multi-Region keys", "F-041 F-086";
    DEL_012 = "DEL-012", Must, Documented,
        "When its waiting period is over a member is gone: NotFoundException, and no list shows it",
        "KMS Developer Guide, Deleting multi-Region keys", "F-086";
    DEL_013 = "DEL-013", Must, Documented,
        "No member is deleted before its waiting period is over",
        "KMS API Reference, ScheduleKeyDeletion", "F-082 F-083";
    DEL_014 = "DEL-014", Must, Documented,
        "The waiting period of a primary starts when its last replica is gone; then it is PendingDeletion, with a DeletionDate",
        "KMS Developer Guide, Deleting multi-Region keys", "F-083";
    DEL_015 = "DEL-015", Must, Documented,
        "The aliases of a deleted key disappear with it",
        "KMS Developer Guide, Deleting keys", "F-089";
    DEL_016 = "DEL-016", Must, Documented,
        "A deleted replica can be made again",
        "KMS Developer Guide, Multi-Region keys", "F-045";
    DEL_017 = "DEL-017", Must, Documented,
        "What a deleted member encrypted still decrypts with every other member, and with the replica made again",
        "KMS Developer Guide, Multi-Region keys", "F-045 F-086";
    ROT_001 = "ROT-001", Must, Documented,
        "EnableKeyRotation and DisableKeyRotation switch the status of symmetric AWS_KMS keys",
        "KMS API Reference, EnableKeyRotation", "F-090";
    ROT_002 = "ROT-002", Must, Documented,
        "Rotation of a replica cannot be switched",
        "KMS API Reference, EnableKeyRotation", "F-090";
    ROT_003 = "ROT-003", Must, Documented,
        "Asymmetric, HMAC and imported keys have no automatic rotation: it cannot be switched on, and the status is false or unsupported",
        "KMS API Reference, EnableKeyRotation", "F-090";
    ROT_004 = "ROT-004", Must, Documented,
        "RotationPeriodInDays is 90-2560 and shown by GetKeyRotationStatus; left out, 365, or the period of a key that rotates already",
        "KMS API Reference, EnableKeyRotation", "F-090";
    ROT_005 = "ROT-005", Must, Documented,
        "Rotation status is the same on every member once settled",
        "KMS Developer Guide, Rotate multi-Region keys", "F-091";
    ROT_006 = "ROT-006", Must, Documented,
        "RotateKeyOnDemand works on the primary and answers the key ARN; it may end later",
        "KMS API Reference, RotateKeyOnDemand", "F-092";
    ROT_007 = "ROT-007", Must, Documented,
        "ListKeyRotations lists the rotations that were completed, each once, and keeps them",
        "KMS API Reference, ListKeyRotations", "F-093 F-097";
    ROT_008 = "ROT-008", Must, Documented,
        "At most 25 completed on-demand rotations a key: LimitExceededException",
        "KMS API Reference, RotateKeyOnDemand", "F-092";
    ROT_009 = "ROT-009", Must, Documented,
        "RotateKeyOnDemand on asymmetric and HMAC keys is refused, and on imported keys without new material",
        "KMS API Reference, RotateKeyOnDemand", "F-092 F-096";
    ROT_010 = "ROT-010", Must, Inferred,
        "RotateKeyOnDemand on a replica is refused",
        "KMS API Reference, RotateKeyOnDemand", "F-095";
    ROT_011 = "ROT-011", Must, Documented,
        "In PendingDeletion the rotation status reads false; cancelling restores it",
        "KMS API Reference, GetKeyRotationStatus", "F-094";
    ROT_012 = "ROT-012", Must, Documented,
        "Disabling a key keeps its rotation status",
        "KMS API Reference, GetKeyRotationStatus", "F-094";
    ROT_013 = "ROT-013", Must, Inferred,
        "A promotion keeps rotation status and period",
        "KMS Developer Guide, Rotate multi-Region keys", "F-095";
    ROT_014 = "ROT-014", Must, Documented,
        "A promotion keeps the history of rotations, on every member",
        "KMS Developer Guide, Rotate multi-Region keys", "F-095";
    ROT_015 = "ROT-015", Must, Documented,
        "A rotation on demand that was accepted is completed, and every member lists it then",
        "KMS API Reference, RotateKeyOnDemand; KMS Developer Guide, Rotate multi-Region keys", "F-092 F-093";
    ROT_016 = "ROT-016", Must, Documented, newmaterial,
        "RotateKeyOnDemand on an imported key takes the new material into use",
        "KMS API Reference, RotateKeyOnDemand", "F-096";
    ROT_017 = "ROT-017", Must, Documented, newmaterial,
        "Imported material is rotated only when every member has the new one: KMSInvalidStateException",
        "KMS Developer Guide, Rotate multi-Region keys with imported key material", "F-125 F-093";
    ROT_018 = "ROT-018", Should, Recorded, newmaterial,
        "ListKeyRotations with ALL_KEY_MATERIAL lists each imported material and where it stands",
        "recorded from AWS; KMS API Reference, ListKeyRotations", "F-097";
}

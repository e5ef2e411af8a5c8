//! As AWS answers: what the documentation leaves open, and the real service was recorded to do. The cases are
//! in [`crate::recorded`].

rules! {
    AWS_001 = "AWS-001", Should, Recorded,
        "UpdatePrimaryRegion to the primary's own Region succeeds and changes nothing",
        "recorded from AWS, update_primary_same", "F-057";
    AWS_002 = "AWS-002", Should, Recorded,
        "UpdatePrimaryRegion to a Region without a replica: ValidationException",
        "recorded from AWS, update_primary_missing", "F-053";
    AWS_003 = "AWS-003", Should, Recorded,
        "UpdatePrimaryRegion on a replica: KMSInvalidStateException",
        "recorded from AWS, update_from_replica", "F-058";
    AWS_004 = "AWS-004", Should, Recorded,
        "An alias where only ids and ARNs are taken: InvalidArnException",
        "recorded from AWS, alias_update-primary-region, alias_replicate-key, alias_rotate-key-on-demand", "F-024";
    AWS_005 = "AWS-005", Should, Recorded,
        "UpdatePrimaryRegion to a replica that is disabled or pending deletion: the exception of its state, with its ARN",
        "recorded from AWS, promote_disabled_replica, promote_deleting_replica", "F-061";
    AWS_006 = "AWS-006", Should, Recorded,
        "UpdatePrimaryRegion from a disabled key to a disabled one names the source",
        "recorded from AWS, promote_disabled_primary", "F-064";
    AWS_007 = "AWS-007", Should, Recorded,
        "ReplicateKey to the primary's own Region: ValidationException",
        "recorded from AWS, replicate_region_us-east-1", "F-041";
    AWS_008 = "AWS-008", Should, Recorded,
        "ReplicateKey to another partition: ValidationException",
        "recorded from AWS, replicate_region_cn-north-1", "F-041";
    AWS_009 = "AWS-009", Should, Recorded,
        "ReplicateKey of a disabled primary to a Region that has a replica: DisabledException",
        "recorded from AWS, replicate_disabled_primary", "F-064";
    AWS_010 = "AWS-010", Should, Recorded,
        "RotateKeyOnDemand on a replica: UnsupportedOperationException",
        "recorded from AWS, replica_RotateKeyOnDemand", "F-095";
    AWS_011 = "AWS-011", Should, Recorded,
        "Rotation of a key that is disabled or pending deletion: the exception of its state",
        "recorded from AWS, the disabled and deleting cases of rotation", "F-094";
    AWS_012 = "AWS-012", Should, Recorded,
        "RotateKeyOnDemand of imported material where none waits: KMSInvalidStateException",
        "recorded from AWS, imported_rotate-key-on-demand", "F-125";
    AWS_013 = "AWS-013", Should, Recorded,
        "GetKeyRotationStatus of a key that never rotates by itself succeeds",
        "recorded from AWS, hmac_get-key-rotation-status, imported_get-key-rotation-status", "F-090";
    AWS_014 = "AWS-014", Should, Recorded,
        "ListKeyRotations of a key that never rotates by itself succeeds",
        "recorded from AWS, hmac_list-key-rotations, symmetric_empty_history", "F-090";
    AWS_015 = "AWS-015", Should, Recorded,
        "ListKeyRotations with all material of a key that is not symmetric: ValidationException",
        "recorded from AWS, HMAC_256_history", "F-097";
    AWS_016 = "AWS-016", Should, Recorded,
        "DisableKeyRotation of an HMAC key succeeds",
        "recorded from AWS, hmac_disable-key-rotation", "F-090";
    AWS_017 = "AWS-017", Should, Recorded,
        "GenerateMac and GetPublicKey of a key that is pending deletion: KMSInvalidStateException",
        "recorded from AWS, pending_deletion_generate, deleting_public_key", "F-107";
    AWS_018 = "AWS-018", Should, Recorded,
        "GetPublicKey of a disabled key succeeds",
        "recorded from AWS, disabled_public_key", "F-107";
    AWS_019 = "AWS-019", Should, Recorded,
        "GenerateMac of a disabled key with an algorithm that it does not have: DisabledException",
        "recorded from AWS, disabled_wrong_algorithm", "F-064";
    AWS_020 = "AWS-020", Should, Recorded,
        "Sign: InvalidKeyUsageException for another key spec's algorithm, ValidationException for a type of message that does not fit",
        "recorded from AWS, wrong_algorithm, sign_digest", "F-105";
    AWS_021 = "AWS-021", Should, Recorded,
        "Decrypt with the ARN of a related key in another Region: IncorrectKeyException",
        "recorded from AWS, decrypt_replica_primary_arn", "F-026";
    AWS_022 = "AWS-022", Should, Recorded,
        "ImportKeyMaterial of what was not wrapped for the key: InvalidCiphertextException",
        "recorded from AWS, ciphertext_corrupt, HMAC_256_length_31", "F-124";
    AWS_023 = "AWS-023", Should, Recorded,
        "GetParametersForImport with a way to wrap that does not fit the key spec: ValidationException",
        "recorded from AWS, RSA_2048_direct_2048, symmetric_hybrid_wrapping", "F-123";
    AWS_024 = "AWS-024", Should, Recorded,
        "CreateGrant for what the key cannot do: ValidationException",
        "recorded from AWS, encryption_grant", "F-114";
    AWS_025 = "AWS-025", Should, Recorded, transient,
        "In key state Updating Enabled is false",
        "recorded from AWS, former_primary_updating, new_primary_updating", "F-035";
    AWS_026 = "AWS-026", Should, Recorded, transient,
        "In key state Creating a replica shows the primary's rotation status",
        "recorded from AWS, replica_initial_rotation", "F-047";
    AWS_027 = "AWS-027", Should, Recorded, transient,
        "In key state Creating there is no CurrentKeyMaterialId",
        "recorded from AWS, replica_initial", "F-047";
    AWS_028 = "AWS-028", Should, Recorded,
        "ImportKeyMaterial with ValidTo in the past, 365 days ahead, or beside KEY_MATERIAL_DOES_NOT_EXPIRE: ValidationException",
        "recorded from AWS, expired_valid_to, excessive_valid_to, no_expiry_with_valid_to", "F-124";
    AWS_029 = "AWS-029", Should, Recorded,
        "Parameters for import can be used again, and older ones stay valid",
        "recorded from AWS, initial_import_old_token", "F-124";
    AWS_030 = "AWS-030", Should, Recorded,
        "ValidTo without ExpirationModel means KEY_MATERIAL_EXPIRES",
        "recorded from AWS, expiring_pending", "F-124";
    AWS_031 = "AWS-031", Should, Recorded,
        "ImportKeyMaterial with members for symmetric primaries only, on another key: ValidationException",
        "recorded from AWS, replica_first_import, HMAC_224_KeyMaterialDescription", "F-125";
    AWS_032 = "AWS-032", Should, Recorded,
        "ReplicateKey to a Region that does not exist: ValidationException",
        "recorded from AWS, replicate_region_us-invalid-1", "F-041";
}

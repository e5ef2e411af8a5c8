//! Imported key material (origin EXTERNAL).

rules! {
    IMP_001 = "IMP-001", Must, Documented,
        "GetParametersForImport gives ImportToken, PublicKey and ParametersValidTo",
        "KMS API Reference, GetParametersForImport", "F-120";
    IMP_002 = "IMP-002", Must, Recorded,
        "GetParametersForImport on a key with AWS_KMS origin: UnsupportedOperationException",
        "recorded from AWS", "F-123";
    IMP_003 = "IMP-003", Must, Documented,
        "ImportKeyMaterial makes a key that is pending import Enabled",
        "KMS API Reference, ImportKeyMaterial", "F-120";
    IMP_004 = "IMP-004", Must, Documented,
        "Material is imported into each member by itself, and copied to none",
        "KMS Developer Guide, Multi-Region keys with imported key material", "F-120 F-032";
    IMP_005 = "IMP-005", Must, Documented,
        "A member takes no other material than its family's: IncorrectKeyMaterialException; the primary may take the next one",
        "KMS Developer Guide, Multi-Region keys with imported key material", "F-120 F-125 F-127";
    IMP_006 = "IMP-006", Must, Documented,
        "DeleteImportedKeyMaterial makes its member, and no other, pending import",
        "KMS API Reference, DeleteImportedKeyMaterial", "F-121";
    IMP_007 = "IMP-007", Must, Documented,
        "DescribeKey shows the member's own expiration model and ValidTo",
        "KMS API Reference, DescribeKey", "F-121 F-032";
    IMP_008 = "IMP-008", Must, Documented,
        "Expired material makes its member, and no other, pending import",
        "KMS Developer Guide, Imported key material", "F-121";
    IMP_009 = "IMP-009", Must, Recorded,
        "KEY_MATERIAL_EXPIRES without ValidTo: ValidationException",
        "recorded from AWS", "F-124";
    IMP_010 = "IMP-010", Must, Documented,
        "Members with the same imported material decrypt each other's ciphertexts",
        "KMS Developer Guide, Multi-Region keys with imported key material", "F-122";
    IMP_011 = "IMP-011", Must, Documented,
        "A promotion changes no import status and no expiry",
        "KMS Developer Guide, Update the primary Region", "F-032 F-052";
    IMP_012 = "IMP-012", Must, Documented,
        "The same material imported again opens the old ciphertexts",
        "KMS Developer Guide, Imported key material", "F-121 F-122";
    IMP_013 = "IMP-013", Must, Documented,
        "An import token that is no token of this key is refused",
        "KMS API Reference, ImportKeyMaterial, Errors", "F-120";
    IMP_014 = "IMP-014", Must, Documented,
        "ImportKeyMaterial and DeleteImportedKeyMaterial on a key with AWS_KMS origin: UnsupportedOperationException",
        "KMS Developer Guide, Key states", "F-123";
    IMP_015 = "IMP-015", Must, Documented,
        "Wrapped material that does not unwrap is refused",
        "KMS API Reference, ImportKeyMaterial, Errors", "F-120";
    IMP_016 = "IMP-016", Must, Documented,
        "RSAES_OAEP_SHA_256 and RSA_AES_KEY_WRAP_SHA_256 both import",
        "KMS API Reference, GetParametersForImport, WrappingAlgorithm", "F-120";
    IMP_017 = "IMP-017", Must, Documented,
        "After a promotion both sides of a family with imported material still decrypt",
        "KMS Developer Guide, Update the primary Region", "F-052 F-122";
    IMP_018 = "IMP-018", Must, Documented,
        "Imported material has one KeyMaterialId, the same in every member and in every answer",
        "KMS API Reference, ImportKeyMaterial and DescribeKey", "F-127";
    IMP_019 = "IMP-019", Must, Documented, newmaterial,
        "New material (ImportType NEW_KEY_MATERIAL) waits for a rotation: until then nothing else changes",
        "KMS API Reference, ImportKeyMaterial", "F-125 F-126";
    IMP_020 = "IMP-020", Must, Documented, newmaterial,
        "NEW_KEY_MATERIAL on a replica: ValidationException; new material comes to the primary first",
        "KMS API Reference, ImportKeyMaterial, ImportType", "F-125";
    IMP_021 = "IMP-021", Must, Recorded, newmaterial,
        "While new material waits for a rotation no other is taken: KMSInvalidStateException",
        "recorded from AWS", "F-125";
    IMP_022 = "IMP-022", Must, Recorded, newmaterial,
        "A member that lacks the current or an older material is pending import, and no other member",
        "recorded from AWS; KMS Developer Guide, Imported key material", "F-121 F-126";
    IMP_023 = "IMP-023", Should, Recorded, newmaterial,
        "Material that waits and is deleted from the primary waits on no replica any more",
        "recorded from AWS", "F-126";
    IMP_024 = "IMP-024", Must, Documented,
        "The same material in another key has another KeyMaterialId",
        "KMS API Reference, ImportKeyMaterial, KeyMaterialId", "F-127";
    IMP_030 = "IMP-030", Should, Observed,
        "A wrapping algorithm or wrapping key spec that does not fit the key spec: ValidationException",
        "KMS API Reference, GetParametersForImport, WrappingAlgorithm", "F-128";
}

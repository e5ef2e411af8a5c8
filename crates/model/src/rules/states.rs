//! The rows of the key-state table, one rule an operation.

rules! {
    STA_101 = "STA-101", Must, Documented,
        "CancelKeyDeletion answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_102 = "STA-102", Must, Documented,
        "CreateAlias answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_103 = "STA-103", Must, Documented,
        "Decrypt answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_104 = "STA-104", Must, Documented,
        "DeleteAlias answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_105 = "STA-105", Must, Documented,
        "DescribeKey answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_106 = "STA-106", Must, Documented,
        "DisableKey answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_107 = "STA-107", Must, Documented,
        "DisableKeyRotation answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_108 = "STA-108", Must, Documented,
        "EnableKey answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_109 = "STA-109", Must, Documented,
        "EnableKeyRotation answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_110 = "STA-110", Must, Documented,
        "Encrypt answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_111 = "STA-111", Must, Documented,
        "GenerateDataKey answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_112 = "STA-112", Must, Documented,
        "GenerateDataKeyWithoutPlaintext answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_113 = "STA-113", Must, Documented,
        "GenerateMac answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_114 = "STA-114", Must, Documented,
        "GetKeyPolicy answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_115 = "STA-115", Must, Documented,
        "GetKeyRotationStatus answers in each key state as the key-state table says, or as recorded",
        "KMS Developer Guide, Key states of KMS keys", "F-107 F-047";
    STA_116 = "STA-116", Must, Documented,
        "GetPublicKey answers in each key state as the key-state table says, or as recorded",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_117 = "STA-117", Must, Documented,
        "ListAliases answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_118 = "STA-118", Must, Inferred,
        "ListKeyRotations answers in each key state as the key-state table says, or as recorded",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_119 = "STA-119", Must, Documented,
        "ListResourceTags answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_120 = "STA-120", Must, Documented,
        "PutKeyPolicy answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_121 = "STA-121", Must, Documented,
        "ReEncrypt answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_122 = "STA-122", Must, Documented,
        "ReplicateKey answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107 F-046";
    STA_123 = "STA-123", Must, Inferred,
        "RotateKeyOnDemand answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_124 = "STA-124", Must, Documented,
        "ScheduleKeyDeletion answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_125 = "STA-125", Must, Documented,
        "Sign answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_126 = "STA-126", Must, Documented,
        "TagResource answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_127 = "STA-127", Must, Documented,
        "UntagResource answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_128 = "STA-128", Must, Documented,
        "UpdateAlias answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_129 = "STA-129", Must, Documented,
        "UpdateKeyDescription answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_130 = "STA-130", Must, Documented,
        "UpdatePrimaryRegion answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-061 F-062";
    STA_131 = "STA-131", Must, Documented,
        "Verify answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_132 = "STA-132", Must, Documented,
        "VerifyMac answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_133 = "STA-133", Must, Documented,
        "CreateGrant answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_134 = "STA-134", Must, Documented,
        "ListGrants answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_135 = "STA-135", Must, Documented,
        "RevokeGrant answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_136 = "STA-136", Must, Documented,
        "RetireGrant answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_137 = "STA-137", Must, Documented,
        "GetParametersForImport answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_138 = "STA-138", Must, Documented,
        "ImportKeyMaterial answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_139 = "STA-139", Must, Documented,
        "DeleteImportedKeyMaterial answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_140 = "STA-140", Must, Documented,
        "GenerateDataKeyPair answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_141 = "STA-141", Must, Documented,
        "GenerateDataKeyPairWithoutPlaintext answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
    STA_142 = "STA-142", Must, Inferred,
        "DeriveSharedSecret answers in each key state as the key-state table says",
        "KMS Developer Guide, Key states of KMS keys", "F-107";
}

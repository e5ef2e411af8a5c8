//! The rows of the key-state table (F-107): one rule an operation.

use crate::call::Operation;
use crate::rule::RuleId;
use crate::rules::*;

/// The rule about this operation's row of the key-state table. Operations without one concern no key.
pub fn state_row(operation: Operation) -> Option<RuleId> {
    use Operation::*;
    Some(match operation {
        CancelKeyDeletion => STA_101,
        CreateAlias => STA_102,
        Decrypt => STA_103,
        DeleteAlias => STA_104,
        DescribeKey => STA_105,
        DisableKey => STA_106,
        DisableKeyRotation => STA_107,
        EnableKey => STA_108,
        EnableKeyRotation => STA_109,
        Encrypt => STA_110,
        GenerateDataKey => STA_111,
        GenerateDataKeyWithoutPlaintext => STA_112,
        GenerateMac => STA_113,
        GetKeyPolicy => STA_114,
        GetKeyRotationStatus => STA_115,
        GetPublicKey => STA_116,
        ListAliases => STA_117,
        ListKeyRotations => STA_118,
        ListResourceTags => STA_119,
        PutKeyPolicy => STA_120,
        ReEncrypt => STA_121,
        ReplicateKey => STA_122,
        RotateKeyOnDemand => STA_123,
        ScheduleKeyDeletion => STA_124,
        Sign => STA_125,
        TagResource => STA_126,
        UntagResource => STA_127,
        UpdateAlias => STA_128,
        UpdateKeyDescription => STA_129,
        UpdatePrimaryRegion => STA_130,
        Verify => STA_131,
        VerifyMac => STA_132,
        CreateGrant => STA_133,
        ListGrants => STA_134,
        RevokeGrant => STA_135,
        RetireGrant => STA_136,
        GetParametersForImport => STA_137,
        ImportKeyMaterial => STA_138,
        DeleteImportedKeyMaterial => STA_139,
        GenerateDataKeyPair => STA_140,
        GenerateDataKeyPairWithoutPlaintext => STA_141,
        DeriveSharedSecret => STA_142,
        CreateKey | ListKeys | ListRetirableGrants | GenerateRandom | Unknown => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_about_its_operation() {
        for op in Operation::ALL {
            if let Some(row) = state_row(*op) {
                let title = crate::rules::get(row).title;
                assert!(title.starts_with(&format!("{op} answers in each key state")), "{op}: {title}");
            }
        }
    }
}

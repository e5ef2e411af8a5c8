//! Mistakes about the key-state table: one for each row, and about enabling and disabling.

use super::faults;
use super::tools::*;
use crate::store::State;
use serde_json::json;

faults! {
    "disabling-disables-the-family", "STA-001", "DisableKey disables every member of the family", |t| {
        t.then("DisableKey", |t| { t.on_family(|f, _| f.members.values_mut().for_each(|k| k.state = State::Disabled)); })
    };
    "disabling-twice-fails", "STA-002", "DisableKey on a disabled key is refused", |t| {
        t.refuse_in("DisableKey", "Disabled", "KMSInvalidStateException")
    };
    "a-disabled-member-disables-all", "STA-003", "No member encrypts while another is disabled", |t| {
        let other = t.on_family(|f, region| f.members.iter().any(|(r, k)| r != region && k.state == State::Disabled)).unwrap_or(false);
        if t.is("Encrypt Decrypt GenerateDataKey") && other && t.state() == "Enabled" { return refuse("DisabledException") }
        t.run()
    };
    "disabling-does-nothing", "STA-004", "DisableKey says yes and does nothing", |t| {
        if t.is("DisableKey") && t.state() == "Enabled" { return Ok(serde_json::Value::Null) }
        t.run()
    };
    "cancels-what-is-not-pending", "DEL-009", "CancelKeyDeletion works in every state", |t| t.blind("CancelKeyDeletion");
    "waiting-primary-cannot-be-saved", "STA-101", "The deletion of a primary that waits for its replicas cannot be cancelled", |t| {
        t.refuse_in("CancelKeyDeletion", "PendingReplicaDeletion", "KMSInvalidStateException")
    };
    "alias-for-a-dying-key", "STA-102", "CreateAlias does not look at the key state", |t| t.blind("CreateAlias");
    "decrypt-is-blind", "STA-103", "Decrypt does not look at the key state", |t| {
        if t.text("KeyId").is_empty() { return t.run() }
        t.blind("Decrypt")
    };
    "aliases-of-dying-keys-stay", "STA-104", "DeleteAlias is refused when its key is not enabled", |t| {
        let (slot, now) = ((t.region(), t.text("AliasName")), std::time::Instant::now());
        let dying = t.on_account(|a| {
            let id = a.aliases.get(&slot).map(|x| x.key_id.clone())?;
            Some(a.families.get(&id)?.state_name(&slot.0, now) != "Enabled")
        });
        if t.is("DeleteAlias") && dying == Some(true) { return refuse("KMSInvalidStateException") }
        t.run()
    };
    "dying-keys-cannot-be-described", "STA-105", "DescribeKey of a key pending deletion: NotFoundException", |t| {
        t.refuse_in("DescribeKey", "Disabled", "NotFoundException")
    };
    "disable-is-blind", "STA-106", "DisableKey does not look at the key state", |t| t.blind("DisableKey");
    "rotation-off-is-blind", "STA-107", "DisableKeyRotation does not look at the key state", |t| t.blind("DisableKeyRotation");
    "enable-is-blind", "STA-108", "EnableKey does not look at the key state", |t| t.blind("EnableKey");
    "rotation-on-is-blind", "STA-109", "EnableKeyRotation does not look at the key state", |t| t.blind("EnableKeyRotation");
    "encrypt-is-blind", "STA-110", "Encrypt does not look at the key state", |t| t.blind("Encrypt");
    "data-key-is-blind", "STA-111", "GenerateDataKey does not look at the key state", |t| t.blind("GenerateDataKey");
    "sealed-data-key-is-blind", "STA-112", "GenerateDataKeyWithoutPlaintext does not look at the key state", |t| t.blind("GenerateDataKeyWithoutPlaintext");
    "mac-is-blind", "STA-113", "GenerateMac does not look at the key state", |t| t.blind("GenerateMac");
    "no-policy-of-disabled-keys", "STA-114", "GetKeyPolicy is refused unless the key is enabled", |t| {
        t.refuse_in("GetKeyPolicy", "Disabled PendingDeletion PendingReplicaDeletion PendingImport", "KMSInvalidStateException")
    };
    "no-rotation-status-of-disabled-keys", "STA-115", "GetKeyRotationStatus is refused for disabled keys", |t| {
        t.refuse_in("GetKeyRotationStatus", "Disabled", "DisabledException")
    };
    "public-key-is-blind", "STA-116", "GetPublicKey does not look at the key state", |t| t.blind("GetPublicKey");
    "no-aliases-of-disabled-keys", "STA-117", "ListAliases of a disabled key is refused", |t| {
        t.refuse_in("ListAliases", "Disabled PendingDeletion", "DisabledException")
    };
    "no-rotations-of-disabled-keys", "STA-118", "ListKeyRotations is refused for disabled keys", |t| {
        t.refuse_in("ListKeyRotations", "Disabled", "DisabledException")
    };
    "no-tags-of-disabled-keys", "STA-119", "ListResourceTags is refused for disabled keys", |t| {
        t.refuse_in("ListResourceTags", "Disabled", "DisabledException")
    };
    "no-policy-for-dying-keys", "STA-120", "PutKeyPolicy is refused while deletion is pending", |t| {
        t.refuse_in("PutKeyPolicy", "PendingDeletion PendingReplicaDeletion", "KMSInvalidStateException")
    };
    "re-encrypt-is-blind", "STA-121", "ReEncrypt does not look at the destination's state", |t| {
        let to = t.text("DestinationKeyId");
        let region = t.region();
        let disabled = t.on_account(|a| a.families.get_mut(&to).and_then(|f| {
            let key = f.members.get_mut(&region)?;
            let old = key.state;
            key.state = if old == State::PendingImport { old } else { State::Enabled };
            Some(old)
        }));
        if !t.is("ReEncrypt") {
            if let Some(old) = disabled { t.on_account(|a| if let Some(k) = a.families.get_mut(&to).and_then(|f| f.members.get_mut(&region)) { k.state = old }); }
            return t.run()
        }
        let answer = t.run();
        if let Some(old) = disabled { t.on_account(|a| if let Some(k) = a.families.get_mut(&to).and_then(|f| f.members.get_mut(&region)) { k.state = old }); }
        answer
    };
    "replicate-is-blind", "STA-122", "ReplicateKey does not look at the key state", |t| t.blind("ReplicateKey");
    "rotation-on-demand-is-blind", "STA-123", "RotateKeyOnDemand does not look at the key state", |t| t.blind("RotateKeyOnDemand");
    "deletion-needs-an-enabled-key", "STA-124", "Deletion of a disabled key cannot be scheduled", |t| {
        t.refuse_in("ScheduleKeyDeletion", "Disabled PendingImport", "DisabledException")
    };
    "sign-is-blind", "STA-125", "Sign does not look at the key state", |t| t.blind("Sign");
    "tagging-is-blind", "STA-126", "TagResource does not look at the key state", |t| t.blind("TagResource");
    "untagging-is-blind", "STA-127", "UntagResource does not look at the key state", |t| t.blind("UntagResource");
    "alias-moves-to-a-dying-key", "STA-128", "UpdateAlias does not look at the new key's state", |t| t.blind("UpdateAlias");
    "describing-is-blind", "STA-129", "UpdateKeyDescription does not look at the key state", |t| t.blind("UpdateKeyDescription");
    "promotion-of-dying-keys-is-disabled", "STA-130", "A primary in PendingImport is refused with DisabledException", |t| {
        t.refuse_in("UpdatePrimaryRegion", "PendingImport", "DisabledException")
    };
    "verify-is-blind", "STA-131", "Verify does not look at the key state", |t| t.blind("Verify");
    "verify-mac-is-blind", "STA-132", "VerifyMac does not look at the key state", |t| t.blind("VerifyMac");
    "grants-are-blind", "STA-133", "CreateGrant does not look at the key state", |t| t.blind("CreateGrant");
    "no-grants-of-disabled-keys", "STA-134", "ListGrants is refused for disabled keys", |t| {
        t.refuse_in("ListGrants", "Disabled", "DisabledException")
    };
    "no-revocation-on-dying-keys", "STA-135", "RevokeGrant is refused while deletion is pending", |t| {
        t.refuse_in("RevokeGrant", "PendingDeletion PendingReplicaDeletion", "KMSInvalidStateException")
    };
    "no-retirement-on-dying-keys", "STA-136", "RetireGrant is refused while deletion is pending", |t| {
        t.refuse_in("RetireGrant", "PendingDeletion PendingReplicaDeletion", "KMSInvalidStateException")
    };
    "parameters-are-blind", "STA-137", "GetParametersForImport does not look at the key state", |t| t.blind("GetParametersForImport");
    "import-is-blind", "STA-138", "ImportKeyMaterial does not look at the key state", |t| {
        if t.state().starts_with("PendingDel") || t.state().starts_with("PendingRep") { t.blind("ImportKeyMaterial") } else { t.run() }
    };
    "deleting-material-needs-an-enabled-key", "STA-139", "Material of a key that is not enabled cannot be deleted", |t| {
        t.refuse_in("DeleteImportedKeyMaterial", "Disabled PendingDeletion PendingReplicaDeletion", "KMSInvalidStateException")
    };
    "key-pairs-are-blind", "STA-140", "GenerateDataKeyPair does not look at the key state", |t| t.blind("GenerateDataKeyPair");
    "sealed-key-pairs-are-blind", "STA-141", "GenerateDataKeyPairWithoutPlaintext does not look at the key state", |t| t.blind("GenerateDataKeyPairWithoutPlaintext");
    "agreement-is-blind", "STA-142", "DeriveSharedSecret does not look at the key state", |t| t.blind("DeriveSharedSecret");
    "disabled-is-an-invalid-state", "STA-110" ["STA-111"], "Disabled keys are refused with KMSInvalidStateException", |t| {
        t.recode("Encrypt GenerateDataKey", "DisabledException", "KMSInvalidStateException")
    };
    "enabling-enables-dying-keys", "STA-108", "EnableKey ends a pending deletion", |t| {
        if t.is("EnableKey") && t.state().starts_with("PendingDel") {
            let id = t.key_id();
            let _ = t.ask("CancelKeyDeletion", json!({ "KeyId": id }));
        }
        t.run()
    };
}

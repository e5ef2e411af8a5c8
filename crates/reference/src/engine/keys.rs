//! CreateKey, DescribeKey, ListKeys, EnableKey, DisableKey and deletion.

use super::super::crypto;
use super::super::error::{Answer, invalid_state, unsupported, validation};
use super::super::store::{Account, Family, Imported, Key, State};
use super::attributes::{check_tags, default_policy, put_policy_text};
use super::{Engine, Request, epoch, family, listed, page, refuse_in, resolve};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const SPECS: &[&str] = &[
    "SYMMETRIC_DEFAULT",
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "ECC_NIST_P256",
    "ECC_NIST_P384",
    "ECC_NIST_P521",
    "ECC_SECG_P256K1",
    "HMAC_224",
    "HMAC_256",
    "HMAC_384",
    "HMAC_512",
    "SM2",
    "ML_DSA_44",
    "ML_DSA_65",
    "ML_DSA_87",
    "ECC_NIST_EDWARDS25519",
    "ML_KEM_512",
    "ML_KEM_768",
    "ML_KEM_1024",
];
const USAGES: &[&str] =
    &["SIGN_VERIFY", "ENCRYPT_DECRYPT", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT", "ENCAPSULATE_DECAPSULATE"];
const ORIGINS: &[&str] = &["AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"];

/// The list of algorithms of a key: the member of KeyMetadata and its content.
pub fn algorithms(family: &Family) -> (&'static str, Vec<&'static str>) {
    let spec = family.spec.as_str();
    match family.usage.as_str() {
        "GENERATE_VERIFY_MAC" => (
            "MacAlgorithms",
            match spec {
                "HMAC_224" => vec!["HMAC_SHA_224"],
                "HMAC_256" => vec!["HMAC_SHA_256"],
                "HMAC_384" => vec!["HMAC_SHA_384"],
                _ => vec!["HMAC_SHA_512"],
            },
        ),
        "KEY_AGREEMENT" => ("KeyAgreementAlgorithms", vec!["ECDH"]),
        "SIGN_VERIFY" => (
            "SigningAlgorithms",
            match spec {
                "ECC_NIST_P256" | "ECC_SECG_P256K1" => vec!["ECDSA_SHA_256"],
                "ECC_NIST_P384" => vec!["ECDSA_SHA_384"],
                "ECC_NIST_P521" => vec!["ECDSA_SHA_512"],
                "ECC_NIST_EDWARDS25519" => vec!["ED25519_PH_SHA_512", "ED25519_SHA_512"],
                s if s.starts_with("ML_DSA_") => vec!["ML_DSA_SHAKE_256"],
                _ => vec![
                    "RSASSA_PKCS1_V1_5_SHA_256",
                    "RSASSA_PKCS1_V1_5_SHA_384",
                    "RSASSA_PKCS1_V1_5_SHA_512",
                    "RSASSA_PSS_SHA_256",
                    "RSASSA_PSS_SHA_384",
                    "RSASSA_PSS_SHA_512",
                ],
            },
        ),
        _ if spec == "SYMMETRIC_DEFAULT" => ("EncryptionAlgorithms", vec!["SYMMETRIC_DEFAULT"]),
        _ => ("EncryptionAlgorithms", vec!["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"]),
    }
}

fn usages_of(spec: &str) -> &'static [&'static str] {
    match spec {
        "SYMMETRIC_DEFAULT" => &["ENCRYPT_DECRYPT"],
        s if s.starts_with("RSA_") => &["ENCRYPT_DECRYPT", "SIGN_VERIFY"],
        s if s.starts_with("HMAC_") => &["GENERATE_VERIFY_MAC"],
        s if s.starts_with("ECC_NIST_P") => &["SIGN_VERIFY", "KEY_AGREEMENT"],
        _ => &["SIGN_VERIFY"],
    }
}

impl Engine {
    fn new_id(&self, multi_region: bool) -> String {
        let hex = format!("{:016x}{:016x}", self.bits(), self.bits());
        if multi_region {
            return format!("mrk-{hex}");
        }
        format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
    }

    pub(super) fn create_key(&self, r: &Request) -> Answer {
        let input = r.input;
        let policy = input.policy()?;
        let description = input.string("Description", 0, 8192)?.unwrap_or_default();
        let usage = input.choice("KeyUsage", USAGES)?;
        let old_spec = input.choice("CustomerMasterKeySpec", SPECS)?;
        let spec = input.choice("KeySpec", SPECS)?.or(old_spec).unwrap_or("SYMMETRIC_DEFAULT".into());
        let origin = input.choice("Origin", ORIGINS)?.unwrap_or("AWS_KMS".into());
        let multi_region = input.boolean("MultiRegion")?;
        let bypass = input.boolean("BypassPolicyLockoutSafetyCheck")?;
        let tags = input.tags(false)?;
        input.end()?;
        r.authorize_by_iam("CreateKey")?;
        let usage = match usage {
            Some(usage) => usage,
            None if spec == "SYMMETRIC_DEFAULT" => "ENCRYPT_DECRYPT".to_string(),
            None => {
                let text = "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.";
                return Err(validation(text));
            }
        };
        if !usages_of(&spec).contains(&usage.as_str()) {
            return Err(validation(format!("KeyUsage {usage} is not compatible with KeySpec {spec}")));
        }
        if origin == "EXTERNAL" && spec.starts_with("ML_") {
            return Err(validation(format!("KeySpec {spec} is not supported for Origin EXTERNAL")));
        }
        check_tags(&tags, 0)?;
        let policy = match policy {
            Some(text) => put_policy_text(r, &text, bypass, multi_region, true)?,
            None => default_policy(&r.caller.account),
        };
        let (materials, state) = match origin.as_str() {
            "AWS_KMS" => {
                let material = crypto::generate(&spec);
                let material = material.ok_or_else(|| unsupported(format!("KeySpec {spec} is not offered here")))?;
                (vec![material], State::Enabled)
            }
            "EXTERNAL" => (Vec::new(), State::PendingImport),
            _ => return Err(unsupported(format!("Origin {origin} is not offered here"))),
        };
        let id = self.new_id(multi_region);
        let key = Key { description, tags: tags.into_iter().collect(), ..Key::new(state, r.wall, policy) };
        let family = Family {
            id: id.clone(),
            multi_region,
            spec,
            usage,
            origin,
            primary: r.region().to_string(),
            members: BTreeMap::from([(r.region().to_string(), key)]),
            materials,
            pending: None,
            descriptions: BTreeMap::new(),
            rotation_period: None,
            period_set: None,
            rotations: Vec::new(),
            rotating: None,
            transit: None,
        };
        let answer = json!({ "KeyMetadata": self.metadata(r, &family, r.region()) });
        let mut store = self.store.lock().unwrap_or_else(|e| e.into_inner());
        let account = store.accounts.entry(r.caller.account.clone()).or_default();
        account.families.insert(id, family);
        Ok(answer)
    }

    /// KeyMetadata of the member in `region`.
    pub(super) fn metadata(&self, r: &Request, family: &Family, region: &str) -> Value {
        let key = &family.members[region];
        let state = family.state_name(region, r.now);
        let (list, names) = algorithms(family);
        let mut meta = json!({
            "AWSAccountId": r.caller.account,
            "KeyId": family.id,
            "Arn": r.key_arn(region, &family.id),
            "CreationDate": epoch(key.created),
            "Enabled": state == "Enabled" || (state == "Updating" && key.state == State::Enabled && !r.recorded),
            "Description": key.description,
            "KeyUsage": family.usage,
            "KeyState": state,
            "Origin": family.origin,
            "KeyManager": "CUSTOMER",
            "CustomerMasterKeySpec": family.spec,
            "KeySpec": family.spec,
            "MultiRegion": family.multi_region,
        });
        meta[list] = json!(names);
        if let Some(date) = key.deletion_date {
            meta["DeletionDate"] = epoch(date);
        }
        if key.state == State::PendingReplicaDeletion {
            meta["PendingDeletionWindowInDays"] = json!(key.deletion_window);
        }
        let creating = r.recorded && state == "Creating";
        let current = family.materials.len().checked_sub(1);
        if let Some(current) = current.filter(|_| family.spec == "SYMMETRIC_DEFAULT" && !creating) {
            meta["CurrentKeyMaterialId"] = json!(self.material_id(family, current));
        }
        match &key.imported {
            Some(_) if r.recorded && family.lacks_material(region, r.wall) => {}
            Some(imported) => super::import::describe(imported, &mut meta),
            // A replica in Creating shows this although it has no material yet (F-047).
            None if creating && family.origin == "EXTERNAL" => {
                super::import::describe(&Imported { valid_to: None }, &mut meta);
            }
            None => {}
        }
        if family.multi_region {
            meta["MultiRegionConfiguration"] = self.configuration(r, family, region);
        }
        meta
    }

    fn configuration(&self, r: &Request, family: &Family, region: &str) -> Value {
        let entry = |region: &str| json!({ "Arn": r.key_arn(region, &family.id), "Region": region });
        let hidden = self.settings().both_replicas && family.updating(region, r.now);
        let primary = region == family.primary && !hidden;
        let replicas: Vec<Value> = family.members.keys().filter(|m| **m != family.primary).map(|m| entry(m)).collect();
        json!({
            "MultiRegionKeyType": if primary { "PRIMARY" } else { "REPLICA" },
            "PrimaryKey": entry(&family.primary),
            "ReplicaKeys": replicas,
        })
    }

    pub(super) fn describe_key(&self, r: &Request, account: &Account) -> Answer {
        let given = r.input.key_id("KeyId")?;
        r.input.end()?;
        let id = resolve(r, account, &given, true)?;
        Ok(json!({ "KeyMetadata": self.metadata(r, &account.families[&id], r.region()) }))
    }

    pub(super) fn list_keys(&self, r: &Request, account: &Account) -> Answer {
        r.authorize_by_iam("ListKeys")?;
        let here = account.families.values().filter(|f| f.members.contains_key(r.region()));
        let keys: Vec<Value> = here.map(|f| json!({ "KeyId": f.id, "KeyArn": r.own_arn(&f.id) })).collect();
        Ok(listed("Keys", page(r, &keys)?))
    }

    pub(super) fn switch_key(&self, r: &Request, account: &mut Account, on: bool) -> Answer {
        let given = r.input.key_id("KeyId")?;
        r.input.end()?;
        let family = family(r, account, &given)?;
        let refused = ["PendingDeletion", "PendingReplicaDeletion", "PendingImport", "Creating", "Updating"];
        refuse_in(r, family, &refused)?;
        let key = family.members.get_mut(r.region()).expect("resolved");
        key.state = if on { State::Enabled } else { State::Disabled };
        Ok(Value::Null)
    }

    pub(super) fn schedule_key_deletion(&self, r: &Request, account: &mut Account) -> Answer {
        let given = r.input.key_id("KeyId")?;
        let days = r.input.integer("PendingWindowInDays", 7, 30)?.unwrap_or(30);
        r.input.end()?;
        let family = family(r, account, &given)?;
        refuse_in(r, family, &["PendingDeletion", "PendingReplicaDeletion", "Updating"])?;
        let waits = family.primary == r.region() && family.members.len() > 1;
        let id = family.id.clone();
        let key = family.members.get_mut(r.region()).expect("resolved");
        key.creating_until = None;
        key.deletion_window = days;
        let mut answer = json!({ "KeyId": r.own_arn(&id), "PendingWindowInDays": days });
        if waits {
            key.state = State::PendingReplicaDeletion;
            answer["KeyState"] = json!("PendingReplicaDeletion");
        } else {
            let window = self.settings().day * days as u32;
            let date = r.wall + window;
            key.state = State::PendingDeletion;
            key.deletion_due = Some(r.now + window);
            key.deletion_date = Some(date);
            answer["KeyState"] = json!("PendingDeletion");
            answer["DeletionDate"] = epoch(date);
        }
        Ok(answer)
    }

    pub(super) fn cancel_key_deletion(&self, r: &Request, account: &mut Account) -> Answer {
        let given = r.input.key_id("KeyId")?;
        r.input.end()?;
        let family = family(r, account, &given)?;
        let arn = r.own_arn(&family.id);
        let external = family.origin == "EXTERNAL";
        let lacking = r.recorded && family.lacks_material(r.region(), r.wall);
        let key = family.members.get_mut(r.region()).expect("resolved");
        if !matches!(key.state, State::PendingDeletion | State::PendingReplicaDeletion) {
            return Err(invalid_state(format!("{arn} is not pending deletion.")));
        }
        // A key that has no material has none after that either.
        let empty = lacking || (external && key.imported.is_none());
        key.state = if empty { State::PendingImport } else { State::Disabled };
        key.deletion_date = None;
        key.deletion_due = None;
        Ok(json!({ "KeyId": arn }))
    }
}

//! Grants.

use super::super::error::{Answer, KmsError, not_found, serialization, validation};
use super::super::store::{Account, Grant, Key};
use super::{Engine, Request, epoch, family, listed, page, refuse_in};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const OPERATIONS: &[&str] = &[
    "Decrypt",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
    "Sign",
    "Verify",
    "GetPublicKey",
    "CreateGrant",
    "RetireGrant",
    "DescribeKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateMac",
    "VerifyMac",
    "DeriveSharedSecret",
    "Encapsulate",
    "Decapsulate",
];

fn usage_of(operation: &str) -> Option<&'static str> {
    match operation {
        "Sign" | "Verify" => Some("SIGN_VERIFY"),
        "GenerateMac" | "VerifyMac" => Some("GENERATE_VERIFY_MAC"),
        "DeriveSharedSecret" => Some("KEY_AGREEMENT"),
        "Encapsulate" | "Decapsulate" => Some("ENCAPSULATE_DECAPSULATE"),
        "CreateGrant" | "RetireGrant" | "DescribeKey" | "GetPublicKey" => None,
        _ => Some("ENCRYPT_DECRYPT"),
    }
}

/// Optional `Constraints`.
fn constraints(r: &Request) -> Result<[Option<BTreeMap<String, String>>; 2], KmsError> {
    let wrong = || serialization("Constraints is not a structure of maps of strings");
    let Some(given) = r.input.object("Constraints")? else {
        return Ok([None, None]);
    };
    let read = |name: &str| -> Result<Option<BTreeMap<String, String>>, KmsError> {
        match given.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(map)) => map
                .iter()
                .map(|(k, v)| Ok((k.clone(), v.as_str().ok_or_else(wrong)?.to_string())))
                .collect::<Result<_, KmsError>>()
                .map(Some),
            Some(_) => Err(wrong()),
        }
    };
    Ok([read("EncryptionContextEquals")?, read("EncryptionContextSubset")?])
}

fn shown(r: &Request, key_id: &str, grant: &Grant) -> Value {
    let mut entry = json!({
        "KeyId": r.own_arn(key_id),
        "GrantId": grant.id,
        "Name": grant.name.clone().unwrap_or_default(),
        "CreationDate": epoch(grant.created),
        "GranteePrincipal": grant.grantee,
        "IssuingAccount": format!("arn:aws:iam::{}:root", r.caller.account),
        "Operations": grant.operations,
    });
    if let Some(retiring) = &grant.retiring {
        entry["RetiringPrincipal"] = json!(retiring);
    }
    for (name, context) in [("EncryptionContextEquals", &grant.equals), ("EncryptionContextSubset", &grant.subset)] {
        if let Some(context) = context {
            entry["Constraints"][name] = json!(context);
        }
    }
    entry
}

fn no_such_grant(id: &str) -> KmsError {
    not_found(format!("Grant ID {id} not found"))
}

impl Engine {
    pub(super) fn create_grant(&self, r: &Request, account: &mut Account) -> Answer {
        let given = r.input.key_id("KeyId")?;
        let grantee = r.input.string("GranteePrincipal", 1, 256)?;
        let retiring = r.input.string("RetiringPrincipal", 1, 256)?;
        let name = r.input.string("Name", 1, 256)?;
        let operations = r.input.choices("Operations", OPERATIONS)?;
        let [equals, subset] = constraints(r)?;
        r.input.end()?;
        let Some(grantee) = grantee else {
            return Err(validation("A grantee principal is required"));
        };
        let family = family(r, account, &given)?;
        refuse_in(r, family, &["Disabled", "PendingDeletion", "PendingReplicaDeletion", "PendingImport", "Creating"])?;
        if operations.iter().any(|o| usage_of(o).is_some_and(|u| u != family.usage)) {
            return Err(validation("The operations in the grant do not fit the key usage"));
        }
        let id = format!("{:016x}{:016x}{:016x}{:016x}", self.bits(), self.bits(), self.bits(), self.bits());
        let token = STANDARD.encode(format!("{}/{id}", family.id));
        let created = r.wall;
        let grant = Grant {
            id: id.clone(),
            token: token.clone(),
            name,
            grantee,
            retiring,
            operations,
            equals,
            subset,
            created,
        };
        family.members.get_mut(r.region()).expect("resolved").grants.push(grant);
        Ok(json!({ "GrantId": id, "GrantToken": token }))
    }

    pub(super) fn list_grants(&self, r: &Request, account: &mut Account) -> Answer {
        let given = r.input.key_id("KeyId")?;
        let only = r.input.string("GrantId", 1, 128)?;
        let grantee = r.input.string("GranteePrincipal", 1, 256)?;
        r.input.end()?;
        let family = family(r, account, &given)?;
        let grants = &family.members[r.region()].grants;
        if let Some(id) = &only
            && !grants.iter().any(|g| g.id == *id)
        {
            return Err(no_such_grant(id));
        }
        let wanted =
            |g: &&Grant| only.as_ref().is_none_or(|id| g.id == *id) && grantee.as_ref().is_none_or(|p| g.grantee == *p);
        let list: Vec<Value> = grants.iter().filter(wanted).map(|g| shown(r, &family.id, g)).collect();
        Ok(listed("Grants", page(r, &list)?))
    }

    pub(super) fn list_retirable_grants(&self, r: &Request, account: &Account) -> Answer {
        let principal = r.input.string("RetiringPrincipal", 1, 256)?;
        r.authorize_by_iam("ListRetirableGrants")?;
        let mut list = Vec::new();
        for family in account.families.values() {
            let grants = family.members.get(r.region()).map(|k| k.grants.as_slice()).unwrap_or_default();
            let retirable = grants.iter().filter(|g| g.retiring.is_some() && g.retiring == principal);
            list.extend(retirable.map(|g| shown(r, &family.id, g)));
        }
        Ok(listed("Grants", page(r, &list)?))
    }

    pub(super) fn revoke_grant(&self, r: &Request, account: &mut Account) -> Answer {
        let given = r.input.key_id("KeyId")?;
        let id = r.input.required("GrantId", 1, 128)?;
        r.input.end()?;
        let family = family(r, account, &given)?;
        let grants = &mut family.members.get_mut(r.region()).expect("resolved").grants;
        let at = grants.iter().position(|g| g.id == id).ok_or_else(|| no_such_grant(&id))?;
        grants.remove(at);
        Ok(Value::Null)
    }

    pub(super) fn retire_grant(&self, r: &Request, account: &mut Account) -> Answer {
        let token = r.input.string("GrantToken", 1, 8192)?;
        let given = r.input.string("KeyId", 1, 2048)?;
        let id = r.input.string("GrantId", 1, 128)?;
        r.input.end()?;
        let region = r.region().to_string();
        let mut keys: Vec<&mut Key> = match (&token, &given) {
            (Some(_), _) => account.families.values_mut().filter_map(|f| f.members.get_mut(&region)).collect(),
            (None, Some(given)) => {
                let id = super::locate(r, account, given, false)?;
                let family = account.families.get_mut(&id).expect("located");
                family.members.get_mut(&region).into_iter().collect()
            }
            (None, None) => return Err(validation("A grant token, or key and grant id, are required")),
        };
        for key in &mut keys {
            let fits = |g: &Grant| token.as_ref().map_or(Some(&g.id) == id.as_ref(), |t| g.token == *t);
            if let Some(at) = key.grants.iter().position(fits) {
                let grant = &key.grants[at];
                let grantee = grant.grantee == r.caller_arn && grant.operations.iter().any(|o| o == "RetireGrant");
                if !grantee && grant.retiring.as_ref() != Some(&r.caller_arn) {
                    r.authorize_by_iam("RetireGrant")?;
                }
                key.grants.remove(at);
                return Ok(Value::Null);
            }
        }
        Err(match token {
            Some(_) => KmsError::new("InvalidGrantTokenException", ""),
            None => no_such_grant(&id.unwrap_or_default()),
        })
    }
}

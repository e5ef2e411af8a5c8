//! Grants.

use super::super::error::{Answer, KmsError, invalid_arn, not_found, serialization, validation};
use super::super::store::{Account, Family, Grant, Key};
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

/// What can be granted of a key, in the order of the service's text.
fn grantable(family: &Family) -> Vec<&'static str> {
    let own: &[&str] = match family.usage.as_str() {
        "GENERATE_VERIFY_MAC" => &["GenerateMac", "VerifyMac"],
        "SIGN_VERIFY" => &["GetPublicKey", "Sign", "Verify"],
        "KEY_AGREEMENT" => &["GetPublicKey", "DeriveSharedSecret"],
        _ if family.spec != "SYMMETRIC_DEFAULT" => {
            &["GetPublicKey", "Decrypt", "Encrypt", "ReEncryptFrom", "ReEncryptTo"]
        }
        _ => &[
            "Decrypt",
            "Encrypt",
            "GenerateDataKey",
            "GenerateDataKeyWithoutPlaintext",
            "GenerateDataKeyPair",
            "GenerateDataKeyPairWithoutPlaintext",
            "ReEncryptFrom",
            "ReEncryptTo",
        ],
    };
    [&["CreateGrant", "RetireGrant", "DescribeKey"], own].concat()
}

/// Refuses operations and constraints that do not fit the key.
fn check_grant(family: &Family, operations: &[String], constrained: bool) -> Result<(), KmsError> {
    let valid = grantable(family);
    let wrong: Vec<&str> = operations.iter().map(String::as_str).filter(|o| !valid.contains(o)).collect();
    let symmetric = family.spec == "SYMMETRIC_DEFAULT" || family.spec.starts_with("HMAC_");
    if !wrong.is_empty() {
        return Err(validation(format!(
            "Operations [{}] are not supported when creating a grant for {} KMS key with key usage {}. \
             Valid operations are [{}]",
            wrong.join(", "),
            if symmetric { "a symmetric" } else { "an asymmetric" },
            family.usage,
            valid.join(", ")
        )));
    }
    if constrained && family.spec != "SYMMETRIC_DEFAULT" {
        let text = "EncryptionContext is supported only when creating a grant for a symmetric encryption KMS key.";
        return Err(validation(text));
    }
    Ok(())
}

/// Whether a grant lets its grantee make the grant that is asked for: all of its operations, and a
/// constraint that is at least as strict.
pub fn covers(r: &Request, grant: &Grant) -> bool {
    let operations = r.input.choices("Operations", OPERATIONS).unwrap_or_default();
    let [equals, subset] = constraints(r).unwrap_or_default();
    let exact = grant.equals.as_ref().is_none_or(|wanted| equals.as_ref() == Some(wanted));
    let part = |given: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>| {
        wanted.iter().all(|(k, v)| given.get(k) == Some(v))
    };
    let strict =
        grant.subset.as_ref().is_none_or(|wanted| equals.iter().chain(subset.iter()).any(|given| part(given, wanted)));
    let named = |o: &String| grant.operations.contains(o);
    named(&"CreateGrant".to_string()) && operations.iter().all(named) && exact && strict
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
    /// Refuses principals that cannot be. There is no IAM here: every role and session of the accounts
    /// that are served counts as there.
    fn check_principal(&self, principal: &str) -> Result<(), KmsError> {
        let parts: Vec<&str> = principal.splitn(6, ':').collect();
        let [_, _, service @ ("iam" | "sts"), _, account, resource] = parts[..] else {
            let unique = !principal.starts_with("arn:") && principal.starts_with('A');
            let service = principal.ends_with(".amazonaws.com");
            let text = "GranteePrincipal does not refer to a valid principal.";
            return if unique || service { Ok(()) } else { Err(invalid_arn(text)) };
        };
        if service == "sts" && resource.starts_with("assumed-role/") && resource.matches('/').count() != 2 {
            return Err(invalid_arn(format!("ARN is not valid: {principal}")));
        }
        let served: Vec<_> = self.settings().credentials.iter().filter(|c| c.account == account).collect();
        let user = resource.strip_prefix("user/");
        if served.is_empty() || user.is_some_and(|u| !served.iter().any(|c| c.user == u)) {
            return Err(invalid_arn(format!("ARN does not refer to a valid principal: {principal}")));
        }
        Ok(())
    }

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
        check_grant(family, &operations, equals.is_some() || subset.is_some())?;
        for principal in [Some(&grantee), retiring.as_ref()].into_iter().flatten() {
            self.check_principal(principal)?;
        }
        // A named grant that is asked for again is there already (F-114).
        let same = |g: &&Grant| {
            name.is_some()
                && (&g.name, &g.grantee, &g.retiring) == (&name, &grantee, &retiring)
                && (&g.operations, &g.equals, &g.subset) == (&operations, &equals, &subset)
        };
        if let Some(grant) = family.members[r.region()].grants.iter().find(same) {
            return Ok(json!({ "GrantId": grant.id, "GrantToken": grant.token }));
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

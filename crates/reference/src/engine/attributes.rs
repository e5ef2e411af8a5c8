//! Policies, tags, descriptions and aliases.

use super::super::error::{Answer, KmsError, already_exists, malformed_policy, not_found, tag, validation};
use super::super::policy::Policy;
use super::super::store::{Account, Alias};
use super::{Engine, Request, epoch, family, listed, page, refuse_in, resolve};
use serde_json::{Value, json};

const PENDING: [&str; 2] = ["PendingDeletion", "PendingReplicaDeletion"];

/// The policy of a key that was made without one.
pub fn default_policy(account: &str) -> String {
    let policy = json!({
        "Version": "2012-10-17",
        "Id": "key-default-1",
        "Statement": [{
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": { "AWS": format!("arn:aws:iam::{account}:root") },
            "Action": "kms:*",
            "Resource": "*",
        }],
    });
    serde_json::to_string_pretty(&policy).unwrap_or_default()
}

/// A policy text that can be stored: it can be evaluated, and lets the caller change it again.
pub fn put_policy_text(
    r: &Request,
    text: &str,
    bypass: bool,
    multi_region: bool,
    primary: bool,
) -> Result<String, KmsError> {
    let policy = Policy::parse(text)?;
    if !bypass && !r.can_change_policy(&policy, multi_region, primary) {
        return Err(malformed_policy("The new key policy will not allow you to update the key policy in the future."));
    }
    Ok(text.to_string())
}

/// Checks new tags against each other and against the `kept` ones of the key.
pub fn check_tags(tags: &[(String, String)], kept: usize) -> Result<(), KmsError> {
    for (i, (key, _)) in tags.iter().enumerate() {
        if key.to_lowercase().starts_with("aws:") {
            return Err(tag("Tags beginning with aws: are reserved"));
        }
        if tags[..i].iter().any(|(k, _)| k == key) {
            return Err(tag("Duplicate tag keys"));
        }
    }
    if tags.len() + kept > 50 {
        return Err(tag("Too many tags"));
    }
    Ok(())
}

fn check_policy_name(r: &Request) -> Result<(), KmsError> {
    let name = r.input.string("PolicyName", 1, 128)?;
    if name.is_some_and(|n| n != "default") {
        return Err(validation("PolicyName can only be default"));
    }
    Ok(())
}

impl Engine {
    pub(super) fn get_key_policy(&self, r: &Request, account: &mut Account) -> Answer {
        let given = r.input.key_id("KeyId")?;
        check_policy_name(r)?;
        r.input.end()?;
        let family = family(r, account, &given)?;
        Ok(json!({ "Policy": family.members[r.region()].policy, "PolicyName": "default" }))
    }

    pub(super) fn put_key_policy(&self, r: &Request, account: &mut Account) -> Answer {
        let given = r.input.key_id("KeyId")?;
        let text = r.input.required_policy()?;
        let bypass = r.input.boolean("BypassPolicyLockoutSafetyCheck")?;
        check_policy_name(r)?;
        r.input.end()?;
        let family = family(r, account, &given)?;
        let policy = put_policy_text(r, &text, bypass, family.multi_region, family.primary == r.region())?;
        family.members.get_mut(r.region()).expect("resolved").policy = policy;
        Ok(Value::Null)
    }

    pub(super) fn tag_resource(&self, r: &Request, account: &mut Account) -> Answer {
        let given = r.input.key_id("KeyId")?;
        let tags = r.input.tags(true)?;
        r.input.end()?;
        let family = family(r, account, &given)?;
        refuse_in(r, family, &PENDING)?;
        let key = family.members.get_mut(r.region()).expect("resolved");
        let kept = key.tags.keys().filter(|k| !tags.iter().any(|(n, _)| n == *k)).count();
        check_tags(&tags, kept)?;
        key.tags.extend(tags);
        Ok(Value::Null)
    }

    pub(super) fn untag_resource(&self, r: &Request, account: &mut Account) -> Answer {
        let given = r.input.key_id("KeyId")?;
        let names = r.input.strings("TagKeys", 1, 128)?;
        r.input.end()?;
        let family = family(r, account, &given)?;
        refuse_in(r, family, &PENDING)?;
        let key = family.members.get_mut(r.region()).expect("resolved");
        key.tags.retain(|k, _| !names.contains(k));
        Ok(Value::Null)
    }

    pub(super) fn list_resource_tags(&self, r: &Request, account: &mut Account) -> Answer {
        let given = r.input.key_id("KeyId")?;
        r.input.end()?;
        let family = family(r, account, &given)?;
        let tags = &family.members[r.region()].tags;
        let list: Vec<Value> = tags.iter().map(|(k, v)| json!({ "TagKey": k, "TagValue": v })).collect();
        Ok(listed("Tags", page(r, &list)?))
    }

    pub(super) fn update_key_description(&self, r: &Request, account: &mut Account) -> Answer {
        let given = r.input.key_id("KeyId")?;
        let text = r.input.required("Description", 0, 8192)?;
        r.input.end()?;
        let family = family(r, account, &given)?;
        refuse_in(r, family, &PENDING)?;
        family.members.get_mut(r.region()).expect("resolved").description = text;
        Ok(Value::Null)
    }

    pub(super) fn put_alias(&self, r: &Request, account: &mut Account, create: bool) -> Answer {
        let name = alias_name(r)?;
        let given = r.input.key_id("TargetKeyId")?;
        r.input.end()?;
        check_alias_name(&name)?;
        let id = resolve(r, account, &given, false)?;
        refuse_in(r, &account.families[&id], &PENDING)?;
        let slot = (r.region().to_string(), name.clone());
        let arn = format!("arn:aws:kms:{}:{}:{name}", r.region(), r.caller.account);
        match account.aliases.get_mut(&slot) {
            Some(_) if create => Err(already_exists(format!("An alias with the name {arn} already exists"))),
            None if !create => Err(not_found(format!("Alias {arn} is not found."))),
            None => {
                let alias = Alias { key_id: id, created: r.wall, updated: r.wall };
                account.aliases.insert(slot, alias);
                Ok(Value::Null)
            }
            Some(alias) => {
                let (old, new) = (&account.families[&alias.key_id], &account.families[&id]);
                let symmetric = |spec: &str| spec == "SYMMETRIC_DEFAULT" || spec.starts_with("HMAC_");
                if old.usage != new.usage || symmetric(&old.spec) != symmetric(&new.spec) {
                    return Err(validation(format!("Alias {arn} cannot be changed to a key of another type or usage")));
                }
                alias.key_id = id;
                alias.updated = r.wall;
                Ok(Value::Null)
            }
        }
    }

    pub(super) fn delete_alias(&self, r: &Request, account: &mut Account) -> Answer {
        let name = alias_name(r)?;
        r.input.end()?;
        check_alias_name(&name)?;
        if account.aliases.remove(&(r.region().to_string(), name.clone())).is_none() {
            let arn = format!("arn:aws:kms:{}:{}:{name}", r.region(), r.caller.account);
            return Err(not_found(format!("Alias {arn} is not found.")));
        }
        Ok(Value::Null)
    }

    pub(super) fn list_aliases(&self, r: &Request, account: &Account) -> Answer {
        let given = r.input.string("KeyId", 1, 2048)?;
        r.input.end()?;
        let only = given.map(|g| resolve(r, account, &g, false)).transpose()?;
        if only.is_none() {
            r.authorize_by_iam("ListAliases")?;
        }
        let list: Vec<Value> = account
            .aliases
            .iter()
            .filter(|((region, _), alias)| region == r.region() && only.as_ref().is_none_or(|id| *id == alias.key_id))
            .map(|((region, name), alias)| {
                json!({
                    "AliasName": name,
                    "AliasArn": format!("arn:aws:kms:{region}:{}:{name}", r.caller.account),
                    "TargetKeyId": alias.key_id,
                    "CreationDate": epoch(alias.created),
                    "LastUpdatedDate": epoch(alias.updated),
                })
            })
            .collect();
        Ok(listed("Aliases", page(r, &list)?))
    }
}

fn alias_name(r: &Request) -> Result<String, KmsError> {
    r.input.required("AliasName", 1, 256)
}

fn check_alias_name(name: &str) -> Result<(), KmsError> {
    let Some(rest) = name.strip_prefix("alias/") else {
        return Err(validation("Alias must start with the prefix \"alias/\". Please see the alias naming rules."));
    };
    if rest.starts_with("aws/") {
        return Err(KmsError::new("NotAuthorizedException", "The alias prefix alias/aws/ is reserved"));
    }
    if rest.is_empty() || !rest.chars().all(|c| c.is_ascii_alphanumeric() || ":/_-".contains(c)) {
        return Err(validation(format!(
            "1 validation error detected: Value '{name}' at 'aliasName' failed to satisfy constraint: \
             Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$"
        )));
    }
    Ok(())
}

//! Which key a request means, and whether its state lets the request through.

use super::super::error::{KmsError, disabled, invalid_arn, invalid_state, not_found, unsupported};
use super::super::store::{Account, Family};
use super::Request;

/// Operations that refuse aliases with a text of their own (F-024).
const NO_ALIAS: [&str; 7] = [
    "ReplicateKey",
    "UpdatePrimaryRegion",
    "EnableKeyRotation",
    "DisableKeyRotation",
    "GetKeyRotationStatus",
    "ListKeyRotations",
    "RotateKeyOnDemand",
];

/// The key id that a request names, if the caller may do to it what the request asks for.
pub(super) fn resolve(r: &Request, account: &Account, given: &str, alias_allowed: bool) -> Result<String, KmsError> {
    let id = locate(r, account, given, alias_allowed)?;
    r.authorize(&account.families[&id], r.region(), r.operation)?;
    Ok(id)
}

/// The key id that a request names: by id or ARN, and by alias where that is allowed.
pub(super) fn locate(r: &Request, account: &Account, given: &str, alias_allowed: bool) -> Result<String, KmsError> {
    let region = r.region();
    let invalid = || not_found(format!("Invalid keyId '{given}'"));
    let named = given.starts_with("alias/") || (given.starts_with("arn:aws:kms:") && given.contains(":alias/"));
    if r.recorded && named && NO_ALIAS.contains(&r.operation) {
        return Err(invalid_arn("Key Aliases are not supported for this operation."));
    }
    if let Some(rest) = given.strip_prefix("arn:") {
        let parts: Vec<&str> = rest.split(':').collect();
        let ["aws", "kms", in_region, owner, resource] = parts[..] else {
            return Err(invalid_arn(format!("Invalid arn {given}")));
        };
        if in_region != region {
            return Err(not_found(format!("Invalid arn {in_region}")));
        }
        if owner != r.caller.account && r.recorded {
            return Err(r.denied_across_accounts());
        }
        if owner != r.caller.account {
            return Err(not_found(format!("Key '{given}' does not exist")));
        }
        if let Some(id) = resource.strip_prefix("key/") {
            return present(r, account, id);
        }
        return if resource.starts_with("alias/") && alias_allowed {
            by_alias(r, account, resource)
        } else {
            Err(invalid_arn(format!("Invalid arn {given}")))
        };
    }
    if given.starts_with("alias/") {
        return if alias_allowed { by_alias(r, account, given) } else { Err(invalid()) };
    }
    let plain = given.strip_prefix("mrk-").unwrap_or(given).replace('-', "");
    if plain.len() != 32 || !plain.chars().all(|c| c.is_ascii_hexdigit()) {
        return Err(invalid());
    }
    present(r, account, given)
}

fn present(r: &Request, account: &Account, id: &str) -> Result<String, KmsError> {
    let family = account.families.get(id);
    if family.is_some_and(|f| f.members.contains_key(r.region())) {
        return Ok(id.to_string());
    }
    Err(not_found(format!("Key '{}' does not exist", r.own_arn(id))))
}

fn by_alias(r: &Request, account: &Account, name: &str) -> Result<String, KmsError> {
    let found = account.aliases.get(&(r.region().to_string(), name.to_string()));
    let Some(alias) = found else {
        let arn = format!("arn:aws:kms:{}:{}:{name}", r.region(), r.caller.account);
        return Err(not_found(format!("Alias {arn} is not found.")));
    };
    present(r, account, &alias.key_id)
}

/// The family that a member of the request names by id or ARN.
pub(super) fn family<'s>(r: &Request, account: &'s mut Account, given: &str) -> Result<&'s mut Family, KmsError> {
    let id = resolve(r, account, given, false)?;
    Ok(account.families.get_mut(&id).expect("resolved"))
}

/// Refuses the key in these states, with the exception and text that each one has.
pub(super) fn refuse_in(r: &Request, family: &Family, states: &[&str]) -> Result<(), KmsError> {
    let state = family.state_name(r.region(), r.now);
    if !states.contains(&state) {
        return Ok(());
    }
    let arn = r.own_arn(&family.id);
    Err(match state {
        "Disabled" => disabled(format!("{arn} is disabled.")),
        "Creating" => invalid_state(format!("{arn} is creating.")),
        "Updating" => invalid_state(format!("{arn} is updating.")),
        "PendingImport" => invalid_state(format!("{arn} is pending import.")),
        "PendingReplicaDeletion" => invalid_state(format!("{arn} is pending replica deletion.")),
        _ => invalid_state(format!("{arn} is pending deletion.")),
    })
}

/// Refuses a replica where only the primary may act.
pub(super) fn require_primary(r: &Request, family: &Family) -> Result<(), KmsError> {
    if family.primary == r.region() {
        return Ok(());
    }
    Err(unsupported(format!("{} is not a multi-region primary key.", r.own_arn(&family.id))))
}

//! ReplicateKey and UpdatePrimaryRegion.

use super::super::error::{
    Answer, KmsError, already_exists, disabled, invalid_state, not_found, unsupported, validation,
};
use super::super::places;
use super::super::store::{Account, Family, Key, State, Transit};
use super::attributes::{check_tags, default_policy, put_policy_text};
use super::{Engine, Request, family, refuse_in, require_primary};
use serde_json::{Value, json};
use std::time::Duration;

impl Engine {
    pub(super) fn replicate_key(&self, r: &Request, account: &mut Account) -> Answer {
        let input = r.input;
        let given = input.key_id("KeyId")?;
        let to = input.region("ReplicaRegion")?;
        let policy = input.policy()?;
        let description = input.string("Description", 0, 8192)?.unwrap_or_default();
        let bypass = input.boolean("BypassPolicyLockoutSafetyCheck")?;
        let tags = input.tags(false)?;
        input.end()?;
        check_tags(&tags, 0)?;
        let policy = match policy {
            Some(text) => put_policy_text(r, &text, bypass, true, false)?,
            None => default_policy(&r.caller.account),
        };
        let family = family(r, account, &given)?;
        r.authorize_by_iam("CreateKey")?;
        if !family.multi_region {
            return Err(unsupported(format!("{} is not a multi-region key.", r.own_arn(&family.id))));
        }
        require_primary(r, family)?;
        let refused =
            ["Disabled", "PendingDeletion", "PendingReplicaDeletion", "PendingImport", "Creating", "Updating"];
        refuse_in(r, family, &refused)?;
        if r.recorded {
            check_destination(family, &to)?;
        }
        if places::is_elsewhere(&to) {
            return Err(elsewhere());
        }
        if family.members.contains_key(&to) {
            let text = "You can create only one replica of each primary key in each AWS Region.";
            return Err(already_exists(text));
        }
        // The answer shows Creating, however short it is.
        let shortest = if r.recorded { Duration::from_nanos(1) } else { Duration::ZERO };
        let creating = self.settings().creating.max(shortest);
        let state = if family.origin == "EXTERNAL" { State::PendingImport } else { State::Enabled };
        let key = Key {
            creating_until: (!creating.is_zero()).then(|| r.now + creating),
            description,
            tags: tags.iter().cloned().collect(),
            ..Key::new(state, r.wall, policy.clone())
        };
        family.members.insert(to.clone(), key);
        let mut answer = json!({
            "ReplicaKeyMetadata": self.metadata(r, family, &to),
            "ReplicaPolicy": policy,
        });
        if !tags.is_empty() {
            let list: Vec<Value> = tags.iter().map(|(k, v)| json!({ "TagKey": k, "TagValue": v })).collect();
            answer["ReplicaTags"] = json!(list);
        }
        Ok(answer)
    }

    pub(super) fn update_primary_region(&self, r: &Request, account: &mut Account) -> Answer {
        let given = r.input.key_id("KeyId")?;
        let to = r.input.region("PrimaryRegion")?;
        r.input.end()?;
        let family = family(r, account, &given)?;
        if !family.multi_region {
            return Err(unsupported(format!("{} is not a multi-region key.", r.own_arn(&family.id))));
        }
        let own = r.own_arn(&family.id);
        if r.recorded && family.primary != r.region() {
            return Err(invalid_state(format!("{own} is not a multi-Region primary key.")));
        }
        require_primary(r, family)?;
        let refused =
            ["Disabled", "PendingDeletion", "PendingReplicaDeletion", "PendingImport", "Creating", "Updating"];
        refuse_in(r, family, &refused)?;
        if to == r.region() {
            // It is the primary already: nothing to do (F-057).
            let refusal = unsupported(format!("{own} is already the primary key."));
            return if r.recorded { Ok(Value::Null) } else { Err(refusal) };
        }
        let there = r.key_arn(&to, &family.id);
        if !family.members.contains_key(&to) {
            if r.recorded {
                let id = &family.id;
                return Err(validation(format!("{id} does not have a replica key in the specified Region.")));
            }
            return Err(not_found(format!("Key '{there}' does not exist")));
        }
        r.authorize(family, &to, "UpdatePrimaryRegion")?;
        match family.state_name(&to, r.now) {
            "Enabled" => {}
            "Disabled" => return Err(disabled(format!("{there} is disabled."))),
            state => return Err(invalid_state(format!("{there} is {}.", words(state)))),
        }
        let updating = self.settings().updating;
        family.primary = to.clone();
        family.transit =
            (!updating.is_zero()).then(|| Transit { from: r.region().to_string(), to, until: r.now + updating });
        Ok(Value::Null)
    }
}

/// Refuses Regions that cannot have a replica of this key (F-041).
fn check_destination(family: &Family, to: &str) -> Result<(), KmsError> {
    if family.primary == to {
        return Err(validation(format!("{to} cannot have a replica because it contains the primary.")));
    }
    if places::is_elsewhere(to) {
        return Err(elsewhere());
    }
    if !places::exists(to) {
        return Err(validation(format!(
            "Region {to} is not a valid Region or multi-Region keys are not supported in Region {to}."
        )));
    }
    Ok(())
}

fn elsewhere() -> KmsError {
    validation("The replica key Region must be in the same AWS partition as the primary key Region.")
}

/// `PendingReplicaDeletion` as texts have it: `pending replica deletion`.
fn words(state: &str) -> String {
    let mut text = String::new();
    for c in state.chars() {
        if c.is_ascii_uppercase() && !text.is_empty() {
            text.push(' ');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}

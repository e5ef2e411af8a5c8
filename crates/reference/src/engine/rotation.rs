//! Automatic and on-demand rotation.

use super::super::error::{Answer, KmsError, invalid_state, limit_exceeded, unsupported, validation};
use super::super::store::{Account, Family, Rotated, Rotating, State};
use super::materials::everybody_has_pending;
use super::{Engine, Request, epoch, family, listed, page, refuse_in, require_primary};
use serde_json::{Value, json};
use std::time::Duration;

/// On-demand rotations that a key may have.
const LIMIT: usize = 25;

const CLOSED: [&str; 4] = ["Disabled", "PendingDeletion", "PendingReplicaDeletion", "Creating"];

fn require_symmetric(family: &Family) -> Result<(), KmsError> {
    if family.spec == "SYMMETRIC_DEFAULT" { Ok(()) } else { Err(unsupported("")) }
}

fn require_generated(r: &Request, family: &Family) -> Result<(), KmsError> {
    if family.origin == "AWS_KMS" {
        return Ok(());
    }
    let arn = r.own_arn(&family.id);
    Err(unsupported(format!("{arn} origin is {} which is not valid for this operation.", family.origin)))
}

/// Refuses a replica, with the text that rotation operations have for that.
fn require_owner(r: &Request, family: &Family) -> Result<(), KmsError> {
    if r.recorded && family.primary != r.region() {
        let arn = r.own_arn(&family.id);
        let text = format!("{arn} is a multi-region replica key which is not valid for {}.", r.operation);
        return Err(unsupported(text));
    }
    require_primary(r, family)
}

impl Engine {
    pub(super) fn switch_rotation(&self, r: &Request, account: &mut Account, on: bool) -> Answer {
        let given = r.input.key_id("KeyId")?;
        let days = if on { r.input.integer("RotationPeriodInDays", 90, 2560)? } else { None };
        r.input.end()?;
        let family = family(r, account, &given)?;
        let open =
            family.primary == r.region() && matches!(family.state_name(r.region(), r.now), "Enabled" | "Updating");
        if r.recorded && !on && open && family.spec.starts_with("HMAC_") {
            // There is nothing to switch off, and AWS does not mind (F-090); recorded of enabled primaries only.
            return Ok(Value::Null);
        }
        require_symmetric(family)?;
        require_generated(r, family)?;
        require_owner(r, family)?;
        refuse_in(r, family, &CLOSED)?;
        let kept = family.rotation_period.filter(|_| r.recorded).unwrap_or(365);
        let period = on.then(|| days.unwrap_or(kept));
        if period != family.rotation_period {
            family.period_set = period.map(|_| r.wall);
        }
        family.rotation_period = period;
        Ok(Value::Null)
    }

    pub(super) fn rotation_status(&self, r: &Request, account: &mut Account) -> Answer {
        let given = r.input.key_id("KeyId")?;
        r.input.end()?;
        let family = family(r, account, &given)?;
        if !r.recorded {
            require_symmetric(family)?;
            require_generated(r, family)?;
        }
        let key = &family.members[r.region()];
        let dying = match key.state {
            State::PendingDeletion => true,
            State::PendingReplicaDeletion => !r.recorded,
            _ => false,
        };
        let period = family.rotation_period.filter(|_| !dying);
        let mut answer = json!({ "KeyId": r.own_arn(&family.id), "KeyRotationEnabled": period.is_some() });
        if let Some(days) = period {
            let from = family.period_set.filter(|_| r.recorded).unwrap_or(key.created);
            answer["RotationPeriodInDays"] = json!(days);
            answer["NextRotationDate"] = epoch(from + Duration::from_secs(days as u64 * 86_400));
        }
        if let Some(rotating) = &family.rotating {
            answer["OnDemandRotationStartDate"] = epoch(rotating.since);
        }
        Ok(answer)
    }

    pub(super) fn rotate_on_demand(&self, r: &Request, account: &mut Account) -> Answer {
        let given = r.input.key_id("KeyId")?;
        r.input.end()?;
        let family = family(r, account, &given)?;
        require_symmetric(family)?;
        require_owner(r, family)?;
        refuse_in(r, family, &CLOSED)?;
        let arn = r.own_arn(&family.id);
        if family.rotating.is_some() {
            // AWS was recorded to say yes once more, and to rotate once (F-092).
            let text = "An on-demand rotation of this key is in progress.";
            let refusal = KmsError::new("ConflictException", text);
            return if r.recorded { Ok(json!({ "KeyId": arn })) } else { Err(refusal) };
        }
        if family.rotations.len() >= LIMIT {
            let text = format!(
                "The on-demand rotations limit has been reached for the given keyId. \
                 No more on-demand rotations can be performed for this key: {arn}"
            );
            return Err(limit_exceeded(text));
        }
        if family.origin == "EXTERNAL" {
            refuse_in(r, family, &["PendingImport"])?;
            if family.pending.is_none() {
                let text = format!("No available key material pending rotation for the key: {arn}.");
                return Err(invalid_state(text));
            }
            if !everybody_has_pending(family) {
                let text = "Cannot perform key material rotation: \
                            Key material has not been imported for replicas of the Multi-Region key.";
                return Err(invalid_state(text));
            }
        }
        let takes = self.settings().rotating;
        if takes.is_zero() {
            family.finish_rotation(r.wall);
            family.settle_material(r.wall);
        } else {
            family.rotating = Some(Rotating { since: r.wall, due: r.now + takes, ends: r.wall + takes });
        }
        Ok(json!({ "KeyId": arn }))
    }

    pub(super) fn list_key_rotations(&self, r: &Request, account: &mut Account) -> Answer {
        let given = r.input.key_id("KeyId")?;
        let include = r.input.choice("IncludeKeyMaterial", &["ALL_KEY_MATERIAL", "ROTATIONS_ONLY"])?;
        r.input.end()?;
        let family = family(r, account, &given)?;
        if r.recorded {
            let symmetric = family.spec == "SYMMETRIC_DEFAULT";
            if include.is_some() && !symmetric {
                return Err(validation("Input parameter includeKeyMaterial can only be used with symmetric keys."));
            }
            let all = include.as_deref() == Some("ALL_KEY_MATERIAL");
            let list = if symmetric { self.rotations(r, family, all) } else { Vec::new() };
            return Ok(listed("Rotations", page(r, &list)?));
        }
        require_symmetric(family)?;
        let arn = r.own_arn(&family.id);
        if family.origin == "EXTERNAL" {
            if family.members[r.region()].state == State::PendingImport {
                require_generated(r, family)?;
            }
            let all = include.as_deref() == Some("ALL_KEY_MATERIAL");
            return Ok(listed("Rotations", page(r, &self.rotations(r, family, all))?));
        }
        let entry = |rotation: &Rotated| json!({ "KeyId": arn, "RotationDate": epoch(rotation.at), "RotationType": "ON_DEMAND" });
        let list: Vec<Value> = family.rotations.iter().map(entry).collect();
        Ok(listed("Rotations", page(r, &list)?))
    }
}

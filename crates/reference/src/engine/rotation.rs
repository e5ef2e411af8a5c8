//! Automatic and on-demand rotation.

use super::super::crypto;
use super::super::error::{Answer, KmsError, limit_exceeded, unsupported};
use super::super::store::{Account, Family, Rotated, State};
use super::{Engine, Request, epoch, family, listed, page, refuse_in, require_primary};
use serde_json::{Value, json};
use std::time::Duration;

/// On-demand rotations that a key may have.
const LIMIT: usize = 25;

fn require_rotatable(r: &Request, family: &Family) -> Result<(), KmsError> {
    if family.spec != "SYMMETRIC_DEFAULT" {
        return Err(unsupported(""));
    }
    if family.origin != "AWS_KMS" {
        let arn = r.own_arn(&family.id);
        return Err(unsupported(format!("{arn} origin is {} which is not valid for this operation.", family.origin)));
    }
    Ok(())
}

const CLOSED: [&str; 4] = ["Disabled", "PendingDeletion", "PendingReplicaDeletion", "Creating"];

impl Engine {
    pub(super) fn switch_rotation(&self, r: &Request, account: &mut Account, on: bool) -> Answer {
        let given = r.input.key_id("KeyId")?;
        let days = if on { r.input.integer("RotationPeriodInDays", 90, 2560)? } else { None };
        r.input.end()?;
        let family = family(r, account, &given)?;
        require_rotatable(r, family)?;
        require_primary(r, family)?;
        refuse_in(r, family, &CLOSED)?;
        family.rotation_period = on.then(|| days.unwrap_or(365));
        Ok(Value::Null)
    }

    pub(super) fn rotation_status(&self, r: &Request, account: &mut Account) -> Answer {
        let given = r.input.key_id("KeyId")?;
        r.input.end()?;
        let family = family(r, account, &given)?;
        require_rotatable(r, family)?;
        let key = &family.members[r.region()];
        let pending = matches!(key.state, State::PendingDeletion | State::PendingReplicaDeletion);
        let period = family.rotation_period.filter(|_| !pending);
        let mut answer = json!({ "KeyId": r.own_arn(&family.id), "KeyRotationEnabled": period.is_some() });
        if let Some(days) = period {
            let next = key.created + Duration::from_secs(days as u64 * 86_400);
            answer["RotationPeriodInDays"] = json!(days);
            answer["NextRotationDate"] = epoch(next);
        }
        Ok(answer)
    }

    pub(super) fn rotate_on_demand(&self, r: &Request, account: &mut Account) -> Answer {
        let given = r.input.key_id("KeyId")?;
        r.input.end()?;
        let family = family(r, account, &given)?;
        require_rotatable(r, family)?;
        require_primary(r, family)?;
        refuse_in(r, family, &CLOSED)?;
        let arn = r.own_arn(&family.id);
        if family.rotations.len() >= LIMIT {
            let text = format!(
                "The on-demand rotations limit has been reached for the given keyId. \
                 No more on-demand rotations can be performed for this key: {arn}"
            );
            return Err(limit_exceeded(text));
        }
        family.materials.extend(crypto::generate(&family.spec));
        family.rotations.push(Rotated { at: r.wall });
        Ok(json!({ "KeyId": arn }))
    }

    pub(super) fn list_key_rotations(&self, r: &Request, account: &mut Account) -> Answer {
        let given = r.input.key_id("KeyId")?;
        r.input.choice("IncludeKeyMaterial", &["ALL_KEY_MATERIAL", "ROTATIONS_ONLY"])?;
        r.input.end()?;
        let family = family(r, account, &given)?;
        require_rotatable(r, family)?;
        let arn = r.own_arn(&family.id);
        let entry = |rotation: &Rotated| json!({ "KeyId": arn, "RotationDate": epoch(rotation.at), "RotationType": "ON_DEMAND" });
        let list: Vec<Value> = family.rotations.iter().map(entry).collect();
        Ok(listed("Rotations", page(r, &list)?))
    }
}

//! Mistakes about rotation.

use super::faults;
use crate::store::{Imported, State};
use serde_json::{Value, json};

const SWITCH: &str = "EnableKeyRotation DisableKeyRotation";

faults! {
    "rotation-is-not-switched", "ROT-001", "EnableKeyRotation says yes and does nothing", |t| {
        t.then("EnableKeyRotation", |t| { t.on_family(|f, _| f.rotation_period = None); })
    };
    "replica-switches-rotation", "ROT-002", "Rotation can be switched on a replica", |t| {
        if t.is("UpdatePrimaryRegion") { return t.then("UpdatePrimaryRegion", |t| { t.note_key("promoted"); }) }
        if t.noted_key("promoted") > 0 { return t.run() }
        t.with_family(SWITCH, |f, region| f.primary = region.into())
    };
    "every-key-rotates", "ROT-003", "HMAC and asymmetric keys can be rotated automatically", |t| {
        t.with_family(SWITCH, |f, _| { f.spec = "SYMMETRIC_DEFAULT".into(); f.origin = "AWS_KMS".into(); })
    };
    "always-365-days", "ROT-004", "The rotation period is always 365 days", |t| {
        t.edit("GetKeyRotationStatus", |_, body| if body.get("RotationPeriodInDays").is_some() { body["RotationPeriodInDays"] = json!(365) })
    };
    "replica-does-not-know-rotation", "ROT-005", "A replica's rotation status is false", |t| {
        if !t.is_replica() { return t.run() }
        t.edit("GetKeyRotationStatus", |t, body| *body = json!({ "KeyId": t.metadata()["Arn"], "KeyRotationEnabled": false }))
    };
    "rotation-answers-nothing", "ROT-006", "RotateKeyOnDemand answers without KeyId", |t| {
        t.edit("RotateKeyOnDemand", |_, body| *body = json!({}))
    };
    "rotations-are-listed-twice", "ROT-007", "ListKeyRotations lists each rotation twice", |t| {
        t.edit("ListKeyRotations", |_, body| if let Some(list) = body["Rotations"].as_array() { body["Rotations"] = json!([&list[..], &list[..]].concat()) })
    };
    "old-rotations-are-dropped", "ROT-007" late, "ListKeyRotations lists no more than one rotation of several", |t| {
        t.edit("ListKeyRotations", |_, body| if body["Rotations"].as_array().is_some_and(|l| l.len() > 2) { body["Rotations"] = json!([body["Rotations"][0]]) })
    };
    "rotates-for-ever", "ROT-008" late, "There is no limit to rotations on demand", |t| {
        if !t.is("RotateKeyOnDemand") { return t.run() }
        let kept = t.on_family(|f, _| f.rotations.split_off(f.rotations.len().min(1)));
        let answer = t.run();
        t.on_family(|f, _| f.rotations.extend(kept.unwrap_or_default()));
        answer
    };
    "rotation-is-never-completed", "ROT-015" documented, "RotateKeyOnDemand says yes, and nothing is rotated", |t| {
        t.then("RotateKeyOnDemand", |t| { t.on_family(|f, _| { f.rotating = None; f.rotations.pop(); }); })
    };
    "every-key-rotates-on-demand", "ROT-009", "RotateKeyOnDemand on an HMAC key says yes", |t| {
        let arn = t.metadata()["Arn"].clone();
        match t.run() {
            Err(e) if t.is("RotateKeyOnDemand") && e.code == "UnsupportedOperationException" && !t.is_replica() && t.state() == "Enabled" => Ok(json!({ "KeyId": arn })),
            other => other,
        }
    };
    "replica-rotates-on-demand", "ROT-010", "RotateKeyOnDemand works on a replica", |t| {
        t.with_family("RotateKeyOnDemand", |f, region| f.primary = region.into())
    };
    "dying-keys-rotate", "ROT-011", "The rotation status stays true while deletion is pending", |t| {
        let on = t.on_family(|f, _| f.rotation_period.is_some()).unwrap_or(false);
        t.edit("GetKeyRotationStatus", |_, body| body["KeyRotationEnabled"] = json!(on))
    };
    "disabling-ends-rotation", "ROT-012", "DisableKey switches rotation off", |t| {
        t.then("DisableKey", |t| { t.on_family(|f, _| f.rotation_period = None); })
    };
    "promotion-ends-rotation", "ROT-013", "A promotion switches rotation off", |t| {
        t.then("UpdatePrimaryRegion", |t| { t.on_family(|f, _| f.rotation_period = None); })
    };
    "promotion-forgets-rotations", "ROT-014" documented, "A promotion empties the list of rotations", |t| {
        t.then("UpdatePrimaryRegion", |t| { t.on_family(|f, _| f.rotations.clear()); })
    };
    "promotion-resets-the-period", "ROT-013" late, "A promotion resets a rotation period to 365 days", |t| {
        t.then("UpdatePrimaryRegion", |t| { t.on_family(|f, _| if f.rotation_period.is_some() { f.rotation_period = Some(365) }); })
    };
    "cancelling-forgets-rotation", "ROT-011" late, "A cancelled deletion leaves rotation off", |t| {
        t.then("CancelKeyDeletion", |t| { t.on_family(|f, _| f.rotation_period = None); })
    };
    "rotation-of-the-third-lags", "ROT-005" late, "A third member never learns that rotation was switched on", |t| {
        let third = t.region() == "ap-southeast-2" && t.is_replica();
        if !third { return t.run() }
        t.edit("GetKeyRotationStatus", |_, body| {
            body["KeyRotationEnabled"] = json!(false);
            if let Value::Object(m) = body { m.remove("RotationPeriodInDays"); m.remove("NextRotationDate"); }
        })
    };
    "rotation-enables", "STA-123", "RotateKeyOnDemand enables a disabled key", |t| {
        if t.is("RotateKeyOnDemand") && t.state() == "Disabled" { t.on_key(|k| k.state = State::Enabled); }
        t.run()
    };
    "imported-keys-do-not-rotate", "ROT-016", "RotateKeyOnDemand on a key with imported material is refused as for other kinds of keys", |t| {
        let external = t.on_family(|f, _| f.origin == "EXTERNAL").unwrap_or(false);
        if t.is("RotateKeyOnDemand") && external && t.state() == "Enabled" { return super::tools::refuse("UnsupportedOperationException") }
        t.run()
    };
    "rotates-without-the-replicas", "ROT-017", "New material is rotated although a replica does not have it", |t| {
        if t.is("RotateKeyOnDemand") && !t.is_replica() {
            t.on_family(|f, _| if f.pending.is_some() {
                let next = f.materials.len();
                for key in f.members.values_mut() { key.held.entry(next).or_insert(Imported { valid_to: None }); }
            });
        }
        t.run()
    };
    "waiting-material-is-current", "ROT-018", "ListKeyRotations calls material CURRENT that waits for a rotation", |t| {
        t.edit("ListKeyRotations", |_, body| for entry in body["Rotations"].as_array_mut().into_iter().flatten() {
            if entry["KeyMaterialState"].as_str().is_some_and(|s| s.starts_with("PENDING_")) { entry["KeyMaterialState"] = json!("CURRENT") }
        })
    };
}

//! Mistakes about imported key material.

use super::faults;
use super::tools::*;
use crate::store::{Imported, State};
use serde_json::{Value, json};

const UPR: &str = "UpdatePrimaryRegion";

faults! {
    "parameters-without-an-end", "IMP-001", "GetParametersForImport answers no ParametersValidTo", |t| {
        t.edit("GetParametersForImport", |_, body| { body.as_object_mut().map(|m| m.remove("ParametersValidTo")); })
    };
    "parameters-for-any-key", "IMP-002", "GetParametersForImport works for AWS_KMS keys", |t| t.with_family("GetParametersForImport", |f, _| f.origin = "EXTERNAL".into());
    "imported-keys-stay-pending", "IMP-003", "ImportKeyMaterial leaves the key in PendingImport", |t| {
        t.then("ImportKeyMaterial", |t| { t.on_key(|k| k.state = State::PendingImport); })
    };
    "material-reaches-every-member", "IMP-004", "Imported material is copied to every member", |t| {
        t.then("ImportKeyMaterial", |t| { t.on_family(|f, region| {
            let imported = f.members[region].imported;
            f.members.values_mut().filter(|k| k.state == State::PendingImport).for_each(|k| { k.state = State::Enabled; k.imported = imported });
        }); })
    };
    "any-material-will-do", "IMP-005", "Any material is accepted", |t| {
        if t.is("ImportKeyMaterial") && t.on_family(|f, _| f.origin == "EXTERNAL").unwrap_or(false) {
            let old = t.on_family(|f, _| std::mem::take(&mut f.materials)).unwrap_or_default();
            let answer = t.run();
            t.on_family(|f, _| if !old.is_empty() { f.materials = old });
            return answer;
        }
        t.run()
    };
    "material-is-deleted-everywhere", "IMP-006" ["IMP-004"], "DeleteImportedKeyMaterial says yes and does nothing", |t| {
        let old = t.on_key(|k| (k.state, k.imported));
        t.then("DeleteImportedKeyMaterial", |t| if let Some((state, imported)) = old { t.on_key(|k| { k.state = state; k.imported = imported }); t.on_family(|f, region| f.members.iter_mut().filter(|(r, k)| *r != region && k.imported.is_some()).for_each(|(_, k)| k.lose_material())); })
    };
    "expiry-is-not-shown", "IMP-007", "DescribeKey always shows KEY_MATERIAL_DOES_NOT_EXPIRE", |t| {
        t.edit_metadata(|_, meta| if meta.contains_key("ExpirationModel") {
            meta.insert("ExpirationModel".into(), json!("KEY_MATERIAL_DOES_NOT_EXPIRE"));
            meta.remove("ValidTo");
        })
    };
    "material-never-expires", "IMP-008", "Expired material can still be used", |t| {
        t.on_account(|a| a.families.values_mut().flat_map(|f| f.members.values_mut()).for_each(|k| if let Some(i) = &mut k.imported && let Some(time) = &mut i.valid_to && *time < std::time::SystemTime::now() + std::time::Duration::from_secs(60) {
            *time += std::time::Duration::from_secs(3600);
        }));
        t.run()
    };
    "expiry-without-a-date", "IMP-009", "KEY_MATERIAL_EXPIRES without ValidTo is accepted", |t| {
        if t.is("ImportKeyMaterial") && !t.body.contains_key("ValidTo") { t.set("ExpirationModel", json!("KEY_MATERIAL_DOES_NOT_EXPIRE")); }
        t.run()
    };
    "imported-ciphertexts-are-regional", "IMP-010", "Ciphertexts of a key with imported material open in their own Region only", |t| {
        if t.is("Encrypt") { return t.edit("Encrypt", |t, body| { t.note(&format!("{} {}", t.region(), body["CiphertextBlob"])); }) }
        let external = { let id = super::crypto::owner(t); t.on_account(|a| a.families.get(&id).is_some_and(|f| f.origin == "EXTERNAL")) };
        if t.is("Decrypt") && external && t.noted(&format!("{} {}", t.region(), json!(t.text("CiphertextBlob")))) == 0 {
            let answer = t.run();
            return if answer.is_ok() { refuse("InvalidCiphertextException") } else { answer };
        }
        t.run()
    };
    "promotion-shares-the-expiry", "IMP-011", "A promotion gives both sides the primary's expiry", |t| {
        t.then(UPR, |t| {
            let to = t.text("PrimaryRegion");
            t.on_family(|f, from| { let imported = f.members[from].imported; if let Some(k) = f.members.get_mut(&to) { k.imported = imported } });
        })
    };
    "imported-again-is-another-key", "IMP-012", "The same material imported again does not open old ciphertexts", |t| {
        let imports = t.on_family(|f, _| f.origin == "EXTERNAL").unwrap_or(false);
        if imports && t.is("DeleteImportedKeyMaterial") { t.note_key(&format!("lost {}", t.region())); }
        let id = super::crypto::owner(t);
        if t.is("Decrypt") && t.noted(&format!("lost {} {id}", t.region())) > 0 {
            let answer = t.run();
            return if answer.is_ok() { refuse("InvalidCiphertextException") } else { answer };
        }
        t.run()
    };
    "any-token-will-do", "IMP-013", "The import token is not looked at", |t| {
        if t.is("ImportKeyMaterial") {
            let token = t.on_key(|k| k.parameters.last().map(|p| p.token.clone())).flatten();
            if let Some(token) = token {
                use base64::Engine as _;
                t.set("ImportToken", json!(base64::engine::general_purpose::STANDARD.encode(token)));
            }
        }
        t.run()
    };
    "aws-material-can-be-deleted", "IMP-014", "DeleteImportedKeyMaterial on an AWS_KMS key says yes", |t| {
        let aws = t.on_family(|f, _| f.origin == "AWS_KMS").unwrap_or(false);
        if t.is("DeleteImportedKeyMaterial") && aws && t.state() == "Enabled" { return Ok(json!({})) }
        t.run()
    };
    "rubbish-is-material", "IMP-015", "Wrapped material that does not unwrap is accepted", |t| {
        match t.run() {
            Err(e) if t.is("ImportKeyMaterial") && e.code == "InvalidCiphertextException" => {
                t.on_key(|k| { k.state = State::Enabled; k.imported = Some(Imported { valid_to: None }) });
                Ok(json!({}))
            }
            other => other,
        }
    };
    "no-key-wrap", "IMP-016", "RSA_AES_KEY_WRAP_SHA_256 is unwrapped like RSAES_OAEP_SHA_256", |t| {
        t.then("GetParametersForImport", |t| { t.on_key(|k| if let Some(p) = k.parameters.last_mut() { p.algorithm = "RSAES_OAEP_SHA_256".into() }); })
    };
    "promotion-deletes-material", "UPR-011", "A promotion deletes the former primary's imported material", |t| {
        t.then(UPR, |t| { t.on_key(|k| if k.imported.is_some() { k.lose_material() }); })
    };
    "promoted-imports-open-nothing", "IMP-017" late, "After a promotion a family with imported material decrypts nothing", |t| {
        if t.is(UPR) { return t.then(UPR, |t| { t.note(&format!("promoted {}", t.key_id())); }) }
        let id = super::crypto::owner(t);
        let external = t.on_account(|a| a.families.get(&id).is_some_and(|f| f.origin == "EXTERNAL"));
        if t.is("Decrypt") && external && t.noted(&format!("promoted {id}")) > 0 {
            let answer = t.run();
            return if answer.is_ok() { refuse("InvalidCiphertextException") } else { answer };
        }
        t.run()
    };
    "pending-import-is-promoted", "UPR-017" late documented, "A replica without material can be promoted", |t| {
        let to = t.text("PrimaryRegion");
        if !t.is(UPR) { return t.run() }
        let old = t.on_family(|f, _| f.members.get_mut(&to).filter(|k| k.state == State::PendingImport).map(|k| k.state = State::Enabled)).flatten();
        let answer = t.run();
        if old.is_some() { t.on_family(|f, _| if let Some(k) = f.members.get_mut(&to) { k.state = State::PendingImport }); }
        answer
    };
    "former-primary-takes-any-material", "IMP-005" late, "A former primary takes material of any kind", |t| {
        if t.is(UPR) { return t.then(UPR, |t| { t.note_key(&format!("former {}", t.region())); }) }
        if t.is("ImportKeyMaterial") && t.noted_key(&format!("former {}", t.region())) > 0 {
            let answer = t.run();
            if is_refused(&answer, "IncorrectKeyMaterialException") {
                t.on_key(|k| { k.state = State::Enabled; k.imported = Some(Imported { valid_to: None }) });
                return Ok(Value::Object(Default::default()));
            }
            return answer;
        }
        t.run()
    };
    "material-ids-are-regional", "IMP-018", "A replica gives the same material another KeyMaterialId", |t| {
        let replica = t.is_replica();
        t.edit("ImportKeyMaterial", |_, body| if let (true, Some(id)) = (replica, body["KeyMaterialId"].as_str()) {
            body["KeyMaterialId"] = json!(id.chars().rev().collect::<String>());
        })
    };
    "new-material-stops-the-key", "IMP-019", "New material makes a key pending import until it is rotated", |t| {
        let new = t.text("ImportType") == "NEW_KEY_MATERIAL" && t.state() == "Enabled";
        t.then("ImportKeyMaterial", |t| if new { t.on_key(|k| k.state = State::PendingImport); })
    };
    "replica-takes-new-material", "IMP-020", "ImportType is not looked at on a replica", |t| {
        if t.is("ImportKeyMaterial") && t.is_replica() { t.body.remove("ImportType"); }
        t.run()
    };
    "newer-material-replaces-what-waits", "IMP-021", "New material replaces other material that waits for a rotation", |t| {
        if t.is("ImportKeyMaterial") && t.text("ImportType") == "NEW_KEY_MATERIAL" && !t.is_replica() {
            t.on_family(|f, _| f.pending = None);
        }
        t.run()
    };
    "older-material-cannot-be-deleted", "IMP-022", "DeleteImportedKeyMaterial of an older material says yes and does nothing", |t| {
        let old = t.on_family(|f, region| (f.materials.len(), f.members.get(region).map(|k| (k.held.clone(), k.state))));
        t.then("DeleteImportedKeyMaterial", |t| if let Some((count, Some((held, state)))) = old {
            t.on_key(|k| if k.imported.is_some() { k.held.extend(held.into_iter().filter(|(v, _)| *v + 1 < count)); k.state = state });
        })
    };
    "withdrawn-material-waits-on-replicas", "IMP-023", "Material that the primary lost goes on waiting on its replicas", |t| {
        let waits = t.on_family(|f, _| f.pending.is_some()).unwrap_or(false);
        if t.is("DeleteImportedKeyMaterial") && !t.is_replica() && waits { t.note_key("withdrawn"); }
        let still = t.is_replica() && !waits && t.noted_key("withdrawn") > 0;
        t.edit("ListKeyRotations", |_, body| if let (true, Some(list)) = (still, body["Rotations"].as_array_mut()) {
            let mut entry = list.last().cloned().unwrap_or_default();
            entry["KeyMaterialState"] = json!("PENDING_ROTATION");
            list.push(entry);
        })
    };
    "material-ids-are-of-the-bytes", "IMP-024", "KeyMaterialId does not depend on the key", |t| {
        let all = t.operation.clone();
        t.edit(&all, |t, body| {
            let pairs = t.on_family(|f, _| {
                let all = f.materials.iter().chain(&f.pending);
                all.map(|m| (crate::crypto::imported_id(&f.id, m), crate::crypto::imported_id("", m))).collect::<Vec<_>>()
            });
            for (own, everybodys) in pairs.unwrap_or_default() { replace(body, &own, &everybodys) }
        })
    };
    "material-is-not-described", "ROT-018", "KeyMaterialDescription is the same for all material", |t| {
        t.edit("ListKeyRotations", |_, body| for entry in body["Rotations"].as_array_mut().into_iter().flatten() {
            if entry.get("KeyMaterialDescription").is_some() { entry["KeyMaterialDescription"] = json!("key material") }
        })
    };
    "any-wrapping-will-do", "IMP-030", "GetParametersForImport takes every wrapping algorithm for every key", |t| {
        if t.is("GetParametersForImport") && t.on_family(|f, _| f.spec == "SYMMETRIC_DEFAULT").unwrap_or(false) { t.set("WrappingAlgorithm", json!("RSAES_OAEP_SHA_256")); }
        t.run()
    };
}

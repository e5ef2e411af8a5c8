//! Imported key material.

use super::super::crypto;
use super::super::error::{Answer, KmsError, invalid_ciphertext, unsupported, validation};
use super::super::store::{Account, Family, Imported, Parameters};
use super::importing::{Order, check_expiry, check_wrapping, whole_seconds};
use super::{Engine, Request, epoch, family, refuse_in};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::time::Duration;

const WRAPPING: &[&str] = &[
    "RSAES_PKCS1_V1_5",
    "RSAES_OAEP_SHA_1",
    "RSAES_OAEP_SHA_256",
    "RSA_AES_KEY_WRAP_SHA_1",
    "RSA_AES_KEY_WRAP_SHA_256",
    "SM2PKE",
];
const PENDING: [&str; 2] = ["PendingDeletion", "PendingReplicaDeletion"];

fn require_external(r: &Request, family: &Family) -> Result<(), KmsError> {
    if family.origin == "EXTERNAL" {
        return Ok(());
    }
    let arn = r.own_arn(&family.id);
    Err(unsupported(format!("{arn} origin is {} which is not valid for this operation.", family.origin)))
}

impl Engine {
    pub(super) fn parameters_for_import(&self, r: &Request, account: &mut Account) -> Answer {
        let given = r.input.key_id("KeyId")?;
        let algorithm = r.input.required_choice("WrappingAlgorithm", WRAPPING)?;
        let spec = r.input.required_choice("WrappingKeySpec", &["RSA_2048", "RSA_3072", "RSA_4096", "SM2"])?;
        r.input.end()?;
        let family = family(r, account, &given)?;
        require_external(r, family)?;
        refuse_in(r, family, &[&PENDING[..], &["Creating", "Updating"]].concat())?;
        check_wrapping(family, &algorithm, &spec)?;
        let offered = algorithm.starts_with("RSAES_OAEP_") || algorithm.starts_with("RSA_AES_KEY_WRAP_");
        let public = crypto::wrapping_public_key(&spec).filter(|_| offered);
        let public = public.ok_or_else(|| unsupported(format!("{algorithm} with {spec} is not offered here")))?;
        let token = crypto::random(64);
        let valid_to = r.wall + Duration::from_secs(86_400);
        let arn = r.own_arn(&family.id);
        let key = family.members.get_mut(r.region()).expect("resolved");
        key.parameters.push(Parameters { token: token.clone(), algorithm, spec, valid_to });
        Ok(json!({
            "KeyId": arn,
            "ImportToken": STANDARD.encode(token),
            "PublicKey": STANDARD.encode(public),
            "ParametersValidTo": epoch(valid_to),
        }))
    }

    pub(super) fn import_key_material(&self, r: &Request, account: &mut Account) -> Answer {
        let given = r.input.key_id("KeyId")?;
        let token = r.input.blob("ImportToken", 1, 6144)?;
        let wrapped = r.input.blob("EncryptedKeyMaterial", 1, 6144)?;
        let valid_to = r.input.timestamp("ValidTo")?;
        let model = r.input.choice("ExpirationModel", &["KEY_MATERIAL_EXPIRES", "KEY_MATERIAL_DOES_NOT_EXPIRE"])?;
        let kind = r.input.choice("ImportType", &["NEW_KEY_MATERIAL", "EXISTING_KEY_MATERIAL"])?;
        let wanted = r.input.string("KeyMaterialId", 64, 64)?;
        let description = r.input.string("KeyMaterialDescription", 0, 256)?;
        r.input.end()?;
        if r.recorded {
            check_expiry(r, model.as_deref(), valid_to)?;
        }
        let expires = model.as_deref() != Some("KEY_MATERIAL_DOES_NOT_EXPIRE");
        if expires && valid_to.is_none() {
            return Err(validation("A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"));
        }
        let valid_to = valid_to.filter(|_| expires);
        let family = family(r, account, &given)?;
        require_external(r, family)?;
        refuse_in(r, family, &[&PENDING[..], &["Creating"]].concat())?;
        let order = Order { new: kind.as_deref() == Some("NEW_KEY_MATERIAL"), kind, wanted, description };
        order.check(r, family)?;
        let key = &family.members[r.region()];
        let parameters = key.parameters.iter().find(|p| p.token == token);
        let parameters = parameters.ok_or_else(|| KmsError::new("InvalidImportTokenException", ""))?;
        if parameters.valid_to < r.wall {
            return Err(KmsError::new("ExpiredImportTokenException", ""));
        }
        let plain = crypto::unwrap_material(&parameters.spec, &parameters.algorithm, &wrapped);
        let plain = plain.map_err(|_| invalid_ciphertext(""))?;
        let valid_to = if r.recorded { valid_to.map(whole_seconds) } else { valid_to };
        self.take_material(r, family, &plain, Imported { valid_to }, order)
    }

    pub(super) fn delete_imported_key_material(&self, r: &Request, account: &mut Account) -> Answer {
        let given = r.input.key_id("KeyId")?;
        let wanted = r.input.string("KeyMaterialId", 64, 64)?;
        r.input.end()?;
        let family = family(r, account, &given)?;
        require_external(r, family)?;
        refuse_in(r, family, &["Creating", "Updating"])?;
        self.drop_material(r, family, wanted)
    }
}

/// ExpirationModel and ValidTo of KeyMetadata.
pub fn describe(imported: &Imported, meta: &mut Value) {
    let expires = imported.valid_to.is_some();
    meta["ExpirationModel"] = json!(if expires { "KEY_MATERIAL_EXPIRES" } else { "KEY_MATERIAL_DOES_NOT_EXPIRE" });
    if let Some(time) = imported.valid_to {
        meta["ValidTo"] = epoch(time);
    }
}

//! Imported key material: several versions, each known by its id.

use super::super::crypto::{self, Material};
use super::super::error::{Answer, KmsError, invalid_ciphertext, invalid_state, validation};
use super::super::pairs;
use super::super::store::{Family, Imported, State};
use super::{Engine, Request};
use serde_json::json;
use std::time::{Duration, SystemTime};

/// What an import asks for.
pub struct Order {
    /// ImportType, if it was given.
    pub kind: Option<String>,
    pub new: bool,
    /// KeyMaterialId.
    pub wanted: Option<String>,
    pub description: Option<String>,
}

/// Refuses ways to wrap that do not fit the key spec.
pub fn check_wrapping(family: &Family, algorithm: &str, wrapping: &str) -> Result<(), KmsError> {
    let (spec, padded) = (family.spec.as_str(), algorithm.starts_with("RSAES_OAEP_"));
    let narrow = algorithm == "RSAES_OAEP_SHA_256" && wrapping == "RSA_2048";
    let fits = match spec {
        _ if algorithm == "RSAES_PKCS1_V1_5" => false,
        "SYMMETRIC_DEFAULT" => padded,
        "ECC_NIST_P521" | "ECC_NIST_EDWARDS25519" => !narrow,
        s if s.starts_with("RSA_") => !padded,
        _ => true,
    };
    if fits {
        return Ok(());
    }
    Err(validation(format!(
        "Wrapping algorithm {algorithm} and wrapping key spec {wrapping} cannot be used to import a {spec} key."
    )))
}

/// Checks ExpirationModel and ValidTo against each other and the clock (F-124).
pub fn check_expiry(r: &Request, model: Option<&str>, valid_to: Option<SystemTime>) -> Result<(), KmsError> {
    let year = Duration::from_secs(365 * 86_400);
    match (model, valid_to) {
        (Some("KEY_MATERIAL_DOES_NOT_EXPIRE"), Some(_)) => {
            Err(validation("A validTo date cannot be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE"))
        }
        (_, Some(time)) if time <= r.wall => Err(validation("ValidTo must be in the future")),
        (_, Some(time)) if time >= r.wall + year => Err(validation("ValidTo must be less than 365 days in the future")),
        _ => Ok(()),
    }
}

/// The time without its fraction of a second.
pub fn whole_seconds(time: SystemTime) -> SystemTime {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs())
}

fn incorrect(text: String) -> KmsError {
    KmsError::new("IncorrectKeyMaterialException", text)
}

/// The bytes as material; they must have the length, or be a key, of the spec.
fn material(spec: &str, plain: &[u8]) -> Option<Material> {
    let fits = match spec {
        "SYMMETRIC_DEFAULT" => plain.len() == 32,
        "HMAC_224" => plain.len() == 28,
        "HMAC_256" => plain.len() == 32,
        "HMAC_384" => plain.len() == 48,
        "HMAC_512" => plain.len() == 64,
        _ => return pairs::imported(spec, plain),
    };
    crypto::imported(spec, plain).filter(|_| fits)
}

impl Order {
    /// Refuses members that do not fit the key or each other.
    pub fn check(&self, r: &Request, family: &Family) -> Result<(), KmsError> {
        if family.spec != "SYMMETRIC_DEFAULT" {
            let given = [
                ("importType", self.kind.is_some()),
                ("keyMaterialId", self.wanted.is_some()),
                ("keyMaterialDescription", self.description.is_some()),
            ];
            if let Some((member, _)) = given.iter().find(|(_, given)| *given) {
                let spec = &family.spec;
                return Err(validation(format!("Input parameter {member} cannot be used with {spec} imported keys.")));
            }
        }
        if self.new && self.wanted.is_some() {
            return Err(validation("Input parameter keyMaterialId cannot be used with NEW_KEY_MATERIAL importType."));
        }
        if family.primary == r.region() {
            return Ok(());
        }
        if self.description.is_some() {
            return Err(validation("Key material description can only be specified on primary Multi-Region keys"));
        }
        if self.new {
            let text = "Input parameter ImportType NEW_KEY_MATERIAL cannot be used on replica Multi-Region keys";
            return Err(validation(text));
        }
        Ok(())
    }
}

impl Engine {
    /// Takes in unwrapped material: the first, one that is known already, or a new one that will wait
    /// for a rotation (F-120, F-125, F-127).
    pub(super) fn take_material(
        &self,
        r: &Request,
        family: &mut Family,
        plain: &[u8],
        imported: Imported,
        order: Order,
    ) -> Answer {
        let material = material(&family.spec, plain).ok_or_else(|| invalid_ciphertext(""))?;
        let arn = r.own_arn(&family.id);
        let id = crypto::imported_id(&family.id, &material);
        let expected =
            |id: &str| incorrect(format!("Imported key material does not have the expected identifier ({id})."));
        if let Some(wanted) = order.wanted.as_ref().filter(|w| **w != id) {
            return Err(expected(wanted));
        }
        let known = self.version_of(family, &id);
        let count = family.materials.len();
        let version = match known {
            Some(_) if order.new && count > 0 => {
                return Err(incorrect(format!(
                    "Key material (id: {id}) being imported as NEW_KEY_MATERIAL is already associated with KMS key {arn}."
                )));
            }
            Some(version) => version,
            None if count == 0 => {
                family.materials.push(material);
                0
            }
            None if !order.new => return Err(expected(&self.material_id(family, count - 1))),
            None if family.pending.is_some() => {
                let other = self.material_id(family, count);
                return Err(invalid_state(format!(
                    "New key material (id: {id}) cannot be imported into KMS key {arn}, \
                     because another key material (id: {other}) is pending rotation."
                )));
            }
            None => {
                family.pending = Some(material);
                count
            }
        };
        if let Some(text) = order.description {
            family.descriptions.insert(id.clone(), text);
        }
        let current = family.materials.len() - 1;
        let key = family.members.get_mut(r.region()).expect("resolved");
        if version == current {
            key.imported = Some(imported);
        } else {
            key.held.insert(version, imported);
        }
        // Material that the key works with was recorded to enable a disabled key as well (F-121).
        let works = version <= current && !family.lacks_material(r.region(), r.wall);
        let key = family.members.get_mut(r.region()).expect("resolved");
        if works && (key.state == State::PendingImport || (r.recorded && key.state == State::Disabled)) {
            key.state = State::Enabled;
        }
        Ok(named(family, arn, id))
    }

    /// Deletes material of this member, the current one if none is named. Without what is pending in
    /// the primary it is pending nowhere (F-126).
    pub(super) fn drop_material(&self, r: &Request, family: &mut Family, wanted: Option<String>) -> Answer {
        let arn = r.own_arn(&family.id);
        let count = family.materials.len();
        let version = match &wanted {
            None => count.checked_sub(1),
            Some(id) => {
                let text = || format!("Key material (id: {id}) has never been imported into KMS key {arn}.");
                Some(self.version_of(family, id).ok_or_else(|| validation(text()))?)
            }
        };
        let Some(version) = version else {
            return Ok(json!({ "KeyId": arn }));
        };
        let id = self.material_id(family, version);
        let withdrawn = version == count && family.primary == r.region();
        let key = family.members.get_mut(r.region()).expect("resolved");
        match version {
            v if v + 1 == count => key.imported = None,
            v => key.held.retain(|held, _| *held != v),
        }
        if withdrawn {
            family.pending = None;
            family.descriptions.remove(&id);
            family.members.values_mut().for_each(|k| k.held.retain(|v, _| *v != version));
        }
        family.settle_material(r.wall);
        Ok(named(family, arn, id))
    }
}

/// The answer about material; only that of symmetric keys has an id that is shown.
fn named(family: &Family, arn: String, id: String) -> serde_json::Value {
    if family.spec == "SYMMETRIC_DEFAULT" {
        return json!({ "KeyId": arn, "KeyMaterialId": id });
    }
    json!({ "KeyId": arn })
}

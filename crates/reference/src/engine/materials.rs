//! Key material: its ids, and where it stands.

use super::super::crypto;
use super::super::store::{Family, Imported};
use super::{Engine, Request, epoch};
use serde_json::{Value, json};

impl Engine {
    /// The id of a version of key material, counted from 0; the next one is what is pending rotation.
    pub(super) fn material_id(&self, family: &Family, version: usize) -> String {
        let material = family.materials.get(version).or(family.pending.as_ref());
        match material {
            Some(material) if family.origin == "EXTERNAL" => crypto::imported_id(&family.id, material),
            _ => crypto::material_id(&family.id, version + 1),
        }
    }

    /// The version of imported material that has this id, also if it is pending rotation.
    pub(super) fn version_of(&self, family: &Family, id: &str) -> Option<usize> {
        let versions = family.materials.len() + usize::from(family.pending.is_some());
        (0..versions).find(|v| self.material_id(family, *v) == id)
    }

    /// The entries of ListKeyRotations: the rotated ones, or all material (F-097).
    pub(super) fn rotations(&self, r: &Request, family: &Family, all: bool) -> Vec<Value> {
        let done = family.materials.len();
        let first = if all { 0 } else { done.min(1) };
        let end = done + usize::from(all && family.pending.is_some());
        (first..end).map(|version| self.entry(r, family, version)).collect()
    }

    fn entry(&self, r: &Request, family: &Family, version: usize) -> Value {
        let id = self.material_id(family, version);
        let done = family.materials.len();
        let state = match version {
            v if v + 1 == done => "CURRENT",
            v if v < done => "NON_CURRENT",
            _ if family.rotating.is_none() && !everybody_has_pending(family) => {
                "PENDING_MULTI_REGION_IMPORT_AND_ROTATION"
            }
            _ => "PENDING_ROTATION",
        };
        let mut entry = json!({ "KeyId": r.own_arn(&family.id), "KeyMaterialId": id, "KeyMaterialState": state });
        if let Some(rotation) = version.checked_sub(1).and_then(|i| family.rotations.get(i)) {
            entry["RotationDate"] = epoch(rotation.at);
            entry["RotationType"] = json!("ON_DEMAND");
        }
        if family.origin == "EXTERNAL" {
            let imported = status(family, r.region(), version);
            entry["ImportState"] = json!(if imported.is_some() { "IMPORTED" } else { "PENDING_IMPORT" });
            if let Some(imported) = imported {
                super::import::describe(imported, &mut entry);
            }
            if let Some(text) = family.descriptions.get(&id) {
                entry["KeyMaterialDescription"] = json!(text);
            }
        }
        entry
    }
}

/// What a member has of a version.
fn status<'f>(family: &'f Family, region: &str, version: usize) -> Option<&'f Imported> {
    let key = family.members.get(region)?;
    if version + 1 == family.materials.len() { key.imported.as_ref() } else { key.held.get(&version) }
}

/// Whether every member has the material that is pending rotation.
pub fn everybody_has_pending(family: &Family) -> bool {
    family.members.values().all(|k| k.held.contains_key(&family.materials.len()))
}

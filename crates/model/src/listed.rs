//! Key material as ListKeyRotations lists it (F-097).

use crate::bindings::Slot;
use crate::matchers::Scope;
use serde_json::Value;

/// One entry that is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The id of the material.
    pub id: Slot,
    /// Any of these as KeyMaterialState.
    pub states: Vec<&'static str>,
    /// Whether it is shown as imported, if that is known.
    pub imported: Option<bool>,
    /// Whether a rotation brought it: then it has a date.
    pub rotated: bool,
    /// Its description, if that is known.
    pub description: Option<String>,
}

/// `Ok` when the list has these entries, in this order; otherwise what was wanted, in words. Members that are
/// not there say nothing.
pub(crate) fn holds(wanted: &[Listed], value: &Value, scope: &mut Scope) -> Result<(), String> {
    let words = || {
        let entry = |l: &Listed| {
            let imported = match l.imported {
                Some(true) => " (IMPORTED)",
                Some(false) => " (PENDING_IMPORT)",
                None => "",
            };
            let described = l.description.as_ref().map_or(String::new(), |d| format!(" described as `{d}`"));
            format!("{}{imported}{described}", l.states.join(" or "))
        };
        format!("the materials [{}]", wanted.iter().map(entry).collect::<Vec<_>>().join(", "))
    };
    let list = value.as_array().filter(|l| l.len() == wanted.len()).ok_or_else(words)?;
    let all = wanted.iter().zip(list).all(|(want, entry)| is_shown(want, entry, scope));
    if all { Ok(()) } else { Err(words()) }
}

fn is_shown(want: &Listed, entry: &Value, scope: &mut Scope) -> bool {
    let text = |member: &str| entry.get(member).and_then(Value::as_str);
    let imported = want.imported.map(|yes| if yes { "IMPORTED" } else { "PENDING_IMPORT" });
    let same = |id: &Value, scope: &mut Scope| scope.same(&want.id, id).is_ok();
    text("KeyMaterialState").is_none_or(|s| want.states.contains(&s))
        && text("ImportState").is_none_or(|s| imported.is_none_or(|want| s == want))
        && text("KeyMaterialDescription").is_none_or(|d| want.description.as_ref().is_none_or(|want| d == want))
        && entry.get("RotationDate").is_some() == want.rotated
        && entry.get("KeyMaterialId").is_none_or(|id| same(id, scope))
}

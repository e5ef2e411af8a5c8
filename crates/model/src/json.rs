//! Looking into an answer.

use serde_json::Value;

/// The member at a dotted path; `Null` counts as absent.
pub fn lookup<'v>(body: &'v Value, path: &str) -> Option<&'v Value> {
    let parts = path.split('.').filter(|p| !p.is_empty());
    let value = parts.into_iter().try_fold(body, |v, part| v.get(part))?;
    Some(value).filter(|v| path.is_empty() || !v.is_null())
}

/// Whether the member at a dotted path is there and `null`.
pub(super) fn is_null(body: &Value, path: &str) -> bool {
    path.split('.').try_fold(body, |v, part| v.get(part)).is_some_and(Value::is_null)
}

/// A JSON value, cut to a length that a person reads.
pub fn brief(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 300 {
        return text;
    }
    let start: String = text.chars().take(280).collect();
    format!("{start}… ({} characters)", text.chars().count())
}

//! An answer as facts, one a line, and the difference between two answers.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Values by their path. A list of structures has one value for each of them, anything else has one.
pub(super) type Facts = BTreeMap<String, Vec<String>>;

/// Beyond this many characters the two sides of a change stand on a line each.
const WIDTH: usize = 120;
const ABSENT: &str = "(absent)";

/// Everything in a value, in the order of the paths.
pub(super) fn flatten(path: &str, value: &Value) -> Facts {
    let mut facts = Facts::new();
    collect(path, value, &mut facts);
    facts
}

fn collect(path: &str, value: &Value, facts: &mut Facts) {
    let items = match value {
        Value::Object(map) if !map.is_empty() || path.is_empty() => {
            for (name, value) in map {
                collect(&if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, value, facts);
            }
            return;
        }
        Value::Array(list) if !list.is_empty() && list.iter().all(Value::is_object) => {
            list.iter().map(Value::to_string).collect()
        }
        // `"180"` is not 180; a policy is a structure in a text, and easier to read without its quotes.
        Value::String(s) if serde_json::from_str(s).map_or(!s.is_empty(), |v: Value| v.is_object()) => vec![s.clone()],
        other => vec![other.to_string()],
    };
    facts.insert(path.to_string(), items);
}

/// All facts, a line each.
pub(super) fn whole(facts: &Facts) -> Vec<String> {
    facts.iter().flat_map(|(path, items)| items.iter().map(move |item| format!("{path}: {item}"))).collect()
}

/// What has to be changed in `old` to get `new`, in the order of the paths.
pub(super) fn changes(old: &Facts, new: &Facts) -> Vec<String> {
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let of = |facts: &Facts, path: &String| facts.get(path).cloned().unwrap_or_default();
    paths.into_iter().flat_map(|path| change(path, of(old, path), of(new, path))).collect()
}

fn change(path: &str, mut gone: Vec<String>, new: Vec<String>) -> Vec<String> {
    let mut come = Vec::new();
    for item in new {
        match gone.iter().position(|g| *g == item) {
            Some(same) => drop(gone.remove(same)),
            None => come.push(item),
        }
    }
    match (&gone[..], &come[..]) {
        ([], []) => Vec::new(),
        ([old], [new]) => arrow(path, old, new),
        _ => {
            let gone = gone.iter().flat_map(|old| arrow(path, old, ABSENT));
            gone.chain(come.iter().flat_map(|new| arrow(path, ABSENT, new))).collect()
        }
    }
}

fn arrow(path: &str, old: &str, new: &str) -> Vec<String> {
    if path.len() + old.len() + new.len() > WIDTH && old != ABSENT && new != ABSENT {
        vec![format!("{path}: {old}"), format!("  -> {new}")]
    } else {
        vec![format!("{path}: {old} -> {new}")]
    }
}

//! Words for a cause that no known mistake has words for.

use super::symptoms::Symptoms;
use crate::oracle::MEANWHILE;
use crate::session::Kind;
use mrkspec_model::rule::RuleId;
use std::collections::BTreeSet;

/// Operations that are named; more are counted.
const NAMED: usize = 3;

/// What is wrong, in one sentence. `rules` are the cause's own, the one that says best what is wrong first.
pub(super) fn of(symptoms: &Symptoms, rules: &[RuleId]) -> String {
    let sights: Vec<_> = symptoms.sightings().filter(|(v, _)| rules.contains(&v.rule)).map(|(_, s)| s).collect();
    let example = symptoms.example(rules[0]);
    let Some(shown) = &example.sighting else { return example.observed.clone() };
    let alike: BTreeSet<&str> = sights.iter().filter(|s| same_way(&s.kind, &shown.kind)).map(|s| s.op.name()).collect();
    let states: BTreeSet<&str> =
        sights.iter().filter(|s| same_way(&s.kind, &shown.kind)).map(|s| s.state.as_str()).collect();
    let operations = listed(&alike);
    let (s, many) = if alike.len() == 1 { ("s", false) } else { ("", true) };
    let key = match states.len() {
        1 if !shown.state.is_empty() && shown.state != "Enabled" => format!(" a key in {}", shown.state),
        _ => String::new(),
    };
    let wanted = example.expected.rsplit(MEANWHILE).next().unwrap_or_default();
    let named: Vec<&str> = states.iter().copied().filter(|s| !s.is_empty()).collect();
    match &shown.kind {
        Kind::Accepted if named.len() > 1 && !named.contains(&"Enabled") => {
            format!("{operations} accept{s} keys in states in which they should not: {}", named.join(", "))
        }
        Kind::Accepted if !key.is_empty() => format!("{operations} accept{s}{key}; expected: {wanted}"),
        Kind::Accepted => format!("{operations} accept{s} what should be {wanted}"),
        Kind::Refused(code) => {
            let (is, of) = (if many { "are" } else { "is" }, if key.is_empty() { "" } else { " of" });
            format!(
                "{operations} {is} refused with {code} where success is due{}",
                if of.is_empty() { key } else { format!(" (on{key})") }
            )
        }
        Kind::Code(code) => {
            let on = if key.is_empty() { key } else { format!(" on{key}") };
            format!("{operations} give{s} {code}{on}; expected: {}", example.expected.trim_start_matches("code: "))
        }
        Kind::Member(path) if path == "message" => format!("{operations} word{s} an exception otherwise than AWS"),
        Kind::Member(path) => {
            let name = path.rsplit('.').next().unwrap_or(path);
            format!("{operations} show{s} a wrong {name}")
        }
        Kind::Form => format!("{operations}: {}", without_detail(&example.observed)),
    }
}

fn same_way(a: &Kind, b: &Kind) -> bool {
    match (a, b) {
        (Kind::Accepted, Kind::Accepted) | (Kind::Form, Kind::Form) => true,
        (Kind::Refused(x) | Kind::Code(x), Kind::Refused(y) | Kind::Code(y)) => x == y,
        (Kind::Member(x), Kind::Member(y)) => x == y,
        _ => false,
    }
}

fn listed(operations: &BTreeSet<&str>) -> String {
    let all: Vec<&str> = operations.iter().copied().collect();
    match all.as_slice() {
        [] => "An operation".to_string(),
        [one] => one.to_string(),
        [init @ .., last] if all.len() <= NAMED => format!("{} and {last}", init.join(", ")),
        _ => format!("{} operations ({}, …)", all.len(), all[..NAMED].join(", ")),
    }
}

fn without_detail(observed: &str) -> &str {
    observed.split(" (").next().unwrap_or(observed)
}

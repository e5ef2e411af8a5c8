//! From the documentation's sentences to what checks them, and to what proves that the checks can
//! fail.

use mrkspec_model::facts::facts;
use mrkspec_model::rule::Rule;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Why a fact has no rule.
const WITHOUT_RULE: &[(&str, &str)] = &[
    ("F-011", "a requirement on clients: the harness itself ignores extra members (scenario wire/extra-members)"),
    ("F-012", "how the harness tells a missing operation from a failing one (src/transport/probe.rs)"),
    ("F-065", "CloudTrail is not part of an endpoint's KMS interface"),
    ("F-071", "latitude: what may be seen while Updating is accepted (crates/model/src/step/describe.rs)"),
    ("F-117", "latitude: a missing key and a missing permission may be reported in any order"),
    ("F-118", "how an endpoint without authorization is told so (src/session)"),
    ("F-140", "quotas of the real service: background for runs there"),
    ("F-141", "prices of the real service: background for runs there"),
    ("F-142", "quotas of the real service: only the limit of tags is cheap enough to test (ATT-011)"),
    ("F-143", "partitions: background"),
    ("F-144", "endpoints of the real service: how --allow-aws is asked for"),
];

/// The reason why no rule cites this fact.
pub fn reason(fact: &str) -> Option<&'static str> {
    WITHOUT_RULE.iter().find(|(f, _)| *f == fact).map(|(_, why)| *why)
}

/// `docs/traceability.md`: fact, rules, scenarios, faults. The maps go by rule.
pub fn traceability(
    rules: &[Rule],
    scenarios: &BTreeMap<&str, Vec<&str>>,
    faults: &BTreeMap<&str, Vec<&str>>,
) -> String {
    let mut out = String::from(
        "# From the documentation to the checks\n\n\
         Written by `cargo xtask regen`; a test keeps it current. For each fact \
         (`crates/model/src/data/facts.md`): the rules that cite it, with the scenarios that are there for each and the \
         faults (`mrkspec faults`) that prove the check can fail.\n",
    );
    for fact in facts() {
        let level = if fact.level.is_empty() { "background" } else { fact.level };
        let _ = writeln!(out, "\n## {} ({level})\n\n> {}\n", fact.id, fact.text);
        let citing: Vec<&Rule> = rules.iter().filter(|r| r.facts.split(' ').any(|f| f == fact.id)).collect();
        if citing.is_empty() {
            let _ = writeln!(out, "No rule: {}.", reason(fact.id).unwrap_or("MISSING"));
            continue;
        }
        let _ = writeln!(out, "| Rule | Level | Scenarios | Faults |\n|---|---|---|---|");
        for rule in citing {
            let list = |map: &BTreeMap<&str, Vec<&str>>| map.get(rule.id.0).map(|l| l.join(", ")).unwrap_or_default();
            let _ = writeln!(out, "| {} | {} | {} | {} |", rule.id, rule.level.word(), list(scenarios), list(faults));
        }
    }
    out
}

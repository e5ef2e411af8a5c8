//! What is checked in and written by the program is current.

#![cfg(feature = "reference")]

use mrkspec::internals::{faults_by_rule, scenarios_by_rule, sequence};
use mrkspec::report::{reason, rules_markdown, traceability};
use mrkspec_model::facts::facts;
use mrkspec_model::rule::Level;
use mrkspec_model::rules::RULES;
use mrkspec_reference::faults::FAULTS;
use std::collections::BTreeSet;

#[test]
fn docs_rules_md_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rules.md");
    let kept = std::fs::read_to_string(path).expect("docs/rules.md");
    let now = rules_markdown(&RULES, &scenarios_by_rule(sequence::embedded()));
    assert!(kept == now, "run `cargo xtask regen`");
}

#[test]
fn docs_traceability_md_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/traceability.md");
    let kept = std::fs::read_to_string(path).expect("docs/traceability.md");
    let now = traceability(&RULES, &scenarios_by_rule(sequence::embedded()), &faults_by_rule());
    assert!(kept == now, "run `cargo xtask regen`");
}

#[test]
fn every_fact_has_a_rule_or_a_reason_why_not() {
    for fact in facts() {
        let cited = RULES.iter().any(|r| r.facts.split(' ').any(|f| f == fact.id));
        assert_ne!(cited, reason(fact.id).is_some(), "{} has a rule and a reason, or neither", fact.id);
        assert!(cited || fact.level != "MUST", "{} is a MUST without a rule", fact.id);
    }
}

#[test]
fn every_fact_that_a_rule_cites_is_there() {
    let known: BTreeSet<&str> = facts().iter().map(|f| f.id).collect();
    for rule in RULES.iter() {
        for fact in rule.facts.split(' ').filter(|f| f.starts_with("F-")) {
            assert!(known.contains(fact), "{} cites {fact}, which is not in crates/model/src/data/facts.md", rule.id);
        }
    }
}

#[test]
fn every_must_rule_is_broken_by_a_fault() {
    let faults = faults_by_rule();
    let unbroken: Vec<_> = RULES.iter().filter(|r| r.level == Level::Must && !faults.contains_key(r.id.0)).collect();
    assert!(unbroken.is_empty(), "no fault breaks {unbroken:?}");
    let names: BTreeSet<&str> = FAULTS.iter().map(|f| f.name).collect();
    assert_eq!(names.len(), FAULTS.len(), "fault names are unique");
    for fault in FAULTS.iter() {
        for rule in std::iter::once(&fault.rule).chain(fault.also) {
            assert!(mrkspec_model::rules::find(rule).is_some(), "{} names {rule}", fault.name);
        }
    }
}

#[test]
fn every_rule_has_a_scenario() {
    let map = scenarios_by_rule(sequence::embedded());
    let without: Vec<_> = RULES.iter().filter(|r| !map.contains_key(r.id.0)).map(|r| r.id.0).collect();
    assert!(without.is_empty(), "no scenario is there for {without:?}");
}

#[test]
fn committed_baselines_can_be_read() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/baselines");
    let mut read = 0;
    for file in std::fs::read_dir(directory).expect("baselines/").flatten() {
        let text = std::fs::read_to_string(file.path()).expect("a text file");
        let baseline = mrkspec::verdict::Baseline::parse(&text).unwrap_or_else(|e| panic!("{:?}: {e}", file.path()));
        for entry in &baseline.expected {
            let cites = entry.reason.contains("F-") || entry.reason.contains("Q-");
            assert!(cites, "{:?}: {} cites no fact", file.path(), entry.rule);
        }
        read += 1;
    }
    assert!(read > 0, "no baseline in {directory}");
}

/// `cargo xtask new-rule` leaves templates, marked as such, for a person to complete.
#[test]
fn no_template_of_a_new_rule_is_left() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut open = vec![root.join("scenarios"), root.join("crates/reference/src/faults")];
    let mut read = 0;
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory).expect("a directory").flatten() {
            if entry.path().is_dir() {
                open.push(entry.path());
                continue;
            }
            let text = std::fs::read_to_string(entry.path()).expect("a text file");
            assert!(!text.contains("TODO(new-rule)"), "{:?} has a template that is not completed", entry.path());
            read += 1;
        }
    }
    assert!(read > 0);
}

//! What is checked in and written by the program is current.

use mrkspec::report::rules_markdown;
use mrkspec::spec::rule::Level;
use mrkspec::spec::rules::RULES;
use mrkspec::{scenario, scenarios_by_rule};

#[test]
fn docs_rules_md_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rules.md");
    let kept = std::fs::read_to_string(path).expect("docs/rules.md");
    let now = rules_markdown(&RULES, &scenarios_by_rule(scenario::embedded()));
    assert!(kept == now, "run `cargo run --release -- rules --markdown docs/rules.md`");
}

#[test]
fn every_rule_has_a_scenario() {
    let map = scenarios_by_rule(scenario::embedded());
    let without: Vec<_> = RULES.iter().filter(|r| !map.contains_key(r.id.0)).map(|r| r.id.0).collect();
    assert!(without.is_empty(), "no scenario is there for {without:?}");
    assert!(RULES.iter().filter(|r| r.level == Level::Must).count() > 150);
}

#[test]
fn there_are_at_least_eighty_scenarios() {
    assert!(scenario::embedded().len() >= 80, "{}", scenario::embedded().len());
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
    assert_eq!(read, 4);
}

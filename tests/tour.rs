//! The coverage tour: what it covers, what it costs, and that it can be relied upon.

#![cfg(feature = "reference")]

use mrkspec::internals::generate::{Abilities, Tour, tour};
use mrkspec::internals::{Options, check, embedded};
use mrkspec_reference::Settings;
use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::time::Duration;

fn everything() -> &'static Tour {
    static TOUR: OnceLock<Tour> = OnceLock::new();
    TOUR.get_or_init(|| tour(Abilities { limited: true, other: true, short_days: true }))
}

#[test]
fn every_reachable_situation_and_pair_is_covered() {
    let plan = &everything().plan;
    assert_eq!(plan.missing, [""; 0]);
    assert_eq!(plan.pairs_missing, Vec::<String>::new());
    // Covering nothing would be easy: there is more to reach than there are rules.
    assert!(plan.reachable > mrkspec_model::rules::RULES.len() && plan.pairs_reachable > 0, "{plan:?}");
}

#[test]
fn it_is_cheap() {
    let Tour { plan, sequences } = everything();
    // These look where nothing new is to be met: what a change must leave alone (docs/grid.md).
    let looks = sequences.iter().zip(&plan.costs).filter(|(s, _)| s.title == "what a change leaves alone");
    let looks: usize = looks.map(|(_, cost)| cost.requests).sum();
    assert!(looks > 0 && looks * 5 <= 2 * plan.requests, "{looks} of {} requests", plan.requests);
    let per_situation = (plan.requests - looks) as f64 / plan.covered as f64;
    let per_key = plan.requests as f64 / plan.keys as f64;
    assert!(per_situation <= 1.5, "{per_situation:.3} requests for each situation");
    assert!(per_key >= 40.0, "a key for every {per_key:.1} requests");
}

#[test]
fn it_is_the_same_every_time() {
    let again = tour(Abilities { limited: true, other: true, short_days: true });
    let texts =
        |t: &Tour| -> Vec<String> { t.sequences.iter().flat_map(|s| s.steps.iter().map(|x| x.text.clone())).collect() };
    assert_eq!(texts(&again), texts(everything()));
}

#[test]
fn without_other_principals_nobody_else_calls() {
    let alone = tour(Abilities::default());
    let calls = alone.sequences.iter().flat_map(|s| s.calls());
    let callers: BTreeSet<_> = calls.map(|c| c.caller).collect();
    assert_eq!(callers.len(), 1, "{callers:?}");
    assert_eq!(alone.plan.missing, [""; 0]);
}

/// What the plan says is what happens.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_covers_and_costs_what_was_planned() {
    let (_server, target) = embedded(Settings::default()).await.expect("a loopback port");
    let options = Options { scenarios: vec!["tour/*".into()], ..Options::default() };
    let report = check(&target, &options).await.expect("a report");
    assert!(report.violations.is_empty(), "{}", mrkspec::report::console(&report));
    // Its days are as long as anywhere.
    let plan = &tour(Abilities { limited: true, other: true, short_days: false }).plan;
    let seen = report.coverage.situations.expect("the tour was run");
    // At an endpoint that settles at once nothing is ever seen in Updating or Creating.
    let never: Vec<_> = seen.missing.iter().filter(|s| !s.contains("Updating") && !s.contains("Creating")).collect();
    // Of imported keys some depend on what an endpoint shows at once; the rest depends on how a MAY turned out.
    let (imports, rest): (Vec<&String>, Vec<&String>) =
        never.iter().partition(|s| s.contains("(EXTERNAL)") || s.contains("after import"));
    assert!(rest.len() <= 6 && imports.len() <= 20, "{never:#?}");
    let settled = plan.requests as f64;
    let sent = report.cost.requests as f64;
    assert!((0.95..1.10).contains(&(sent / settled)), "{sent} requests sent, {settled} planned");
    assert!(
        report.cost.keys_created as usize <= plan.keys + 4,
        "{} keys, {} planned",
        report.cost.keys_created,
        plan.keys
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_is_seen_where_it_is_shown() {
    let slow = Duration::from_millis(400);
    let settings = Settings { creating: slow, updating: slow, both_replicas: true, ..Settings::default() };
    let (_server, target) = embedded(settings).await.expect("a loopback port");
    let options = Options { scenarios: vec!["tour/*".into()], jobs: 8, ..Options::default() };
    let report = check(&target, &options).await.expect("a report");
    assert!(report.violations.is_empty(), "{}", mrkspec::report::console(&report));
    let seen = report.coverage.situations.expect("the tour was run");
    assert!(seen.missing.len() * 25 < seen.reachable, "{} of {}: {:#?}", seen.covered, seen.reachable, seen.missing);
}

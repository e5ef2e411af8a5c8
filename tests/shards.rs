//! `--shard I/N` splits a run without overlap or loss, and the reports of the parts make the report
//! of the whole.

#![cfg(feature = "reference")]

mod support;

use axum::http::StatusCode;
use axum::response::IntoResponse;
use mrkspec::Target;
use mrkspec::internals::{Options, check, embedded};
use mrkspec::report::{Report, merge, parse_report};
use mrkspec_reference::{Settings, faults};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use support::{Twist, twisted};

/// One run, read back from its file as `mrkspec merge` does.
async fn run(target: &Target, scenarios: &[&str], shard: Option<(usize, usize)>) -> Report {
    let scenarios = scenarios.iter().map(|s| s.to_string()).collect();
    let report = check(target, &Options { scenarios, shard, ..Options::default() }).await.expect("a report");
    parse_report(&serde_json::to_string(&report).expect("JSON")).expect("a report")
}

/// The whole, and the merged parts.
async fn whole_and_merged(target: &Target, scenarios: &[&str], parts: usize) -> (Report, Report) {
    let whole = run(target, scenarios, None).await;
    let mut reports = Vec::new();
    for i in 1..=parts {
        reports.push(run(target, scenarios, Some((i, parts))).await);
    }
    (whole, merge(reports).expect("one report"))
}

/// The verdict on each rule.
fn verdicts(report: &Report) -> BTreeMap<&str, &'static str> {
    report.rules.iter().map(|r| (r.id.0, r.verdict.word())).collect()
}

/// The sequences that put each rule to the test.
fn tested_by(report: &Report) -> BTreeMap<&str, BTreeSet<&str>> {
    report.rules.iter().map(|r| (r.id.0, r.scenarios.iter().map(String::as_str).collect())).collect()
}

fn assert_same(whole: &Report, merged: &Report) {
    assert_eq!(verdicts(whole), verdicts(merged));
    assert_eq!(tested_by(whole), tested_by(merged));
    assert_eq!(whole.exit_code, merged.exit_code);
    let broken = |r: &Report| -> BTreeSet<&str> { r.violations.iter().map(|v| v.rule.0).collect() };
    assert_eq!(broken(whole), broken(merged));
    let missing = |r: &Report| r.unsupported_operations.keys().cloned().collect::<Vec<_>>();
    assert_eq!(missing(whole), missing(merged));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_parts_of_a_whole_run_make_its_report() {
    let (_server, target) = embedded(Settings::default()).await.expect("a loopback port");
    let (whole, merged) = whole_and_merged(&target, &[], 3).await;
    assert_eq!(whole.exit_code, 0, "{}", mrkspec::report::console(&whole));
    assert_same(&whole, &merged);
    // Each part finds out for itself, with a key, whether policies are enforced.
    let more = merged.cost.keys_created - whole.cost.keys_created;
    assert!(more <= 2, "{more} more keys in three parts than in one run");
    assert_eq!(whole.coverage.covered, merged.coverage.covered, "cells of the key-state table");
    let (a, b) = (whole.coverage.situations.expect("toured"), merged.coverage.situations.expect("toured"));
    assert_eq!(a.reachable, b.reachable);
    assert!(a.covered.abs_diff(b.covered) < a.reachable / 100, "{} and {}", a.covered, b.covered);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_broken_is_broken_in_the_merged_report() {
    let fault = faults::find("promotes-where-no-replica-is").expect("a fault of the catalogue");
    let settings = Settings::with_fault(fault);
    let (_server, mut target) = embedded(settings).await.expect("a loopback port");
    target.settle_timeout = Duration::from_millis(300);
    let (whole, merged) = whole_and_merged(&target, &["promote/*", "replicate/*", "keys/*"], 4).await;
    assert_eq!(verdicts(&whole)["UPR-012"], "fail");
    assert_same(&whole, &merged);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_missing_in_the_merged_report() {
    // No promotion, and whatever is said by a policy is not enforced; one principal only.
    let twist: Twist = |op, _| {
        let missing = ["UpdatePrimaryRegion", "MrkspecNoSuchOperation"].contains(&op);
        missing.then(|| (StatusCode::NOT_IMPLEMENTED, "<h1>Not implemented</h1>").into_response())
    };
    let (_server, mut target) = twisted(twist).await;
    (target.limited, target.other) = (None, None);
    let (whole, merged) = whole_and_merged(&target, &["promote/*", "keys/*", "permissions/*"], 3).await;
    assert_eq!(verdicts(&whole)["UPR-001"], "unsupported");
    assert!(verdicts(&whole).values().any(|v| *v == "not_run"));
    assert_same(&whole, &merged);
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_that_do_not_belong_together_are_not_merged() {
    let (_server, target) = embedded(Settings::default()).await.expect("a loopback port");
    let one = run(&target, &["keys/*"], None).await;
    let mut other = one.clone();
    other.target.name = "another".into();
    let refused = merge(vec![one.clone(), other]).expect_err("two targets").to_string();
    assert!(refused.contains("different targets"), "{refused}");
    let mut later = one.clone();
    later.tool.version = "9.9.9".into();
    let refused = merge(vec![one, later]).expect_err("two versions").to_string();
    assert!(refused.contains("9.9.9") && refused.contains("one version"), "{refused}");
    assert!(merge(Vec::new()).is_err());
}

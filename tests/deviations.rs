//! The checks can fail: endpoints that are wrong on purpose, and what is said about them.

#![cfg(feature = "reference")]

mod support;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use mrkspec::internals::{Options, check};
use mrkspec::report::Report;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use support::{AFTER, Twist, twisted};

/// Checks the reference endpoint behind a twist.
async fn verdict_on(twist: Twist, scenarios: &[&str]) -> Report {
    let (_server, target) = twisted(twist).await;
    let options = Options { scenarios: scenarios.iter().map(|s| s.to_string()).collect(), ..Options::default() };
    check(&target, &options).await.expect("a report")
}

fn verdict(report: &Report, id: &str) -> &'static str {
    report.rules.iter().find(|r| r.id == id).expect("a rule").verdict.word()
}

fn empty(status: StatusCode, body: &'static str) -> Response {
    (status, [("content-type", "application/x-amz-json-1.1"), ("x-amzn-requestid", "x")], body).into_response()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_twist_the_proxy_changes_nothing() {
    let report = verdict_on(|_, _| None, &["promote/*", "wire/*"]).await;
    assert_eq!(report.exit_code, 0, "{}", mrkspec::report::console(&report));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promotion_that_does_nothing_is_found() {
    let twist: Twist = |op, _| (op == "UpdatePrimaryRegion").then(|| empty(StatusCode::OK, ""));
    let report = verdict_on(twist, &["promote/two-regions", "promote/three-regions"]).await;
    assert_eq!(report.exit_code, 1);
    assert_eq!(verdict(&report, "UPR-001"), "fail");
    assert_eq!(verdict(&report, "UPR-002"), "fail");
    let first = &report.violations.iter().find(|v| v.rule == "UPR-001").expect("a violation");
    assert!(first.observed.contains("not settled within"), "{first:?}");
    assert!(!report.diffs.is_empty(), "the transcript differs from the reviewed one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promotion_without_a_replica_is_found() {
    let twist: Twist = |op, body| {
        (op == "UpdatePrimaryRegion" && body["PrimaryRegion"] == "ap-southeast-2").then(|| empty(StatusCode::OK, ""))
    };
    let report = verdict_on(twist, &["promote/no-replica*"]).await;
    assert_eq!(verdict(&report, "UPR-012"), "fail");
    // The accepted call changed nothing else: that is found out, and the scenario goes on.
    assert_eq!(verdict(&report, "UPR-028"), "pass", "{}", mrkspec::report::console(&report));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_is_missing_is_said_once() {
    let twist: Twist = |op, _| {
        let missing = ["UpdatePrimaryRegion", "MrkspecNoSuchOperation"].contains(&op);
        missing.then(|| {
            (StatusCode::INTERNAL_SERVER_ERROR, "<!doctype html><h1>Internal Server Error</h1>").into_response()
        })
    };
    let report = verdict_on(twist, &["promote/*", "keys/*"]).await;
    assert_eq!(report.unsupported_operations.keys().collect::<Vec<_>>(), ["UpdatePrimaryRegion"]);
    assert_eq!(verdict(&report, "UPR-001"), "unsupported");
    assert_eq!(verdict(&report, "KEY-001"), "pass");
    assert_eq!(report.exit_code, 1);
    let about_it = report.violations.iter().filter(|v| v.call.starts_with("UpdatePrimaryRegion")).count();
    assert_eq!(about_it, 0, "{:?}", report.violations);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_fails_is_not_called_missing() {
    // The same answer as to an unknown operation, but only for one family of requests.
    let twist: Twist = |op, body| {
        let broken = op == "MrkspecNoSuchOperation" || (op == "DescribeKey" && body.get("KeyId").is_none());
        broken.then(|| {
            (StatusCode::INTERNAL_SERVER_ERROR, "<!doctype html><h1>Internal Server Error</h1>").into_response()
        })
    };
    let report = verdict_on(twist, &["wire/missing", "keys/multi-region"]).await;
    assert!(report.unsupported_operations.is_empty(), "{:?}", report.unsupported_operations);
    assert_eq!(verdict(&report, "WIRE-013"), "fail");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_where_none_belongs_and_a_wrong_code_are_found() {
    let twist: Twist = |op, body| match op {
        "DisableKey" => Some(empty(StatusCode::OK, "{\"KeyId\":\"x\"}")),
        "EnableKeyRotation" if body["RotationPeriodInDays"] == 89 => {
            Some(empty(StatusCode::BAD_REQUEST, "{\"__type\":\"NotFoundException\"}"))
        }
        _ => None,
    };
    let report = verdict_on(twist, &["wire/no-output", "rotation/switch"]).await;
    assert_eq!(verdict(&report, "WIRE-006"), "fail");
    assert_eq!(verdict(&report, "ROT-004"), "fail");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_call_that_worked_is_found() {
    static ONCE: AtomicBool = AtomicBool::new(true);
    let twist: Twist = |op, _| {
        let throttle = op == "ScheduleKeyDeletion" && ONCE.swap(false, Relaxed);
        throttle
            .then(|| (StatusCode::BAD_REQUEST, [(AFTER, "1")], "{\"__type\":\"ThrottlingException\"}").into_response())
    };
    let report = verdict_on(twist, &["lifecycle/delete-alone"]).await;
    assert_eq!(verdict(&report, "WIRE-016"), "fail", "{}", mrkspec::report::console(&report));
    assert_eq!(verdict(&report, "DEL-001"), "inconclusive", "what followed is not blamed on another rule");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_arn_that_is_not_taken_is_found() {
    let twist: Twist = |op, body| {
        let arn = body["KeyId"].as_str().is_some_and(|k| k.starts_with("arn:"));
        (op == "Encrypt" && arn).then(|| empty(StatusCode::BAD_REQUEST, "{\"__type\":\"NotFoundException\"}"))
    };
    let report = verdict_on(twist, &["keys/four-names"]).await;
    assert_eq!(verdict(&report, "KEY-009"), "fail", "{}", mrkspec::report::console(&report));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_whose_answer_was_lost_is_no_deviation() {
    static ONCE: AtomicBool = AtomicBool::new(true);
    let twist: Twist = |op, _| {
        let lost = op == "CreateGrant" && ONCE.swap(false, Relaxed);
        let body = "{\"__type\":\"KMSInternalException\"}";
        lost.then(|| (StatusCode::INTERNAL_SERVER_ERROR, [(AFTER, "1")], body).into_response())
    };
    let report = verdict_on(twist, &["grants/create-and-list"]).await;
    assert_eq!(report.exit_code, 0, "two grants are there, and one id is known: {}", mrkspec::report::console(&report));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recent_key_spec_that_is_not_known_is_unsupported() {
    let twist: Twist = |op, body| {
        let recent = body["KeySpec"].as_str().is_some_and(|s| s.starts_with("ML_DSA_") || s.ends_with("EDWARDS25519"));
        (op == "CreateKey" && recent).then(|| empty(StatusCode::BAD_REQUEST, "{\"__type\":\"ValidationException\"}"))
    };
    let scenarios = ["crypto/*", "keys/*", "promote/*"];
    let report = verdict_on(twist, &scenarios).await;
    for rule in ["KEY-026", "KEY-027"] {
        assert_eq!(verdict(&report, rule), "unsupported", "{}", mrkspec::report::console(&report));
    }
    // What keys of other specs show as well is not affected.
    assert_eq!((verdict(&report, "CRY-007"), verdict(&report, "KEY-019")), ("pass", "pass"));
    assert_eq!(report.exit_code, 0, "{}", mrkspec::report::console(&report));
}

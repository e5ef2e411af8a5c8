//! `mrkspec race`: concurrent clients find what no sequence shows, and nothing at a conforming endpoint.

#![cfg(feature = "reference")]

use mrkspec::Target;
use mrkspec::internals::sequence::{Action, parse, recording};
use mrkspec::internals::{Options, RaceOptions, RaceReport, Recorder, check_sequences, embedded, judge, race};
use mrkspec_reference::{Server, Settings, faults};
use std::sync::Arc;
use std::time::Duration;

fn options(seed: u64, max_calls: u64) -> RaceOptions {
    RaceOptions { seed, max_calls, ..RaceOptions::default() }
}

async fn with_fault(name: &str) -> (Server, Target) {
    let fault = faults::find(name).expect("a fault of the catalogue");
    let (server, mut target) = embedded(Settings::with_fault(fault)).await.expect("a loopback port");
    target.settle_timeout = Duration::from_millis(400);
    (server, target)
}

/// Everything that a conforming endpoint may do.
fn latitude(seed: u64) -> Settings {
    let short = Duration::from_millis(20);
    Settings {
        creating: short,
        updating: short,
        rotating: short,
        both_replicas: true,
        throttle: 0.02,
        internal_error: 0.01,
        drop_answer: 0.01,
        seed,
        ..Settings::default()
    }
}

fn assert_nothing_found(report: &RaceReport) {
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
    assert!(report.explained > 10 && report.exit_code() == 0, "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_found_at_a_conforming_endpoint_whatever_latitude_it_shows() {
    for (seed, settings) in [(1, Settings::default()), (2, latitude(2)), (3, latitude(3))] {
        let (_server, target) = embedded(settings).await.expect("a loopback port");
        assert_nothing_found(&race(&target, &options(seed, 500)).await.expect("a report"));
    }
    let stale = Settings { stale: Duration::from_millis(50), ..latitude(4) };
    let (_server, target) = embedded(stale).await.expect("a loopback port");
    assert_nothing_found(&race(&target, &options(4, 500)).await.expect("a report"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_only_concurrent_calls_show_is_found_and_made_small() {
    let (_server, target) = with_fault("replicates-twice").await;
    let report = race(&target, &options(1, 6000)).await.expect("a report");
    assert_eq!(report.exit_code(), 1);
    let found = report.findings.iter().find(|f| f.seen == "during").expect("two clients make the same replica");
    assert!(found.clients <= 3 && found.client_calls <= 6, "{found:#?}");
    assert!(!found.sequential, "one after the other all is well: {found:#?}");
    assert!(found.requests.iter().any(|r| r.wrong) && found.lanes.len() > found.clients, "{found:#?}");
    assert!(found.reproduced.0 > 0, "{found:#?}");
    // The file is a scenario: it can be run again, and calls the clients by what they do.
    let replayed = parse("repro", &found.repro).unwrap_or_else(|e| panic!("{e}\n{}", found.repro));
    let clients =
        |s: &mrkspec::internals::sequence::Step| matches!(&s.action, Action::Race(c) if c.len() == found.clients);
    assert!(replayed.steps.iter().any(clients), "{}", found.repro);
    let mut seen = false;
    for _ in 0..20 {
        let again =
            check_sequences(&target, &Options::default(), std::slice::from_ref(&replayed)).await.expect("a report");
        seen |= again.violations.iter().any(|v| v.rule == found.rule);
    }
    assert!(seen, "{}", found.repro);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_shows_without_concurrency_is_said_to() {
    let (_server, target) = with_fault("promotion-does-nothing").await;
    let report = race(&target, &options(1, 300)).await.expect("a report");
    assert!(report.findings.iter().any(|f| f.sequential), "{:#?}", report.findings);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn recorded_races_are_judged_as_they_were() {
    for (fault, broken) in [(None, false), (Some("replicates-twice"), true)] {
        let (_server, target) = match fault {
            Some(name) => with_fault(name).await,
            None => embedded(latitude(5)).await.expect("a loopback port"),
        };
        let path = std::env::temp_dir().join(format!("mrkspec-race-{}-{broken}.jsonl", std::process::id()));
        let recorder = Arc::new(Recorder::create(&path, &target).expect("a file"));
        let options = RaceOptions { record: Some(recorder.clone()), shrink: false, ..options(6, 800) };
        let report = race(&target, &options).await.expect("a report");
        recorder.finish().expect("a whole recording");
        let text = std::fs::read_to_string(&path).expect("the recording");
        std::fs::remove_file(&path).expect("it can be removed");
        let judged = judge([("race", &recording::read(&text).expect("a recording"))]);
        assert_eq!(judged.exit_code == 1, broken, "{:#?}", judged.violations);
        assert_eq!(report.exit_code() == 1, broken, "{report:?}");
        for found in &report.findings {
            assert!(
                judged.violations.iter().any(|v| v.violation.rule == found.rule),
                "{found:#?}\n{:#?}",
                judged.violations
            );
        }
    }
}

#[tokio::test]
async fn where_nobody_answers_nothing_is_concluded() {
    let (server, target) = embedded(Settings::default()).await.expect("a loopback port");
    drop(server);
    let why = race(&target, &options(1, 100)).await.expect_err("nobody answers");
    assert_eq!(why.exit_code(), 3);
}

//! `mrkspec continuity`: nothing is found at a conforming endpoint, and what promotions disturb is.

#![cfg(feature = "cli")]

use mrkspec::internals::{ContinuityOptions, ContinuityReport, Shown, continuity, embedded};
use mrkspec_reference::faults::{self, Fault, Hook, Pace};
use mrkspec_reference::{Choices, Settings};
use std::time::Duration;

const UPDATING: Duration = Duration::from_millis(200);

fn settings() -> Settings {
    Settings { updating: UPDATING, creating: UPDATING, rotating: UPDATING, ..Settings::default() }
}

async fn report(settings: Settings, options: ContinuityOptions) -> ContinuityReport {
    let (_server, mut target) = embedded(settings).await.expect("a loopback port");
    target.settle_timeout = Duration::from_secs(2);
    continuity(&target, &options).await.expect("a report")
}

fn for_seconds(seconds: u64) -> ContinuityOptions {
    ContinuityOptions { duration: Duration::from_secs(seconds), rate: 60, ..ContinuityOptions::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conforming_endpoint_keeps_cryptography_going() {
    let throttled =
        Settings { throttle: 0.02, internal_error: 0.01, drop_answer: 0.01, both_replicas: true, ..settings() };
    for settings in [settings(), throttled, Settings { updating: Duration::ZERO, ..settings() }] {
        let report = report(settings, for_seconds(4)).await;
        assert!(report.findings.is_empty() && report.failed == 0, "{:#?}", report.findings);
        assert!(report.operations >= 230 && report.promotions.len() >= 6, "{report:?}");
        assert!(report.by_operation.len() == 8 && report.left_out.is_empty(), "{:?}", report.left_out);
        assert!(!report.rotations_ms.is_empty() || report.promotions.len() < 12, "{:?}", report.notes);
        assert_eq!((report.exit_code(), report.inconclusive()), (0, None));
        // Each promotion starts where the one before it ended.
        for key in ["SYMMETRIC_DEFAULT", "ECC_NIST_P256", "HMAC_256"] {
            let moves: Vec<_> = report.promotions.iter().filter(|p| p.key == key).collect();
            assert!(moves.windows(2).all(|two| two[0].to == two[1].from), "{moves:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cryptography_that_fails_while_updating_is_found_and_blamed_on_the_promotion() {
    let fault = faults::find("updating-stops-cryptography").expect("a fault of the catalogue");
    let report = report(Settings { fault: Some(fault), ..settings() }, for_seconds(2)).await;
    assert_eq!(report.exit_code(), 1);
    let [found] = &report.findings[..] else { panic!("one mistake, one line: {:#?}", report.findings) };
    assert!(found.rule == "UPR-033" && found.during_promotions == found.count, "{found:?}");
    assert!(found.operations.len() > 4 && found.observed.contains("KMSInvalidStateException"), "{found:?}");
    assert!(found.first_ms < 1000, "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cryptography_that_is_held_back_while_updating_is_told_as_a_should() {
    let options = ContinuityOptions { rate: 100, ..for_seconds(12) };
    let report = report(Settings { slow_updating: Duration::from_millis(50), ..settings() }, options).await;
    assert_eq!((report.exit_code(), report.findings.len()), (0, 0));
    assert!(report.warns() && report.slow_down.shown == Shown::Yes, "{:?}", report.slow_down);
    assert!(report.slow_down.p_value < 0.001 && report.slow_down.median_us > 5_000, "{:?}", report.slow_down);
}

#[tokio::test(flavor = "multi_thread")]
async fn promotions_that_do_nothing_or_never_end_are_found() {
    for (name, rule) in [("promotion-does-nothing", "UPR-001"), ("updating-never-ends", "UPR-011")] {
        let fault = faults::find(name).expect("a fault of the catalogue");
        let report = report(Settings { fault: Some(fault), ..settings() }, for_seconds(1)).await;
        let [found] = &report.findings[..] else { panic!("{name}: one mistake, one line: {:#?}", report.findings) };
        assert_eq!(found.rule, rule, "{name}");
        assert_eq!(report.exit_code(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ciphertexts_that_no_longer_decrypt_are_not_blamed_on_updating() {
    let fault = faults::find("promotion-loses-old-ciphertexts").expect("a fault of the catalogue");
    let report = report(Settings { fault: Some(fault), updating: Duration::ZERO, ..settings() }, for_seconds(3)).await;
    assert_eq!(report.exit_code(), 1);
    assert!(report.findings.iter().any(|f| f.rule == "CRY-017"), "{:#?}", report.findings);
}

/// UpdatePrimaryRegion is not known.
static NO_PROMOTION: Fault = Fault {
    name: "no-promotion",
    rule: "UPR-001",
    also: &[],
    about: "UpdatePrimaryRegion is an unknown operation",
    pace: Pace::Instant,
    late: false,
    concurrent: false,
    choices: Choices::Recorded,
    hook: Hook::Wire(|operation, status, body| {
        if operation == "UpdatePrimaryRegion" {
            *status = 400;
            *body = r#"{"__type":"UnknownOperationException"}"#.into();
        }
    }),
};

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_promoted_nothing_is_concluded() {
    let report = report(Settings { fault: Some(&NO_PROMOTION), ..settings() }, for_seconds(1)).await;
    assert_eq!(report.exit_code(), 3, "{report:?}");
    let why = report.inconclusive().expect("a reason");
    assert!(why.contains("UpdatePrimaryRegion is not supported"), "{why}");
}

//! Stale or wrong? What follows from how often reads were stale (F-077).

#![cfg(feature = "reference")]

use mrkspec::Consistency;
use mrkspec::internals::sequence::embedded as embedded_scenarios;
use mrkspec::internals::{Options, check_sequences, embedded};
use mrkspec_reference::faults::{self, Fault, Hook, Pace};
use mrkspec_reference::{Choices, Settings};
use std::time::Duration;

/// What a run over everything but the tour finds where it is not said whether reads may be stale.
async fn report(settings: Settings, consistency: Consistency) -> mrkspec::Report {
    let (_server, mut target) = embedded(settings).await.expect("a loopback port");
    target.consistency = consistency;
    target.settle_timeout = Duration::from_secs(2);
    check_sequences(&target, &Options::default(), embedded_scenarios()).await.expect("a report")
}

fn slow(settings: Settings) -> Settings {
    slow_for(Duration::from_millis(150), settings)
}

fn slow_for(time: Duration, settings: Settings) -> Settings {
    Settings { updating: time, creating: time, ..settings }
}

/// Where something is under way the answer takes longer than it: as if nothing ran meanwhile, here or there.
static SLUGGISH: Fault = Fault {
    name: "sluggish",
    rule: "REP-011",
    also: &[],
    about: "An answer that shows Creating or Updating comes late",
    pace: Pace::Transient,
    late: false,
    concurrent: false,
    choices: Choices::Recorded,
    hook: Hook::Wire(|operation, _, body| {
        if operation.ends_with("DescribeKey") && (body.contains("\"Creating\"") || body.contains("\"Updating\"")) {
            std::thread::sleep(Duration::from_millis(2200));
        }
    }),
};

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_comes_when_the_time_is_over_is_not_the_last_one() {
    let (_server, mut target) = embedded(slow(Settings::with_fault(&SLUGGISH))).await.expect("a loopback port");
    target.settle_timeout = Duration::from_secs(2);
    let options = Options { scenarios: vec!["promote/two-regions".into()], ..Options::default() };
    let report = check_sequences(&target, &options, embedded_scenarios()).await.expect("a report");
    assert!(report.cost.elapsed_ms > 2200, "nothing was late: {:?}", report.cost);
    assert!(report.violations.is_empty(), "{:?}", report.violations);
}

fn is_broken(report: &mrkspec::Report, rule: &str) -> bool {
    report.violations.iter().any(|v| v.rule == rule)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_only_be_stale_is_wrong_where_hundreds_of_reads_were_not() {
    // Long enough for the call that comes next, also where many tests share a processor.
    let long = |settings| slow_for(Duration::from_millis(400), settings);
    for name in ["updating-can-be-disabled", "updating-can-be-deleted"] {
        let fault = faults::find(name).expect("a fault of the catalogue");
        let measured = report(long(Settings::with_fault(fault)), Consistency::Auto).await;
        assert!(measured.consistency.never_stale, "{:?}", measured.consistency);
        assert!(!measured.consistency.run_again.is_empty(), "{name}: {:?}", measured.consistency);
        assert!(is_broken(&measured, "UPR-034"), "{name}: {:?}", measured.violations);
        let repro = &measured.violations.iter().find(|v| v.rule == "UPR-034").expect("just seen").repro;
        assert!(repro.ends_with("--consistency strong"), "{repro}");
        let lenient = report(slow(Settings::with_fault(fault)), Consistency::Eventual).await;
        assert!(!is_broken(&lenient, "UPR-034"), "{name} may be stale: {:?}", lenient.violations);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_concluded_where_reads_were_stale() {
    let stale = Settings { stale: Duration::from_millis(100), ..slow(Settings::default()) };
    let report = report(stale, Consistency::Auto).await;
    assert!(!report.consistency.never_stale && report.consistency.stale > 0, "{:?}", report.consistency);
    assert!(report.violations.is_empty(), "{:?}", report.violations);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conforming_endpoint_conforms_and_nothing_is_run_again() {
    let report = report(slow(Settings::default()), Consistency::Auto).await;
    assert!(report.consistency.never_stale && report.consistency.run_again.is_empty(), "{:?}", report.consistency);
    assert!(report.violations.is_empty(), "{:?}", report.violations);
}

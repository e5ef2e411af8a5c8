//! `mrkspec fuzz` finds a mistake that it was not told of, and hands over a small repro.

#![cfg(feature = "reference")]

use mrkspec::internals::{FuzzOptions, Options, check_sequences, embedded, fuzz, sequence};
use mrkspec_reference::{Settings, faults};
use std::time::Duration;

fn options(seed: u64, max_calls: u64) -> FuzzOptions {
    FuzzOptions { seed, max_calls, jobs: 8, ..FuzzOptions::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_is_found_and_shrunk_to_a_file_that_replays() {
    let fault = faults::find("promotes-where-no-replica-is").expect("a fault of the catalogue");
    let settings = Settings::with_fault(fault);
    let (_server, mut target) = embedded(settings).await.expect("a loopback port");
    target.settle_timeout = Duration::from_millis(300);
    let report = fuzz(&target, &options(1, 1500)).await.expect("a report");
    let found = report.findings.iter().find(|f| f.rule == "UPR-012").expect("the rule that the fault breaks");
    assert!(found.calls <= 6 && found.executions <= 24, "{} calls, {} executions", found.calls, found.executions);
    assert_eq!(found.reproduced, (3, 3));
    let replayed = sequence::parse("repro", &found.repro).unwrap_or_else(|e| panic!("{e}\n{}", found.repro));
    let again = check_sequences(&target, &Options::default(), &[replayed]).await.expect("a report");
    assert!(again.violations.iter().any(|v| v.rule == "UPR-012"), "{:?}", again.violations);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conforming_endpoint_passes_and_shards_do_not_overlap() {
    let (_server, target) = embedded(Settings::default()).await.expect("a loopback port");
    let report = fuzz(&target, &options(11, 1500)).await.expect("a report");
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
    assert!((1200..=1500).contains(&report.calls) && report.kinds > 150 && report.corpus > 10, "{report:?}");
    for shard in [(1, 2), (2, 2)] {
        let half = fuzz(&target, &FuzzOptions { shard: Some(shard), ..options(11, 500) }).await.expect("a report");
        assert!(half.findings.is_empty(), "{:#?}", half.findings);
    }
}

//! The checks can fail: every deliberate mistake of the reference endpoint is caught, by the rules
//! that it says it breaks.

#![cfg(feature = "reference")]

use mrkspec_reference::faults;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_fault_is_caught_by_the_rules_that_it_breaks() {
    let report = mrkspec::internals::run_faults(mrkspec::internals::Means::Scenarios, Arc::new(|_, _| {}))
        .await
        .expect("loopback ports");
    let mut missed = Vec::new();
    for fault in &report.faults {
        if faults::find(fault.name).is_some_and(|f| f.concurrent) {
            // Which of its rules an answer breaks that no order explains depends on how the calls met.
            if !fault.caught {
                missed.push(format!("{} breaks none of its rules but {:?}", fault.name, fault.broken));
            }
            continue;
        }
        for rule in std::iter::once(&fault.rule).chain(fault.also) {
            if !fault.broken.contains(*rule) {
                missed.push(format!("{} does not break {rule} but {:?}", fault.name, fault.broken));
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    assert_eq!(report.caught, report.total);
}

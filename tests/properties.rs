//! Properties over generated inputs: model and reference endpoint agree on random histories, and
//! whatever an endpoint sends is decoded.

#![cfg(feature = "reference")]

use mrkspec::internals::generate::{Random, from_bytes, histories};
use mrkspec::internals::sequence::Sequence;
use mrkspec::internals::transport::{RawAnswer, decode};
use mrkspec::internals::{Options, check_sequences, embedded};
use mrkspec_model::call::Operation;
use mrkspec_reference::Settings;
use proptest::prelude::*;
use std::time::Duration;

async fn agree(settings: Settings, seed: u64) {
    let history = |number| from_bytes(format!("random-{seed}-{number}"), &Random::new(seed, number).history());
    let sequences: Vec<Sequence> = (0..60).map(history).collect();
    let (_server, target) = embedded(settings).await.expect("a loopback port");
    let report = check_sequences(&target, &Options::default(), &sequences).await.expect("a report");
    assert!(report.violations.is_empty(), "{:#?}", report.violations);
    assert!(report.latitude.judged > 900, "only {} answers were judged", report.latitude.judged);
}

#[tokio::test(flavor = "multi_thread")]
async fn model_and_reference_agree_on_random_histories() {
    agree(Settings::default(), 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn they_agree_with_every_latitude() {
    let settings = Settings {
        creating: Duration::from_millis(40),
        updating: Duration::from_millis(40),
        both_replicas: true,
        throttle: 0.02,
        internal_error: 0.01,
        drop_answer: 0.005,
        seed: 7,
        ..Settings::default()
    };
    agree(settings, 2).await;
}

proptest! {
    #[test]
    fn every_history_reads_back((_, sequence) in histories()) {
        prop_assert!(!sequence.steps.is_empty());
        let file = mrkspec::internals::generate::scenario_file(&sequence, "t", mrkspec_model::rules::AUT_026, &[]);
        let read = mrkspec::internals::sequence::parse("x", &file).map_err(|e| TestCaseError::fail(format!("{e}\n{file}")))?;
        let calls = |s: &Sequence| s.calls().cloned().collect::<Vec<_>>();
        prop_assert_eq!(calls(&sequence), calls(&read));
    }

    #[test]
    fn any_answer_is_decoded(status in 100u16..600, body in prop::collection::vec(any::<u8>(), 0..200), op in 0..Operation::ALL.len()) {
        let raw = RawAnswer { status, headers: Vec::new(), body };
        let decoded = decode(Operation::ALL[op], &raw);
        prop_assert!(!decoded.findings.is_empty());
    }
}

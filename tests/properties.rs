//! Properties over generated inputs: model and reference endpoint agree on random histories, and
//! whatever an endpoint sends is decoded.

use mrkspec::reference::Settings;
use mrkspec::run::{Action, Sequence, Step};
use mrkspec::spec::call::{Arg, Call, KeyForm, KeyRef, Operation};
use mrkspec::spec::rules::UPR_001;
use mrkspec::wire::{RawAnswer, decode};
use mrkspec::{Options, check_sequences, embedded};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use std::time::Duration;

const REGIONS: [&str; 3] = ["us-east-1", "eu-west-1", "ap-southeast-2"];

/// Operations on a key that need no argument but the key.
const PLAIN: [Operation; 14] = [
    Operation::DescribeKey,
    Operation::EnableKey,
    Operation::DisableKey,
    Operation::EnableKey,
    Operation::ScheduleKeyDeletion,
    Operation::CancelKeyDeletion,
    Operation::GetKeyPolicy,
    Operation::ListResourceTags,
    Operation::ListAliases,
    Operation::GetKeyRotationStatus,
    Operation::EnableKeyRotation,
    Operation::DisableKeyRotation,
    Operation::RotateKeyOnDemand,
    Operation::ListKeyRotations,
];

fn key(name: &str, arn_of: Option<&str>) -> Arg {
    let form = arn_of.map_or(KeyForm::Id, |r| KeyForm::Arn(r.into()));
    Arg::Key(KeyRef { name: name.into(), form })
}

/// A call on one of two families, mostly meaningful, sometimes not.
fn call() -> impl Strategy<Value = Call> {
    let region = select(&REGIONS[..]);
    let family = select(vec!["k", "k", "k", "single"]);
    let named = prop_oneof![6 => Just(None), 1 => select(&REGIONS[..]).prop_map(Some)];
    let to = select(vec!["us-east-1", "eu-west-1", "ap-southeast-2", "us-west-2"]);
    (0..10u8, region, family, named, to, select(&PLAIN[..])).prop_map(|(kind, region, family, named, to, plain)| {
        let on = |op| Call::new(op, region).with("KeyId", key(family, named));
        match kind {
            0 | 1 => on(Operation::ReplicateKey).with("ReplicaRegion", Arg::Json(json!(to))),
            2..=4 => on(Operation::UpdatePrimaryRegion).with("PrimaryRegion", Arg::Json(json!(to))),
            5 => on(Operation::Encrypt).with("Plaintext", Arg::Bytes(b"x".to_vec())),
            6 => {
                let ciphertext = Arg::Result { step: "c".into(), damaged: false };
                Call::new(Operation::Decrypt, region).with("CiphertextBlob", ciphertext)
            }
            7 => on(Operation::UpdateKeyDescription).with("Description", Arg::Json(json!(to))),
            _ => on(plain),
        }
    })
}

/// A history: two keys and a ciphertext, then random calls, some without waiting.
fn history() -> impl Strategy<Value = Vec<(Call, bool)>> {
    let mut create = Call::new(Operation::CreateKey, "us-east-1").with("MultiRegion", Arg::Json(json!(true)));
    create.name = "k".into();
    let mut single = Call::new(Operation::CreateKey, "us-east-1");
    single.name = "single".into();
    let mut encrypt = Call::new(Operation::Encrypt, "us-east-1")
        .with("KeyId", key("k", None))
        .with("Plaintext", Arg::Bytes(b"hello".to_vec()));
    encrypt.name = "c".into();
    let replicate = Call::new(Operation::ReplicateKey, "us-east-1")
        .with("KeyId", key("k", None))
        .with("ReplicaRegion", Arg::Json(json!("eu-west-1")));
    let start = vec![(create, false), (single, false), (encrypt, false), (replicate, true)];
    prop::collection::vec((call(), prop::bool::weighted(0.7)), 10..30).prop_map(move |calls| {
        let mut all = start.clone();
        all.extend(calls);
        for (i, (call, _)) in all.iter_mut().enumerate().skip(4) {
            call.name = format!("#{i}").into();
        }
        all
    })
}

fn sequence(id: String, history: Vec<(Call, bool)>) -> Sequence {
    let steps = history
        .into_iter()
        .map(|(call, settle)| {
            let settle = settle && matches!(call.op, Operation::ReplicateKey | Operation::UpdatePrimaryRegion);
            Step { text: format!("{call:?}"), action: Action::Call { call: Box::new(call), settle, expect: None } }
        })
        .collect();
    Sequence { id, title: "random".into(), rules: vec![UPR_001], steps }
}

async fn agree(settings: Settings, seed: u8) {
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::from_seed(proptest::test_runner::RngAlgorithm::ChaCha, &[seed; 32]),
    );
    let histories = (0..60).map(|i| {
        let tree = history().new_tree(&mut runner).expect("a history");
        sequence(format!("random-{seed}-{i}"), tree.current())
    });
    let sequences: Vec<Sequence> = histories.collect();
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
    fn any_answer_is_decoded(status in 100u16..600, body in prop::collection::vec(any::<u8>(), 0..200), op in 0..Operation::ALL.len()) {
        let raw = RawAnswer { status, headers: Vec::new(), body };
        let decoded = decode(Operation::ALL[op], &raw);
        prop_assert!(!decoded.findings.is_empty());
    }
}

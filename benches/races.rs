//! Histories of twelve concurrent calls that are judged in a minute: what three clients did is recorded once at the
//! embedded endpoint, and judged from the recording again and again.
//!
//! `cargo bench --bench races`, or `cargo bench --bench races -- SECONDS`.

use mrkspec::internals::sequence::{Sequence, parse, recording};
use mrkspec::internals::{Options, Recorder, check_sequences, embedded, judge};
use mrkspec_reference::Settings;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Recorded histories; how their calls met differs.
const HISTORIES: usize = 50;

const HISTORY: &str = r#"
title: three clients with four calls each
rules: [UPR-001]
steps:
  - CreateKey in us-east-1: { as: k, MultiRegion: true }
  - ReplicateKey in us-east-1: { KeyId: k, ReplicaRegion: eu-west-1 }
  - ReplicateKey in us-east-1: { KeyId: k, ReplicaRegion: ap-southeast-2 }
  - race:
      - - UpdatePrimaryRegion in us-east-1: { KeyId: k, PrimaryRegion: eu-west-1 }
        - DescribeKey in us-east-1: { KeyId: k }
        - UpdatePrimaryRegion in eu-west-1: { KeyId: k, PrimaryRegion: us-east-1 }
        - DescribeKey in eu-west-1: { KeyId: k }
      - - DisableKey in ap-southeast-2: { KeyId: k }
        - UpdatePrimaryRegion in us-east-1: { KeyId: k, PrimaryRegion: ap-southeast-2 }
        - EnableKey in ap-southeast-2: { KeyId: k }
        - DescribeKey in ap-southeast-2: { KeyId: k }
      - - EnableKeyRotation in us-east-1: { KeyId: k }
        - ReplicateKey in us-east-1: { KeyId: k, ReplicaRegion: us-west-2 }
        - DisableKey in eu-west-1: { KeyId: k }
        - EnableKey in eu-west-1: { KeyId: k }
"#;

#[tokio::main]
async fn main() {
    let seconds = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(5);
    let short = Duration::from_millis(3);
    let settings = Settings { creating: short, updating: short, both_replicas: true, ..Settings::default() };
    let (_server, target) = embedded(settings).await.expect("a loopback port");
    let path = std::env::temp_dir().join(format!("mrkspec-races-{}.jsonl", std::process::id()));
    let recorder = Arc::new(Recorder::create(&path, &target).expect("a file"));
    let sequence = |i: usize| parse(&format!("history-{i}"), HISTORY).expect("a scenario");
    let sequences: Vec<Sequence> = (0..HISTORIES).map(sequence).collect();
    let options = Options { record: Some(recorder.clone()), ..Options::default() };
    check_sequences(&target, &options, &sequences).await.expect("a report");
    recorder.finish().expect("a whole recording");
    let recorded = recording::read(&std::fs::read_to_string(&path).expect("a file")).expect("a recording");
    std::fs::remove_file(&path).expect("it can be removed");
    let (began, mut judged) = (Instant::now(), 0);
    while began.elapsed() < Duration::from_secs(seconds) {
        let report = judge([("races", &recorded)]);
        assert_eq!(report.exit_code, 0, "{:#?}", report.violations);
        judged += HISTORIES;
    }
    let minute = judged as f64 / began.elapsed().as_secs_f64() * 60.0;
    println!("{minute:.0} histories of 12 concurrent calls a minute, on one thread");
}

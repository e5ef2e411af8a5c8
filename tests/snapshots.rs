//! Every scenario's transcript on the reference endpoint, as reviewed with `cargo insta review`.

#![cfg(feature = "reference")]

use mrkspec::internals::{Options, check_sequences, embedded, sequence};
use mrkspec_reference::Settings;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn transcripts_are_as_reviewed() {
    // Instant and silent: transcripts must not depend on time. Only the ends of deletions take some.
    let settings = Settings { day: Duration::from_millis(200), ..Settings::default() };
    let (_server, target) = embedded(settings).await.expect("a loopback port");
    // One after the other: which key stands on the first page of a list depends on the order.
    let options = Options { jobs: 1, transcripts: true, ..Options::default() };
    let all = sequence::embedded();
    let report = check_sequences(&target, &options, all).await.expect("the endpoint answers");
    assert_eq!(report.violations.len(), 0, "{}", mrkspec::report::console(&report));
    assert_eq!(report.transcripts.len(), all.len());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let _guard = settings.bind_to_scope();
    for (sequence, transcript) in sequence::embedded().iter().zip(&report.transcripts) {
        insta::assert_snapshot!(sequence.id.replace('/', "__"), transcript);
    }
}

#[test]
fn no_snapshot_is_left_without_its_scenario() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots");
    for file in std::fs::read_dir(directory).expect("snapshots/").flatten() {
        let name = file.file_name().to_string_lossy().into_owned();
        let Some(id) = name.strip_suffix(".snap") else { continue };
        let known = sequence::embedded().iter().any(|s| s.id.replace('/', "__") == id);
        assert!(known, "snapshots/{name} belongs to no scenario");
    }
}

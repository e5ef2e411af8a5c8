//! Experiments: every one against the reference endpoint, whose answers are known. A fact must say what this endpoint
//! does, and something else when it does something else.

#![cfg(feature = "cli")]

use mrkspec::Target;
use mrkspec::internals::sequence::recording::read;
use mrkspec::internals::sequence::{experiments, settled};
use mrkspec::internals::{Recorder, embedded, experiment, find_experiments, judge, list_experiments};
use mrkspec::report::ExperimentReport;
use mrkspec_reference::faults::find;
use mrkspec_reference::{Choices, Server, Settings};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// An endpoint that shows its transients for a second, and answers as AWS was recorded to.
fn slow() -> Settings {
    Settings {
        creating: Duration::from_millis(300),
        updating: Duration::from_secs(1),
        rotating: Duration::from_millis(200),
        choices: Choices::Recorded,
        ..Settings::default()
    }
}

async fn start(settings: Settings) -> (Server, Target) {
    embedded(settings).await.expect("a loopback port")
}

/// One experiment, recorded to a file of its own.
async fn recorded(target: &Target, id: &str, kind: &str) -> (ExperimentReport, String) {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("experiment-{kind}-{id}.jsonl"));
    let recorder = Arc::new(Recorder::create(&path, target).expect("a file"));
    let asked = find_experiments(&[id.to_string()]).expect("a known question");
    let report = experiment(target, &asked, Some(recorder.clone())).await.expect("a report");
    recorder.finish().expect("a complete recording");
    (report, std::fs::read_to_string(&path).expect("the recording"))
}

async fn run(settings: Settings, id: &str, kind: &str) -> (ExperimentReport, String) {
    let (_server, target) = start(settings).await;
    recorded(&target, id, kind).await
}

/// The fact in one line.
fn fact(report: &ExperimentReport) -> String {
    let fact = report.experiments[0].fact.as_deref().unwrap_or_else(|| panic!("no fact in {report:?}"));
    fact.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What the facts must say: texts in their order.
fn says(id: &str, fact: &str, words: &[&str]) {
    let mut rest = fact;
    for word in words {
        let at = rest.find(word).unwrap_or_else(|| panic!("{id}: `{word}` is not in its place in\n{fact}"));
        rest = &rest[at + word.len()..];
    }
}

const NO_REPLICA: &str = "ValidationException `<k> does not have a replica key in the specified Region.`";
const NOT_PRIMARY: &str = "is not a multi-Region primary key.`";
const NO_ALIAS: &str = "InvalidArnException `Key Aliases are not supported for this operation.`";
const DENIED: &str = "AccessDeniedException `User: arn:aws:iam::<account>:user/<name> is not authorized";
const OTHER: &str = "AccessDeniedException `User: arn:aws:iam::<other account>:user/<name> is not authorized";
const DISABLED: &str = "DisabledException `arn:aws:kms:us-east-1:<account>:key/<k> is disabled.`";

/// What the reference endpoint does, by question.
fn expected() -> Vec<(&'static str, Vec<&'static str>)> {
    let all: [(&str, &[&str]); 18] = [
        ("Q-3", &["aws-us-gov", NO_REPLICA, "no such Region", NO_REPLICA, "primary afterwards", "Enabled PRIMARY"]),
        (
            "Q-4",
            &[
                "own ARN and Region",
                NOT_PRIMARY,
                "in the primary's Region",
                "NotFoundException `Invalid arn eu-west-1`",
            ],
        ),
        ("Q-5", &["alias ARN", NO_ALIAS, "alias name", NO_ALIAS]),
        (
            "Q-6",
            &[
                "first promotion",
                "success, empty body",
                "the same again at once",
                NOT_PRIMARY,
                "DescribeKey every 200ms showed",
                "us-east-1 Updating REPLICA (primary eu-west-1",
                "then Enabled REPLICA from",
                "eu-west-1 Updating PRIMARY",
                "then Enabled PRIMARY",
                "ap-southeast-2 Enabled REPLICA",
                "another destination at once",
                NOT_PRIMARY,
                "from the new primary at once",
                "KMSInvalidStateException",
                "is updating.`",
                "in the end",
            ],
        ),
        (
            "Q-7",
            &["at once after ReplicateKey", "eu-west-1:<account>:key/<k> is creating.`", "key/<i> is pending import.`"],
        ),
        (
            "Q-8",
            &[
                "no replica there",
                DISABLED,
                "its own Region",
                DISABLED,
                "denied on the source",
                DENIED,
                "Disabled REPLICA",
            ],
        ),
        (
            "Q-9",
            &[
                "us-east-1 Updating REPLICA (primary eu-west-1",
                "then Enabled REPLICA from",
                "eu-west-1 Updating PRIMARY",
                "then Enabled PRIMARY",
                "ap-southeast-2 Enabled REPLICA",
                "and back",
                "us-east-1 Updating PRIMARY",
            ],
        ),
        (
            "Q-11",
            &[
                "third member disabled",
                "success",
                "Disabled REPLICA (primary eu-west-1",
                "third member pending deletion",
                "success",
                "PendingDeletion REPLICA (primary us-east-1",
                "Enabled PRIMARY",
            ],
        ),
        ("Q-13", &["by the other caller", OTHER, "by the key id", "NotFoundException `Key 'arn:aws:kms:us-east-1:"]),
        (
            "Q-14",
            &[
                "for everybody",
                DENIED,
                "us-east-1 Enabled PRIMARY",
                "eu-west-1 Enabled REPLICA",
                "by the limited caller",
                DENIED,
            ],
        ),
        (
            "Q-15",
            &[
                "a promotion",
                "success, empty body",
                "own Region",
                "success, empty body",
                "DisableKey",
                "success, empty body",
            ],
        ),
        ("Q-16", &["at the same time", "success, empty body", "in the end", "in the end", "in the end"]),
        (
            "Q-17",
            &[
                "PendingReplicaDeletion PRIMARY",
                "cancelled",
                "Disabled PRIMARY",
                "promotion once enabled",
                "success, empty body",
                "Enabled REPLICA (primary eu-west-1",
                "Enabled PRIMARY (primary eu-west-1",
            ],
        ),
        (
            "Q-18",
            &[
                "OnDemandRotationStartDate",
                "promotion while it runs",
                "success, empty body",
                "1 Rotations",
                "with new material pending",
                "success, empty body",
                "2 Rotations (1 CURRENT, 1 PENDING_MULTI_REGION",
            ],
        ),
        (
            "Q-19",
            &[
                "disabled",
                DISABLED,
                "is pending replica deletion.`",
                "after a promotion to it",
                "is updating.`",
                "is pending deletion.`",
                "is pending import.`",
            ],
        ),
        (
            "Q-20",
            &["promotion", "Encrypt in ap-southeast-2", "success", "ap-southeast-2 Enabled REPLICA (primary eu-west-1"],
        ),
        (
            "Q-21",
            &[
                "the 25th",
                "success",
                "one more at once",
                "success",
                "25 Rotations (1 CURRENT, 24 NON_CURRENT)",
                "one more then",
                "LimitExceededException",
            ],
        ),
        ("Q-22", &["replica disabled", "success", "primary enabled", "success", "primary disabled", "success"]),
    ];
    all.into_iter().map(|(id, words)| (id, words.to_vec())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_experiment_says_what_the_endpoint_does() {
    let expected = expected();
    let known: Vec<&str> = experiments().iter().map(|e| e.id.as_str()).collect();
    assert_eq!(known, expected.iter().map(|(id, _)| *id).collect::<Vec<_>>(), "each has something to say here");
    let mut all = tokio::task::JoinSet::new();
    for (id, words) in expected {
        all.spawn(async move {
            let (report, recording) = run(slow(), id, "slow").await;
            let seen = &report.experiments[0];
            assert_eq!((report.exit_code, &seen.not_run), (0, &None), "{seen:?}");
            assert!(seen.deviations.is_empty(), "{id}: {:?}", seen.deviations);
            says(id, &fact(&report), &words);
            accepted(id, &recording);
            nothing_told(id, &report, &recording);
        });
    }
    while let Some(done) = all.join_next().await {
        done.expect("what each experiment must say");
    }
}

/// The recording is judged as the run was.
fn accepted(id: &str, recording: &str) {
    let judged = judge([(id, &read(recording).expect("a recording"))]);
    assert_eq!(judged.total.exchanges, recording.lines().count() - 1);
    let lost: usize =
        judged.total.skipped.iter().filter(|s| s.reason == "its answer was not recorded").map(|s| s.count).sum();
    assert_eq!(judged.total.accepted + lost, judged.total.exchanges, "{id}: {judged:?}");
    assert!(judged.violations.is_empty(), "{id}: {:?}", judged.violations);
}

/// Neither the account nor any key id gets out.
fn nothing_told(id: &str, report: &ExperimentReport, recording: &str) {
    let json = serde_json::to_string(report).expect("JSON");
    let rows: Vec<serde_json::Value> = recording.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    let metadata = rows.iter().map(|r| &r["output"]["KeyMetadata"]);
    let told: BTreeSet<&str> =
        metadata.flat_map(|m| ["KeyId", "AWSAccountId"].map(|k| m[k].as_str())).flatten().collect();
    assert!(told.len() > 1, "{id}: {told:?}");
    for secret in told {
        assert!(!json.contains(secret), "{id}: {secret} in {json}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_promotions_at_once_one_is_the_last() {
    let (report, _) = run(slow(), "Q-16", "alone").await;
    let seen = &report.experiments[0];
    let both: Vec<_> = seen.steps.iter().filter(|s| s.operation == "UpdatePrimaryRegion").collect();
    let succeeded = both.iter().filter(|s| s.outcome == "success").count();
    assert!(both.len() == 2 && (1..=2).contains(&succeeded), "{both:?}");
    assert!(both[0].at_ms.abs_diff(both[1].at_ms) < 200, "not at the same time: {both:?}");
    let last: Vec<&str> = seen
        .steps
        .iter()
        .rev()
        .take(3)
        .filter_map(|s| s.shown.as_ref()?.pointer("/KeyMetadata/MultiRegionConfiguration/MultiRegionKeyType")?.as_str())
        .collect();
    assert_eq!(last.iter().filter(|t| **t == "PRIMARY").count(), 1, "{last:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_is_allowed_is_a_deviation() {
    let lively = |seed| Settings {
        creating: Duration::from_millis(30),
        updating: Duration::from_millis(120),
        rotating: Duration::from_millis(20),
        both_replicas: true,
        throttle: 0.02,
        internal_error: 0.01,
        drop_answer: 0.005,
        stale: Duration::from_millis(30),
        seed,
        ..Settings::default()
    };
    let mut all = tokio::task::JoinSet::new();
    for (seed, experiment) in (1..).zip(experiments()) {
        all.spawn(async move {
            let (report, recording) = run(lively(seed), &experiment.id, "lively").await;
            let seen = &report.experiments[0];
            assert!(seen.deviations.is_empty(), "{}: {:?}", seen.id, seen.deviations);
            accepted(&seen.id, &recording);
        });
    }
    while let Some(done) = all.join_next().await {
        done.expect("no deviation");
    }
}

/// Of each fault what the fact says with it, and does not say without.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_endpoint_gives_another_fact() {
    // It is what the documentation says that a fault makes wrong.
    let documented = Settings { choices: Choices::Documented, ..Settings::default() };
    for (id, fault, words) in [
        (
            "Q-17",
            "cancelled-deletion-is-not-forgotten",
            "Enabled PRIMARY (primary us-east-1, replicas eu-west-1); the replica",
        ),
        (
            "Q-3",
            "any-region-will-do",
            "partition aws-us-gov (UpdatePrimaryRegion in us-east-1 to us-gov-west-1, at 0 ms): success",
        ),
        ("Q-15", "promotion-answers-metadata", "success, body `{"),
        (
            "Q-11",
            "every-member-must-be-enabled",
            "third member disabled (UpdatePrimaryRegion in us-east-1 to eu-west-1, at 0 ms): KMSInvalid",
        ),
    ] {
        let fault = Some(find(fault).unwrap_or_else(|| panic!("{fault} is in the catalogue")));
        let (right, _) = run(documented.clone(), id, "right").await;
        let (wrong, _) = run(Settings { fault, ..documented.clone() }, id, "wrong").await;
        assert!(!fact(&right).contains(words), "{}", fact(&right));
        assert!(fact(&wrong).contains(words), "{id}: {}", fact(&wrong));
        assert_eq!((right.exit_code, wrong.exit_code), (0, 1), "{id}");
        assert!(
            !wrong.experiments[0].deviations.is_empty() && fact(&wrong).contains("Not allowed so far"),
            "{}",
            fact(&wrong)
        );
    }
}

/// Facts as they are printed, without what differs from run to run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn facts_can_be_pasted() {
    for id in ["Q-9", "Q-17", "Q-19"] {
        let (report, _) = run(slow(), id, "pasted").await;
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(format!("experiment-{id}"), without_times(&fact(&report)));
        });
    }
}

/// The text with `N` for milliseconds and `DAY` for the date, a part a line.
fn without_times(fact: &str) -> String {
    let number = |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_digit());
    let date = |w: &str| w.len() == 10 && w.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let words = fact.split(' ').map(|w| match w {
        w if number(w) => "N",
        w if date(w) => "DAY",
        w => w,
    });
    words.collect::<Vec<_>>().join(" ").replace("; ", ";\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_needs_somebody_else_is_not_run_without_them() {
    let (_server, mut target) = start(Settings::default()).await;
    (target.limited, target.other) = (None, None);
    for (id, option) in [("Q-13", "--other-account-profile"), ("Q-14", "--limited-profile")] {
        let (report, recording) = recorded(&target, id, "nobody").await;
        let seen = &report.experiments[0];
        assert_eq!((report.exit_code, recording.lines().count()), (3, 1), "{seen:?}");
        assert!(seen.not_run.as_deref().is_some_and(|why| why.contains(option)) && seen.fact.is_none(), "{seen:?}");
    }
}

#[tokio::test]
async fn a_settled_question_is_not_asked_again() {
    let (_server, target) = start(Settings::default()).await;
    let asked = find_experiments(&["q-1".to_string()]).expect("a known question");
    let report = experiment(&target, &asked, None).await.expect("a report");
    assert_eq!(report.exit_code, 3);
    assert!(report.experiments[0].not_run.as_deref().is_some_and(|why| why.contains("M1")), "{report:?}");
}

/// Beside the repository, where it is there: every open question is an experiment or is settled.
#[test]
fn every_open_question_is_here() {
    let ids: Vec<&str> =
        experiments().iter().map(|e| e.id.as_str()).chain(settled().iter().map(|s| s.id.as_str())).collect();
    let all: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(all.len(), ids.len(), "no question twice: {ids:?}");
    let list = list_experiments();
    assert!(all.iter().all(|id| list.contains(&format!("{id}: "))), "{list}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/kms-facts/open-questions.md");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("not compared: {} is not there", path.display());
        return;
    };
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let asked: BTreeSet<&str> =
        words.filter(|w| w.strip_prefix("Q-").is_some_and(|n| n.parse::<u32>().is_ok())).collect();
    assert!(asked.len() > 20, "{asked:?}");
    assert_eq!(asked, all, "questions, and what is here");
}

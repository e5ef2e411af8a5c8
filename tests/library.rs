//! The library's interface as a test of an emulator uses it: what runs, what is refused before anything
//! is sent, and what an outcome says.

#![cfg(feature = "reference")]

use mrkspec::reference::{Credential, Server, Settings, faults};
use mrkspec::verdict::{Verdict, exit};
use mrkspec::{CheckError, Mrkspec, Outcome, Target};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// A directory of this process with these files.
fn directory(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let root = std::env::temp_dir().join(format!("mrkspec-library-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&root).expect("a temporary directory");
    for (path, text) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, text).expect("a file");
    }
    root
}

const MAKES_A_KEY: &str = "
title: A key is made
rules: [KEY-001]
steps:
  - CreateKey in us-east-1: { as: k, MultiRegion: true }
  - DescribeKey in us-east-1: { KeyId: k }
";

/// What the check says instead of running.
async fn refusal(check: Mrkspec) -> String {
    match check.run().await {
        Err(e) if e.exit_code() == 2 => {
            assert_eq!(e.exit_code(), exit::USAGE);
            let causes = std::iter::successors(Some(&e as &dyn std::error::Error), |e| e.source());
            causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
        }
        other => panic!("should be refused: {other:?}"),
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_before_anything_is_sent() {
    // Nobody listens there: had anything been sent, it would be unreachable.
    let check = || Mrkspec::local("http://127.0.0.1:1").credentials("a", "b");
    let empty = directory("empty", &[("notes.txt", "no scenario")]);
    let bad = directory("bad", &[("x/bad.yaml", "title: t\nrules: [UPR-999]\nsteps: []\n")]);
    let cases = [
        (check().rules("UPR-999"), "unknown rule `UPR-999`"),
        (check().scenarios("no/such"), "no scenario fits"),
        (check().scenarios("a{b"), "a{b"),
        (check().builtin(false), "no scenario fits"),
        (check().scenario_files("/no/such/file.yaml"), "cannot be read"),
        (check().scenario_files(&empty), "there is no scenario file below"),
        (check().scenario_files(&bad), "scenario x/bad: unknown rule"),
        (check().scenario_text("promote/no-replica", MAKES_A_KEY), "two scenarios named promote/no-replica"),
        (check().baseline("/no/such/baseline.yaml"), "/no/such/baseline.yaml"),
        (
            check().baseline_text("target: x\nexpected:\n- { rule: X-1, verdict: fail, reason: r }\n"),
            "unknown rule `X-1`",
        ),
        (Mrkspec::local("not a url"), "is no URL"),
        (Mrkspec::local("https://kms.{region}.amazonaws.com"), "is real AWS"),
        (Mrkspec::local("https://kms.us-east-1.amazonaws.com").credentials("a", "b"), "is real AWS"),
    ];
    for (check, why) in cases {
        let said = refusal(check).await;
        assert!(said.contains(why), "`{said}` does not say `{why}`");
    }
}

#[tokio::test]
async fn a_target_does_not_become_aws_by_a_change_of_its_url() {
    let credentials = mrkspec::Credentials::new("a", "b");
    let mut target = Target::with_credentials("x", "http://127.0.0.1:1", false, credentials).expect("a target");
    target.endpoint = "https://kms.us-east-1.amazonaws.com".into();
    let said = refusal(Mrkspec::target(target)).await;
    assert!(said.contains("is real AWS"), "{said}");
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_unreachable() {
    let result = Mrkspec::local("http://127.0.0.1:1").credentials("a", "b").run().await;
    let error = result.expect_err("nobody listens on port 1");
    assert!(matches!(error, CheckError::Unreachable(_)), "{error}");
    assert_eq!(error.exit_code(), exit::INCONCLUSIVE);
}

#[tokio::test]
async fn scenarios_of_ones_own_run_beside_the_projects_or_alone() {
    let files = directory("own", &[("one.yaml", MAKES_A_KEY), ("deep/er/two.yml", MAKES_A_KEY), ("README.md", "no")]);
    let scenarios = |outcome: &Outcome| {
        let rule = outcome.report().rules.iter().find(|r| r.id == "KEY-001").expect("the rule");
        rule.scenarios.clone()
    };
    let own = Mrkspec::embedded().scenario_files(&files).scenario_text("three", MAKES_A_KEY);

    let alone = own.clone().builtin(false).run().await.expect("runs");
    alone.assert_conforms();
    assert_eq!(scenarios(&alone), ["deep/er/two", "one", "three"]);
    assert_eq!(alone.report().transcripts.len(), 3);

    let chosen = own.clone().scenarios("deep/**").run().await.expect("runs");
    assert_eq!(scenarios(&chosen), ["deep/er/two"]);

    let one = Mrkspec::embedded().builtin(false).scenario_files(files.join("deep/er/two.yml")).run().await;
    assert_eq!(scenarios(&one.expect("runs")), ["two"]);

    // `keys/multi-region` is the project's.
    let beside = own.scenarios("keys/multi-region").scenarios("one").run().await.expect("runs");
    assert_eq!(scenarios(&beside), ["keys/multi-region", "one"]);
}

#[tokio::test]
async fn an_outcome_says_what_is_wrong_in_every_form() {
    let fault = faults::find("promotes-where-no-replica-is").expect("a fault of the catalogue");
    let broken = Mrkspec::embedded_with(Settings::with_fault(fault)).name("mine");
    let outcome = broken.rules("UPR-012").scenarios("promote/no-replica").run().await.expect("runs");
    assert_eq!((outcome.conforms(), outcome.exit_code()), (false, exit::BROKEN));
    assert_eq!(outcome.verdict("UPR-012"), Some(Verdict::Fail));
    assert_eq!(outcome.verdict("UPR-001"), Some(Verdict::NotRun));
    assert_eq!(outcome.verdict("UPR-999"), None);
    assert_eq!(outcome.unmet().map(|r| r.id.0).collect::<Vec<_>>(), ["UPR-012"]);
    let json: serde_json::Value = serde_json::from_str(&outcome.to_json()).expect("JSON");
    assert_eq!((&json["schema"], &json["target"]["name"]), (&"mrkspec-report/1".into(), &"mine".into()));
    let read = mrkspec::report::parse_report(&outcome.to_json()).expect("a report");
    assert_eq!(read.exit_code, exit::BROKEN);
    for text in [outcome.to_junit(), outcome.to_markdown(), outcome.to_string()] {
        assert!(text.contains("UPR-012"), "{text}");
    }
    let panic = std::panic::catch_unwind(|| outcome.assert_conforms()).expect_err("it does not conform");
    let said = panic.downcast_ref::<String>().expect("a text");
    assert!(said.starts_with("mine does not conform") && said.contains("FAIL UPR-012 MUST"), "{said}");
}

#[tokio::test]
async fn a_rule_that_could_not_be_tested_does_not_conform() {
    // Without a second principal nothing can be said about it.
    let server = Server::start(Settings::default()).await.expect("a loopback port");
    let [admin, limited, _] = Credential::defaults();
    let check = Mrkspec::local(server.url()).credentials(&admin.access_key, &admin.secret);
    let check = check.consistent().scenarios("permissions/limited-is-refused");
    let outcome = check.clone().run().await.expect("runs");
    assert!(!outcome.conforms(), "nothing passed");
    assert_eq!(outcome.exit_code(), exit::INCONCLUSIVE);

    let mut principal = mrkspec::Principal::new(&limited.access_key, &limited.secret, limited.arn());
    check.clone().limited(principal.clone()).run().await.expect("runs").assert_conforms();

    // Signed by somebody who is not that principal.
    principal.credentials.secret.push('x');
    assert!(!check.limited(principal).run().await.expect("runs").conforms());
}

#[tokio::test]
async fn a_check_may_run_in_a_task_and_tells_how_far_it_is() {
    let told = Arc::new(AtomicUsize::new(0));
    let counter = told.clone();
    let check = Mrkspec::embedded().scenarios("keys/m*").on_progress(move |done, all| {
        assert!(done <= all);
        counter.fetch_add(1, Relaxed);
    });
    let outcome =
        tokio::spawn(async move { check.jobs(2).seed(7).run().await }).await.expect("no panic").expect("runs");
    outcome.assert_conforms();
    assert_eq!(outcome.report().seed, 7);
    assert_eq!(told.load(Relaxed), outcome.report().transcripts.len());
}

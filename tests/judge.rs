//! Recordings: what a run recorded is judged as the run judged it; what others recorded is judged as far as it
//! says enough.

use mrkspec::internals::sequence::recording::{Recording, read};
use mrkspec::internals::{Options, Recorder, check, judge};
use mrkspec::report::{JudgeReport, Report, Violation};
use mrkspec_reference::Settings;
use mrkspec_reference::faults::find;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Runs scenarios against the reference endpoint and records what is asked and answered.
async fn recorded(settings: Settings, scenarios: &[&str], file: &str) -> (Report, String, String) {
    let (_server, mut target) = mrkspec::internals::embedded(settings).await.expect("a loopback port");
    target.settle_timeout = Duration::from_millis(400);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(file);
    let recorder = Arc::new(Recorder::create(&path, &target).expect("a file"));
    let scenarios = scenarios.iter().map(|s| s.to_string()).collect();
    let options = Options { scenarios, record: Some(recorder.clone()), ..Options::default() };
    let report = check(&target, &options).await.expect("a report");
    recorder.finish().expect("a complete recording");
    let text = std::fs::read_to_string(&path).expect("the recording");
    (report, text, target.credentials.secret)
}

fn judged(text: &str) -> JudgeReport {
    judge([("recording", &read(text).expect("a recording"))])
}

/// What a ruling says, whenever it is given.
fn words<'v>(violations: impl Iterator<Item = &'v Violation>) -> BTreeSet<(String, String, String, String)> {
    let part = |t: &str| t.split(' ').next().unwrap_or_default().to_string();
    violations.map(|v| (v.rule.0.to_string(), part(&v.call), v.expected.clone(), v.observed.clone())).collect()
}

fn same_rulings(report: &Report, text: &str) {
    let again = judged(text);
    let now = words(again.violations.iter().map(|d| &d.violation));
    assert_eq!(words(report.violations.iter()), now);
    assert_eq!(again.total.exchanges, text.lines().count() - 1);
    let unexplained: Vec<_> =
        again.total.skipped.iter().filter(|s| s.reason != "its answer was not recorded").collect();
    assert!(unexplained.is_empty(), "{unexplained:?}");
}

const SOME: [&str; 8] =
    ["promote/b*", "import/*", "permissions/d*", "crypto/*", "grants/*", "rotation/*", "deletion/*", "wire/*"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recorded_run_is_judged_as_the_run_was() {
    let lively = Settings {
        creating: Duration::from_millis(30),
        updating: Duration::from_millis(30),
        throttle: 0.02,
        internal_error: 0.01,
        drop_answer: 0.005,
        stale: Duration::from_millis(20),
        day: Duration::from_millis(50),
        seed: 3,
        ..Settings::default()
    };
    let (report, text, secret) = recorded(lively, &SOME, "lively.jsonl").await;
    assert!(report.latitude.judged > 200, "{} answers", report.latitude.judged);
    same_rulings(&report, &text);
    nothing_secret(&text, &secret);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_violations_of_a_run_are_found_in_its_recording() {
    let scenarios = ["promote/*", "transient/*", "wire/*"];
    for name in ["two-primaries", "updating-never-ends", "promotes-where-no-replica-is", "promotion-does-nothing"] {
        let fault = find(name).expect("a fault of the catalogue");
        let short = Duration::from_millis(20);
        let settings = Settings { updating: short, creating: short, ..Settings::with_fault(fault) };
        let (report, text, _) = recorded(settings, &scenarios, &format!("{name}.jsonl")).await;
        assert!(!report.violations.is_empty(), "{name} breaks nothing");
        same_rulings(&report, &text);
    }
}

/// Neither credentials nor plaintexts that the endpoint made.
fn nothing_secret(text: &str, secret: &str) {
    for word in ["AWS4-HMAC", "Credential=", "Signature=", secret, "X-Amz-Security-Token"] {
        assert!(!text.contains(word), "{word} is in the recording");
    }
    let rows: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    let given: BTreeSet<&str> = rows.iter().filter_map(|r| r["input"]["Plaintext"].as_str()).collect();
    for row in &rows {
        for member in ["Plaintext", "PrivateKeyPlaintext", "SharedSecret", "ImportToken", "GrantToken"] {
            if let Some(value) = row["output"][member].as_str() {
                assert!(value.starts_with("<blob ") || given.contains(value), "{member} of line {row}");
            }
        }
    }
}

const ARN: &str = "arn:aws:kms:us-east-1:111111111111:key/mrk-00000000000000000000000000000001";

fn partial(rows: &[Value]) -> Recording {
    let header = json!({ "schema": "mrkspec-recording/1", "endpoint": "somewhere", "partial": true });
    let lines: Vec<String> = std::iter::once(&header).chain(rows).map(Value::to_string).collect();
    read(&lines.join("\n")).expect("a recording")
}

fn row(operation: &str, input: Value, code: &str, more: Value) -> Value {
    let mut row =
        json!({ "case": operation, "region": "us-east-1", "operation": operation, "input": input, "code": code });
    row.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    row
}

fn metadata(state: &str) -> Value {
    json!({ "output": { "Arn": ARN, "KeyState": state, "Enabled": state == "Enabled", "MultiRegion": true,
        "MultiRegionKeyType": "PRIMARY", "PrimaryKey": "us-east-1", "ReplicaKeys": [], "Origin": "AWS_KMS",
        "KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT" } })
}

fn created() -> Value {
    row("CreateKey", json!({ "MultiRegion": true }), "Success", metadata("Enabled"))
}

fn key() -> Value {
    json!({ "KeyId": ARN.split('/').next_back() })
}

#[test]
fn members_that_were_left_out_are_no_evidence() {
    let about = row("DescribeKey", key(), "Success", json!({ "output": { "Arn": ARN, "KeyState": "Enabled" } }));
    let report = judge([("r", &partial(&[created(), about.clone()]))]);
    assert_eq!((report.total.judged, report.total.accepted, report.exit_code), (2, 2, 0), "{report:?}");
    let mut wrong = about;
    wrong["output"]["MultiRegion"] = json!(false);
    let report = judge([("r", &partial(&[created(), wrong]))]);
    assert_eq!((report.total.accepted, report.exit_code), (1, 1), "{report:?}");
    assert_eq!((report.violations[0].line, report.violations[0].case.as_deref()), (3, Some("DescribeKey")));
}

#[test]
fn what_is_said_to_be_absent_is_evidence() {
    let absent = json!({ "output": { "KeyRotationEnabled": true, "RotationPeriodInDays": "absent" } });
    let rows = [
        created(),
        row("EnableKeyRotation", key(), "Success", json!({})),
        row("GetKeyRotationStatus", key(), "Success", absent),
    ];
    assert_eq!(judge([("r", &partial(&rows))]).violations[0].violation.rule.0, "ROT-004");
}

#[test]
fn a_change_that_no_call_explains_is_taken_in_and_one_after_a_call_is_judged() {
    let disabled = row("DescribeKey", key(), "Success", metadata("Disabled"));
    let refused =
        row("Encrypt", json!({ "KeyId": key()["KeyId"], "Plaintext": "QQ==" }), "DisabledException", json!({}));
    let report = judge([("r", &partial(&[created(), disabled.clone(), refused]))]);
    assert_eq!((report.total.judged, report.exit_code), (2, 0), "{report:?}");
    assert!(report.total.skipped[0].reason.starts_with("taken in"), "{report:?}");
    let rows = [created(), row("EnableKeyRotation", key(), "Success", json!({})), disabled];
    assert_eq!(judge([("r", &partial(&rows))]).exit_code, 1);
}

#[test]
fn a_key_that_was_there_before_is_taken_in() {
    let disable = row("DisableKey", key(), "Success", json!({}));
    let shown = row("DescribeKey", key(), "Success", metadata("Enabled"));
    let status = row("GetKeyRotationStatus", key(), "Success", json!({ "output": { "KeyRotationEnabled": true } }));
    let rows = [disable.clone(), shown, status, disable, row("DescribeKey", key(), "Success", metadata("Enabled"))];
    let report = judge([("r", &partial(&rows))]);
    let reasons: Vec<&str> = report.total.skipped.iter().map(|s| s.reason.as_str()).collect();
    assert_eq!(report.total.skipped.len(), 3, "{reasons:?}");
    // Enabled is what it was: that may be stale.
    assert_eq!((report.total.judged, report.total.stale), (2, 1), "{report:?}");
}

#[test]
fn keys_that_were_there_before_were_made_each_at_its_time() {
    let shown = |digit: &str, date: u64| {
        let mut of = metadata("Enabled");
        let arn = ARN.replace("0001", &format!("000{digit}"));
        of["output"]["Arn"] = json!(arn);
        of["output"]["CreationDate"] = json!(date);
        row("DescribeKey", json!({ "KeyId": arn }), "Success", of)
    };
    let report = judge([("r", &partial(&[shown("1", 1), shown("2", 2), shown("1", 1), shown("2", 2)]))]);
    assert_eq!((report.total.judged, report.exit_code), (2, 0), "{report:?}");
    let report = judge([("r", &partial(&[shown("1", 1), shown("1", 1), shown("1", 2)]))]);
    assert_eq!(report.violations[0].violation.rule.0, "KEY-025", "{report:?}");
}

#[test]
fn a_later_page_of_a_list_is_not_judged() {
    let page = |more: Value| {
        let mut input = key();
        input.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        row("ListKeyRotations", input, "Success", json!({ "output": { "Rotations": [], "Truncated": false } }))
    };
    let report = judge([("r", &partial(&[created(), page(json!({ "Limit": 1, "Marker": "<marker>" }))]))]);
    assert_eq!((report.total.judged, report.exit_code), (1, 0), "{report:?}");
    assert!(report.total.skipped[0].reason.starts_with("a later page"), "{report:?}");
}

#[test]
fn a_call_without_its_answer_may_have_worked_or_not() {
    let lost = row("DisableKey", key(), "Success", json!({ "recorded": false }));
    for state in ["Enabled", "Disabled"] {
        let rows = [created(), lost.clone(), row("DescribeKey", key(), "Success", metadata(state))];
        let report = judge([("r", &partial(&rows))]);
        assert_eq!((report.total.judged, report.exit_code), (2, 0), "{state}: {report:?}");
    }
}

#[test]
fn what_another_service_passed_on_is_judged_by_its_code() {
    let passed = |code: &str| {
        let message = format!("words of its own (Service: AWSKMS; Error Code: {code}; ...)");
        let operation = "(sns:Publish; KMS GenerateDataKey by CloudTrail)";
        let input = json!({ "KmsMasterKeyId": ARN });
        let mut row = row(operation, input, "KMSDisabled", json!({ "message": message, "passed_on": true }));
        row["case"] = json!("publish");
        let rows = [created(), disabled(), row];
        judge([("r", &partial(&rows))]).exit_code
    };
    assert_eq!((passed("DisabledException"), passed("IncorrectKeyException")), (0, 1));
}

fn disabled() -> Value {
    row("DisableKey", key(), "Success", json!({}))
}

#[test]
fn an_unreadable_line_is_named_and_the_exit_code_is_2() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("unreadable.jsonl");
    std::fs::write(&path, "{\"schema\": \"mrkspec-recording/1\", \"endpoint\": \"e\"}\n{\"case\": 1}\n")
        .expect("a file");
    let run =
        std::process::Command::new(env!("CARGO_BIN_EXE_mrkspec")).arg("judge").arg(&path).output().expect("a run");
    assert_eq!(run.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&run.stderr).contains("line 2"), "{run:?}");
}

/// What AWS itself answered: beside the repository, where it is there.
#[test]
fn recordings_of_the_real_service_are_judged() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/recorded-aws");
    let Ok(files) = std::fs::read_dir(&folder) else {
        eprintln!("not judged: {} is not there", folder.display());
        return;
    };
    let paths = files.filter_map(|f| Some(f.ok()?.path())).filter(|p| p.extension().is_some_and(|e| e == "jsonl"));
    let recordings: Vec<(String, Recording)> = paths
        .map(|p| {
            let text = std::fs::read_to_string(&p).expect("a readable file");
            (p.display().to_string(), read(&text).unwrap_or_else(|e| panic!("{}: {e}", p.display())))
        })
        .collect();
    let cases: BTreeSet<&str> =
        recordings.iter().flat_map(|(_, r)| &r.rows).filter_map(|row| row.case.as_deref()).collect();
    for rule in mrkspec_model::rules::RULES.iter().filter(|r| r.group() == "AWS") {
        let named = rule.source.trim_start_matches("recorded from AWS, ").split(", ").filter(|c| !c.contains(' '));
        named.for_each(|case| assert!(cases.contains(case), "{} names a case that is not there: {case}", rule.id));
    }
    let report = judge(recordings.iter().map(|(name, r)| (name.as_str(), r)));
    let skipped: usize = report.total.skipped.iter().map(|s| s.count).sum();
    assert_eq!(report.total.judged + skipped, report.total.exchanges);
    assert!(report.total.judged * 10 >= report.total.exchanges * 9, "{:?}", report.total);
    // A deviation would be a false alarm, or a row that is wrong: then name it here, with the reason.
    let rows: Vec<String> = report
        .violations
        .iter()
        .map(|v| format!("{} {}: {}", v.violation.rule, v.violation.scenario, v.violation.call))
        .collect();
    assert_eq!(rows, [""; 0], "answers of AWS itself are judged wrong");
}

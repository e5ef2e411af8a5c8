//! The command line as scripts see it: exit codes, files, messages.

#![cfg(feature = "cli")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

fn mrkspec(arguments: &[&str]) -> Output {
    command().args(arguments).output().expect("the program starts")
}

/// The same with the credentials of `mrkspec serve`.
fn as_admin(arguments: &[&str]) -> Output {
    as_admin_command().args(arguments).output().expect("the program starts")
}

fn as_admin_command() -> Command {
    let mut command = command();
    command.env("AWS_ACCESS_KEY_ID", "AKIDMRKSPECADMIN").env("AWS_SECRET_ACCESS_KEY", "admin-secret");
    command
}

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mrkspec"));
    for name in [
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_KMS",
        "AWS_PROFILE",
        "AWS_ACCESS_KEY_ID",
        "GITHUB_ACTIONS",
        "GITHUB_STEP_SUMMARY",
    ] {
        command.env_remove(name);
    }
    command.env("XDG_STATE_HOME", std::env::temp_dir().join("mrkspec-test-state"));
    command
}

fn code_and_message(arguments: &[&str]) -> (i32, String) {
    let output = mrkspec(arguments);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!text.contains("panicked"), "{text}");
    (output.status.code().expect("an exit code"), text)
}

fn temporary(name: &str, text: &str) -> String {
    let path = std::env::temp_dir().join(format!("mrkspec-{}-{name}", std::process::id()));
    std::fs::write(&path, text).expect("a temporary file");
    path.display().to_string()
}

/// `mrkspec serve`, ended when dropped.
struct Serve(Child, String);

impl Serve {
    fn start(arguments: &[&str]) -> Serve {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mrkspec"))
            .arg("serve")
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("serve starts");
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().expect("a pipe")).read_line(&mut line).expect("a first line");
        let url = line.trim().strip_prefix("listening on ").expect("the contract's first line").to_string();
        Serve(child, url)
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_embedded_endpoint_conforms_and_every_rule_is_exercised() {
    let json = temporary("report.json", "");
    let junit = temporary("junit.xml", "");
    let output = mrkspec(&["check", "--json", &json, "--junit", &junit]);
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{shown}");
    let report: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&json).expect("a report")).expect("JSON");
    assert_eq!(report["schema"], "mrkspec-report/1");
    for member in ["tool", "target", "seed", "summary", "rules", "violations", "cost", "coverage"] {
        assert!(!report[member].is_null(), "{member}");
    }
    let rules = report["rules"].as_array().expect("rules");
    assert_eq!(report["summary"]["pass"].as_u64(), Some(rules.len() as u64), "{shown}");
    let xml = std::fs::read_to_string(&junit).expect("JUnit");
    assert_eq!(xml.matches("<testcase").count(), rules.len());
    assert!(!shown.contains("-secret"), "no secret in output");
}

#[test]
fn an_unreachable_endpoint_is_exit_3() {
    let (code, text) = code_and_message(&["check", "--endpoint", "http://127.0.0.1:9"]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("cannot be reached"), "{text}");
}

#[test]
fn a_url_that_is_none_is_exit_2() {
    for url in ["localhost:4566", "http://", "ftp://127.0.0.1"] {
        let (code, text) = code_and_message(&["check", "--endpoint", url]);
        assert_eq!(code, 2, "{url}: {text}");
        assert!(text.contains("URL"), "{text}");
    }
}

#[test]
fn real_aws_is_never_called_by_accident() {
    for arguments in [
        &["check", "--target", "aws"][..],
        &["check", "--endpoint", "https://kms.us-east-1.amazonaws.com"],
        &["experiment", "Q-17", "--target", "aws"],
    ] {
        let (code, text) = code_and_message(arguments);
        assert_eq!(code, 2, "{text}");
        assert!(text.contains("--allow-aws"), "{text}");
    }
}

#[test]
fn a_run_on_real_aws_is_told_and_asked_for_first() {
    let mut command = as_admin_command();
    // Nobody listens there, and nobody types an answer.
    command.env("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9").stdin(std::process::Stdio::null());
    let aws = ["check", "--target", "aws", "--allow-aws", "--max-keys", "20"];
    let output = command.args(aws).output().expect("the program starts");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    for part in ["Real AWS", "20 keys at most", "USD", "quotas", "give --yes"] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn limits_end_a_run_and_say_so() {
    let output = mrkspec(&["check", "--max-keys", "30"]);
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains("the 30 keys that --max-keys allows have been made"), "{told}");
    assert!(!told.contains("UNSUPPORTED"), "{told}");
}

#[test]
fn certificates_that_are_none_are_exit_2() {
    let file = temporary("no.pem", "no certificate");
    for path in [file.as_str(), "/no/such/file.pem"] {
        let (code, message) = code_and_message(&["check", "--endpoint", "https://127.0.0.1:9", "--ca-bundle", path]);
        assert!(code == 2 && message.contains(path), "{code}: {message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_no_kms_is_exit_3() {
    let app = axum::Router::new().fallback(|| async { "<html>hello</html>" });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let run = tokio::task::spawn_blocking(move || code_and_message(&["check", "--endpoint", &url]));
    let (code, text) = run.await.expect("the program ran");
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("not as a KMS endpoint"), "{text}");
}

#[test]
fn unknown_names_are_exit_2() {
    for (arguments, word) in [
        (&["check", "--rule", "UPR-999"][..], "UPR-999"),
        (&["check", "--scenario", "nothing/*"], "no scenario"),
        (&["check", "--scenario", "["], "--scenario"),
        (&["check", "--target", "nimbus"], "nimbus"),
        (&["check", "--shard", "3/2"], "3/2"),
        (&["check", "--baseline", "/no/such/file"], "/no/such/file"),
        (&["replay", "/no/such/file"], "/no/such/file"),
        (&["compare", "/no/such/file"], "/no/such/file"),
        (&["check", "--target", "embedded", "--endpoint", "http://127.0.0.1:1"], "takes no --endpoint"),
        (&["check", "--settle-timeout", "soon"], "300ms"),
        (&["check", "--shard", "two"], "2/4"),
        (&["fuzz", "--shard", "0/2"], "1 to 2"),
        (&["fuzz", "--corpus", "/dev/null/corpus"], "the corpus /dev/null/corpus cannot be read: "),
        (&["fuzz", "--save-repro", "/dev/null/repros"], "/dev/null/repros cannot be written: "),
        (&["serve", "--fault", "nobody-makes-this"], "unknown fault `nobody-makes-this` (see `mrkspec faults`)"),
        (&["serve", "--throttle", "2"], "from 0 to 1"),
        (&["plan", "--json", "/dev/null/plan.json"], "/dev/null/plan.json cannot be written: "),
        (&["experiment", "Q-99"], "unknown experiment `Q-99`; known are Q-3, "),
        (&["fly"], "fly"),
    ] {
        let (code, text) = code_and_message(arguments);
        assert_eq!(code, 2, "{arguments:?}: {text}");
        assert!(text.contains(word), "{arguments:?}: {text}");
    }
}

#[test]
fn a_bad_scenario_file_is_exit_2_and_says_where() {
    let path =
        temporary("bad.yaml", "title: t\nrules: [UPR-001]\nsteps:\n  - DescribeKey in us-east-1: { KeyId: k }\n");
    let (code, text) = code_and_message(&["replay", &path]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("step 1") && text.contains("`k`"), "{text}");
}

#[test]
fn a_file_that_is_something_else_is_exit_2_and_says_which_and_why() {
    let report = temporary("other.json", r#"{ "schema": "mrkspec-fuzz/1" }"#);
    let broken = temporary("broken.json", "{ \"schema\": ");
    let baseline = temporary("wrong.yaml", "target: x\nexpected:\n- { rule: UPR-999, verdict: fail, reason: r }\n");
    let twice = "- { rule: UPR-001, verdict: fail, reason: r }\n";
    let twice = temporary("twice.yaml", &format!("target: x\nexpected:\n{twice}{twice}"));
    let scenario = temporary("empty.yaml", "title: t\nrules: [UPR-001]\nsteps: []\n");
    for (arguments, file, words) in [
        (&["merge", &report][..], &report, "schema `mrkspec-fuzz/1`; a report has `mrkspec-report/1`"),
        (&["compare", &broken], &broken, "is no mrkspec report that version"),
        (&["check", "--baseline", &baseline], &baseline, "unknown rule `UPR-999`"),
        (&["check", "--baseline", &twice], &twice, "rule UPR-001 stands twice"),
        (&["replay", &scenario], &scenario, "there are no steps"),
    ] {
        let (code, text) = code_and_message(arguments);
        assert_eq!(code, 2, "{arguments:?}: {text}");
        assert!(text.contains(file.as_str()) && text.contains(words), "{arguments:?}: {text}");
    }
}

#[test]
fn causes_are_printed_after_what_they_cause() {
    // Nothing is read or written below a file.
    let state = temporary("state", "");
    let serve = Serve::start(&[]);
    let mut command = command();
    command.env("AWS_ACCESS_KEY_ID", "AKIDMRKSPECADMIN").env("AWS_SECRET_ACCESS_KEY", "admin-secret");
    command.env("XDG_STATE_HOME", &state).args(["check", "--scenario", "keys/*", "--endpoint", &serve.1]);
    let output = command.output().expect("the program starts");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{text}");
    let expected =
        format!("mrkspec: the ledger in {state}/mrkspec cannot be written, and without it no key may be made: ");
    assert!(text.starts_with(&expected) && text.len() > expected.len() + 5, "{text}");
    let output = as_admin(&[
        "check",
        "--endpoint",
        "http://127.0.0.1:9",
        "--limited-profile",
        "nobody-has-this",
        "--limited-principal",
        "arn:aws:iam::111122223333:user/x",
    ]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("profile nobody-has-this: AWS credentials cannot be had: "), "{text}");
}

#[test]
fn a_cleanup_that_cannot_reach_the_endpoint_is_exit_3_and_says_so() {
    let state = std::env::temp_dir().join(format!("mrkspec-{}-lost", std::process::id()));
    std::fs::create_dir_all(state.join("mrkspec")).expect("a directory");
    let lines = "{\"event\":\"run\",\"endpoint\":\"http://127.0.0.1:9\",\"run\":\"r\"}\n\
                 {\"event\":\"made\",\"region\":\"us-east-1\",\"key_id\":\"k\",\"token\":\"r-1\"}\n";
    let ledger = state.join("mrkspec/r.jsonl");
    std::fs::write(&ledger, lines).expect("a ledger");
    let mut command = command();
    let output = command.env("XDG_STATE_HOME", &state).args(["cleanup", "--endpoint", "http://127.0.0.1:9"]).output();
    let output = output.expect("the program starts");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.starts_with("mrkspec: http://127.0.0.1:9 cannot be reached: "), "{text}");
    assert!(ledger.exists(), "what is not settled is not forgotten");
}

#[test]
fn a_good_scenario_file_is_replayed() {
    let path = temporary(
        "good.yaml",
        "title: t\nrules: [UPR-001]\nsteps:\n  - CreateKey in us-east-1: { as: k, MultiRegion: true }\n  \
         - ReplicateKey in us-east-1: { KeyId: k, ReplicaRegion: eu-west-1 }\n  \
         - UpdatePrimaryRegion in us-east-1: { KeyId: k, PrimaryRegion: eu-west-1 }\n",
    );
    let output = mrkspec(&["replay", &path]);
    let shown = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    assert!(shown.contains("MultiRegionKeyType: PRIMARY"), "{shown}");
}

#[test]
fn a_stricter_expectation_that_is_not_met_fails() {
    let path = temporary(
        "strict.yaml",
        "title: t\nrules: [UPR-012]\nsteps:\n  - CreateKey in us-east-1: { as: k, MultiRegion: true }\n  \
         - UpdatePrimaryRegion in us-east-1: { KeyId: k, PrimaryRegion: eu-west-1, expect: { error: DisabledException } }\n",
    );
    let output = mrkspec(&["replay", &path]);
    let shown = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{shown}");
    assert!(shown.contains("the scenario's own expectation"), "{shown}");
}

#[test]
fn serve_can_be_checked_from_outside_and_leaves_nothing_behind() {
    let serve = Serve::start(&["--creating", "20ms", "--updating", "20ms", "--both-replicas"]);
    let check = |arguments: &[&str]| {
        let admin = ("AKIDMRKSPECADMIN", "admin-secret");
        let output = Command::new(env!("CARGO_BIN_EXE_mrkspec"))
            .args(arguments)
            .args(["--endpoint", &serve.1])
            .env("AWS_ACCESS_KEY_ID", admin.0)
            .env("AWS_SECRET_ACCESS_KEY", admin.1)
            .env("XDG_STATE_HOME", std::env::temp_dir().join(format!("mrkspec-state-{}", std::process::id())))
            .output()
            .expect("the program starts");
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
        )
    };
    let (code, shown) = check(&["check", "--scenario", "promote/*"]);
    assert_eq!(code, Some(0), "{shown}");
    let (code, shown) = check(&["experiment", "Q-11", "Q-17", "Q-1"]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("(no evidence: not AWS) [http://127.0.0.1"), "{shown}");
    let (code, shown) = check(&["cleanup"]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("deletion of 0 keys scheduled"), "the run cleaned up after itself: {shown}");
}

#[test]
fn plan_prints_what_it_covers_and_costs() {
    let json = temporary("plan.json", "");
    let output = mrkspec(&["plan", "--json", &json]);
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{shown}");
    let plan: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&json).expect("a plan")).expect("JSON");
    assert_eq!(plan["schema"], "mrkspec-plan/1");
    let count = |what: &str| plan["plan"][what].as_u64().expect("a number");
    assert!(count("covered") <= count("reachable") && count("covered") * 100 >= count("reachable") * 99, "{shown}");
    let sequences = plan["sequences"].as_array().expect("sequences");
    let requests: u64 = sequences.iter().filter_map(|s| s["cost"]["requests"].as_u64()).sum();
    assert_eq!(plan["plan"]["requests"].as_u64(), Some(requests), "the parts make the whole");
    assert!(shown.contains(&format!("{requests} requests")), "{shown}");
}

#[test]
fn parts_of_a_run_are_merged_and_compared() {
    let serve = Serve::start(&[]);
    let part = |i: &str| {
        let json = temporary(&format!("part-{}.json", &i[..1]), "");
        let html = temporary("part.html", "");
        let check = ["check", "--endpoint", &serve.1, "--scenario", "promote/*", "--shard", i];
        let output = as_admin(&[&check[..], &["--json", &json, "--html", &html]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
        assert!(std::fs::read_to_string(html).expect("a page").contains("<table"));
        json
    };
    let (a, b) = (part("1/2"), part("2/2"));
    let whole = temporary("whole.json", "");
    let merged = mrkspec(&["merge", &a, &b, "--json", &whole]);
    assert_eq!(merged.status.code(), Some(0), "{}", String::from_utf8_lossy(&merged.stderr));
    let html = temporary("compared.html", "");
    let compared = mrkspec(&["compare", &a, &whole, "--html", &html]);
    assert_eq!(compared.status.code(), Some(0));
    let shown = String::from_utf8_lossy(&compared.stdout).into_owned();
    assert!(shown.contains("Rules on which they differ") && shown.contains("| not_run | pass |"), "{shown}");
    assert!(std::fs::read_to_string(html).expect("a page").contains("not_run"));
    let (code, message) = code_and_message(&["merge", &temporary("none.json", "{}")]);
    assert!(code == 2 && message.contains("is no mrkspec report"), "{code} {message}");
    let (code, message) = code_and_message(&["check", "--shard", "3/2"]);
    assert!(code == 2 && message.contains("1 to 2"), "{code} {message}");
}

#[test]
fn a_corpus_found_on_one_endpoint_is_tried_on_another() {
    let corpus = std::env::temp_dir().join(format!("mrkspec-{}-corpus", std::process::id()));
    let directory = corpus.display().to_string();
    let (good, repros) = (Serve::start(&[]), temporary("repros", ""));
    std::fs::remove_file(&repros).expect("a name for a directory");
    let fuzz = |endpoint: &str| {
        let target = ["fuzz", "--endpoint", endpoint, "--seed", "3", "--max-calls", "600", "--settle-timeout", "300ms"];
        as_admin(&[&target[..], &["--corpus", &directory, "--save-repro", &repros]].concat())
    };
    let output = fuzz(&good.1);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    let kept = std::fs::read_dir(&corpus).expect("a corpus").count();
    assert!(kept > 5, "{kept} inputs kept");
    let wrong = Serve::start(&["--fault", "promotes-where-no-replica-is"]);
    let output = fuzz(&wrong.1);
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{shown}");
    assert!(shown.contains("UPR-012") && shown.contains("$ aws kms update-primary-region"), "{shown}");
    let saved = std::fs::read_dir(&repros).expect("repros").flatten().map(|f| f.path().display().to_string());
    let repro = saved.into_iter().find(|f| f.contains("upr-012")).expect("a file of its own");
    let replayed = as_admin(&["replay", &repro, "--endpoint", &wrong.1]);
    assert_eq!(replayed.status.code(), Some(1), "{}", String::from_utf8_lossy(&replayed.stdout));
    assert_eq!(as_admin(&["replay", &repro, "--endpoint", &good.1]).status.code(), Some(0), "only the mistake shows");
}

#[test]
fn a_quick_run_says_nothing_of_what_only_a_whole_run_showed() {
    let serve = Serve::start(&["--fault", "two-primaries"]);
    let known = "target: t\nexpected:\n- rule: KEY-001\n  verdict: fail\n  reason: only a whole run shows it\n";
    let whole = temporary("whole-baseline.yaml", known);
    let check = |more: &[&str]| {
        let quick = ["check", "--endpoint", &serve.1, "--budget", "60"];
        let output = as_admin(&[&quick[..], more].concat());
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (_, said) = check(&["--baseline", &whole]);
    assert!(!said.contains("FIXED"), "{said}");
    // One that was made with the same budget must be kept true.
    let made = temporary("quick-baseline.yaml", known);
    let (code, _) = check(&["--baseline", &made, "--update-baseline"]);
    assert_eq!(code, Some(0));
    let text = std::fs::read_to_string(&made).expect("a baseline");
    assert!(text.contains("budget: 60"), "{text}");
    std::fs::write(
        &made,
        format!("{text}- rule: KEY-001\n  verdict: fail\n  reason: it is not so\n")
            .replace("expected: []", "expected:"),
    )
    .expect("a file");
    let (code, said) = check(&["--baseline", &made]);
    assert!(code == Some(1) && said.contains("FIXED  KEY-001"), "{code:?} {said}");
}

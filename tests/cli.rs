//! The command line as scripts see it: exit codes, files, messages.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

fn mrkspec(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mrkspec"));
    for name in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KMS", "AWS_PROFILE", "AWS_ACCESS_KEY_ID"] {
        command.env_remove(name);
    }
    command.env("XDG_STATE_HOME", std::env::temp_dir().join("mrkspec-test-state"));
    command.args(arguments).output().expect("the program starts")
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
    for arguments in
        [&["check", "--target", "aws"][..], &["check", "--endpoint", "https://kms.us-east-1.amazonaws.com"]]
    {
        let (code, text) = code_and_message(arguments);
        assert_eq!(code, 2, "{text}");
        assert!(text.contains("--allow-aws"), "{text}");
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
    let (code, shown) = check(&["cleanup"]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("deletion of 0 keys scheduled"), "the run cleaned up after itself: {shown}");
}

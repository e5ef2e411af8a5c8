//! What a gate in CI and a first try meet: GitHub's summary and annotations, credentials that nobody made, completions, manual.

#![cfg(feature = "cli")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mrkspec"));
    for name in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KMS", "AWS_PROFILE", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"] {
        command.env_remove(name);
    }
    command.env("XDG_STATE_HOME", std::env::temp_dir().join("mrkspec-gate-state"));
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn docs_options_md_is_current() {
    let path = std::env::temp_dir().join(format!("mrkspec-{}-options.md", std::process::id()));
    let output = command().args(["man", "--markdown"]).arg(&path).output().expect("the program starts");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let kept =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/options.md")).expect("docs/options.md");
    let now = std::fs::read_to_string(path).expect("what was written");
    assert!(kept == now, "run `cargo xtask regen`");
}

/// `mrkspec serve`, ended when dropped.
struct Serve(Child, String);

impl Serve {
    fn start(arguments: &[&str]) -> Serve {
        let mut serve = command();
        let serve = serve.arg("serve").args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = serve.spawn().expect("serve starts");
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().expect("a pipe")).read_line(&mut line).expect("a first line");
        let url = line.trim().strip_prefix("listening on ").expect("the contract's first line").to_string();
        Serve(child, url)
    }

    /// Checks a few scenarios, with an access key of the given name.
    fn check(&self, access_key: &str, secret: &str, with: &[(&str, &str)]) -> Output {
        let mut check = command();
        check.args(["check", "--scenario", "promote/no-replica*", "--endpoint", &self.1]);
        check.env("AWS_ACCESS_KEY_ID", access_key).env("AWS_SECRET_ACCESS_KEY", secret);
        check.envs(with.iter().copied()).output().expect("the program starts")
    }

    /// Ends it; what it said on standard error.
    fn said(mut self) -> String {
        let _ = self.0.kill();
        let mut said = String::new();
        self.0.stderr.take().expect("a pipe").read_to_string(&mut said).expect("text");
        said
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn any_credentials_do_for_a_first_try_and_only_then() {
    let serve = Serve::start(&["--any-credentials"]);
    let output = serve.check("test", "test", &[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    let known = serve.check("AKIDMRKSPECADMIN", "wrong", &[]);
    assert_eq!(known.status.code(), Some(3), "who is known has to sign: {}", text(&known.stdout));
    let said = serve.said();
    assert!(said.contains("AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test"), "{said}");

    let strict = Serve::start(&[]);
    assert_eq!(strict.check("test", "test", &[]).status.code(), Some(3));
    let url = strict.1.clone();
    let said = strict.said();
    assert!(said.contains(&format!("export AWS_ENDPOINT_URL_KMS={url}\n")), "{said}");
    assert!(said.contains("AWS_ACCESS_KEY_ID=AKIDMRKSPECADMIN AWS_SECRET_ACCESS_KEY=admin-secret"), "{said}");
    assert!(said.contains("AWS_DEFAULT_REGION=us-east-1"), "{said}");
}

#[test]
fn a_slow_endpoint_holds_its_answers_back() {
    let slow = Serve::start(&["--slow", "150ms"]);
    let mut connection = TcpStream::connect(slow.1.trim_start_matches("http://")).expect("a connection");
    let start = Instant::now();
    let request =
        "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: TrentService.ListKeys\r\nContent-Length: 2\r\n\r\n{}";
    connection.write_all(request.as_bytes()).expect("a request");
    let mut first = [0; 12];
    connection.read_exact(&mut first).expect("an answer");
    assert_eq!(text(&first), "HTTP/1.1 400");
    assert!(start.elapsed() >= Duration::from_millis(150), "after {:?}", start.elapsed());
}

#[test]
fn github_gets_a_summary_and_annotations_by_itself() {
    let serve = Serve::start(&["--fault", "promotes-where-no-replica-is"]);
    let summary = std::env::temp_dir().join(format!("mrkspec-{}-summary.md", std::process::id()));
    std::fs::write(&summary, "# Before\n").expect("a temporary file");
    let file = summary.display().to_string();
    let on_github = [("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", file.as_str())];
    let output = serve.check("AKIDMRKSPECADMIN", "admin-secret", &on_github);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{shown}");
    let annotation = shown.lines().find(|l| l.starts_with("::error title=UPR-012 "));
    let annotation = annotation.unwrap_or_else(|| panic!("no annotation: {shown}"));
    assert!(annotation.contains("%0Aexpected: ") && annotation.contains("%0Aobserved: "), "{annotation}");
    let written = std::fs::read_to_string(&summary).expect("a summary");
    assert!(written.starts_with("# Before\n# mrkspec: ") && written.contains("UPR-012"), "{written}");

    let elsewhere = text(&serve.check("AKIDMRKSPECADMIN", "admin-secret", &[]).stdout);
    assert!(!elsewhere.contains("::error"), "{elsewhere}");
    let nowhere = [("GITHUB_STEP_SUMMARY", "/no/such/directory/summary.md")];
    let output = serve.check("AKIDMRKSPECADMIN", "admin-secret", &nowhere);
    assert_eq!(output.status.code(), Some(1), "the verdict does not depend on it");
    assert!(text(&output.stderr).contains("cannot be written"), "{}", text(&output.stderr));
}

#[test]
fn what_a_baseline_expects_is_no_annotation() {
    let serve = Serve::start(&["--fault", "promotes-where-no-replica-is"]);
    let baseline = std::env::temp_dir().join(format!("mrkspec-{}-baseline.yaml", std::process::id()));
    let file = baseline.display().to_string();
    let gate = |more: &[&str]| {
        let mut check = command();
        check.args(["check", "--scenario", "promote/no-replica*", "--endpoint", &serve.1, "--baseline", &file]);
        check.env("AWS_ACCESS_KEY_ID", "AKIDMRKSPECADMIN").env("AWS_SECRET_ACCESS_KEY", "admin-secret");
        text(&check.args(more).env("GITHUB_ACTIONS", "true").output().expect("the program starts").stdout)
    };
    gate(&["--update-baseline"]);
    let shown = gate(&[]);
    assert!(shown.contains("KNOWN UPR-012") && !shown.contains("::error"), "{shown}");
    let more = std::fs::read_to_string(&baseline).expect("a baseline");
    std::fs::write(&baseline, more + "- { rule: UPR-005, verdict: fail, reason: \"F-052: no more\" }\n")
        .expect("a file");
    let shown = gate(&[]);
    assert!(shown.contains("::error title=better than the baseline::UPR-005"), "{shown}");
}

#[test]
fn a_cause_becomes_a_bug_report() {
    let serve = Serve::start(&["--fault", "promotes-where-no-replica-is"]);
    let json = std::env::temp_dir().join(format!("mrkspec-{}-bug.json", std::process::id()));
    let file = json.display().to_string();
    let mut check = command();
    check.args(["check", "--scenario", "promote/no-replica", "--endpoint", &serve.1, "--json", &file]);
    check.env("AWS_ACCESS_KEY_ID", "AKIDMRKSPECADMIN").env("AWS_SECRET_ACCESS_KEY", "admin-secret");
    assert_eq!(check.output().expect("the program starts").status.code(), Some(1));
    let report =
        |cause: &str| command().args(["report-bug", cause, "--report", &file]).output().expect("the program starts");
    let output = report("upr-012");
    let bug = text(&output.stdout);
    assert!(output.status.success() && bug.starts_with("# KMS: "), "{bug}{}", text(&output.stderr));
    for part in [
        "aws kms create-key --region us-east-1",
        "aws kms update-primary-region",
        "\n> ",
        "observed success",
        "`mrkspec check ",
    ] {
        assert!(bug.contains(part), "{part}: {bug}");
    }
    assert_eq!(text(&report("1").stdout), bug, "the first cause is the only one");
    let unknown = report("99");
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("has no cause `99`"), "{}", text(&unknown.stderr));
}

#[test]
fn shells_complete_and_every_subcommand_has_a_manual_page() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = command().args(["completions", shell]).output().expect("the program starts");
        let script = text(&output.stdout);
        assert!(output.status.success() && script.contains("any-credentials"), "{shell}: {script:.300}");
    }
    let page = text(&command().arg("man").output().expect("the program starts").stdout);
    assert!(page.contains(".TH mrkspec 1") && page.contains("Exit codes:"), "{page}");
    let directory = std::env::temp_dir().join(format!("mrkspec-{}-man", std::process::id()));
    let output = command().args(["man", "--to"]).arg(&directory).output().expect("the program starts");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let help = text(&command().arg("--help").output().expect("the program starts").stdout);
    let commands = help.lines().skip_while(|l| *l != "Commands:").skip(1).take_while(|l| l.starts_with("  "));
    for name in commands.filter_map(|l| l.split_whitespace().next()).filter(|n| *n != "help") {
        let page = std::fs::read_to_string(directory.join(format!("mrkspec-{name}.1")));
        assert!(page.is_ok_and(|p| p.contains("SYNOPSIS")), "no page for {name}");
    }
}

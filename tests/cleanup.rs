//! Nothing left behind: what a killed run noted is found and scheduled, and what cannot be settled is not forgotten.

#![cfg(feature = "cli")]

mod support;

use axum::http::StatusCode;
use axum::response::IntoResponse;
use mrkspec::Target;
use mrkspec::internals::{Client, embedded};
use mrkspec::model::call::Auth;
use mrkspec_reference::{Server, Settings, faults};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use support::{AFTER, Twist, twisted};

/// An endpoint, and the ledgers of the runs against it.
struct Bench {
    _server: Server,
    client: Client,
    state: PathBuf,
}

impl Bench {
    async fn new(name: &str, settings: Settings) -> Bench {
        let (server, target) = embedded(settings).await.expect("a loopback port");
        Bench::of(name, server, target)
    }

    fn of(name: &str, server: Server, target: Target) -> Bench {
        let state = std::env::temp_dir().join(format!("mrkspec-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&state);
        std::fs::create_dir_all(state.join("mrkspec")).expect("a directory");
        Bench { _server: server, client: Client::new(target).expect("a client"), state }
    }

    async fn ask(&self, region: &str, operation: &str, request: Value) -> Value {
        let answer = self.client.send(region, operation, request.to_string(), Auth::Valid).await.expect("an answer");
        assert_eq!(answer.status, 200, "{operation}: {}", answer.snippet());
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    async fn create(&self, request: Value) -> String {
        self.ask("us-east-1", "CreateKey", request).await["KeyMetadata"]["KeyId"].as_str().expect("an id").to_string()
    }

    async fn replicate(&self, key: &str, to: &str) {
        self.ask("us-east-1", "ReplicateKey", json!({ "KeyId": key, "ReplicaRegion": to })).await;
    }

    /// The state of every key of these Regions.
    async fn states(&self, regions: &[&str]) -> Vec<String> {
        let mut states = Vec::new();
        for region in regions {
            for key in self.ask(region, "ListKeys", json!({})).await["Keys"].as_array().expect("a list") {
                let meta = self.ask(region, "DescribeKey", json!({ "KeyId": key["KeyId"] })).await;
                states.push(meta["KeyMetadata"]["KeyState"].as_str().expect("a state").to_string());
            }
        }
        states
    }

    /// The ledger of a run that was killed after these lines.
    fn ledger(&self, lines: &[Value]) {
        let run = json!({ "event": "run", "endpoint": self.client.target().endpoint, "run": "r" });
        let text: String = std::iter::once(&run).chain(lines).map(|l| l.to_string() + "\n").collect();
        std::fs::write(self.state.join("mrkspec/r.jsonl"), text).expect("a ledger");
    }

    fn ledgers(&self) -> usize {
        std::fs::read_dir(self.state.join("mrkspec")).map_or(0, Iterator::count)
    }

    fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mrkspec"));
        command.args(arguments).args(["--endpoint", &self.client.target().endpoint, "--settle-timeout", "3s"]);
        command.env("AWS_ACCESS_KEY_ID", "AKIDMRKSPECADMIN").env("AWS_SECRET_ACCESS_KEY", "admin-secret");
        command.env("XDG_STATE_HOME", &self.state);
        command
    }

    /// Runs the program; its exit code and what it says.
    async fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let mut command = self.program(arguments);
        let done = tokio::task::spawn_blocking(move || command.output()).await.expect("a thread");
        let Output { status, stdout, stderr } = done.expect("the program starts");
        (status.code(), String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr))
    }

    async fn cleanup(&self) -> (Option<i32>, String) {
        self.run(&["cleanup"]).await
    }

    /// Runs a scenario file with these steps.
    async fn replay(&self, steps: &[&str]) -> (Option<i32>, String) {
        let steps: String = steps.iter().map(|s| format!("  - {s}\n")).collect();
        let path = self.state.join("scenario.yaml");
        std::fs::write(&path, format!("title: t\nrules: [KEY-001]\nsteps:\n{steps}")).expect("a file");
        self.run(&["replay", &path.display().to_string()]).await
    }
}

fn asked() -> Value {
    json!({ "event": "asked", "region": "us-east-1", "token": "r-1" })
}

fn made(region: &str, key: &str) -> Value {
    json!({ "event": "made", "region": region, "key_id": key, "token": "r-1", "sure": true })
}

fn replicating(region: &str, key: &str) -> Value {
    json!({ "event": "replicating", "region": region, "key_id": key, "token": "r-1" })
}

fn tagged() -> Value {
    json!({ "MultiRegion": true, "Tags": [{ "TagKey": "mrkspec:run", "TagValue": "r-1" }] })
}

const PENDING: &str = "PendingDeletion";

#[tokio::test(flavor = "multi_thread")]
async fn a_create_key_whose_answer_was_lost_and_that_was_repeated_leaves_no_second_key() {
    static ONCE: AtomicBool = AtomicBool::new(true);
    let twist: Twist = |op, _| {
        let lose = op == "CreateKey" && ONCE.swap(false, Relaxed);
        let body = "{\"__type\":\"KMSInternalException\"}";
        lose.then(|| (StatusCode::INTERNAL_SERVER_ERROR, [(AFTER, "1")], body).into_response())
    };
    let (server, target) = twisted(twist).await;
    let bench = Bench::of("repeated", server, target);
    let (code, shown) =
        bench.replay(&["CreateKey in us-east-1: { as: k }", "DescribeKey in us-east-1: { KeyId: k }"]).await;
    assert_eq!(code, Some(0), "{shown}");
    // The third is the key by which it would show that the endpoint was started anew.
    assert_eq!(bench.states(&["us-east-1"]).await, [PENDING; 3], "the run cleaned up what it did not know of");
    assert_eq!(bench.ledgers(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_a_killed_run_is_found_by_its_tag_also_when_another_is_known() {
    let bench = Bench::new("tagged", Settings::default()).await;
    let (lost, known) = (bench.create(tagged()).await, bench.create(tagged()).await);
    let other = bench.create(json!({})).await;
    let unsure = json!({ "event": "made", "region": "us-east-1", "key_id": known, "token": "r-1", "sure": false });
    bench.ledger(&[asked(), unsure]);
    let (code, shown) = bench.cleanup().await;
    assert_eq!(code, Some(0), "{shown}");
    for (key, state) in [(&lost, PENDING), (&known, PENDING), (&other, "Enabled")] {
        let meta = bench.ask("us-east-1", "DescribeKey", json!({ "KeyId": key })).await;
        assert_eq!(meta["KeyMetadata"]["KeyState"], state);
    }
    assert_eq!(bench.ledgers(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_whose_replicate_key_was_in_flight_goes_first() {
    let bench = Bench::new("in-flight", Settings { creating: Duration::from_millis(800), ..Settings::default() }).await;
    let key = bench.create(tagged()).await;
    // Of the second one only the family itself tells.
    bench.replicate(&key, "eu-west-1").await;
    bench.replicate(&key, "ap-southeast-2").await;
    bench.ledger(&[asked(), made("us-east-1", &key), replicating("eu-west-1", &key)]);
    let (code, shown) = bench.cleanup().await;
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("deletion of 3 keys scheduled"), "{shown}");
    assert_eq!(bench.states(&["eu-west-1", "ap-southeast-2"]).await, [PENDING, PENDING]);
    assert_eq!(bench.states(&["us-east-1"]).await, ["PendingReplicaDeletion"]);
    assert_eq!(bench.ledgers(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_is_found_where_the_primary_is_gone_from_the_ledger() {
    let bench = Bench::new("alone", Settings::default()).await;
    let key = bench.create(tagged()).await;
    bench.replicate(&key, "eu-west-1").await;
    let scheduled = json!({ "event": "scheduled", "region": "us-east-1", "key_id": key });
    bench.ask("us-east-1", "ScheduleKeyDeletion", json!({ "KeyId": key })).await;
    bench.ledger(&[asked(), made("us-east-1", &key), replicating("eu-west-1", &key), scheduled]);
    let (code, shown) = bench.cleanup().await;
    assert_eq!((code, bench.states(&["eu-west-1"]).await), (Some(0), vec![PENDING.to_string()]), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn members_that_are_updating_are_waited_for() {
    let bench = Bench::new("updating", Settings { updating: Duration::from_secs(2), ..Settings::default() }).await;
    let key = bench.create(tagged()).await;
    bench.replicate(&key, "eu-west-1").await;
    bench.ledger(&[asked(), made("us-east-1", &key), replicating("eu-west-1", &key), made("eu-west-1", &key)]);
    bench.ask("us-east-1", "UpdatePrimaryRegion", json!({ "KeyId": key, "PrimaryRegion": "eu-west-1" })).await;
    assert_eq!(bench.states(&["us-east-1"]).await, ["Updating"]);
    let (code, shown) = bench.cleanup().await;
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(bench.states(&["us-east-1", "eu-west-1"]).await, [PENDING, "PendingReplicaDeletion"], "replicas first");
    assert_eq!(bench.ledgers(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_stays_updating_stays_in_the_ledger() {
    let bench = Bench::new("stuck", Settings { updating: Duration::from_secs(600), ..Settings::default() }).await;
    let key = bench.create(tagged()).await;
    bench.replicate(&key, "eu-west-1").await;
    bench.ask("us-east-1", "UpdatePrimaryRegion", json!({ "KeyId": key, "PrimaryRegion": "eu-west-1" })).await;
    bench.ledger(&[asked(), made("us-east-1", &key)]);
    let (code, shown) = bench.cleanup().await;
    assert_eq!((code, bench.ledgers()), (Some(3), 1), "{shown}");
    for region in ["us-east-1", "eu-west-1"] {
        assert!(shown.contains(&format!("left: {key} in {region}, Updating: ")), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_tags_cannot_be_read_the_ledger_is_kept_and_the_key_is_listed() {
    static REFUSE: AtomicBool = AtomicBool::new(true);
    let twist: Twist = |op, _| {
        let refuse = op == "ListResourceTags" && REFUSE.load(Relaxed);
        refuse.then(|| (StatusCode::BAD_REQUEST, "{\"__type\":\"AccessDeniedException\"}").into_response())
    };
    let (server, target) = twisted(twist).await;
    let bench = Bench::of("tags-refused", server, target);
    let key = bench.create(tagged()).await;
    bench.ledger(&[asked()]);
    let (code, shown) = bench.cleanup().await;
    assert_eq!((code, bench.ledgers()), (Some(3), 1), "{shown}");
    let listed =
        format!("left: {key} in us-east-1, Enabled: whether it is of this run cannot be told: ListResourceTags gave");
    assert!(shown.contains(&listed) && shown.contains("AccessDeniedException"), "{shown}");
    assert_eq!(bench.states(&["us-east-1"]).await, ["Enabled"]);
    REFUSE.store(false, Relaxed);
    let (code, shown) = bench.cleanup().await;
    assert_eq!((code, bench.ledgers()), (Some(0), 0), "{shown}");
    assert_eq!(bench.states(&["us-east-1"]).await, [PENDING]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_waits_for_its_material_is_not_taken_for_gone() {
    static LATER: AtomicBool = AtomicBool::new(true);
    // What it says has the word in it, and nothing is pending but the import.
    let twist: Twist = |op, _| {
        let refuse = op == "ScheduleKeyDeletion" && LATER.swap(false, Relaxed);
        let body = "{\"__type\":\"KMSInvalidStateException\",\"message\":\"arn is pending import.\"}";
        refuse.then(|| (StatusCode::BAD_REQUEST, body).into_response())
    };
    let (server, target) = twisted(twist).await;
    let bench = Bench::of("import", server, target);
    let key = bench.create(json!({ "Origin": "EXTERNAL" })).await;
    assert_eq!(bench.states(&["us-east-1"]).await, ["PendingImport"]);
    bench.ledger(&[asked(), made("us-east-1", &key)]);
    let (code, shown) = bench.cleanup().await;
    assert_eq!((code, bench.ledgers()), (Some(0), 0), "{shown}");
    assert_eq!(bench.states(&["us-east-1"]).await, [PENDING]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_key_and_no_region_can_be_called_is_not_waited_for() {
    let bench = Bench::new("names", Settings::default()).await;
    let key = bench.create(json!({ "MultiRegion": true })).await;
    // What fuzzing asks for, killed before an answer came.
    let asked_for = [("é€😀", key.as_str()), ("us", key.as_str()), ("us-east-2", "mrk-é€😀")];
    let mut lines = vec![asked(), made("us-east-1", &key)];
    lines.extend(asked_for.map(|(region, key)| replicating(region, key)));
    bench.ledger(&lines);
    let (code, shown) = bench.cleanup().await;
    assert_eq!((code, bench.ledgers()), (Some(0), 0), "{shown}");
    assert_eq!(bench.states(&["us-east-1"]).await, [PENDING]);
}

#[tokio::test(flavor = "multi_thread")]
async fn members_that_nobody_expected_are_cleaned_up_by_the_run() {
    let fault = faults::find("any-member-replicates");
    let bench = Bench::new("surprise", Settings { fault, ..Settings::default() }).await;
    let (code, shown) = bench
        .replay(&[
            "CreateKey in us-east-1: { as: k, MultiRegion: true }",
            "ReplicateKey in us-east-1: { KeyId: k, ReplicaRegion: eu-west-1 }",
            "ReplicateKey in eu-west-1: { KeyId: k, ReplicaRegion: ap-southeast-2 }",
        ])
        .await;
    assert_eq!((code, bench.ledgers()), (Some(1), 0), "{shown}");
    let states = bench.states(&["us-east-1", "eu-west-1", "ap-southeast-2"]).await;
    // The fourth is the key by which it would show that the endpoint was started anew.
    assert!(states.len() == 4 && states.iter().all(|s| s.starts_with("Pending")), "{states:?}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_left_alone_while_it_lasts_and_cleans_up_when_it_is_interrupted() {
    let settings =
        Settings { creating: Duration::from_millis(300), updating: Duration::from_millis(300), ..Settings::default() };
    let bench = Bench::new("interrupted", settings).await;
    let mut run = bench.program(&["fuzz", "--max-calls", "1000000"]).spawn().expect("the program starts");
    let regions = ["us-east-1", "eu-west-1", "ap-southeast-2", "us-west-2"];
    while bench.states(&regions).await.len() < 20 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (code, shown) = bench.cleanup().await;
    assert!(code == Some(0) && shown.contains("1 runs are still under way"), "{shown}");
    assert_eq!(bench.ledgers(), 1);
    let sent = Command::new("kill").args(["-INT", &run.id().to_string()]).status().expect("kill is there");
    assert!(sent.success());
    let ended = tokio::task::spawn_blocking(move || run.wait()).await.expect("a thread").expect("it ends");
    assert_eq!((ended.code(), bench.ledgers()), (Some(130), 0));
    let states = bench.states(&regions).await;
    let left = states.iter().filter(|s| *s != PENDING && *s != "PendingReplicaDeletion").count();
    assert_eq!(left, 0, "{states:?}");
}

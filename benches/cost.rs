//! What one call costs: in process and over HTTP, in short sequences and in long ones, and beside `wrk`
//! sending one pre-signed request over one connection. `cargo bench --bench cost`.
//!
//! The figures to look at are ratios: long against short, ours against `wrk` in the same run. Everything is
//! measured in turns, and of each the best turn counts: the rest is what else the machine had to do.

use mrkspec::internals::sequence::{Action, Sequence, Step};
use mrkspec::internals::{Client, Options, check_sequences, lockstep};
use mrkspec::{Credentials, Target};
use mrkspec_model::call::{Arg, Auth, Call, Operation};
use mrkspec_reference::Credential;
use serde_json::json;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

const REGION: &str = "us-east-1";
const LENGTHS: [usize; 2] = [500, 20_000];
/// Calls of a turn: as many of every length, and so many that clock ticks of 10 ms do not count.
const CALLS: usize = 20_000;
const TURNS: usize = 4;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Alternating DescribeKey and Encrypt on one key.
fn sequence(calls: usize) -> Sequence {
    let mut create = Call::new(Operation::CreateKey, REGION).with("MultiRegion", Arg::Json(json!(true)));
    create.name = "k".into();
    let mut all = vec![create];
    for n in 0..calls {
        let op = if n % 2 == 0 { Operation::DescribeKey } else { Operation::Encrypt };
        let mut call = Call::new(op, REGION).key(&"k".into());
        if op == Operation::Encrypt {
            call = call.with("Plaintext", Arg::Bytes(b"mrkspec".to_vec()));
        }
        call.name = format!("c{n}").into();
        all.push(call);
    }
    let step = |call: Call| Step {
        text: String::new(),
        action: Action::Call { call: Box::new(call), settle: false, expect: None },
    };
    Sequence { id: "cost".into(), title: "cost".into(), rules: Vec::new(), steps: all.into_iter().map(step).collect() }
}

/// User and system time of a process so far, in seconds (Linux: clock ticks of 10 ms).
fn cpu(pid: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or("").split(' ').collect();
    let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<f64>().ok()).unwrap_or(f64::NAN);
    (ticks(11) + ticks(12)) / 100.0
}

/// The reference endpoint in a process of its own.
struct Endpoint {
    child: Child,
    url: String,
}

impl Endpoint {
    fn start() -> Endpoint {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mrkspec"))
            .args(["serve", "--port", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program of this package");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let url = lines.by_ref().map_while(Result::ok).find_map(|l| {
            let start = l.find("http://")?;
            Some(l[start..].split_whitespace().next()?.trim_end_matches(['.', ',']).to_string())
        });
        std::thread::spawn(move || lines.for_each(drop));
        Endpoint { child, url: url.expect("serve prints its URL") }
    }

    fn target(&self) -> Target {
        let [admin, ..] = Credential::defaults();
        let known = Credentials::new(&admin.access_key, &admin.secret);
        Target::with_credentials("cost", &self.url, false, known).expect("a URL")
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a call cost in the best turn.
#[derive(Clone, Copy)]
struct Best {
    wall: f64,
    cpu: f64,
    theirs: f64,
}

impl Best {
    const NONE: Best = Best { wall: f64::INFINITY, cpu: f64::INFINITY, theirs: f64::INFINITY };

    fn take(&mut self, turn: Best) {
        self.wall = self.wall.min(turn.wall);
        self.cpu = self.cpu.min(turn.cpu);
        self.theirs = self.theirs.min(turn.theirs);
    }
}

/// Seconds a call of this much work; `other` is a process that works for it.
fn measured(other: Option<&str>, work: impl FnOnce()) -> Best {
    let theirs = || other.map_or(0.0, cpu);
    let (started, ours_before, theirs_before) = (Instant::now(), cpu("self"), theirs());
    work();
    let wall = started.elapsed().as_secs_f64() / CALLS as f64;
    let each = |after: f64, before: f64| (after - before) / CALLS as f64;
    Best { wall, cpu: each(cpu("self"), ours_before), theirs: each(theirs(), theirs_before) }
}

fn in_process() {
    println!("in process, one key (model, oracle and endpoint together):");
    let mut best = [Best::NONE; LENGTHS.len()];
    for _ in 0..TURNS {
        for (best, length) in best.iter_mut().zip(LENGTHS) {
            let sequence = sequence(length);
            best.take(measured(None, || {
                for _ in 0..CALLS / length {
                    lockstep(&sequence).expect("model and endpoint agree");
                }
            }));
        }
    }
    for (one, length) in best.iter().zip(LENGTHS) {
        let (micros, rate, ratio) = (one.cpu * 1e6, 1.0 / one.wall, one.cpu / best[0].cpu);
        println!("  {length:>6} calls: {micros:>5.1} µs CPU a call, {rate:>6.0} calls/s, {ratio:.2} of the shortest");
    }
}

fn over_http(endpoint: &Endpoint) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut target = endpoint.target();
    target.keeps_keys = false;
    let (describe, both) = scripts(endpoint, &runtime);
    let pid = endpoint.child.id().to_string();
    let options = Options { jobs: 1, ..Options::default() };
    let mut best = [Best::NONE; LENGTHS.len()];
    let (mut by_wrk, mut by_wrk_both) = (Some(0.0), Some(0.0));
    for _ in 0..TURNS {
        for (best, length) in best.iter_mut().zip(LENGTHS) {
            let sequences = vec![sequence(length); CALLS / length];
            best.take(measured(Some(&pid), || {
                let report = runtime.block_on(check_sequences(&target, &options, &sequences));
                let report = report.expect("the endpoint answers");
                assert!(report.violations.is_empty(), "{:?}", report.violations);
                assert!(report.latitude.judged >= CALLS);
            }));
        }
        by_wrk = by_wrk.zip(wrk(endpoint, &describe)).map(|(a, b): (f64, f64)| a.max(b));
        by_wrk_both = by_wrk_both.zip(wrk(endpoint, &both)).map(|(a, b): (f64, f64)| a.max(b));
    }
    println!("over HTTP, one connection:");
    for (one, length) in best.iter().zip(LENGTHS) {
        println!(
            "  {length:>6} calls: {:>5.0} requests/s; CPU a call: ours {:>4.0} µs ({:.2} of the shortest), the endpoint's {:>4.0} µs",
            1.0 / one.wall,
            one.cpu * 1e6,
            one.cpu / best[0].cpu,
            one.theirs * 1e6
        );
    }
    let (Some(by_wrk), Some(by_wrk_both)) = (by_wrk, by_wrk_both) else {
        println!("wrk is not installed: nothing to compare with");
        return;
    };
    let ours = 1.0 / best.iter().map(|b| b.wall).fold(f64::INFINITY, f64::min);
    let share = |rate: f64| 100.0 * ours / rate;
    println!("  wrk -t1 -c1, DescribeKey: {by_wrk:.0} requests/s; ours are {:.0} % of that", share(by_wrk));
    println!(
        "  wrk -t1 -c1, DescribeKey and Encrypt: {by_wrk_both:.0} requests/s; ours are {:.0} %",
        share(by_wrk_both)
    );
    for path in [describe, both] {
        let _ = std::fs::remove_file(path);
    }
}

/// Scripts for `wrk`, with requests that are signed here once: DescribeKey alone, and in turn with Encrypt.
fn scripts(endpoint: &Endpoint, runtime: &tokio::runtime::Runtime) -> (PathBuf, PathBuf) {
    let client = Client::new(endpoint.target()).expect("a client");
    let create = client.send(REGION, "CreateKey", json!({ "MultiRegion": true }).to_string(), Auth::Valid);
    let made = runtime.block_on(create).expect("an answer");
    let made: serde_json::Value = serde_json::from_slice(&made.body).expect("JSON");
    let id = &made["KeyMetadata"]["KeyId"];
    let request = |operation: &str, body: serde_json::Value| {
        let body = body.to_string();
        let headers = client.signed_headers(REGION, operation, &body).expect("credentials");
        let pairs: Vec<String> = headers.iter().map(|(name, value)| format!("['{name}'] = '{value}'")).collect();
        format!("wrk.format('POST', '/', {{ {} }}, '{body}')", pairs.join(", "))
    };
    let describe = request("DescribeKey", json!({ "KeyId": id }));
    let encrypt = request("Encrypt", json!({ "KeyId": id, "Plaintext": "bXJrc3BlYw==" }));
    let script = |name: &str, second: &str| {
        let text = format!(
            "local first, second, n = nil, nil, 0\n\
             function init() first = {describe}; second = {second} end\n\
             function request() n = n + 1; if n % 2 == 0 then return first end; return second end\n"
        );
        let path = std::env::temp_dir().join(format!("mrkspec-cost-{}-{name}.lua", std::process::id()));
        std::fs::write(&path, text).expect("a temporary file");
        path
    };
    (script("describe", &describe), script("both", &encrypt))
}

/// Requests per second of `wrk` with one connection. `None` when it is not there.
fn wrk(endpoint: &Endpoint, script: &std::path::Path) -> Option<f64> {
    let mut command = Command::new("wrk");
    let out = command.args(["-t1", "-c1", "-d3s", "-s"]).arg(script).arg(format!("{}/", endpoint.url)).output();
    let text = String::from_utf8_lossy(&out.ok()?.stdout).into_owned();
    assert!(!text.contains("Non-2xx") && !text.contains("Socket errors"), "{text}");
    text.lines().find_map(|l| l.strip_prefix("Requests/sec:"))?.trim().parse().ok()
}

fn main() {
    in_process();
    over_http(&Endpoint::start());
}

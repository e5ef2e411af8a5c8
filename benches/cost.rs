//! What one call costs: in process and over HTTP, in short sequences and in long ones, and beside `wrk`
//! sending one pre-signed request over one connection. `cargo bench --bench cost`.
//!
//! The figures to look at are ratios: long against short, ours against `wrk` in the same run.

use mrkspec::sequence::{Action, Sequence, Step};
use mrkspec::transport::Client;
use mrkspec::{Options, Target, check_sequences, lockstep};
use mrkspec_model::call::{Arg, Call, Operation};
use serde_json::json;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

const REGION: &str = "us-east-1";
const LENGTHS: [usize; 4] = [500, 2000, 8000, 20_000];

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
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn in_process() {
    println!("in process, one key (model, oracle and endpoint together):");
    let mut first = None;
    for calls in LENGTHS {
        let sequence = sequence(calls);
        // The shortest of five: the rest is noise of the machine.
        let each = (0..5).map(|_| {
            let started = Instant::now();
            lockstep(&sequence).expect("model and endpoint agree");
            started.elapsed().as_secs_f64() / calls as f64
        });
        let least = each.fold(f64::INFINITY, f64::min);
        let ratio = least / *first.get_or_insert(least);
        println!(
            "  {calls:>6} calls: {:>6.1} µs a call, {:>7.0} calls/s, {ratio:.2} of the first",
            least * 1e6,
            1.0 / least
        );
    }
}

async fn over_http(endpoint: &Endpoint) -> f64 {
    println!("over HTTP, one connection, {}:", endpoint.url);
    let mut target = Target::at("cost", &endpoint.url, false, None).await.expect("a URL");
    target.keeps_keys = false;
    let (mut first, mut last) = (None, 0.0);
    for calls in LENGTHS {
        let (started, before) = (Instant::now(), cpu("self"));
        let theirs = cpu(&endpoint.child.id().to_string());
        let options = Options { jobs: 1, ..Options::default() };
        let report = check_sequences(&target, &options, &[sequence(calls)]).await.expect("the endpoint answers");
        assert!(report.violations.is_empty(), "{:?}", report.violations);
        let (wall, ours) = (started.elapsed().as_secs_f64(), (cpu("self") - before) / calls as f64);
        let theirs = (cpu(&endpoint.child.id().to_string()) - theirs) / calls as f64;
        let ratio = ours / *first.get_or_insert(ours);
        last = calls as f64 / wall;
        println!(
            "  {calls:>6} calls: {last:>6.0} requests/s; CPU a call: ours {:>5.0} µs ({ratio:.2} of the first), the endpoint's {:>5.0} µs",
            ours * 1e6,
            theirs * 1e6
        );
    }
    last
}

/// Requests per second of `wrk` with one connection, sending what was signed once.
async fn by_wrk(endpoint: &Endpoint) -> Option<f64> {
    let target = Target::at("cost", &endpoint.url, false, None).await.expect("a URL");
    let client = Client::new(target).expect("a client");
    let made = client
        .send(REGION, "CreateKey", json!({ "MultiRegion": true }).to_string(), mrkspec_model::Auth::Valid)
        .await
        .expect("an answer");
    let made: serde_json::Value = serde_json::from_slice(&made.body).expect("JSON");
    let body = json!({ "KeyId": made["KeyMetadata"]["KeyId"] }).to_string();
    let headers = client.signed_headers(REGION, "DescribeKey", &body).expect("credentials");
    let mut script = format!("wrk.method = 'POST'\nwrk.body = '{body}'\n");
    for (name, value) in headers {
        script += &format!("wrk.headers['{name}'] = '{value}'\n");
    }
    let path = std::env::temp_dir().join(format!("mrkspec-cost-{}.lua", std::process::id()));
    std::fs::write(&path, script).expect("a temporary file");
    let out =
        Command::new("wrk").args(["-t1", "-c1", "-d4s", "-s"]).arg(&path).arg(format!("{}/", endpoint.url)).output();
    let _ = std::fs::remove_file(&path);
    let text = String::from_utf8_lossy(&out.ok()?.stdout).into_owned();
    assert!(!text.contains("Non-2xx"), "{text}");
    let rate = text.lines().find_map(|l| l.strip_prefix("Requests/sec:"))?;
    rate.trim().parse().ok()
}

fn main() {
    in_process();
    let endpoint = Endpoint::start();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let ours = runtime.block_on(over_http(&endpoint));
    match runtime.block_on(by_wrk(&endpoint)) {
        Some(theirs) => println!("wrk -t1 -c1: {theirs:.0} requests/s; ours {ours:.0}: {:.0} %", 100.0 * ours / theirs),
        None => println!("wrk is not installed: nothing to compare with"),
    }
}

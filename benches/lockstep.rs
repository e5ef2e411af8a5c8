//! Calls per second of model and reference endpoint in lockstep, on one core; and how much of that
//! is the making of histories. `cargo bench --bench lockstep [-- CORPUS]`.

use mrkspec::internals::generate::{Random, from_bytes};
use mrkspec::internals::lockstep;
use std::collections::BTreeSet;
use std::time::Instant;

/// The inputs of a corpus directory, or random ones.
fn inputs() -> Vec<Vec<u8>> {
    let directory = std::env::args().skip(1).find(|a| !a.starts_with('-'));
    match directory {
        Some(path) => {
            std::fs::read_dir(path).expect("a corpus").flatten().filter_map(|f| std::fs::read(f.path()).ok()).collect()
        }
        None => (0..3000).map(|n| Random::new(1, n).history()).collect(),
    }
}

fn main() {
    let inputs = inputs();
    let started = Instant::now();
    let histories: Vec<_> = inputs.iter().map(|bytes| from_bytes("bench".into(), bytes)).collect();
    let made: usize = histories.iter().map(|h| h.steps.len()).sum();
    let seconds = started.elapsed().as_secs_f64();
    println!("from bytes to histories: {made} calls in {seconds:.2} s, {:.0} calls/s", made as f64 / seconds);
    let started = Instant::now();
    let mut calls = 0;
    let mut situations = BTreeSet::new();
    for history in &histories {
        let walked = lockstep(history).unwrap_or_else(|d| panic!("{}: {d:#?}", history.id));
        calls += walked.calls;
        situations.extend(walked.situations);
    }
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "lockstep: {calls} calls in {seconds:.2} s, {:.0} calls/s, {} situations reached",
        calls as f64 / seconds,
        situations.len()
    );
}

//! Calls per second of model and reference endpoint in lockstep, on one core; and how much of that
//! is the model's. `cargo bench --bench lockstep`.

use mrkspec::generate::{Random, from_bytes};
use mrkspec::lockstep;
use std::collections::BTreeSet;
use std::time::Instant;

fn main() {
    let histories: Vec<_> = (0..3000).map(|n| from_bytes(format!("bench-{n}"), &Random::new(1, n).history())).collect();
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
    let started = Instant::now();
    let made: usize = (0..3000).map(|n| from_bytes("again".into(), &Random::new(1, n).history()).steps.len()).sum();
    let seconds = started.elapsed().as_secs_f64();
    println!("generation alone: {made} calls in {seconds:.2} s, {:.0} calls/s", made as f64 / seconds);
}

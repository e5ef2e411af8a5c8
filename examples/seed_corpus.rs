//! Writes the seed corpora of the fuzz targets `lockstep` and `key_policy`: of many random histories
//! those few that reach the most situations of the model, and the policies of generated sequences.
//!
//!     cargo run --release --example seed_corpus

use mrkspec::internals::generate::{Random, from_bytes, policies};
use mrkspec::internals::lockstep;
use std::collections::BTreeSet;
use std::path::Path;

const HISTORIES: u64 = 1500;
const SEEDS: usize = 24;

fn main() -> std::io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let mut candidates = Vec::new();
    for n in 0..HISTORIES {
        let bytes = Random::new(1, n).history();
        if let Ok(walked) = lockstep(&from_bytes("seed".into(), &bytes)) {
            candidates.push((bytes, walked.situations));
        }
    }
    let mut reached = BTreeSet::new();
    let directory = root.join("lockstep");
    std::fs::create_dir_all(&directory)?;
    for i in 0..SEEDS {
        let best = candidates.iter().max_by_key(|(_, s)| s.difference(&reached).count());
        let Some((bytes, situations)) = best else { break };
        std::fs::write(directory.join(format!("seed-{i:02}")), bytes)?;
        reached.extend(situations.iter().copied());
    }
    let directory = root.join("key_policy");
    std::fs::create_dir_all(&directory)?;
    for (i, policy) in policies().iter().enumerate() {
        std::fs::write(directory.join(format!("policy-{i:02}")), policy)?;
    }
    println!("{SEEDS} histories that reach {} situations, {} policies", reached.len(), policies().len());
    Ok(())
}

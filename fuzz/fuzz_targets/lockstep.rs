//! Bytes to a history, carried out by model and reference endpoint in one process: an answer that the
//! model does not allow is a crash. libFuzzer sees which situations of the model are reached, not
//! only which code.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mrkspec::internals::generate::without_text;
use mrkspec::internals::lockstep;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A history makes many small things: the allocator counts.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SLOTS: usize = 1 << 14;

/// libFuzzer looks at what is in this section as it looks at its own counters.
#[unsafe(link_section = "__libfuzzer_extra_counters")]
static mut REACHED: [u8; SLOTS] = [0; SLOTS];

fuzz_target!(|data: &[u8]| {
    let history = without_text("fuzzed".into(), data);
    let walked = lockstep(&history).unwrap_or_else(|d| panic!("{d:#?}\n{}", told(&history)));
    for situation in &walked.situations {
        let mut hasher = DefaultHasher::new();
        situation.hash(&mut hasher);
        let slot = hasher.finish() as usize % SLOTS;
        // One thread runs the target, and libFuzzer reads between two inputs.
        unsafe { (*(&raw mut REACHED))[slot] = 1 };
    }
});

/// The history as a scenario file.
fn told(history: &mrkspec::internals::sequence::Sequence) -> String {
    mrkspec::internals::generate::scenario_file(history, "found by the fuzzer", mrkspec_model::rules::UPR_001, &[])
}

//! Any text as a scenario file and as a baseline: a sequence or a sentence, never a panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mrkspec::internals::sequence;
use mrkspec::verdict::Baseline;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match sequence::parse("fuzz", text) {
        Ok(sequence) => assert!(!sequence.steps.is_empty() && !sequence.rules.is_empty()),
        Err(bad) => assert!(!bad.problem.to_string().is_empty()),
    }
    let _ = Baseline::parse(text);
});

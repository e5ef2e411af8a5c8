//! Sequences as a proptest strategy: for property tests, and the source of random histories.

use super::random::{BYTES, from_bytes};
use crate::sequence::Sequence;
use proptest::collection::vec;
use proptest::prelude::{Rng, any};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// The bytes of a sequence, and the sequence. Shrinking shortens the bytes.
pub fn histories() -> impl Strategy<Value = (Vec<u8>, Sequence)> {
    vec(any::<u8>(), 0..BYTES).prop_map(|bytes| {
        let sequence = from_bytes("generated".into(), &bytes);
        (bytes, sequence)
    })
}

/// Random numbers that are the same for the same seed and number everywhere.
pub struct Random(TestRng);

impl Random {
    /// A stream of its own for each number below a seed.
    pub fn new(seed: u64, number: u64) -> Random {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&number.to_le_bytes());
        Random(TestRng::from_seed(RngAlgorithm::ChaCha, &key))
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.0.next_u64() % n.max(1) as u64) as usize
    }

    /// This many bytes.
    pub fn bytes(&mut self, n: usize) -> Vec<u8> {
        let mut bytes = vec![0; n];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// The bytes of a fresh history.
    ///
    /// # Panics
    /// Never: the strategy rejects nothing.
    pub fn history(self) -> Vec<u8> {
        let mut runner = TestRunner::new_with_rng(Config::default(), self.0);
        let tree = histories().new_tree(&mut runner).expect("the strategy rejects nothing");
        tree.current().0
    }
}

/// Other bytes that are a little like these: changed, cut, repeated, or spliced with others.
pub fn mutate(bytes: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for _ in 0..1 + random.below(4) {
        let at = random.below(out.len().max(1));
        match random.below(5) {
            0 if !out.is_empty() => out[at] = random.below(256) as u8,
            1 if out.len() > 8 => {
                let end = (at + 1 + random.below(8)).min(out.len());
                out.drain(at..end);
            }
            2 => {
                let more = random.bytes(4);
                out.splice(at..at, more);
            }
            3 if !other.is_empty() => {
                let from = random.below(other.len());
                out.truncate(at);
                out.extend_from_slice(&other[from..]);
            }
            _ => out.extend(random.bytes(12)),
        }
    }
    out.truncate(BYTES);
    out
}

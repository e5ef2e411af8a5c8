//! Sequences that nobody wrote down: from bytes, whoever they come from (a seed, a mutation, a
//! fuzzer), and back to something a person can read.

mod calls;
mod shrink;
mod write;

pub use calls::{Generator, from_bytes};
pub use shrink::{Shrunk, shrink};
pub use write::{aws_cli, scenario_file};

/// Pseudo-random bytes from a seed (SplitMix64): the same seed gives the same bytes everywhere.
pub struct Random(u64);

impl Random {
    /// A stream of its own for each number below a seed.
    pub fn new(seed: u64, number: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number.wrapping_mul(0xd1b5_4a32_d192_ed03))
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() % n.max(1) as u64) as usize
    }

    /// This many bytes.
    pub fn bytes(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| (self.bits() >> 32) as u8).collect()
    }
}

/// Other bytes that are a little like these: changed, cut, repeated, or spliced with others.
pub fn mutate(bytes: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for _ in 0..1 + random.below(4) {
        let at = random.below(out.len().max(1));
        match random.below(5) {
            0 if !out.is_empty() => out[at] = random.bits() as u8,
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
    out.truncate(600);
    out
}

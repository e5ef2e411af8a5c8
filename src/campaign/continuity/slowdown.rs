//! Does a promotion slow cryptography down, or interrupt it (F-074)? Statistics over what was measured.
//!
//! What is compared is one promotion with the time after it, not one call with another: calls of the same moment are
//! not independent of each other. A promotion during which calls took longer than after it counts for "slower"; how
//! likely so many of them are by chance is an exact sign test. A difference that nobody would notice is none.

use serde::Serialize;
use statrs::distribution::{Binomial, DiscreteCDF, Hypergeometric};
use std::collections::BTreeMap;

/// By chance, less often than this: then it is told.
const SURE: f64 = 0.001;
/// A difference of less than this many microseconds is none, nor is less than a fifth of the usual time.
const LEAST_US: f64 = 5_000.0;
const LEAST_SHARE: f64 = 0.2;
/// Fewer promotions than this say nothing.
const FEWEST: u64 = 10;
/// Calls that must have been sent on each side of a comparison.
const FEWEST_CALLS: usize = 3;
/// Interruptions that are too few to speak of.
const FEWEST_INTERRUPTED: u64 = 5;

/// A call, as far as its time matters. All times are in microseconds since the load began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing {
    /// When it was due: with an open load that does not depend on how long others took.
    pub due: u64,
    /// From then until its answer had come.
    pub took: u32,
    /// Number of its family.
    pub family: u8,
    /// Operation and Region: calls of the same kind take about the same time.
    pub stratum: u16,
    /// Its answer was lost or failed internally at first.
    pub interrupted: bool,
    /// It was throttled at first: how long it took says nothing.
    pub throttled: bool,
}

/// A promotion, from its request until every member was settled, and the time after it until the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub family: u8,
    pub began: u64,
    pub ended: u64,
    /// Until then nothing was asked of the family but cryptography and reads.
    pub rested: u64,
}

/// What the statistics say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// The promotion makes a difference.
    Yes,
    /// It makes none that can be told from chance.
    No,
    /// Too little was measured.
    NotConcluded,
}

/// Whether calls take longer while a promotion is under way.
#[derive(Clone, Debug, Serialize)]
pub struct SlowDown {
    /// The name of the test.
    pub test: &'static str,
    /// What follows.
    pub shown: Shown,
    /// Promotions that were compared with the time after them.
    pub promotions: u64,
    /// Those during which calls took longer.
    pub slower: u64,
    /// How likely as many are if promotions make no difference.
    pub p_value: f64,
    /// The median of the differences of the mean times, in microseconds.
    pub median_us: i64,
    /// Less than this is not told, in microseconds.
    pub least_us: u64,
}

/// Whether calls are interrupted more often while a promotion is under way.
#[derive(Clone, Debug, Serialize)]
pub struct Interruptions {
    /// The name of the test.
    pub test: &'static str,
    /// What follows.
    pub shown: Shown,
    /// Calls during promotions, and those of them that were interrupted.
    pub inside: u64,
    /// Those of them that had to be repeated.
    pub interrupted_inside: u64,
    /// Calls at other times.
    pub outside: u64,
    /// Those of them that had to be repeated.
    pub interrupted_outside: u64,
    /// How likely that is if promotions make no difference.
    pub p_value: f64,
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The median; sorts. Zero when there is nothing.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[n / 2],
        n => (values[n / 2 - 1] + values[n / 2]) / 2.0,
    }
}

/// The promotions of all families, to be looked up by time.
pub(super) struct Spans(BTreeMap<u8, Vec<Span>>);

impl Spans {
    pub(super) fn new(spans: &[Span]) -> Spans {
        let mut by_family: BTreeMap<u8, Vec<Span>> = BTreeMap::new();
        for span in spans {
            by_family.entry(span.family).or_default().push(*span);
        }
        by_family.values_mut().for_each(|spans| spans.sort_by_key(|s| s.began));
        Spans(by_family)
    }

    /// The promotion of this family that was under way at some moment between these, if any.
    pub(super) fn during(&self, family: u8, from: u64, to: u64) -> Option<&Span> {
        let spans = self.0.get(&family)?;
        let begun = spans.partition_point(|s| s.began <= to);
        // They do not overlap: the last one that had begun is the last one that ended.
        spans[..begun].last().filter(|s| from < s.ended)
    }
}

/// Compares each promotion with the time after it.
pub(super) fn slow_down(timings: &[Timing], spans: &[Span]) -> SlowDown {
    let mut timed: Vec<Timing> = timings.iter().filter(|t| !t.interrupted && !t.throttled).copied().collect();
    timed.sort_by_key(|t| (t.family, t.due));
    let due = |family: u8, from: u64, to: u64| {
        let at = |time: u64| timed.partition_point(|t| (t.family, t.due) < (family, time));
        &timed[at(from)..at(to)]
    };
    let sides: Vec<(&[Timing], &[Timing])> = spans
        .iter()
        .map(|s| (due(s.family, s.began, s.ended), due(s.family, s.ended, s.rested)))
        .filter(|(inside, outside)| inside.len() >= FEWEST_CALLS && outside.len() >= FEWEST_CALLS)
        .collect();
    let usual = usual_times(sides.iter().flat_map(|(_, outside)| *outside));
    let excess = |calls: &[Timing]| {
        let over = |t: &Timing| Some(f64::from(t.took) - usual.get(&t.stratum)?);
        calls.iter().filter_map(over).collect::<Vec<f64>>()
    };
    let mut differences: Vec<f64> = sides
        .iter()
        .map(|(inside, outside)| (excess(inside), excess(outside)))
        .filter(|(inside, outside)| !inside.is_empty() && !outside.is_empty())
        .map(|(inside, outside)| mean(&inside) - mean(&outside))
        .collect();
    let unequal = differences.iter().filter(|d| **d != 0.0).count() as u64;
    let slower = differences.iter().filter(|d| **d > 0.0).count() as u64;
    let middle = median(&mut differences);
    let least = LEAST_US.max(LEAST_SHARE * median(&mut usual.values().copied().collect::<Vec<_>>()));
    let p_value = at_least(unequal, slower);
    let shown = match unequal {
        ..FEWEST => Shown::NotConcluded,
        _ if p_value < SURE && middle >= least => Shown::Yes,
        _ => Shown::No,
    };
    SlowDown {
        test: "exact sign test over promotions, each compared with the time after it, one-sided",
        shown,
        promotions: unequal,
        slower,
        p_value,
        median_us: middle as i64,
        least_us: least as u64,
    }
}

/// The median time of each operation in each Region.
fn usual_times<'t>(timings: impl Iterator<Item = &'t Timing>) -> BTreeMap<u16, f64> {
    let mut by_stratum: BTreeMap<u16, Vec<f64>> = BTreeMap::new();
    for t in timings {
        by_stratum.entry(t.stratum).or_default().push(f64::from(t.took));
    }
    by_stratum.into_iter().map(|(stratum, mut times)| (stratum, median(&mut times))).collect()
}

/// How likely it is that at least `k` of `n` coins show heads.
fn at_least(n: u64, k: u64) -> f64 {
    match (k, Binomial::new(0.5, n)) {
        (1.., Ok(coins)) => coins.sf(k - 1),
        _ => 1.0,
    }
}

/// Compares how often calls had to be repeated.
pub(super) fn interruptions(timings: &[Timing], spans: &[Span]) -> Interruptions {
    let (mut inside, mut interrupted_inside, mut outside, mut interrupted_outside) = (0, 0, 0, 0);
    let spans = Spans::new(spans);
    for t in timings.iter().filter(|t| !t.throttled) {
        let (all, interrupted) = match spans.during(t.family, t.due, t.due) {
            Some(_) => (&mut inside, &mut interrupted_inside),
            None => (&mut outside, &mut interrupted_outside),
        };
        *all += 1;
        *interrupted += u64::from(t.interrupted);
    }
    let interrupted: u64 = interrupted_inside + interrupted_outside;
    let p_value = match (interrupted_inside, Hypergeometric::new(inside + outside, interrupted, inside)) {
        (1.., Ok(drawn)) => drawn.sf(interrupted_inside - 1),
        _ => 1.0,
    };
    let shown = match (inside, outside) {
        (0, _) | (_, 0) => Shown::NotConcluded,
        _ if p_value < SURE && interrupted_inside >= FEWEST_INTERRUPTED => Shown::Yes,
        _ => Shown::No,
    };
    let test = "Fisher's exact test, one-sided";
    Interruptions { test, shown, inside, interrupted_inside, outside, interrupted_outside, p_value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::Random;

    /// A promotion every second, half a second long; a call every five milliseconds, of four kinds that take different
    /// times, each with noise and now and then a hiccup.
    fn measured(seed: u64, promotions: u64, delay: impl Fn(&Span, &Timing) -> u32) -> (Vec<Timing>, Vec<Span>) {
        let mut random = Random::new(seed, 0);
        let spans: Vec<Span> = (0..promotions)
            .map(|i| i * 1_000_000)
            .map(|began| Span { family: 0, began, ended: began + 500_000, rested: began + 1_000_000 })
            .collect();
        let mut timings = Vec::new();
        for span in &spans {
            for due in (span.began..span.rested).step_by(5_000) {
                let stratum = random.below(4) as u16;
                let hiccup = if random.below(100) == 0 { 80_000 } else { 0 };
                let took = 1_000 * u32::from(stratum + 1) + random.below(700) as u32 + hiccup;
                let mut t = Timing { due, took, family: 0, stratum, interrupted: false, throttled: false };
                if due < span.ended {
                    t.took += delay(span, &t);
                }
                timings.push(t);
            }
        }
        (timings, spans)
    }

    #[test]
    fn a_delay_in_every_promotion_is_told_even_if_only_some_calls_have_it() {
        for seed in 1..20 {
            let (timings, spans) = measured(seed, 30, |_, _| 50_000);
            assert_eq!(slow_down(&timings, &spans).shown, Shown::Yes);
            let (timings, spans) = measured(seed, 30, |_, t| if t.stratum == 0 { 50_000 } else { 0 });
            let told = slow_down(&timings, &spans);
            assert!(told.shown == Shown::Yes && told.median_us > 5_000 && told.p_value < 0.001, "{told:?}");
        }
    }

    #[test]
    fn noise_a_single_stall_and_what_nobody_notices_are_not_told() {
        for seed in 1..100 {
            let (timings, spans) = measured(seed, 30, |_, _| 0);
            assert_eq!(slow_down(&timings, &spans).shown, Shown::No);
        }
        let (timings, spans) = measured(1, 30, |span, _| if span.began == 3_000_000 { 2_000_000 } else { 0 });
        assert_eq!(slow_down(&timings, &spans).shown, Shown::No);
        let (timings, spans) = measured(1, 30, |_, _| 1_000);
        let told = slow_down(&timings, &spans);
        assert!(told.shown == Shown::No && told.p_value < 0.001, "{told:?}");
        let (timings, spans) = measured(1, 5, |_, _| 50_000);
        assert_eq!(slow_down(&timings, &spans).shown, Shown::NotConcluded);
    }

    #[test]
    fn interruptions_count_where_they_come_together_with_promotions() {
        let (mut timings, spans) = measured(1, 20, |_, _| 0);
        for (i, t) in timings.iter_mut().enumerate() {
            t.interrupted = i % 50 == 0;
        }
        assert_eq!(interruptions(&timings, &spans).shown, Shown::No);
        for t in timings.iter_mut().filter(|t| t.due % 1_000_000 < 50_000) {
            t.interrupted = true;
        }
        assert_eq!(interruptions(&timings, &spans).shown, Shown::Yes);
        assert_eq!(interruptions(&timings, &[]).shown, Shown::NotConcluded);
    }
}

//! Does a promotion slow cryptography down, or interrupt it (F-074)? Statistics over what was measured.
//!
//! What is compared is one promotion with the rests before and after it, not one call with another: calls of the same moment are
//! not independent of each other, and an endpoint may get faster or slower all the time. A promotion during which calls took longer
//! than around it counts for "slower"; how likely so many of them are by chance is an exact sign test. A difference that nobody would
//! notice is none.

use serde::Serialize;
use statrs::distribution::{Binomial, DiscreteCDF};
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

/// Regions that are told apart: see [`Timing::stratum`].
pub(super) const STRATA: u16 = 64;

/// A call, as far as its time matters. All times are in microseconds since the load began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing {
    /// When it was due: with an open load that does not depend on how long others took.
    pub due: u64,
    /// From then until its answer had come.
    pub took: u32,
    /// When that was made which it uses, in milliseconds.
    pub made_ms: u32,
    /// Number of its family.
    pub family: u8,
    /// Operation and Region: calls of the same kind take about the same time.
    pub stratum: u16,
    /// Its answer was lost or failed internally at first.
    pub interrupted: bool,
    /// It was throttled at first: how long it took says nothing.
    pub throttled: bool,
    /// An answer came in the end that says something.
    pub answered: bool,
}

/// A promotion, from its request until every member was settled, and the rest after it until the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub family: u8,
    pub began: u64,
    pub ended: u64,
    /// Until then nothing was asked of the family but cryptography and reads.
    pub rested: u64,
    /// The key was rotated when the rest began: that is no quiet time to compare with.
    pub rotated: bool,
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
    /// Promotions that were compared with the rests around them.
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
    /// Promotions during which the share of interrupted calls was another than around them.
    pub promotions: u64,
    /// Those of them during which it was larger.
    pub more: u64,
    /// Calls during promotions.
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

/// The name of the test.
const TEST: &str = "exact sign test over promotions, each compared with the rests before and after it, one-sided";

/// The calls of each promotion, of the rest before it and of the rest after it. The first promotion of a key has no rest before
/// it, and a rest in which the key was rotated is none. No two of them share any time, of whatever key: what stalls the whole endpoint for a
/// moment counts once.
fn sides<'t>(sorted: &'t [Timing], spans: &[Span]) -> Vec<[&'t [Timing]; 3]> {
    let due = |family: u8, from: u64, to: u64| {
        let at = |time: u64| sorted.partition_point(|t| (t.family, t.due) < (family, time));
        &sorted[at(from)..at(to).max(at(from))]
    };
    let mut by_family = Spans::new(spans).0;
    let of_family = |spans: &mut Vec<Span>| {
        let pairs = spans.windows(2).filter(|two| !two[0].rotated && !two[1].rotated);
        let parts = pairs.map(|two| {
            let (before, this) = (two[0], two[1]);
            let calls = [
                due(this.family, this.began, this.ended),
                due(before.family, before.ended, before.rested),
                due(this.family, this.ended, this.rested),
            ];
            (before.ended, this.rested, calls)
        });
        parts.filter(|(.., parts)| parts.iter().all(|calls| calls.len() >= FEWEST_CALLS)).collect::<Vec<_>>()
    };
    let mut all: Vec<_> = by_family.values_mut().flat_map(of_family).collect();
    // Whichever ends first comes first: so they are as many as can be.
    all.sort_by_key(|(_, ended, _)| *ended);
    let mut free = 0;
    all.retain(|(began, ended, _)| {
        let fits = *began >= free;
        free = if fits { *ended } else { free };
        fits
    });
    all.into_iter().map(|(.., parts)| parts).collect()
}

fn sorted(timings: &[Timing], fits: impl Fn(&Timing) -> bool) -> Vec<Timing> {
    let mut sorted: Vec<Timing> = timings.iter().filter(|t| fits(t)).copied().collect();
    sorted.sort_by_key(|t| (t.family, t.due));
    sorted
}

/// Differences that are not 0, those above 0, and how likely at least as many of these are by chance.
fn sign_test(differences: &[f64]) -> (u64, u64, f64) {
    let unequal = differences.iter().filter(|d| **d != 0.0).count() as u64;
    let above = differences.iter().filter(|d| **d > 0.0).count() as u64;
    (unequal, above, at_least(unequal, above, 0.5))
}

/// Compares how long calls took during each promotion and around it.
pub(super) fn slow_down(timings: &[Timing], spans: &[Span]) -> SlowDown {
    let timed = sorted(timings, |t| t.answered && !t.interrupted && !t.throttled);
    let sides = sides(&timed, spans);
    let usual = usual_times(sides.iter().flat_map(|[_, before, after]| before.iter().chain(*after)));
    let excess = |calls: &[Timing]| {
        let over = |t: &Timing| Some(f64::from(t.took) - usual.get(&t.stratum)?);
        let all: Vec<f64> = calls.iter().filter_map(over).collect();
        (!all.is_empty()).then(|| mean(&all))
    };
    let difference =
        |[inside, before, after]: &[&[Timing]; 3]| Some(excess(inside)? - (excess(before)? + excess(after)?) / 2.0);
    let mut differences: Vec<f64> = sides.iter().filter_map(difference).collect();
    let (promotions, slower, p_value) = sign_test(&differences);
    let middle = median(&mut differences);
    let least = LEAST_US.max(LEAST_SHARE * median(&mut usual.values().copied().collect::<Vec<_>>()));
    let shown = match promotions {
        ..FEWEST => Shown::NotConcluded,
        _ if p_value < SURE && middle >= least => Shown::Yes,
        _ => Shown::No,
    };
    SlowDown { test: TEST, shown, promotions, slower, p_value, median_us: middle as i64, least_us: least as u64 }
}

/// The median time of each operation in each Region.
fn usual_times<'t>(timings: impl Iterator<Item = &'t Timing>) -> BTreeMap<u16, f64> {
    let mut by_stratum: BTreeMap<u16, Vec<f64>> = BTreeMap::new();
    for t in timings {
        by_stratum.entry(t.stratum).or_default().push(f64::from(t.took));
    }
    by_stratum.into_iter().map(|(stratum, mut times)| (stratum, median(&mut times))).collect()
}

/// How likely it is that at least `k` of `n` draws come true, each as likely as `share`.
pub(super) fn at_least(n: u64, k: u64, share: f64) -> f64 {
    match (k, Binomial::new(share, n)) {
        (1.., Ok(draws)) => draws.sf(k - 1),
        _ => 1.0,
    }
}

/// Compares how often calls had to be repeated during each promotion and around it.
pub(super) fn interruptions(timings: &[Timing], spans: &[Span]) -> Interruptions {
    let timed = sorted(timings, |t| !t.throttled);
    let share = |calls: &[Timing]| calls.iter().filter(|t| t.interrupted).count() as f64 / calls.len() as f64;
    let difference = |[inside, before, after]: &[&[Timing]; 3]| share(inside) - (share(before) + share(after)) / 2.0;
    let differences: Vec<f64> = sides(&timed, spans).iter().map(difference).collect();
    let (promotions, more, p_value) = sign_test(&differences);
    let spans = Spans::new(spans);
    let (mut counts, mut interrupted) = ([0, 0], [0, 0]);
    for t in &timed {
        let place = usize::from(spans.during(t.family, t.due, t.due).is_none());
        counts[place] += 1;
        interrupted[place] += u64::from(t.interrupted);
    }
    let shown = match (differences.len() as u64, promotions) {
        (..FEWEST, _) => Shown::NotConcluded,
        (_, FEWEST..) if p_value < SURE && interrupted[0] >= FEWEST_INTERRUPTED => Shown::Yes,
        _ => Shown::No,
    };
    Interruptions {
        test: TEST,
        shown,
        promotions,
        more,
        inside: counts[0],
        interrupted_inside: interrupted[0],
        outside: counts[1],
        interrupted_outside: interrupted[1],
        p_value,
    }
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
            .map(|began| Span { family: 0, began, ended: began + 500_000, rested: began + 1_000_000, rotated: false })
            .collect();
        let mut timings = Vec::new();
        for span in &spans {
            for due in (span.began..span.rested).step_by(5_000) {
                let stratum = random.below(4) as u16;
                let hiccup = if random.below(100) == 0 { 80_000 } else { 0 };
                let took = 1_000 * u32::from(stratum + 1) + random.below(700) as u32 + hiccup;
                let mut t = Timing {
                    due,
                    took,
                    made_ms: 0,
                    family: 0,
                    stratum,
                    interrupted: false,
                    throttled: false,
                    answered: true,
                };
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
    fn what_meets_all_keys_at_once_counts_once() {
        let (one, spans) = measured(1, 5, |_, _| 50_000);
        let families = [0, 1, 2];
        let timings: Vec<Timing> =
            families.iter().flat_map(|f| one.iter().map(|t| Timing { family: *f, ..*t })).collect();
        let spans: Vec<Span> = families.iter().flat_map(|f| spans.iter().map(|s| Span { family: *f, ..*s })).collect();
        let told = slow_down(&timings, &spans);
        assert!(told.shown == Shown::NotConcluded && told.promotions < 5, "{told:?}");
    }

    #[test]
    fn noise_a_single_stall_and_what_nobody_notices_are_not_told() {
        for seed in 1..100 {
            let (timings, spans) = measured(seed, 30, |_, _| 0);
            assert_eq!(slow_down(&timings, &spans).shown, Shown::No);
        }
        let (timings, spans) = measured(1, 30, |span, _| if span.began == 3_000_000 { 2_000_000 } else { 0 });
        assert_eq!(slow_down(&timings, &spans).shown, Shown::No);
        let (timings, spans) = measured(1, 30, |_, _| 3_000);
        let told = slow_down(&timings, &spans);
        assert!(told.shown == Shown::No && told.p_value < 0.001, "{told:?}");
        let (timings, spans) = measured(1, 5, |_, _| 50_000);
        assert_eq!(slow_down(&timings, &spans).shown, Shown::NotConcluded);
        // An endpoint that gets faster all the time is not slower during promotions than after them.
        let (mut timings, spans) = measured(1, 30, |_, _| 0);
        for t in &mut timings {
            t.took += 400_000 - (t.due / 100) as u32;
        }
        assert_eq!(slow_down(&timings, &spans).shown, Shown::No);
    }

    #[test]
    fn interruptions_count_where_they_come_together_with_promotions() {
        let (mut timings, spans) = measured(1, 20, |_, _| 0);
        for (i, t) in timings.iter_mut().enumerate() {
            t.interrupted = i % 50 == 0;
        }
        assert_eq!(interruptions(&timings, &spans).shown, Shown::No);
        // However many in one moment are one moment.
        for t in timings.iter_mut().filter(|t| (3_000_000..3_400_000).contains(&t.due)) {
            t.interrupted = true;
        }
        assert_eq!(interruptions(&timings, &spans).shown, Shown::No);
        for t in timings.iter_mut().filter(|t| t.due % 1_000_000 < 50_000) {
            t.interrupted = true;
        }
        assert_eq!(interruptions(&timings, &spans).shown, Shown::Yes);
        assert_eq!(interruptions(&timings, &[]).shown, Shown::NotConcluded);
    }
}

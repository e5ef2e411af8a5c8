//! What a run under load found.

use super::fleet::Fleet;
use super::load::{Failed, Seen};
use super::mover::{Misstep, Moves, Promotion};
use super::options::ContinuityOptions;
use super::slowdown::{Interruptions, STRATA, Shown, SlowDown, Spans, Timing, at_least, interruptions, slow_down};
use crate::session::Left;
use crate::transport::Target;
use crate::verdict::exit;
use hdrhistogram::Histogram;
use mrkspec_model::call::Operation;
use mrkspec_model::rule::{Level, RuleId};
use mrkspec_model::rules::{CRY_001, CRY_007, CRY_011, CRY_017, CRY_018, CRY_020, UPR_033, get};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// Slices of the timeline.
const SLICES: u64 = 120;
/// Where more than one call in so many is not judged, nothing is concluded.
const MOST_UNJUDGED: u64 = 20;
/// By chance, less often than this: then failures are blamed on promotions.
const SURE: f64 = 0.01;
/// A call counts as under way for at most so long after it was due, in microseconds: one that hangs meets any promotion.
const UNDER_WAY: u64 = 1_000_000;

/// A slice is not shorter than this, in milliseconds.
const SHORTEST_SLICE: u64 = 250;

/// What a run found. Times are in milliseconds since the load began, durations of calls in microseconds.
#[derive(Clone, Debug, Serialize)]
pub struct ContinuityReport {
    /// `mrkspec-continuity/1`.
    pub schema: &'static str,
    /// Name of the target.
    pub target: String,
    /// Seed of the load.
    pub seed: u64,
    /// How long calls were sent.
    pub duration_ms: u64,
    /// Calls a second that were due.
    pub rate: u32,
    /// What was to be sent, and how often of all.
    pub mix: String,
    /// Promotions after which the key for encryption is rotated; never when 0.
    pub rotate_every: usize,
    /// Regions with a member of each key; the first one held the primaries at the beginning.
    pub regions: Vec<String>,
    /// Calls of the load that were answered.
    pub operations: u64,
    /// Those of them that failed, or brought something wrong.
    pub failed: u64,
    /// Those of them that were throttled at first: their times count for nothing.
    pub throttled: u64,
    /// Those of them whose answer was lost, or that failed internally, at first.
    pub interrupted: u64,
    /// Calls of which nothing can be said: throttled or failed internally again and again, or without an answer.
    pub unjudged: u64,
    /// Calls that had no answer when the run ended.
    pub pending: u64,
    /// Calls that were due but not sent, because too many were under way.
    pub dropped: u64,
    /// The same by operation.
    pub by_operation: Vec<OfOperation>,
    /// Promotions that every member came to show.
    pub promotions: Vec<Promotion>,
    /// When on-demand rotations were accepted.
    pub rotations_ms: Vec<u64>,
    /// Times of calls that were due while a promotion of their key was under way.
    pub inside: Latency,
    /// Times of all others.
    pub outside: Latency,
    /// Whether promotions slow calls down (SHOULD, F-074).
    pub slow_down: SlowDown,
    /// Whether promotions make calls be lost or fail internally, so that they have to be repeated (SHOULD, F-074).
    pub interruptions: Interruptions,
    /// Each kind of failure once, in the order in which they were first seen.
    pub findings: Vec<ContinuityFinding>,
    /// What was not part of the load, and why.
    pub left_out: Vec<String>,
    /// What happened besides.
    pub notes: Vec<String>,
    /// Times of calls, slice by slice.
    pub timeline: Vec<Slice>,
    /// Requests that were sent, those that look at keys included.
    pub requests: u64,
    /// Keys that were made, replicas included.
    pub keys_created: u64,
    /// Time that everything took, in milliseconds.
    pub elapsed_ms: u64,
    /// Why the run ended before its time, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// Keys whose deletion could not be scheduled: they are in the ledger, for `mrkspec cleanup`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_behind: Vec<Left>,
}

/// One kind of failure.
#[derive(Clone, Debug, Serialize)]
pub struct ContinuityFinding {
    /// The rule.
    pub rule: RuleId,
    /// MUST.
    pub level: Level,
    /// The requirement in one sentence.
    pub title: &'static str,
    /// Document, section and fact numbers.
    pub source: String,
    /// The operations that showed it; none when it is about promotions.
    pub operations: Vec<&'static str>,
    /// The first call that showed it.
    pub call: String,
    /// What was allowed.
    pub expected: String,
    /// What came.
    pub observed: String,
    /// When it was first seen.
    pub first_ms: u64,
    /// Calls that showed it.
    pub count: u64,
    /// Those of them that were under way together with a promotion of their key.
    pub during_promotions: u64,
}

/// How long calls took, in microseconds from when they were due.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Latency {
    /// Calls.
    pub count: u64,
    /// Their median.
    pub p50_us: u64,
    /// What one in ten exceeds.
    pub p90_us: u64,
    /// What one in a hundred exceeds.
    pub p99_us: u64,
    /// The longest.
    pub max_us: u64,
}

/// One operation of the load.
#[derive(Clone, Debug, Serialize)]
pub struct OfOperation {
    /// Its name.
    pub operation: &'static str,
    /// Calls that failed.
    pub failed: u64,
    /// How long the others took.
    pub latency: Latency,
}

/// A part of the timeline.
#[derive(Clone, Debug, Serialize)]
pub struct Slice {
    /// When it begins.
    pub from_ms: u64,
    /// Calls that failed.
    pub failed: u64,
    /// How long the others took.
    pub latency: Latency,
}

impl Latency {
    fn of<'t>(timings: impl Iterator<Item = &'t Timing>) -> Latency {
        // Three digits, up to an hour; what is longer counts as that.
        let Ok(mut histogram) = Histogram::<u64>::new_with_bounds(1, 3_600_000_000, 3) else {
            return Latency::default();
        };
        for t in timings.filter(|t| t.answered && !t.throttled) {
            histogram.saturating_record(u64::from(t.took));
        }
        Latency {
            count: histogram.len(),
            p50_us: histogram.value_at_quantile(0.5),
            p90_us: histogram.value_at_quantile(0.9),
            p99_us: histogram.value_at_quantile(0.99),
            max_us: histogram.max(),
        }
    }
}

impl ContinuityReport {
    pub(super) fn new(
        target: &Target,
        options: &ContinuityOptions,
        fleet: &Fleet,
        began: Instant,
        moves: Moves,
        seen: Seen,
    ) -> ContinuityReport {
        let spans = Spans::new(&moves.spans);
        let is_inside = |t: &&Timing| spans.during(t.family, t.due, t.due).is_some();
        let timings = &seen.timings;
        let count = |fits: fn(&Timing) -> bool| timings.iter().filter(|t| fits(t)).count() as u64;
        let duration_ms = options.duration.as_millis() as u64;
        let failed = seen.failed.len() as u64 + seen.failed_more;
        let mut notes = moves.notes.clone();
        if let Some(why) = &seen.unjudged_why {
            notes.push(format!("{} calls are not judged, the first: {why}", seen.unjudged));
        }
        let mut findings: Vec<ContinuityFinding> =
            moves.missteps.iter().map(|m| ContinuityFinding::of_promotion(m, began)).collect();
        merge(&mut findings);
        findings.extend(failures(&seen, fleet, &spans, &moves, began));
        findings.sort_by_key(|f| f.first_ms);
        ContinuityReport {
            schema: "mrkspec-continuity/1",
            target: target.name.clone(),
            seed: options.seed,
            duration_ms,
            rate: options.rate,
            mix: options.mix.to_string(),
            rotate_every: options.rotate_every,
            regions: fleet.regions.clone(),
            operations: count(|t| t.answered) + failed,
            failed,
            unjudged: seen.unjudged,
            throttled: count(|t| t.throttled),
            interrupted: count(|t| t.interrupted),
            pending: seen.pending,
            dropped: seen.dropped,
            by_operation: by_operation(timings, &seen.failed, fleet),
            inside: Latency::of(timings.iter().filter(is_inside)),
            outside: Latency::of(timings.iter().filter(|t| !is_inside(t))),
            slow_down: slow_down(timings, &moves.spans),
            interruptions: interruptions(timings, &moves.spans),
            findings,
            left_out: fleet.left_out.clone(),
            timeline: timeline(timings, &seen.failed, duration_ms),
            promotions: moves.promotions,
            rotations_ms: moves.rotations,
            notes,
            requests: 0,
            keys_created: 0,
            elapsed_ms: 0,
            ended: None,
            left_behind: Vec::new(),
        }
    }

    /// Why nothing can be said, if so.
    pub fn inconclusive(&self) -> Option<String> {
        if !self.findings.is_empty() {
            return None;
        }
        let why = self.ended.clone().or_else(|| self.notes.first().cloned()).or_else(|| self.left_out.first().cloned());
        let because = why.map(|why| format!(": {why}")).unwrap_or_default();
        if self.operations == 0 {
            return Some(format!("no operation was carried out{because}"));
        }
        if self.promotions.is_empty() {
            return Some(format!("no promotion came to its end{because}"));
        }
        if self.pending > 0 || self.dropped > 0 {
            return Some(format!("{} calls were not answered, and {} not sent", self.pending, self.dropped));
        }
        if self.unjudged * MOST_UNJUDGED > self.operations {
            return Some(format!("{} calls are not judged{because}", self.unjudged));
        }
        self.ended.clone()
    }

    /// Whether something is not as it should be, though it may be so.
    pub fn warns(&self) -> bool {
        self.slow_down.shown == Shown::Yes || self.interruptions.shown == Shown::Yes
    }

    /// The exit code: a MUST is broken, nothing could be concluded, or all is well.
    pub fn exit_code(&self) -> u8 {
        match (self.findings.is_empty(), self.inconclusive()) {
            (false, _) => exit::BROKEN,
            (true, Some(_)) => exit::INCONCLUSIVE,
            (true, None) => exit::CONFORMS,
        }
    }
}

impl ContinuityFinding {
    fn new(rule: RuleId, call: String, [expected, observed]: [String; 2], first_ms: u64) -> ContinuityFinding {
        let known = get(rule);
        ContinuityFinding {
            rule,
            level: known.level,
            title: known.title,
            source: known.cite(),
            operations: Vec::new(),
            call,
            expected,
            observed,
            first_ms,
            count: 1,
            during_promotions: 0,
        }
    }

    fn of_promotion(m: &Misstep, began: Instant) -> ContinuityFinding {
        let first = m.at.duration_since(began).as_millis() as u64;
        ContinuityFinding::new(m.rule, m.call.clone(), [m.expected.clone(), m.observed.clone()], first)
    }
}

/// Findings that agree in rule and answer are one, whatever the operation: one mistake, one line.
fn merge(findings: &mut Vec<ContinuityFinding>) {
    let mut kept: Vec<ContinuityFinding> = Vec::new();
    for finding in findings.drain(..) {
        let same = |k: &&mut ContinuityFinding| k.rule == finding.rule && kind(&k.observed) == kind(&finding.observed);
        match kept.iter_mut().find(same) {
            Some(first) => {
                first.count += finding.count;
                first.during_promotions += finding.during_promotions;
                first.operations.extend(finding.operations);
            }
            None => kept.push(finding),
        }
    }
    *findings = kept;
}

/// What a failure is told apart by: the exception (`CODE (STATUS): text`), or all words where there is none.
fn kind(observed: &str) -> &str {
    let Some((code, rest)) = observed.split_once(" (") else { return observed };
    let status = rest.split(')').next().unwrap_or("");
    let is_status = status.len() == 3 && status.chars().all(|c| c.is_ascii_digit());
    if is_status && !code.contains(' ') { code } else { observed }
}

/// Failures by operation and what came.
fn failures(seen: &Seen, fleet: &Fleet, spans: &Spans, moves: &Moves, began: Instant) -> Vec<ContinuityFinding> {
    let mut kinds: BTreeMap<(Operation, &str), Vec<&Failed>> = BTreeMap::new();
    for f in &seen.failed {
        kinds.entry((f.op, kind(&f.observed))).or_default().push(f);
    }
    let of_kind = |mut all: Vec<&Failed>| {
        all.sort_by_key(|f| f.due);
        let first = *all.first()?;
        let during = |f: &Failed| spans.during(f.family, f.due, f.ended.min(f.due + UNDER_WAY));
        let inside = all.iter().filter(|f| during(f).is_some()).count();
        let rule = match inside == all.len() && is_due_to_promotions(&all, seen, spans) {
            true => UPR_033,
            false => general(&all, seen, moves, began),
        };
        let regions = &fleet.regions;
        let from = |(region, _)| format!(" of what was made in {}", regions[region]);
        let when = match during(first) {
            Some(span) => {
                format!("{} ms after a promotion of it was asked for", first.due.saturating_sub(span.began) / 1000)
            }
            None => format!("its primary in {}", regions[first.primary]),
        };
        let (op, region) = (first.op.name(), &regions[first.region]);
        let call =
            format!("{op}{} with the {} key in {region}, {when}", first.used.map(from).unwrap_or_default(), first.kind);
        let expected = "success, as before any promotion".to_string();
        let mut finding = ContinuityFinding::new(rule, call, [expected, first.observed.clone()], first.due / 1000);
        (finding.count, finding.during_promotions) = (all.len() as u64, inside as u64);
        finding.operations = vec![op];
        Some(finding)
    };
    let mut findings: Vec<ContinuityFinding> = kinds.into_values().filter_map(of_kind).collect();
    findings.sort_by_key(|f| f.first_ms);
    merge(&mut findings);
    findings
}

/// Whether failures that were all seen during promotions are due to them: the exception says so, or it would be a strange
/// chance that none was seen at another time.
fn is_due_to_promotions(all: &[&Failed], seen: &Seen, spans: &Spans) -> bool {
    let states = all.iter().all(|f| kind(&f.observed) == "KMSInvalidStateException");
    let families: BTreeSet<u8> = all.iter().map(|f| f.family).collect();
    // The chance is that of any call that takes as long as the longest of those that failed.
    let longest = all.iter().map(|f| f.ended.saturating_sub(f.due).min(UNDER_WAY)).max().unwrap_or_default();
    let due = seen.timings.iter().map(|t| (t.family, t.due)).chain(seen.failed.iter().map(|f| (f.family, f.due)));
    let (mut inside, mut calls) = (0_u64, 0_u64);
    for (family, due) in due.filter(|(family, _)| families.contains(family)) {
        calls += 1;
        inside += u64::from(spans.during(family, due, due + longest).is_some());
    }
    // Calls of one moment do not fail independently of each other: promotions count, not calls.
    let promotion = |f: &&Failed| spans.during(f.family, f.due, f.ended.min(f.due + UNDER_WAY)).map(|s| s.began);
    let n = all.iter().filter_map(promotion).collect::<BTreeSet<u64>>().len() as u64;
    states || at_least(n, n, inside as f64 / calls.max(1) as f64) < SURE
}

/// The rule about an operation that fails at any time.
fn general(all: &[&Failed], seen: &Seen, moves: &Moves, began: Instant) -> RuleId {
    let first = all[0];
    let key = first.kind.spec().0;
    let promoted = moves.promotions.iter().any(|p| p.key == key && p.began_ms <= first.due / 1000);
    // All that fails uses what was made after a rotation, and what was made before it still works.
    let rotated = moves.rotations.iter().copied().filter(|at| *at <= first.due / 1000).max();
    let made = |f: &&Failed| f.used.map(|(_, at)| at.saturating_duration_since(began).as_millis() as u64);
    let newer = rotated.is_some_and(|rotated| {
        let older_works = |t: &Timing| {
            t.answered && t.due >= first.due && t.stratum / STRATA == first.op as u16 && u64::from(t.made_ms) < rotated
        };
        all.iter().all(|f| made(f).is_some_and(|at| at >= rotated)) && seen.timings.iter().any(older_works)
    });
    match Operation::name(first.op) {
        "Sign" | "Verify" | "GenerateMac" | "VerifyMac" if promoted => CRY_020,
        "Sign" | "Verify" => CRY_007,
        "GenerateMac" | "VerifyMac" => CRY_011,
        _ if newer => CRY_018,
        _ if promoted => CRY_017,
        _ => CRY_001,
    }
}

fn by_operation(timings: &[Timing], failed: &[Failed], fleet: &Fleet) -> Vec<OfOperation> {
    let of = |op: Operation| OfOperation {
        operation: op.name(),
        failed: failed.iter().filter(|f| f.op == op).count() as u64,
        latency: Latency::of(timings.iter().filter(|t| t.answered && t.stratum / STRATA == op as u16)),
    };
    fleet.mix.0.iter().map(|(op, _)| of(*op)).collect()
}

fn timeline(timings: &[Timing], failed: &[Failed], duration_ms: u64) -> Vec<Slice> {
    let length = (duration_ms / SLICES).max(SHORTEST_SLICE);
    let mut slices: BTreeMap<u64, (Vec<&Timing>, u64)> = BTreeMap::new();
    for t in timings {
        slices.entry(t.due / 1000 / length).or_default().0.push(t);
    }
    for f in failed {
        slices.entry(f.due / 1000 / length).or_default().1 += 1;
    }
    let slice = |(number, (timings, failed)): (u64, (Vec<&Timing>, u64))| Slice {
        from_ms: number * length,
        failed,
        latency: Latency::of(timings.into_iter()),
    };
    slices.into_iter().map(slice).collect()
}

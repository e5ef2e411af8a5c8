//! What the model makes of many histories, call by call, without a network: to compare two versions
//! of it. Histories are the scenarios, the tour and random ones; endpoints conform, show transients for
//! ever, delete at once, lose answers, or have a fault.
//!
//!     cargo run --example beliefs -- judgements [LARGE]   every judgement, a line each
//!     cargo run --example beliefs -- sizes                how many worlds a belief has after a call
//!     cargo run --example beliefs -- tour                 the tour, a line a call

mod follow;

use follow::{Follow, Seen};
use mrkspec::internals::generate::{Abilities, Random, from_bytes, tour};
use mrkspec::internals::sequence::{Action, Sequence, embedded};
use mrkspec_reference::Settings;
use mrkspec_reference::faults::{FAULTS, Pace};
use std::io::Write;
use std::time::Duration;

const EVERYBODY: Abilities = Abilities { limited: true, other: true, short_days: true };
/// Transients that take this long never end here.
const FOR_EVER: Duration = Duration::from_secs(36_000);

fn main() -> std::io::Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    match std::env::args().nth(1).as_deref() {
        Some("judgements") => {
            let random = std::env::args().nth(2).and_then(|n| n.parse().ok()).unwrap_or(150);
            judgements(&mut out, random)
        }
        Some("sizes") => sizes(&mut out),
        Some("tour") => {
            let tour = tour(EVERYBODY);
            for sequence in &tour.sequences {
                writeln!(out, "{} {}", sequence.id, sequence.title)?;
                sequence.steps.iter().try_for_each(|s| writeln!(out, "  {}", s.text))?;
            }
            tour.plan.situations.iter().try_for_each(|s| writeln!(out, "{s}"))?;
            writeln!(out, "{} requests, {} keys, {} situations", tour.plan.requests, tour.plan.keys, tour.plan.covered)
        }
        _ => writeln!(out, "one of: judgements [N], sizes, tour"),
    }
}

/// The endpoints that conform, by name, and every how many calls an answer is lost.
fn endpoints() -> Vec<(&'static str, Settings, usize)> {
    let slow = Settings { creating: FOR_EVER, updating: FOR_EVER, ..Settings::default() };
    let both = Settings { both_replicas: true, ..slow.clone() };
    let short = Settings { day: Duration::from_nanos(1), ..Settings::default() };
    vec![
        ("plain", Settings::default(), 0),
        ("under way", slow.clone(), 0),
        ("both replicas", both, 0),
        ("short days", short, 0),
        ("plain, losing", Settings::default(), 7),
        ("under way, losing", slow, 5),
    ]
}

fn random(from: u64, count: u64) -> impl Iterator<Item = Sequence> {
    (from..from + count).map(|n| from_bytes(format!("random/{n}"), &Random::new(9, n).history()))
}

fn judgements(out: &mut impl Write, count: u64) -> std::io::Result<()> {
    let planned = tour(EVERYBODY).sequences;
    for (name, settings, losing) in endpoints() {
        let all = embedded().iter().cloned().chain(planned.iter().cloned()).chain(random(0, count));
        for sequence in all {
            follow(out, name, &sequence, settings.clone(), losing)?;
        }
    }
    for (i, fault) in FAULTS.iter().filter(|f| !f.concurrent).enumerate() {
        let mut settings = Settings::with_fault(fault);
        match fault.pace {
            Pace::Transient => (settings.creating, settings.updating) = (FOR_EVER, FOR_EVER),
            Pace::ShortDays => settings.day = Duration::from_nanos(1),
            Pace::Instant => {}
        }
        let broken = |s: &&Sequence| s.rules.iter().any(|r| r.0 == fault.rule || fault.also.contains(&r.0));
        let meant = embedded().iter().filter(broken).take(4).cloned();
        let some = planned.iter().skip(i % 5).step_by(planned.len() / 3 + 1).cloned();
        for sequence in meant.chain(some).chain(random(1000 + i as u64 * 100, count / 25)) {
            follow(out, fault.name, &sequence, settings.clone(), 0)?;
        }
    }
    Ok(())
}

fn follow(out: &mut impl Write, name: &str, of: &Sequence, settings: Settings, losing: usize) -> std::io::Result<()> {
    writeln!(out, "== {name}: {}", of.id)?;
    let mut failed = Ok(());
    Follow::new(settings, losing).sequence(of, &mut |seen: Seen| {
        let line = seen.judgement.map_or("lost".to_string(), follow::words);
        let written = writeln!(out, "{} {}: {line}", seen.number, seen.what);
        failed = std::mem::replace(&mut failed, Ok(())).and(written);
    });
    failed
}

fn sizes(out: &mut impl Write) -> std::io::Result<()> {
    let planned = tour(EVERYBODY).sequences;
    let scenarios: Vec<Sequence> = embedded().to_vec();
    let histories: Vec<Sequence> = random(0, 150).collect();
    writeln!(out, "{:<20} {:<10} {:>7} {:>7} {:>5} {:>5}", "endpoint", "histories", "calls", "median", "95%", "most")?;
    for (name, settings, losing) in endpoints() {
        for (kind, list) in [("scenarios", &scenarios), ("tour", &planned), ("random", &histories)] {
            let mut sizes = Vec::new();
            for sequence in list {
                Follow::new(settings.clone(), losing).sequence(sequence, &mut |seen: Seen| sizes.push(seen.worlds));
            }
            sizes.sort_unstable();
            let at = |percent: usize| sizes[(sizes.len() - 1) * percent / 100];
            let calls = sizes.len();
            writeln!(out, "{name:<20} {kind:<10} {calls:>7} {:>7} {:>5} {:>5}", at(50), at(95), at(100))?;
        }
    }
    Ok(())
}

/// Whether a step is one that this example can carry out.
fn call_of(action: &Action) -> Option<(&mrkspec_model::Call, bool)> {
    match action {
        Action::Call { call, settle, .. } => Some((call, *settle)),
        _ => None,
    }
}

//! What a run under load found, for people.

mod timeline;

use super::block;
use crate::campaign::{ContinuityReport, Latency, Shown};
use crate::verdict::exit;
use std::fmt::Write as _;

pub use timeline::continuity_html;

/// The report as text; `flags` name the endpoint on a command line.
pub fn continuity_console(report: &ContinuityReport, flags: &str) -> String {
    let mut out = format!("{}\n\n", verdict(report));
    for f in &report.findings {
        let headline = format!("FAIL {} {}: {}", f.rule, f.level.word(), f.title);
        let said =
            [("source", f.source.as_str()), ("call", &f.call), ("expected", &f.expected), ("observed", &f.observed)];
        out += &block(&headline, &said);
        if f.operations.len() > 1 {
            let _ = writeln!(out, "     as well:  {}", f.operations[1..].join(", "));
        }
        let during = match f.operations.is_empty() {
            true => String::new(),
            false => format!(", {} of them during promotions", f.during_promotions),
        };
        let _ =
            writeln!(out, "     seen:     {} times{during}, first after {:.1} s", f.count, f.first_ms as f64 / 1000.0);
        let _ = writeln!(out, "     replay:   {}\n", replay(report, flags));
    }
    for line in warnings(report) {
        let _ = writeln!(out, "WARN F-074 SHOULD: {line}\n     replay:   {}\n", replay(report, flags));
    }
    for left in &report.left_out {
        let _ = writeln!(out, "left out: {left}");
    }
    for note in report.notes.iter().cloned().chain(unanswered(report)) {
        let _ = writeln!(out, "note: {note}");
    }
    let _ = writeln!(out, "calls during promotions: {}", times(&report.inside));
    let _ = writeln!(out, "calls at other times:    {}", times(&report.outside));
    let _ = writeln!(out, "slower during promotions? {}", slower(report));
    let _ = writeln!(out, "interrupted during promotions? {}", interrupted(report));
    let _ = writeln!(out, "{}", summary(report));
    out
}

/// What was not measured as it should have been.
pub(super) fn unanswered(report: &ContinuityReport) -> Vec<String> {
    let mut lines: Vec<String> =
        report.ended.iter().map(|why| format!("the run ended before its time: {why}")).collect();
    if report.pending > 0 {
        lines.push(format!("{} calls had no answer when the run ended", report.pending));
    }
    if report.dropped > 0 {
        lines.push(format!(
            "{} calls were due and not sent: more than this machine or the endpoint can carry",
            report.dropped
        ));
    }
    lines
}

fn verdict(report: &ContinuityReport) -> String {
    let target = &report.target;
    let (operations, promotions) = (report.operations, report.promotions.len());
    match (report.exit_code(), report.inconclusive()) {
        (exit::BROKEN, _) if report.failed == 0 => format!(
            "{target} does not promote as it should: {} kinds of failure; 0 of {operations} operations failed in {promotions} promotions",
            report.findings.len()
        ),
        (exit::BROKEN, _) => format!(
            "{target} does not keep cryptography going: {} of {operations} operations failed, {} kinds of failure, in {promotions} promotions",
            report.failed,
            report.findings.len()
        ),
        (_, Some(why)) => format!("{target}: nothing can be said of continuity: {why}"),
        _ if report.warns() => format!(
            "{target} keeps cryptography going, but promotions disturb it: {operations} operations, {promotions} promotions, 0 failures"
        ),
        _ => format!("{target} keeps cryptography going: {operations} operations, {promotions} promotions, 0 failures"),
    }
}

/// What is allowed, but should not be.
pub(super) fn warnings(report: &ContinuityReport) -> Vec<String> {
    let mut lines = Vec::new();
    if report.slow_down.shown == Shown::Yes {
        lines.push(format!("a promotion delays no cryptographic operation; {}", slower(report)));
    }
    if report.interruptions.shown == Shown::Yes {
        lines.push(format!("a promotion interrupts no cryptographic operation; {}", interrupted(report)));
    }
    lines
}

pub(super) fn slower(report: &ContinuityReport) -> String {
    let s = &report.slow_down;
    let millis = |us: f64| format!("{:.1} ms", us / 1000.0);
    let figures = format!(
        "slower during {} of {} promotions than around them, by {} in the median (less than {} is not told), p = {:.2e} by an {}",
        s.slower,
        s.promotions,
        millis(s.median_us as f64),
        millis(s.least_us as f64),
        s.p_value,
        s.test
    );
    match s.shown {
        Shown::Yes => figures,
        Shown::No => format!("no: {figures}"),
        Shown::NotConcluded => format!("not concluded: {} promotions could be compared, too few", s.promotions),
    }
}

pub(super) fn interrupted(report: &ContinuityReport) -> String {
    let i = &report.interruptions;
    let figures = format!(
        "{} of {} calls had to be repeated during promotions, {} of {} at other times; more of them during {} of {} promotions \
         than around them, p = {:.2e} by an {}",
        i.interrupted_inside, i.inside, i.interrupted_outside, i.outside, i.more, i.promotions, i.p_value, i.test
    );
    match i.shown {
        Shown::Yes => figures,
        Shown::No => format!("no: {figures}"),
        Shown::NotConcluded => "not concluded: too few promotions could be compared".into(),
    }
}

pub(super) fn times(latency: &Latency) -> String {
    let millis = |us: u64| us as f64 / 1000.0;
    format!(
        "{} calls, median {:.1} ms, 90 % {:.1} ms, 99 % {:.1} ms, longest {:.1} ms",
        latency.count,
        millis(latency.p50_us),
        millis(latency.p90_us),
        millis(latency.p99_us),
        millis(latency.max_us)
    )
}

fn summary(report: &ContinuityReport) -> String {
    format!(
        "{}: seed {}, {} calls a second for {:.0} s in {}, {} operations ({} failed, {} not judged, {} throttled, {} repeated), {} promotions, {} \
         rotations, {} requests, {} keys",
        report.target,
        report.seed,
        report.rate,
        report.duration_ms as f64 / 1000.0,
        report.regions.join(", "),
        report.operations,
        report.failed,
        report.unjudged,
        report.throttled,
        report.interrupted,
        report.promotions.len(),
        report.rotations_ms.len(),
        report.requests,
        report.keys_created
    )
}

fn replay(report: &ContinuityReport, flags: &str) -> String {
    format!(
        "mrkspec continuity {flags} --duration {}ms --rate {} --seed {} --regions {} --mix {} --rotate-every {}",
        report.duration_ms,
        report.rate,
        report.seed,
        report.regions.join(","),
        report.mix,
        report.rotate_every
    )
}

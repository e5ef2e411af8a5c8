//! What judging recordings showed, for a person at a terminal.

use crate::campaign::{Deviation, JudgeReport, Judged, Tally};
use std::fmt::Write as _;

/// The whole report as text.
pub fn judged(report: &JudgeReport) -> String {
    let mut out = String::new();
    for deviation in &report.violations {
        show(&mut out, deviation);
    }
    for recording in &report.recordings {
        let Judged { name, endpoint, tally, only_if_stale, .. } = recording;
        let _ = writeln!(out, "{name} ({endpoint}): {}", words(tally));
        for row in only_if_stale {
            let (case, rule) = (row.case.as_deref().unwrap_or(""), row.rule.unwrap_or("a SHOULD"));
            let _ = writeln!(out, "     line {} accepted only if it is stale ({rule} otherwise): {case}", row.line);
        }
        for skipped in &tally.skipped {
            let _ = writeln!(out, "     {:>4} not judged: {}", skipped.count, skipped.reason);
        }
    }
    if report.recordings.len() > 1 {
        let _ = writeln!(out, "all: {}", words(&report.total));
    }
    out
}

fn show(out: &mut String, d: &Deviation) {
    let v = &d.violation;
    let word = if d.level == "MUST" { "FAIL" } else { "WARN" };
    let case = d.case.as_deref().map(|c| format!(": {c}")).unwrap_or_default();
    let _ = writeln!(out, "{word} {} {}: {}", v.rule, d.level, d.title);
    let _ = writeln!(out, "     source:   {}", d.source);
    let _ = writeln!(out, "     row:      {} line {}{case}", d.recording, d.line);
    let _ = writeln!(out, "     call:     {}", v.call);
    let _ = writeln!(out, "     expected: {}", v.expected);
    let _ = writeln!(out, "     observed: {}\n", v.observed);
}

fn words(t: &Tally) -> String {
    let share = |n: usize, of: usize| 100.0 * n as f64 / of.max(1) as f64;
    let stale = match t.stale {
        0 => String::new(),
        n => format!(", {n} of these only if they are stale"),
    };
    format!(
        "{} exchanges, {} judged ({:.1} %), {} accepted ({:.1} % of these{stale})",
        t.exchanges,
        t.judged,
        share(t.judged, t.exchanges),
        t.accepted,
        share(t.accepted, t.judged),
    )
}

//! What judging recordings showed: as data, and for a person at a terminal.

use super::Violation;
use mrkspec_model::rule::RuleId;
use mrkspec_model::rules::get;
use serde::Serialize;
use std::fmt::Write as _;

/// Everything that was judged: its JSON form is a stable contract (`mrkspec-judge/1`).
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct JudgeReport {
    /// `mrkspec-judge/1`.
    pub schema: &'static str,
    /// All recordings together.
    #[serde(flatten)]
    pub total: Tally,
    /// One by one.
    pub recordings: Vec<Judged>,
    /// What is broken, in the order of the recordings.
    pub violations: Vec<Deviation>,
    /// 1 when a MUST is broken, 0 otherwise.
    pub exit_code: u8,
}

/// One recording.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Judged {
    /// The file, or whatever it is called.
    pub name: String,
    /// Whose answers they are.
    pub endpoint: String,
    /// What became of its rows.
    #[serde(flatten)]
    pub tally: Tally,
    /// Accepted answers that are right only if they are stale, and that nobody asked for again.
    pub only_if_stale: Vec<StaleRow>,
    /// What is broken, in the order of the lines.
    #[serde(skip)]
    pub violations: Vec<Deviation>,
}

/// How many rows there are, and what became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Tally {
    /// Rows.
    pub exchanges: usize,
    /// Answers that the oracle ruled on.
    pub judged: usize,
    /// Those of them that break no MUST.
    pub accepted: usize,
    /// Those of the accepted that are right only if they are stale (F-077).
    pub stale: usize,
    /// Rows that were not judged, by reason.
    pub skipped: Vec<Skipped>,
}

/// Rows that were not judged for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Skipped {
    /// Why.
    pub reason: String,
    /// How many.
    pub count: usize,
}

/// An accepted answer that is right only if it is stale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StaleRow {
    /// Number of the line, from 1.
    pub line: usize,
    /// The row's name in its source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// The MUST that it breaks otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleId>,
}

/// A rule that a recorded answer breaks: a violation as in a report, and where it stands.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Deviation {
    /// What is broken, by which call, and what came.
    #[serde(flatten)]
    pub violation: Violation,
    /// MUST or SHOULD.
    pub level: &'static str,
    /// The rule in one sentence.
    pub title: &'static str,
    /// Where the rule comes from.
    pub source: &'static str,
    /// Name of the recording.
    pub recording: String,
    /// Number of the line in it, from 1.
    pub line: usize,
    /// The row's name in its source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Tally) {
        self.exchanges += other.exchanges;
        self.judged += other.judged;
        self.accepted += other.accepted;
        self.stale += other.stale;
        other.skipped.iter().for_each(|s| self.skip(&s.reason, s.count));
        self.skipped.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.reason.cmp(&b.reason)));
    }

    pub(crate) fn skip(&mut self, reason: &str, count: usize) {
        match self.skipped.iter_mut().find(|s| s.reason == reason) {
            Some(same) => same.count += count,
            None => self.skipped.push(Skipped { reason: reason.into(), count }),
        }
    }
}

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
            let (case, rule) = (row.case.as_deref().unwrap_or(""), row.rule.map_or("a SHOULD", |r| r.0));
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
    let rule = get(v.rule);
    let _ = writeln!(out, "{word} {} {}: {}", v.rule, rule.strength(), d.title);
    for (fact, words) in rule.quotes() {
        let _ = writeln!(out, "     {fact}:    {words}");
    }
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

//! Recorded answers judged by the oracle, without the endpoint that gave them: call by call, as a run judges
//! them. What a recording does not say is not guessed: such rows are skipped, with the reason.

mod gaps;
mod inputs;
mod replay;
mod symbols;
mod walk;

use crate::sequence::recording::{Recording, Row};
use crate::session::Violation;
use crate::verdict::exit;
use mrkspec_model::rule::{Level, find};
use serde::Serialize;
use std::collections::BTreeMap;
use walk::Walk;

/// Everything that was judged: its JSON form is a stable contract (`mrkspec-judge/1`).
#[derive(Clone, Debug, Serialize)]
pub struct JudgeReport {
    /// `mrkspec-judge/1`.
    pub schema: &'static str,
    #[serde(flatten)]
    pub total: Tally,
    pub recordings: Vec<Judged>,
    pub violations: Vec<Deviation>,
    pub exit_code: u8,
}

/// One recording.
#[derive(Clone, Debug, Serialize)]
pub struct Judged {
    /// The file, or whatever it is called.
    pub name: String,
    /// Whose answers they are.
    pub endpoint: String,
    #[serde(flatten)]
    pub tally: Tally,
    /// Accepted answers that are right only if they are stale, and that nobody asked for again.
    pub only_if_stale: Vec<StaleRow>,
    #[serde(skip)]
    pub violations: Vec<Deviation>,
}

/// How many rows there are, and what became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
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
pub struct Skipped {
    pub reason: String,
    pub count: usize,
}

/// An accepted answer that is right only if it is stale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StaleRow {
    /// Number of the line, from 1.
    pub line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// The MUST that it breaks otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<&'static str>,
}

/// A rule that a recorded answer breaks: a violation as in a report, and where it stands.
#[derive(Clone, Debug, Serialize)]
pub struct Deviation {
    #[serde(flatten)]
    pub violation: Violation,
    /// MUST or SHOULD.
    pub level: &'static str,
    pub title: &'static str,
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
    fn add(&mut self, other: &Tally) {
        self.exchanges += other.exchanges;
        self.judged += other.judged;
        self.accepted += other.accepted;
        self.stale += other.stale;
        other.skipped.iter().for_each(|s| self.skip(&s.reason, s.count));
        self.skipped.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.reason.cmp(&b.reason)));
    }

    fn skip(&mut self, reason: &str, count: usize) {
        match self.skipped.iter_mut().find(|s| s.reason == reason) {
            Some(same) => same.count += count,
            None => self.skipped.push(Skipped { reason: reason.into(), count }),
        }
    }
}

/// Judges recordings, each on its own.
pub fn judge<'r>(recordings: impl IntoIterator<Item = (&'r str, &'r Recording)>) -> JudgeReport {
    let mut total = Tally::default();
    let recordings: Vec<Judged> = recordings.into_iter().map(|(name, r)| judge_one(name, r)).collect();
    recordings.iter().for_each(|r| total.add(&r.tally));
    let violations: Vec<Deviation> = recordings.iter().flat_map(|r| r.violations.clone()).collect();
    let broken = violations.iter().any(|v| v.level == Level::Must.word());
    let exit_code = if broken { exit::BROKEN } else { exit::CONFORMS };
    JudgeReport { schema: "mrkspec-judge/1", total, recordings, violations, exit_code }
}

fn judge_one(name: &str, recording: &Recording) -> Judged {
    let mut sequences: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in &recording.rows {
        sequences.entry(row.run.sequence.as_deref().unwrap_or("")).or_default().push(row);
    }
    let mut judged = Judged {
        name: name.into(),
        endpoint: recording.header.endpoint.clone(),
        tally: Tally::default(),
        only_if_stale: Vec::new(),
        violations: Vec::new(),
    };
    for rows in sequences.values() {
        let mut walk = Walk::new(name, &recording.header, rows);
        walk.run(rows);
        let (tally, violations, stale) = walk.end();
        judged.only_if_stale.extend(stale);
        judged.tally.add(&tally);
        judged.violations.extend(violations);
    }
    judged.violations.sort_by_key(|v| v.line);
    judged
}

/// The deviation of a row from a rule.
fn deviation(name: &str, row: &Row, violation: Violation) -> Deviation {
    let rule = find(&violation.rule);
    Deviation {
        level: rule.map_or(Level::Must, |r| r.level).word(),
        title: rule.map_or("", |r| r.title),
        source: rule.map_or("", |r| r.source),
        recording: name.into(),
        line: row.line,
        case: row.case.clone(),
        violation,
    }
}

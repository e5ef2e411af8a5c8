//! Recorded answers judged by the oracle, without the endpoint that gave them: call by call, as a run judges
//! them. What a recording does not say is not guessed: such rows are skipped, with the reason.

mod gaps;
mod inputs;
mod replay;
mod symbols;
mod together;
mod walk;

use crate::report::{Deviation, JudgeReport, Judged, Tally};
use crate::sequence::recording::{Recording, Row};
use crate::session::Violation;
use crate::verdict::exit;
use mrkspec_model::rule::Level;
use mrkspec_model::rules::get;
use std::collections::BTreeMap;
use walk::Walk;

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
    let rule = get(violation.rule);
    Deviation {
        level: rule.level.word(),
        title: rule.title,
        source: rule.source,
        recording: name.into(),
        line: row.line,
        case: row.case.clone(),
        violation,
    }
}

//! What a run does besides asking one call after the other: waiting until a family has settled, and looking
//! at everything after a deviation. Recordings of runs have the looks; here they are judged as the run did.

use super::walk::Walk;
use crate::oracle::{Look, Round};
use crate::sequence::recording::{Row, answer};
use mrkspec_model::call::{Call, Operation};
use mrkspec_model::outcome::Response;
use mrkspec_model::world::Name;

/// Members that one look reports at most when a family does not settle.
const MOST_UNSETTLED: usize = 4;

impl Walk<'_> {
    /// Judges the looks of one settling; returns the rows that are left.
    pub(super) fn settle<'a, 'b>(&mut self, rows: &'a [&'b Row]) -> &'a [&'b Row] {
        let number = rows.first().and_then(|r| r.run.settling);
        let all = rows.iter().take_while(|r| r.run.settling == number).count();
        let (mut looks, after) = rows.split_at(all);
        let Some(first) = looks.first() else { return after };
        let family: Name = first.run.family.as_deref().unwrap_or_default().into();
        self.asking = None;
        self.times(first);
        self.oracle.admit(None);
        let members = self.oracle.begin_settling(&family, self.now);
        'again: loop {
            let Some(mut round) = self.oracle.round(&family, self.now) else {
                self.stopped = Some("the run could not go on".into());
                return after;
            };
            let mut last = None;
            for call in self.oracle.questions(&family, &members) {
                let asked = |row: &&Row| row.operation == call.op.name() && *row.region == *call.region;
                let Some((row, rest)) = looks.split_first().filter(|(row, _)| asked(row)) else {
                    // Where the operation is missing the run went on without it.
                    if call.op == Operation::ListKeyRotations {
                        continue;
                    }
                    self.tally.skip("a look that belongs to no round", looks.len());
                    return after;
                };
                looks = rest;
                let response = self.look(call.op, row);
                let (look, _) = self.oracle.look(&mut round, &call, &response);
                let wrong = match look {
                    Look::Waiting => None,
                    Look::Settled(judged) => {
                        self.mismatches(&judged.mismatches, row, &call, "");
                        None
                    }
                    Look::Wrong(judged) => Some(judged),
                };
                last = Some(*row);
                let Some(judged) = wrong else {
                    self.accept(false);
                    continue;
                };
                self.tally.judged += 1;
                let blamed = self.oracle.blamed(&call, &response, &judged);
                self.mismatches(&blamed, row, &call, "");
                self.stopped = self.oracle.take_as_given(&call, &response, &judged);
                if looks.is_empty() || self.stopped.is_some() {
                    return after;
                }
                // What was wrong is waived now: the run looked at everything once more.
                continue 'again;
            }
            match self.oracle.end_round(&mut round) {
                Round::Settled => return after,
                Round::LookAgain(_) if !looks.is_empty() => {}
                Round::LookAgain(_) => {
                    let more = self.header.settle_timeout.as_deref().unwrap_or("the time that it was given");
                    let more = format!(" (not settled within {more})");
                    for (call, judged) in self.oracle.unsettled(round) {
                        let mut late = judged.mismatches;
                        late.retain(|m| m.is_must());
                        late.truncate(MOST_UNSETTLED);
                        if let Some(row) = last {
                            self.mismatches(&late, row, &call, &more);
                        }
                    }
                    return self.resynchronise(after);
                }
            }
        }
    }

    /// Lets the oracle find its way back by what the run saw of every member after a deviation.
    pub(super) fn resynchronise<'a, 'b>(&mut self, rows: &'a [&'b Row]) -> &'a [&'b Row] {
        let (looks, after) = rows.split_at(rows.iter().take_while(|r| r.run.resync).count());
        let mut seen = Vec::new();
        for row in looks {
            let response = self.look(Operation::DescribeKey, row);
            let family: Name = row.run.family.as_deref().unwrap_or_default().into();
            seen.push((Call::new(Operation::DescribeKey, &row.region).key(&family), response));
            self.accept(false);
        }
        let resync = self.oracle.resync(&seen);
        for (call, mismatch) in &resync.report {
            let row = looks.iter().find(|r| *r.region == *call.region).or(looks.first());
            if let Some(row) = row {
                self.mismatches(std::slice::from_ref(mismatch), row, call, "");
            }
        }
        self.stopped = resync.stopped;
        after
    }

    fn look(&mut self, op: Operation, row: &Row) -> Response {
        self.asking = None;
        self.times(row);
        self.asking = None;
        answer(self.header, op, row).response
    }
}

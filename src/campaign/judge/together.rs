//! Recorded calls that were under way together: any order of their effects will do that agrees with their times.

use super::symbols::Made;
use super::walk::Walk;
use crate::oracle::{Event, MOST_STEPS, Verdict};
use crate::sequence::recording::{Row, Seen, answer, since_epoch};
use mrkspec_model::outcome::Response;
use std::time::Duration;

/// Recorded times are cut off after a millionth of a second.
const TICK: Duration = Duration::from_micros(1);

impl Walk<'_> {
    /// Judges the calls that these rows begin with; returns the rows that are left.
    pub(super) fn together<'a, 'b>(&mut self, rows: &'a [&'b Row]) -> &'a [&'b Row] {
        let group = rows.first().and_then(|r| r.run.together);
        let all = rows.iter().take_while(|r| r.run.together == group && !r.run.resync).count();
        let (rows, mut after) = rows.split_at(all);
        let mut calls: Vec<(&Row, Made, Option<Seen>)> = Vec::new();
        for row in rows {
            match self.made(row) {
                Ok(made) => {
                    let seen = (!row.is_context()).then(|| answer(self.header, made.call.op, row));
                    calls.push((row, made, seen));
                }
                Err(why) => self.tally.skip(&why, 1),
            }
        }
        let event = |(row, made, seen): &'_ (&Row, Made, Option<Seen>)| {
            let time = |text: &Option<String>| text.as_deref().and_then(since_epoch).unwrap_or_default();
            (time(&row.at), time(&row.answered) + TICK, made.call.clone(), seen.as_ref().map(|s| s.response.clone()))
        };
        let known: Vec<_> = calls.iter().map(event).collect();
        let events: Vec<Event> = known
            .iter()
            .map(|(begin, end, call, response)| {
                // A failure that stays says nothing of what the call did.
                let answer = response.as_ref().filter(|r| !matches!(r, Response::Error { status: 500.., .. }));
                Event { call, answer, begin: *begin, end: *end }
            })
            .collect();
        self.oracle.admit(None);
        let found = self.oracle.linearize(&events, MOST_STEPS);
        self.oracle.begin_order(&found);
        let mut calls: Vec<Option<(&Row, Made, Option<Seen>)>> = calls.into_iter().map(Some).collect();
        let mut left = calls.len();
        for i in found.order.iter().copied() {
            if self.stopped.is_some() || found.verdict == Verdict::Open {
                break;
            }
            let Some((row, made, seen)) = calls[i].take() else { continue };
            left -= 1;
            let Some(seen) = seen else {
                self.lost(row, &made);
                continue;
            };
            let before = self.musts();
            after = self.judge(row, &made, seen, after);
            if row.run.client.is_some() && self.musts() > before {
                self.stopped = Some("no order of the concurrent calls explains their answers".into());
            }
        }
        if found.verdict == Verdict::Open {
            self.stopped =
                Some("whether an order of the concurrent calls explains their answers was not found out".into());
        }
        if let Some(why) = self.stopped.clone() {
            self.tally.skip(&why, left);
        }
        self.oracle.take_any_order(&found);
        after
    }
}

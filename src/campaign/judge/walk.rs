//! One sequence of recorded calls, from its first row to its last.

use super::deviation;
use super::gaps::Gaps;
use super::inputs::{direct as direct_call, fits};
use super::symbols::{Made, Symbols};
use crate::oracle::{AskAgain, Asked, Knowledge, Oracle, Patience, Ruling, Stale};
use crate::report::{Deviation, StaleRow, Tally, Violation};
use crate::sequence::normalise;
use crate::sequence::recording::{Context, Header, Row, Seen, Wire, answer, name_of, since_epoch};
use crate::session::{signature_is_valid, wrong_signature};
use crate::transport::DAY;
use mrkspec_model::bindings::Slot;
use mrkspec_model::call::{Arg, Call, Operation};
use mrkspec_model::matching::Mismatch;
use mrkspec_model::outcome::Response;
use mrkspec_model::rule::{Level, RuleId};
use mrkspec_model::rules::WIRE_017;
use mrkspec_model::world::Region;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// An answer that may be stale is asked for again until it is not: how long that took is in the recording.
const PATIENCE: Duration = Duration::from_secs(10 * 365 * 86_400);

pub(super) struct Walk<'r> {
    pub(super) header: &'r Header,
    name: &'r str,
    pub(super) oracle: Oracle,
    pub(super) symbols: Symbols,
    pub(super) gaps: Gaps,
    /// The sequence's id.
    id: String,
    /// When the sequence began, since 1970.
    started: Duration,
    pub(super) now: Duration,
    /// When the call was sent first that is being asked again.
    pub(super) asking: Option<Duration>,
    pub(super) tally: Tally,
    violations: Vec<Deviation>,
    /// Answers that are right only if they are stale, and were not asked for again.
    stale: Vec<StaleRow>,
    /// Members of answers that were reported already.
    reported: BTreeSet<(RuleId, Operation, Region, String)>,
    /// Why the rest cannot be judged.
    pub(super) stopped: Option<String>,
}

impl<'r> Walk<'r> {
    pub(super) fn new(name: &'r str, header: &'r Header, rows: &[&Row]) -> Walk<'r> {
        let default = Context { enforced: true, ..Context::default() };
        let context = rows.first().and_then(|r| r.run.context.clone()).unwrap_or(default);
        let knowledge = Knowledge {
            alias_prefix: context.alias_prefix.clone(),
            enforced: context.enforced,
            consistent: context.consistent || header.consistent,
            staleness: None,
            day: header.day.map_or(DAY, Duration::from_secs_f64),
            limited: context.limited.clone(),
        };
        let id = rows.first().and_then(|r| r.run.sequence.as_deref()).and_then(|s| s.split('#').next());
        let observed = header.observed_at.as_deref();
        let first = rows.iter().find_map(|r| r.at.as_deref()).or(observed).and_then(since_epoch);
        Walk {
            header,
            name,
            oracle: Oracle::new(&knowledge, Arc::new(Patience::new(PATIENCE))),
            symbols: Symbols::new(header.partial, &context.alias_prefix, context.limited),
            gaps: Gaps::default(),
            id: id.unwrap_or(name).to_string(),
            started: first.unwrap_or_default(),
            now: Duration::ZERO,
            asking: None,
            tally: Tally { exchanges: rows.len(), ..Tally::default() },
            violations: Vec::new(),
            stale: Vec::new(),
            reported: BTreeSet::new(),
            stopped: None,
        }
    }

    pub(super) fn run(&mut self, rows: &[&Row]) {
        let mut rest = rows;
        while let Some((row, after)) = rest.split_first() {
            if let Some(why) = self.stopped.clone() {
                self.tally.skip(&why, rest.len());
                return;
            }
            rest = match (row.run.settling, row.run.resync, row.run.together) {
                (Some(_), ..) => self.settle(rest),
                (None, true, _) => {
                    self.tally.skip("a look after a deviation that was not found again", 1);
                    after
                }
                (None, false, Some(_)) => self.together(rest),
                (None, false, None) => self.row(row, after),
            };
        }
    }

    /// MUSTs that were broken so far.
    pub(super) fn musts(&self) -> usize {
        self.violations.iter().filter(|v| v.level == Level::Must.word()).count()
    }

    pub(super) fn end(self) -> (Tally, Vec<Deviation>, Vec<StaleRow>) {
        (self.tally, self.violations, self.stale)
    }

    /// Judges a row; returns those that are left.
    fn row<'a, 'b>(&mut self, row: &Row, after: &'a [&'b Row]) -> &'a [&'b Row] {
        if row.sent_to_aws == Some(false) {
            self.tally.skip("never sent", 1);
            return after;
        }
        let direct;
        let row = if row.passed_on && Operation::parse(&row.operation).is_none() {
            direct = direct_call(row);
            match &direct {
                Some(direct) => direct,
                None => {
                    self.tally.skip("passed on by another service; which call of KMS it was is not said", 1);
                    return after;
                }
            }
        } else {
            row
        };
        if self.header.partial && self.takes_in(row) {
            self.tally.skip("taken in: it shows a key that was there before", 1);
            return after;
        }
        let made = match self.made(row) {
            Ok(made) => made,
            Err(why) => {
                self.symbols.note_stranger(row, &why);
                self.tally.skip(&why, 1);
                return after;
            }
        };
        if row.is_context() {
            self.lost(row, &made);
            return after;
        }
        let seen = answer(self.header, made.call.op, row);
        if self.header.partial
            && let Some(why) = self.not_judged(row, &made, &seen.response)
        {
            self.symbols.note_stranger(row, &why);
            self.tally.skip(&why, 1);
            return after;
        }
        self.judge(row, &made, seen, after)
    }

    /// A call whose answer was not recorded.
    pub(super) fn lost(&mut self, row: &Row, made: &Made) {
        self.times(row);
        self.oracle.admit(None);
        self.oracle.lost(&made.call);
        self.gaps.changed(&made.call);
        self.tally.skip("its answer was not recorded", 1);
    }

    pub(super) fn made(&mut self, row: &Row) -> Result<Made, String> {
        let sent = row.at.as_deref().or(self.header.observed_at.as_deref()).and_then(since_epoch);
        let mut made = self.symbols.call(row, sent)?;
        if self.header.partial {
            self.complete(&mut made, row)?;
        }
        if let (Some(Arg::Material { name, .. }), Some(Arg::Key(key))) =
            (made.call.args.get("EncryptedKeyMaterial"), made.call.args.get("KeyId"))
            && let Some(family) = self.oracle.belief().worlds().first().and_then(|w| w.family(&key.name))
            && !fits(name, family.spec)
        {
            made.call.args.insert("EncryptedKeyMaterial".into(), Arg::Bytes(b"material of another length".to_vec()));
        }
        Ok(made)
    }

    /// Tells the oracle when the row was sent and answered.
    pub(super) fn times(&mut self, row: &Row) {
        let since =
            |text: &Option<String>| text.as_deref().and_then(since_epoch).map(|t| t.saturating_sub(self.started));
        if self.header.partial && row.at.is_none() {
            self.oracle.lose_time();
        }
        let sent = since(&row.at).unwrap_or(self.now).max(self.now);
        let answered = since(&row.answered).unwrap_or(sent).max(sent);
        self.oracle.before_send(sent);
        self.oracle.after_receive(answered);
        self.now = answered;
        self.asking.get_or_insert(sent);
    }

    pub(super) fn judge<'a, 'b>(&mut self, row: &Row, made: &Made, seen: Seen, after: &'a [&'b Row]) -> &'a [&'b Row] {
        let (call, response) = (&made.call, &seen.response);
        self.times(row);
        self.oracle.admit(seen.evidence.clone());
        let asked =
            Asked { since: self.asking.unwrap_or_default(), sent: None, throttled: row.run.throttled, again: None };
        let failed = !self.header.partial && matches!(response, Response::Error { status: 500.., .. });
        let ruling = match () {
            () if failed => self.oracle.hear_failure(call, response),
            () if self.header.partial || row.run.asked_again => self.oracle.hear(call, response, asked),
            () => self.oracle.hear_last(call, response, asked),
        };
        self.words(&row.run.wire, row, call);
        if failed {
            self.internal_failure(response, row, call);
        }
        let ruling = match ruling {
            Ruling::AskAgain(AskAgain { why, .. }) => {
                self.accept(true);
                if self.header.partial {
                    self.asking = None;
                    let rule = match why {
                        Stale::Must(rule) => rule,
                        Stale::Should => None,
                    };
                    self.stale.push(StaleRow { line: row.line, case: row.case.clone(), rule });
                }
                return after;
            }
            Ruling::Deviation(assessed) if self.header.partial => {
                match self.gap(row, call, response, assessed.judgement()) {
                    Some(why) => {
                        self.tally.skip(why, 1);
                        self.symbols.note(row, call);
                        return after;
                    }
                    None => Ruling::Deviation(assessed),
                }
            }
            other => other,
        };
        self.asking = None;
        let broken = matches!(ruling, Ruling::Deviation(_));
        let taken = self.oracle.commit(call, response, ruling);
        if self.header.partial {
            self.gaps.taken(call, response, broken, made.filled);
        }
        self.symbols.note(row, call);
        if broken {
            self.tally.judged += 1
        } else {
            self.accept(false)
        }
        self.mismatches(&taken.judgement.mismatches, row, call, "");
        self.verify_outside(row, call, response);
        self.words(&row.run.unexpected, row, call);
        match (taken.deviates && !call.op.is_read(), self.header.partial) {
            (true, false) => self.resynchronise(after),
            (_, true) if broken => {
                if call.op == Operation::DescribeKey {
                    self.stopped = self.oracle.take_as_given(call, response, &taken.judgement);
                }
                after
            }
            _ => after,
        }
    }

    pub(super) fn accept(&mut self, stale: bool) {
        self.tally.judged += 1;
        self.tally.accepted += 1;
        self.tally.stale += usize::from(stale);
    }

    fn internal_failure(&mut self, response: &Response, row: &Row, call: &Call) {
        if let Response::Error { code, message, .. } = response
            && code == "KMSInternalException"
        {
            let words = ["an answer when the call is repeated".into(), format!("{code} every time: {message}")];
            self.broken(WIRE_017, row, call, words);
        }
    }

    fn verify_outside(&mut self, row: &Row, call: &Call, response: &Response) {
        let named = row.output.as_ref().and_then(|o| o["Signature"].as_str()).is_some_and(|t| name_of(t).is_some());
        if self.header.partial && (named || self.public_key_is_a_name(call)) {
            // What stands for a signature is none.
            return;
        }
        if let Some((rule, false, algorithm)) = signature_is_valid(&self.oracle, call, response) {
            self.broken(rule, row, call, wrong_signature(&algorithm));
        }
    }

    /// Whether of the public key only a name was recorded, in whose place there are printable bytes: a public key
    /// in DER has others.
    fn public_key_is_a_name(&self, call: &Call) -> bool {
        let Some(Arg::Key(key)) = call.args.get("KeyId") else { return false };
        let public = self.oracle.bindings().get(&Slot::PublicKey(key.name.clone()));
        let bytes = public.and_then(|v| mrkspec_model::base64(v.as_str()?));
        bytes.is_some_and(|b| b.iter().all(u8::is_ascii_graphic))
    }

    /// What the run saw on the wire, and the sequence's own expectations: neither can be judged again.
    fn words(&mut self, list: &[Wire], row: &Row, call: &Call) {
        for w in list {
            if let Some(rule) = mrkspec_model::rules::find(&w.rule) {
                self.broken(rule.id, row, call, [w.expected.clone(), w.observed.clone()]);
            }
        }
    }

    fn broken(&mut self, rule: RuleId, row: &Row, call: &Call, words: [String; 2]) {
        let [expected, observed] = words;
        self.mismatches(&[Mismatch { rule, path: String::new(), expected, observed, by: None }], row, call, "");
    }

    /// Reports broken rules: of a run each once for each operation and member of a sequence, as the run did.
    pub(super) fn mismatches(&mut self, list: &[Mismatch], row: &Row, call: &Call, more: &str) {
        for m in list {
            self.gaps.broken.insert((m.rule, call.op));
            let seen = (m.rule, call.op, call.region.clone(), m.path.clone());
            let each = self.header.partial || matches!(m.path.as_str(), "" | "code");
            if !each && !self.reported.insert(seen) {
                continue;
            }
            let place = if m.path.is_empty() { String::new() } else { format!("{}: ", m.path) };
            let normal = |text: &str| normalise::text(text, self.oracle.bindings());
            let violation = Violation {
                rule: m.rule,
                scenario: self.id.clone(),
                step: row.run.step.unwrap_or(row.line),
                call: normalise::call(call),
                expected: normal(&format!("{place}{}", m.expected)),
                observed: normal(&format!("{place}{}{more}", m.observed)),
                repro: format!("mrkspec judge {}", self.name),
                count: 1,
                shape: String::new(),
                sighting: None,
            };
            self.violations.push(deviation(self.name, row, violation));
        }
    }
}

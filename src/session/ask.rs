//! One call of a sequence: asked until the oracle settles on an answer, then taken in.

use super::record::Answered;
use super::{Enforcement, Session, Told, Watched, dates, reporter, wrapping};
use crate::oracle::{Asked, Ruling, Stale};
use crate::sequence::recording::{Row, Wire};
use crate::sequence::{Expect, normalise};
use crate::transport::{Answer, Exchange, Finding, Pauses, encode};
use mrkspec_model::bindings::Bindings;
use mrkspec_model::call::{Arg, Call, Operation};
use mrkspec_model::keyspec::KeySpec;
use mrkspec_model::matching::Mismatch;
use mrkspec_model::outcome::Response;
use mrkspec_model::places::is_no_name;
use mrkspec_model::rules::{WIRE_016, WIRE_017};
use mrkspec_model::world::Region;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::time::{Duration, SystemTime};

/// Pages of one list that are read.
const MOST_PAGES: usize = 200;

impl Session<'_> {
    /// Sends one call and judges its answer. Returns what the transcript says of it.
    pub(super) async fn call(&mut self, call: &Call, expect: Option<&Expect>, number: usize) -> Vec<Told> {
        if self.shared.link.lacks(call.op) {
            return self.reporter.unsupported(call.op);
        }
        if self.oracle.is_distrusted(call.op) {
            return vec![Told::Line("not judged: it shows what was found to be wrong already".into())];
        }
        let ready = match self.prepare(call) {
            Ok(ready) => ready,
            Err(missing) => return self.reporter.stop(format!("step {number} needs {missing}, which never came")),
        };
        match self.ask(call, &ready, number).await {
            Ok((response, ruling)) => {
                self.note_unknown_spec(call, &response, &ruling);
                let lines = self.take(call, response, ruling, expect, number).await;
                self.let_permissions_settle(call.op).await;
                lines
            }
            Err(lines) => lines,
        }
    }

    /// Notes a key spec that the endpoint need not know, and does not.
    fn note_unknown_spec(&mut self, call: &Call, response: &Response, ruling: &Ruling) {
        let recent = call.text("KeySpec").and_then(KeySpec::parse).filter(|s| s.is_recent());
        if let (Operation::CreateKey, Some(spec), Response::Error { .. }, Ruling::Accepted(_)) =
            (call.op, recent, response, ruling)
            // A request that nobody takes says nothing of the spec.
            && call.text("KeyUsage") == Some("SIGN_VERIFY")
            && !call.args.contains_key("Origin")
        {
            self.reporter.record.unknown_specs.insert(spec.name());
        }
    }

    /// The call as it is sent: marked, with wrapped material, and its body.
    pub(super) fn prepare<'c>(&self, call: &'c Call) -> Result<(Cow<'c, Call>, String), String> {
        let bindings = self.oracle.bindings();
        let ready = wrapping::prepare(self.mark(call), bindings, &self.token)?;
        let body = encode(&ready, bindings).map_err(|missing| missing.0)?;
        Ok((ready, body))
    }

    /// Asks until the oracle rules on an answer for good. The other outcome is that there is none; then the
    /// transcript of that.
    async fn ask(
        &mut self,
        call: &Call,
        (ready, body): &(Cow<'_, Call>, String),
        number: usize,
    ) -> Result<(Response, Ruling), Vec<Told>> {
        let since = self.now();
        self.dates.begin(call);
        let mut throttled = false;
        let mut before = None;
        let mut pauses = Pauses::until_settled();
        loop {
            let exchange = self.exchange(ready, body, call).await;
            let sent = Some(self.times.sent);
            let row = self.notes.as_ref().map(|n| n.row(call, ready, number, self.times, self.oracle.bindings()));
            if let (Some(notes), Some(row), false) = (&mut self.notes, &row, call.op.is_read()) {
                (0..exchange.lost).for_each(|_| notes.lost(row.clone(), self.times));
            }
            if !call.op.is_read() {
                self.reporter.record.lost += exchange.lost as usize;
            }
            let mut wire = self.hear_wire(&exchange.findings, call, number);
            if let Answer::Unreadable(why) = exchange.answer {
                self.oracle.hear_nothing(call);
                if let (Some(notes), Some(row), false) = (&mut self.notes, row, call.op.is_read()) {
                    notes.lost(row, self.times);
                }
                return Err(vec![Told::Line(why)]);
            }
            let (decoded, failed) = self.reporter.decoded(call.op, exchange.answer)?;
            wire.extend(self.hear_wire(&decoded.findings, call, number));
            let mut response = decoded.response;
            if failed {
                self.reporter.internal_failure(&response, number, call, self.oracle.bindings());
                let ruling = self.oracle.hear_failure(call, &response);
                self.note(row, wire, &response, exchange.throttled, false);
                return Ok((response, ruling));
            }
            if exchange.internal > 0 {
                self.reporter.record.upheld.insert(WIRE_017);
            }
            if let Response::Success(first) = &mut response
                && !self.all_pages(ready, first, number, &mut wire).await
            {
                return Err(vec![Told::Line("not judged: a later page of the list did not come".into())]);
            }
            throttled |= exchange.throttled;
            let ruling = self.oracle.hear(call, &response, Asked { since, sent, throttled, again: before });
            self.note(row, wire, &response, exchange.throttled, matches!(ruling, Ruling::AskAgain(_)));
            match ruling {
                Ruling::AskAgain(again) => {
                    before = Some(again);
                    self.reporter.record.asked_again += usize::from(matches!(again.why, Stale::Must(_)));
                    pauses.pause_within(again.until.saturating_sub(self.now())).await;
                }
                Ruling::Accepted(ref assessed) => {
                    self.reporter.record.late |= before.is_some_and(|b| b.shows_under_way);
                    if assessed.throttle_did_nothing() {
                        self.reporter.record.upheld.insert(WIRE_016);
                    }
                    return Ok((response, ruling));
                }
                Ruling::Deviation(_) => return Ok((response, ruling)),
            }
        }
    }

    /// Takes in what the form of an answer says. Returns what a recording says of it.
    pub(super) fn hear_wire(&mut self, findings: &[Finding], call: &Call, number: usize) -> Vec<Wire> {
        for finding in findings {
            self.reporter.wire(finding.clone(), number, call, self.oracle.bindings());
        }
        findings.iter().filter_map(|f| wire(f, self.oracle.bindings())).collect()
    }

    /// Completes the row of an answer. Of a final one it is written when everything about it is known.
    pub(super) fn note(
        &mut self,
        row: Option<Row>,
        wire: Vec<Wire>,
        response: &Response,
        throttled: bool,
        again: bool,
    ) {
        let (Some(notes), Some(mut row)) = (&mut self.notes, row) else { return };
        notes.answer(&mut row, response);
        (row.run.wire, row.run.throttled, row.run.asked_again) = (wire, throttled, again);
        if again { notes.write(row) } else { notes.keep(row) }
    }

    /// Sends a call as it was made `ready`, and the ledger hears of every key; the oracle hears of everything on the
    /// way, and of the call as it is in the sequence: of wrapped material it could not tell what it is.
    pub(super) async fn exchange(&mut self, ready: &Call, body: &str, call: &Call) -> Exchange {
        self.times.first = None;
        let mut told = Watched { oracle: &mut self.oracle, started: self.started, times: &mut self.times, call };
        let (exchange, made) = self.shared.exchange(ready, body, &self.token, &mut told).await;
        self.reporter.record.keys += usize::from(made.is_some());
        self.reporter.record.requests += 1 + usize::from(made.is_some());
        self.made.extend(made);
        exchange
    }

    /// Takes in a final answer and reports what is wrong with it.
    pub(super) async fn take(
        &mut self,
        call: &Call,
        response: Response,
        ruling: Ruling,
        expect: Option<&Expect>,
        number: usize,
    ) -> Vec<Told> {
        let doubtful = match &ruling {
            Ruling::Accepted(assessed) => {
                let unknown = matches!(&response, Response::Error { code, .. } if code == "NotFoundException");
                unknown && (expect.is_some() || !assessed.judgement().mismatches.is_empty())
            }
            _ => true,
        };
        if doubtful && self.was_forgotten().await {
            return vec![Told::Line("not judged: the endpoint has forgotten every key".into())];
        }
        let taken = self.oracle.commit(call, &response, ruling);
        let bindings = self.oracle.bindings();
        self.reporter.record.note(call, &response, &taken);
        let asked = reporter::Asked { number, call, state: taken.state, response: Some(&response) };
        self.reporter.report(&taken.judgement.mismatches, asked, bindings);
        let symbols = bindings.without_outputs();
        self.reporter.verify_outside(call, &response, number, &self.oracle);
        let so_far = self.reporter.record.violations.len();
        if let Some(expect) = expect {
            self.reporter.expectation(expect, call, &response, number, bindings);
        }
        self.check_dates(call, &response, number, &taken.judgement.mismatches);
        if let Some(notes) = &mut self.notes {
            notes.settle_pending(self.reporter.record.violations[so_far..].iter().map(Wire::from).collect());
        }
        if taken.deviates && !call.op.is_read() {
            let named = ["ReplicaRegion", "PrimaryRegion"].iter().filter_map(|m| call.text(m)).map(Into::into);
            // What comes of a Region that does not exist says nothing of a key: there may be no endpoint, or any.
            let named = named.filter(|region: &Region| !is_no_name(region));
            let also: Vec<Region> = named.filter(|_| may_have_worked(&response)).collect();
            self.resynchronise(number, &also).await;
        }
        vec![Told::Answer(Box::new(Answered { call: call.clone(), response, symbols }))]
    }

    /// What an answer says of time, against the time that has passed.
    fn check_dates(&mut self, call: &Call, response: &Response, number: usize, said: &[Mismatch]) {
        self.dates.note(call, response, self.times);
        let target = self.shared.link.target();
        let clock = dates::Clock { began: SystemTime::now() - self.now(), day: target.day, here: target.is_local() };
        let deletion = self.dates.deletion(call, response, &self.oracle, clock);
        let creation = self.dates.creation(call, response, &self.oracle);
        let expiry = self.dates.expiry(call, response, &self.oracle, clock);
        for (rule, path, kept) in creation.into_iter().chain(deletion).chain(expiry) {
            match kept {
                Ok(()) => {
                    self.reporter.record.upheld.insert(rule);
                }
                // What is wrong with the date was said already.
                Err(_) if said.iter().any(|m| m.path == path) => {}
                Err([expected, observed]) => {
                    let mismatch = Mismatch { rule, path: path.into(), expected, observed, by: None };
                    let asked = reporter::Asked { number, call, state: "", response: Some(response) };
                    self.reporter.report(&[mismatch], asked, self.oracle.bindings());
                }
            }
        }
    }

    /// Lists come in pages; without Limit the model speaks of all of them together. False when one is missing.
    /// What the form of the pages says goes to `wire`.
    async fn all_pages(&mut self, call: &Call, body: &mut Value, number: usize, wire: &mut Vec<Wire>) -> bool {
        let list = match call.op {
            Operation::ListKeys => "Keys",
            Operation::ListAliases => "Aliases",
            Operation::ListResourceTags => "Tags",
            Operation::ListKeyRotations => "Rotations",
            _ => return true,
        };
        if call.args.contains_key("Limit") || call.args.contains_key("Marker") {
            return true;
        }
        for _ in 0..MOST_PAGES {
            let marker = body["NextMarker"].as_str().filter(|_| body["Truncated"] == true).map(str::to_string);
            let Some(marker) = marker else { return true };
            let next = call.clone().with("Marker", Arg::Json(json!(marker)));
            let Ok(text) = encode(&next, self.oracle.bindings()) else { return false };
            let exchange = self.exchange(&next, &text, &next).await;
            wire.extend(self.hear_wire(&exchange.findings, call, number));
            let Answer::Came(page) = exchange.answer else { return false };
            wire.extend(self.hear_wire(&page.findings, call, number));
            let Response::Success(page) = page.response else { return false };
            append_page(body, page, list);
        }
        // An endpoint whose lists have no end is judged by what came.
        true
    }

    /// Gives a change of policy or grants the time that it needs to have effect (F-077).
    async fn let_permissions_settle(&self, op: Operation) {
        use Operation::*;
        let Some(Enforcement::Yes(delay)) = self.shared.enforcement_so_far() else { return };
        if matches!(op, RevokeGrant | RetireGrant) && self.shared.link.target().is_aws() {
            tokio::time::sleep(Duration::from_secs(300)).await;
        } else if matches!(op, PutKeyPolicy | CreateGrant | RevokeGrant | RetireGrant) {
            tokio::time::sleep(delay).await;
        }
    }
}

/// What is wrong with the form of an answer, as a recording says it.
fn wire(finding: &Finding, bindings: &Bindings) -> Option<Wire> {
    let (expected, observed) = finding.broken.as_ref()?;
    let normal = |text: &str| normalise::text(text, bindings);
    Some(Wire { rule: finding.rule.0.into(), expected: normal(expected), observed: normal(observed) })
}

/// Puts the entries of the next page behind those of the pages before.
fn append_page(all: &mut Value, mut page: Value, list: &str) {
    let items = page[list].as_array_mut().map(std::mem::take).unwrap_or_default();
    if let Some(entries) = all[list].as_array_mut() {
        entries.extend(items);
    }
    all["Truncated"] = page["Truncated"].take();
    match (page["NextMarker"].take(), all.as_object_mut()) {
        (Value::Null, Some(members)) => {
            members.remove("NextMarker");
        }
        (marker, _) => all["NextMarker"] = marker,
    }
}

/// A success that should have been none, or an internal failure, may have made a member.
fn may_have_worked(response: &Response) -> bool {
    !matches!(response, Response::Error { status: ..500, .. })
}

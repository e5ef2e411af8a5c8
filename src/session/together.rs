//! Calls that are sent at the same time, by one client or several, and members of a family that are watched.

use super::record::{Race, Timed};
use super::recorder::Times;
use super::{Session, Told};
use crate::oracle::{Asked, Event, MOST_STEPS, Ruling, Stale, Verdict};
use crate::sequence::recording::Row;
use crate::sequence::{Watch, normalise};
use crate::transport::{Exchange, Finding};
use futures_util::future::join_all;
use mrkspec_model::call::{Call, Operation};
use mrkspec_model::matching::{describe_response, lookup};
use mrkspec_model::outcome::Response;
use mrkspec_model::world::Region;
use serde_json::Value;
use std::borrow::Cow;
use std::time::Instant;

/// Rounds in which nothing changes until a watch ends, where the primary at the end is not said.
const QUIET: usize = 10;
/// The same where it is said, and shown by every member.
const ARRIVED: usize = 2;

/// A call of a client, as it is sent.
struct Ready<'c> {
    client: usize,
    call: &'c Call,
    ready: Cow<'c, Call>,
    body: String,
}

/// An answer, if there is one, and how it came.
struct Came<'c> {
    ready: Ready<'c>,
    response: Option<Response>,
    findings: Vec<Finding>,
    throttled: bool,
    failed: bool,
}

/// What of an exchange is put in order.
struct Part {
    /// Which exchange.
    of: usize,
    /// A request whose answer was lost, or else the last one.
    lost: bool,
    times: Times,
}

/// Every request of one exchange.
struct Clock {
    started: Instant,
    requests: Vec<(Times, bool)>,
}

impl crate::transport::Watch for Clock {
    fn before_send(&mut self) {
        let sent = self.started.elapsed();
        let first = self.requests.first().map_or(sent, |(times, _)| times.sent);
        self.requests.push((Times { first: Some(first), sent, answered: sent }, false));
    }

    fn after_receive(&mut self) {
        if let Some((times, _)) = self.requests.last_mut() {
            times.answered = self.started.elapsed();
        }
    }

    fn lost(&mut self, _call: &Call) {
        if let Some((_, lost)) = self.requests.last_mut() {
            *lost = true;
        }
    }
}

type Sent = (Exchange, Vec<(Times, bool)>);

impl Session<'_> {
    /// Sends calls at the same time, and judges their answers in an order in which all of them are allowed, if there
    /// is one: they may have had effect in any.
    pub(super) async fn together(&mut self, calls: &[Call], number: usize) -> Vec<Told> {
        let clients: Vec<&[Call]> = calls.iter().map(std::slice::from_ref).collect();
        self.concurrent(&clients, number, false).await
    }

    /// The same of several clients, each of which sends its calls one after the other. After an answer that no order
    /// allows nothing more is judged.
    pub(super) async fn race(&mut self, clients: &[Vec<Call>], number: usize) -> Vec<Told> {
        let clients: Vec<&[Call]> = clients.iter().map(Vec::as_slice).collect();
        let told = self.concurrent(&clients, number, true).await;
        let why = match self.reporter.record.races.last().map(|r| r.verdict) {
            Some(Verdict::Wrong) => "no order of the concurrent calls explains their answers",
            Some(Verdict::Open) => "whether an order of the concurrent calls explains their answers was not found out",
            Some(Verdict::Allowed) | None => return told,
        };
        self.reporter.stop(why.into());
        told
    }

    async fn concurrent(&mut self, clients: &[&[Call]], number: usize, race: bool) -> Vec<Told> {
        let mut ready: Vec<Vec<Ready>> = Vec::new();
        for (client, calls) in clients.iter().enumerate() {
            if let Some(call) = calls.iter().find(|c| self.shared.link.lacks(c.op)) {
                return self.reporter.unsupported(call.op);
            }
            let prepared = calls.iter().map(|call| {
                let (made, body) = self.prepare(call)?;
                Ok(Ready { client, call, ready: made, body })
            });
            match prepared.collect::<Result<_, String>>() {
                Ok(calls) => ready.push(calls),
                Err(missing) => {
                    return self.reporter.stop(format!("step {number} needs {missing}, which never came"));
                }
            }
        }
        clients.iter().copied().flatten().for_each(|call| self.dates.begin(call));
        self.oracle.before_send(self.now());
        let sent = self.send(&ready).await;
        self.oracle.after_receive(self.now());
        let (mut came, mut parts, mut told) = (Vec::new(), Vec::new(), Vec::new());
        let both = ready.into_iter().zip(sent).flat_map(|(ready, sent)| ready.into_iter().zip(sent));
        for (ready, (exchange, requests)) in both {
            let lost = requests.iter().filter(|(_, lost)| *lost && !ready.call.op.is_read());
            parts.extend(lost.map(|(times, _)| Part { of: came.len(), lost: true, times: *times }));
            let (one, more) = self.answered(ready, exchange, number);
            told.extend(more);
            if let (Some((last, _)), true) = (requests.last(), one.response.is_some()) {
                parts.push(Part { of: came.len(), lost: false, times: *last });
            }
            came.push(one);
        }
        if !self.reporter.record.is_over() {
            told.extend(self.judge(&came, &parts, number, race).await);
        }
        told
    }

    /// Judges what came in the order that the oracle finds.
    async fn judge(&mut self, came: &[Came<'_>], parts: &[Part], number: usize, race: bool) -> Vec<Told> {
        let event = |part: &Part| {
            let Came { ready, response, failed, .. } = &came[part.of];
            // A failure that stays says nothing of what the call did.
            let answer = response.as_ref().filter(|_| !part.lost && !failed);
            Event { call: ready.call, answer, begin: part.times.sent, end: part.times.answered }
        };
        let events: Vec<Event> = parts.iter().map(event).collect();
        let found = self.oracle.linearize(&events, MOST_STEPS);
        let mut timed: Vec<Timed> = parts.iter().map(|part| self.timed(part, &came[part.of])).collect();
        let group = self.notes.as_mut().map(super::recorder::Notes::next_group);
        let (mut told, mut over) = (Vec::new(), race && found.verdict == Verdict::Open);
        self.oracle.begin_order(&found);
        for i in found.order.iter().copied() {
            let (part, one) = (&parts[i], &came[parts[i].of]);
            let row = self.row(part, one, number, group, race);
            if over {
                self.note_only(row, part, one);
                continue;
            }
            timed[i].wrong = self.hear_part(part, one, row, (number, race), &mut told).await;
            over = race && timed[i].wrong;
        }
        self.oracle.take_any_order(&found);
        if race {
            let order = found.order.clone();
            self.reporter.record.races.push(Race { step: number, verdict: found.verdict, order, parts: timed });
        }
        told
    }

    /// Sends what each client has to send, all clients at the same time, and waits for the last answer.
    async fn send(&mut self, ready: &[Vec<Ready<'_>>]) -> Vec<Vec<Sent>> {
        let (shared, token, started) = (self.shared, &self.token, self.started);
        let client = |(number, calls)| async move {
            let calls: &Vec<Ready> = calls;
            // To the ledger each client is somebody else: it asks for one thing at a time.
            let token = format!("{token}.{number}");
            let mut came = Vec::new();
            for one in calls {
                let mut clock = Clock { started, requests: Vec::new() };
                let (exchange, made) = shared.exchange(&one.ready, &one.body, &token, &mut clock).await;
                came.push((exchange, made, clock.requests));
            }
            came
        };
        let mut all = Vec::new();
        for came in join_all(ready.iter().enumerate().map(client)).await {
            let mut sent = Vec::new();
            for (exchange, made, requests) in came {
                self.reporter.record.keys += usize::from(made.is_some());
                self.reporter.record.requests += 1 + usize::from(made.is_some());
                self.made.extend(made);
                sent.push((exchange, requests));
            }
            all.push(sent);
        }
        all
    }

    /// The answer of an exchange, if there is one to judge; else what the transcript says of there being none.
    fn answered<'c>(&mut self, ready: Ready<'c>, exchange: Exchange, number: usize) -> (Came<'c>, Vec<Told>) {
        let (mut findings, throttled) = (exchange.findings, exchange.throttled);
        match self.reporter.decoded(ready.call.op, exchange.answer) {
            Ok((decoded, failed)) => {
                findings.extend(decoded.findings);
                (Came { ready, response: Some(decoded.response), findings, throttled, failed }, Vec::new())
            }
            Err(told) => {
                self.hear_wire(&findings, ready.call, number);
                (Came { ready, response: None, findings: Vec::new(), throttled, failed: false }, told)
            }
        }
    }

    /// The row of a recording about one request.
    fn row(&self, part: &Part, came: &Came<'_>, number: usize, group: Option<usize>, race: bool) -> Option<Row> {
        let notes = self.notes.as_ref()?;
        let Ready { client, call, ready, .. } = &came.ready;
        let mut row = notes.row(call, ready, number, part.times, self.oracle.bindings());
        (row.run.together, row.run.client) = (group, race.then_some(*client));
        Some(row)
    }

    /// Writes down what is not judged.
    fn note_only(&mut self, row: Option<Row>, part: &Part, came: &Came<'_>) {
        let (Some(notes), Some(mut row)) = (&mut self.notes, row) else { return };
        match came.response.as_ref().filter(|_| !part.lost) {
            Some(response) => {
                notes.answer(&mut row, response);
                notes.write(row);
            }
            None => notes.lost(row, Times { first: None, ..part.times }),
        }
    }

    /// Judges one of the answers and takes it in; whether it deviates. One that may be stale shows nothing yet.
    async fn hear_part(
        &mut self,
        part: &Part,
        came: &Came<'_>,
        row: Option<Row>,
        (number, race): (usize, bool),
        told: &mut Vec<Told>,
    ) -> bool {
        let (call, times) = (came.ready.call, part.times);
        let Some(response) = came.response.as_ref().filter(|_| !part.lost) else {
            self.oracle.lost(call);
            self.reporter.record.lost += 1;
            self.note_only(row, part, came);
            return false;
        };
        let wire = self.hear_wire(&came.findings, call, number);
        let since = times.first.unwrap_or(times.sent);
        let asked = Asked { since, sent: Some(times.sent), throttled: came.throttled, again: None };
        let ruling = match came.failed {
            true => self.oracle.hear_failure(call, response),
            false => self.oracle.hear(call, response, asked),
        };
        self.note(row, wire, response, came.throttled, matches!(ruling, Ruling::AskAgain(_)));
        let deviates = matches!(ruling, Ruling::Deviation(_));
        match ruling {
            Ruling::AskAgain(again) => {
                self.reporter.record.asked_again += usize::from(matches!(again.why, Stale::Must(_)));
                told.push(Told::Line(format!("{}: it may be stale", call.region)));
            }
            Ruling::Deviation(_) if race => {
                if !self.was_forgotten().await {
                    self.deviates(call, response, ruling, number);
                }
            }
            ruling => told.extend(self.take(call, response.clone(), ruling, None, number).await),
        }
        deviates
    }

    /// Reports an answer that no order explains. What the members are like now says nothing of when it came: nobody
    /// looks at them.
    fn deviates(&mut self, call: &Call, response: &Response, ruling: Ruling, number: usize) {
        let taken = self.oracle.commit(call, response, ruling);
        self.reporter.record.note(call, response, &taken);
        let asked = super::reporter::Asked { number, call, state: taken.state, response: Some(response) };
        self.reporter.report(&taken.judgement.mismatches, asked, self.oracle.bindings());
        if let Some(notes) = &mut self.notes {
            notes.settle_pending(Vec::new());
        }
    }

    /// What a picture of the clients says of a request.
    fn timed(&self, part: &Part, came: &Came<'_>) -> Timed {
        let answer = match came.response.as_ref().filter(|_| !part.lost) {
            Some(Response::Success(body)) => metadata_words(body).unwrap_or_else(|| "success".into()),
            Some(refused) => normalise::text(&describe_response(refused), self.oracle.bindings()),
            None => "no answer".into(),
        };
        Timed {
            client: came.ready.client,
            call: normalise::call(came.ready.call),
            answer,
            begin: part.times.sent,
            end: (!part.lost).then_some(part.times.answered),
            wrong: false,
        }
    }

    /// Describes members until the family is as it will stay, or the time is over. Returns what the last round showed.
    pub(super) async fn watch(&mut self, watch: &Watch, number: usize) -> Vec<Told> {
        let call = |region: &Region| Call::new(Operation::DescribeKey, region).key(&watch.family);
        let calls: Vec<Call> = watch.regions.iter().map(call).collect();
        let most = watch.most.min(self.shared.patience.full());
        let mut ticks = tokio::time::interval(watch.every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let (began, mut before, mut same) = (Instant::now(), Vec::new(), 0);
        loop {
            ticks.tick().await;
            let told = self.together(&calls, number).await;
            let shown = shown(&told);
            same = if shown == before { same + 1 } else { 1 };
            let wanted = if watch.primary.is_some() { ARRIVED } else { QUIET };
            let settled = shown.len() == calls.len() && shown.iter().all(|s| s.is_settled(watch.primary.as_deref()));
            if self.reporter.record.is_over() || (settled && same >= wanted) || began.elapsed() >= most {
                return told;
            }
            before = shown;
        }
    }
}

/// What a member shows of a promotion.
#[derive(Clone, Debug, PartialEq)]
struct Shown {
    state: Value,
    primary: Value,
}

impl Shown {
    fn is_settled(&self, primary: Option<&str>) -> bool {
        let passing = self.state == "Updating" || self.state == "Creating";
        !passing && primary.is_none_or(|p| self.primary == p)
    }
}

/// What each member shows, in the order of the Regions.
fn shown(told: &[Told]) -> Vec<Shown> {
    let mut all: Vec<(&Region, Shown)> = Vec::new();
    for told in told {
        let Told::Answer(answered) = told else { continue };
        let Response::Success(body) = &answered.response else { continue };
        let of = |path: &str| lookup(body, path).cloned().unwrap_or_default();
        let state = of("KeyMetadata.KeyState");
        let primary = of("KeyMetadata.MultiRegionConfiguration.PrimaryKey.Region");
        all.push((&answered.call.region, Shown { state, primary }));
    }
    all.sort_by_key(|(region, _)| (*region).clone());
    all.into_iter().map(|(_, shown)| shown).collect()
}

/// What an answer shows of a member, in a few words.
fn metadata_words(body: &Value) -> Option<String> {
    let metadata = body.get("KeyMetadata").or(body.get("ReplicaKeyMetadata"))?;
    let text = |path: &str| lookup(metadata, path).and_then(Value::as_str);
    let mut words = text("KeyState")?.to_string();
    if let Some(kind) = text("MultiRegionConfiguration.MultiRegionKeyType") {
        let replicas = lookup(metadata, "MultiRegionConfiguration.ReplicaKeys").and_then(Value::as_array);
        let replicas = replicas.into_iter().flatten().filter_map(|r| r["Region"].as_str()).collect::<Vec<_>>();
        let primary = text("MultiRegionConfiguration.PrimaryKey.Region").unwrap_or("nowhere");
        words = format!("{kind}, {words}; primary in {primary}, replicas in {}", replicas.join(", "));
    }
    Some(words)
}

//! Observing: calls that are sent at the same time, and members of a family that are watched.

use super::recorder::Times;
use super::{Session, Told};
use crate::oracle::{Asked, Ruling, Stale};
use crate::sequence::Watch;
use crate::transport::{Exchange, Finding};
use futures_util::future::join_all;
use mrkspec_model::call::{Call, Operation};
use mrkspec_model::matching::lookup;
use mrkspec_model::outcome::Response;
use mrkspec_model::world::Region;
use serde_json::Value;
use std::borrow::Cow;
use std::time::Instant;

/// Rounds in which nothing changes until a watch ends, where the primary at the end is not said.
const QUIET: usize = 10;
/// The same where it is said, and shown by every member.
const ARRIVED: usize = 2;

/// An answer, and when it came.
struct Came<'c> {
    call: &'c Call,
    ready: Cow<'c, Call>,
    response: Response,
    findings: Vec<Finding>,
    times: Times,
    throttled: bool,
    failed: bool,
    lost: u32,
}

/// When one request of several was sent and answered.
struct Clock {
    started: Instant,
    times: Times,
}

impl crate::transport::Watch for Clock {
    fn before_send(&mut self) {
        self.times.sent = self.started.elapsed();
        self.times.first.get_or_insert(self.times.sent);
    }

    fn after_receive(&mut self) {
        self.times.answered = self.started.elapsed();
    }
}

impl Session<'_> {
    /// Sends calls at the same time, and judges their answers in an order in which all of them are allowed, if there
    /// is one: they may have had effect in any.
    pub(super) async fn together(&mut self, calls: &[Call], number: usize) -> Vec<Told> {
        if let Some(call) = calls.iter().find(|c| self.shared.link.lacks(c.op)) {
            return self.reporter.unsupported(call.op);
        }
        let mut ready = Vec::new();
        for call in calls {
            match self.prepare(call) {
                Ok((call, body)) => ready.push((call, body)),
                Err(missing) => {
                    return self.reporter.stop(format!("step {number} needs {missing}, which never came"));
                }
            }
        }
        self.oracle.before_send(self.now());
        let answers = self.send(&ready).await;
        self.oracle.after_receive(self.now());
        let mut came = Vec::new();
        for ((call, (ready, _)), (exchange, times)) in calls.iter().zip(ready).zip(answers) {
            match self.answered(call, ready, exchange, times, number) {
                Ok(one) => came.push(one),
                Err(told) => return told,
            }
        }
        came.sort_by_key(|c| c.times.answered);
        let asked: Vec<_> = came.iter().map(|c| (c.call, &c.response, c.lost)).collect();
        let mut told = Vec::new();
        for i in self.oracle.order(&asked) {
            told.extend(self.hear_one(&came[i], number).await);
        }
        told
    }

    /// Sends all of them, and waits for the last answer.
    async fn send(&mut self, ready: &[(Cow<'_, Call>, String)]) -> Vec<(Exchange, Times)> {
        let (shared, token, started) = (self.shared, &self.token, self.started);
        let one = |call, body| async move {
            let mut clock = Clock { started, times: Times::default() };
            let (exchange, made) = shared.exchange(call, body, token, &mut clock).await;
            (exchange, made, clock.times)
        };
        let came = join_all(ready.iter().map(|(call, body)| one(&**call, body))).await;
        let (exchanges, made): (Vec<_>, Vec<_>) =
            came.into_iter().map(|(exchange, made, times)| ((exchange, times), made)).unzip();
        let made: Vec<_> = made.into_iter().flatten().collect();
        self.reporter.record.keys += made.len();
        self.reporter.record.requests += exchanges.len() + made.len();
        self.made.extend(made);
        exchanges
    }

    /// The answer of an exchange, if there is one to judge.
    fn answered<'c>(
        &mut self,
        call: &'c Call,
        ready: Cow<'c, Call>,
        exchange: Exchange,
        times: Times,
        number: usize,
    ) -> Result<Came<'c>, Vec<Told>> {
        let mut findings = exchange.findings;
        let (decoded, failed) = match self.reporter.decoded(call.op, exchange.answer) {
            Ok(came) => came,
            Err(told) => {
                self.hear_wire(&findings, call, number);
                return Err(told);
            }
        };
        findings.extend(decoded.findings);
        let response = decoded.response;
        let (throttled, lost) = (exchange.throttled, if call.op.is_read() { 0 } else { exchange.lost });
        Ok(Came { call, ready, response, findings, times, throttled, failed, lost })
    }

    /// Judges one of the answers and takes it in. One that may be stale shows nothing yet.
    async fn hear_one(&mut self, came: &Came<'_>, number: usize) -> Vec<Told> {
        let Came { call, response, times, .. } = came;
        let row = self.notes.as_ref().map(|n| n.row(call, &came.ready, number, *times, self.oracle.bindings()));
        for _ in 0..came.lost {
            self.oracle.lost(call);
            if let (Some(notes), Some(row)) = (&mut self.notes, &row) {
                notes.lost(row.clone(), *times);
            }
        }
        self.reporter.record.lost += came.lost as usize;
        let wire = self.hear_wire(&came.findings, call, number);
        let since = times.first.unwrap_or(times.sent);
        let asked = Asked { since, sent: Some(times.sent), throttled: came.throttled, again: None };
        let ruling = match came.failed {
            true => self.oracle.hear_failure(call, response),
            false => self.oracle.hear(call, response, asked),
        };
        self.note(row, wire, response, came.throttled, matches!(ruling, Ruling::AskAgain(_)));
        if let Ruling::AskAgain(again) = ruling {
            self.reporter.record.asked_again += usize::from(matches!(again.why, Stale::Must(_)));
            return vec![Told::Line(format!("{}: it may be stale", call.region))];
        }
        self.take(call, response.clone(), ruling, None, number).await
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

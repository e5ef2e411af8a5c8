//! A smaller history that still shows what is wrong: fewer clients, fewer calls, fewer steps before and after. How often
//! calls meet as they must is up to the endpoint: each candidate is tried several times.

use super::report::RaceFinding;
use super::{Shown, generate, violation};
use crate::sequence::{Action, Sequence, Step};
use crate::session::{Record, Shared, Violation, run_sequence};
use mrkspec_model::call::{Call, Operation};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Executions that one violation may take.
const EXECUTIONS: usize = 120;
/// How often a candidate is tried until it counts as not showing it.
const TRIES: usize = 6;
/// How often it is to show it in these tries.
const WANTED: usize = 3;
/// How long one violation may take.
const MOST_TIME: Duration = Duration::from_secs(20);
/// Clients, and calls of all of them, of a history that is small enough.
const SMALL: (usize, usize) = (3, 6);
/// How often the smallest history is carried out in the end, to tell how often it shows.
const AGAIN: usize = 10;

/// What is known of a history that was made smaller.
#[derive(Clone, Copy, Debug, Default)]
pub struct Confirmed {
    /// Executions that it took.
    pub executions: usize,
    /// How often it showed, of how many times.
    pub reproduced: (usize, usize),
    /// It shows as well when the clients send their calls one after the other.
    pub sequential: bool,
}

pub(super) struct Shrink<'s> {
    shared: &'s Arc<Shared>,
    best: Shown,
    confirmed: Confirmed,
    started: Instant,
    /// The number of the next execution: keys of different ones are told apart by it.
    number: usize,
}

impl<'s> Shrink<'s> {
    pub(super) fn new(shared: &'s Arc<Shared>, shown: Shown) -> Shrink<'s> {
        let number = shown.calls as usize * EXECUTIONS * 2;
        Shrink { shared, best: shown, confirmed: Confirmed::default(), started: Instant::now(), number }
    }

    pub(super) async fn run(mut self) -> RaceFinding {
        self.try_one_by_one().await;
        if self.confirmed.sequential {
            // A sequence shows it, and is easier to understand.
            return RaceFinding::of(&self.best, &self.confirmed);
        }
        // What shows often is a better picture; what shows rarely is better than nothing.
        for wanted in [WANTED, 1] {
            while !(wanted == 1 && self.is_small()) && self.smaller(wanted).await {}
        }
        for _ in 0..AGAIN {
            let sequence = self.best.sequence.clone();
            let shown = self.try_once(&sequence).await;
            self.confirmed.reproduced.0 += usize::from(shown.is_some());
            self.confirmed.reproduced.1 += 1;
            if let Some(shown) = shown {
                self.take(&sequence, shown);
            }
        }
        self.try_one_by_one().await;
        RaceFinding::of(&self.best, &self.confirmed)
    }

    /// Finds out whether it shows without concurrency.
    async fn try_one_by_one(&mut self) {
        for candidate in one_by_one(&self.best.sequence) {
            self.confirmed.sequential |= self.try_once(&candidate).await.is_some();
        }
    }

    /// Takes the first smaller history over that shows it so often; whether there was one.
    async fn smaller(&mut self, wanted: usize) -> bool {
        for candidate in candidates(&self.best.sequence, self.best.violation.step) {
            let mut seen = None;
            let mut left = TRIES;
            let mut missing = wanted;
            while missing > 0 && missing <= left {
                if self.confirmed.executions >= EXECUTIONS || self.started.elapsed() >= MOST_TIME {
                    return false;
                }
                left -= 1;
                if let Some(shown) = self.try_once(&candidate).await {
                    (seen, missing) = (Some(shown), missing - 1);
                }
            }
            if let (Some(shown), 0) = (seen, missing) {
                self.take(&candidate, shown);
                return true;
            }
        }
        false
    }

    /// Carries a candidate out; what it showed, if that is the violation.
    async fn try_once(&mut self, candidate: &Sequence) -> Option<(Violation, Record)> {
        let record = self.execute(candidate).await;
        let found = violation(&record).filter(|v| v.rule == self.best.violation.rule).cloned();
        found.map(|violation| (violation, record))
    }

    fn take(&mut self, sequence: &Sequence, (violation, record): (Violation, Record)) {
        (self.best.sequence, self.best.violation, self.best.record) = (sequence.clone(), violation, record);
    }

    /// Whether a person sees at a glance what happens.
    fn is_small(&self) -> bool {
        let clients = self.best.sequence.steps.iter().find_map(|s| match &s.action {
            Action::Race(clients) => Some((clients.len(), clients.iter().map(Vec::len).sum::<usize>())),
            _ => None,
        });
        clients.is_none_or(|(clients, calls)| clients <= SMALL.0 && calls <= SMALL.1)
    }

    async fn execute(&mut self, candidate: &Sequence) -> Record {
        self.confirmed.executions += 1;
        self.number += 1;
        run_sequence(self.shared, candidate, self.number).await
    }
}

/// Smaller histories, the smallest first: without what comes after the violation, without a client, a call, a step.
fn candidates(sequence: &Sequence, shown_at: usize) -> Vec<Sequence> {
    let mut all = Vec::new();
    let with = |steps: Vec<Step>| Sequence { steps, ..sequence.clone() };
    if shown_at > 0 && shown_at < sequence.steps.len() {
        all.push(with(sequence.steps[..shown_at].to_vec()));
    }
    for (at, step) in sequence.steps.iter().enumerate() {
        let Action::Race(clients) = &step.action else { continue };
        let replaced = |clients: Vec<Vec<Call>>| {
            let mut steps = sequence.steps.clone();
            steps[at] = generate::told(Action::Race(clients));
            with(steps)
        };
        for i in (0..clients.len()).rev().filter(|_| clients.len() > 1) {
            let mut fewer = clients.clone();
            fewer.remove(i);
            all.push(replaced(fewer));
        }
        for (i, calls) in clients.iter().enumerate().filter(|(_, calls)| calls.len() > 1) {
            for j in (0..calls.len()).rev() {
                let mut fewer = clients.clone();
                fewer[i].remove(j);
                all.push(replaced(fewer));
            }
        }
    }
    for (at, step) in sequence.steps.iter().enumerate().rev() {
        if !matches!(&step.action, Action::Call { call, .. } if call.op != Operation::CreateKey) {
            continue;
        }
        let mut steps = sequence.steps.clone();
        steps.remove(at);
        all.push(with(steps));
    }
    all.retain(is_whole);
    all
}

/// Whether every result that is used is made before.
fn is_whole(sequence: &Sequence) -> bool {
    let made =
        |name: &str, before: usize| sequence.steps[..before].iter().flat_map(Step::calls).any(|c| *c.name == *name);
    sequence
        .steps
        .iter()
        .enumerate()
        .all(|(i, step)| step.calls().all(|call| crate::generate::names(call).iter().all(|name| made(name, i))))
}

/// The same calls one after the other, the clients in every order.
fn one_by_one(sequence: &Sequence) -> Vec<Sequence> {
    let Some(at) = sequence.steps.iter().position(|s| matches!(s.action, Action::Race(_))) else { return Vec::new() };
    let Action::Race(clients) = &sequence.steps[at].action else { return Vec::new() };
    let mut all = Vec::new();
    for first in 0..clients.len() {
        let turned = clients.iter().cycle().skip(first).take(clients.len()).flatten();
        let calls = turned
            .map(|call| generate::told(Action::Call { call: Box::new(call.clone()), settle: false, expect: None }));
        let mut steps = sequence.steps.clone();
        steps.splice(at..=at, calls);
        all.push(Sequence { steps, ..sequence.clone() });
    }
    all
}

//! Calls that were under way at the same time: they may have had effect in any order that agrees with the real time,
//! each at some moment between its beginning and its end (linearizability). A call whose answer was lost may have had
//! effect at any time after its beginning, or never.

mod search;

use super::Oracle;
use mrkspec_model::belief::Worlds;
use mrkspec_model::call::{Call, Operation};
use mrkspec_model::outcome::Response;
use search::{Found, Search};
use std::time::Duration;

/// A call among others that were under way with it.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// The call.
    pub call: &'a Call,
    /// Its answer; `None`: it was lost.
    pub answer: Option<&'a Response>,
    /// When it was sent.
    pub begin: Duration,
    /// When the answer had come. Nothing follows from when one was missed.
    pub end: Duration,
}

/// What is to be said of concurrent calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There is an order in which every answer is allowed.
    Allowed,
    /// There is none.
    Wrong,
    /// Whether there is one was not found out within the steps that the search may take.
    Open,
}

/// What the search for an order came to.
pub struct Linearized {
    /// The order in which to judge the events: one in which every answer is allowed, if there is one, else one in which
    /// the most are.
    pub order: Vec<usize>,
    /// Whether every answer is allowed in it.
    pub verdict: Verdict,
    /// The worlds that any of the allowed orders leads to.
    after: Option<Worlds>,
    /// The worlds on the way, in all of them: what a stale read may show.
    passed: Vec<Worlds>,
    /// What came of the calls is open, and a read alone does not decide it: it may be stale.
    doubtful: bool,
}

/// Worlds that one search may look into: more than that are met only where hardly anything is ordered.
pub const MOST_STEPS: usize = 60_000;

/// Answers of one step that may be wrong for the rest to be put in order.
const MOST_WRONG: usize = 3;

impl Oracle {
    /// Looks for an order of concurrent calls. Of several, the one nearest to that in which they ended.
    pub fn linearize(&self, events: &[Event<'_>], most_steps: usize) -> Linearized {
        let earlier = (!self.consistent).then_some(&self.history);
        let in_doubt = |e: &Event| !self.consistent || e.call.op == Operation::RotateKeyOnDemand;
        let lost = events.iter().filter(|e| e.answer.is_none()).any(in_doubt);
        let Some(mut search) = Search::new(&self.belief, events, earlier) else {
            return Linearized::none(events, Verdict::Open);
        };
        for wrong in 0..=MOST_WRONG {
            // Which answers are wrong is worth less than whether any is.
            let steps = if wrong == 0 { most_steps } else { most_steps / 3 };
            match search.run(wrong, steps) {
                Found::Order { order, after, passed } => {
                    let (verdict, after) = match wrong {
                        0 => (Verdict::Allowed, Some(after)),
                        _ => (Verdict::Wrong, None),
                    };
                    let passed = if self.consistent { Vec::new() } else { passed };
                    let open = after.as_ref().is_some_and(|worlds| worlds.iter().count() > 1);
                    let doubtful = lost || (open && !self.consistent);
                    return Linearized { order: with_the_rest(order, events.len()), verdict, after, passed, doubtful };
                }
                Found::Nothing => {}
                Found::TooMuch => {
                    let verdict = if wrong == 0 { Verdict::Open } else { Verdict::Wrong };
                    return Linearized::none(events, verdict);
                }
            }
        }
        Linearized::none(events, Verdict::Wrong)
    }

    /// Before the events are taken in, in the order that was found. Where it allows every answer, none of them deviates.
    pub fn begin_order(&mut self, linearized: &Linearized) {
        self.explained = linearized.verdict == Verdict::Allowed;
    }

    /// After the events were taken in, in the order that was found: from now on every order is believed in that is
    /// allowed. Which of them it was, later answers tell.
    pub fn take_any_order(&mut self, linearized: &Linearized) {
        self.explained = false;
        if let Some(after) = &linearized.after {
            self.belief = self.belief.at(after);
            linearized.passed.iter().for_each(|worlds| self.history.keep_worlds(worlds.clone()));
            if linearized.doubtful {
                self.unconfirmed.widen(&self.belief);
            }
        }
    }
}

impl Linearized {
    fn none(events: &[Event<'_>], verdict: Verdict) -> Linearized {
        let mut order: Vec<usize> = (0..events.len()).collect();
        order.sort_by_key(|i| events[*i].end);
        Linearized { order, verdict, after: None, passed: Vec::new(), doubtful: false }
    }
}

/// The order, with those events that it can do without at its end: lost answers to calls that had no effect.
fn with_the_rest(mut order: Vec<usize>, all: usize) -> Vec<usize> {
    let rest: Vec<usize> = (0..all).filter(|i| !order.contains(i)).collect();
    order.extend(rest);
    order
}

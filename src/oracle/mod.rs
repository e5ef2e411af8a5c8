//! THE ORACLE: told of calls, answers, losses and passing time, it says of each answer whether it is
//! accepted, whether to ask again, or whether it deviates. It holds the belief and everything that a
//! belief over the answers of a real endpoint needs: reads that are stale, answers that were lost, periods
//! that end. It is synchronous: it sends nothing, waits for nothing and reads no clock; `now` is the time
//! since the sequence began, as whoever asks tells it.
//!
//! ```text
//!   before_send(now) ─> [lost(call)]* ─> after_receive(now) ─> hear(call, answer) ─> Ruling
//!        ^                                                        │ AskAgain
//!        └────────────────────────────────────────────────────────┘
//!                                              Accepted, Deviation ─> commit ─> Taken
//! ```
//!
//! Sessions (check, fuzz, replay), lockstep and judge use it; nothing else holds a belief.

mod concurrent;
mod history;
mod patience;
mod premature;
mod recorded;
mod resync;
mod ruling;
mod schedule;
mod settling;
mod staleness;
mod unconfirmed;

#[cfg(test)]
mod tests;

pub use concurrent::{Event, MOST_STEPS, Verdict};
pub use patience::Patience;
pub use premature::MEANWHILE;
pub use ruling::{AskAgain, Asked, Assessed, Ruling, Stale, Taken};
pub use settling::{Look, Round};
pub use staleness::Staleness;

use history::History;
use mrkspec_model::belief::{Belief, Judgement};
use mrkspec_model::bindings::{Bindings, Slot};
use mrkspec_model::call::{Arg, Call, Operation};
use mrkspec_model::matching::{Mismatch, describe_response};
use mrkspec_model::outcome::Response;
use mrkspec_model::places::is_no_name;
use mrkspec_model::rules::WIRE_016;
use mrkspec_model::step::addressed_state;
use mrkspec_model::world::{Name, Region};
use premature::Premature;
use schedule::Schedule;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use unconfirmed::Unconfirmed;

/// What an oracle is told about the endpoint before the first call.
#[derive(Clone, Debug)]
pub struct Knowledge {
    /// What stands between `alias/` and the symbolic name of an alias.
    pub alias_prefix: String,
    /// False at an endpoint that was found to evaluate no policies (F-118).
    pub enforced: bool,
    /// True for an endpoint whose reads are never stale. Real AWS is eventually consistent (F-077).
    pub consistent: bool,
    /// Where it is counted how often reads are stale, if that is to be found out.
    pub staleness: Option<Arc<Staleness>>,
    /// How long a day of a deletion's waiting period takes (F-083).
    pub day: Duration,
    /// The ARN of the second principal, if there is one.
    pub limited: Option<String>,
}

/// Belief over the answers of one endpoint to one sequence of calls.
pub struct Oracle {
    belief: Belief,
    history: History,
    unconfirmed: Unconfirmed,
    schedule: Schedule,
    patience: Arc<Patience>,
    consistent: bool,
    staleness: Option<Arc<Staleness>>,
    now: Duration,
    /// When the call was sent whose answer is awaited.
    sent: Option<Duration>,
    /// The belief before the call that is being asked, while answers to it are lost.
    before_losses: Option<Belief>,
    /// Reads that would show what was found to be wrong already.
    distrusted: BTreeSet<Operation>,
    /// The last success that says that something is over.
    premature: Option<Premature>,
    /// Concurrent answers are being taken in, and some order allows all of them.
    explained: bool,
}

impl Oracle {
    /// An oracle that knows of no key yet.
    pub fn new(knowledge: &Knowledge, patience: Arc<Patience>) -> Oracle {
        let mut belief = Belief::new(&knowledge.alias_prefix, knowledge.enforced);
        if let Some(arn) = &knowledge.limited {
            belief.bindings.set(Slot::LimitedPrincipal, json!(arn));
        }
        Oracle {
            belief,
            history: History::default(),
            unconfirmed: Unconfirmed::default(),
            schedule: Schedule::new(knowledge.day),
            patience,
            consistent: knowledge.consistent,
            staleness: knowledge.staleness.clone(),
            now: Duration::ZERO,
            sent: None,
            before_losses: None,
            distrusted: BTreeSet::new(),
            premature: None,
            explained: false,
        }
    }

    /// What the symbols of the sequence stand for, as far as answers have shown it.
    pub fn bindings(&self) -> &Bindings {
        &self.belief.bindings
    }

    /// The belief, to be looked at.
    pub fn belief(&self) -> &Belief {
        &self.belief
    }

    /// To be called right before anything is sent.
    pub fn before_send(&mut self, now: Duration) {
        (self.now, self.sent) = (now, Some(now));
        self.schedule.before_send(now, &mut self.belief);
    }

    /// To be called when an answer has come, or was lost: a call that is repeated may be answered long
    /// after it was sent first.
    pub fn after_receive(&mut self, now: Duration) {
        self.now = now;
        self.schedule.pass(now, &mut self.belief);
    }

    /// The answer to a call was lost, or was a failure that leaves open whether the call had effect (F-010):
    /// both worlds stay.
    pub fn lost(&mut self, call: &Call) {
        if call.op.is_read() {
            return;
        }
        self.before_losses.get_or_insert_with(|| self.belief.clone());
        let lost = Response::Lost(String::new());
        self.belief.observe(call, &lost);
        // A rotation shows when it has ended (F-092): until then a read says as little as a stale one.
        if !self.consistent || call.op == Operation::RotateKeyOnDemand {
            self.unconfirmed.fork(&self.belief, call, &lost);
        }
    }

    /// True when nothing can be learned from this read: it would show what a call did that should have
    /// been refused, or what another read has shown, and that has been reported.
    pub fn is_distrusted(&self, op: Operation) -> bool {
        self.distrusted.contains(&op)
    }

    /// Rules on an answer. `asked` tells when the call was sent first, and what happened since.
    /// [`Ruling::AskAgain`] is given only until its deadline has passed.
    pub fn hear(&mut self, call: &Call, response: &Response, asked: Asked) -> Ruling {
        // An answer may come late because nothing ran meanwhile, here or there: what counts is when it was asked for.
        let elapsed = asked.sent.or(self.sent.take()).unwrap_or(self.now).saturating_sub(asked.since);
        let ruling = self.rule_on(call, response, asked, elapsed);
        if let (Ruling::Accepted(_), Some(staleness)) = (&ruling, &self.staleness) {
            match asked.again {
                Some(again) if again.settled => staleness.note_stale(),
                None if staleness.is_open() && self.is_fresh(call, response) => staleness.note_fresh(),
                _ => {}
            }
        }
        ruling
    }

    fn rule_on(&mut self, call: &Call, response: &Response, asked: Asked, elapsed: Duration) -> Ruling {
        let assessed = self.assess(call, response);
        let judgement = assessed.judgement();
        if judgement.allowed {
            let should = self.patience.again();
            let may_be_stale =
                !judgement.mismatches.is_empty() && elapsed < should && self.should_may_be_stale(call, response);
            return match may_be_stale {
                false => {
                    let did_nothing = asked.throttled && self.shows_no_effect(call, response);
                    Ruling::Accepted(Assessed { did_nothing, ..assessed })
                }
                true => Ruling::AskAgain(AskAgain {
                    until: asked.since + should,
                    why: Stale::Should,
                    settled: false,
                    shows_under_way: false,
                }),
            };
        }
        let rule = judgement.mismatches.iter().find(|m| m.is_must()).map(|m| m.rule);
        let stale = self.may_be_stale(call, response);
        let deadline = rule.map_or(Duration::ZERO, |r| self.patience.deadline_for(r));
        if stale && elapsed < deadline {
            let under_way = call.op == Operation::DescribeKey && response.shows_under_way();
            return Ruling::AskAgain(AskAgain {
                until: asked.since + deadline,
                why: Stale::Must(rule),
                settled: call.op.is_read() && self.is_settled() && !under_way,
                shows_under_way: under_way,
            });
        }
        if asked.throttled
            && let Some(accepted) = self.throttled_call_worked(call, response)
        {
            return Ruling::Accepted(accepted);
        }
        if self.rollback_stale_read(call, response) {
            return Ruling::Accepted(self.assess(call, response));
        }
        if self.explained {
            // Not in the order in which it is told, but in another: then it is stale here.
            let (until, why) = (self.now, Stale::Must(rule));
            return Ruling::AskAgain(AskAgain { until, why, settled: false, shows_under_way: false });
        }
        if let Some(rule) = rule.filter(|_| stale) {
            self.patience.exhaust(rule);
        }
        Ruling::Deviation(assessed)
    }

    /// An endpoint that fails internally however often it is asked: that is its answer. It is judged by
    /// what was believed before the call; whether anything came of it stays open.
    pub fn hear_failure(&mut self, call: &Call, failure: &Response) -> Ruling {
        let before = self.before_losses.as_ref().unwrap_or(&self.belief);
        let assessment = before.assess(call, failure);
        let assessed = Assessed::new(assessment, Vec::new());
        if assessed.judgement().allowed { Ruling::Accepted(assessed) } else { Ruling::Deviation(assessed) }
    }

    /// Nothing more will be heard of this call: what its lost answers left open stays open.
    pub fn hear_nothing(&mut self, call: &Call) {
        self.lost(call);
        self.before_losses = None;
        if !call.op.is_read() {
            self.history.keep(&self.belief);
        }
    }

    /// Takes a final answer into the belief.
    ///
    /// # Panics
    /// When the ruling was to ask again: no answer has been settled on then.
    pub fn commit(&mut self, call: &Call, response: &Response, ruling: Ruling) -> Taken {
        let (assessed, deviates) = match ruling {
            Ruling::Accepted(assessed) => (assessed, false),
            Ruling::Deviation(assessed) => (assessed, true),
            Ruling::AskAgain(_) => panic!("an answer that may be stale is not taken in"),
        };
        self.before_losses = None;
        if !call.op.is_read() {
            self.history.keep(&self.belief);
        }
        let states: BTreeSet<_> =
            self.belief.worlds().iter().filter_map(|w| addressed_state(w, call)).map(|s| s.name()).collect();
        let state = self.belief.worlds().first().and_then(|w| addressed_state(w, call)).map_or("", |s| s.name());
        let Assessed { assessment, throttled, .. } = assessed;
        let mut judgement = assessment.judgement.clone();
        match deviates {
            true => judgement.mismatches = self.blamed(call, response, &judgement),
            false => self.note_premature(call, response),
        }
        judgement.mismatches.extend(throttled);
        let unknown = !call.op.is_read() && matches!(response, Response::Error { status: 500.., .. });
        if !unknown {
            if !call.op.is_read() {
                self.unconfirmed.follow(&self.belief, call, response);
            }
            let before = self.belief.snapshot();
            self.belief.commit(call, response, assessment);
            if call.op.is_read() {
                self.history.keep_if_changed(before, &self.belief);
            }
            self.schedule.note_expiry(call, response);
            self.note_wrapping(call, response);
        }
        if deviates && !call.op.is_read() && is_unexpected_success(&judgement, response) {
            self.distrusted.extend(shown_by(call.op));
        }
        if deviates && lists_all_grants(call) && judgement.mismatches.iter().any(|m| m.path == "Grants") {
            self.distrusted.insert(Operation::ListRetirableGrants);
        }
        // Only when every possible world agrees on the state is the cell of the table known.
        let cell = (!deviates && states.len() == 1).then_some(state).filter(|s| !s.is_empty());
        Taken { judgement, state, cell, deviates }
    }

    /// The families of which a key may exist.
    pub fn families(&self) -> BTreeSet<Name> {
        self.belief.worlds().iter().flat_map(|w| w.families.keys().cloned()).collect()
    }

    /// The Regions in which some possible world has a member of the family.
    pub fn regions(&self, family: &str) -> Vec<Region> {
        let members =
            self.belief.worlds().iter().filter_map(|w| w.family(family)).flat_map(|f| f.members.keys().cloned());
        members.collect::<BTreeSet<Region>>().into_iter().collect()
    }

    /// Those of them that can be asked. Where no Region can be, what answers, if anything does, is another Region's endpoint.
    pub fn askable_regions(&self, family: &str) -> Vec<Region> {
        self.regions(family).into_iter().filter(|region| !is_no_name(region)).collect()
    }

    /// How long until a pending deletion or expiry of this member must have come.
    pub fn time_left(&mut self, family: &Name, region: &Region, now: Duration) -> Duration {
        self.before_send(now);
        self.schedule.time_left(family, region, now)
    }

    /// Later material is wrapped as GetParametersForImport was asked for.
    fn note_wrapping(&mut self, call: &Call, response: &Response) {
        if let (Operation::GetParametersForImport, Some(algorithm), Response::Success(_)) =
            (call.op, call.text("WrappingAlgorithm"), response)
        {
            self.belief.bindings.set(Slot::Wrapping(call.name.clone()), json!(algorithm));
            let named = match call.args.get("KeyId") {
                Some(Arg::Key(key)) => self.belief.worlds().first().and_then(|w| w.family(&key.name)),
                _ => None,
            };
            if let Some(spec) = named.map(|f| f.spec.name()) {
                self.belief.bindings.set(Slot::WrappedSpec(call.name.clone()), json!(spec));
            }
        }
    }

    fn assess(&self, call: &Call, response: &Response) -> Assessed {
        Assessed::new(self.belief.assess(call, response), Vec::new())
    }

    /// Whether an answer makes sense only if the call had its effect when it was throttled (F-009).
    /// Then that breaks a rule, and the belief takes the effect over.
    fn throttled_call_worked(&mut self, call: &Call, response: &Response) -> Option<Assessed> {
        let mut after = self.belief.clone();
        after.observe(call, &Response::Lost("throttled".into()));
        let assessment = after.assess(call, response);
        if !assessment.judgement.allowed {
            return None;
        }
        self.belief = after;
        let broken = Mismatch {
            rule: WIRE_016,
            path: String::new(),
            expected: "nothing changed by a throttled call".into(),
            observed: format!("{}, as if the throttled call had worked", describe_response(response)),
            by: None,
        };
        Some(Assessed::new(assessment, vec![broken]))
    }

    /// Whether this answer could not have come if the call had already had its effect.
    fn shows_no_effect(&self, call: &Call, response: &Response) -> bool {
        !call.op.is_read() && self.belief.after_success(call).is_some_and(|b| !b.judge(call, response).allowed)
    }
}

/// A success where every allowed outcome is a refusal.
fn is_unexpected_success(judgement: &Judgement, response: &Response) -> bool {
    matches!(response, Response::Success(_)) && judgement.mismatches.iter().any(|m| m.path.is_empty())
}

/// ListGrants that leaves none out. Which grants a member has is its matter: ListRetirableGrants only chooses among them.
fn lists_all_grants(call: &Call) -> bool {
    call.op == Operation::ListGrants
        && !call.args.contains_key("GrantId")
        && !call.args.contains_key("GranteePrincipal")
}

/// The reads, other than DescribeKey, that show what an operation changed.
fn shown_by(op: Operation) -> &'static [Operation] {
    use Operation::*;
    match op {
        EnableKeyRotation | DisableKeyRotation => &[GetKeyRotationStatus],
        RotateKeyOnDemand => &[ListKeyRotations],
        TagResource | UntagResource => &[ListResourceTags],
        PutKeyPolicy => &[GetKeyPolicy],
        CreateGrant | RevokeGrant | RetireGrant => &[ListGrants, ListRetirableGrants],
        CreateAlias | UpdateAlias | DeleteAlias => &[ListAliases],
        _ => &[],
    }
}

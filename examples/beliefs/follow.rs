//! One history on one endpoint in this process, whatever becomes of it.

use super::call_of;
use mrkspec::internals::sequence::{Sequence, normalise};
use mrkspec::internals::{transport, wrapped};
use mrkspec_model::bindings::Slot;
use mrkspec_model::call::{Auth, Call, Caller, Operation};
use mrkspec_model::world::{KeyState, Name, Region};
use mrkspec_model::{Belief, Judgement, Response};
use mrkspec_reference::{Settings, fuzzing::Endpoint};
use serde_json::json;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// A belief with more worlds is given up, and with it the rest of the history.
const MOST_WORLDS: usize = 600;

/// One call, and what was made of its answer.
pub struct Seen<'s> {
    pub number: usize,
    pub what: String,
    /// Nothing when the answer was lost.
    pub judgement: Option<&'s Judgement>,
    /// How many worlds are possible afterwards.
    pub worlds: usize,
}

/// The endpoint, and what is believed of it.
pub struct Follow {
    endpoint: Endpoint,
    belief: Belief,
    /// Every so many calls an answer is lost; never if zero.
    losing: usize,
    short_days: bool,
    calls: usize,
}

impl Follow {
    pub fn new(settings: Settings, losing: usize) -> Follow {
        let short_days = settings.day.as_secs() == 0;
        let mut belief = Belief::new("beliefs-", true);
        belief.bindings.set(Slot::LimitedPrincipal, json!("arn:aws:iam::111122223333:user/limited"));
        Follow { endpoint: Endpoint::new(settings), belief, losing, short_days, calls: 0 }
    }

    pub fn sequence(&mut self, sequence: &Sequence, told: &mut dyn FnMut(Seen)) {
        for (i, step) in sequence.steps.iter().enumerate() {
            let Some((call, settle)) = call_of(&step.action) else { continue };
            let slow = call.op == Operation::CreateKey && call.text("KeySpec").is_some_and(|s| s.starts_with("RSA_"));
            if slow || self.belief.worlds().len() > MOST_WORLDS {
                continue;
            }
            self.call(call, i + 1, told);
            if settle {
                self.settle(i + 1, told);
            }
        }
    }

    fn call(&mut self, call: &Call, number: usize, told: &mut dyn FnMut(Seen)) {
        let Some(response) = self.ask(call) else { return };
        self.calls += 1;
        let what = normalise::call(call);
        if self.losing > 0 && self.calls.is_multiple_of(self.losing) {
            self.belief.observe(call, &Response::Lost("lost".into()));
            return told(Seen { number, what, judgement: None, worlds: self.belief.worlds().len() });
        }
        let judgement = self.belief.observe(call, &response);
        if let (Operation::GetParametersForImport, Some(algorithm)) = (call.op, call.text("WrappingAlgorithm")) {
            self.belief.bindings.set(Slot::Wrapping(call.name.clone()), json!(algorithm));
        }
        told(Seen { number, what, judgement: Some(&judgement), worlds: self.belief.worlds().len() });
    }

    /// Looks at every member, and judges by what may be seen now and by what must be in the end.
    fn settle(&mut self, number: usize, told: &mut dyn FnMut(Seen)) {
        let worlds = self.belief.worlds().iter();
        let members: BTreeSet<(Name, Region)> = worlds
            .flat_map(|w| &w.families)
            .flat_map(|(name, f)| f.members.keys().map(move |r| (name.clone(), r.clone())))
            .collect();
        let mut settled = self.belief.all_settled();
        let mut all = true;
        for (name, region) in members {
            let look = Call::new(Operation::DescribeKey, &region).key(&name);
            let Some(response) = self.ask(&look) else { continue };
            let now = self.belief.observe(&look, &response);
            let what = format!("looks at {name} in {region}");
            told(Seen { number, what, judgement: Some(&now), worlds: self.belief.worlds().len() });
            if let Some(settled) = &mut settled {
                let judgement = settled.observe(&look, &response);
                all &= judgement.allowed;
                let what = format!("settled, {name} in {region}");
                told(Seen { number, what, judgement: Some(&judgement), worlds: settled.worlds().len() });
            }
        }
        if let Some(settled) = settled.filter(|_| all) {
            self.belief = settled;
        }
    }

    fn ask(&mut self, call: &Call) -> Option<Response> {
        if self.short_days {
            self.mark_due();
        }
        if call.auth != Auth::Valid {
            return None;
        }
        let ready = wrapped(Cow::Borrowed(call), &self.belief.bindings, "beliefs").ok()?;
        let body = transport::encode(&ready, &self.belief.bindings).ok()?;
        let principal = match call.caller {
            Caller::Admin => 0,
            Caller::Limited => 1,
            Caller::Other => 2,
        };
        let answer = self.endpoint.ask(principal, &call.region, call.op.name(), body.as_bytes());
        if self.short_days {
            self.mark_due();
        }
        Some(match answer {
            Ok(value) => Response::Success(value),
            Err((code, message, status)) => Response::Error { code: code.into(), message, status },
        })
    }

    /// Where days are that short, every pending deletion may be over.
    fn mark_due(&mut self) {
        let worlds = self.belief.worlds().iter();
        let pending: BTreeSet<(Name, Region)> = worlds
            .flat_map(|w| &w.families)
            .flat_map(|(name, f)| f.members.iter().map(move |(r, m)| (name.clone(), r.clone(), m.state)))
            .filter(|(_, _, state)| *state == KeyState::PendingDeletion)
            .map(|(name, region, _)| (name, region))
            .collect();
        for (name, region) in pending {
            self.belief.mark_due(&name, &region);
        }
    }
}

/// A judgement in one line. What was observed is left out: it may be random.
pub fn words(judgement: &Judgement) -> String {
    let mismatches = judgement.mismatches.iter().map(|m| format!("{} {} <{}>", m.rule, m.path, m.expected));
    let situation = judgement.situation.map_or("-".to_string(), |s| s.to_string());
    format!(
        "{} | upheld {:?} | broken {:?} | at stake {:?} | {} | {situation}",
        if judgement.allowed { "allowed" } else { "REFUSED" },
        judgement.upheld,
        mismatches.collect::<Vec<_>>(),
        judgement.at_stake,
        judgement.latitude,
    )
}

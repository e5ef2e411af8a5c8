//! Finding the way back after a deviation: what follows from one is not reported as another.

use super::Oracle;
use crate::sequence::normalise;
use mrkspec_model::attribution::NEVER_A_CONSEQUENCE;
use mrkspec_model::belief::{Belief, Judgement};
use mrkspec_model::call::{Arg, Call};
use mrkspec_model::keyspec::Origin;
use mrkspec_model::matching::{Mismatch, describe_response, lookup};
use mrkspec_model::outcome::Response;
use serde_json::Value;

/// What looking at every member came to.
#[derive(Debug, Default)]
pub struct Resync {
    /// What is reported in its own right, by the look that showed it.
    pub report: Vec<(Call, Mismatch)>,
    /// Why the sequence cannot go on, if it cannot.
    pub stopped: Option<String>,
}

impl Oracle {
    /// Goes on from the belief that agrees with what every member shows: the present one, or an earlier one as
    /// if the call had done nothing. When none agrees, the differences are taken as given: what caused
    /// them has been reported.
    pub fn resync(&mut self, seen: &[(Call, Response)]) -> Resync {
        let earlier = self.history.latest().take(2).map(|w| self.belief.at(w).with_artifacts_of(&self.belief));
        let candidates: Vec<Belief> = std::iter::once(self.belief.clone()).chain(earlier).collect();
        for mut belief in candidates {
            belief = belief.all_settled().unwrap_or(belief);
            if seen.iter().all(|(call, response)| belief.retain_consistent(call, response)) {
                self.belief = belief;
                return Resync::default();
            }
        }
        let mut resync = Resync::default();
        for (call, response) in seen {
            let judged = self.belief.judge(call, response);
            if !judged.allowed && resync.stopped.is_none() {
                let always = judged.mismatches.iter().filter(|m| is_never_a_consequence(m));
                resync.report.extend(always.map(|m| (call.clone(), m.clone())));
                resync.stopped = self.take_as_given(call, response, &judged);
            }
        }
        resync
    }

    /// Takes a wrong answer to DescribeKey as given from now on. Returns why the sequence cannot go on, if the
    /// rest would be guesswork.
    pub fn take_as_given(&mut self, call: &Call, response: &Response, judged: &Judgement) -> Option<String> {
        self.unconfirmed.forget();
        let call_words = || normalise::call(call);
        let Response::Success(body) = response else {
            return Some(format!("after a deviation, {} gives {}", call_words(), describe_response(response)));
        };
        if judged.mismatches.iter().any(|m| m.path.is_empty()) {
            return Some(format!("{} finds a key where none should be", call_words()));
        }
        let shown = lookup(body, "KeyMetadata.KeyState").and_then(Value::as_str).unwrap_or("");
        if shown == "PendingImport" && !judged.allowed && self.imports_nothing(call) {
            let shows = format!("{} shows PendingImport for material of AWS", call_words());
            return Some(format!("after a deviation, {shows}: no rule says what such a key can do"));
        }
        let mut rest = judged.clone();
        if let Some(Arg::Key(key)) = call.args.get("KeyId")
            && self.belief.fold_state(&key.name, &call.region, shown)
        {
            rest.mismatches.retain(|m| m.path != "KeyMetadata.KeyState");
            // What does not go with that state is no news either.
            let again = self.belief.judge(call, response);
            self.belief.waive(call, &again);
        }
        self.belief.waive(call, &rest);
        None
    }

    /// Whether a key has no material to be imported: if it shows PendingImport all the same, nothing that
    /// follows could be judged.
    fn imports_nothing(&self, call: &Call) -> bool {
        let Some(Arg::Key(key)) = call.args.get("KeyId") else {
            return false;
        };
        self.belief.worlds().iter().filter_map(|w| w.family(&key.name)).all(|f| f.origin != Origin::External)
    }
}

fn is_never_a_consequence(m: &Mismatch) -> bool {
    NEVER_A_CONSEQUENCE.contains(&m.rule)
}

//! What a sequence reports: broken rules, each once, with what was expected and what came; and its transcript.

use super::record::{Kind, Sighting, Told};
use super::{Record, Shared, StepRecord, Violation, outside};
use crate::oracle::Oracle;
use crate::sequence::{Expect, Step, normalise};
use crate::transport::{Answer, Decoded, Finding};
use mrkspec_model::bindings::Bindings;
use mrkspec_model::call::{Arg, Call, Operation};
use mrkspec_model::matching::brief;
use mrkspec_model::matching::{Mismatch, SECRET_MEMBERS, describe_response, lookup};
use mrkspec_model::outcome::Response;
use mrkspec_model::rule::RuleId;
use mrkspec_model::rules::WIRE_017;
use mrkspec_model::world::Region;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// When a rule was first seen broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstViolation {
    /// Requests sent in the run until then.
    pub requests: u64,
    /// Id of the sequence.
    pub scenario: String,
}

/// A call whose answer breaks rules.
#[derive(Clone, Copy)]
pub(super) struct Asked<'c> {
    /// Number of the step, from 1.
    pub number: usize,
    pub call: &'c Call,
    /// The key state of the addressed member before the call, or nothing.
    pub state: &'static str,
    /// What came; nothing where the form of the answer is wrong, or what is wrong is not in one answer.
    pub response: Option<&'c Response>,
}

impl Asked<'_> {
    fn sighting(self, m: &Mismatch) -> Sighting {
        let kind = match (m.path.as_str(), self.response) {
            _ if m.by.is_some() => Kind::Accepted,
            ("", Some(Response::Success(_))) => Kind::Accepted,
            ("", Some(Response::Error { code, .. })) => Kind::Refused(code.clone()),
            ("code", Some(Response::Error { code, .. })) => Kind::Code(code.clone()),
            ("" | "code", _) => Kind::Form,
            (path, _) => Kind::Member(path.to_string()),
        };
        let subject = self.call.args.get("KeyId").or_else(|| self.call.args.get("AliasName"));
        let subject = subject.and_then(|arg| match arg {
            Arg::Key(key) => Some(key.name.to_string()),
            Arg::AliasName(name) => Some(name.to_string()),
            _ => None,
        });
        // What another call should not have done it did in the state that this answer shows.
        let shown = self.response.and_then(|r| match r {
            Response::Success(body) => body["KeyMetadata"]["KeyState"].as_str(),
            _ => None,
        });
        let state = if m.by.is_some() { shown.unwrap_or_default() } else { self.state };
        Sighting {
            op: m.by.unwrap_or(self.call.op),
            region: self.call.region.to_string(),
            subject,
            state: state.to_string(),
            kind,
        }
    }
}

/// Writes the record of one sequence.
pub(super) struct Reporter<'s> {
    pub(super) record: Record,
    shared: &'s Shared,
    /// Members of answers that were reported already.
    reported: BTreeSet<(RuleId, Operation, Region, String)>,
}

impl<'s> Reporter<'s> {
    pub(super) fn new(shared: &'s Shared, record: Record) -> Reporter<'s> {
        Reporter { record, shared, reported: BTreeSet::new() }
    }

    /// Notes a step with what its transcript says.
    pub(super) fn step(&mut self, number: usize, step: &Step, answer: Vec<Told>) {
        self.record.steps.push(StepRecord { number, text: step.text.clone(), answer });
    }

    /// The sequence cannot go on.
    pub(super) fn stop(&mut self, why: String) -> Vec<Told> {
        self.record.stopped.get_or_insert(why);
        Vec::new()
    }

    /// The endpoint does not know an operation.
    pub(super) fn unsupported(&mut self, op: Operation) -> Vec<Told> {
        self.record.unsupported.insert(op);
        vec![Told::Line("unsupported".into())]
    }

    /// The answer that there is to judge, and whether it is a failure that stays; otherwise what the transcript says
    /// of there being none.
    pub(super) fn decoded(&mut self, op: Operation, answer: Answer) -> Result<(Decoded, bool), Vec<Told>> {
        match answer {
            Answer::Unsupported(_) => Err(self.unsupported(op)),
            Answer::Nothing(why) | Answer::Unreadable(why) => {
                self.stop(format!("{op}: {why}"));
                Err(vec![Told::Line("no answer".into())])
            }
            Answer::Failed(decoded) => Ok((decoded, true)),
            Answer::Came(decoded) => Ok((decoded, false)),
        }
    }

    /// What the form of an answer says.
    pub(super) fn wire(&mut self, finding: Finding, number: usize, call: &Call, bindings: &Bindings) {
        match finding.broken {
            None => {
                self.record.upheld.insert(finding.rule);
            }
            Some((expected, observed)) => self.broken(finding.rule, number, call, [expected, observed], bindings),
        }
    }

    /// An exception that AWS documents as passing does not pass (F-010).
    pub(super) fn internal_failure(&mut self, response: &Response, number: usize, call: &Call, bindings: &Bindings) {
        if let Response::Error { code, message, .. } = response
            && code == "KMSInternalException"
        {
            let words = ["an answer when the call is repeated".into(), format!("{code} every time: {message}")];
            self.broken(WIRE_017, number, call, words, bindings);
        }
    }

    fn broken(&mut self, rule: RuleId, number: usize, call: &Call, words: [String; 2], bindings: &Bindings) {
        let [expected, observed] = words;
        let mismatch = Mismatch { rule, path: String::new(), expected, observed, by: None };
        self.report(&[mismatch], Asked { number, call, state: "", response: None }, bindings);
    }

    /// Reports broken rules, each once for each operation and member of a sequence.
    pub(super) fn report(&mut self, list: &[Mismatch], asked: Asked, bindings: &Bindings) {
        let Asked { number, call, .. } = asked;
        for m in list {
            let seen = (m.rule, call.op, call.region.clone(), m.path.clone());
            if !m.path.is_empty() && m.path != "code" && !self.reported.insert(seen) {
                continue;
            }
            let place = if m.path.is_empty() { String::new() } else { format!("{}: ", m.path) };
            let normal = |text: &str| normalise::text(text, bindings);
            let expected = normal(&format!("{place}{}", m.expected));
            let observed = normal(&format!("{place}{}", m.observed));
            self.shared.note_violation(m.rule, &self.record.id);
            let shape = match m.path.as_str() {
                "" | "code" => m.observed.split([':', ' ']).next().unwrap_or("").to_string(),
                path => path.to_string(),
            };
            self.record.violations.push(Violation {
                rule: m.rule,
                scenario: self.record.id.clone(),
                step: number,
                call: normalise::call(call),
                expected,
                observed,
                repro: String::new(),
                count: 1,
                shape,
                sighting: Some(asked.sighting(m)),
            });
        }
    }

    /// Verifies a signature with the public key that the endpoint gave, outside of it (F-103).
    pub(super) fn verify_outside(&mut self, call: &Call, response: &Response, number: usize, oracle: &Oracle) {
        match outside::signature_is_valid(oracle, call, response) {
            Some((rule, true, _)) => {
                self.record.upheld.insert(rule);
            }
            Some((rule, false, algorithm)) => {
                self.broken(rule, number, call, outside::wrong_signature(&algorithm), oracle.bindings());
            }
            None => {}
        }
    }

    /// The scenario's own expectation.
    pub(super) fn expectation(
        &mut self,
        expect: &Expect,
        call: &Call,
        response: &Response,
        number: usize,
        bindings: &Bindings,
    ) {
        let asked = expect.error.as_deref();
        let came = match response {
            Response::Error { code, .. } => Some(code.as_str()),
            _ => None,
        };
        if asked != came {
            let words = asked.map_or("success".to_string(), |c| format!("refused with {c}"));
            let expected = format!("{words} (the scenario's own expectation)");
            self.broken(expect.rule, number, call, [expected, describe_response(response)], bindings);
            return;
        }
        let Response::Success(body) = response else { return };
        for (path, wanted) in &expect.members {
            let seen = lookup(body, path).unwrap_or(&Value::Null);
            if seen != wanted {
                let expected = format!("{path}: {wanted} (the scenario's own expectation)");
                let secret = SECRET_MEMBERS.contains(&path.rsplit('.').next().unwrap_or(""));
                let came = if secret { "another value (not printed)".into() } else { brief(seen) };
                self.broken(expect.rule, number, call, [expected, format!("{path}: {came}")], bindings);
            }
        }
    }
}

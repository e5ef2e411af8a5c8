//! What a sequence reports: broken rules, each once, with what was expected and what came.

use super::driver::Driver;
use super::exchange::FirstViolation;
use super::outside;
use crate::sequence::Expect;
use crate::sequence::normalise;
use mrkspec_model::call::{Call, Operation};
use mrkspec_model::matching::{Mismatch, describe_response, lookup};
use mrkspec_model::outcome::Response;
use mrkspec_model::rules::{CRY_008, WIRE_017};
use mrkspec_model::world::Artifact;
use serde_json::Value;
use std::sync::atomic::Ordering::Relaxed;

impl Driver<'_> {
    pub(super) fn wire_finding(&mut self, finding: crate::transport::Finding, number: usize, call: &Call) {
        match finding.broken {
            None => {
                self.record.upheld.insert(finding.rule);
            }
            Some((expected, observed)) => self.mismatch_text(finding.rule, number, call, &expected, observed),
        }
    }

    /// An exception that AWS documents as passing does not pass (F-010).
    pub(super) fn internal_failure(&mut self, response: &Response, number: usize, call: &Call) {
        if let Response::Error { code, message, .. } = response
            && code == "KMSInternalException"
        {
            self.mismatch_text(
                WIRE_017,
                number,
                call,
                "an answer when the call is repeated",
                format!("{code} every time: {message}"),
            );
        }
    }

    pub(super) fn mismatch_text(
        &mut self,
        rule: mrkspec_model::rule::RuleId,
        number: usize,
        call: &Call,
        expected: &str,
        observed: String,
    ) {
        let m = Mismatch { rule, path: String::new(), expected: expected.to_string(), observed };
        self.mismatch(&m, number, call);
    }

    /// Reports a broken rule, once for each operation and member of a sequence.
    pub(super) fn mismatch(&mut self, m: &Mismatch, number: usize, call: &Call) {
        let seen = (m.rule.0.to_string(), call.op.name().to_string(), call.region.to_string(), m.path.clone());
        if !m.path.is_empty() && m.path != "code" && !self.reported.insert(seen) {
            return;
        }
        let place = if m.path.is_empty() { String::new() } else { format!("{}: ", m.path) };
        let normal = |text: &str| normalise::text(text, &self.belief);
        let expected = normal(&format!("{place}{}", m.expected));
        let observed = normal(&format!("{place}{}", m.observed));
        let requests = self.shared.requests.load(Relaxed);
        let first = FirstViolation { requests, scenario: self.record.id.clone() };
        self.shared.first_violations.lock().unwrap_or_else(|e| e.into_inner()).entry(m.rule).or_insert(first);
        let shape = match m.path.as_str() {
            "" | "code" => m.observed.split([':', ' ']).next().unwrap_or("").to_string(),
            path => path.to_string(),
        };
        self.record.violate(m.rule, number, &normalise::call(call), [expected, observed], shape);
    }

    /// Verifies a signature with the public key that the endpoint gave, outside of it (F-103).
    pub(super) fn verify_outside(&mut self, call: &Call, response: &Response, number: usize) {
        let (Operation::Sign, Response::Success(body)) = (call.op, response) else {
            return;
        };
        let made = self.belief.worlds().first().and_then(|w| Some((w.artifacts.get(&call.name)?.clone(), w.clone())));
        let Some((Artifact::Signature { family, message, digest, algorithm }, world)) = made else {
            return;
        };
        let blob = |v: Option<&Value>| mrkspec_model::base64(v?.as_str()?);
        let public = blob(self.belief.bindings.slots.get(&format!("public_key {family}")));
        let signature = blob(body.get("Signature"));
        let (Some(public), Some(signature), Some(known)) = (public, signature, world.family(&family)) else {
            return;
        };
        match outside::verifies(known.spec.name(), &algorithm, &public, &message, digest, &signature) {
            Some(true) => {
                self.record.upheld.insert(CRY_008);
            }
            Some(false) => {
                let observed =
                    format!("the signature by {algorithm} does not verify with the public key of GetPublicKey");
                self.mismatch_text(CRY_008, number, call, "a signature that verifies outside KMS", observed);
            }
            None => {}
        }
    }

    pub(super) fn check_expect(&mut self, expect: &Expect, call: &Call, response: &Response, number: usize) {
        let asked = expect.error.as_deref();
        let came = match response {
            Response::Error { code, .. } => Some(code.as_str()),
            _ => None,
        };
        if asked != came {
            let words = asked.map_or("success".to_string(), |c| format!("refused with {c}"));
            let expected = format!("{words} (the scenario's own expectation)");
            self.mismatch_text(expect.rule, number, call, &expected, describe_response(response));
            return;
        }
        let Response::Success(body) = response else {
            return;
        };
        for (path, wanted) in &expect.members {
            let seen = lookup(body, path).unwrap_or(&Value::Null);
            if seen != wanted {
                let expected = format!("{path}: {wanted} (the scenario's own expectation)");
                self.mismatch_text(expect.rule, number, call, &expected, format!("{path}: {seen}"));
            }
        }
    }
}

//! Model and reference endpoint in one process, call by call and without a network: whatever the
//! one answers, the other must allow. This is where they meet for the fuzzer.

use crate::oracle::{Asked, Knowledge, Oracle, Patience, Ruling};
use crate::sequence::normalise;
use crate::sequence::{Action, Sequence};
use crate::session::wrapped;
use crate::transport::{self, DAY};
use mrkspec_model::call::{Auth, Call, Caller, Operation};
use mrkspec_model::matching::{Mismatch, describe_response};
use mrkspec_model::outcome::Response;
use mrkspec_model::situation::Situation;
use mrkspec_reference::{Settings, fuzzing::Endpoint};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// What one history showed.
#[derive(Clone, Debug, Default)]
pub struct Walked {
    /// Calls that were answered and judged.
    pub calls: usize,
    /// Situations of the model that were reached.
    pub situations: BTreeSet<Situation>,
}

/// An answer of the endpoint that the model does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// Number of the step, from 1.
    pub step: usize,
    pub call: String,
    /// What is wrong with the answer, rule by rule.
    pub mismatches: Vec<String>,
}

/// Carries a sequence out on a fresh endpoint and judges every answer.
///
/// # Errors
/// The first answer that the model does not allow.
pub fn lockstep(sequence: &Sequence) -> Result<Walked, Disagreement> {
    lockstep_with(sequence, Settings::default())
}

/// As [`lockstep`], with an endpoint that behaves differently: one with a fault, say.
///
/// # Errors
/// The first answer that the model does not allow.
pub fn lockstep_with(sequence: &Sequence, settings: Settings) -> Result<Walked, Disagreement> {
    let endpoint = Endpoint::new(settings);
    let knowledge = Knowledge {
        alias_prefix: "lockstep-".into(),
        enforced: true,
        consistent: true,
        staleness: None,
        day: DAY,
        limited: Some("arn:aws:iam::111122223333:user/limited".into()),
    };
    let mut oracle = Oracle::new(&knowledge, Arc::new(Patience::new(Duration::ZERO)));
    let mut walked = Walked::default();
    for (i, step) in sequence.steps.iter().enumerate() {
        let Action::Call { call, .. } = &step.action else { continue };
        if is_slow(call) || call.auth != Auth::Valid {
            continue;
        }
        // What an earlier call should have made, and did not, cannot be used.
        let Ok(ready) = wrapped(Cow::Borrowed(&**call), oracle.bindings(), "lockstep") else { continue };
        let Ok(body) = transport::encode(&ready, oracle.bindings()) else { continue };
        let response = ask(&endpoint, &ready, &body);
        match oracle.hear(call, &response, Asked::default()) {
            Ruling::Accepted(assessed) => {
                walked.situations.extend(assessed.judgement().situation);
                oracle.commit(call, &response, Ruling::Accepted(assessed));
            }
            Ruling::Deviation(assessed) => {
                let mut mismatches: Vec<String> = assessed.judgement().mismatches.iter().map(told).collect();
                mismatches.push(describe_response(&response));
                return Err(Disagreement { step: i + 1, call: normalise::call(call), mismatches });
            }
            Ruling::AskAgain(_) => unreachable!("no read of a consistent endpoint is stale"),
        }
        walked.calls += 1;
    }
    Ok(walked)
}

fn told(m: &Mismatch) -> String {
    format!("{} {}: expected {}, observed {}", m.rule, m.path, m.expected, m.observed)
}

/// Making RSA keys takes too long for a fuzzer.
fn is_slow(call: &Call) -> bool {
    call.op == Operation::CreateKey && call.text("KeySpec").is_some_and(|s| s.starts_with("RSA_"))
}

fn ask(endpoint: &Endpoint, call: &Call, body: &str) -> Response {
    let principal = match call.caller {
        Caller::Admin => 0,
        Caller::Limited => 1,
        Caller::Other => 2,
    };
    match endpoint.ask(principal, &call.region, call.op.name(), body.as_bytes()) {
        Ok(Value::Null) => Response::Success(Value::Null),
        Ok(value) => Response::Success(value),
        Err((code, message, status)) => Response::Error { code: code.into(), message, status },
    }
}

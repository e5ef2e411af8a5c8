//! Sending one call, with everything that may go wrong on the way.

use super::ledger::Ledger;
use super::policies::Enforcement;
use crate::transport::{Client, SendError};
use crate::transport::{Decoded, RawAnswer, decode};
use crate::transport::{Likeness, UnknownAnswer};
use mrkspec_model::call::{Auth, Call, Operation};
use mrkspec_model::outcome::Response;
use mrkspec_model::rule::RuleId;
use mrkspec_model::shape;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// How often a well-formed request must fail like an unknown operation until the operation counts
/// as missing: any single failure may be passing.
const DOUBTS: u32 = 3;

/// How patient the driver is.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// How long transients and stale reads may take.
    pub settle_timeout: Duration,
    /// The wait for a rule that is known to be broken at this endpoint.
    pub settle_again: Duration,
    /// First pause between two looks at something that should change.
    pub first_pause: Duration,
    /// How often a throttled call is repeated.
    pub repeats: u32,
    /// How often a call is repeated that failed internally or whose answer was lost.
    pub retries: u32,
    /// The same for an operation that is known to fail every time.
    pub retries_in_vain: u32,
    /// The longest pause before such a repetition.
    pub longest_pause: Duration,
}

impl Tuning {
    /// Patience for a target with this settle time-out.
    pub fn new(settle_timeout: Duration) -> Tuning {
        Tuning {
            settle_timeout,
            settle_again: settle_timeout.min(Duration::from_millis(300)),
            first_pause: Duration::from_millis(5),
            repeats: 8,
            retries: 8,
            retries_in_vain: 2,
            longest_pause: Duration::from_millis(200),
        }
    }
}

/// What all sequences of a run share.
pub struct Shared {
    pub client: Client,
    pub tuning: Tuning,
    pub ledger: Ledger,
    /// Marks the keys of this run: the value of their `mrkspec:run` tag starts with it.
    pub run: String,
    pub unknown: UnknownAnswer,
    /// Operations that the endpoint lacks, and how it says so.
    pub unsupported: Mutex<BTreeMap<Operation, String>>,
    /// Operations that gave a proper KMS answer at least once.
    pub works: Mutex<BTreeSet<Operation>>,
    /// Operations that were repeated and failed internally every time.
    pub failing: Mutex<BTreeSet<Operation>>,
    /// Rules whose full settle time-out was waited for in vain.
    pub given_up: Mutex<BTreeSet<RuleId>>,
    /// When each rule was first seen broken.
    pub first_violations: Mutex<BTreeMap<String, FirstViolation>>,
    /// Whether policies are evaluated, once somebody asked.
    pub enforcement: tokio::sync::OnceCell<Enforcement>,
    pub requests: AtomicU64,
    pub keys_created: AtomicU64,
}

/// When a rule was first seen broken.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FirstViolation {
    /// Requests sent in the run until then.
    pub requests: u64,
    /// Id of the sequence.
    pub scenario: String,
}

/// What came of sending a call.
pub struct Exchange {
    pub decoded: Decoded,
    /// The endpoint does not know the operation; how it says so.
    pub unsupported: Option<String>,
    /// The call was throttled at least once before it was answered.
    pub throttled: bool,
    /// Answers were lost before this one came: the call may have been carried out more than once.
    pub lost: u32,
    /// For a lost answer that was an internal failure: that failure.
    pub failure: Option<Response>,
}

impl Shared {
    /// Whether the endpoint is known to lack an operation.
    pub fn lacks(&self, op: Operation) -> bool {
        self.unsupported.lock().unwrap_or_else(|e| e.into_inner()).contains_key(&op)
    }

    /// How often a call of this operation is repeated that failed internally or was lost.
    pub fn retries(&self, op: Operation) -> u32 {
        let failing = self.failing.lock().unwrap_or_else(|e| e.into_inner()).contains(&op);
        if failing { self.tuning.retries_in_vain } else { self.tuning.retries }
    }

    /// Notes that an operation failed internally every time.
    pub fn fails(&self, op: Operation) {
        self.failing.lock().unwrap_or_else(|e| e.into_inner()).insert(op);
    }

    /// How long to wait for a rule before it counts as broken.
    pub fn patience(&self, rule: RuleId) -> Duration {
        let given_up = self.given_up.lock().unwrap_or_else(|e| e.into_inner());
        if given_up.contains(&rule) { self.tuning.settle_again } else { self.tuning.settle_timeout }
    }

    /// Notes that a rule was waited for in vain.
    pub fn give_up(&self, rule: RuleId) {
        self.given_up.lock().unwrap_or_else(|e| e.into_inner()).insert(rule);
    }

    /// Sends a call and decodes its answer. Throttled calls are repeated (F-009). An answer that
    /// is lost, or an internal failure, is returned as [`Response::Lost`] when the call changes
    /// something, and repeated when it does not.
    pub async fn exchange(&self, call: &Call, body: String) -> Exchange {
        let mut pause = self.tuning.first_pause;
        let (mut throttled, mut lost) = (0, 0);
        loop {
            self.requests.fetch_add(1, Relaxed);
            let sent = self.client.send_as(call.caller, &call.region, call.op.name(), body.clone(), call.auth).await;
            let answer =
                |decoded| Exchange { decoded, unsupported: None, throttled: throttled > 0, lost, failure: None };
            match sent {
                Err(SendError::Unreachable(why) | SendError::Lost(why)) => {
                    if lost >= self.retries(call.op) || !call.op.is_read() {
                        return Exchange { lost: lost + 1, ..answer(lost_answer(why)) };
                    }
                    lost += 1;
                }
                Ok(raw) => {
                    if let Some(words) = self.unsupported_words(call.op, &raw, &call.region).await {
                        return Exchange { unsupported: Some(words.clone()), ..answer(lost_answer(words)) };
                    }
                    let decoded = decode(call.op, &raw);
                    if is_throttle(&decoded.response) && throttled < self.tuning.repeats {
                        throttled += 1;
                    } else if !is_internal(&decoded.response) {
                        self.works.lock().unwrap_or_else(|e| e.into_inner()).insert(call.op);
                        return answer(decoded);
                    } else if !call.op.is_read() {
                        let why = mrkspec_model::matching::describe_response(&decoded.response);
                        let failure = Some(decoded.response);
                        return Exchange { failure, lost: lost + 1, ..answer(lost_answer(why)) };
                    } else if lost >= self.retries(call.op) {
                        self.fails(call.op);
                        return answer(decoded);
                    } else {
                        lost += 1;
                    }
                }
            }
            tokio::time::sleep(pause).await;
            let longest = if lost > 0 { self.tuning.longest_pause } else { Duration::from_secs(5) };
            pause = (pause * 2).min(longest);
        }
    }

    /// Whether an answer says that the endpoint lacks the operation; then how it says so. An
    /// answer that could be an internal failure as well is compared with what a well-formed
    /// request gives: an operation that is merely missing fails for that one, too.
    async fn unsupported_words(&self, op: Operation, raw: &RawAnswer, region: &str) -> Option<String> {
        let words = match self.unknown.compare(op, raw) {
            Likeness::None => return None,
            Likeness::Says(words) => words,
            Likeness::SameAsUnknown(words) => {
                if self.works.lock().unwrap_or_else(|e| e.into_inner()).contains(&op) {
                    return None;
                }
                let plain = shape::plain_request(op)?;
                for _ in 0..DOUBTS {
                    self.requests.fetch_add(1, Relaxed);
                    let again = self.client.send(region, op.name(), plain.to_string(), Auth::Valid).await.ok()?;
                    if matches!(self.unknown.compare(op, &again), Likeness::None) {
                        self.works.lock().unwrap_or_else(|e| e.into_inner()).insert(op);
                        return None;
                    }
                }
                words
            }
        };
        let mut known = self.unsupported.lock().unwrap_or_else(|e| e.into_inner());
        Some(known.entry(op).or_insert(words).clone())
    }
}

fn lost_answer(why: String) -> Decoded {
    Decoded { response: Response::Lost(why), findings: Vec::new() }
}

fn is_throttle(response: &Response) -> bool {
    matches!(response, Response::Error { code, .. } if ["ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"].contains(&code.as_str()))
}

/// A failure that leaves open whether the call had effect (F-010).
fn is_internal(response: &Response) -> bool {
    matches!(response, Response::Error { status, .. } if *status >= 500)
}

//! Sending one call, with everything that may go wrong on the way.

use super::ledger::Ledger;
use super::probe::UnknownAnswer;
use crate::spec::call::{Call, Operation};
use crate::spec::outcome::Response;
use crate::spec::rule::RuleId;
use crate::target::{Client, SendError};
use crate::wire::{Decoded, decode};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// How patient the driver is.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// How long transients and stale reads may take.
    pub settle_timeout: Duration,
    /// The wait for a rule that is known to be broken at this endpoint.
    pub settle_again: Duration,
    /// First pause between two looks at something that should change.
    pub first_pause: Duration,
    /// How often a throttled or internally failed call is repeated.
    pub repeats: u32,
}

impl Tuning {
    /// Patience for a target with this settle time-out.
    pub fn new(settle_timeout: Duration) -> Tuning {
        Tuning {
            settle_timeout,
            settle_again: settle_timeout.min(Duration::from_millis(300)),
            first_pause: Duration::from_millis(5),
            repeats: 8,
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
    /// Rules whose full settle time-out was waited for in vain.
    pub given_up: Mutex<BTreeSet<RuleId>>,
    pub requests: AtomicU64,
    pub keys_created: AtomicU64,
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
}

impl Shared {
    /// Whether the endpoint is known to lack an operation.
    pub fn lacks(&self, op: Operation) -> bool {
        self.unsupported.lock().unwrap_or_else(|e| e.into_inner()).contains_key(&op)
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
        let mut throttled = false;
        let mut lost = 0;
        let mut attempt = 0;
        loop {
            attempt += 1;
            self.requests.fetch_add(1, Relaxed);
            let sent = self.client.send(&call.region, call.op.name(), body.clone(), call.auth).await;
            let last = attempt > self.tuning.repeats;
            let decoded = match sent {
                Err(SendError::Unreachable(why) | SendError::Lost(why)) => {
                    lost += 1;
                    if last || !call.op.is_read() {
                        return Exchange { decoded: lost_answer(why), unsupported: None, throttled, lost };
                    }
                    None
                }
                Ok(raw) => {
                    if let Some(words) = self.unknown.matches(call.op, &raw) {
                        let mut known = self.unsupported.lock().unwrap_or_else(|e| e.into_inner());
                        known.entry(call.op).or_insert_with(|| words.clone());
                        return Exchange { decoded: lost_answer(words.clone()), unsupported: Some(words), throttled, lost };
                    }
                    Some(decode(call.op, &raw))
                }
            };
            match decoded {
                Some(d) if is_throttle(&d.response) && !last => throttled = true,
                Some(d) if is_internal(&d.response) => {
                    lost += 1;
                    if last {
                        return Exchange { decoded: d, unsupported: None, throttled, lost };
                    }
                    if !call.op.is_read() {
                        let why = crate::spec::matching::describe_response(&d.response);
                        let mut decoded = d;
                        decoded.response = Response::Lost(why);
                        return Exchange { decoded, unsupported: None, throttled, lost };
                    }
                }
                Some(d) => return Exchange { decoded: d, unsupported: None, throttled, lost },
                None => {}
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(5));
        }
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

//! Asking an endpoint one thing, with everything that may go wrong on the way.

use super::operations::Operations;
use super::{Client, Decoded, Likeness, Pauses, RawAnswer, SendError, Target, Unreachable, decode, probe};
use mrkspec_model::call::{Auth, Call, Operation};
use mrkspec_model::outcome::Response;
use mrkspec_model::shape;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The Region in which the endpoint is asked first.
const FIRST: &str = "us-east-1";
/// How often a well-formed request must fail like an unknown operation until the operation counts
/// as missing: any single failure may be passing.
const DOUBTS: u32 = 3;
/// How often a throttled call is repeated.
const THROTTLED: u32 = 8;
/// How often a call is repeated that failed internally or whose answer was lost.
const RETRIES: u32 = 8;
/// The same for an operation that is known to fail every time.
const RETRIES_IN_VAIN: u32 = 2;

/// An endpoint, as all sequences of a run share it.
#[derive(Debug)]
pub struct Link {
    client: Client,
    operations: Operations,
    requests: AtomicU64,
}

/// Told of every request of an exchange, while it is under way.
pub trait Watch {
    /// A request is about to be sent.
    fn before_send(&mut self) {}
    /// Its answer has come, or was lost.
    fn after_receive(&mut self) {}
    /// Whether the call had effect is not known.
    fn lost(&mut self, _call: &Call) {}
}

impl Watch for () {}

/// What came of a call in the end.
#[derive(Debug)]
pub enum Answer {
    /// An answer.
    Came(Decoded),
    /// The endpoint fails internally, however often it is asked (F-010).
    Failed(Decoded),
    /// The endpoint does not know the operation; how it says so.
    Unsupported(String),
    /// No answer came, however often it was asked; why.
    Nothing(String),
}

/// What came of a call, and how.
#[derive(Debug)]
pub struct Exchange {
    /// What came in the end.
    pub answer: Answer,
    /// The call was throttled at least once before (F-009).
    pub throttled: bool,
    /// Answers that were lost before, or failed internally: each may have had effect.
    pub lost: u32,
    /// How many of these were a KMSInternalException (F-010).
    pub internal: u32,
    /// Some request may have had an effect of which no answer tells.
    pub unsure: bool,
}

/// What an exchange met with so far.
#[derive(Clone, Copy, Default)]
struct Met {
    throttled: u32,
    lost: u32,
    internal: u32,
    /// Tries that brought no answer, or an internal failure.
    tries: u32,
    unsure: bool,
}

impl Met {
    fn end(self, answer: Answer) -> Exchange {
        let Met { throttled, lost, internal, unsure, .. } = self;
        Exchange { answer, throttled: throttled > 0, lost, internal, unsure }
    }
}

impl Exchange {
    /// One that did not take place; why.
    pub fn none(why: String) -> Exchange {
        Met::default().end(Answer::Nothing(why))
    }
}

impl Link {
    /// Reaches an endpoint, and learns how it answers an operation that does not exist.
    ///
    /// # Errors
    /// When nothing answers, or what answers is no KMS endpoint.
    pub async fn connect(client: Client) -> Result<Link, Unreachable> {
        let probed = probe(&client, FIRST).await?;
        let requests = AtomicU64::new(probed.requests);
        Ok(Link { client, operations: Operations::new(probed.unknown), requests })
    }

    /// The endpoint's description.
    pub fn target(&self) -> &Target {
        self.client.target()
    }

    /// Requests sent so far.
    pub fn requests(&self) -> u64 {
        self.requests.load(Relaxed)
    }

    /// Whether the endpoint is known to lack an operation.
    pub fn lacks(&self, op: Operation) -> bool {
        self.operations.lacks(op)
    }

    /// Operations that the endpoint lacks, and how it says so.
    pub fn unsupported(&self) -> BTreeMap<Operation, String> {
        self.operations.unsupported()
    }

    /// Sends a call until it is answered: throttled calls are repeated, and those that failed internally or
    /// whose answer was lost. `watch` hears of everything.
    pub async fn exchange(&self, call: &Call, body: &str, watch: &mut impl Watch) -> Exchange {
        let (mut after_loss, mut when_throttled) = (Pauses::after_loss(), Pauses::when_throttled());
        let mut met = Met::default();
        loop {
            watch.before_send();
            let sent = self.send(call, body.to_string()).await;
            watch.after_receive();
            let (failure, may_have_worked) = match sent {
                // No request was sent, so that nothing can have come of it.
                Err(SendError::Unreachable(why)) => (Err(why), false),
                Err(SendError::Lost(why)) => (Err(why), true),
                Ok(raw) => {
                    if let Some(words) = self.unsupported_words(call.op, &raw, &call.region).await {
                        return met.end(Answer::Unsupported(words));
                    }
                    let decoded = decode(call.op, &raw);
                    if is_throttle(&decoded.response) && met.throttled < THROTTLED {
                        met.throttled += 1;
                        when_throttled.pause().await;
                        continue;
                    }
                    if !is_internal(&decoded.response) {
                        self.operations.works(call.op);
                        return met.end(Answer::Came(decoded));
                    }
                    met.internal += u32::from(is_kms_internal(&decoded.response));
                    (Ok(decoded), true)
                }
            };
            met.unsure |= may_have_worked;
            let retries = if self.operations.is_failing(call.op) { RETRIES_IN_VAIN } else { RETRIES };
            if met.tries >= retries {
                return met.end(match failure {
                    Ok(decoded) => {
                        self.operations.fails(call.op);
                        Answer::Failed(decoded)
                    }
                    Err(why) => Answer::Nothing(format!("no answer in {} tries: {why}", met.tries + 1)),
                });
            }
            met.tries += 1;
            if may_have_worked {
                met.lost += 1;
                watch.lost(call);
            }
            after_loss.pause().await;
        }
    }

    async fn send(&self, call: &Call, body: String) -> Result<RawAnswer, SendError> {
        self.requests.fetch_add(1, Relaxed);
        self.client.send_as(call.caller, &call.region, call.op.name(), body, call.auth).await
    }

    /// Whether an answer says that the endpoint lacks the operation; then how it says so. An
    /// answer that could be an internal failure as well is compared with what a well-formed
    /// request gives: an operation that is merely missing fails for that one, too.
    async fn unsupported_words(&self, op: Operation, raw: &RawAnswer, region: &str) -> Option<String> {
        let words = match self.operations.compare(op, raw) {
            Likeness::None => return None,
            Likeness::Says(words) => words,
            Likeness::SameAsUnknown(words) => {
                if self.operations.has_worked(op) {
                    return None;
                }
                let plain = shape::plain_request(op)?;
                for _ in 0..DOUBTS {
                    self.requests.fetch_add(1, Relaxed);
                    let again = self.client.send(region, op.name(), plain.to_string(), Auth::Valid).await.ok()?;
                    if matches!(self.operations.compare(op, &again), Likeness::None) {
                        self.operations.works(op);
                        return None;
                    }
                }
                words
            }
        };
        Some(self.operations.lack(op, words))
    }
}

fn is_throttle(response: &Response) -> bool {
    let codes = ["ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"];
    matches!(response, Response::Error { code, .. } if codes.contains(&code.as_str()))
}

fn is_kms_internal(response: &Response) -> bool {
    matches!(response, Response::Error { code, .. } if code == "KMSInternalException")
}

/// A failure that leaves open whether the call had effect (F-010).
fn is_internal(response: &Response) -> bool {
    matches!(response, Response::Error { status, .. } if *status >= 500)
}

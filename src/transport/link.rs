//! Asking an endpoint one thing, with everything that may go wrong on the way.

use super::limits::Gate;
use super::operations::Operations;
use super::probe::is_alive;
use super::pulse::{self, Ended, Pulse};
use super::request_ids::RequestIds;
use super::{Client, Decoded, Finding, Likeness, Pauses, RawAnswer, SendError, Target, Unreachable, decode, probe};
use mrkspec_model::call::{Auth, Call, Operation};
use mrkspec_model::outcome::{Response, is_throttling};
use mrkspec_model::shape;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

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

/// How long the question whether the endpoint is still there may take.
const STILL_THERE: Duration = Duration::from_secs(5);

/// An endpoint, as all sequences of a run share it.
#[derive(Debug)]
pub struct Link {
    client: Client,
    operations: Operations,
    requests: AtomicU64,
    ids: RequestIds,
    pulse: Pulse,
    gate: Gate,
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
    /// Answers that say nothing came, however often it was asked: the call may have had effect.
    Unreadable(String),
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
    /// What the form of the answers before says: of those that were throttled, failed internally or could not be read.
    pub findings: Vec<Finding>,
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
#[derive(Default)]
struct Met {
    findings: Vec<Finding>,
    throttled: u32,
    lost: u32,
    internal: u32,
    /// Tries that brought no answer, or an internal failure.
    tries: u32,
    unsure: bool,
}

impl Met {
    fn end(self, answer: Answer) -> Exchange {
        let Met { findings, throttled, lost, internal, unsure, .. } = self;
        Exchange { answer, findings, throttled: throttled > 0, lost, internal, unsure }
    }
}

/// What came of one try that settles nothing.
enum Try {
    /// No request was sent, so that nothing can have come of it.
    Unsent(String),
    Lost(String),
    /// The answer to another request.
    Astray,
    Unreadable(Decoded),
    Internal(Decoded),
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
        let (operations, ids) = (Operations::new(probed.unknown), RequestIds::learn(&probed.ids));
        let gate = Gate::new(client.target().limits, client.target().is_aws());
        Ok(Link { client, operations, requests, ids, pulse: Pulse::new(), gate })
    }

    /// Why nothing more is to be asked, if so.
    pub fn ended(&self) -> Option<Ended> {
        self.pulse.ended()
    }

    /// Waits until nothing more is to be asked; why.
    pub async fn end(&self) -> Ended {
        self.pulse.until(|_| true).await
    }

    /// The time is over; what that means in words. Sequences end; what is asked all the same is still asked.
    pub fn end_in_time(&self, why: String) {
        self.pulse.end(Ended::Time(why));
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

    /// Sends a call until it is answered: throttled calls are repeated, and those that failed internally, whose answer
    /// was lost, is that to another request, or cannot be read. `watch` hears of everything. When the endpoint is found to
    /// be dead that ends at once.
    pub async fn exchange(&self, call: &Call, body: &str, watch: &mut impl Watch) -> Exchange {
        let (mut after_loss, mut when_throttled) = (Pauses::after_loss(), Pauses::when_throttled());
        let mut met = Met::default();
        let began = Instant::now();
        loop {
            if let Some(Ended::Dead(why)) = self.pulse.ended() {
                // What somebody else says in its place is not its form.
                met.findings.clear();
                return met.end(Answer::Nothing(why));
            }
            if let Some(why) = self.gate.refusal(call.op, self.requests()) {
                self.pulse.end(Ended::Time(why.clone()));
                return met.end(Answer::Nothing(why));
            }
            self.gate.turn(call).await;
            watch.before_send();
            let sent = Instant::now();
            let came = self.send(call, body.to_string()).await;
            watch.after_receive();
            let failure = match came {
                Err(SendError::Unreachable(why)) => Try::Unsent(why),
                Err(SendError::Lost(why)) => Try::Lost(why),
                Ok(raw) if raw.request_id().is_some_and(|id| self.ids.is_repeated(id, &raw.body)) => Try::Astray,
                Ok(raw) => {
                    if let Some(words) = self.unsupported_words(call.op, &raw, &call.region).await {
                        self.pulse.answered();
                        return met.end(Answer::Unsupported(words));
                    }
                    let decoded = decode(call.op, &raw);
                    if !decoded.unreadable {
                        self.pulse.answered();
                    }
                    if is_throttle(&decoded.response) && met.throttled < THROTTLED {
                        met.throttled += 1;
                        met.findings.extend(decoded.findings);
                        when_throttled.pause().await;
                        continue;
                    }
                    match decoded {
                        decoded if decoded.unreadable => Try::Unreadable(decoded),
                        decoded if is_internal(&decoded.response) => Try::Internal(decoded),
                        decoded => {
                            self.operations.works(call.op);
                            return met.end(Answer::Came(decoded));
                        }
                    }
                }
            };
            let may_have_worked = !matches!(failure, Try::Unsent(_));
            met.unsure |= may_have_worked;
            if !matches!(failure, Try::Astray | Try::Internal(_)) && self.pulse.unanswered(sent) {
                self.look_whether_dead(&call.region, &failure).await;
            }
            met.internal += u32::from(matches!(&failure, Try::Internal(decoded) if is_kms_internal(&decoded.response)));
            let retries = if self.operations.is_failing(call.op) { RETRIES_IN_VAIN } else { RETRIES };
            // A server that is started anew refuses connections for a while: nothing is lost by waiting.
            let waits = !may_have_worked && began.elapsed() < pulse::PATIENCE;
            if met.tries >= retries && !waits {
                return self.in_vain(call, failure, met).await;
            }
            met.tries += 1;
            if may_have_worked {
                met.lost += 1;
                watch.lost(call);
            }
            met.findings.extend(failure.findings());
            after_loss.pause().await;
        }
    }

    /// What is to be made of a call that was asked again and again.
    async fn in_vain(&self, call: &Call, failure: Try, met: Met) -> Exchange {
        let answer = match failure {
            Try::Unsent(why) | Try::Lost(why) => {
                Answer::Nothing(format!("no answer in {} tries: {why}", met.tries + 1))
            }
            Try::Astray => Answer::Nothing(format!("only answers to other requests in {} tries", met.tries + 1)),
            Try::Internal(decoded) => {
                self.operations.fails(call.op);
                Answer::Failed(decoded)
            }
            Try::Unreadable(decoded) => {
                // A page that somebody else shows in its place is not the endpoint's.
                if let Err(why) = self.ask_whether_alive(&call.region).await {
                    let met = Met { findings: Vec::new(), ..met };
                    return met.end(Answer::Nothing(format!("what answers is no KMS endpoint any more: {why}")));
                }
                self.operations.fails(call.op);
                match &decoded.response {
                    Response::Error { status: 500.., .. } => Answer::Failed(decoded),
                    // It may have a form of its own, but is what the endpoint says.
                    Response::Error { status: 400.., .. } | Response::Success(_) => Answer::Came(decoded),
                    _ => {
                        let what = Finding::unreadable(&decoded.findings).unwrap_or_default();
                        let why = format!("no answer that can be read in {} tries: {what}", met.tries + 1);
                        let mut met = met;
                        met.findings.extend(decoded.findings);
                        return met.end(Answer::Unreadable(why));
                    }
                }
            }
        };
        met.end(answer)
    }

    /// Asks an endpoint that has been silent for long whether it is still there; if it is not, everything ends.
    async fn look_whether_dead(&self, region: &str, failure: &Try) {
        let Some(_turn) = self.pulse.turn_to_ask() else { return };
        if matches!(self.pulse.ended(), Some(Ended::Dead(_))) {
            return;
        }
        let mut alive = self.ask_whether_alive(region).await;
        // One Region that is down does not end what goes on in others.
        if alive.is_err() && self.target().url(region) != self.target().url(FIRST) {
            alive = self.ask_whether_alive(FIRST).await;
        }
        match alive {
            Ok(()) => self.pulse.answered(),
            // Somebody else was answered meanwhile.
            Err(_) if self.pulse.silent_for() < pulse::PATIENCE => {}
            Err(then) => {
                let (url, last) = (self.target().url(region), failure.words().unwrap_or(then));
                let silent = humantime::format_duration(Duration::from_secs(self.pulse.silent_for().as_secs()));
                self.pulse.end(Ended::Dead(format!("{url} has stopped answering: nothing for {silent}; last: {last}")));
            }
        }
    }

    async fn ask_whether_alive(&self, region: &str) -> Result<(), String> {
        self.requests.fetch_add(1, Relaxed);
        is_alive(&self.client, region, STILL_THERE.min(self.target().request_limit())).await
    }

    async fn send(&self, call: &Call, body: String) -> Result<RawAnswer, SendError> {
        self.requests.fetch_add(1, Relaxed);
        let answer = self.client.send_as(call.caller, &call.region, call.op.name(), body, call.auth);
        tokio::select! {
            answer = answer => answer,
            // Nobody waits for what cannot come.
            ended = self.pulse.until(|ended| matches!(ended, Ended::Dead(_))) => Err(SendError::Lost(ended.why().into())),
        }
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

impl Try {
    /// What the form of an answer that is not the last says. What a gateway says for a server that it did not reach is
    /// none of KMS's answers, and as good as a connection that broke.
    fn findings(self) -> Vec<Finding> {
        match self {
            Try::Unsent(_) | Try::Lost(_) => Vec::new(),
            Try::Astray => vec![super::decode::astray()],
            Try::Internal(decoded) => decoded.findings,
            Try::Unreadable(decoded) => match decoded.response {
                Response::Error { status: 502..=504, .. } => Vec::new(),
                _ => decoded.findings,
            },
        }
    }

    /// What came instead of an answer, in words.
    fn words(&self) -> Option<String> {
        match self {
            Try::Unsent(why) | Try::Lost(why) => Some(why.clone()),
            Try::Unreadable(decoded) => Finding::unreadable(&decoded.findings).map(str::to_string),
            Try::Astray | Try::Internal(_) => None,
        }
    }
}

fn is_throttle(response: &Response) -> bool {
    matches!(response, Response::Error { code, .. } if is_throttling(code))
}

fn is_kms_internal(response: &Response) -> bool {
    matches!(response, Response::Error { code, .. } if code == "KMSInternalException")
}

/// A failure that leaves open whether the call had effect (F-010).
fn is_internal(response: &Response) -> bool {
    matches!(response, Response::Error { status, .. } if *status >= 500)
}

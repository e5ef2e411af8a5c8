//! What the endpoint says to an operation that does not exist, learned before anything else.

use super::backoff::Pauses;
use super::client::{Client, SendError};
use super::decode::{RawAnswer, error_code};
use mrkspec_model::call::{Auth, Operation};
use serde_json::Value;

/// How often a question is put again whose answer was lost.
const LOST: u32 = 6;
/// How often it is put again when the answer may be a passing failure.
const DOUBTS: u32 = 4;

/// The endpoint cannot be tested: nothing answers, or what answers is no KMS endpoint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unreachable {
    /// Nothing answers.
    #[error("{url} cannot be reached")]
    NoAnswer {
        url: String,
        #[source]
        source: SendError,
    },
    /// The first question was answered, a later one was not.
    #[error("{url} stopped answering")]
    Silent {
        url: String,
        #[source]
        source: SendError,
    },
    /// What answers is something else: `answer` is the start of what it said to ListKeys.
    #[error("{url} answers, but not as a KMS endpoint: ListKeys gave HTTP {status}: {answer}")]
    NoKms { url: String, status: u16, answer: String },
    /// It is a KMS endpoint that does not know the caller.
    #[error("{url} refuses these credentials: {code}: {answer}")]
    Refused { url: String, code: String, answer: String },
}

/// What was learned before anything else, and what that took.
#[derive(Clone, Debug)]
pub struct Probed {
    /// The answer to an unknown operation.
    pub unknown: UnknownAnswer,
    /// Requests that were sent, repetitions included.
    pub requests: u64,
}

/// How an unknown operation is answered: with this, one that is merely missing can be told from
/// one that fails (F-012).
#[derive(Clone, Debug)]
pub struct UnknownAnswer {
    signature: Signature,
}

/// An answer without what differs from operation to operation.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Signature {
    status: u16,
    /// The exception, or nothing for an answer that has none.
    code: String,
    is_json: bool,
    /// The start of the body, without the operation's name.
    text: String,
}

fn signature(op: Operation, raw: &RawAnswer) -> Signature {
    let body: Option<Value> = serde_json::from_slice(&raw.body).ok();
    let typed = body.as_ref().and_then(|b| b.get("__type")?.as_str()).or_else(|| raw.header("x-amzn-errortype"));
    Signature {
        status: raw.status,
        code: typed.map(error_code).unwrap_or_default(),
        is_json: body.is_some(),
        text: raw.snippet().replace(op.name(), "<operation>"),
    }
}

/// How much an answer looks like one to an unknown operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Likeness {
    None,
    /// It says in so many words that the operation is not there.
    Says(String),
    /// It is the answer that a made-up operation gets, but an internal failure may look the same.
    SameAsUnknown(String),
}

impl UnknownAnswer {
    /// Compares an answer to `op` with the one to a made-up operation.
    pub fn compare(&self, op: Operation, raw: &RawAnswer) -> Likeness {
        if (200..300).contains(&raw.status) || op == Operation::Unknown {
            return Likeness::None;
        }
        let seen = signature(op, raw);
        let words = format!("HTTP {}: {}", raw.status, raw.snippet());
        let names = ["UnknownOperationException", "InvalidAction", "NotImplemented", "UnknownOperation"];
        if names.contains(&seen.code.as_str()) || seen.status == 501 {
            return Likeness::Says(words);
        }
        if seen == self.signature && (seen.code.is_empty() || seen.status >= 500) {
            return Likeness::SameAsUnknown(words);
        }
        Likeness::None
    }
}

/// Exceptions that say that the caller is not known or may not even list keys.
const REFUSALS: [&str; 5] = [
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "AccessDeniedException",
    "ExpiredTokenException",
    "MissingAuthenticationTokenException",
];

/// Asks for an operation that does not exist.
///
/// # Errors
/// When nothing answers, or the answer shows that this is no KMS endpoint: a success, a redirect,
/// or a plain 404, 403 or 405 page.
pub async fn probe(client: &Client, region: &str) -> Result<Probed, Unreachable> {
    let url = client.target().url(region);
    let made_up = Operation::Unknown.name();
    let mut questions = Questions { client, region, sent: 0 };
    let raw = questions.ask(made_up, "{}").await;
    let mut raw = raw.map_err(|source| Unreachable::NoAnswer { url: url.clone(), source })?;
    // An endpoint that fails now and then, or throttles, must not be taken to answer like that.
    let mut pauses = Pauses::after_loss();
    for _ in 0..DOUBTS {
        if raw.status < 500 && !is_throttled(&raw) {
            break;
        }
        pauses.pause().await;
        let again = questions.ask(made_up, "{}").await;
        raw = again.map_err(|source| Unreachable::Silent { url: url.clone(), source })?;
    }
    // The second question is one that every KMS endpoint can answer.
    let listed = questions.ask("ListKeys", "{\"Limit\":1}").await;
    let listed = listed.map_err(|source| Unreachable::Silent { url: url.clone(), source })?;
    let body: Option<Value> = serde_json::from_slice(&listed.body).ok();
    let lists = listed.status == 200 && body.as_ref().is_some_and(|b| b.get("Keys").is_some_and(Value::is_array));
    let typed = body.as_ref().and_then(|b| b.get("__type")?.as_str()).map(error_code);
    if !lists && typed.is_none() {
        return Err(Unreachable::NoKms { url, status: listed.status, answer: listed.snippet() });
    }
    if let Some(code) = typed.filter(|c| REFUSALS.contains(&c.as_str())) {
        return Err(Unreachable::Refused { url, code, answer: listed.snippet() });
    }
    Ok(Probed { unknown: UnknownAnswer { signature: signature(Operation::Unknown, &raw) }, requests: questions.sent })
}

/// Questions to one Region, counted.
struct Questions<'c> {
    client: &'c Client,
    region: &'c str,
    sent: u64,
}

impl Questions<'_> {
    /// Sends a request; one whose answer was lost is sent again a few times.
    async fn ask(&mut self, operation: &str, body: &str) -> Result<RawAnswer, SendError> {
        let (mut tries, mut pauses) = (0, Pauses::after_loss());
        loop {
            self.sent += 1;
            match self.client.send(self.region, operation, body.into(), Auth::Valid).await {
                Ok(raw) => return Ok(raw),
                Err(SendError::Lost(_)) if tries < LOST => tries += 1,
                Err(why) => return Err(why),
            }
            pauses.pause().await;
        }
    }
}

fn is_throttled(raw: &RawAnswer) -> bool {
    String::from_utf8_lossy(&raw.body).contains("Throttling")
}

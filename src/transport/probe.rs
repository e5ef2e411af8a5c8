//! What the endpoint says to an operation that does not exist, learned before anything else.

use super::backoff::Pauses;
use super::client::{Client, SendError};
use super::decode::{RawAnswer, decode, error_code};
use super::pulse::PATIENCE;
use mrkspec_model::call::Operation;
use serde_json::Value;
use std::time::{Duration, Instant};

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
    /// It takes a question, and has not answered it in the time that there is.
    #[error("{url} does not answer")]
    Late { url: String },
    /// What answers cannot be KMS: `answer` is the start of what it said to ListKeys.
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
    /// The request ids of the answers.
    pub ids: Vec<Option<String>>,
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

/// Reads that every KMS endpoint can answer, or refuse in its own way. The first is enough for most; the others are for an
/// endpoint that lacks it.
const READS: [(&str, &str); 3] = [
    ("ListKeys", "{\"Limit\":1}"),
    ("ListAliases", "{\"Limit\":1}"),
    ("DescribeKey", "{\"KeyId\":\"00000000-0000-4000-8000-000000000000\"}"),
];

/// Asks for an operation that does not exist.
///
/// # Errors
/// When nothing answers, when the caller is refused, or when no answer can be one of KMS: pages, redirects, JSON
/// without any member that KMS has (see [`may_be_kms`]). Whatever else is wrong with an answer is for a rule to say.
pub async fn probe(client: &Client, region: &str) -> Result<Probed, Unreachable> {
    let url = client.target().url(region);
    let made_up = Operation::Unknown.name();
    let mut questions = Questions { client, region, sent: 0, ids: Vec::new() };
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
    let mut first = None;
    for (operation, body) in READS {
        let answer = questions.ask(operation, body).await;
        let answer = answer.map_err(|source| Unreachable::Silent { url: url.clone(), source })?;
        if let Some(code) = exception(&answer).filter(|c| REFUSALS.contains(&c.as_str())) {
            return Err(Unreachable::Refused { url, code, answer: answer.snippet() });
        }
        if may_be_kms(&answer) {
            let unknown = UnknownAnswer { signature: signature(Operation::Unknown, &raw) };
            return Ok(Probed { unknown, requests: questions.sent, ids: questions.ids });
        }
        first.get_or_insert(answer);
    }
    let listed = first.unwrap_or_default();
    Err(Unreachable::NoKms { url, status: listed.status, answer: listed.snippet() })
}

/// The exception that an answer names, in its body or in the header that AWS has for it.
fn exception(raw: &RawAnswer) -> Option<String> {
    let body: Option<Value> = serde_json::from_slice(&raw.body).ok();
    let in_body = body.as_ref().and_then(|b| b.get("__type")?.as_str()).map(error_code);
    in_body.or_else(|| raw.header("x-amzn-errortype").map(error_code)).filter(|code| !code.is_empty())
}

/// Whether the endpoint still answers as KMS does, asked within this time; if not, what came instead.
///
/// # Errors
/// What came instead, in words.
pub(super) async fn is_alive(client: &Client, region: &str, limit: Duration) -> Result<(), String> {
    let (began, mut pauses) = (Instant::now(), Pauses::after_loss());
    let mut last = String::new();
    for n in 0..DOUBTS as usize {
        let (operation, body) = READS[n % READS.len()];
        let read = Operation::ALL.iter().copied().find(|op| op.name() == operation).unwrap_or(Operation::ListKeys);
        let left = limit.saturating_sub(began.elapsed());
        match client.send_within(left, region, operation, body.into()).await {
            Ok(raw) if may_be_kms(&raw) && !decode(read, &raw).unreadable => return Ok(()),
            Ok(raw) => last = format!("{operation} gave HTTP {}: {}", raw.status, raw.snippet()),
            Err(why) => last = why.to_string(),
        }
        if began.elapsed() >= limit {
            break;
        }
        pauses.pause().await;
    }
    Err(last)
}

/// False when this answer to one of [`READS`] cannot be one of KMS. It can be when it names an exception, or is a success with
/// some member that such an answer has; lists and flags that say nothing may be left out, up to an empty object.
fn may_be_kms(raw: &RawAnswer) -> bool {
    if exception(raw).is_some() {
        return true;
    }
    let members = ["Keys", "Aliases", "KeyMetadata", "Truncated", "NextMarker"];
    match serde_json::from_slice(&raw.body) {
        Ok(Value::Object(body)) if raw.status == 200 => {
            body.is_empty() || members.iter().any(|m| body.contains_key(*m))
        }
        _ => false,
    }
}

/// Questions to one Region, counted.
struct Questions<'c> {
    client: &'c Client,
    region: &'c str,
    sent: u64,
    ids: Vec<Option<String>>,
}

impl Questions<'_> {
    /// Sends a request; one whose answer was lost is sent again a few times, but not for long: nobody waits for an
    /// endpoint that takes requests and is silent.
    async fn ask(&mut self, operation: &str, body: &str) -> Result<RawAnswer, SendError> {
        let (mut tries, mut pauses) = (0, Pauses::after_loss());
        let (began, limit) = (Instant::now(), self.client.target().first_limit());
        loop {
            self.sent += 1;
            match self.client.send_within(limit, self.region, operation, body.into()).await {
                Ok(raw) => {
                    self.ids.push(raw.request_id().map(str::to_string));
                    return Ok(raw);
                }
                Err(SendError::Lost(_)) if tries < LOST && began.elapsed() < PATIENCE.max(limit) * 3 / 2 => tries += 1,
                Err(why) => return Err(why),
            }
            pauses.pause().await;
        }
    }
}

fn is_throttled(raw: &RawAnswer) -> bool {
    String::from_utf8_lossy(&raw.body).contains("Throttling")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> RawAnswer {
        RawAnswer { status, headers: Vec::new(), body: body.into() }
    }

    #[test]
    fn what_may_be_kms_is_left_to_the_rules() {
        for (status, body) in [
            (200, r#"{"Keys":[],"Truncated":false}"#),
            // An endpoint that leaves out what is empty, or false.
            (200, r#"{"Truncated":false}"#),
            (200, r#"{"Keys":null}"#),
            (200, r#"{"NextMarker":"x"}"#),
            (200, "{}"),
            (200, r#"{"Aliases":[]}"#),
            // Members that are no members are a rule's matter, too.
            (200, r#"{"Truncated":false,"status":"ok"}"#),
            (400, r#"{"__type":"NotFoundException","message":"no such key"}"#),
            (501, r#"{"__type":"com.example#NotImplemented"}"#),
            (500, r#"{"__type":"KMSInternalException"}"#),
        ] {
            assert!(may_be_kms(&answer(status, body)), "{status} {body}");
        }
        let headers = vec![("x-amzn-errortype".into(), "NotFoundException:http://internal.amazon.com/".into())];
        assert!(may_be_kms(&RawAnswer { headers, ..answer(400, "") }));
    }

    #[test]
    fn what_cannot_be_kms_ends_there() {
        for (status, body) in [
            (200, ""),
            (200, "<!doctype html><title>It works!</title>"),
            (200, r#"{"status":"ok"}"#),
            (200, r#"{"keys":["a"],"total":1}"#),
            (200, "[]"),
            (200, r#""Keys""#),
            (200, "null"),
            (301, "{}"),
            (404, "{}"),
            (404, r#"{"error":"not found"}"#),
            (404, r#"{"Keys":[],"message":"not found"}"#),
            (403, "Forbidden"),
            (405, ""),
            (400, r#"{"__type":""}"#),
            (400, r#"{"__type":7}"#),
            (500, "<h1>Internal Server Error</h1>"),
            (400, "<ErrorResponse><Error><Code>InvalidAction</Code></Error></ErrorResponse>"),
        ] {
            assert!(!may_be_kms(&answer(status, body)), "{status} {body}");
        }
        let headers = vec![("x-amzn-errortype".into(), String::new())];
        assert!(!may_be_kms(&RawAnswer { headers, ..answer(404, "") }));
    }
}

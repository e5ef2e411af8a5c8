//! Recordings (`mrkspec-recording/1`, JSON Lines): calls and the answers that some endpoint gave, to be
//! judged without it. The first line describes the recording; every other line is one call.
//!
//! A *complete* recording is what `--record` writes. A *partial* one was put together from what somebody
//! kept: members of answers may be left out, and calls in between may be missing.

mod answer;
mod blobs;
mod times;

pub use answer::{Seen, answer};
pub use blobs::{bytes_of, is_unnamed, length, name_of};
pub use times::{seconds, since_epoch};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::Duration;

/// The value of `schema`.
pub const SCHEMA: &str = "mrkspec-recording/1";

/// The first line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// `mrkspec-recording/1`.
    pub schema: String,
    /// Whose answers these are.
    pub endpoint: String,
    /// Members of outputs may be left out, and calls in between may be missing.
    #[serde(default)]
    pub partial: bool,
    /// Reads of the endpoint are never stale.
    #[serde(default, skip_serializing_if = "is_false")]
    pub consistent: bool,
    /// How long a day of a deletion's waiting period took, in seconds; 24 hours when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<f64>,
    /// When it was recorded, for rows that have no time of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_at: Option<String>,
    /// How long the run waited for what had to settle, as a report says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settle_timeout: Option<String>,
    /// Where it comes from, notes and the like.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// One call and its answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Number of the line in the file, from 1.
    #[serde(skip)]
    pub line: usize,
    /// Its name in the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// When it was sent, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// When its answer had come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<String>,
    /// The Region called.
    pub region: String,
    /// Who called, where it is not the administrator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// The operation called; where another service passed an answer on, words that name it.
    pub operation: String,
    /// What was asked.
    pub input: Map<String, Value>,
    /// `Success`, or the exception.
    pub code: String,
    /// The exception's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What the answer had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// `false`: the call was made, its answer was not recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded: Option<Value>,
    /// The answer was seen through another service.
    #[serde(default, skip_serializing_if = "is_false")]
    pub passed_on: bool,
    /// `false`: stopped before it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_to_aws: Option<bool>,
    /// What only a run of this tool knows.
    #[serde(flatten)]
    pub run: Run,
}

/// What a recording of a run of this tool says of a row besides.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The sequence that the row belongs to; rows of several may alternate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<String>,
    /// Only on the first row of a sequence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Context>,
    /// Number of the step, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    /// The name that the step gives its result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The HTTP status of an exception.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How many seconds after it was sent `ValidTo` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_in: Option<f64>,
    /// The call was throttled before this answer came.
    #[serde(default, skip_serializing_if = "is_false")]
    pub throttled: bool,
    /// The same call was asked again after this answer: it may have been stale.
    #[serde(default, skip_serializing_if = "is_false")]
    pub asked_again: bool,
    /// Rows of calls that were under way together have one number: they may have had effect in any order that agrees
    /// with their times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub together: Option<usize>,
    /// The client of several that called, from 0. Nothing was judged any more after an answer that no order allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<usize>,
    /// Rows of one settling have one number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settling: Option<usize>,
    /// The family that is to settle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// A look at every member after a deviation.
    #[serde(default, skip_serializing_if = "is_false")]
    pub resync: bool,
    /// How the request was authenticated, where it was not as it should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<String>,
    /// Sent instead of the input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// What was wrong with the form of the answer on the wire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wire: Vec<Wire>,
    /// What the sequence itself expected, and did not come.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unexpected: Vec<Wire>,
}

/// A demand that an answer did not meet, seen when it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wire {
    /// The rule that it breaks.
    pub rule: String,
    /// What was allowed, in words and symbols.
    pub expected: String,
    /// What came.
    pub observed: String,
}

/// What is known of a sequence before its first call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Context {
    /// What stands between `alias/` and the symbolic name of an alias.
    pub alias_prefix: String,
    /// False at an endpoint that evaluates no policies.
    pub enforced: bool,
    /// The ARN of the second principal, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limited: Option<String>,
    /// Every answer of the sequence was taken as final.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub consistent: bool,
}

impl Row {
    /// Whether the answer was not recorded: what the call did is open.
    pub fn is_context(&self) -> bool {
        self.recorded == Some(Value::Bool(false))
    }
}

/// A recording.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// The first line.
    pub header: Header,
    /// The other lines.
    pub rows: Vec<Row>,
}

/// Why a recording cannot be read: which line is none of one, and why.
#[derive(Debug, thiserror::Error)]
#[error("line {line}")]
pub struct BadRecording {
    /// Number of the line, from 1.
    pub line: usize,
    /// What is wrong with it.
    #[source]
    pub problem: Problem,
}

/// What is wrong with a line of a recording.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// There is no line at all.
    #[error("the file is empty")]
    Empty,
    /// It is no JSON of the right form.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// It says that it has another form.
    #[error("the schema is `{0}`, not `{SCHEMA}`")]
    Schema(String),
    /// No endpoint has days of this length.
    #[error("`day` is a number of seconds, and not negative")]
    Day,
}

/// Reads a recording.
///
/// # Errors
/// The first line that is none of a recording.
pub fn read(text: &str) -> Result<Recording, BadRecording> {
    let bad = |line: usize, problem: Problem| BadRecording { line: line + 1, problem };
    let mut lines = text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty());
    let (i, first) = lines.next().ok_or_else(|| bad(0, Problem::Empty))?;
    let header: Header = serde_json::from_str(first).map_err(|e| bad(i, e.into()))?;
    if header.schema != SCHEMA {
        return Err(bad(i, Problem::Schema(header.schema)));
    }
    if header.day.is_some_and(|day| Duration::try_from_secs_f64(day).is_err()) {
        return Err(bad(i, Problem::Day));
    }
    let row = |(i, text): (usize, &str)| {
        let row: Row = serde_json::from_str(text).map_err(|e| bad(i, e.into()))?;
        Ok(Row { line: i + 1, ..row })
    };
    Ok(Recording { header, rows: lines.map(row).collect::<Result<_, _>>()? })
}

fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = r#"{"schema": "mrkspec-recording/1", "endpoint": "somewhere", "source": "s"}"#;

    #[test]
    fn reads_what_it_writes() {
        let row = r#"{"case":"c","region":"eu-west-1","operation":"EnableKey","input":{"KeyId":"k"},"code":"Success"}"#;
        let recording = read(&format!("{HEADER}\n{row}\n")).expect("a recording");
        assert_eq!((recording.rows.len(), recording.rows[0].line), (1, 2));
        assert_eq!(recording.header.more["source"], "s");
        assert_eq!(serde_json::to_string(&recording.rows[0]).expect("JSON"), row);
    }

    #[test]
    fn says_which_line_is_none() {
        let why = |text: &str| read(text).map(|_| ()).map_err(|e| e.line);
        assert_eq!(why(""), Err(1));
        assert_eq!(why(&format!("{HEADER}\n\n{{\"case\": 1}}")), Err(3));
        assert_eq!(why(r#"{"schema": "something/2", "endpoint": ""}"#), Err(1));
        assert_eq!(why(r#"{"schema": "mrkspec-recording/1", "endpoint": "", "day": -1}"#), Err(1));
    }
}

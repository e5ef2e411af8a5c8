//! Writing down what a run asked and what came, so that it can be judged again without the endpoint
//! (`mrkspec-recording/1`). Nothing secret is written: of plaintexts, shared secrets and tokens only which of
//! them are the same, and how long they are.

use super::Violation;
use crate::sequence::recording::{Context, Header, Row, Run, SCHEMA, Wire};
use crate::transport::{Consistency, Target, encode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mrkspec_model::bindings::Bindings;
use mrkspec_model::call::{Arg, Auth, Call, Caller, Operation};
use mrkspec_model::matching::SECRET_MEMBERS;
use mrkspec_model::outcome::Response;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, LineWriter, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

/// The recording of one run.
#[derive(Debug)]
pub struct Recorder(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    file: Option<LineWriter<File>>,
    /// The rows, where somebody wants to look at them afterwards.
    kept: Option<Vec<Row>>,
    /// The names of values that are not written.
    names: BTreeMap<String, String>,
    /// Plaintexts that requests gave: they are in the scenario, so they are no secret.
    given: BTreeSet<String>,
    failed: Option<io::Error>,
}

impl Recorder {
    /// Begins a recording of a run against this target.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn create(path: &Path, target: &Target) -> io::Result<Recorder> {
        let settle = humantime::format_duration(Duration::from_secs(target.settle_timeout.as_secs())).to_string();
        let header = Header {
            schema: SCHEMA.into(),
            endpoint: target.endpoint.clone(),
            consistent: target.consistency == Consistency::Strong,
            day: Some(target.day.as_secs_f64()),
            settle_timeout: Some(settle),
            more: Map::from_iter([("source".to_string(), json!(format!("mrkspec {}", env!("CARGO_PKG_VERSION"))))]),
            ..Header::default()
        };
        let mut file = LineWriter::new(File::create(path)?);
        writeln!(file, "{}", serde_json::to_string(&header)?)?;
        Ok(Recorder(Mutex::new(Inner { file: Some(file), ..Inner::default() })))
    }

    /// A recording that is kept in memory only.
    pub fn in_memory() -> Recorder {
        Recorder(Mutex::new(Inner { kept: Some(Vec::new()), ..Inner::default() }))
    }

    /// Keeps the rows from now on as well, to be taken with [`Recorder::take`].
    pub fn keep(&self) {
        self.inner().kept.get_or_insert_default();
    }

    /// The rows that were kept since the last time.
    pub fn take(&self) -> Vec<Row> {
        self.inner().kept.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Ends the recording.
    ///
    /// # Errors
    /// When any line of it could not be written.
    pub fn finish(&self) -> io::Result<()> {
        let mut inner = self.inner();
        let flushed = inner.file.as_mut().map_or(Ok(()), Write::flush);
        inner.failed.take().map_or(flushed, Err)
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(|e| e.into_inner())
    }
}

impl Inner {
    fn write(&mut self, row: &Row) {
        if let Some(kept) = &mut self.kept {
            kept.push(row.clone());
        }
        let Some(file) = &mut self.file else { return };
        let written = serde_json::to_string(row).map_err(io::Error::from).and_then(|l| writeln!(file, "{l}"));
        if let Err(e) = written {
            self.failed.get_or_insert(e);
        }
    }

    /// The value without what is secret.
    fn redact(&mut self, value: &mut Value) {
        match value {
            Value::Object(map) => {
                for (name, v) in map.iter_mut() {
                    match v {
                        Value::String(text) if SECRET_MEMBERS.contains(&name.as_str()) => *text = self.name(name, text),
                        _ => self.redact(v),
                    }
                }
            }
            Value::Array(list) => list.iter_mut().for_each(|v| self.redact(v)),
            _ => {}
        }
    }

    /// What stands for a secret.
    fn name(&mut self, member: &str, text: &str) -> String {
        if self.given.contains(text) {
            return text.to_string();
        }
        let Ok(bytes) = STANDARD.decode(text) else {
            return if member == "GrantToken" { self.named(text, text.len()) } else { "(not base64)".into() };
        };
        self.named(text, bytes.len())
    }

    fn named(&mut self, text: &str, length: usize) -> String {
        let number = self.names.len() + 1;
        let fresh = || format!("<blob {number}: {length} bytes>");
        self.names.entry(text.to_string()).or_insert_with(fresh).clone()
    }

    fn input(&mut self, call: &Call, ready: &Call, bindings: &Bindings) -> Map<String, Value> {
        let mut input = Map::new();
        for (member, arg) in &call.args {
            let sent = || {
                let arg = ready.args.get(member)?.clone();
                let one = Call { args: BTreeMap::from([(member.clone(), arg)]), raw_body: None, ..ready.clone() };
                let body: Value = serde_json::from_str(&encode(&one, bindings).ok()?).ok()?;
                body.get(member).cloned()
            };
            let value = match arg {
                Arg::Material { name, step } => json!(format!("<wrapped {name} for {step}>")),
                // The request has one tag more, by which this tool finds its keys.
                Arg::Json(Value::Array(_)) if member == "Tags" => match arg {
                    Arg::Json(value) => value.clone(),
                    _ => Value::Null,
                },
                Arg::Bytes(bytes) => {
                    let text = STANDARD.encode(bytes);
                    if member == "Plaintext" {
                        self.given.insert(text.clone());
                    }
                    json!(text)
                }
                Arg::Result { step, damaged: true } => {
                    let whole = Arg::Result { step: step.clone(), damaged: false };
                    let one = Call { args: BTreeMap::from([(member.clone(), whole)]), raw_body: None, ..call.clone() };
                    let body = encode(&one, bindings).ok().and_then(|b| serde_json::from_str::<Value>(&b).ok());
                    let text = body.as_ref().and_then(|b| b[member].as_str()).unwrap_or_default().to_string();
                    let name = if SECRET_MEMBERS.contains(&member.as_str()) { self.name(member, &text) } else { text };
                    json!(format!("<{}, one bit flipped>", name.trim_matches(['<', '>'])))
                }
                Arg::Tokens(_) => {
                    let list = sent().and_then(|v| v.as_array().cloned()).unwrap_or_default();
                    list.iter().map(|t| json!(self.name("GrantToken", t.as_str().unwrap_or_default()))).collect()
                }
                Arg::Result { .. } if SECRET_MEMBERS.contains(&member.as_str()) => {
                    json!(self.name(member, sent().as_ref().and_then(Value::as_str).unwrap_or_default()))
                }
                _ => sent().unwrap_or(Value::Null),
            };
            input.insert(member.clone(), value);
        }
        input
    }
}

impl From<&Violation> for Wire {
    fn from(v: &Violation) -> Wire {
        Wire { rule: v.rule.0.into(), expected: v.expected.clone(), observed: v.observed.clone() }
    }
}

/// What one sequence writes.
#[derive(Debug)]
pub(super) struct Notes {
    recorder: Arc<Recorder>,
    sequence: String,
    /// Written with the first row.
    context: Option<Context>,
    began: SystemTime,
    settlings: usize,
    groups: usize,
    /// The last answer, until everything about it is known.
    pending: Option<Row>,
}

/// When an exchange took place, since the sequence began.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    pub(super) first: Option<Duration>,
    pub(super) sent: Duration,
    pub(super) answered: Duration,
}

impl Notes {
    pub(super) fn new(recorder: Arc<Recorder>, sequence: String, context: Context) -> Notes {
        let began = SystemTime::now();
        Notes { recorder, sequence, context: Some(context), began, settlings: 0, groups: 0, pending: None }
    }

    /// A row about a call as it was sent; without its answer.
    pub(super) fn row(&self, call: &Call, ready: &Call, step: usize, times: Times, bindings: &Bindings) -> Row {
        let time = |t: Duration| Some(humantime::format_rfc3339_micros(self.began + t).to_string());
        let seconds = |arg: &Arg| match arg {
            Arg::In(time) => Some(time.as_secs_f64()),
            _ => None,
        };
        let caller = match call.caller {
            Caller::Admin => None,
            Caller::Limited => Some("limited"),
            Caller::Other => Some("other"),
        };
        let auth = match call.auth {
            Auth::Valid => None,
            Auth::Unsigned => Some("none"),
            Auth::WrongSignature => Some("wrong-signature"),
            Auth::UnknownKey => Some("unknown-key"),
            Auth::Incomplete => Some("incomplete"),
        };
        let run = Run {
            sequence: Some(self.sequence.clone()),
            step: Some(step),
            name: (!call.name.is_empty()).then(|| call.name.to_string()),
            valid_in: call.args.get("ValidTo").and_then(seconds),
            auth: auth.map(str::to_string),
            body: call.raw_body.clone(),
            ..Run::default()
        };
        Row {
            at: time(times.sent),
            answered: time(times.answered),
            region: call.region.to_string(),
            caller: caller.map(str::to_string),
            operation: call.op.name().to_string(),
            input: self.recorder.inner().input(call, ready, bindings),
            run,
            ..Row::default()
        }
    }

    /// Puts an answer into a row.
    pub(super) fn answer(&self, row: &mut Row, response: &Response) {
        match response {
            Response::Success(body) => {
                row.code = "Success".into();
                let mut body = body.clone();
                self.recorder.inner().redact(&mut body);
                row.output = Some(body).filter(|b| !b.is_null());
            }
            Response::Error { code, message, status } => {
                (row.code, row.message, row.run.status) = (code.clone(), Some(message.clone()), Some(*status));
            }
            Response::Lost(why) => (row.code, row.message) = ("(lost)".into(), Some(why.clone())),
        }
    }

    /// Writes that the call was sent, and its answer was lost.
    pub(super) fn lost(&mut self, mut row: Row, times: Times) {
        row.code = "(lost)".into();
        row.recorded = Some(json!(false));
        if let Some(first) = times.first {
            row.at = Some(humantime::format_rfc3339_micros(self.began + first).to_string());
            row.answered.clone_from(&row.at);
        }
        self.write(row);
    }

    pub(super) fn write(&mut self, mut row: Row) {
        row.run.context = self.context.take();
        self.recorder.inner().write(&row);
    }

    /// Keeps a row until what the sequence itself expected is known.
    pub(super) fn keep(&mut self, row: Row) {
        self.pending = Some(row);
    }

    /// Writes the row that was kept.
    pub(super) fn settle_pending(&mut self, unexpected: Vec<Wire>) {
        if let Some(mut row) = self.pending.take() {
            row.run.unexpected = unexpected;
            self.write(row);
        }
    }

    /// The number of the next settling.
    pub(super) fn next_settling(&mut self) -> usize {
        self.settlings += 1;
        self.settlings
    }

    /// The number of the next calls that are under way together.
    pub(super) fn next_group(&mut self) -> usize {
        self.groups += 1;
        self.groups
    }

    /// Writes a look at a member: of a settling, or after a deviation.
    pub(super) fn look(
        &mut self,
        call: &Call,
        response: &Response,
        (step, family, settling): (usize, &str, Option<usize>),
        times: Times,
        bindings: &Bindings,
    ) {
        debug_assert!(matches!(call.op, Operation::DescribeKey | Operation::ListKeyRotations));
        let mut row = self.row(call, call, step, times, bindings);
        self.answer(&mut row, response);
        (row.run.settling, row.run.resync) = (settling, settling.is_none());
        row.run.family = Some(family.to_string());
        self.write(row);
    }
}

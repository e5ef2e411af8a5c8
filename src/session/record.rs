//! What happened in one sequence.

use crate::oracle::{Taken, Verdict};
use crate::sequence::Transcript;
use mrkspec_model::bindings::Bindings;
use mrkspec_model::call::{Call, Operation};
use mrkspec_model::outcome::Response;
use mrkspec_model::rule::RuleId;
use mrkspec_model::situation::Situation;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// A rule that was broken, with everything needed to see it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Violation {
    /// The rule.
    pub rule: RuleId,
    /// Id of the sequence.
    pub scenario: String,
    /// Number of the step, from 1.
    pub step: usize,
    /// The call, in symbols.
    pub call: String,
    /// What was allowed, in words and symbols.
    pub expected: String,
    /// What came.
    pub observed: String,
    /// The command that shows it again.
    pub repro: String,
    /// How often the same (rule, call, shape) was seen in the run.
    pub count: usize,
    /// In what way the answer was wrong: the member, or the exception that came.
    #[serde(skip)]
    pub shape: String,
    /// Where in the model it was seen; a report that was read back does not know.
    #[serde(skip)]
    pub sighting: Option<Sighting>,
}

/// Where in the model a violation was seen: what causes are told from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// The operation called.
    #[serde(with = "by_name")]
    pub op: Operation,
    /// The Region called.
    pub region: String,
    /// The key or alias that the call names, if it names one.
    pub subject: Option<String>,
    /// The key state of the addressed member before the call, or nothing.
    pub state: String,
    /// In what way the answer differs.
    pub kind: Kind,
}

/// In what way an answer differs from the nearest one that is allowed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// It should have been refused, and was not.
    Accepted,
    /// It should have succeeded, and was refused with this code.
    Refused(String),
    /// It was refused with this code instead of another.
    Code(String),
    /// This member of the answer, by its path, is wrong; `message` is an exception's text.
    Member(String),
    /// Its form is wrong, or something that no single answer shows.
    Form,
}

/// An operation is written by its API name.
mod by_name {
    use mrkspec_model::call::Operation;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(op: &Operation, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(op.name())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Operation, D::Error> {
        let name = String::deserialize(from)?;
        Operation::parse(&name).ok_or_else(|| D::Error::custom(format!("{name} is no operation")))
    }
}

/// One step as it was executed.
#[derive(Clone, Debug)]
pub struct StepRecord {
    /// Number of the step, from 1.
    pub number: usize,
    /// The step as its author wrote it.
    pub text: String,
    /// What came.
    pub answer: Vec<Told>,
}

/// What a transcript says of a step. It becomes text only when somebody reads it: to write an answer in symbols
/// costs more than to judge it.
#[derive(Clone, Debug)]
pub enum Told {
    /// A line.
    Line(String),
    /// A final answer.
    Answer(Box<Answered>),
    /// A look at a member, among others while a family settles.
    Look(Box<Answered>),
}

/// An answer, and what the symbols stood for when it came.
#[derive(Clone, Debug)]
pub struct Answered {
    pub call: Call,
    pub response: Response,
    pub symbols: Bindings,
}

impl Told {
    /// The lines of a transcript that has shown what came before.
    fn lines(&self, transcript: &mut Transcript) -> Vec<String> {
        match self {
            Told::Line(line) => vec![line.clone()],
            Told::Answer(a) => transcript.answer(&a.call, &a.response, &a.symbols),
            Told::Look(a) => transcript.look(&a.call, &a.response, &a.symbols),
        }
    }
}

/// Concurrent calls of several clients as they were carried out.
#[derive(Clone, Debug)]
pub struct Race {
    /// Number of the step, from 1.
    pub step: usize,
    /// Whether an order of the calls explains their answers.
    pub verdict: Verdict,
    /// The order in which the parts were judged.
    pub order: Vec<usize>,
    /// Every request that was answered, or may have had effect.
    pub parts: Vec<Timed>,
}

/// A request of a client, and when it was under way, since the sequence began.
#[derive(Clone, Debug)]
pub struct Timed {
    /// Number of the client, from 0.
    pub client: usize,
    /// The call, in symbols.
    pub call: String,
    /// What came, in a few words.
    pub answer: String,
    pub begin: Duration,
    /// `None`: its answer was lost.
    pub end: Option<Duration>,
    /// No order explains this answer and all that were judged before it.
    pub wrong: bool,
}

/// The whole of one sequence.
#[derive(Clone, Debug, Default)]
pub struct Record {
    pub id: String,
    pub steps: Vec<StepRecord>,
    /// What several clients did at the same time.
    pub races: Vec<Race>,
    /// Rules that held at least once.
    pub upheld: BTreeSet<RuleId>,
    pub violations: Vec<Violation>,
    /// Operations that the endpoint does not know.
    pub unsupported: BTreeSet<Operation>,
    /// Key specs that it does not know, and need not (F-038).
    pub unknown_specs: BTreeSet<&'static str>,
    /// Why the sequence was not carried through, if it was not.
    pub stopped: Option<String>,
    /// Why the sequence was not run, though nothing is wrong with the endpoint.
    pub skipped: Option<String>,
    /// The endpoint evaluates no policies, and the sequence is about them.
    pub not_enforced: bool,
    /// True when the belief had to be narrowed again after a deviation.
    pub resynchronised: bool,
    /// Answers for which more than one outcome would have been accepted.
    pub latitude: usize,
    /// Cells of the key-state table that an answer exercised: operation and key state.
    pub cells: BTreeSet<(Operation, &'static str)>,
    /// Situations in which an allowed answer came.
    pub situations: BTreeSet<Situation>,
    /// Kinds of answers that came: operation, key state, status, and exception or members.
    pub kinds: BTreeSet<String>,
    /// Calls that were judged, by operation and key state.
    pub tally: BTreeMap<(Operation, &'static str), usize>,
    /// Calls that were judged.
    pub judged: usize,
    /// Answers that may have been stale, so that they were asked for again.
    pub asked_again: usize,
    /// An answer showed that something was under way which a change that was accepted had shown to be over; asked
    /// again, it showed that no more. It was stale, or the change should have been refused.
    pub late: bool,
    /// Every answer of this record was taken as final: reads of the endpoint were found never to be stale.
    pub strict: bool,
    /// The endpoint was started anew meanwhile: nothing that came after it says anything.
    pub forgotten: bool,
    /// Requests, without repetitions; one for each key that is to be cleaned up included.
    pub requests: usize,
    /// Keys that were made, replicas included.
    pub keys: usize,
    /// Answers that were lost, or internal failures: what such a call would have shown is unknown.
    pub lost: usize,
}

impl Record {
    /// True when no further step is carried out.
    pub fn is_over(&self) -> bool {
        self.stopped.is_some() || self.skipped.is_some()
    }

    /// Counts a judged answer, and what it showed.
    pub(super) fn note(&mut self, call: &Call, response: &Response, taken: &Taken) {
        let (judgement, state) = (&taken.judgement, taken.state);
        self.judged += 1;
        self.latitude += usize::from(judgement.latitude > 1);
        let kind = match response {
            Response::Error { code, status, .. } => format!("{} {state} {status} {code}", call.op),
            Response::Success(body) => format!("{} {state} ok {:x}", call.op, members(body)),
            Response::Lost(_) => format!("{} {state} lost", call.op),
        };
        self.kinds.insert(kind);
        *self.tally.entry((call.op, state)).or_default() += 1;
        self.situations.extend(judgement.situation);
        self.cells.extend(taken.cell.map(|state| (call.op, state)));
        self.upheld.extend(&judgement.upheld);
    }

    /// Takes over what another execution of the same sequence showed.
    pub fn absorb(&mut self, again: Record) {
        self.upheld.extend(again.upheld);
        self.violations.extend(again.violations);
        self.unsupported.extend(again.unsupported);
        self.cells.extend(again.cells);
        self.situations.extend(again.situations);
        self.kinds.extend(again.kinds);
        for (place, n) in again.tally {
            *self.tally.entry(place).or_default() += n;
        }
        self.stopped = self.stopped.take().and(again.stopped);
        self.resynchronised |= again.resynchronised;
        self.strict |= again.strict;
        self.latitude += again.latitude;
        self.asked_again += again.asked_again;
        self.judged += again.judged;
        self.lost = again.lost;
        self.forgotten = again.forgotten;
        self.requests += again.requests;
        self.keys += again.keys;
    }

    /// The transcript as text, normalised, one line a fact: what snapshots hold.
    pub fn transcript(&self) -> String {
        let mut out = String::new();
        let mut transcript = Transcript::default();
        for step in &self.steps {
            let mut lines =
                step.answer.iter().flat_map(|told| told.lines(&mut transcript)).collect::<Vec<_>>().into_iter();
            // What came is beside what was sent.
            let came = matches!(step.answer.first(), Some(Told::Answer(_))).then(|| lines.next()).flatten();
            out += &format!("{}. {}{}\n", step.number, step.text, came.map(|c| format!(" -> {c}")).unwrap_or_default());
            for line in together(lines) {
                out += &format!("   {line}\n");
            }
        }
        out
    }
}

/// The lines, with neighbours that say of several Regions that all is as before in one.
fn together(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let unchanged = |line: &str| line.strip_suffix(": (as before)").map(str::to_string);
    for line in lines {
        match (out.last().and_then(|last| unchanged(last)), unchanged(&line)) {
            (Some(before), Some(region)) => {
                *out.last_mut().expect("there is one") = format!("{before}, {region}: (as before)")
            }
            _ => out.push(line),
        }
    }
    out
}

/// Which members an answer has, at any depth, in a number: two answers of one shape have the same.
fn members(value: &Value) -> u64 {
    fn visit(value: &Value, hasher: &mut DefaultHasher) {
        match value {
            Value::Object(map) => map.iter().for_each(|(k, v)| {
                k.hash(hasher);
                visit(v, hasher);
            }),
            Value::Array(list) => {
                list.is_empty().hash(hasher);
                list.first().iter().for_each(|v| visit(v, hasher));
            }
            _ => {}
        }
    }
    let mut hasher = DefaultHasher::new();
    visit(value, &mut hasher);
    hasher.finish() & 0xffff
}

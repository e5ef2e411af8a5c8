//! Experiments: the questions about the real service that no source settles, each with the calls that would
//! settle it. `experiments/README.md` describes their files.

use super::file::steps;
use super::problem::{BadScenario, Problem};
use super::steps::{Action, Sequence};
use include_dir::{Dir, include_dir};
use mrkspec_model::call::{Caller, Operation};
use mrkspec_model::rules::{self, find};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/experiments");

/// The file of the questions that need no experiment.
const SETTLED: &str = "settled.yaml";

/// One experiment.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// The question's number in open-questions.md, such as `Q-6`.
    pub id: String,
    /// What nobody knows.
    pub question: String,
    /// What the harness accepts today, with fact numbers.
    pub accepts: String,
    /// How the fact begins: what was looked at.
    pub fact: String,
    /// How long its keys live on AWS at most, in hours begun.
    pub hours: u64,
    /// The calls.
    pub sequence: Sequence,
    /// What each step shows, if that belongs into the fact; in the order of the steps.
    pub notes: Vec<Option<String>>,
}

/// A question that a recording of the real service has answered.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settled {
    /// As in [`Experiment`].
    pub id: String,
    /// What was asked.
    pub question: String,
    /// What the answer is, and which record shows it.
    pub by: String,
}

/// What an experiment asks of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// Calls at most, watching and clean-up included, looks while a family settles not.
    pub calls: u64,
    /// Keys made, replicas included.
    pub keys: u64,
    /// Regions called.
    pub regions: BTreeSet<String>,
}

/// A file as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    question: String,
    accepts: String,
    rules: Vec<String>,
    fact: String,
    #[serde(default = "one")]
    hours: u64,
    steps: Vec<BTreeMap<String, Value>>,
}

fn one() -> u64 {
    1
}

impl Experiment {
    /// What it asks of an endpoint.
    pub fn demand(&self) -> Demand {
        let watched = self.sequence.steps.iter().filter_map(|s| match &s.action {
            Action::Watch(w) => {
                Some(w.most.as_millis().div_ceil(w.every.as_millis().max(1)) as u64 * w.regions.len() as u64)
            }
            _ => None,
        });
        let makes = |op| matches!(op, Operation::CreateKey | Operation::ReplicateKey);
        let keys = self.sequence.calls().filter(|c| makes(c.op)).count() as u64;
        let calls = self.sequence.calls().count() as u64 + watched.sum::<u64>() + keys;
        let replicas = self.sequence.calls().filter_map(|c| c.text("ReplicaRegion").map(str::to_string));
        let regions = self.sequence.calls().map(|c| c.region.to_string()).chain(replicas).collect();
        Demand { calls, keys, regions }
    }

    /// Who or what is needed besides an account, in words and options of the command line.
    pub fn needs(&self) -> Vec<&'static str> {
        let callers: BTreeSet<Caller> = self.sequence.calls().map(|c| c.caller).collect();
        let policies = self.sequence.rules.iter().any(|r| rules::get(*r).needs.policies());
        let all = [
            (callers.contains(&Caller::Limited), "a second principal (--limited-profile, --limited-principal)"),
            (callers.contains(&Caller::Other), "a second account (--other-account-profile)"),
            (policies, "an endpoint that evaluates policies"),
        ];
        all.into_iter().filter(|(needed, _)| *needed).map(|(_, words)| words).collect()
    }
}

/// Every experiment, in the order of the questions.
///
/// # Panics
/// When one cannot be parsed; a test of this crate keeps that from happening.
pub fn experiments() -> &'static [Experiment] {
    static ALL: OnceLock<Vec<Experiment>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all: Vec<Experiment> = FILES
            .files()
            .filter_map(|f| Some((f.path().to_str()?.strip_suffix(".yaml")?, f.contents_utf8()?)))
            .filter(|(id, _)| *id != "settled")
            .map(|(id, text)| parse(id, text).unwrap_or_else(|e| panic!("{e:?}")))
            .collect();
        all.sort_by_key(|e| number(&e.id));
        all
    })
}

/// The questions that need no experiment, in their order.
///
/// # Panics
/// As [`experiments`].
pub fn settled() -> &'static [Settled] {
    static ALL: OnceLock<Vec<Settled>> = OnceLock::new();
    ALL.get_or_init(|| {
        let text = FILES.get_file(SETTLED).and_then(|f| f.contents_utf8()).unwrap_or_default();
        serde_saphyr::from_str(text).unwrap_or_else(|e| panic!("{e:?}"))
    })
}

/// The number of a question.
fn number(id: &str) -> u32 {
    id.trim_start_matches("Q-").parse().unwrap_or(u32::MAX)
}

/// Parses the file of an experiment.
///
/// # Errors
/// As for a scenario file.
pub fn parse(id: &str, text: &str) -> Result<Experiment, BadScenario> {
    let bad = |problem: Problem| BadScenario { id: id.to_string(), problem };
    let options = serde_saphyr::options! { strict_booleans: true };
    let file: File = serde_saphyr::from_str_with_options(text, options).map_err(|e| bad(Problem::Yaml(Box::new(e))))?;
    let known = |name: &String| find(name).map(|r| r.id).ok_or_else(|| bad(Problem::UnknownRule(name.clone())));
    let rules: Vec<_> = file.rules.iter().map(known).collect::<Result<_, _>>()?;
    let first = *rules.first().ok_or_else(|| bad(Problem::NoRules))?;
    let mut entries = written_out(&file.steps);
    let notes = entries.iter_mut().map(take_note).collect();
    let steps = steps(&entries, first).map_err(bad)?;
    let sequence = Sequence { id: id.to_string(), title: file.question.clone(), rules, steps };
    let File { question, accepts, fact, hours, .. } = file;
    Ok(Experiment { id: id.to_string(), question, accepts, fact, hours, sequence, notes })
}

/// The steps with `repeat: { times: N, steps: […] }` written out.
fn written_out(steps: &[BTreeMap<String, Value>]) -> Vec<BTreeMap<String, Value>> {
    let mut out = Vec::new();
    for step in steps {
        let Some(repeat) = step.get("repeat") else {
            out.push(step.clone());
            continue;
        };
        let of = |e: &Value| e.as_object().map(|m| m.clone().into_iter().collect());
        let inner: Vec<BTreeMap<String, Value>> =
            repeat["steps"].as_array().into_iter().flatten().filter_map(of).collect();
        for _ in 0..repeat["times"].as_u64().unwrap_or(1).min(100) {
            out.extend(inner.iter().cloned());
        }
    }
    out
}

/// Takes the note out of a step. What was watched, or sent at the same time, is of interest in any case.
fn take_note(step: &mut BTreeMap<String, Value>) -> Option<String> {
    let observes = step.contains_key("together") || step.contains_key("watch");
    let notes = step.values_mut().filter_map(|body| body.as_object_mut()?.remove("note"));
    let note = notes.filter_map(|n| n.as_str().map(str::to_string)).next();
    note.or_else(|| observes.then(String::new))
}

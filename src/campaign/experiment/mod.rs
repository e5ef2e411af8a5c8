//! Experiments: asking an endpoint, best the real service, what no source settles. An experiment observes. Its answers
//! are judged as well, so that one that the model does not allow is seen to be one, but whatever comes is reported.

mod fact;
mod mask;
mod price;
#[cfg(feature = "cli")]
pub(crate) use price::list_price;

use super::check::CheckError;
use crate::report::{ExperimentReport, Observed, ObservedStep};
use crate::sequence::experiment::{Experiment, Settled, experiments, settled};
use crate::sequence::recording::Row;
use crate::session::{Record, Recorder, Shared, run_sequence};
use crate::transport::{BadTarget, Target};
use crate::verdict::exit;
use fact::{Seen, sent};
use mask::Mask;
use mrkspec_model::rule::Level;
use mrkspec_model::rules;
use std::fmt::Write as _;
use std::sync::Arc;

/// What can be asked for by its number.
#[derive(Clone, Copy, Debug)]
pub enum Asked {
    /// An experiment.
    Open(&'static Experiment),
    /// A question that needs none.
    Settled(&'static Settled),
}

/// Finds questions by their numbers.
///
/// # Errors
/// The first number that is none.
pub fn find_experiments(ids: &[String]) -> Result<Vec<Asked>, CheckError> {
    let find = |id: &String| {
        let open = experiments().iter().find(|e| e.id.eq_ignore_ascii_case(id)).map(Asked::Open);
        let known = open.or_else(|| settled().iter().find(|s| s.id.eq_ignore_ascii_case(id)).map(Asked::Settled));
        known.ok_or_else(|| CheckError::UnknownExperiment { id: id.clone(), known: known_ids() })
    };
    ids.iter().map(find).collect()
}

fn known_ids() -> String {
    experiments().iter().map(|e| e.id.as_str()).collect::<Vec<_>>().join(", ")
}

/// Runs experiments one after the other: they are about time. Everything is written to the recorder, too, if there is one.
///
/// # Errors
/// When the target cannot be asked.
pub async fn experiment(
    target: &Target,
    asked: &[Asked],
    recorder: Option<Arc<Recorder>>,
) -> Result<ExperimentReport, CheckError> {
    if target.is_aws() && !target.allow_aws {
        return Err(BadTarget::Aws { host: target.url("us-east-1") }.into());
    }
    let recorder = recorder.unwrap_or_else(|| Arc::new(Recorder::in_memory()));
    recorder.keep();
    // Nothing is asked where every question is settled.
    let shared = match asked.iter().any(|a| matches!(a, Asked::Open(_))) {
        true => Some(Shared::connect(target, None).await?.record_to(Some(recorder.clone()))),
        false => None,
    };
    let mut all = Vec::new();
    for (number, asked) in asked.iter().enumerate() {
        all.push(match (asked, &shared) {
            (Asked::Open(experiment), Some(shared)) => {
                let record = run_sequence(shared, &experiment.sequence, number).await;
                observed(experiment, target, &recorder.take(), record)
            }
            (Asked::Open(e), None) => not_asked(&e.id, &e.question, "no endpoint".into()),
            (Asked::Settled(s), _) => not_asked(&s.id, &s.question, format!("settled, {}", s.by)),
        });
    }
    if let Some(shared) = &shared {
        for left in shared.sweep().await.left {
            eprintln!("mrkspec: {left} was left behind; `mrkspec cleanup` looks for it again");
        }
    }
    let broken = all.iter().flat_map(|e| &e.deviations).any(|v| rules::get(v.rule).level == Level::Must);
    let exit_code = match () {
        () if broken => exit::BROKEN,
        () if all.iter().all(|e| e.not_run.is_some()) => exit::INCONCLUSIVE,
        () => exit::CONFORMS,
    };
    let endpoint = target.endpoint.clone();
    Ok(ExperimentReport { schema: "mrkspec-experiment/1", endpoint, experiments: all, exit_code })
}

/// A question that was not put to the endpoint.
fn not_asked(id: &str, question: &str, why: String) -> Observed {
    Observed {
        id: id.into(),
        question: question.into(),
        steps: Vec::new(),
        fact: None,
        not_run: Some(why),
        deviations: Vec::new(),
    }
}

/// What one experiment saw.
fn observed(experiment: &Experiment, target: &Target, rows: &[Row], record: Record) -> Observed {
    let mask = Mask::new(rows);
    let not_run = not_run(&record);
    let mut deviations = record.violations;
    for v in &mut deviations {
        v.expected = mask.text(&v.expected);
        v.observed = mask.text(&v.observed);
        v.repro = format!("mrkspec experiment {}", experiment.id);
    }
    let seen = Seen { experiment, rows, mask: &mask, deviations: &deviations };
    Observed {
        id: experiment.id.clone(),
        question: experiment.question.clone(),
        steps: steps(rows, &mask),
        fact: seen.fact(target),
        not_run,
        deviations,
    }
}

/// Why a sequence was not carried through, if it was not.
fn not_run(record: &Record) -> Option<String> {
    let missing = || {
        let names: Vec<&str> = record.unsupported.iter().map(|op| op.name()).collect();
        (!names.is_empty()).then(|| format!("the endpoint does not know {}", names.join(", ")))
    };
    let policies = || record.not_enforced.then(|| "the endpoint evaluates no policies".to_string());
    record.skipped.clone().or_else(policies).or_else(|| record.stopped.clone()).or_else(missing)
}

fn steps(rows: &[Row], mask: &Mask) -> Vec<ObservedStep> {
    let zero = rows.first().and_then(sent).unwrap_or_default();
    let one = |row: &Row| {
        let refused = (row.code != "Success" && row.recorded.is_none()).then(|| row.code.clone());
        ObservedStep {
            step: row.run.step.unwrap_or_default(),
            at_ms: sent(row).unwrap_or(zero).saturating_sub(zero),
            region: row.region.clone(),
            operation: row.operation.clone(),
            outcome: match () {
                () if row.recorded.is_some() || row.code == "(lost)" => "lost",
                () if refused.is_some() => "refused",
                () => "success",
            },
            code: refused,
            message: row.message.as_deref().map(|m| mask.text(m)),
            shown: row.output.as_ref().map(|o| mask.value(o)),
        }
    };
    rows.iter().map(one).collect()
}

/// Every question with what is accepted today, and what the experiment asks of an endpoint and costs on AWS.
pub fn list_experiments() -> String {
    let mut out = String::new();
    for e in experiments() {
        let demand = e.demand();
        let price = price::list_price(demand.keys, e.hours, demand.calls);
        let regions: Vec<&str> = demand.regions.iter().map(String::as_str).collect();
        let needs = if e.needs().is_empty() { "nothing else".to_string() } else { e.needs().join(", ") };
        let _ = writeln!(out, "{}: {}", e.id, e.question);
        let _ = writeln!(out, "     accepted today: {}", e.accepts);
        let _ = writeln!(
            out,
            "     on AWS: at most {} calls, {} keys, about {price:.4} USD by list price{}; {}",
            demand.calls,
            demand.keys,
            if e.hours > 1 { format!(", up to {} hours", e.hours) } else { String::new() },
            regions.join(", ")
        );
        let _ = writeln!(out, "     needs: {needs}\n");
    }
    out += "Settled, other answers stay accepted:\n";
    for s in settled() {
        let _ = writeln!(out, "{}: {}\n     {}", s.id, s.question, s.by);
    }
    out
}

//! From deviations to causes: what an author has to mend, instead of what was noticed.
//!
//! Four steps, each in a file of its own. [`links`]: rules that are broken in the same way (the same exception of
//! the same operation, the same member of its answers) are one cause until something better is known. [`known`]:
//! mistakes of the catalogue of which nearly everything was seen that they break explain these rules together, and
//! have words for it. [`shadows`]: what is broken only after something else was broken in the same sequence follows
//! from that. [`title`]: words for the author.

mod known;
mod links;
mod shadows;
mod symptoms;
#[cfg(all(test, feature = "reference"))]
mod tests;
mod title;

pub use known::{Fingerprint, fingerprint, fingerprints};

use super::levels::ConformanceLevel;
use crate::session::Violation;
use mrkspec_model::rule::{Level, RuleId};
use mrkspec_model::rules::{RULES, UPR_038, get};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use symptoms::Symptoms;

/// One mistake of an endpoint, as far as can be told from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Cause {
    /// The mistake in one sentence.
    pub title: String,
    /// The rule that says best what is wrong.
    pub rule: RuleId,
    /// The rules that are broken by the mistake itself, that one first.
    pub rules: Vec<RuleId>,
    /// How often it was seen.
    pub count: usize,
    /// The shortest way to see it.
    pub example: Example,
    /// Rules that are broken only where this mistake was seen before: they follow from it, as far as can be told.
    #[serde(default)]
    pub explains: Vec<RuleId>,
    /// The level of conformance that it belongs to.
    #[serde(default)]
    pub level: ConformanceLevel,
    /// The mistake of the catalogue (`mrkspec faults`) that breaks the same rules, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resembles: Option<String>,
}

/// Where a cause was seen, and how to see it again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// Id of the sequence.
    pub scenario: String,
    /// Number of the step, from 1.
    pub step: usize,
    /// The call, in symbols.
    pub call: String,
    /// The key state of the addressed key before the call, where one was addressed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key_state: String,
    /// The steps of the sequence up to this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
    /// What was allowed.
    pub expected: String,
    /// What came.
    pub observed: String,
    /// The command that shows it again.
    pub repro: String,
}

/// The causes of several runs together: those of the same mistake become one.
pub fn join_causes(list: impl Iterator<Item = Cause>) -> Vec<Cause> {
    let mut joined: Vec<Cause> = Vec::new();
    for cause in list {
        let same = |c: &&mut Cause| (c.rule, &c.title) == (cause.rule, &cause.title);
        let Some(known) = joined.iter_mut().find(same) else {
            joined.push(cause);
            continue;
        };
        known.count = known.count.saturating_add(cause.count);
        for rule in cause.rules.iter().filter(|r| !known.rules.contains(r)).copied().collect::<Vec<_>>() {
            known.rules.push(rule);
        }
        known
            .explains
            .extend(cause.explains.iter().filter(|r| !known.explains.contains(r)).copied().collect::<Vec<_>>());
        let rules = known.rules.clone();
        known.explains.retain(|r| !rules.contains(r));
    }
    in_order(&mut joined);
    joined
}

impl Cause {
    /// Every rule that the cause explains, its own first.
    pub fn all_rules(&self) -> impl Iterator<Item = RuleId> {
        self.rules.iter().chain(&self.explains).copied()
    }

    /// Whether a MUST is broken; otherwise it is a warning.
    pub fn is_must(&self) -> bool {
        self.all_rules().any(|r| get(r).level == Level::Must)
    }
}

/// A cause while it is being found: a place in the list of those that there may be.
type Id = usize;

/// What is found out step by step.
struct Diagnosis<'k> {
    /// The cause of each broken rule.
    of: BTreeMap<RuleId, Id>,
    /// The mistake of the catalogue that a cause is, where it is one.
    known: BTreeMap<Id, &'k Fingerprint>,
    /// Causes that follow from others.
    under: BTreeMap<Id, Id>,
}

impl Diagnosis<'_> {
    fn rules(&self, id: Id) -> Vec<RuleId> {
        self.of.iter().filter(|(_, cause)| **cause == id).map(|(rule, _)| *rule).collect()
    }

    /// The cause that a cause follows from in the end, or itself.
    fn root(&self, mut id: Id) -> Id {
        while let Some(next) = self.under.get(&id) {
            id = *next;
        }
        id
    }
}

/// The causes of what was seen in a run, in the order in which an author should mend them: by level of conformance,
/// MUSTs before SHOULDs, and what was seen in most sequences first. `deviations` are all of them, sequence by
/// sequence, in the order in which they came; `known` are mistakes that a cause may turn out to be; `run` is how many sequences there were.
pub fn causes(deviations: &[Violation], known: &[Fingerprint], run: usize) -> Vec<Cause> {
    if deviations.is_empty() {
        return Vec::new();
    }
    let symptoms = Symptoms::of(deviations);
    let linked = links::link(&symptoms);
    let mut diagnosis = known::recognise(&symptoms, &linked, known);
    shadows::cast(&symptoms, &mut diagnosis, run);
    let roots: BTreeSet<Id> = diagnosis.of.values().map(|id| diagnosis.root(*id)).collect();
    let mut causes: Vec<Cause> = roots.into_iter().map(|id| cause(&symptoms, &diagnosis, id)).collect();
    in_order(&mut causes);
    causes
}

/// As an author should mend them: MUSTs first, the basic before the demanding, what was seen often first.
fn in_order(causes: &mut [Cause]) {
    let place = |rule: RuleId| RULES.iter().position(|r| r.id == rule);
    causes.sort_by_key(|c| (!c.is_must(), c.level, Reverse(c.count), place(c.rule)));
}

fn cause(symptoms: &Symptoms, diagnosis: &Diagnosis, id: Id) -> Cause {
    let mut rules = diagnosis.rules(id);
    let followers = diagnosis.under.keys().filter(|f| diagnosis.root(**f) == id);
    let mut explains: Vec<RuleId> = followers.flat_map(|f| diagnosis.rules(*f)).collect();
    let known = diagnosis.known.get(&id).copied().filter(|f| f.is_all_of(&rules, &explains));
    let main = known.map(|f| f.rule.as_str());
    let order = |rule: &RuleId| {
        let should = get(*rule).level != Level::Must;
        // That an exception is not declared for the operation is never all that is wrong.
        let (first, count) = (Reverse(symptoms.first(*rule)), Reverse(symptoms.count(*rule)));
        (Some(rule.0) != main, should, *rule == UPR_038, first, count)
    };
    rules.sort_by_key(order);
    explains.sort_by_key(order);
    let shown = symptoms.example(rules[0]);
    Cause {
        title: known.map_or_else(|| title::of(symptoms, &rules), |f| f.about.clone()),
        rule: rules[0],
        count: rules.iter().chain(&explains).map(|r| symptoms.count(*r)).sum(),
        example: Example {
            scenario: shown.scenario.clone(),
            step: shown.step,
            call: shown.call.clone(),
            key_state: shown.sighting.as_ref().map(|s| s.state.clone()).unwrap_or_default(),
            steps: Vec::new(),
            expected: shown.expected.clone(),
            observed: shown.observed.clone(),
            repro: shown.repro.clone(),
        },
        level: ConformanceLevel::of(get(rules[0])),
        resembles: known.map(|f| f.name.clone()),
        rules,
        explains,
    }
}

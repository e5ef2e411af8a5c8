//! Mistakes that are known: what each fault of the catalogue breaks, found out by `mrkspec faults --fingerprints`.

use super::symptoms::Symptoms;
use super::{Diagnosis, Id};
use crate::session::Violation;
use mrkspec_model::rule::RuleId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// The share of a mistake's rules that must have been seen broken for it to be the cause.
const SEEN: f64 = 0.9;

/// The same for one that breaks many: no two runs are alike in all that follows from it.
const SEEN_OF_MANY: f64 = 0.7;
/// How many rules are many.
const MANY: usize = 10;

/// The share of the rules of a cause and of a mistake that both must have for the cause to have the mistake's name.
const SAME: f64 = 0.8;
/// The same for a mistake that breaks many.
const SAME_OF_MANY: f64 = 0.6;

/// The share of the steps in which a cause or a mistake of one rule shows that both must have.
const PLACES: f64 = 0.5;

/// What a rule that the mistake breaks, and that was not broken, counts against one that was.
const UNSEEN: f64 = 1.5;
/// The same for a mistake that breaks many: which of its consequences show depends on what the endpoint lets be asked.
const UNSEEN_OF_MANY: f64 = 0.75;

/// What a fault of the catalogue breaks in a full run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Name of the fault.
    pub name: String,
    /// The mistake in one sentence.
    pub about: String,
    /// The rule that it breaks.
    pub rule: String,
    /// Every rule that is broken with it, and in what ways: `Verify accepted`, `DescribeKey KeyMetadata.KeyState`.
    pub breaks: BTreeMap<String, BTreeSet<String>>,
    /// Where it breaks only one rule: in which steps of which scenarios. A rule may be broken by other mistakes, too.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub steps: BTreeSet<String>,
}

/// The fingerprints of the catalogue, as they were found when this version was made.
///
/// # Panics
/// Never: a test reads the table.
pub fn fingerprints() -> &'static [Fingerprint] {
    static TABLE: LazyLock<Vec<Fingerprint>> = LazyLock::new(|| {
        let lines = include_str!("fingerprints.jsonl").lines();
        lines.map(|line| serde_json::from_str(line).expect("the table is generated")).collect()
    });
    &TABLE
}

/// The fingerprint of a mistake, taken of everything that a full run of it showed; nothing where that was not its rule.
pub fn fingerprint(name: &str, about: &str, rule: &str, deviations: &[Violation]) -> Option<Fingerprint> {
    let symptoms = Symptoms::of(deviations);
    let rules: Vec<RuleId> = symptoms.rules().collect();
    let breaks = rules.iter().map(|r| (r.0.to_string(), symptoms.signatures(*r).clone())).collect();
    let steps = if rules.len() == 1 { symptoms.places(&rules) } else { BTreeSet::new() };
    let text = str::to_string;
    symptoms.has(rule).then(|| Fingerprint { name: text(name), about: text(about), rule: text(rule), breaks, steps })
}

impl Fingerprint {
    /// Whether a cause with these rules may be called by the mistake's name: it breaks nothing else, and nearly
    /// everything that the mistake breaks.
    pub(super) fn is_all_of(&self, rules: &[RuleId], explains: &[RuleId]) -> bool {
        let seen = rules.iter().chain(explains).filter(|r| self.breaks.contains_key(r.0)).count();
        let all = rules.len() + explains.len() + self.breaks.len() - seen;
        let share = if self.breaks.len() < MANY { SAME } else { SAME_OF_MANY };
        seen as f64 >= share * all as f64
    }

    /// Whether it was seen in most of the steps in which the mistake shows.
    fn fits(&self, places: &BTreeSet<String>) -> bool {
        let both = self.steps.intersection(places).count();
        both as f64 >= PLACES * self.steps.union(places).count() as f64
    }

    fn seen(&self, symptoms: &Symptoms) -> usize {
        self.breaks.iter().filter(|(rule, ways)| symptoms.shows(rule, ways)).count()
    }
}

/// Groups of rules, with those together that one known mistake breaks together.
pub(super) fn recognise<'k>(symptoms: &Symptoms, linked: &[Vec<RuleId>], known: &'k [Fingerprint]) -> Diagnosis<'k> {
    let mut diagnosis = Diagnosis { of: BTreeMap::new(), known: BTreeMap::new(), under: BTreeMap::new() };
    let possible = |f: &&Fingerprint| {
        let seen = f.seen(symptoms);
        let main = f.breaks.get(&f.rule).is_some_and(|ways| symptoms.shows(&f.rule, ways));
        let share = if f.breaks.len() < MANY { SEEN } else { SEEN_OF_MANY };
        main && seen >= 2 && seen as f64 >= share * f.breaks.len() as f64
    };
    let mut candidates: Vec<&'k Fingerprint> = known.iter().filter(possible).collect();
    let mut next: Id = 0;
    loop {
        let open: BTreeSet<&str> = symptoms.rules().filter(|r| !diagnosis.of.contains_key(r)).map(|r| r.0).collect();
        let explained = |f: &Fingerprint| {
            f.breaks.iter().filter(|(r, ways)| open.contains(r.as_str()) && symptoms.shows(r, ways)).count()
        };
        candidates.retain(|f| open.contains(f.rule.as_str()) && explained(f) >= 2);
        let worth = |f: &Fingerprint| {
            let unseen = f.breaks.len() - f.seen(symptoms);
            let leads = symptoms.rules().any(|r| r.0 == f.rule && symptoms.first(r) > 0);
            let price = if f.breaks.len() < MANY { UNSEEN } else { UNSEEN_OF_MANY };
            explained(f) as f64 - price * unseen as f64 + if leads { 0.5 } else { 0.0 }
        };
        let best = candidates.iter().copied().reduce(|a, b| if worth(b) > worth(a) { b } else { a });
        let Some(best) = best else { break };
        let breaks = |rule: &RuleId| best.breaks.get(rule.0).is_some_and(|ways| symptoms.shows(rule.0, ways));
        for rule in symptoms.rules().filter(|r| open.contains(r.0) && breaks(r)) {
            diagnosis.of.insert(rule, next);
        }
        diagnosis.known.insert(next, best);
        next += 1;
    }
    for group in linked {
        // What is broken in the same way as rules that are explained is explained by the same.
        let mut weight: BTreeMap<Id, usize> = BTreeMap::new();
        for rule in group {
            if let Some(id) = diagnosis.of.get(rule) {
                *weight.entry(*id).or_default() += symptoms.count(*rule);
            }
        }
        let id = weight.into_iter().max_by_key(|(_, n)| *n).map(|(id, _)| id).unwrap_or(next);
        for rule in group {
            diagnosis.of.entry(*rule).or_insert(id);
        }
        next += 1;
    }
    name(symptoms, known, &mut diagnosis);
    diagnosis
}

/// A cause that breaks what exactly one known mistake breaks, in the same ways, has its name.
fn name<'k>(symptoms: &Symptoms, known: &'k [Fingerprint], diagnosis: &mut Diagnosis<'k>) {
    let ids: BTreeSet<Id> = diagnosis.of.values().copied().collect();
    for id in ids {
        if diagnosis.known.contains_key(&id) {
            continue;
        }
        let rules = diagnosis.rules(id);
        let same = |f: &&'k Fingerprint| {
            let ways = |rule: &RuleId| f.breaks.get(rule.0).is_some_and(|ways| ways == symptoms.signatures(*rule));
            f.breaks.len() == rules.len() && rules.iter().all(ways) && f.fits(&symptoms.places(&rules))
        };
        let mut fitting = known.iter().filter(same);
        if let (Some(only), None) = (fitting.next(), fitting.next()) {
            diagnosis.known.insert(id, only);
        }
    }
}

//! What was seen, looked at from several sides.

use crate::session::{Kind, Sighting, Violation};
use mrkspec_model::rule::RuleId;
use std::collections::{BTreeMap, BTreeSet};

/// Deviations by sequence and by rule.
pub(super) struct Symptoms<'v> {
    /// Of each sequence its deviations, in the order in which they came.
    sequences: Vec<&'v [Violation]>,
    by_rule: BTreeMap<RuleId, Seen<'v>>,
    signatures: BTreeMap<RuleId, BTreeSet<String>>,
}

struct Seen<'v> {
    count: usize,
    /// Sequences in which the rule was broken at the first step at which anything was wrong.
    first: usize,
    /// The simplest sight of it, and how simple it is.
    example: (Simplicity, &'v Violation),
}

/// Reviewed scenarios before computed ones, undisturbed sights before others, early ones before late ones.
type Simplicity = (bool, bool, usize);

impl<'v> Symptoms<'v> {
    /// `deviations` are ordered by sequence.
    pub fn of(deviations: &'v [Violation]) -> Symptoms<'v> {
        let sequences: Vec<&[Violation]> = deviations.chunk_by(|a, b| a.scenario == b.scenario).collect();
        let mut by_rule: BTreeMap<RuleId, Seen> = BTreeMap::new();
        for sequence in &sequences {
            let start = sequence[0].step;
            let mut counted = Vec::new();
            for violation in *sequence {
                let sight = (!is_reviewed(violation), violation.step != start, violation.step);
                let new = || Seen { count: 0, first: 0, example: (sight, violation) };
                let seen = by_rule.entry(violation.rule).or_insert_with(new);
                seen.count += violation.count;
                if violation.step == start && !counted.contains(&violation.rule) {
                    counted.push(violation.rule);
                    seen.first += 1;
                }
                if sight < seen.example.0 {
                    seen.example = (sight, violation);
                }
            }
        }
        let mut signatures: BTreeMap<RuleId, BTreeSet<String>> = BTreeMap::new();
        for violation in deviations {
            let ways = signatures.entry(violation.rule).or_default();
            ways.extend(violation.sighting.as_ref().map(signature));
        }
        Symptoms { sequences, by_rule, signatures }
    }

    /// The broken rules.
    pub fn rules(&self) -> impl Iterator<Item = RuleId> {
        self.by_rule.keys().copied()
    }

    /// Whether a rule was broken.
    pub fn has(&self, rule: &str) -> bool {
        self.by_rule.keys().any(|r| r.0 == rule)
    }

    /// Every deviation, sequence by sequence.
    pub fn sequences(&self) -> &[&'v [Violation]] {
        &self.sequences
    }

    /// How often a rule was broken.
    pub fn count(&self, rule: RuleId) -> usize {
        self.by_rule.get(&rule).map_or(0, |s| s.count)
    }

    /// In what ways a rule was broken.
    pub fn signatures(&self, rule: RuleId) -> &BTreeSet<String> {
        static NONE: BTreeSet<String> = BTreeSet::new();
        self.signatures.get(&rule).unwrap_or(&NONE)
    }

    /// Whether a rule was broken in one of these ways.
    pub fn shows(&self, rule: &str, ways: &BTreeSet<String>) -> bool {
        let seen = self.signatures.iter().find(|(r, _)| r.0 == rule);
        seen.is_some_and(|(_, seen)| !seen.is_disjoint(ways))
    }

    /// The steps of reviewed scenarios in which any of these rules was broken.
    pub fn places(&self, rules: &[RuleId]) -> BTreeSet<String> {
        let broken = self.sequences.iter().copied().flatten().filter(|v| rules.contains(&v.rule) && is_reviewed(v));
        broken.map(|v| format!("{}:{}", v.scenario, v.step)).collect()
    }

    /// In how many sequences it was the first that was broken, or among the first.
    pub fn first(&self, rule: RuleId) -> usize {
        self.by_rule.get(&rule).map_or(0, |s| s.first)
    }

    /// The simplest sight of a broken rule.
    ///
    /// # Panics
    /// When it was not broken.
    pub fn example(&self, rule: RuleId) -> &'v Violation {
        self.by_rule[&rule].example.1
    }

    /// Every deviation of which is known where in the model it was seen.
    pub fn sightings(&self) -> impl Iterator<Item = (&'v Violation, &'v Sighting)> {
        self.sequences.iter().copied().flatten().filter_map(|v| Some((v, v.sighting.as_ref()?)))
    }
}

/// Whether its sequence is a scenario, which is the same in every run.
fn is_reviewed(violation: &Violation) -> bool {
    !violation.scenario.starts_with("tour/")
}

/// In what way an answer was wrong, in a word or two: `Verify accepted`, `Encrypt DisabledException`,
/// `DescribeKey KeyMetadata.KeyState`.
pub(super) fn signature(sighting: &Sighting) -> String {
    let op = sighting.op;
    match &sighting.kind {
        Kind::Accepted => format!("{op} accepted"),
        Kind::Refused(code) | Kind::Code(code) => format!("{op} {code}"),
        Kind::Member(path) => format!("{op} {path}"),
        Kind::Form => format!("{op} form"),
    }
}

//! Baseline files: what an endpoint is known to break. A new failure and an unexpected pass both
//! fail the run, so that the file stays true.

use super::{RuleVerdict, Verdict};
use crate::session::Violation;
use mrkspec_model::rule::{Level, RuleId};
use mrkspec_model::rules::get;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A baseline file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The endpoint and its version, for the reader.
    pub target: String,
    /// The requests that `--budget` allowed the run that it was made from; none: a whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<usize>,
    /// The rules that it is known not to meet.
    #[serde(default)]
    pub expected: Vec<Expected>,
    /// Its known mistakes: each may break several rules, and need not break all of them in every run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<KnownCause>,
}

/// A known mistake of the endpoint, and the rules that are broken by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownCause {
    /// The mistake in one sentence.
    pub title: String,
    /// The rules that it breaks, as a report's `rules` and `explains` list them.
    pub rules: Vec<RuleId>,
    /// Why it is the endpoint that is wrong, with the fact number.
    pub reason: String,
}

/// One rule that the endpoint is known not to meet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The rule.
    pub rule: RuleId,
    /// `fail`, `unsupported` or `inconclusive`.
    pub verdict: Verdict,
    /// Why it is the endpoint that is wrong, with the fact number.
    pub reason: String,
}

/// A baseline file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BaselineError {
    /// It is no YAML of the right form, or names an unknown rule.
    #[error("this is no baseline (`mrkspec check --update-baseline` writes one)")]
    Read(#[source] Box<serde_saphyr::Error>),
    /// No rule can be expected in two ways.
    #[error("rule {0} stands twice")]
    Twice(RuleId),
    /// It cannot be written as YAML.
    #[error("the baseline cannot be written as YAML")]
    Write(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Where a run and its baseline differ.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Comparison {
    /// Rules that are broken and not in the baseline, or broken in another way.
    pub unexpected: Vec<String>,
    /// Rules of the baseline that are met now.
    pub fixed: Vec<String>,
    /// Rules of the baseline that are as expected.
    pub as_expected: usize,
}

impl Comparison {
    /// True when the run is what the baseline says.
    pub fn matches(&self) -> bool {
        self.unexpected.is_empty() && self.fixed.is_empty()
    }
}

impl Baseline {
    /// Parses a baseline file.
    ///
    /// # Errors
    /// When it is no YAML of the right form, or names an unknown rule, or a rule twice.
    pub fn parse(text: &str) -> Result<Baseline, BaselineError> {
        let baseline: Baseline = serde_saphyr::from_str(text).map_err(|e| BaselineError::Read(Box::new(e)))?;
        let mut seen = BTreeSet::new();
        let by_causes = baseline.causes.iter().flat_map(|c| &c.rules);
        if let Some(twice) = baseline.expected.iter().map(|e| &e.rule).chain(by_causes).find(|r| !seen.insert(**r)) {
            return Err(BaselineError::Twice(*twice));
        }
        Ok(baseline)
    }

    /// Compares a run with what is expected. Rules that were not run are left out.
    pub fn compare(&self, rules: &[RuleVerdict]) -> Comparison {
        let expected: BTreeMap<RuleId, &Expected> = self.expected.iter().map(|e| (e.rule, e)).collect();
        let mut comparison = Comparison::default();
        for rule in rules.iter().filter(|r| r.verdict != Verdict::NotRun) {
            let caused = self.causes.iter().any(|c| c.rules.contains(&rule.id));
            match (expected.get(&rule.id), rule.counts_against()) {
                (None, true) if caused && rule.verdict == Verdict::Fail => comparison.as_expected += 1,
                (Some(e), true) if e.verdict == rule.verdict => comparison.as_expected += 1,
                (Some(e), true) => {
                    let words = format!("{} (expected {}, is {})", rule.id, e.verdict.word(), rule.verdict.word());
                    comparison.unexpected.push(words);
                }
                (None, true) => comparison.unexpected.push(format!("{} ({})", rule.id, rule.verdict.word())),
                (Some(_), false) => comparison.fixed.push(format!("{} ({})", rule.id, rule.verdict.word())),
                (None, false) => {}
            }
        }
        let run = |id: &RuleId| rules.iter().find(|r| r.id == *id).filter(|r| r.verdict != Verdict::NotRun);
        for cause in &self.causes {
            let must: Vec<RuleId> = cause.rules.iter().filter(|r| get(**r).level == Level::Must).copied().collect();
            let tested: Vec<&RuleVerdict> = must.iter().filter_map(run).collect();
            // Of a mistake that was not looked for in every way nothing is said.
            let all = !must.is_empty() && tested.len() == must.len();
            if all && !tested.iter().any(|r| r.counts_against()) {
                comparison.fixed.push(format!("{} ({})", tested[0].id, cause.title));
            }
        }
        comparison
    }

    /// The baseline that fits a run. Reasons of rules whose verdict is unchanged are kept; new
    /// ones are drafted from the first violation, for a person to check.
    pub fn updated(&self, target: &str, rules: &[RuleVerdict], violations: &[Violation]) -> Baseline {
        let is = |id: &RuleId, verdict: Verdict| rules.iter().any(|r| r.id == *id && r.verdict == verdict);
        let broken = |c: &KnownCause| c.rules.iter().any(|r| is(r, Verdict::Fail));
        let open = |c: &KnownCause| c.rules.iter().any(|r| is(r, Verdict::NotRun));
        let mut causes: Vec<KnownCause> = self.causes.iter().filter(|c| broken(c) || open(c)).cloned().collect();
        let caused = |r: &&RuleVerdict| r.verdict == Verdict::Fail && causes.iter().any(|c| c.rules.contains(&r.id));
        let mut expected: Vec<Expected> = rules
            .iter()
            .filter(|r| r.counts_against() && !caused(r))
            .map(|r| {
                let kept = self.expected.iter().find(|e| e.rule == r.id && e.verdict == r.verdict);
                let reason = kept.map_or_else(|| draft(r, violations), |e| e.reason.clone());
                Expected { rule: r.id, verdict: r.verdict, reason }
            })
            .collect();
        // What was not run is neither mended nor new.
        expected.extend(self.expected.iter().filter(|e| is(&e.rule, Verdict::NotRun)).cloned());
        // A rule stands once: what is unsupported or undecided is not broken by a mistake.
        causes.iter_mut().for_each(|c| c.rules.retain(|r| !expected.iter().any(|e| e.rule == *r)));
        let target = if self.target.is_empty() { target.to_string() } else { self.target.clone() };
        Baseline { target, budget: self.budget, expected, causes }
    }

    /// The file's text.
    ///
    /// # Errors
    /// When it cannot be written as YAML.
    pub fn to_yaml(&self) -> Result<String, BaselineError> {
        serde_saphyr::to_string(self).map_err(|e| BaselineError::Write(e.into()))
    }
}

/// A sentence that says why it is the endpoint that is wrong, as far as a program can tell.
fn draft(rule: &RuleVerdict, violations: &[Violation]) -> String {
    let facts = rule.rule().facts;
    let cut = |text: &str| match text.char_indices().nth(160) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_string(),
    };
    if let Some(v) = violations.iter().find(|v| v.rule == rule.id) {
        return format!("{facts}: {} should give {}; it gives {}.", cut(&v.call), cut(&v.expected), cut(&v.observed));
    }
    let note = rule.note.as_deref().unwrap_or("not met");
    if note == super::NOT_ENFORCED {
        return format!(
            "{facts}: the endpoint evaluates no key policy; a call that one denies to everyone goes on working (F-118)."
        );
    }
    match note.strip_prefix("needs ") {
        Some(operations) => format!("{facts}: cannot be met, because the endpoint has no {operations}."),
        None => format!("{facts}: cannot be tested, because of other deviations: {}.", cut(note)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(id: &str, verdict: Verdict) -> RuleVerdict {
        let id = mrkspec_model::rules::find(id).expect("a rule").id;
        RuleVerdict { id, verdict, scenarios: Vec::new(), violations: 0, note: None }
    }

    #[test]
    fn new_failures_and_unexpected_passes_are_told_apart() {
        let text = "target: x\nexpected:\n- { rule: UPR-001, verdict: fail, reason: r }\n- { rule: UPR-002, verdict: unsupported, reason: r }\n";
        let baseline = Baseline::parse(text).expect("parses");
        let run = [rule("UPR-001", Verdict::Fail), rule("UPR-002", Verdict::Pass), rule("UPR-003", Verdict::Fail)];
        let comparison = baseline.compare(&run);
        assert_eq!(comparison.as_expected, 1);
        assert_eq!(comparison.unexpected, ["UPR-003 (fail)"]);
        assert_eq!(comparison.fixed, ["UPR-002 (pass)"]);
        assert!(!comparison.matches());
        assert!(baseline.compare(&run[..1]).matches());
    }

    #[test]
    fn a_known_mistake_is_as_expected_with_every_rule_that_it_breaks_and_fixed_when_it_breaks_none() {
        let text = "target: x\ncauses:\n- { title: No effect, rules: [UPR-001, UPR-002], reason: r }\n";
        let baseline = Baseline::parse(text).expect("parses");
        let verdicts =
            |first, second| [rule("UPR-001", first), rule("UPR-002", second), rule("UPR-003", Verdict::Pass)];
        let all = baseline.compare(&verdicts(Verdict::Fail, Verdict::Fail));
        assert!(all.matches() && all.as_expected == 2, "{all:?}");
        assert!(baseline.compare(&verdicts(Verdict::Pass, Verdict::Fail)).matches(), "not every rule in every run");
        let none = baseline.compare(&verdicts(Verdict::Pass, Verdict::Pass));
        assert_eq!(none.fixed, ["UPR-001 (No effect)"]);
        let unsupported = baseline.compare(&verdicts(Verdict::Unsupported, Verdict::Fail));
        assert_eq!(unsupported.unexpected, ["UPR-001 (unsupported)"]);
        let again = baseline.updated("x", &verdicts(Verdict::Fail, Verdict::Pass), &[]);
        assert_eq!((again.causes.len(), again.expected.len()), (1, 0));
        let undecided = baseline.updated("x", &verdicts(Verdict::Inconclusive, Verdict::Fail), &[]);
        Baseline::parse(&undecided.to_yaml().expect("writes")).expect("each rule stands once");
        let partly = verdicts(Verdict::NotRun, Verdict::Pass);
        assert!(baseline.compare(&partly).matches(), "not looked for in every way");
        assert_eq!(baseline.updated("x", &partly, &[]).causes, baseline.causes, "what was not run is not mended");
    }

    #[test]
    fn a_baseline_survives_its_own_file() {
        let run = [rule("UPR-012", Verdict::Fail)];
        let baseline = Baseline::default().updated("moto", &run, &[]);
        let again = Baseline::parse(&baseline.to_yaml().expect("writes")).expect("parses");
        assert_eq!(again, baseline);
    }

    #[test]
    fn an_unknown_rule_and_one_that_stands_twice_are_refused() {
        let text = "target: x\nexpected:\n- { rule: UPR-999, verdict: fail, reason: r }\n";
        let refused = Baseline::parse(text).expect_err("no such rule");
        let why = std::error::Error::source(&refused).map(ToString::to_string).unwrap_or_default();
        assert!(why.contains("unknown rule `UPR-999`"), "{why}");
        let line = "- { rule: UPR-001, verdict: fail, reason: r }\n";
        let refused = Baseline::parse(&format!("target: x\nexpected:\n{line}{line}")).expect_err("twice");
        assert_eq!(refused.to_string(), "rule UPR-001 stands twice");
    }
}

//! From judged sequences to a verdict for every rule, and to an exit code.

mod baseline;
mod causes;
mod levels;

pub use baseline::{Baseline, BaselineError, Comparison, Expected, KnownCause};
pub use causes::{Cause, Example, Fingerprint, causes, fingerprint, fingerprints, join_causes};
pub use levels::{ConformanceLevel, Score, reached, scores, tells_level};

use crate::sequence::Sequence;
use crate::session::{Record, Violation};
use mrkspec_model::call::Operation;
use mrkspec_model::rule::{Evidence, Level, Needs, Rule, RuleId};
use mrkspec_model::rules::{IMP_019, RULES, get};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The note of rules about policies at an endpoint that evaluates none (F-118).
pub const NOT_ENFORCED: &str = "authorization is not enforced";

/// The note of rules that nothing in the run was about.
pub const NOT_SELECTED: &str = "not selected";

/// What a run says about one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was put to the test and held.
    Pass,
    /// A MUST was broken.
    Fail,
    /// A SHOULD was broken.
    Warn,
    /// The endpoint lacks an operation that the rule needs.
    Unsupported,
    /// The rule was to be tested, and could not be.
    Inconclusive,
    /// Nothing in the run was about it, or the endpoint never showed what it is about, which is allowed.
    NotRun,
}

impl Verdict {
    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::Warn => "warn",
            Verdict::Unsupported => "unsupported",
            Verdict::Inconclusive => "inconclusive",
            Verdict::NotRun => "not_run",
        }
    }
}

/// The verdict on one rule, with its reasons. What the table says about the rule is written as well,
/// for who reads the JSON, and not read back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Written")]
#[non_exhaustive]
pub struct RuleVerdict {
    /// The rule.
    pub id: RuleId,
    /// What the run says about it.
    pub verdict: Verdict,
    /// The sequences that are there for the rule.
    #[serde(default)]
    pub scenarios: Vec<String>,
    /// How many times it was broken.
    #[serde(default)]
    pub violations: usize,
    /// Why the verdict is neither pass nor fail.
    #[serde(default)]
    pub note: Option<String>,
}

/// The form of a verdict in the JSON.
#[derive(Serialize)]
struct Written {
    id: RuleId,
    level: Level,
    title: &'static str,
    /// Document, section and fact numbers.
    source: String,
    evidence: Evidence,
    /// The facts in their own words, by number: of rules that were broken.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    facts: BTreeMap<&'static str, String>,
    verdict: Verdict,
    scenarios: Vec<String>,
    violations: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl From<RuleVerdict> for Written {
    fn from(v: RuleVerdict) -> Written {
        Written {
            id: v.id,
            level: v.level(),
            title: v.title(),
            source: v.source(),
            evidence: v.evidence(),
            facts: if v.violations > 0 { v.rule().quotes().into_iter().collect() } else { BTreeMap::new() },
            verdict: v.verdict,
            scenarios: v.scenarios,
            violations: v.violations,
            note: v.note,
        }
    }
}

impl RuleVerdict {
    /// The rule that it is about.
    pub fn rule(&self) -> &'static Rule {
        get(self.id)
    }

    /// MUST, SHOULD or MAY.
    pub fn level(&self) -> Level {
        self.rule().level
    }

    /// The requirement in one sentence.
    pub fn title(&self) -> &'static str {
        self.rule().title
    }

    /// Document, section and fact numbers.
    pub fn source(&self) -> String {
        self.rule().cite()
    }

    /// How sure the source is.
    pub fn evidence(&self) -> Evidence {
        self.rule().evidence
    }

    /// True when the rule keeps the run from conforming: a MUST that is broken, unsupported or
    /// undecided.
    pub fn counts_against(&self) -> bool {
        let missed = matches!(self.verdict, Verdict::Fail | Verdict::Unsupported | Verdict::Inconclusive);
        missed && self.level() == Level::Must
    }
}

/// The verdicts of a run over all rules, in the order of the table. `selected` are the sequences
/// that were to run; `scope`, if given, the only rules that were asked for.
pub fn verdicts(selected: &[&Sequence], records: &[Record], scope: Option<&BTreeSet<RuleId>>) -> Vec<RuleVerdict> {
    let by_id: BTreeMap<&str, &Record> = records.iter().map(|r| (r.id.as_str(), r)).collect();
    RULES.iter().map(|rule| verdict(rule, selected, &by_id, scope)).collect()
}

fn verdict(
    rule: &Rule,
    selected: &[&Sequence],
    records: &BTreeMap<&str, &Record>,
    scope: Option<&BTreeSet<RuleId>>,
) -> RuleVerdict {
    let there: Vec<&Sequence> = selected.iter().copied().filter(|s| s.rules.contains(&rule.id)).collect();
    let own = || there.iter().filter_map(|s| records.get(s.id.as_str()));
    let in_scope = scope.is_none_or(|s| s.contains(&rule.id));
    let violations: usize =
        records.values().flat_map(|r| &r.violations).filter(|v| v.rule == rule.id).map(|v| v.count).sum();
    let upheld = records.values().any(|r| r.upheld.contains(&rule.id));
    let operations = own().flat_map(|r| r.unsupported.iter().map(|o| o.name().to_string()));
    // A key spec that is not known matters where no sequence makes keys of another.
    let by_spec = own().all(|r| !r.unknown_specs.is_empty());
    let specs = own().filter(|_| by_spec).flat_map(|r| r.unknown_specs.iter().map(|s| format!("keys of spec {s}")));
    let lacking: BTreeSet<String> = operations.chain(specs).collect();
    let stopped = own()
        .filter(|r| r.unknown_specs.is_empty())
        .find_map(|r| r.stopped.as_ref().map(|why| format!("{}: {why}", r.id)));
    // Where an operation is missing as well, what was skipped might have put the rule to the test.
    let skipped = own().filter(|r| r.unsupported.is_empty()).find_map(|r| r.skipped.clone());
    let not_enforced = rule.needs.policies() && own().any(|r| r.not_enforced);
    // The first import is not about new material.
    let imports = |r: &Record| {
        r.tally.iter().filter(|((op, _), _)| *op == Operation::ImportKeyMaterial).map(|(_, n)| n).sum::<usize>()
    };
    let offered_new_material = own().any(|r| imports(r) > 1);
    let takes_new_material = records.values().any(|r| r.upheld.contains(&IMP_019));
    let (verdict, note) = if !in_scope {
        (Verdict::NotRun, Some(NOT_SELECTED.into()))
    } else if violations > 0 {
        match rule.level {
            Level::Must => (Verdict::Fail, None),
            Level::Should => (Verdict::Warn, None),
            Level::May => (Verdict::Pass, Some("seen otherwise, which is allowed".into())),
        }
    } else if upheld {
        (Verdict::Pass, None)
    } else if there.is_empty() {
        (Verdict::NotRun, Some(NOT_SELECTED.into()))
    } else if not_enforced {
        (Verdict::Unsupported, Some(NOT_ENFORCED.into()))
    } else if rule.needs == Needs::NewMaterial && offered_new_material && !takes_new_material {
        (Verdict::Unsupported, Some("needs ImportType NEW_KEY_MATERIAL".into()))
    } else if let Some(why) = skipped {
        (Verdict::NotRun, Some(why))
    } else if !lacking.is_empty() {
        (Verdict::Unsupported, Some(format!("needs {}", Vec::from_iter(lacking).join(", "))))
    } else if let Some(why) = stopped {
        (Verdict::Inconclusive, Some(why))
    } else if rule.needs == Needs::Transient {
        (Verdict::NotRun, Some("the endpoint never showed what the rule is about, which is allowed".into()))
    } else {
        (Verdict::Inconclusive, Some("no answer put the rule to the test".into()))
    };
    RuleVerdict { id: rule.id, verdict, scenarios: there.iter().map(|s| s.id.clone()).collect(), violations, note }
}

/// Violations with the same rule, operation and shape become one, with a count.
pub fn join_violations(violations: impl Iterator<Item = Violation>) -> Vec<Violation> {
    let mut order: Vec<Violation> = Vec::new();
    let mut index: BTreeMap<(RuleId, String, String, String), usize> = BTreeMap::new();
    for violation in violations {
        let op = violation.call.split(' ').next().unwrap_or("").to_string();
        let key = (violation.rule, op, violation.expected.clone(), violation.observed.clone());
        match index.get(&key) {
            Some(&i) => order[i].count = order[i].count.saturating_add(violation.count),
            None => {
                index.insert(key, order.len());
                order.push(violation);
            }
        }
    }
    order.sort_by_key(|v| RULES.iter().position(|r| r.id == v.rule));
    order
}

/// How many rules have each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// Rules that held.
    pub pass: usize,
    /// MUST rules that were broken.
    pub fail: usize,
    /// SHOULD rules that were broken.
    pub warn: usize,
    /// Rules that need an operation which the endpoint lacks.
    pub unsupported: usize,
    /// Rules that could not be tested.
    pub inconclusive: usize,
    /// Rules that nothing was about.
    pub not_run: usize,
}

impl Summary {
    /// Counts the verdicts.
    pub fn of(rules: &[RuleVerdict]) -> Summary {
        let mut s = Summary::default();
        for rule in rules {
            match rule.verdict {
                Verdict::Pass => s.pass += 1,
                Verdict::Fail => s.fail += 1,
                Verdict::Warn => s.warn += 1,
                Verdict::Unsupported => s.unsupported += 1,
                Verdict::Inconclusive => s.inconclusive += 1,
                Verdict::NotRun => s.not_run += 1,
            }
        }
        s
    }
}

/// Exit codes, a stable contract.
pub mod exit {
    /// Conforms, or matches its baseline.
    pub const CONFORMS: u8 = 0;
    /// A MUST is broken or unsupported, or the baseline does not fit.
    pub const BROKEN: u8 = 1;
    /// Usage or configuration.
    pub const USAGE: u8 = 2;
    /// The target could not be reached, or nothing could be concluded.
    pub const INCONCLUSIVE: u8 = 3;
}

/// The exit code without a baseline.
pub fn exit_code(rules: &[RuleVerdict]) -> u8 {
    let against: Vec<_> = rules.iter().filter(|r| r.counts_against()).collect();
    let decided = against.iter().any(|r| r.verdict != Verdict::Inconclusive);
    let any_pass = rules.iter().any(|r| r.verdict == Verdict::Pass);
    if decided {
        exit::BROKEN
    } else if !against.is_empty() || !any_pass {
        exit::INCONCLUSIVE
    } else {
        exit::CONFORMS
    }
}

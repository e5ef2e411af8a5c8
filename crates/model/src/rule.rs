//! What a rule is. The table itself is in [`super::rules`].

use std::fmt;

/// How binding a rule is (RFC 2119 words, as in `facts.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Breaking it fails a run.
    Must,
    /// Breaking it warns.
    Should,
    /// Informs only.
    May,
}

impl Level {
    /// The word as printed in reports: `MUST`, `SHOULD` or `MAY`.
    pub fn word(self) -> &'static str {
        match self {
            Level::Must => "MUST",
            Level::Should => "SHOULD",
            Level::May => "MAY",
        }
    }
}

/// How sure the source is: the grades of `facts.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Evidence {
    /// Documented by AWS.
    Documented,
    /// In a recording of the real service.
    Recorded,
    /// Reported by users of the real service.
    Observed,
    /// Inferred from neighbouring facts.
    Inferred,
    /// Sources conflict or are silent: every listed outcome is accepted.
    Conflicting,
}

impl Evidence {
    /// The word as printed in reports.
    pub fn word(self) -> &'static str {
        match self {
            Evidence::Documented => "documented",
            Evidence::Recorded => "recorded",
            Evidence::Observed => "observed",
            Evidence::Inferred => "inferred",
            Evidence::Conflicting => "open",
        }
    }
}

/// The stable id of a rule, such as `UPR-012`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub &'static str);

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

impl fmt::Debug for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// One requirement on an endpoint, with where it comes from.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Stable id.
    pub id: RuleId,
    /// MUST, SHOULD or MAY.
    pub level: Level,
    /// The requirement in one sentence.
    pub title: &'static str,
    /// Document and section.
    pub source: &'static str,
    /// Fact numbers of `data/facts.md`.
    pub facts: &'static str,
    /// How sure the source is.
    pub evidence: Evidence,
    /// What must be there to put the rule to the test.
    pub needs: Needs,
}

/// What an endpoint or a run must have before a rule can be tested at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Needs {
    /// Nothing but the endpoint itself.
    Nothing,
    /// Transients, throttling or failures that are seen now and then. On an endpoint that never
    /// shows them the rule stays `not_run`, and that is no failure (F-071, F-072).
    Transient,
    /// An endpoint that takes new imported material for a rotation (F-125), and not one material only.
    NewMaterial,
    /// An endpoint that evaluates key policies; one that does not is told so once (F-118).
    Policy,
    /// Policies, and credentials of a second principal of the account.
    Limited,
    /// Policies, and credentials of another account.
    Other,
}

impl Needs {
    /// True when the rule is about what policies or grants allow.
    pub fn policies(self) -> bool {
        matches!(self, Needs::Policy | Needs::Limited | Needs::Other)
    }
}

impl Rule {
    /// `source, facts`: what a report quotes beside the rule.
    pub fn cite(&self) -> String {
        format!("{} [{}]", self.source, self.facts)
    }

    /// The letters before the dash: the group the rule belongs to.
    pub fn group(&self) -> &'static str {
        self.id.0.split('-').next().unwrap_or(self.id.0)
    }
}

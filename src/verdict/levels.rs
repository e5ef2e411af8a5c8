//! Levels of conformance: what an endpoint gets right, from the basic to the demanding.

use super::{RuleVerdict, Verdict};
use mrkspec_model::rule::{Level, Needs, Rule};
use serde::{Deserialize, Serialize};

/// A level, and what it is about. An endpoint has reached a level when it keeps the MUST rules of this one and of all
/// below it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum ConformanceLevel {
    /// 1: answers have the form that clients can read: AWS JSON 1.1, signatures, exceptions.
    Wire,
    /// 2: keys, replicas, promotion, deletion, attributes.
    #[default]
    Lifecycle,
    /// 3: what one member encrypts or signs every other can decrypt or verify, through rotation and import.
    Cryptography,
    /// 4: what may be seen only for a while, and what is allowed then.
    Transients,
    /// 5: policies, grants, principals.
    Authorization,
}

impl ConformanceLevel {
    /// From the lowest up.
    pub const ALL: [ConformanceLevel; 5] = [
        ConformanceLevel::Wire,
        ConformanceLevel::Lifecycle,
        ConformanceLevel::Cryptography,
        ConformanceLevel::Transients,
        ConformanceLevel::Authorization,
    ];

    /// The level that a rule belongs to.
    pub fn of(rule: &Rule) -> ConformanceLevel {
        match rule.group() {
            _ if rule.needs == Needs::Transient => ConformanceLevel::Transients,
            _ if rule.needs.policies() => ConformanceLevel::Authorization,
            "WIRE" | "MSG" => ConformanceLevel::Wire,
            "CRY" | "IMP" | "ROT" => ConformanceLevel::Cryptography,
            "AUT" | "GRT" => ConformanceLevel::Authorization,
            _ => ConformanceLevel::Lifecycle,
        }
    }

    /// 1 to 5.
    pub fn number(self) -> u8 {
        self as u8 + 1
    }

    /// What it is about, in words.
    pub fn name(self) -> &'static str {
        match self {
            ConformanceLevel::Wire => "wire",
            ConformanceLevel::Lifecycle => "lifecycle and promotion",
            ConformanceLevel::Cryptography => "cryptographic continuity",
            ConformanceLevel::Transients => "transients and consistency",
            ConformanceLevel::Authorization => "authorization",
        }
    }
}

impl From<ConformanceLevel> for u8 {
    fn from(level: ConformanceLevel) -> u8 {
        level.number()
    }
}

impl TryFrom<u8> for ConformanceLevel {
    type Error = String;

    fn try_from(number: u8) -> Result<ConformanceLevel, String> {
        let found = ConformanceLevel::ALL.into_iter().find(|l| l.number() == number);
        found.ok_or_else(|| format!("{number} is no level: levels are 1 to 5"))
    }
}

/// How an endpoint does at one level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Score {
    /// The level.
    pub level: ConformanceLevel,
    /// What it is about.
    pub name: String,
    /// MUST rules that were put to the test and held.
    pub held: usize,
    /// MUST rules that were broken, unsupported, or could not be tested.
    pub missed: usize,
    /// MUST rules that the run did not test, or need not have: not selected, or never shown.
    pub open: usize,
}

impl Score {
    /// Whether something was tested and nothing was missed. Transients need not be shown, and then there is nothing
    /// of them to be tested.
    pub fn is_met(&self) -> bool {
        self.missed == 0 && (self.held > 0 || self.level == ConformanceLevel::Transients)
    }
}

/// How an endpoint does at every level.
pub fn scores(rules: &[RuleVerdict]) -> Vec<Score> {
    let score = |level: ConformanceLevel| {
        let mine = || rules.iter().filter(move |r| r.level() == Level::Must && ConformanceLevel::of(r.rule()) == level);
        Score {
            level,
            name: level.name().to_string(),
            held: mine().filter(|r| r.verdict == Verdict::Pass).count(),
            missed: mine().filter(|r| r.counts_against()).count(),
            open: mine().filter(|r| r.verdict == Verdict::NotRun).count(),
        }
    };
    ConformanceLevel::ALL.into_iter().map(score).collect()
}

/// The highest level that is met with all below it; 0 where not even the first is. A level of which nothing was tested
/// is not reached by what is below it.
pub fn reached(scores: &[Score]) -> u8 {
    let met = scores.iter().take_while(|s| s.is_met()).filter(|s| s.held > 0);
    met.map(|s| s.level.number()).last().unwrap_or(0)
}

/// Whether the run tested enough to speak of levels: of a few rules that were picked no level follows.
pub fn tells_level(scores: &[Score]) -> bool {
    scores.first().is_some_and(|wire| wire.held + wire.missed > wire.open)
}

//! Why a scenario file cannot be used.

use mrkspec_model::call::Operation;

/// A scenario file that cannot be used: which one, and why.
#[derive(Debug, thiserror::Error)]
#[error("scenario {id}")]
pub struct BadScenario {
    pub id: String,
    #[source]
    pub problem: Problem,
}

/// What is wrong with a scenario file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// It is no YAML of the right form.
    #[error("{0}")]
    Yaml(Box<serde_saphyr::Error>),
    #[error("the title is empty")]
    NoTitle,
    #[error("`rules` names no rule that the scenario is there for")]
    NoRules,
    #[error("unknown rule `{0}` (see `mrkspec rules`)")]
    UnknownRule(String),
    #[error("there are no steps")]
    NoSteps,
    /// One of its steps cannot be used.
    #[error("step {number}")]
    Step {
        /// From 1.
        number: usize,
        #[source]
        problem: StepProblem,
    },
}

/// What is wrong with one step.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StepProblem {
    #[error("a step has exactly one key, such as `DescribeKey in us-east-1`")]
    NotOneKey,
    #[error("`{0}` should read `OPERATION in REGION`, `settle` or `wait`")]
    Head(String),
    #[error("unknown operation `{0}`")]
    UnknownOperation(String),
    #[error("{op} has no member `{member}`")]
    NoMember { op: Operation, member: String },
    #[error("unknown entry `{0}`")]
    UnknownEntry(String),
    #[error("unknown rule `{0}` (see `mrkspec rules`)")]
    UnknownRule(String),
    /// An entry has a value of another form than it takes.
    #[error("`{entry}` takes {wanted}")]
    Takes { entry: String, wanted: &'static str },
    #[error("`{text}` is no time")]
    Time {
        text: String,
        #[source]
        source: humantime::DurationError,
    },
    /// Nothing that stands earlier has this name.
    #[error("no earlier {maker} is named `{name}`")]
    Unnamed { maker: &'static str, name: String },
    /// The same in a place where a literal value may have been meant.
    #[error("no earlier CreateKey is named `{name}` (write literal:{text} for a literal value)")]
    NoKey { name: String, text: String },
    #[error("another account may only try UpdatePrimaryRegion: of others it is not documented")]
    OtherAccount,
}

//! What a run is asked to do, and why it may give no report.

use crate::generate::CorpusError;
use crate::sequence::BadScenario;
use crate::session::{ConnectError, Ledger, LedgerError, Recorder};
use crate::transport::{BadTarget, Target, Unreachable};
use crate::verdict::{BaselineError, ConformanceLevel, exit};
use mrkspec_model::rule::RuleId;
use mrkspec_model::rules::{AUT_001, AUT_002, AUT_003, AUT_004, AUT_005, WIRE_010, WIRE_011, WIRE_012, WIRE_014};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What to run, and how.
#[derive(Clone, Default)]
pub struct Options {
    /// Ids of the rules asked for; all when empty.
    pub rules: Vec<String>,
    /// Globs of sequence ids; all when empty.
    pub scenarios: Vec<String>,
    /// Recorded in the report. The scenarios themselves are not random.
    pub seed: u64,
    /// Sequences run side by side; 16 when zero.
    pub jobs: usize,
    /// `(i, n)`: the i-th (from 1) of n parts.
    pub shard: Option<(usize, usize)>,
    /// The run ends after this time, whatever is left.
    pub max_time: Option<Duration>,
    /// Only rules of this level of conformance and those below it.
    pub level: Option<ConformanceLevel>,
    /// What the endpoint is meant to be.
    pub profile: Profile,
    /// Only as many sequences as so many requests pay for: those that find most for their price.
    pub budget: Option<usize>,
    /// Stop after the first sequence in which a MUST is broken; sequences run one after the other.
    pub fail_fast: bool,
    /// Called after each sequence with the number done and the number of all.
    pub progress: Option<Arc<dyn Fn(usize, usize) + Send + Sync>>,
    /// Where everything that is asked and answered is written.
    pub record: Option<Arc<Recorder>>,
    /// The report is to have the transcript of every sequence.
    pub transcripts: bool,
    /// Where keys are noted; whoever gives one settles it in the end. When none is given the run has one of its
    /// own, and settles it.
    pub ledger: Option<Arc<Ledger>>,
}

/// What an endpoint is meant to be: rules that it does not mean to keep are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// KMS, in everything that AWS documents.
    #[default]
    Full,
    /// What application tests run against: signatures are not verified, and of malformed requests it does not matter
    /// how they are refused.
    Emulator,
}

impl Profile {
    /// Rules that are left out.
    pub fn leaves_out(self) -> &'static [RuleId] {
        match self {
            Profile::Full => &[],
            Profile::Emulator => &[AUT_001, AUT_002, AUT_003, AUT_004, AUT_005, WIRE_010, WIRE_011, WIRE_012, WIRE_014],
        }
    }
}

impl Options {
    /// Whether everything runs that levels of conformance are told by.
    pub(super) fn is_whole(&self) -> bool {
        let picked = !self.rules.is_empty() || !self.scenarios.is_empty();
        !picked && self.budget.is_none() && self.shard.is_none() && !self.fail_fast
    }
}

/// What the program itself sets beside the options of its users.
#[derive(Clone, Default)]
pub(crate) struct Internals {
    /// Run one sequence after the other, until each of these rules was seen broken; all sequences,
    /// side by side, when empty.
    pub until: Vec<RuleId>,
    /// The command line that replays a scenario, without the scenario; one that checks the target's
    /// endpoint when nothing is given.
    pub replay: Option<String>,
    /// That command line names the scenario already.
    pub whole: bool,
}

impl Internals {
    /// Violations are replayed with this command line, and the scenario.
    pub fn replayed_by(command: String) -> Internals {
        Internals { replay: Some(command), ..Internals::default() }
    }

    /// Violations are replayed with this command line as it is.
    #[cfg(feature = "cli")]
    pub fn replayed_exactly_by(command: String) -> Internals {
        Internals { whole: true, ..Internals::replayed_by(command) }
    }

    /// The command line that replays a scenario at a target.
    pub fn replay_of(&self, target: &Target, scenario: &str) -> String {
        let command = self.replay(target);
        if self.whole { command } else { format!("{command} --scenario {scenario}") }
    }

    fn replay(&self, target: &Target) -> String {
        let default = || match target.name.as_str() {
            "embedded" => "mrkspec check --target embedded".to_string(),
            _ => format!("mrkspec check --endpoint {}", target.endpoint),
        };
        self.replay.clone().unwrap_or_else(default)
    }
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The options name a rule that the table does not have.
    #[error("unknown rule `{0}` (see `mrkspec rules`)")]
    UnknownRule(String),
    /// A glob of the options is none.
    #[error("--scenario {glob} is no glob (write for example promote/*)")]
    Glob {
        /// The glob.
        glob: String,
        /// What is wrong with it.
        #[source]
        source: globset::Error,
    },
    /// There is no such question.
    #[error("unknown experiment `{id}`; known are {known}")]
    UnknownExperiment {
        /// What was asked for.
        id: String,
        /// What could have been.
        known: String,
    },
    /// The options select nothing.
    #[error("no scenario fits --scenario and --rule")]
    NothingSelected,
    /// A scenario file is not usable.
    #[error(transparent)]
    Scenario(#[from] BadScenario),
    /// A directory of scenario files has none.
    #[error("there is no scenario file below {}", .0.display())]
    NoScenarioFile(PathBuf),
    /// Reports name scenarios by their ids.
    #[error("there are two scenarios named {0}")]
    Twice(String),
    /// A file of the caller's cannot be read.
    #[error("{} cannot be read", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What is known to be broken cannot be read.
    #[error("baseline {name}")]
    Baseline {
        /// Its file, or that it was given as text.
        name: String,
        /// Why.
        source: BaselineError,
    },
    /// The endpoint cannot be used as asked for.
    #[error(transparent)]
    Target(#[from] BadTarget),
    /// There is no such part of a run.
    #[error("--shard {0}/{1}: the first number goes from 1 to the second")]
    Shard(usize, usize),
    /// Without a ledger no key may be made.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The corpus of a campaign cannot be used.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// The embedded endpoint cannot be started.
    #[error("no loopback port can be had")]
    Loopback(#[source] std::io::Error),
    /// No request can be sent.
    #[error("the HTTP client cannot be set up")]
    Client(#[from] reqwest::Error),
    /// The target cannot be tested.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
}

impl From<ConnectError> for CheckError {
    fn from(error: ConnectError) -> CheckError {
        match error {
            ConnectError::Client(e) => CheckError::Client(e),
            ConnectError::Unreachable(e) => CheckError::Unreachable(e),
            ConnectError::Ledger(e) => CheckError::Ledger(e),
        }
    }
}

impl CheckError {
    /// The exit code of a program that ends with it: [`exit::INCONCLUSIVE`] when the target cannot be
    /// tested, [`exit::USAGE`] for everything that its user can set right.
    pub fn exit_code(&self) -> u8 {
        match self {
            CheckError::Unreachable(_) | CheckError::Client(_) => exit::INCONCLUSIVE,
            _ => exit::USAGE,
        }
    }
}

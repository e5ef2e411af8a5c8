//! Why a subcommand could not do what was asked: a sentence, its causes, and an exit code.

use crate::CheckError;
use crate::report::{MergeError, SavedError};
use crate::sequence::BadScenario;
use crate::sequence::recording::BadRecording;
use crate::session::CleanupError;
use crate::transport::{BadTarget, NeverCame, PRESETS};
use crate::verdict::{BaselineError, exit};
use mrkspec_model::rule::RuleId;
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};

/// What a subcommand gives: an exit code, or why there is nothing to give one for.
pub type Outcome = Result<u8, Failure>;

/// Why a subcommand could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("{} cannot be read", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} cannot be written", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("report {}", path.display())]
    Report { path: PathBuf, source: SavedError },
    #[error("baseline {}", path.display())]
    Baseline { path: PathBuf, source: BaselineError },
    #[error("{} is not what a run noted: run `check` without --rerun-failed once", path.display())]
    NotMine { path: PathBuf, source: serde_json::Error },
    #[error("{} is not what `faults --causes --shown` wrote", path.display())]
    NotShown { path: PathBuf, source: serde_json::Error },
    #[error("{} cannot be read: has there been a run? `check` notes there what was wrong", path.display())]
    NoLastRun { path: PathBuf, source: io::Error },
    #[error("{} is no recording", path.display())]
    Recording { path: PathBuf, source: BadRecording },
    #[error(transparent)]
    Scenario(#[from] BadScenario),
    #[error(transparent)]
    Merge(#[from] MergeError),
    #[error("this cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    #[error("the report cannot be written as JUnit XML")]
    Junit(#[from] quick_junit::SerializeError),
    #[error("unknown target `{0}`; known are {known}", known = presets())]
    UnknownTarget(String),
    #[error("--target embedded takes no --endpoint: it starts its own")]
    EmbeddedElsewhere,
    #[error(transparent)]
    Target(#[from] BadTarget),
    /// A run on real AWS, and nobody who could say yes.
    #[error("nobody can be asked whether this is meant: give --yes")]
    NobodyToAsk,
    /// Somebody said no.
    #[error("nothing was done")]
    Declined,
    #[error("{} cannot be watched", path.display())]
    Watch { path: PathBuf, source: notify::Error },
    #[error("no loopback port can be had")]
    Loopback(#[source] io::Error),
    #[error("{} has no cause `{word}`: give a number from 1 to {count}, or the id of a rule that is broken", path.display())]
    UnknownCause { word: String, path: PathBuf, count: usize },
    #[error("no threads or timers can be had")]
    Runtime(#[source] io::Error),
    #[error("unknown fault `{0}` (see `mrkspec faults`)")]
    UnknownFault(String),
    #[error("port {port} cannot be served")]
    Serve { port: u16, source: io::Error },
    #[error(transparent)]
    NeverCame(#[from] NeverCame),
    #[error(transparent)]
    Check(#[from] CheckError),
    #[error(transparent)]
    Cleanup(#[from] CleanupError),
}

impl Failure {
    /// The exit code, as the contract has it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::Check(why) => why.exit_code(),
            Failure::Cleanup(_) | Failure::NeverCame(_) => exit::INCONCLUSIVE,
            _ => exit::USAGE,
        }
    }
}

fn presets() -> String {
    PRESETS.iter().map(|p| p.name).collect::<Vec<_>>().join(", ")
}

/// Reads a file.
pub fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|source| Failure::Read { path: path.to_path_buf(), source })
}

/// Writes a file.
pub fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|source| Failure::Write { path: path.to_path_buf(), source })
}

/// Writes a small history to this directory, if there is one, as the scenario file of the n-th finding; the command
/// that replays it.
pub fn save_repro(
    directory: Option<&Path>,
    rule: RuleId,
    n: usize,
    repro: &str,
    flags: &str,
) -> Result<String, Failure> {
    let Some(directory) = directory else { return Ok(String::new()) };
    let path = directory.join(format!("{}-{n}.yaml", rule.0.to_lowercase()));
    write(&path, repro)?;
    Ok(format!("mrkspec replay {} {flags}", path.display()))
}

/// Writes a file with JSON for people and programs.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<(), Failure> {
    write(path, &(serde_json::to_string_pretty(value)? + "\n"))
}

/// Makes a directory, with those above it.
pub fn make_directory(path: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(path).map_err(|source| Failure::Write { path: path.to_path_buf(), source })
}

//! Finding and deleting what a killed run left behind.

use super::ledger::Ledger;
use super::sweep::{Left, sweep};
use crate::transport::{Client, Link, Unreachable};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why a cleanup ended before everything was looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CleanupError {
    /// A ledger, or the directory of all, cannot be read.
    #[error("{} cannot be read", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// The endpoint does not answer, or not as KMS does.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
}

/// What a cleanup did.
#[derive(Clone, Debug, Default)]
pub struct Cleaned {
    /// Ledgers of this endpoint.
    pub ledgers: usize,
    /// Ledgers of runs that are still under way: nothing was done about them.
    pub running: usize,
    /// Members whose deletion was scheduled.
    pub scheduled: usize,
    /// Members that do not exist any more or were pending deletion already.
    pub gone: usize,
    /// What could not be settled, and stays in its ledger.
    pub left: Vec<Left>,
}

enum Opened {
    Ledger(Box<Ledger>),
    /// Its run is still under way.
    Running,
    /// It is about another endpoint.
    OfAnother,
}

fn of_endpoint(path: &Path, endpoint: &str) -> io::Result<Opened> {
    if Ledger::read(path)?.endpoint.as_deref() != Some(endpoint) {
        return Ok(Opened::OfAnother);
    }
    Ok(Ledger::reopen(path)?.map_or(Opened::Running, |ledger| Opened::Ledger(Box::new(ledger))))
}

/// Schedules the deletion of every key that the ledgers of this endpoint name, also of those whose answers never
/// came: keys are found by their tag, replicas where they were asked for and where the family says. A ledger of which
/// everything is settled is removed.
///
/// # Errors
/// When the ledgers cannot be read or the endpoint cannot be reached.
pub async fn cleanup(client: &Client) -> Result<Cleaned, CleanupError> {
    let directory = Ledger::directory();
    let mut cleaned = Cleaned::default();
    let files = match std::fs::read_dir(&directory) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(cleaned),
        other => other.map_err(|source| CleanupError::Read { path: directory, source })?,
    };
    let mut link = None;
    for path in files.flatten().map(|f| f.path()).filter(|p| p.extension().is_some_and(|e| e == "jsonl")) {
        let ledger = match of_endpoint(&path, &client.target().endpoint) {
            Ok(Opened::Ledger(ledger)) => ledger,
            Ok(Opened::Running) => {
                cleaned.running += 1;
                continue;
            }
            Ok(Opened::OfAnother) => continue,
            // Its run has ended in this moment.
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            Err(source) => return Err(CleanupError::Read { path, source }),
        };
        cleaned.ledgers += 1;
        let link = match &link {
            Some(known) => known,
            None => link.insert(Arc::new(Link::connect(client.clone()).await?)),
        };
        let swept = sweep(link, &Arc::new(*ledger)).await;
        cleaned.scheduled += swept.scheduled;
        cleaned.gone += swept.gone;
        cleaned.left.extend(swept.left);
    }
    Ok(cleaned)
}

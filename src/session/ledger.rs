//! A note on disk of every key, written before it is asked for, so that nothing is left behind.

use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// A ledger that cannot be written: without one no key may be made.
#[derive(Debug, thiserror::Error)]
#[error("the ledger in {} cannot be written, and without it no key may be made", directory.display())]
pub struct LedgerError {
    pub directory: PathBuf,
    #[source]
    source: io::Error,
}

/// One line of a ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Entry {
    /// The first line: which endpoint, which run.
    Run { endpoint: String, run: String },
    /// A key is about to be asked for in this Region. `token` is the value of its `mrkspec:run`
    /// tag, by which it is found if the answer never comes.
    Asked { region: String, token: String },
    /// It exists.
    Made { region: String, key_id: String, token: String },
    /// Deletion of the member in this Region was scheduled.
    Scheduled { region: String, key_id: String },
    /// The sequence of this token has cleaned up after itself.
    Done { token: String },
}

/// The ledger of one run.
#[derive(Debug)]
pub struct Ledger {
    file: Option<Mutex<File>>,
    /// Where it is, to be named in messages.
    pub path: PathBuf,
}

impl Ledger {
    /// The directory of all ledgers: `$XDG_STATE_HOME/mrkspec`, else `~/.local/state/mrkspec`.
    pub fn directory() -> PathBuf {
        let from = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let state = from("XDG_STATE_HOME").or_else(|| Some(from("HOME")?.join(".local/state")));
        state.unwrap_or_else(std::env::temp_dir).join("mrkspec")
    }

    /// A ledger for a run against an endpoint.
    ///
    /// # Errors
    /// When the file cannot be written: then no key may be made.
    pub fn create(endpoint: &str, run: &str) -> Result<Ledger, LedgerError> {
        let directory = Self::directory();
        Ledger::begin(&directory, endpoint, run).map_err(|source| LedgerError { directory, source })
    }

    fn begin(directory: &Path, endpoint: &str, run: &str) -> io::Result<Ledger> {
        std::fs::create_dir_all(directory)?;
        let path = directory.join(format!("{run}.jsonl"));
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        let ledger = Ledger { file: Some(Mutex::new(file)), path };
        ledger.write(&Entry::Run { endpoint: endpoint.into(), run: run.into() })?;
        Ok(ledger)
    }

    /// A ledger that keeps nothing: for the embedded endpoint, whose keys end with the process.
    pub fn none() -> Ledger {
        Ledger { file: None, path: PathBuf::new() }
    }

    /// Appends a line, and waits until it is on disk when a key is asked for.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, entry: &Entry) -> io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let mut file = file.lock().unwrap_or_else(|e| e.into_inner());
        let line = serde_json::to_string(entry)? + "\n";
        file.write_all(line.as_bytes())?;
        if matches!(entry, Entry::Asked { .. }) {
            file.sync_data()?;
        }
        Ok(())
    }

    /// The entries of a ledger; a last line that was cut off by a crash is left out.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(path: &Path) -> io::Result<Vec<Entry>> {
        let lines = BufReader::new(File::open(path)?).lines();
        let lines: io::Result<Vec<String>> = lines.collect();
        Ok(lines?.iter().filter_map(|l| serde_json::from_str(l).ok()).collect())
    }
}

//! A note on disk of every key, written before it is asked for, so that nothing is left behind.

use super::open::Open;
use super::shared::run_id;
use crate::transport::Target;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

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
    /// The first line: which endpoint, which run, and when it began, in seconds since 1970.
    Run {
        endpoint: String,
        run: String,
        #[serde(default)]
        began: Option<u64>,
    },
    /// A CreateKey is about to be sent to this Region. `token` is the value of the key's `mrkspec:run`
    /// tag, by which it is found if the answer never comes.
    Asked { region: String, token: String },
    /// A ReplicateKey is about to be sent: this Region may hold a member of this key from now on.
    Replicating { region: String, key_id: String, token: String },
    /// What the token asked for last exists. `sure`: no answer was lost on the way, so that there is nothing else.
    Made {
        region: String,
        key_id: String,
        token: String,
        #[serde(default)]
        sure: bool,
    },
    /// What the token asked for last was refused. `sure`: no answer was lost on the way, so that there is nothing.
    Refused { token: String, sure: bool },
    /// Looking for keys showed this one, of which no answer had told.
    Found { region: String, key_id: String },
    /// Every key with this token's tag in this Region is known.
    Searched { region: String, token: String },
    /// The member in this Region is pending deletion, or is not there.
    Scheduled { region: String, key_id: String },
    /// Older ledgers: the sequence of this token cleaned up what it knew of.
    Done { token: String },
}

impl Entry {
    /// Lines that must be on disk before anything else is done.
    fn must_last(&self) -> bool {
        matches!(self, Entry::Asked { .. } | Entry::Replicating { .. } | Entry::Made { .. } | Entry::Refused { .. })
    }

    /// Lines after which a key may come to be.
    fn asks(&self) -> bool {
        matches!(self, Entry::Asked { .. } | Entry::Replicating { .. })
    }
}

/// The ledger of one run.
#[derive(Debug)]
pub struct Ledger {
    /// Where it is, to be named in messages.
    pub path: PathBuf,
    /// How long ago the last line was written when the file was opened.
    pub(super) quiet: Duration,
    file: Option<Arc<File>>,
    written: Mutex<Written>,
    /// Why nothing in it can be settled now, if so.
    hopeless: OnceLock<String>,
}

#[derive(Debug, Default)]
struct Written {
    open: Open,
    closed: bool,
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

    /// A ledger for a run against a target, where keys of it must be noted.
    ///
    /// # Errors
    /// As [`Ledger::create`].
    pub fn for_target(target: &Target) -> Result<Ledger, LedgerError> {
        if target.keeps_keys { Ledger::create(&target.endpoint, &run_id()) } else { Ok(Ledger::none()) }
    }

    fn begin(directory: &Path, endpoint: &str, run: &str) -> io::Result<Ledger> {
        std::fs::create_dir_all(directory)?;
        let path = directory.join(format!("{run}.jsonl"));
        // Nobody finds it before its first line is there and it is locked.
        let new = directory.join(format!("{run}.new"));
        let file = OpenOptions::new().create(true).append(true).open(&new)?;
        // Held until the process ends, however it does: `cleanup` leaves a run alone that is still under way.
        let _ = file.try_lock();
        let quiet = Duration::ZERO;
        let ledger =
            Ledger { path, quiet, file: Some(Arc::new(file)), written: Mutex::default(), hopeless: OnceLock::new() };
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let began = since.ok().map(|d| d.as_secs());
        ledger.write(&Entry::Run { endpoint: endpoint.into(), run: run.into(), began })?;
        std::fs::rename(&new, &ledger.path)?;
        Ok(ledger)
    }

    /// A ledger that keeps nothing: for the embedded endpoint, whose keys end with the process.
    pub fn none() -> Ledger {
        Ledger {
            path: PathBuf::new(),
            quiet: Duration::ZERO,
            file: None,
            written: Mutex::default(),
            hopeless: OnceLock::new(),
        }
    }

    /// The ledger of an earlier run; `None` while that run is still under way.
    ///
    /// # Errors
    /// When the file cannot be read or locked.
    pub fn reopen(path: &Path) -> io::Result<Option<Ledger>> {
        let file = OpenOptions::new().read(true).append(true).open(path)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Ok(None),
            // Not every file system has locks.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let text = text(path)?;
        let quiet = file.metadata()?.modified().ok().and_then(|at| at.elapsed().ok()).unwrap_or_default();
        // What a crash cut off must not spoil the line that follows.
        if !text.is_empty() && !text.ends_with('\n') {
            (&file).write_all(b"\n")?;
        }
        let written = Mutex::new(Written { open: Open::read(&text), closed: true });
        Ok(Some(Ledger {
            path: path.to_path_buf(),
            quiet,
            file: Some(Arc::new(file)),
            written,
            hopeless: OnceLock::new(),
        }))
    }

    /// What the lines of a ledger leave open.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(path: &Path) -> io::Result<Open> {
        Ok(Open::read(&text(path)?))
    }

    /// Appends a line; what must outlive a kill is on disk when this returns.
    ///
    /// # Errors
    /// When it cannot be written, or asks for a key after the ledger was closed.
    pub fn write(&self, entry: &Entry) -> io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        {
            let mut written = self.lock();
            if written.closed && entry.asks() {
                return Err(io::Error::other("the run is over"));
            }
            let line = serde_json::to_string(entry)? + "\n";
            (&**file).write_all(line.as_bytes())?;
            written.open.apply(entry);
        }
        if entry.must_last() { file.sync_data() } else { Ok(()) }
    }

    /// No key may be asked for any more.
    pub fn close(&self) {
        self.lock().closed = true;
    }

    /// The endpoint is dead: what is open stays open, until somebody cleans up.
    pub fn give_up(&self, why: &str) {
        self.hopeless.get_or_init(|| why.to_string());
    }

    /// Why nothing can be settled now, if so.
    pub(super) fn hopeless(&self) -> Option<&str> {
        self.hopeless.get().map(String::as_str)
    }

    /// What may exist now.
    pub fn open(&self) -> Open {
        self.lock().open.clone()
    }

    /// Whether keys may exist that are not pending deletion.
    pub fn is_settled(&self) -> bool {
        self.lock().open.is_settled()
    }

    /// Removes the file once everything in it is settled. False while it is not.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn remove_if_settled(&self) -> io::Result<bool> {
        if !self.is_settled() {
            return Ok(false);
        }
        if self.file.is_some() {
            std::fs::remove_file(&self.path)?;
        }
        Ok(true)
    }

    fn lock(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// A line that is no text is one that cannot be read, and no reason to give up the others.
fn text(path: &Path) -> io::Result<String> {
    Ok(String::from_utf8_lossy(&std::fs::read(path)?).into_owned())
}

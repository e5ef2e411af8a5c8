//! What all sequences of a run share.

use super::reporter::FirstViolation;
use super::sentinel::Sentinel;
use super::{Enforcement, Ledger, LedgerError, Recorder, Swept, sweep};
use crate::oracle::{Patience, Staleness};
use crate::transport::{Client, Consistency, Ended, Link, Target, Unreachable};
use mrkspec_model::rule::RuleId;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

/// The endpoint and what is known of it, the ledger, the counts of a run.
#[derive(Debug)]
pub struct Shared {
    pub(super) link: Arc<Link>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) patience: Arc<Patience>,
    /// How often reads were stale, where that decides something.
    pub(super) staleness: Option<Arc<Staleness>>,
    /// Whether policies are evaluated, once somebody asked.
    pub(super) enforcement: tokio::sync::OnceCell<Enforcement>,
    /// The key by which it shows when the endpoint has forgotten everything.
    pub(super) sentinel: tokio::sync::Mutex<Sentinel>,
    /// Where everything that is asked and answered is written, if anywhere.
    pub(super) recorder: Option<Arc<Recorder>>,
    /// Marks the keys of this run: the value of their tag starts with it.
    run: String,
    first_violations: Mutex<BTreeMap<RuleId, FirstViolation>>,
    keys_created: AtomicU64,
}

/// Why a run cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No request can be sent.
    #[error("the HTTP client cannot be set up")]
    Client(#[from] reqwest::Error),
    /// Nothing answers, or what answers is no KMS endpoint.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    /// Keys could not be noted before they are made.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Shared {
    /// Reaches the endpoint; keys are noted in this ledger, or else in one of its own.
    ///
    /// # Errors
    /// When the endpoint cannot be tested or the ledger cannot be written.
    pub async fn connect(target: &Target, ledger: Option<Arc<Ledger>>) -> Result<Shared, ConnectError> {
        let link = Link::connect(Client::new(target.clone())?).await?;
        let run = run_id();
        let ledger = match ledger {
            Some(ledger) => ledger,
            None => Arc::new(Ledger::for_target(target)?),
        };
        Ok(Shared {
            link: Arc::new(link),
            ledger,
            patience: Arc::new(Patience::new(target.settle_timeout)),
            // On AWS it is known (F-077).
            staleness: (target.consistency == Consistency::Auto && !target.is_aws()).then(Arc::default),
            enforcement: tokio::sync::OnceCell::new(),
            sentinel: tokio::sync::Mutex::default(),
            recorder: None,
            run,
            first_violations: Mutex::default(),
            keys_created: AtomicU64::new(0),
        })
    }

    /// Writes everything that is asked and answered from now on.
    pub fn record_to(mut self, recorder: Option<Arc<Recorder>>) -> Shared {
        self.recorder = recorder;
        self
    }

    /// Why the run ends before everything was asked, if so. Of a dead endpoint the ledger is told: nothing can be settled.
    pub fn ended(&self) -> Option<String> {
        let ended = self.link.ended()?;
        if let Ended::Dead(why) = &ended {
            self.ledger.give_up(why);
        }
        Some(ended.why().to_string())
    }

    /// How often reads were stale, if it was counted.
    pub fn staleness(&self) -> Option<&Staleness> {
        self.staleness.as_deref()
    }

    /// The endpoint.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// Settles what the run has left open, and removes its ledger when nothing is left.
    pub async fn sweep(&self) -> Swept {
        sweep(&self.link, &self.ledger).await
    }

    /// Keys made so far, replicas included.
    pub fn keys_created(&self) -> u64 {
        self.keys_created.load(Relaxed)
    }

    /// When each rule was first seen broken.
    pub fn first_violations(&self) -> BTreeMap<RuleId, FirstViolation> {
        self.first_violations.lock().unwrap_or_else(|e| e.into_inner()).clone()
    }

    pub(super) fn run(&self) -> &str {
        &self.run
    }

    pub(super) fn count_key(&self) {
        self.keys_created.fetch_add(1, Relaxed);
    }

    /// Notes that a rule was seen broken by a sequence.
    pub(super) fn note_violation(&self, rule: RuleId, scenario: &str) {
        let mut first = self.first_violations.lock().unwrap_or_else(|e| e.into_inner());
        let now = || FirstViolation { requests: self.link.requests(), scenario: scenario.to_string() };
        first.entry(rule).or_insert_with(now);
    }
}

/// Time, process and a number make it unique among the runs of a machine.
pub(super) fn run_id() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let number = NUMBER.fetch_add(1, Relaxed);
    format!("{:x}{:x}-{number:x}", since.map_or(0, |d| d.as_millis()), std::process::id())
}

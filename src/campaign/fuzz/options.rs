//! What a campaign is asked to do, and how far it is.

use crate::session::{Ledger, Recorder};
use mrkspec_model::rule::RuleId;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What a campaign does, and when it ends.
#[derive(Clone)]
pub struct FuzzOptions {
    /// Seed: the same one gives the same sequences.
    pub seed: u64,
    /// Calls to send at most.
    pub max_calls: u64,
    /// Time to take at most, shrinking not included.
    pub max_time: Option<Duration>,
    /// Sequences run side by side.
    pub jobs: usize,
    /// `(i, n)`: every n-th seed, from the i-th (from 1).
    pub shard: Option<(usize, usize)>,
    /// Inputs that are tried first, and where new ones are kept: the form is that of the fuzz target
    /// `lockstep`.
    pub corpus: Option<PathBuf>,
    /// Stop as soon as one of these rules was seen broken; never when empty.
    pub until: Vec<RuleId>,
    /// Where everything that is asked and answered is written, but for what shrinking repeats.
    pub record: Option<Arc<Recorder>>,
    /// Where keys are noted; whoever gives one settles it in the end. When none is given the campaign has one of its
    /// own, and settles it.
    pub ledger: Option<Arc<Ledger>>,
    /// Called after each batch.
    pub progress: Arc<dyn Fn(Progress) + Send + Sync>,
}

impl Default for FuzzOptions {
    fn default() -> Self {
        FuzzOptions {
            seed: 1,
            max_calls: 5000,
            max_time: None,
            jobs: 16,
            shard: None,
            corpus: None,
            until: Vec::new(),
            record: None,
            ledger: None,
            progress: Arc::new(|_| {}),
        }
    }
}

/// How far a campaign is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    pub calls: u64,
    /// Situations of the model that were reached.
    pub situations: usize,
    /// Kinds of answers that came.
    pub kinds: usize,
    /// Different violations.
    pub violations: usize,
    /// Once shrinking has begun: violations that are still to be made smaller. The rest is zero then.
    pub shrinking: Option<usize>,
}

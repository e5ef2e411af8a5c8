//! What is sent, for how long, and how fast.

use super::mover::Promotion;
use super::work::Mix;
use crate::session::Ledger;
use std::sync::Arc;
use std::time::Duration;

/// What is sent, for how long, and how fast.
#[derive(Clone)]
pub struct ContinuityOptions {
    /// How long calls are sent.
    pub duration: Duration,
    /// Calls of the load a second; promotions and the reads that follow them come on top.
    pub rate: u32,
    /// What is sent, and how often of all.
    pub mix: Mix,
    /// The Regions in which each key has a member: two at least, the first holds the primary at the beginning.
    pub regions: Vec<String>,
    /// Promotions after which the key for encryption is rotated; never when 0.
    pub rotate_every: usize,
    /// Seed: which operation in which Region at which time.
    pub seed: u64,
    /// Where keys are noted; whoever gives one settles it in the end. When none is given the run has one of its
    /// own, and settles it.
    pub ledger: Option<Arc<Ledger>>,
    /// Called now and then with what was seen so far.
    pub progress: Arc<dyn Fn(&Progress) + Send + Sync>,
}

/// What was seen so far.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Since the load began.
    pub elapsed: Duration,
    /// Calls that were answered.
    pub operations: usize,
    /// Those of them that failed.
    pub failed: usize,
    /// Promotions that came to their end.
    pub promotions: usize,
    /// The latest of them.
    pub latest: Option<Promotion>,
}

impl Default for ContinuityOptions {
    fn default() -> Self {
        ContinuityOptions {
            duration: Duration::from_secs(60),
            rate: 100,
            mix: Mix::default(),
            regions: ["us-east-1", "eu-west-1", "ap-southeast-2"].map(str::to_string).to_vec(),
            rotate_every: 5,
            seed: 1,
            ledger: None,
            progress: Arc::new(|_| {}),
        }
    }
}

//! What the oracle says of an answer.

use mrkspec_model::belief::{Assessment, Judgement};
use mrkspec_model::matching::Mismatch;
use mrkspec_model::rule::RuleId;
use std::time::Duration;

/// How it came to an answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked {
    /// When the call was sent first, since the sequence began.
    pub since: Duration,
    /// When the request was sent that this is the answer to; without it, the last one that was sent.
    pub sent: Option<Duration>,
    /// Whether it was throttled before this answer came (F-009).
    pub throttled: bool,
    /// Why it was asked again, if it was.
    pub again: Option<AskAgain>,
}

/// What the oracle says of one answer.
pub enum Ruling {
    /// Some possible world allows it; a SHOULD may be broken all the same.
    Accepted(Assessed),
    /// It would have been right before an earlier change, so it may be stale (F-077).
    AskAgain(AskAgain),
    /// No possible world allows it, and it will not pass.
    Deviation(Assessed),
}

/// Until when to ask again, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskAgain {
    /// Since the sequence began: the answer to what is sent later is final.
    pub until: Duration,
    /// What an earlier belief explains.
    pub why: Stale,
    /// The answer is a read, and nothing can be under way: that it is late has no other reason than staleness.
    pub settled: bool,
    /// The answer shows Updating or Creating, which a change that was accepted has shown to be over.
    pub shows_under_way: bool,
}

/// In what way an answer may be stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stale {
    /// It breaks a MUST now, and broke none earlier.
    Must(Option<RuleId>),
    /// It breaks a SHOULD now, and broke nothing earlier.
    Should,
}

/// An answer that was ruled on, ready to be taken in.
pub struct Assessed {
    pub(super) assessment: Assessment,
    /// What a throttled call that worked breaks.
    pub(super) throttled: Vec<Mismatch>,
    /// The answer shows that a throttled call had done nothing.
    pub(super) did_nothing: bool,
}

impl Assessed {
    pub(super) fn new(assessment: Assessment, throttled: Vec<Mismatch>) -> Assessed {
        Assessed { assessment, throttled, did_nothing: false }
    }

    /// What the model says of the answer.
    pub fn judgement(&self) -> &Judgement {
        &self.assessment.judgement
    }

    /// Whether the answer shows that the call had no effect when it was throttled: if it had, another would have
    /// come (F-009).
    pub fn throttle_did_nothing(&self) -> bool {
        self.did_nothing
    }
}

/// What taking in an answer showed.
#[derive(Debug)]
pub struct Taken {
    /// Rules upheld and broken, latitude, situation.
    pub judgement: Judgement,
    /// The key state of the addressed member in the first possible world, or nothing.
    pub state: &'static str,
    /// The same, where every possible world agrees on it and the answer was accepted.
    pub cell: Option<&'static str>,
    /// No possible world allowed the answer: look at every member, and [resynchronise](super::Oracle::resync).
    pub deviates: bool,
}

//! How long to wait for what may still come right; shared by all sequences of a run.

use mrkspec_model::rule::RuleId;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

/// The longest time to wait again for a rule that was waited for in vain.
const AGAIN: Duration = Duration::from_millis(300);

/// The time that transients and stale reads are given. The full time is waited for once a rule: after
/// that the rule has failed, and waiting as long again would say nothing more.
#[derive(Debug)]
pub struct Patience {
    full: Duration,
    exhausted: Mutex<BTreeSet<RuleId>>,
}

impl Patience {
    /// Patience for an endpoint that settles within this time.
    pub fn new(settle_timeout: Duration) -> Patience {
        Patience { full: settle_timeout, exhausted: Mutex::default() }
    }

    /// The full time.
    pub fn full(&self) -> Duration {
        self.full
    }

    /// The time for what is known to be broken, and for what only breaks a SHOULD.
    pub fn again(&self) -> Duration {
        self.full.min(AGAIN)
    }

    /// How long an answer that breaks this rule may go on being stale.
    pub fn deadline_for(&self, rule: RuleId) -> Duration {
        let exhausted = self.exhausted.lock().unwrap_or_else(|e| e.into_inner());
        if exhausted.contains(&rule) { self.again() } else { self.full }
    }

    /// Notes that a rule was waited for in vain.
    pub fn exhaust(&self, rule: RuleId) {
        self.exhausted.lock().unwrap_or_else(|e| e.into_inner()).insert(rule);
    }
}

//! How long to wait for what may still come right; shared by all sequences of a run.

use mrkspec_model::rule::RuleId;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

/// The longest time to wait again for a rule that was waited for in vain.
const AGAIN: Duration = Duration::from_millis(300);

/// Up to this full time an endpoint is taken to be near, and what takes long there to be wrong.
const NEAR: Duration = Duration::from_secs(60);
/// How many rules may have been waited for in vain until hardly any time is given to another.
const MANY: usize = 3;

/// The time that transients and stale reads are given. The full time is waited for once a rule: after
/// that the rule has failed, and waiting as long again would say nothing more. Where one thing never comes right, other
/// rules that break with it are mostly its consequences: a near endpoint gets a part of the time for each of them.
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
        if exhausted.contains(&rule) {
            return self.again();
        }
        let part = match exhausted.len() {
            0 => 1,
            _ if self.full > NEAR => 1,
            n if n < MANY => 4,
            _ => 10,
        };
        (self.full / part).max(self.again())
    }

    /// Notes that a rule was waited for in vain.
    pub fn exhaust(&self, rule: RuleId) {
        self.exhausted.lock().unwrap_or_else(|e| e.into_inner()).insert(rule);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mrkspec_model::rules::{REP_011, STA_004, UPR_001, UPR_002, UPR_003};

    #[test]
    fn the_full_time_is_waited_for_once_where_an_endpoint_is_near() {
        let seconds = |patience: &Patience, rule| patience.deadline_for(rule).as_secs_f64();
        let near = Patience::new(Duration::from_secs(10));
        assert_eq!(seconds(&near, UPR_001), 10.0);
        near.exhaust(UPR_001);
        assert_eq!((seconds(&near, UPR_001), seconds(&near, UPR_002)), (0.3, 2.5));
        near.exhaust(UPR_002);
        near.exhaust(UPR_003);
        assert_eq!(seconds(&near, STA_004), 1.0);
    }

    #[test]
    fn a_far_endpoint_gets_its_time_for_each_rule() {
        let far = Patience::new(Duration::from_secs(1200));
        far.exhaust(REP_011);
        assert_eq!(far.deadline_for(UPR_001).as_secs(), 1200);
    }
}

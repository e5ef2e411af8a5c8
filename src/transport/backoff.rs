//! The one back-off: between repeated requests, looks at what should change, and questions of a probe.

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use std::time::Duration;

/// The first pause of every back-off.
const FIRST: Duration = Duration::from_millis(5);

/// Pauses that double, up to a longest one.
#[derive(Debug)]
pub struct Pauses(ExponentialBackoff);

impl Pauses {
    /// Between requests whose answers were lost, or that failed internally (F-010).
    pub fn after_loss() -> Pauses {
        Pauses::up_to(Duration::from_millis(200))
    }

    /// Between requests that were throttled (F-009).
    pub fn when_throttled() -> Pauses {
        Pauses::up_to(Duration::from_secs(5))
    }

    /// Between looks at something that takes its time: a transient, a stale read, a policy (F-077).
    pub fn until_settled() -> Pauses {
        Pauses::up_to(Duration::from_secs(1))
    }

    fn up_to(longest: Duration) -> Pauses {
        let builder = ExponentialBuilder::default().with_min_delay(FIRST).with_max_delay(longest).without_max_times();
        Pauses(builder.with_factor(2.0).build())
    }

    /// Waits for the next pause.
    pub async fn pause(&mut self) {
        self.pause_within(Duration::MAX).await;
    }

    /// Waits for the next pause, but no longer than this.
    pub async fn pause_within(&mut self, longest: Duration) {
        // Without a limit of times there is always a next one.
        tokio::time::sleep(self.0.next().unwrap_or(FIRST).min(longest)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_double_up_to_the_longest_for_ever() {
        let pauses: Vec<u128> =
            Pauses::after_loss().0.take(40).map(|d| (d.as_secs_f64() * 1000.0).round() as u128).collect();
        assert_eq!(pauses[..7], [5, 10, 20, 40, 80, 160, 200]);
        assert_eq!((pauses.len(), pauses[39]), (40, 200));
    }
}

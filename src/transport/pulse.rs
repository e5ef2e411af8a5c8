//! Whether the endpoint is still there: a run of requests without one answer ends everything that is under way.

use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How long an endpoint may answer nothing until it is asked whether it is still there.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// How many requests must have gone without an answer by then.
const LEAST: u32 = 2;

/// Why nothing more is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The endpoint answers no more, or no longer as KMS does.
    Dead(String),
    /// The time that the run was given is over, or as much was asked as it may ask. Keys may still be cleaned up.
    Time(String),
}

impl Ended {
    /// Why, for a person to read.
    pub fn why(&self) -> &str {
        match self {
            Ended::Dead(why) | Ended::Time(why) => why,
        }
    }
}

/// Hears of every request whether it was answered.
#[derive(Debug)]
pub(super) struct Pulse {
    silence: Mutex<Silence>,
    /// Held by the one who asks whether the endpoint is still there.
    asking: tokio::sync::Mutex<()>,
    ended: watch::Sender<Option<Ended>>,
}

/// What happened since the last answer.
#[derive(Debug)]
struct Silence {
    /// When the last answer came.
    last: Instant,
    /// When the first request was sent that was not answered since.
    since: Option<Instant>,
    unanswered: u32,
}

impl Pulse {
    pub(super) fn new() -> Pulse {
        let silence = Silence { last: Instant::now(), since: None, unanswered: 0 };
        Pulse { silence: Mutex::new(silence), asking: tokio::sync::Mutex::default(), ended: watch::Sender::new(None) }
    }

    /// An answer came that is one of KMS.
    pub(super) fn answered(&self) {
        *self.lock() = Silence { last: Instant::now(), since: None, unanswered: 0 };
    }

    /// No answer came to a request that was sent then, or none that can be read. True when it has been so for long
    /// that the endpoint should be asked whether it is still there.
    pub(super) fn unanswered(&self, sent: Instant) -> bool {
        let mut silence = self.lock();
        silence.unanswered += 1;
        let last = silence.last;
        let since = *silence.since.get_or_insert(sent.max(last));
        silence.unanswered >= LEAST && since.elapsed() >= PATIENCE
    }

    /// How long nothing has been answered.
    pub(super) fn silent_for(&self) -> Duration {
        self.lock().since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// The turn to ask; `None` while somebody else does.
    pub(super) fn turn_to_ask(&self) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        self.asking.try_lock().ok()
    }

    /// Nothing more is to be asked; the first reason stays, but a dead endpoint counts more than time.
    pub(super) fn end(&self, ended: Ended) {
        self.ended.send_if_modified(|now| {
            let first = match now {
                None => true,
                Some(Ended::Time(_)) => matches!(ended, Ended::Dead(_)),
                Some(Ended::Dead(_)) => false,
            };
            if first {
                *now = Some(ended);
            }
            first
        });
    }

    /// Why nothing more is asked, if so.
    pub(super) fn ended(&self) -> Option<Ended> {
        self.ended.borrow().clone()
    }

    /// Waits until something of this kind ends it.
    pub(super) async fn until(&self, fits: impl Fn(&Ended) -> bool) -> Ended {
        let mut ended = self.ended.subscribe();
        let found = ended.wait_for(|now| now.as_ref().is_some_and(&fits)).await.ok().and_then(|now| (*now).clone());
        match found {
            Some(ended) => ended,
            // The sender lives as long as this.
            None => std::future::pending().await,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Silence> {
        self.silence.lock().unwrap_or_else(|e| e.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ago(seconds: u64) -> Instant {
        Instant::now().checked_sub(Duration::from_secs(seconds)).expect("a clock that ran before")
    }

    #[test]
    fn only_a_long_run_without_an_answer_is_suspicious() {
        let pulse = Pulse::new();
        pulse.lock().last = ago(60);
        assert!(!pulse.unanswered(ago(11)), "one alone");
        assert!(pulse.unanswered(ago(1)));
        pulse.answered();
        assert!(!pulse.unanswered(ago(11)) && !pulse.unanswered(ago(11)), "something was answered in between");
    }

    #[test]
    fn a_dead_endpoint_counts_more_than_time() {
        let pulse = Pulse::new();
        pulse.end(Ended::Time("late".into()));
        pulse.end(Ended::Dead("gone".into()));
        pulse.end(Ended::Time("late".into()));
        assert_eq!(pulse.ended().expect("it ended").why(), "gone");
    }
}

//! How much may be asked of an endpoint: limits that somebody set, and the request quotas of AWS (F-140).

use governor::clock::DefaultClock;
use governor::state::keyed::HashMapStateStore;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use mrkspec_model::call::{Call, Operation};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Hard limits of a run. Cleaning up is not limited: keys that are left behind cost more than requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Requests at most.
    pub calls: Option<u64>,
    /// Keys at most that are made, replicas included.
    pub keys: Option<u64>,
    /// Requests a second at most.
    pub rate: Option<NonZeroU32>,
}

/// By which quota, and in which Region.
type Spent = (Operation, String);

/// Lets requests through one by one.
pub(super) struct Gate {
    limits: Limits,
    keys: AtomicU64,
    rate: Option<DefaultDirectRateLimiter>,
    /// Of AWS: those of 5 and those of 15 requests a second.
    quotas: Option<[RateLimiter<Spent, HashMapStateStore<Spent>, DefaultClock>; 2]>,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// What AWS allows a second and account and Region for what it has least of (F-140).
const FEW: NonZeroU32 = NonZeroU32::new(5).expect("5 is not 0");
const SOME: NonZeroU32 = NonZeroU32::new(15).expect("15 is not 0");

/// What a request counts as, where, and how often; nothing where AWS allows hundreds.
fn spends(call: &Call) -> Vec<(usize, Spent, u32)> {
    use Operation::*;
    let here = || call.region.to_string();
    let there = |member: &str| call.text(member).unwrap_or(&call.region).to_string();
    match call.op {
        CreateKey | EnableKey | DisableKey | UpdateKeyDescription => vec![(0, (call.op, here()), 1)],
        // The replica's Region counts it as two keys that are made there.
        ReplicateKey => vec![(0, (call.op, here()), 1), (0, (CreateKey, there("ReplicaRegion")), 2)],
        UpdatePrimaryRegion => vec![(0, (call.op, here()), 1), (0, (call.op, there("PrimaryRegion")), 1)],
        ScheduleKeyDeletion | PutKeyPolicy | EnableKeyRotation => vec![(1, (call.op, here()), 1)],
        _ => Vec::new(),
    }
}

/// What is still asked when a limit is reached: it settles keys, and makes none.
fn cleans_up(op: Operation) -> bool {
    use Operation::*;
    matches!(op, DescribeKey | ListKeys | ListResourceTags | ScheduleKeyDeletion)
}

impl Gate {
    pub(super) fn new(limits: Limits, aws: bool) -> Gate {
        let quota = |n| RateLimiter::new(Quota::per_second(n), HashMapStateStore::default(), DefaultClock::default());
        Gate {
            limits,
            keys: AtomicU64::new(0),
            rate: limits.rate.map(|n| RateLimiter::direct(Quota::per_second(n).allow_burst(NonZeroU32::MIN))),
            quotas: aws.then(|| [quota(FEW), quota(SOME)]),
        }
    }

    /// Why one more request is not sent, after so many; if it is, it is counted.
    pub(super) fn refusal(&self, op: Operation, sent: u64) -> Option<String> {
        if let Some(most) = self.limits.calls.filter(|most| sent >= *most && !cleans_up(op)) {
            return Some(format!("the {most} requests that --max-calls allows have been sent"));
        }
        if !matches!(op, Operation::CreateKey | Operation::ReplicateKey) {
            return None;
        }
        // One whose answer is lost may have made a key: each request counts.
        let most = self.limits.keys.unwrap_or(u64::MAX);
        let counted = self.keys.fetch_update(Relaxed, Relaxed, |keys| (keys < most).then_some(keys + 1));
        counted.is_err().then(|| format!("the {most} keys that --max-keys allows have been made"))
    }

    /// Waits until the request may be sent.
    pub(super) async fn turn(&self, call: &Call) {
        if let Some(rate) = &self.rate {
            rate.until_ready().await;
        }
        let Some(quotas) = &self.quotas else { return };
        for (which, spent, n) in spends(call) {
            // No quota is less than what one request spends.
            let n = NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
            let _ = quotas[which].until_key_n_ready(&spent, n).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mrkspec_model::call::Arg;
    use std::time::{Duration, Instant};

    fn call(op: Operation) -> Call {
        Call::new(op, "us-east-1")
    }

    #[test]
    fn no_more_keys_are_made_than_allowed() {
        let gate = Gate::new(Limits { keys: Some(2), ..Limits::default() }, false);
        assert_eq!(gate.refusal(Operation::CreateKey, 0), None);
        assert_eq!(gate.refusal(Operation::ReplicateKey, 1), None);
        assert!(gate.refusal(Operation::CreateKey, 2).is_some_and(|why| why.contains("--max-keys")));
        assert_eq!(gate.refusal(Operation::DescribeKey, 2), None);
    }

    #[test]
    fn no_more_is_asked_than_allowed_but_to_clean_up() {
        let gate = Gate::new(Limits { calls: Some(3), ..Limits::default() }, false);
        assert_eq!(gate.refusal(Operation::Encrypt, 2), None);
        assert!(gate.refusal(Operation::Encrypt, 3).is_some_and(|why| why.contains("--max-calls")));
        assert_eq!(gate.refusal(Operation::ScheduleKeyDeletion, 3), None);
    }

    #[tokio::test]
    async fn requests_come_no_faster_than_allowed() {
        let gate = Gate::new(Limits { rate: NonZeroU32::new(50), ..Limits::default() }, false);
        let began = Instant::now();
        for _ in 0..6 {
            gate.turn(&call(Operation::DescribeKey)).await;
        }
        assert!(began.elapsed() >= Duration::from_millis(95), "the first at once, each further one after 20 ms");
    }

    #[tokio::test]
    async fn a_replica_counts_as_two_keys_in_its_region() {
        let gate = Gate::new(Limits::default(), true);
        let began = Instant::now();
        let replicate = call(Operation::ReplicateKey).with("ReplicaRegion", Arg::Json("eu-west-1".into()));
        for _ in 0..2 {
            gate.turn(&replicate).await;
        }
        // Four of five are spent there; the second of these has to wait.
        for _ in 0..2 {
            gate.turn(&Call::new(Operation::CreateKey, "eu-west-1")).await;
        }
        assert!(began.elapsed() >= Duration::from_millis(150));
    }
}

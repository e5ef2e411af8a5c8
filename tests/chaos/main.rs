//! Endpoints that misbehave: whatever comes instead of an answer, at any moment, ends in a verdict or an honest
//! `inconclusive`, within bounded time and memory, and accuses no rule that the endpoint behind keeps.

mod mischief;
mod proxy;

use mischief::{ANSWERS, Mischief};
use mrkspec::{Mrkspec, Outcome};
use proxy::{Plan, When, behind};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

/// Memory is measured, so one test follows the other.
static TURN: Mutex<()> = Mutex::const_new(());

/// A dead endpoint is told within this time.
const TOLD: Duration = Duration::from_secs(30);
/// How much more memory than a run without trouble one with it may take.
const MORE_MEMORY: u64 = 64 << 20;

/// Runs a part of the check through a proxy.
async fn run(plan: Plan, scenarios: &[&str], jobs: usize) -> (Outcome, Duration) {
    let (_servers, target) = behind(plan).await;
    let mut check = Mrkspec::target(target).tour(false).jobs(jobs);
    for glob in scenarios {
        check = check.scenarios(*glob);
    }
    let began = Instant::now();
    let outcome = check.run().await.unwrap_or_else(|e| panic!("{plan:?}: {e}"));
    (outcome, began.elapsed())
}

/// Rules that were found broken, other than those of the wire.
fn accused(outcome: &Outcome) -> Vec<String> {
    let violations = &outcome.report().violations;
    let others = violations.iter().filter(|v| !v.rule.0.starts_with("WIRE-"));
    others.map(|v| format!("{} {} expected {} observed {}", v.rule, v.call, v.expected, v.observed)).collect()
}

/// The most memory that this process ever had, from now on.
#[cfg(target_os = "linux")]
fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").expect("the peak can be reset");
}

#[cfg(target_os = "linux")]
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find(|l| l.starts_with("VmHWM")).expect("a peak");
    line.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok()).expect("a number") << 10
}

#[cfg(not(target_os = "linux"))]
fn forget_peak() {}

#[cfg(not(target_os = "linux"))]
fn peak() -> u64 {
    0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn now_and_then() {
    let _turn = TURN.lock().await;
    // `scripts/chaos` has all of them.
    let glob = std::env::var("CHAOS_SCENARIOS").unwrap_or("promote/[a-d]*".into());
    let first: u64 = std::env::var("CHAOS_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
    let scenarios = [glob.as_str()];
    let quiet = Plan { mischief: Mischief::Reset, when: When::PerMille(0, 0), seed: 0 };
    forget_peak();
    let (outcome, _) = run(quiet, &scenarios, 16).await;
    assert_eq!(accused(&outcome), Vec::<String>::new());
    let usual = peak();
    for (seed, mischief) in (first..).zip(ANSWERS) {
        forget_peak();
        let plan = Plan { mischief, when: When::PerMille(50, 30), seed };
        let (outcome, took) = run(plan, &scenarios, 16).await;
        assert_eq!(accused(&outcome), Vec::<String>::new(), "{mischief:?}\n{outcome}");
        let passed = outcome.report().summary.pass;
        assert!(passed > 10 && outcome.report().ended.is_none(), "{mischief:?}: {passed} passed\n{outcome}");
        assert!(took < 2 * TOLD, "{mischief:?}: {took:?}");
        let more = peak().saturating_sub(usual);
        assert!(more < MORE_MEMORY, "{mischief:?}: {} KiB more memory", more >> 10);
        println!("{mischief:?}: {took:?}, {} KiB more, exit {}", more >> 10, outcome.exit_code());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_some_moment_on() {
    let _turn = TURN.lock().await;
    use Mischief::*;
    let always: Vec<_> = ANSWERS.into_iter().filter(|m| *m != Swapped).chain([Silence, Drip, Killed]).collect();
    for some in always.chunks(8) {
        let mut runs = JoinSet::new();
        for mischief in some.iter().copied() {
            let plan = Plan { mischief, when: When::After(60), seed: 1 };
            runs.spawn(async move { (mischief, run(plan, &["promote/*"], 4).await) });
        }
        while let Some(ended) = runs.join_next().await {
            let (mischief, (outcome, took)) = ended.expect("no panic");
            told_dead(mischief, &outcome, took);
        }
    }
}

/// The end of the endpoint was told, and nothing else.
fn told_dead(mischief: Mischief, outcome: &Outcome, took: Duration) {
    use Mischief::*;
    println!("{mischief:?}: {took:?}, exit {}, {:?}", outcome.exit_code(), outcome.report().ended);
    assert_eq!(accused(outcome), Vec::<String>::new(), "{mischief:?}");
    let why = outcome.report().ended.clone().unwrap_or_default();
    assert!(why.contains("has stopped answering"), "{mischief:?}: {why}\n{outcome}");
    assert!(took < TOLD, "{mischief:?}: {took:?}");
    // Where some answers could still be read, what was wrong with the form of others may be told.
    let silent = matches!(mischief, Cut(_) | TooLong | Endless | Silence | Drip | Reset | Killed | Html502);
    assert!(outcome.exit_code() == 3 || !silent, "{mischief:?}: {outcome}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_was_started_anew_is_not_accused_of_what_it_forgot() {
    let _turn = TURN.lock().await;
    for good in [60, 150, 400] {
        let plan = Plan { mischief: Mischief::Restarted, when: When::After(good), seed: 1 };
        let (outcome, took) = run(plan, &["promote/*", "replicate/*"], 16).await;
        assert_eq!(accused(&outcome), Vec::<String>::new(), "{good}\n{outcome}");
        assert!(took < TOLD, "{took:?}");
        println!("restarted after {good}: {took:?}, exit {}", outcome.exit_code());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_is_dead_from_the_beginning_is_told() {
    let _turn = TURN.lock().await;
    for mischief in [Mischief::Silence, Mischief::Drip] {
        let (_servers, target) = behind(Plan { mischief, when: When::After(0), seed: 1 }).await;
        let began = Instant::now();
        let refused = Mrkspec::target(target).scenarios("promote/*").run().await.expect_err("nothing answers");
        assert_eq!(refused.exit_code(), 3, "{refused}");
        assert!(began.elapsed() < TOLD, "{:?}", began.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_time_is_over_the_run_ends() {
    let _turn = TURN.lock().await;
    let plan = Plan { mischief: Mischief::Silence, when: When::After(50), seed: 1 };
    let (_servers, target) = behind(plan).await;
    let check = Mrkspec::target(target).tour(false).max_time(Duration::from_secs(3));
    let began = Instant::now();
    let outcome = check.run().await.expect("a report");
    assert!(began.elapsed() < TOLD, "{:?}", began.elapsed());
    let why = outcome.report().ended.clone().unwrap_or_default();
    // What is under way when the time is over finds out that the endpoint is dead, and that says more.
    assert!(why.contains("--max-time") || why.contains("has stopped answering"), "{why}");
    assert_eq!((outcome.exit_code(), accused(&outcome).len()), (3, 0), "{outcome}");
}

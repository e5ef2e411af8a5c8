//! The oracle by itself: answers come from the reference endpoint in process, and each case withholds, delays or
//! twists some of them.

mod concurrent;
mod late;
mod lists;
mod order;
mod together;

use super::*;
use crate::transport::encode;
use mrkspec_model::call::{Arg, KeyForm, KeyRef};
use mrkspec_model::rules::*;
use mrkspec_reference::{Settings, fuzzing::Endpoint};
use serde_json::{Value, json};

const FULL: Duration = Duration::from_secs(10);
const HERE: &str = "us-east-1";
const THERE: &str = "eu-west-1";

/// An endpoint, and an oracle that hears of its answers, or of others.
struct Bench {
    endpoint: Endpoint,
    oracle: Oracle,
    now: Duration,
}

fn oracle(consistent: bool) -> Oracle {
    let knowledge = Knowledge {
        alias_prefix: "t-".into(),
        enforced: true,
        consistent,
        staleness: Some(Arc::default()),
        day: Duration::from_secs(86_400),
        limited: None,
    };
    Oracle::new(&knowledge, Arc::new(Patience::new(FULL)))
}

impl Bench {
    fn new(consistent: bool, settings: Settings) -> Bench {
        Bench { endpoint: Endpoint::new(settings), oracle: oracle(consistent), now: Duration::ZERO }
    }

    /// With a family `k` in two Regions.
    fn with_family(consistent: bool) -> Bench {
        Bench::with_family_at(consistent, Settings::default())
    }

    fn with_family_at(consistent: bool, settings: Settings) -> Bench {
        let mut bench = Bench::new(consistent, settings);
        bench.accept(&create("k"));
        bench.accept(&replicate("k"));
        bench.accept(&describe("k", HERE));
        bench.accept(&describe("k", THERE));
        bench
    }

    /// The endpoint's answer, which the oracle does not hear of.
    fn answer(&self, call: &Call) -> Response {
        let body = encode(call, self.oracle.bindings()).expect("everything is known");
        match self.endpoint.ask(0, &call.region, call.op.name(), body.as_bytes()) {
            Ok(value) => Response::Success(value),
            Err((code, message, status)) => Response::Error { code: code.into(), message, status },
        }
    }

    fn hear(&mut self, call: &Call, response: &Response) -> Ruling {
        self.oracle.after_receive(self.now);
        self.oracle.hear(call, response, Asked::default())
    }

    /// The endpoint's answer is accepted and taken in.
    fn accept(&mut self, call: &Call) {
        let response = self.answer(call);
        self.accept_answer(call, &response);
    }

    fn accept_answer(&mut self, call: &Call, response: &Response) {
        match self.hear(call, response) {
            ruling @ Ruling::Accepted(_) => {
                self.oracle.commit(call, response, ruling);
            }
            other => panic!("{call:?}: {response:?}: {}", words(&other)),
        }
    }
}

fn words(ruling: &Ruling) -> String {
    match ruling {
        Ruling::Accepted(_) => "accepted".into(),
        Ruling::AskAgain(again) => format!("ask again until {:?}, {:?}", again.until, again.why),
        Ruling::Deviation(assessed) => {
            let rules: Vec<&str> = assessed.judgement().mismatches.iter().map(|m| m.rule.0).collect();
            format!("deviation from {}", rules.join(" "))
        }
    }
}

fn create(name: &str) -> Call {
    let mut call = Call::new(Operation::CreateKey, HERE).with("MultiRegion", Arg::Json(json!(true)));
    call.name = name.into();
    call
}

fn replicate(family: &str) -> Call {
    on(Operation::ReplicateKey, family).with("ReplicaRegion", Arg::Json(json!(THERE)))
}

fn promote(family: &str) -> Call {
    on(Operation::UpdatePrimaryRegion, family).with("PrimaryRegion", Arg::Json(json!(THERE)))
}

fn on(op: Operation, family: &str) -> Call {
    Call::new(op, HERE).key(&family.into())
}

fn describe(family: &str, region: &str) -> Call {
    Call::new(Operation::DescribeKey, region).key(&family.into())
}

fn refused(code: &str) -> Response {
    Response::Error { code: code.into(), message: String::new(), status: 400 }
}

/// The answer with one member of KeyMetadata changed.
fn twisted(response: &Response, member: &str, value: Value) -> Response {
    let Response::Success(mut body) = response.clone() else { panic!("no success: {response:?}") };
    body["KeyMetadata"][member] = value;
    Response::Success(body)
}

#[test]
fn a_read_from_before_a_change_is_asked_for_again_until_patience_ends() {
    // (consistent, seconds since it was asked first, asked for the second time, ruling)
    let cases = [
        (false, 0, false, "ask again until 10s, Must(Some(STA-004))"),
        (false, 9, false, "ask again until 10s, Must(Some(STA-004))"),
        (false, 10, false, "deviation from STA-004"),
        // The full time is waited for once.
        (false, 0, true, "ask again until 300ms, Must(Some(STA-004))"),
        (false, 1, true, "deviation from STA-004"),
        (true, 0, false, "deviation from STA-004"),
    ];
    for (consistent, seconds, again, expected) in cases {
        let mut bench = Bench::with_family(consistent);
        let old = bench.answer(&describe("k", HERE));
        bench.accept(&on(Operation::DisableKey, "k"));
        if again {
            bench.oracle.patience.exhaust(STA_004);
        }
        bench.now = Duration::from_secs(seconds);
        let ruling = bench.hear(&describe("k", HERE), &old);
        assert_eq!(words(&ruling), expected, "consistent: {consistent}, {seconds} s");
    }
}

#[test]
fn what_was_never_true_is_not_stale() {
    let mut bench = Bench::with_family(false);
    bench.accept(&promote("k"));
    let wrong = twisted(&bench.answer(&describe("k", HERE)), "Description", json!("made up"));
    assert_eq!(words(&bench.hear(&describe("k", HERE), &wrong)), "deviation from UPR-006");
}

#[test]
fn a_change_that_succeeds_is_never_stale() {
    let mut bench = Bench::with_family(false);
    bench.accept(&on(Operation::DisableKey, "k"));
    // Promoting a disabled primary: refused now, allowed before.
    let ruling = bench.hear(&promote("k"), &Response::Success(Value::Null));
    assert!(words(&ruling).starts_with("deviation from UPR-0"), "{}", words(&ruling));
}

#[test]
fn a_lost_answer_keeps_both_worlds_until_a_read_decides() {
    for carried_out in [false, true] {
        let mut bench = Bench::with_family(true);
        let (before, call) = (bench.answer(&describe("k", HERE)), on(Operation::DisableKey, "k"));
        if carried_out {
            bench.answer(&call);
        }
        let after = bench.answer(&describe("k", HERE));
        bench.oracle.lost(&call);
        // Either is allowed still.
        assert_eq!(words(&bench.hear(&describe("k", HERE), &before)), "accepted");
        bench.accept_answer(&describe("k", HERE), &after);
        let other = words(&bench.hear(&describe("k", HERE), &before));
        assert_eq!(other == "accepted", !carried_out, "{other}");
    }
}

#[test]
fn a_repeated_call_may_find_that_the_lost_one_worked() {
    let mut bench = Bench::with_family(true);
    let call = on(Operation::ScheduleKeyDeletion, "k").with("PendingWindowInDays", Arg::Json(json!(7)));
    bench.answer(&call);
    bench.oracle.lost(&call);
    // KMSInvalidStateException: it is pending deletion already.
    bench.accept(&call);
}

#[test]
fn a_stale_read_does_not_decide_what_became_of_a_lost_answer() {
    for (consistent, expected) in [(false, "accepted"), (true, "deviation")] {
        let mut bench = Bench::with_family(consistent);
        let old = bench.answer(&describe("k", HERE));
        bench.answer(&on(Operation::DisableKey, "k"));
        bench.oracle.lost(&on(Operation::DisableKey, "k"));
        // This read is stale: it looks as if nothing had happened.
        bench.accept_answer(&describe("k", HERE), &old);
        bench.now = FULL;
        let real = bench.answer(&describe("k", HERE));
        let ruling = words(&bench.hear(&describe("k", HERE), &real));
        assert!(ruling.starts_with(expected), "consistent: {consistent}: {ruling}");
    }
}

#[test]
fn a_throttled_call_that_worked_is_told_and_followed() {
    let mut bench = Bench::with_family(true);
    let call = on(Operation::CancelKeyDeletion, "k");
    bench.accept(&on(Operation::ScheduleKeyDeletion, "k").with("PendingWindowInDays", Arg::Json(json!(7))));
    // It was carried out when it was throttled; the repetition finds nothing to cancel.
    bench.answer(&call);
    let again = bench.answer(&call);
    let ruling = bench.oracle.hear(&call, &again, Asked { throttled: true, ..Asked::default() });
    let Ruling::Accepted(ref assessed) = ruling else { panic!("{}", words(&ruling)) };
    assert!(!assessed.throttle_did_nothing());
    let taken = bench.oracle.commit(&call, &again, ruling);
    assert_eq!(taken.judgement.mismatches.iter().map(|m| m.rule).collect::<Vec<_>>(), [WIRE_016]);
    bench.accept(&describe("k", HERE));
}

#[test]
fn only_an_answer_that_would_have_been_another_shows_that_a_throttled_call_did_nothing() {
    let throttled = Asked { throttled: true, ..Asked::default() };
    let cancel = on(Operation::CancelKeyDeletion, "k");
    let cases = [(on(Operation::EnableKey, "k"), false), (describe("k", HERE), false), (cancel, true)];
    for (call, shows) in cases {
        let mut bench = Bench::with_family(true);
        if shows {
            bench.accept(&on(Operation::ScheduleKeyDeletion, "k").with("PendingWindowInDays", Arg::Json(json!(7))));
        }
        let answer = bench.answer(&call);
        let ruling = bench.oracle.hear(&call, &answer, throttled);
        let Ruling::Accepted(ref assessed) = ruling else { panic!("{}", words(&ruling)) };
        assert_eq!(assessed.throttle_did_nothing(), shows, "{call:?}");
    }
}

#[test]
fn the_repetition_of_a_throttled_call_may_be_stale() {
    let documented = Settings { choices: mrkspec_reference::Choices::Documented, ..Settings::default() };
    let mut bench = Bench::with_family_at(false, documented);
    let back =
        Call::new(Operation::UpdatePrimaryRegion, THERE).key(&"k".into()).with("PrimaryRegion", Arg::Json(json!(HERE)));
    let stale = bench.answer(&back);
    bench.accept(&promote("k"));
    bench.accept(&describe("k", HERE));
    bench.accept(&describe("k", THERE));
    // Back again: throttled once, and then refused by a Region that knows of no promotion yet.
    let ruling = bench.oracle.hear(&back, &stale, Asked { throttled: true, ..Asked::default() });
    assert!(words(&ruling).starts_with("ask again"), "{}", words(&ruling));
}

#[test]
fn reads_that_show_a_change_are_counted_and_stale_ones_too() {
    let mut bench = Bench::with_family(false);
    let counts = |bench: &Bench| {
        let counted = bench.oracle.staleness.clone().expect("it is counted");
        (counted.fresh(), counted.stale())
    };
    let so_far = counts(&bench);
    let before = bench.answer(&describe("k", HERE));
    bench.accept(&on(Operation::DisableKey, "k"));
    bench.accept(&describe("k", HERE));
    // The other member's answer would have been the same before.
    bench.accept(&describe("k", THERE));
    assert_eq!(counts(&bench), (so_far.0 + 1, 0));
    // As if the key were enabled still; asked again, it is disabled.
    let Ruling::AskAgain(again) = bench.hear(&describe("k", HERE), &before) else { panic!("it may be stale") };
    assert!(again.settled && !again.shows_under_way);
    let real = bench.answer(&describe("k", HERE));
    let ruling = bench.oracle.hear(&describe("k", HERE), &real, Asked { again: Some(again), ..Asked::default() });
    assert!(matches!(ruling, Ruling::Accepted(_)));
    assert_eq!(counts(&bench), (so_far.0 + 1, 1));
}

#[test]
fn after_a_deviation_the_belief_follows_and_nothing_is_told_twice() {
    let mut bench = Bench::with_family(true);
    bench.accept(&on(Operation::DisableKey, "k"));
    // The endpoint promotes a disabled primary.
    let call = promote("k");
    let ruling = bench.hear(&call, &Response::Success(Value::Null));
    let taken = bench.oracle.commit(&call, &Response::Success(Value::Null), ruling);
    assert!(taken.deviates);
    // It did nothing after all.
    let seen = [HERE, THERE].map(|r| (describe("k", r), bench.answer(&describe("k", r))));
    let resync = bench.oracle.resync(&seen);
    assert!(resync.report.is_empty() && resync.stopped.is_none(), "{resync:?}");
    bench.accept(&describe("k", HERE));
    // A second deviation of another kind is told.
    let wrong = twisted(&bench.answer(&describe("k", HERE)), "KeyManager", json!("AWS"));
    assert!(words(&bench.hear(&describe("k", HERE), &wrong)).starts_with("deviation from KEY-014"));
}

#[test]
fn what_nobody_can_follow_stops_the_sequence() {
    let mut bench = Bench::with_family(true);
    let gone = Response::Error { code: "NotFoundException".into(), message: String::new(), status: 400 };
    let judged = bench.oracle.belief().judge(&describe("k", HERE), &gone);
    let stopped = bench.oracle.take_as_given(&describe("k", HERE), &gone, &judged);
    assert!(stopped.is_some_and(|why| why.contains("NotFoundException")));
}

#[test]
fn reads_of_what_should_have_been_refused_are_distrusted() {
    let mut bench = Bench::with_family(true);
    let tag = Call::new(Operation::TagResource, HERE)
        .key(&"k".into())
        .with("Tags", Arg::Json(json!([{ "TagKey": "aws:x", "TagValue": "y" }])));
    let ruling = bench.hear(&tag, &Response::Success(Value::Null));
    assert!(words(&ruling).starts_with("deviation"), "{}", words(&ruling));
    bench.oracle.commit(&tag, &Response::Success(Value::Null), ruling);
    assert!(bench.oracle.is_distrusted(Operation::ListResourceTags));
    assert!(!bench.oracle.is_distrusted(Operation::GetKeyPolicy));
}

#[test]
fn enabled_that_fits_the_state_shown_is_not_blamed_for_the_state() {
    let mut bench = Bench::with_family(true);
    let right = bench.answer(&describe("k", HERE));
    let both = twisted(&twisted(&right, "KeyState", json!("Disabled")), "Enabled", json!(false));
    let text = words(&bench.hear(&describe("k", HERE), &both));
    assert!(text.starts_with("deviation") && !text.contains("KEY-015"), "{text}");
    let text = words(&bench.hear(&describe("k", HERE), &twisted(&right, "Enabled", json!(false))));
    assert!(text.starts_with("deviation from KEY-015"), "{text}");
}

#[test]
fn a_waiver_is_for_one_key_in_one_region() {
    let mut bench = Bench::with_family(true);
    bench.accept(&create("other"));
    let wrong = twisted(&bench.answer(&describe("k", HERE)), "Description", json!("made up"));
    let judged = bench.oracle.belief().judge(&describe("k", HERE), &wrong);
    assert_eq!(bench.oracle.take_as_given(&describe("k", HERE), &wrong, &judged), None);
    bench.accept_answer(&describe("k", HERE), &wrong);
    // Whatever way the key is named.
    let alias = Call::new(Operation::CreateAlias, HERE).with("AliasName", Arg::AliasName("a".into()));
    bench.accept(&alias.with("TargetKeyId", describe("k", HERE).args["KeyId"].clone()));
    let named = KeyRef { name: "a".into(), form: KeyForm::Alias };
    bench.accept_answer(&Call::new(Operation::DescribeKey, HERE).with("KeyId", Arg::Key(named)), &wrong);
    for call in [describe("other", HERE), describe("k", THERE)] {
        let wrong = twisted(&bench.answer(&call), "Description", json!("made up"));
        assert!(words(&bench.hear(&call, &wrong)).starts_with("deviation"), "{call:?}");
    }
}

#[test]
fn transients_may_be_seen_or_not_and_end_by_themselves() {
    let short = Duration::from_millis(40);
    let mut bench = Bench::new(true, Settings { updating: short, creating: short, ..Settings::default() });
    bench.accept(&create("k"));
    bench.accept(&replicate("k"));
    bench.accept(&describe("k", THERE));
    assert!(!settles(&mut bench), "the replica is Creating");
    std::thread::sleep(short);
    assert!(settles(&mut bench));
    let enabled = bench.answer(&describe("k", HERE));
    bench.accept(&promote("k"));
    // Not to see it yet is allowed, too.
    assert!(words(&bench.hear(&describe("k", HERE), &enabled)).starts_with("accepted"));
    bench.accept(&describe("k", HERE));
    assert!(words(&bench.hear(&describe("k", HERE), &enabled)).starts_with("accepted"), "seen from another Region");
    assert!(!settles(&mut bench), "both are Updating");
    std::thread::sleep(short);
    assert!(settles(&mut bench));
    let ruling = words(&bench.hear(&describe("k", HERE), &enabled));
    assert!(ruling.starts_with("deviation"), "{ruling}");
}

fn settles(bench: &mut Bench) -> bool {
    let family: Name = "k".into();
    let members = bench.oracle.begin_settling(&family, bench.now);
    let mut round = bench.oracle.round(&family, bench.now).expect("it can settle");
    for region in members {
        let call = describe("k", &region);
        let answer = bench.answer(&call);
        assert!(!matches!(bench.oracle.look(&mut round, &call, &answer).0, Look::Wrong(_)), "{answer:?}");
    }
    matches!(bench.oracle.end_round(&mut round), Round::Settled)
}

#[test]
fn a_key_is_gone_only_when_its_waiting_period_may_be_over() {
    let mut bench = Bench::with_family(true);
    let call = Call::new(Operation::ScheduleKeyDeletion, THERE)
        .key(&"k".into())
        .with("PendingWindowInDays", Arg::Json(json!(7)));
    bench.oracle.before_send(bench.now);
    bench.accept(&call);
    let gone = Response::Error {
        code: "NotFoundException".into(),
        message: bench
            .oracle
            .bindings()
            .key_arn(&"k".into(), THERE)
            .map_or_else(String::new, |arn| format!("Key '{arn}' does not exist")),
        status: 400,
    };
    let days = |n: u64| Duration::from_secs(n * 86_400);
    assert_eq!(bench.oracle.time_left(&"k".into(), &THERE.into(), days(1)), days(6));
    for (day, expected) in [(1, "deviation"), (6, "deviation"), (7, "accepted"), (30, "accepted")] {
        bench.oracle.before_send(days(day));
        bench.now = days(day);
        let ruling = words(&bench.hear(&describe("k", THERE), &gone));
        assert!(ruling.starts_with(expected), "day {day}: {ruling}");
    }
}

#[test]
fn an_endpoint_that_always_fails_is_judged_by_what_was_before() {
    let mut bench = Bench::with_family(true);
    let call = on(Operation::DisableKey, "k");
    bench.oracle.lost(&call);
    let failure = Response::Error { code: "KMSInternalException".into(), message: "oops".into(), status: 500 };
    let ruling = bench.oracle.hear_failure(&call, &failure);
    assert!(words(&ruling).starts_with("deviation"));
    bench.oracle.commit(&call, &failure, ruling);
    // Whether it was disabled stays open.
    assert!(matches!(bench.hear(&describe("k", HERE), &twisted_state(&bench, "Disabled")), Ruling::Accepted(_)));
    assert!(matches!(bench.hear(&describe("k", HERE), &twisted_state(&bench, "Enabled")), Ruling::Accepted(_)));
}

fn twisted_state(bench: &Bench, state: &str) -> Response {
    let described = bench.answer(&describe("k", HERE));
    twisted(&twisted(&described, "KeyState", json!(state)), "Enabled", json!(state == "Enabled"))
}

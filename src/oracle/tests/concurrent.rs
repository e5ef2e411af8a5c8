//! Hand-written histories of concurrent calls: which have an order that the model allows.

use super::*;

/// A history: who was answered what, and when the call was under way, in milliseconds.
struct History<'b> {
    bench: &'b mut Bench,
    events: Vec<(Call, Option<Response>, u64, u64)>,
}

fn done() -> Response {
    Response::Success(Value::Null)
}

fn in_region(op: Operation, region: &str) -> Call {
    Call::new(op, region).key(&"k".into())
}

fn schedule(region: &str) -> Call {
    in_region(Operation::ScheduleKeyDeletion, region).with("PendingWindowInDays", Arg::Json(json!(7)))
}

impl<'b> History<'b> {
    fn of(bench: &'b mut Bench) -> History<'b> {
        History { bench, events: Vec::new() }
    }

    /// A call, answered.
    fn came(mut self, call: &Call, answer: &Response, [begin, end]: [u64; 2]) -> Self {
        let mut call = call.clone();
        call.name = format!("c{}", self.events.len()).into();
        self.events.push((call, Some(answer.clone()), begin, end));
        self
    }

    /// A call whose answer was lost.
    fn lost(mut self, call: &Call, begin: u64) -> Self {
        self.events.push((call.clone(), None, begin, begin));
        self
    }

    fn found(&self, most: usize) -> super::super::concurrent::Linearized {
        let event = |(call, answer, begin, end): &'_ (Call, Option<Response>, u64, u64)| {
            let time = |ms: &u64| Duration::from_millis(*ms);
            (call.clone(), answer.clone(), time(begin), time(end))
        };
        let all: Vec<_> = self.events.iter().map(event).collect();
        let events: Vec<Event> = all
            .iter()
            .map(|(call, answer, begin, end)| Event { call, answer: answer.as_ref(), begin: *begin, end: *end })
            .collect();
        self.bench.oracle.linearize(&events, most)
    }

    fn verdict(&self) -> Verdict {
        self.found(MOST_STEPS).verdict
    }

    /// Takes everything in, as a session does, but without being told that an order explains it; whether any answer deviates.
    fn take_in(self) -> bool {
        let found = self.found(MOST_STEPS);
        let mut wrong = false;
        for i in found.order.iter().copied() {
            let (call, answer, ..) = &self.events[i];
            let Some(answer) = answer else {
                self.bench.oracle.lost(call);
                continue;
            };
            let ruling = self.bench.oracle.hear(call, answer, Asked::default());
            wrong |= matches!(ruling, Ruling::Deviation(_));
            if !matches!(ruling, Ruling::AskAgain(_)) {
                self.bench.oracle.commit(call, answer, ruling);
            }
        }
        self.bench.oracle.take_any_order(&found);
        wrong
    }
}

#[test]
fn the_order_is_one_in_which_every_answer_is_allowed() {
    let mut bench = Bench::with_family(true);
    let disable = in_region(Operation::DisableKey, THERE);
    let disabled = refused("DisabledException");
    // The refusal makes sense only after the replica was disabled.
    let found = |bench: &mut Bench, first: (&Call, &Response), second: (&Call, &Response)| {
        let history = History::of(bench).came(first.0, first.1, [0, 10]).came(second.0, second.1, [0, 11]);
        let found = history.found(MOST_STEPS);
        (found.order, found.verdict)
    };
    let promote = promote("k");
    assert_eq!(found(&mut bench, (&promote, &disabled), (&disable, &done())), (vec![1, 0], Verdict::Allowed));
    assert_eq!(found(&mut bench, (&disable, &done()), (&promote, &disabled)), (vec![0, 1], Verdict::Allowed));
    // Nothing makes sense of it: the order in which they came.
    let odd = refused("LimitExceededException");
    assert_eq!(found(&mut bench, (&promote, &odd), (&disable, &done())), (vec![0, 1], Verdict::Wrong));
}

#[test]
fn real_time_is_respected() {
    let mut bench = Bench::with_family(true);
    let (disable, disabled) = (in_region(Operation::DisableKey, THERE), refused("DisabledException"));
    // The promotion was over before anybody disabled anything.
    for (begin, expected) in [(5, Verdict::Allowed), (10, Verdict::Wrong), (12, Verdict::Wrong)] {
        let history = History::of(&mut bench);
        let history = history.came(&promote("k"), &disabled, [0, 10]).came(&disable, &done(), [begin, 20]);
        assert_eq!(history.verdict(), expected, "DisableKey began at {begin} ms");
    }
}

#[test]
fn of_two_promotions_and_a_look_only_what_can_have_happened_is_allowed() {
    // Primary at HERE; both clients disable and look at the replica.
    let mut bench = Bench::with_family(true);
    let (look, disable, enable) =
        (describe("k", THERE), in_region(Operation::DisableKey, THERE), in_region(Operation::EnableKey, THERE));
    let enabled = bench.answer(&look);
    let disabled = twisted(&twisted(&enabled, "KeyState", json!("Disabled")), "Enabled", json!(false));
    // (what each look showed, when), while the key is disabled from 0 to 10 and enabled from 20 to 30
    type Looks<'r> = &'r [(&'r Response, [u64; 2])];
    let cases: [(Looks, Verdict); 6] = [
        (&[(&enabled, [1, 9]), (&disabled, [2, 9])], Verdict::Allowed),
        (&[(&disabled, [1, 4]), (&enabled, [5, 9])], Verdict::Wrong),
        (&[(&enabled, [1, 4]), (&disabled, [5, 9])], Verdict::Allowed),
        (&[(&enabled, [11, 19])], Verdict::Wrong),
        (&[(&disabled, [11, 19]), (&disabled, [21, 29]), (&enabled, [31, 32])], Verdict::Allowed),
        (&[(&disabled, [31, 32])], Verdict::Wrong),
    ];
    for (looks, expected) in cases {
        let mut history = History::of(&mut bench).came(&disable, &done(), [0, 10]).came(&enable, &done(), [20, 30]);
        for (shown, when) in looks {
            history = history.came(&look, shown, *when);
        }
        assert_eq!(history.verdict(), expected, "{looks:?}");
    }
}

#[test]
fn two_calls_that_exclude_each_other_do_not_both_succeed() {
    let mut bench = Bench::with_family(true);
    bench.accept(&in_region(Operation::DisableKey, THERE));
    bench.accept(&in_region(Operation::EnableKey, THERE));
    // A replica that is pending deletion cannot be promoted, and what is primary waits for its replicas.
    let pending = json!({
        "KeyId": bench.oracle.bindings().key_arn(&"k".into(), THERE), "KeyState": "PendingDeletion",
        "DeletionDate": 1, "PendingWindowInDays": 7,
    });
    let pending = Response::Success(pending);
    let invalid = refused("KMSInvalidStateException");
    for (promotion, expected) in [(done(), Verdict::Wrong), (invalid, Verdict::Allowed)] {
        let history = History::of(&mut bench);
        let history = history.came(&promote("k"), &promotion, [0, 10]).came(&schedule(THERE), &pending, [1, 9]);
        assert_eq!(history.verdict(), expected, "{promotion:?}");
    }
}

#[test]
fn a_lost_call_may_have_worked_late_or_never() {
    let (disable, disabled) = (in_region(Operation::DisableKey, THERE), refused("DisabledException"));
    for (answer, expected) in
        [(done(), Verdict::Allowed), (disabled, Verdict::Allowed), (refused("LimitExceededException"), Verdict::Wrong)]
    {
        let mut bench = Bench::with_family(true);
        // It was sent long before, and may have been carried out at any time since.
        let history = History::of(&mut bench).lost(&disable, 0).came(&promote("k"), &answer, [50, 60]);
        assert_eq!(history.verdict(), expected, "{answer:?}");
    }
    // It cannot have worked before it was sent.
    let mut bench = Bench::with_family(true);
    let refusal = refused("DisabledException");
    let history = History::of(&mut bench).came(&promote("k"), &refusal, [0, 10]).lost(&disable, 20);
    assert_eq!(history.verdict(), Verdict::Wrong);
}

#[test]
fn afterwards_every_order_is_believed_in_until_a_look_decides() {
    let (disable, enable, look) =
        (in_region(Operation::DisableKey, THERE), in_region(Operation::EnableKey, THERE), describe("k", THERE));
    for last in ["Enabled", "Disabled"] {
        let mut bench = Bench::with_family(true);
        let enabled = bench.answer(&look);
        let disabled = twisted(&twisted(&enabled, "KeyState", json!("Disabled")), "Enabled", json!(false));
        let history = History::of(&mut bench);
        assert!(!history.came(&disable, &done(), [0, 10]).came(&enable, &done(), [0, 9]).take_in());
        let (first, second) = if last == "Enabled" { (&enabled, &disabled) } else { (&disabled, &enabled) };
        bench.accept_answer(&look, first);
        assert!(words(&bench.hear(&look, second)).starts_with("deviation"), "it was {last}");
    }
}

#[test]
fn a_stale_look_is_no_violation_where_reads_may_be_stale() {
    let (disable, look) = (in_region(Operation::DisableKey, THERE), describe("k", THERE));
    for (consistent, expected) in [(true, Verdict::Wrong), (false, Verdict::Allowed)] {
        let mut bench = Bench::with_family(consistent);
        let enabled = bench.answer(&look);
        let history = History::of(&mut bench);
        let history = history.came(&disable, &done(), [0, 10]).came(&look, &enabled, [20, 30]);
        assert_eq!(history.verdict(), expected, "consistent: {consistent}");
        // What was never true is not stale.
        let made_up = twisted(&enabled, "Description", json!("made up"));
        assert_eq!(history.came(&look, &made_up, [31, 32]).verdict(), Verdict::Wrong);
    }
}

#[test]
fn a_search_is_bounded_and_says_so() {
    let mut bench = Bench::with_family(true);
    let mut history = History::of(&mut bench);
    for i in 0..10 {
        let op = if i % 2 == 0 { Operation::DisableKey } else { Operation::EnableKey };
        history = history.came(&in_region(op, THERE), &done(), [0, 100 + i]);
    }
    assert_eq!(history.found(20).verdict, Verdict::Open);
    assert_eq!(history.verdict(), Verdict::Allowed);
}

/// The calls of three clients, carried out one after the other in an order of their own, and told as if all had been
/// under way together: that order is always found.
#[test]
fn whatever_was_carried_out_has_an_order() {
    let calls = [
        promote("k"),
        in_region(Operation::DisableKey, THERE),
        in_region(Operation::EnableKey, THERE),
        describe("k", HERE),
        in_region(Operation::UpdatePrimaryRegion, THERE).with("PrimaryRegion", Arg::Json(json!(HERE))),
        in_region(Operation::EnableKeyRotation, HERE),
        schedule(THERE),
        describe("k", THERE),
    ];
    for seed in 0..40_usize {
        let mut bench = Bench::with_family(true);
        let mut order: Vec<usize> = (0..calls.len()).collect();
        order.sort_by_key(|i| (i + 1) * (2 * seed + 7) % 31);
        let mut history = History::of(&mut bench);
        for i in order {
            let answer = history.bench.answer(&calls[i]);
            history = history.came(&calls[i], &answer, [i as u64, 100 + i as u64]);
        }
        assert!(!history.take_in(), "seed {seed}");
        bench.accept(&describe("k", HERE));
        bench.accept(&describe("k", THERE));
    }
}

#[test]
fn a_replication_whose_answer_was_lost_may_have_worked_before_the_key_was_disabled() {
    for consistent in [true, false] {
        let mut bench = Bench::with_family(consistent);
        let west = "us-west-2";
        let mut replicate = in_region(Operation::ReplicateKey, HERE).with("ReplicaRegion", Arg::Json(json!(west)));
        replicate.name = "lost".into();
        let disable = in_region(Operation::DisableKey, HERE);
        bench.answer(&replicate);
        let disabled = bench.answer(&disable);
        let refused = bench.answer(&replicate);
        let (seen, made) = (bench.answer(&describe("k", THERE)), bench.answer(&describe("k", west)));
        let history = History::of(&mut bench)
            .lost(&replicate, 0)
            .came(&replicate, &refused, [29, 31])
            .came(&disable, &disabled, [0, 3])
            .came(&describe("k", THERE), &seen, [3, 6])
            .came(&replicate, &refused, [2, 4])
            .came(&replicate, &refused, [3, 5])
            .came(&describe("k", west), &made, [6, 7]);
        assert_eq!(history.verdict(), Verdict::Allowed, "consistent: {consistent}");
        assert!(!history.take_in(), "consistent: {consistent}");
    }
}

#[test]
fn which_of_two_changes_came_last_is_not_decided_by_one_read_that_may_be_stale() {
    for consistent in [true, false] {
        let mut bench = Bench::with_family(consistent);
        let (disable, enable) = (in_region(Operation::DisableKey, HERE), in_region(Operation::EnableKey, HERE));
        let enabled = bench.answer(&describe("k", HERE));
        let history = History::of(&mut bench).came(&disable, &done(), [0, 9]).came(&enable, &done(), [1, 10]);
        assert!(!history.take_in(), "consistent: {consistent}");
        bench.accept_answer(&describe("k", HERE), &enabled);
        bench.answer(&disable);
        let encrypt = in_region(Operation::Encrypt, HERE).with("Plaintext", Arg::Bytes(b"x".to_vec()));
        let disabled = bench.answer(&encrypt);
        bench.now = 3 * FULL;
        let ruling = bench.hear(&encrypt, &disabled);
        // Where reads are never stale, the look has shown that the key is enabled.
        assert_eq!(matches!(ruling, Ruling::Deviation(_)), consistent, "{}", words(&ruling));
    }
}

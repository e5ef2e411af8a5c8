//! Answers that are long on their way.

use super::*;

#[test]
fn an_answer_is_as_old_as_its_question() {
    let mut bench = Bench::with_family(false);
    let (call, old) = (describe("k", HERE), bench.answer(&describe("k", HERE)));
    bench.accept(&on(Operation::DisableKey, "k"));
    let again = "ask again until 10s, Must(Some(STA-004))";
    for (sent, expected) in [(0, again), (9, again), (10, "deviation from STA-004")] {
        bench.oracle.before_send(Duration::from_secs(sent));
        bench.now = Duration::from_secs(60);
        assert_eq!(words(&bench.hear(&call, &old)), expected, "sent after {sent} s");
    }
}

#[test]
fn what_works_in_creating_is_to_blame_when_the_replica_is_still_being_made() {
    let mut bench = Bench::new(true, Settings { creating: FULL, ..Settings::default() });
    bench.accept(&create("k"));
    bench.accept(&replicate("k"));
    bench.accept(&describe("k", THERE));
    let encrypt = |region: &str| Call { name: "sealed".into(), ..on_region(Operation::Encrypt, region) };
    // An endpoint that does not look at the key's state: it may have ended meanwhile.
    let Response::Success(mut sealed) = bench.answer(&encrypt(HERE)) else { panic!("it encrypts") };
    sealed["KeyId"] = json!(sealed["KeyId"].as_str().unwrap_or_default().replace(HERE, THERE));
    let sealed = Response::Success(sealed);
    bench.accept_answer(&encrypt(THERE), &sealed);
    let creating = bench.answer(&describe("k", THERE));
    let ruling = bench.hear(&describe("k", THERE), &creating);
    assert!(matches!(ruling, Ruling::Deviation(_)), "{}", words(&ruling));
    let taken = bench.oracle.commit(&describe("k", THERE), &creating, ruling);
    let [blamed] = &taken.judgement.mismatches[..] else { panic!("{:?}", taken.judgement.mismatches) };
    assert_eq!((blamed.rule, blamed.by), (REP_015, Some(Operation::Encrypt)));
    assert!(blamed.expected.contains("Encrypt in eu-west-1") && blamed.expected.contains("KMSInvalidStateException"));
}

fn on_region(op: Operation, region: &str) -> Call {
    Call::new(op, region).key(&"k".into()).with("Plaintext", Arg::Bytes(b"x".to_vec()))
}

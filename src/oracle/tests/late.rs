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

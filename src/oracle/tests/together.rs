//! A rotation that nobody knows to have begun.

use super::*;

#[test]
fn a_rotation_of_which_the_answer_was_lost_may_show_after_the_family_has_settled() {
    let mut bench = Bench::with_family(true);
    let rotate = on(Operation::RotateKeyOnDemand, "k");
    let rotated = bench.answer(&rotate);
    bench.accept_answer(&rotate, &rotated);
    let list = on(Operation::ListKeyRotations, "k");
    let one = bench.answer(&list);
    bench.accept_answer(&list, &one);
    // A second one is asked for, and its answer is lost. Repeated, it is said to be under way.
    bench.oracle.lost(&rotate);
    bench.accept_answer(&rotate, &refused("ConflictException"));
    bench.answer(&rotate);
    bench.answer(&rotate);
    let three = bench.answer(&list);
    let settle = |bench: &mut Bench, list_shows: &Response| {
        let family = "k".into();
        let members = bench.oracle.begin_settling(&family, bench.now);
        let mut round = bench.oracle.round(&family, bench.now).expect("it can settle");
        for call in bench.oracle.questions(&family, &members) {
            let shown = if call.op == Operation::ListKeyRotations { list_shows.clone() } else { bench.answer(&call) };
            let (look, _) = bench.oracle.look(&mut round, &call, &shown);
            assert!(!matches!(look, Look::Wrong(_)), "{call:?} shows {shown:?}");
        }
        bench.oracle.end_round(&mut round)
    };
    assert!(matches!(settle(&mut bench, &one), Round::Settled), "as if it had not been asked for");
    // It was, and ends later, as does the next one: what the list says then is no deviation.
    bench.accept_answer(&rotate, &rotated);
    assert!(matches!(settle(&mut bench, &three), Round::LookAgain(_)), "what was believed was wrong");
    assert!(matches!(settle(&mut bench, &three), Round::Settled));
}

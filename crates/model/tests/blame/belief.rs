use super::*;
use mrkspec_model::rules::*;
use mrkspec_model::world::KeyState;
use mrkspec_model::{Belief, LastEvent, Response};

fn refused(code: &str) -> Response {
    Response::Error { code: code.into(), message: String::new(), status: 400 }
}

fn lost() -> Response {
    Response::Lost("no answer".into())
}

/// A belief in one family with a replica; what the answers hold does not matter here.
fn believing() -> Belief {
    let mut belief = Belief::new("t-", true);
    for call in [create(), replicate(REPLICA)] {
        belief.observe(&call, &lost());
        // The one world in which the call worked.
        assert!(belief.worlds().len() > 1);
    }
    belief
}

#[test]
fn a_lost_call_that_changes_nothing_leaves_one_world() {
    let mut belief = Belief::new("t-", true);
    let before = belief.worlds().len();
    for call in [describe(PRIMARY), promote(PRIMARY, THIRD), on(Operation::EnableKey, PRIMARY)] {
        belief.observe(&call, &lost());
        assert_eq!(belief.worlds().len(), before, "{call:?}");
    }
}

/// A promotion that must be refused, and an EnableKey of what is enabled: with the answer lost there is
/// one world as before, and the trail is that of before: nobody knows whether they ever arrived.
#[test]
fn worlds_that_differ_in_their_trails_only_are_one_and_keep_the_surer_trail() {
    let mut belief = believing();
    belief.observe(&describe(THIRD), &refused("NotFoundException"));
    let before = belief.snapshot();
    for call in [promote(PRIMARY, THIRD), on(Operation::EnableKey, PRIMARY)] {
        belief.observe(&call, &lost());
        let trails = |list: &mrkspec_model::belief::Worlds| -> Vec<LastEvent> {
            list.iter().map(|p| p.trail.family("k").last.clone()).collect()
        };
        let now = belief.snapshot();
        assert!(now.worlds().len() <= before.closure().len(), "{call:?}");
        assert!(trails(&now).iter().all(|t| trails(&before).contains(t)), "{call:?}: {:?}", trails(&now));
    }
}

/// Of ciphertexts that nobody was told of none is kept.
#[test]
fn lost_reads_do_not_multiply_the_worlds() {
    let mut belief = believing();
    let before = belief.worlds().len();
    for n in 0..10 {
        let call = Call { name: format!("c{n}").into(), ..on(Operation::Encrypt, PRIMARY) };
        belief.observe(&call, &lost());
    }
    assert!(belief.worlds().len() <= before * 2, "{} worlds", belief.worlds().len());
}

/// A rule has passed only where every outcome that allows the answer shows it (`agreed`).
#[test]
fn what_two_worlds_explain_differently_is_not_upheld() {
    // Refused, whether the replica was made or not; but only in one world because there is one already.
    let mut belief = Belief::new("t-", true);
    belief.observe(&create(), &lost());
    belief.observe(&replicate(REPLICA), &lost());
    belief.observe(&on(Operation::DisableKey, PRIMARY), &lost());
    let judgement = belief.judge(&replicate(REPLICA), &refused("NotFoundException"));
    assert!(judgement.allowed && judgement.upheld.contains(&KEY_006), "{judgement:?}");
    let judgement = belief.judge(&replicate(REPLICA), &refused("AlreadyExistsException"));
    assert!(judgement.allowed && judgement.upheld.contains(&REP_004), "{judgement:?}");
    // A disabled key, or one that has a replica there: the second says nothing about the first.
    assert!(!judgement.upheld.contains(&STA_122), "{judgement:?}");
}

#[test]
fn a_refusal_that_no_world_allows_is_blamed_and_changes_nothing() {
    let mut belief = believing();
    belief.observe(&describe(THIRD), &refused("NotFoundException"));
    let judgement = belief.observe(&promote(PRIMARY, THIRD), &Response::Success(Value::Null));
    assert!(!judgement.allowed);
    let broken: Vec<_> = judgement.mismatches.iter().map(|m| m.rule).collect();
    assert!(broken.contains(&UPR_012) || broken.contains(&UPR_039), "{broken:?}");
    let moved = |w: &mrkspec_model::World| w.family("k").is_some_and(|f| *f.primary == *THIRD);
    assert!(!belief.worlds().iter().any(moved));
}

#[test]
fn a_settled_belief_has_nothing_under_way() {
    let belief = believing();
    let settled = belief.settled("k").expect("it can have settled");
    let creating = |w: &mrkspec_model::World| {
        w.family("k").is_some_and(|f| f.members.values().any(|m| m.state == KeyState::Creating))
    };
    assert!(belief.worlds().iter().any(creating));
    assert!(!settled.worlds().iter().any(creating));
}

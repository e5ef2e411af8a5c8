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

/// A belief in one family with a replica that is seen to be enabled.
fn believing() -> Belief {
    let root = json!({ "AWS": "arn:aws:iam::111122223333:root" });
    let statement = json!({ "Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*" });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    let made = json!({ "KeyMetadata": metadata(PRIMARY, &[], "Enabled") });
    let shown = metadata(REPLICA, &[REPLICA], "Enabled");
    let replica = json!({ "ReplicaKeyMetadata": shown, "ReplicaPolicy": policy, "ReplicaTags": [] });
    let mut belief = Belief::new("t-", true);
    for (call, body) in [(create(), made), (replicate(REPLICA), replica)] {
        let judgement = belief.observe(&call, &Response::Success(body));
        assert!(judgement.allowed && judgement.mismatches.is_empty(), "{judgement:?}");
        assert_eq!(belief.worlds().len(), 1);
    }
    belief
}

#[test]
fn a_lost_call_that_changes_nothing_leaves_one_world() {
    let mut belief = believing();
    let before = belief.worlds().to_vec();
    for call in [describe(PRIMARY), promote(PRIMARY, THIRD), on(Operation::EnableKey, PRIMARY)] {
        belief.observe(&call, &lost());
        assert_eq!(belief.worlds(), before, "{call:?}");
    }
    belief.observe(&on(Operation::DisableKey, PRIMARY), &lost());
    assert_eq!(belief.worlds().len(), 2);
}

/// A promotion that must be refused, and an EnableKey of what is enabled: with the answer lost there is
/// one world as before, and the trail is that of before: nobody knows whether they ever arrived.
#[test]
fn worlds_that_differ_in_their_trails_only_are_one_and_keep_the_surer_trail() {
    let mut belief = believing();
    let last = |belief: &Belief| -> Vec<LastEvent> {
        belief.snapshot().iter().map(|p| p.trail.family("k").last.clone()).collect()
    };
    for call in [promote(PRIMARY, THIRD), on(Operation::EnableKey, PRIMARY)] {
        belief.observe(&call, &lost());
        assert_eq!(last(&belief), [LastEvent::Replicated(REPLICA.into())], "{call:?}");
    }
    belief.observe(&promote(PRIMARY, THIRD), &refused("NotFoundException"));
    assert_eq!(last(&belief), [LastEvent::PromotionRefused]);
}

/// Of ciphertexts that nobody was told of none is kept.
#[test]
fn lost_reads_do_not_multiply_the_worlds() {
    let mut belief = believing();
    for n in 0..10 {
        let call = Call { name: format!("c{n}").into(), ..on(Operation::Encrypt, PRIMARY) };
        belief.observe(&call, &lost());
    }
    assert_eq!(belief.worlds().len(), 1);
}

/// A rule has passed only where every outcome that allows the answer shows it (`agreed`).
#[test]
fn what_two_worlds_explain_differently_is_not_upheld() {
    let shown = Response::Success(json!({ "KeyMetadata": metadata(PRIMARY, &[REPLICA], "Disabled") }));
    let disabled = on(Operation::DisableKey, PRIMARY);
    // Known to be disabled, or known not to be: the table's row is put to the test.
    let mut known = believing();
    known.observe(&disabled, &Response::Success(Value::Null));
    let judgement = known.judge(&replicate(THIRD), &refused("DisabledException"));
    assert!(judgement.allowed && judgement.upheld.contains(&STA_122), "{judgement:?}");
    assert!(known.judge(&describe(PRIMARY), &shown).upheld.contains(&STA_004));
    // Disabled or not, the answer is the same: it says nothing about the state.
    let mut either = believing();
    either.observe(&disabled, &lost());
    let judgement = either.judge(&replicate(REPLICA), &refused("AlreadyExistsException"));
    assert!(judgement.allowed && judgement.upheld.contains(&REP_004), "{judgement:?}");
    let mut both = either.clone();
    both.observe(&replicate(REPLICA), &refused("AlreadyExistsException"));
    assert_eq!(both.worlds().len(), 2);
    let seen = either.judge(&on(Operation::ListResourceTags, PRIMARY), &Response::Success(json!({ "Tags": [] })));
    assert!(seen.allowed && !seen.upheld.contains(&REP_017), "{seen:?}");
    // What shows which world it is, does.
    either.observe(&describe(PRIMARY), &shown);
    assert_eq!(either.worlds().len(), 1);
}

#[test]
fn a_refusal_that_no_world_allows_is_blamed_and_changes_nothing() {
    let mut belief = believing();
    let before = belief.worlds().to_vec();
    let judgement = belief.observe(&promote(PRIMARY, THIRD), &Response::Success(Value::Null));
    assert!(!judgement.allowed);
    let broken: Vec<_> = judgement.mismatches.iter().map(|m| m.rule).collect();
    assert_eq!(broken, [UPR_012]);
    assert_eq!(belief.worlds(), before);
}

#[test]
fn a_settled_belief_has_nothing_under_way() {
    let mut belief = believing();
    belief.observe(&replicate(THIRD), &lost());
    let settled = belief.settled("k").expect("it can have settled");
    let creating = |w: &mrkspec_model::World| {
        w.family("k").is_some_and(|f| f.members.values().any(|m| m.state == KeyState::Creating))
    };
    assert!(belief.worlds().iter().any(creating));
    assert!(!settled.worlds().iter().any(creating));
}

/// What may be seen for a while only is the measure of an answer that says it is of such a while.
#[test]
fn a_wrong_member_of_a_key_that_is_creating_is_no_wrong_state() {
    let creating = metadata(REPLICA, &[REPLICA], "Creating");
    let mut belief = Belief::new("t-", true);
    belief.observe(&create(), &Response::Success(json!({ "KeyMetadata": metadata(PRIMARY, &[], "Enabled") })));
    belief.observe(&replicate(REPLICA), &Response::Success(json!({ "ReplicaKeyMetadata": creating })));
    let mut wrong = creating.clone();
    wrong["Description"] = json!("of somebody else");
    let judgement = belief.judge(&describe(REPLICA), &Response::Success(json!({ "KeyMetadata": wrong })));
    let paths: Vec<&str> = judgement.mismatches.iter().map(|m| m.path.as_str()).collect();
    assert_eq!((judgement.allowed, &paths[..]), (false, &["KeyMetadata.Description"][..]));
}

use super::*;
use mrkspec_model::LastEvent::{self, *};
use mrkspec_model::outcome::Reason;

/// What each call leaves behind when it has its first outcome.
#[test]
fn every_change_leaves_its_trace_and_no_read_does() {
    let region = || PRIMARY.into();
    let open = json!({ "Policy": "{}", "BypassPolicyLockoutSafetyCheck": true });
    let grant = json!({ "GranteePrincipal": "{limited}", "Operations": ["Encrypt"] });
    let table: Vec<(Call, LastEvent)> = vec![
        (describe(PRIMARY), Replicated(REPLICA.into())),
        (with(Operation::Encrypt, PRIMARY, json!({})), Replicated(REPLICA.into())),
        (promote(PRIMARY, REPLICA), Promoted),
        (promote(PRIMARY, PRIMARY), PromotionRefused),
        (promote(PRIMARY, THIRD), PromotionRefused),
        (promote(REPLICA, PRIMARY), PromotionRefused),
        (with(Operation::UpdatePrimaryRegion, PRIMARY, json!({})), PromotionRefused),
        (replicate(THIRD), Replicated(THIRD.into())),
        (replicate(REPLICA), Replicated(REPLICA.into())),
        (on(Operation::DisableKey, PRIMARY), State(region())),
        (on(Operation::EnableKey, PRIMARY), State(region())),
        (on(Operation::ScheduleKeyDeletion, PRIMARY), Deletion(region())),
        (on(Operation::CancelKeyDeletion, PRIMARY), Replicated(REPLICA.into())),
        (
            with(Operation::UpdateKeyDescription, PRIMARY, json!({ "Description": "d" })),
            Changed(region(), Operation::UpdateKeyDescription),
        ),
        (
            with(Operation::TagResource, PRIMARY, json!({ "Tags": [{ "TagKey": "a", "TagValue": "b" }] })),
            Changed(region(), Operation::TagResource),
        ),
        (with(Operation::PutKeyPolicy, PRIMARY, open), Changed(region(), Operation::PutKeyPolicy)),
        (with(Operation::CreateGrant, PRIMARY, grant), Changed(region(), Operation::CreateGrant)),
        (on(Operation::EnableKeyRotation, PRIMARY), Rotation),
        (on(Operation::RotateKeyOnDemand, PRIMARY), Rotation),
        (on(Operation::EnableKeyRotation, REPLICA), Replicated(REPLICA.into())),
        (unsigned(describe(PRIMARY)), Unauthenticated),
        (unsigned(promote(PRIMARY, REPLICA)), Unauthenticated),
        (Call { raw_body: Some("{".into()), ..promote(PRIMARY, REPLICA) }, Replicated(REPLICA.into())),
        (Call { caller: mrkspec_model::call::Caller::Other, ..promote(PRIMARY, REPLICA) }, Denied),
        (Call { caller: mrkspec_model::call::Caller::Limited, ..describe(PRIMARY) }, Denied),
    ];
    for (call, expected) in table {
        let now = family_and(&[]);
        let next = now.after(&call, &first(&now, &call));
        assert_eq!(next.trail.family("k").last, expected, "{call:?}");
    }
}

#[test]
fn what_ends_by_itself_leaves_a_trace() {
    let mut now = family_and(&[on(Operation::ScheduleKeyDeletion, REPLICA)]);
    now.world.member_mut("k", REPLICA).due = true;
    let gone = settled(now);
    let past = gone.trail.family("k");
    assert_eq!(past.last, Gone(REPLICA.into()));
    assert!(past.gone.contains(REPLICA) && !past.remade);
    let call = replicate(REPLICA);
    let again = gone.after(&call, &first(&gone, &call));
    let past = again.trail.family("k");
    assert!(past.gone.is_empty() && past.remade);
}

#[test]
fn a_promotion_that_is_under_way_and_its_end_are_one_event() {
    let now = family_and(&[]);
    let call = promote(PRIMARY, REPLICA);
    let moving = now.after(&call, &first(&now, &call));
    assert_eq!(moving.trail, settled(moving.clone()).trail);
    assert_eq!(moving.trail.family("k").promotion, Some((PRIMARY.into(), REPLICA.into())));
}

#[test]
fn members_remember_what_happened_to_them_until_they_are_deleted() {
    let mut now = family_and(&[on(Operation::ScheduleKeyDeletion, REPLICA), on(Operation::CancelKeyDeletion, REPLICA)]);
    assert!(now.trail.family("k").member(REPLICA).cancelled);
    assert!(!now.trail.family("k").member(PRIMARY).cancelled);
    let call = on(Operation::ScheduleKeyDeletion, REPLICA);
    now = now.after(&call, &first(&now, &call));
    now.world.member_mut("k", REPLICA).due = true;
    assert!(!settled(now).trail.family("k").any_cancelled());
}

#[test]
fn a_denied_call_leaves_a_trace_on_every_key_that_it_needed_a_permission_for() {
    let other = Call { name: "other".into(), ..Call::new(Operation::CreateKey, PRIMARY) };
    let now = family_and(&[other]);
    let refused = |name: &str| {
        let call = Call { caller: mrkspec_model::call::Caller::Limited, ..Call::new(Operation::DescribeKey, PRIMARY) };
        let call = call.key(&name.into());
        let denied = step(&now, &call).into_iter().find(|o| o.reason() == Some(&Reason::Denied)).expect("a denial");
        now.after(&call, &denied).trail
    };
    assert_eq!(refused("other").family("other").last, Denied);
    assert_eq!(refused("other").family("k").last, Replicated(REPLICA.into()));
    assert_eq!(refused("k").family("other").last, Made);
}

#[test]
fn the_shorter_trail_is_the_surer_one() {
    let now = family_and(&[]);
    let longer = family_and(&[on(Operation::EnableKey, PRIMARY)]);
    assert_eq!(now.world, longer.world);
    assert!(now.trail.is_surer_than(&longer.trail));
    assert!(!longer.trail.is_surer_than(&now.trail) && !now.trail.is_surer_than(&now.trail));
}

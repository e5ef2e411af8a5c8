use super::*;
use mrkspec_model::attribution::{Case, state_row};
use mrkspec_model::call::Caller;
use mrkspec_model::outcome::{Answer, Aspect};
use mrkspec_model::rule::RuleId;
use mrkspec_model::rules::*;

/// The rule that a check of the last allowed outcome of a call is about.
fn rule(now: &Possible, call: &Call, aspect: Aspect) -> Option<RuleId> {
    let outcome = step(now, call).pop().expect("an outcome");
    Case::new(call, &now.world, &now.trail, &outcome).check(&aspect)
}

/// After which calls a check of DescribeKey in a Region is about which rule.
#[test]
fn what_happened_last_decides_which_rule_a_property_is_about() {
    use Aspect::*;
    let say = |region| with(Operation::UpdateKeyDescription, region, json!({ "Description": "d" }));
    let promoted = || vec![promote(PRIMARY, REPLICA)];
    let refused = || vec![promote(PRIMARY, THIRD)];
    let third = || vec![replicate(THIRD), promote(PRIMARY, REPLICA)];
    let off = |region| vec![on(Operation::DisableKey, region)];
    let going = |region| vec![on(Operation::ScheduleKeyDeletion, region)];
    let back = |region| vec![on(Operation::ScheduleKeyDeletion, region), on(Operation::CancelKeyDeletion, region)];
    let denied = || vec![Call { caller: Caller::Limited, ..describe(PRIMARY) }];
    let table: Vec<(Vec<Call>, &str, Aspect, RuleId)> = vec![
        (promoted(), REPLICA, KeyType, UPR_001),
        (promoted(), PRIMARY, KeyType, UPR_002),
        (third(), THIRD, KeyType, UPR_003),
        (refused(), PRIMARY, KeyType, UPR_028),
        (denied(), PRIMARY, KeyType, AUT_020),
        (vec![unsigned(promote(PRIMARY, REPLICA))], PRIMARY, KeyType, AUT_005),
        (vec![], PRIMARY, KeyType, KEY_011),
        (promoted(), PRIMARY, PrimaryKey, UPR_004),
        (refused(), PRIMARY, PrimaryKey, UPR_028),
        (denied(), PRIMARY, PrimaryKey, AUT_020),
        (vec![], PRIMARY, PrimaryKey, KEY_011),
        (vec![], PRIMARY, ReplicaKeys, REP_014),
        (promoted(), PRIMARY, ReplicaKeys, UPR_004),
        (going(REPLICA), PRIMARY, ReplicaKeys, DEL_011),
        (vec![], REPLICA, Description, REP_007),
        (vec![], PRIMARY, Description, REP_017),
        (promoted(), PRIMARY, Description, UPR_006),
        (vec![say(PRIMARY)], PRIMARY, Description, ATT_018),
        (vec![say(PRIMARY)], REPLICA, Description, ATT_019),
        (promoted(), PRIMARY, KeyState, UPR_011),
        (third(), THIRD, KeyState, UPR_010),
        (vec![], REPLICA, KeyState, REP_011),
        (vec![], PRIMARY, KeyState, REP_017),
        (off(PRIMARY), PRIMARY, KeyState, STA_004),
        (off(PRIMARY), REPLICA, KeyState, STA_001),
        (going(PRIMARY), PRIMARY, KeyState, DEL_004),
        (going(PRIMARY), REPLICA, KeyState, DEL_007),
        (going(REPLICA), REPLICA, KeyState, DEL_006),
        (going(REPLICA), PRIMARY, KeyState, DEL_011),
        (back(REPLICA), REPLICA, KeyState, DEL_008),
        (promoted(), PRIMARY, KeyKind, UPR_027),
        (vec![], REPLICA, KeyKind, REP_012),
        (vec![], PRIMARY, KeyKind, KEY_017),
        (vec![], PRIMARY, Algorithms, KEY_016),
        (vec![], PRIMARY, Identity, KEY_005),
        (refused(), PRIMARY, Identity, UPR_005),
    ];
    for (calls, region, aspect, expected) in table {
        let now = family_and(&calls);
        assert_eq!(
            rule(&now, &describe(region), aspect.clone()),
            Some(expected),
            "{aspect:?} in {region} after {calls:?}"
        );
    }
}

/// A check that repeats another has a rule only where it tells more.
#[test]
fn what_updating_and_creating_forbid_is_looked_for_after_a_change_only() {
    let off = on(Operation::DisableKey, REPLICA);
    let table = [
        (vec![], Aspect::NotUpdating, None),
        (vec![off.clone()], Aspect::NotUpdating, None),
        (vec![promote(PRIMARY, REPLICA), off.clone()], Aspect::NotUpdating, Some(UPR_034)),
        (vec![promote(PRIMARY, REPLICA)], Aspect::NotUpdating, None),
        (vec![off], Aspect::NotCreating, Some(REP_015)),
        (vec![promote(PRIMARY, REPLICA)], Aspect::NotCreating, None),
    ];
    for (calls, aspect, expected) in table {
        let now = family_and(&calls);
        assert_eq!(rule(&now, &describe(REPLICA), aspect.clone()), expected, "{aspect:?} after {calls:?}");
    }
}

/// Properties of one member, read where they are and elsewhere.
#[test]
fn reads_of_a_property_blame_what_happened_last() {
    let tagged = with(Operation::TagResource, PRIMARY, json!({ "Tags": [{ "TagKey": "a", "TagValue": "b" }] }));
    let off = on(Operation::DisableKey, PRIMARY);
    let turn = on(Operation::RotateKeyOnDemand, PRIMARY);
    use Operation::*;
    let table = [
        (vec![], ListResourceTags, REPLICA, Aspect::Tags, REP_006),
        (vec![tagged.clone()], ListResourceTags, PRIMARY, Aspect::Tags, ATT_009),
        (vec![tagged.clone()], ListResourceTags, REPLICA, Aspect::Tags, ATT_010),
        (vec![tagged, promote(PRIMARY, REPLICA)], ListResourceTags, PRIMARY, Aspect::Tags, UPR_008),
        (vec![], GetKeyPolicy, REPLICA, Aspect::Policy, REP_008),
        (vec![promote(PRIMARY, REPLICA)], GetKeyPolicy, REPLICA, Aspect::Policy, UPR_007),
        (vec![], ListGrants, REPLICA, Aspect::Grants, GRT_009),
        (vec![promote(PRIMARY, REPLICA)], ListGrants, REPLICA, Aspect::Grants, GRT_003),
        (vec![], GetKeyRotationStatus, REPLICA, Aspect::RotationStatus, ROT_005),
        (vec![off], GetKeyRotationStatus, PRIMARY, Aspect::RotationStatus, ROT_012),
        (vec![turn.clone()], ListKeyRotations, PRIMARY, Aspect::Rotations, ROT_007),
        (vec![turn, promote(PRIMARY, REPLICA)], ListKeyRotations, PRIMARY, Aspect::Rotations, ROT_014),
    ];
    for (calls, op, region, aspect, expected) in table {
        let now = family_and(&calls);
        assert_eq!(rule(&now, &on(op, region), aspect), Some(expected), "{op} in {region} after {calls:?}");
    }
}

/// The rule that is broken when a success was due and a refusal came, and the other way round.
#[test]
fn an_answer_of_the_other_kind_breaks_the_most_telling_rule() {
    let off = || vec![on(Operation::DisableKey, REPLICA)];
    let going = |region| vec![on(Operation::ScheduleKeyDeletion, region)];
    let table: Vec<(Vec<Call>, Call, Option<&str>, RuleId)> = vec![
        (vec![], promote(PRIMARY, REPLICA), None, UPR_001),
        (vec![promote(PRIMARY, REPLICA)], promote(REPLICA, PRIMARY), None, UPR_037),
        (vec![], promote(PRIMARY, THIRD), None, UPR_012),
        (vec![], promote(REPLICA, PRIMARY), None, UPR_014),
        (off(), promote(PRIMARY, REPLICA), None, UPR_017),
        (vec![on(Operation::DisableKey, PRIMARY)], promote(PRIMARY, REPLICA), None, UPR_016),
        (vec![], replicate(THIRD), None, REP_001),
        (vec![promote(PRIMARY, REPLICA)], replicate(THIRD), None, UPR_020),
        (vec![], replicate(REPLICA), None, REP_004),
        (vec![], describe(PRIMARY), None, STA_105),
        (vec![], describe(THIRD), None, KEY_006),
        (vec![promote(PRIMARY, THIRD)], describe(THIRD), None, UPR_026),
        (going(REPLICA), describe(REPLICA), None, DEL_013),
        (going(REPLICA), on(Operation::ScheduleKeyDeletion, REPLICA), None, DEL_010),
        (vec![], on(Operation::CancelKeyDeletion, REPLICA), None, DEL_009),
        (off(), on(Operation::TagResource, REPLICA).with("Tags", Arg::Json(json!([]))), None, STA_126),
        (vec![], Call { caller: Caller::Limited, ..describe(PRIMARY) }, None, AUT_026),
        (vec![], unsigned(describe(PRIMARY)), None, AUT_002),
    ];
    for (calls, call, code, expected) in table {
        let now = family_and(&calls);
        let outcome = step(&now, &call).into_iter().next().expect("an outcome");
        let case = Case::new(&call, &now.world, &now.trail, &outcome);
        assert_eq!(case.blame(code), expected, "{call:?} after {calls:?}");
    }
}

#[test]
fn where_a_policy_allows_what_is_denied_that_policy_was_not_respected() {
    let statement =
        json!({ "Effect": "Allow", "Principal": { "AWS": "{limited}" }, "Action": "kms:DescribeKey", "Resource": "*" });
    let root = json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::{account}:root" }, "Action": "kms:*", "Resource": "*" });
    let policy = json!({ "Version": "2012-10-17", "Statement": [root, statement] }).to_string();
    let now = family_and(&[with(Operation::PutKeyPolicy, PRIMARY, json!({ "Policy": policy }))]);
    let call = Call { caller: Caller::Limited, ..describe(PRIMARY) };
    let outcome = first(&now, &call);
    let case = Case::new(&call, &now.world, &now.trail, &outcome);
    assert_eq!(case.blame(Some("AccessDeniedException")), AUT_021);
    assert_eq!(case.blame(Some("NotFoundException")), STA_105);
    assert!(case.upholds().contains(&AUT_027) && case.upholds().contains(&AUT_022));
}

/// Whatever is allowed has a rule that it upholds, and every check of it one that it is about.
#[test]
fn no_outcome_is_without_a_rule() {
    let histories = [vec![], vec![promote(PRIMARY, REPLICA)], vec![on(Operation::DisableKey, PRIMARY)]];
    for calls in histories {
        let now = family_and(&calls);
        for op in Operation::ALL {
            for region in [PRIMARY, REPLICA, THIRD] {
                let call = on(*op, region);
                for outcome in step(&now, &call) {
                    let case = Case::new(&call, &now.world, &now.trail, &outcome);
                    assert!(!case.upholds().is_empty(), "{op} in {region}: {outcome:?}");
                    let Answer::Success(checks) = &outcome.answer else { continue };
                    for check in checks {
                        let repeats = matches!(check.aspect, Aspect::NotUpdating | Aspect::NotCreating);
                        assert!(repeats || case.check(&check.aspect).is_some(), "{op} in {region}: {check:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn operations_that_concern_no_key_have_no_row() {
    let without: Vec<_> = Operation::ALL.iter().filter(|op| state_row(**op).is_none()).collect();
    assert_eq!(
        without,
        [&Operation::CreateKey, &Operation::ListKeys, &Operation::ListRetirableGrants, &Operation::GenerateRandom]
    );
}

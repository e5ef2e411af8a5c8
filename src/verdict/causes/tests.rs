//! What is told as one cause, and what is not.

use super::*;
use crate::session::{Kind, Sighting};
use mrkspec_model::call::Operation::{self, *};
use mrkspec_model::rules::*;

/// Sequences of a run.
const RUN: usize = 300;

/// A deviation of an endpoint.
fn seen(scenario: &str, step: usize, rule: RuleId, op: Operation, state: &'static str, kind: Kind) -> Violation {
    let (expected, observed) = match &kind {
        Kind::Accepted => ("refused with KMSInvalidStateException".to_string(), "success".to_string()),
        Kind::Refused(code) => ("success".to_string(), code.clone()),
        Kind::Code(code) => ("another".to_string(), code.clone()),
        Kind::Member(path) => (format!("{path}: this"), format!("{path}: that")),
        Kind::Form => (String::new(), "something odd".to_string()),
    };
    Violation {
        rule,
        scenario: scenario.into(),
        step,
        call: format!("{op} in us-east-1"),
        expected,
        observed,
        repro: format!("mrkspec check --scenario {scenario}"),
        count: 1,
        shape: String::new(),
        sighting: Some(Sighting {
            op,
            region: "us-east-1".into(),
            subject: Some("k".into()),
            state: state.into(),
            kind,
        }),
    }
}

fn member(path: &str) -> Kind {
    Kind::Member(path.into())
}

fn refused(code: &str) -> Kind {
    Kind::Refused(code.into())
}

/// The rules of each cause.
fn told(deviations: &[Violation]) -> Vec<Vec<RuleId>> {
    causes(deviations, &[], RUN).iter().map(|c| c.all_rules().collect()).collect()
}

#[test]
fn nothing_wrong_has_no_cause() {
    assert_eq!(causes(&[], fingerprints(), RUN), []);
}

#[test]
fn one_exception_of_one_operation_is_one_cause_whatever_rules_it_breaks() {
    let deviations = [
        seen("a", 2, REP_001, ReplicateKey, "Enabled", refused("UnsupportedOperationException")),
        seen("b", 3, REP_004, ReplicateKey, "Disabled", Kind::Code("UnsupportedOperationException".into())),
        seen("c", 2, KEY_009, Encrypt, "Enabled", refused("NotFoundException")),
    ];
    let list = causes(&deviations, &[], RUN);
    assert_eq!(list.iter().map(|c| c.rules.clone()).collect::<Vec<_>>(), [vec![REP_001, REP_004], vec![KEY_009]]);
    assert_eq!(list[0].title, "ReplicateKey is refused with UnsupportedOperationException where success is due");
    assert_eq!((list[0].count, list[0].example.scenario.as_str(), list[0].example.step), (2, "a", 2));
    assert_eq!(list[0].level, ConformanceLevel::Lifecycle);
}

#[test]
fn operations_that_accept_a_key_in_a_state_are_one_cause_only_when_they_are_many() {
    let accepting =
        [(STA_110, Encrypt), (STA_111, GenerateDataKey), (STA_131, Verify), (STA_132, VerifyMac), (STA_125, Sign)];
    let all = accepting.map(|(rule, op)| seen(op.name(), 3, rule, op, "PendingDeletion", Kind::Accepted));
    assert_eq!(told(&all).len(), 1);
    assert!(
        causes(&all, &[], RUN)[0]
            .title
            .starts_with("5 operations (Encrypt, GenerateDataKey, Sign, …) accept a key in PendingDeletion")
    );
    assert_eq!(told(&all[..2]).len(), 2, "two operations may each have a mistake of their own");
}

#[test]
fn what_comes_only_after_something_else_follows_from_it() {
    let state = || member("KeyMetadata.KeyState");
    let deviations = [
        seen("a", 3, STA_004, DescribeKey, "Enabled", state()),
        seen("a", 5, REP_001, ReplicateKey, "Disabled", Kind::Accepted),
        seen("b", 2, STA_004, DescribeKey, "Enabled", state()),
    ];
    let list = causes(&deviations, &[], RUN);
    assert_eq!(list.len(), 1);
    assert_eq!((list[0].rules.clone(), list[0].explains.clone()), (vec![STA_004], vec![REP_001]));
    // Once by itself, and it is a mistake of its own.
    let alone = seen("c", 2, REP_001, ReplicateKey, "Disabled", Kind::Accepted);
    let mut more = deviations.to_vec();
    more.push(alone);
    assert_eq!(told(&more).len(), 2);
}

#[test]
fn the_form_of_an_answer_has_no_consequences() {
    let deviations = [
        seen("a", 1, WIRE_007, DisableKey, "", member("body")),
        seen("a", 2, UPR_002, DescribeKey, "", member("KeyMetadata.MultiRegionConfiguration")),
    ];
    assert_eq!(told(&deviations), [vec![WIRE_007], vec![UPR_002]].into_iter().rev().collect::<Vec<_>>());
}

#[test]
fn a_known_mistake_brings_together_what_nothing_else_does() {
    let deviations = [
        seen("a", 2, CRY_001, Decrypt, "Enabled", refused("KMSInternalException")),
        seen("b", 2, ROT_004, GetKeyRotationStatus, "Enabled", member("RotationPeriodInDays")),
    ];
    assert_eq!(told(&deviations).len(), 2);
    let about = "Rotation forgets its material";
    let known = [fingerprint("forgets", about, "ROT-004", &deviations).expect("it breaks its rule")];
    let list = causes(&deviations, &known, RUN);
    assert_eq!(list.len(), 1);
    assert_eq!((list[0].rule, list[0].title.as_str(), list[0].resembles.as_deref()), (ROT_004, about, Some("forgets")));
    // Half of what it breaks is not it.
    assert_eq!(causes(&deviations[..1], &known, RUN)[0].resembles, None);
}

#[test]
fn two_known_mistakes_are_two_causes() {
    let first = [
        seen("a", 2, CRY_001, Decrypt, "Enabled", refused("X")),
        seen("b", 2, ROT_004, GetKeyRotationStatus, "", member("P")),
    ];
    let second = [
        seen("c", 2, REP_001, ReplicateKey, "", refused("Y")),
        seen("d", 2, UPR_005, DescribeKey, "", member("KeyMetadata.Arn")),
    ];
    let known = [fingerprint("one", "One", "CRY-001", &first), fingerprint("two", "Two", "REP-001", &second)]
        .map(|f| f.expect("its rule"));
    let both: Vec<Violation> = first.iter().chain(&second).cloned().collect();
    let names: Vec<_> = causes(&both, &known, RUN).into_iter().map(|c| c.resembles).collect();
    assert_eq!(names, [Some("two".to_string()), Some("one".to_string())], "the basic before the demanding");
}

#[test]
fn the_fingerprints_are_those_of_the_catalogue() {
    let known = fingerprints();
    let faults = &mrkspec_reference::faults::FAULTS;
    let sequential = faults.iter().filter(|f| !f.concurrent);
    let missing: Vec<_> = sequential.filter(|f| !known.iter().any(|k| k.name == f.name)).map(|f| f.name).collect();
    assert!(
        missing.len() * 20 <= faults.len(),
        "write them with `mrkspec faults --causes --fingerprints`: {missing:?}"
    );
    for fingerprint in known {
        let fault = faults.iter().find(|f| f.name == fingerprint.name).expect("a fault of the catalogue");
        assert_eq!(
            (fault.about, fault.rule),
            (fingerprint.about.as_str(), fingerprint.rule.as_str()),
            "{}",
            fault.name
        );
    }
}

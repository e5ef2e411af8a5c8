use super::*;
use mrkspec_model::Response;
use mrkspec_model::attribution::Case;
use mrkspec_model::bindings::{Bindings, Slot};
use mrkspec_model::matching::compare;
use mrkspec_model::outcome::{Aspect, Check, Form, Matcher};
use mrkspec_model::rules::*;
use std::collections::BTreeSet;

fn bindings() -> Bindings {
    let mut bindings = Bindings::new("t-");
    bindings.set(Slot::Account, json!("111122223333"));
    bindings.set(Slot::Partition, json!("aws"));
    bindings.set(Slot::KeyId("k".into()), json!("mrk-1"));
    bindings
}

/// Whether the member `M` of a body is as wanted.
fn fits(want: Matcher, body: Value) -> bool {
    let now = family_and(&[]);
    let call = describe(PRIMARY);
    let outcome = Outcome::success(now.world.clone(), vec![Check::new("M", want, Aspect::Enabled)]);
    let case = Case::new(&call, &now.world, &now.trail, &outcome);
    let compared = compare(&outcome, &Response::Success(body), &bindings(), &case);
    assert!(compared.same_kind);
    assert_eq!(compared.upheld.contains(&KEY_015), compared.mismatches.is_empty());
    compared.mismatches.is_empty()
}

#[test]
fn what_is_as_wanted_and_what_is_not() {
    let arn = |region: &str| format!("arn:aws:kms:{region}:111122223333:key/mrk-1");
    let set = || Matcher::Set(BTreeSet::from(["a".to_string(), "b".to_string()]));
    let members = || Matcher::Members("k".into(), [PRIMARY.into(), REPLICA.into()].into());
    let listed = |region: &str| json!({ "Arn": arn(region), "Region": region });
    let table = [
        (Matcher::Is(json!(1)), json!({ "M": 1 }), true),
        (Matcher::Is(json!(1)), json!({ "M": 2 }), false),
        (Matcher::Is(json!(1)), json!({}), false),
        (Matcher::Not(json!(1)), json!({ "M": 2 }), true),
        (Matcher::Not(json!(1)), json!({ "M": 1 }), false),
        (Matcher::OneOf(vec![json!("x"), json!("y")]), json!({ "M": "y" }), true),
        (Matcher::OneOf(vec![json!("x"), json!("y")]), json!({ "M": "z" }), false),
        (Matcher::Absent, json!({}), true),
        (Matcher::Absent, json!({ "M": null }), true),
        (Matcher::Absent, json!({ "M": 0 }), false),
        (Matcher::AbsentOrEmpty, json!({ "M": [] }), true),
        (Matcher::AbsentOrEmpty, json!({ "M": [1] }), false),
        (Matcher::Optional(Box::new(Matcher::Number)), json!({}), true),
        (Matcher::Optional(Box::new(Matcher::Number)), json!({ "M": "1" }), false),
        (Matcher::Any(vec![Matcher::Number, Matcher::String]), json!({ "M": "x" }), true),
        (Matcher::Any(vec![Matcher::Number, Matcher::String]), json!({ "M": true }), false),
        (Matcher::KeyArn("k".into(), PRIMARY.into()), json!({ "M": arn(PRIMARY) }), true),
        (Matcher::KeyArn("k".into(), PRIMARY.into()), json!({ "M": arn(REPLICA) }), false),
        (Matcher::KeyId("k".into()), json!({ "M": "mrk-1" }), true),
        (Matcher::KeyId("k".into()), json!({ "M": "mrk-2" }), false),
        (Matcher::Form(Form::Mrk), json!({ "M": "mrk-x" }), true),
        (Matcher::Form(Form::MrkHex), json!({ "M": "mrk-0123456789abcdef0123456789abcdef" }), true),
        (Matcher::Form(Form::MrkHex), json!({ "M": "mrk-0123456789ABCDEF0123456789abcdef" }), false),
        (Matcher::Form(Form::Uuid), json!({ "M": "12345678-1234-1234-1234-123456789012" }), true),
        (Matcher::Form(Form::Uuid), json!({ "M": "mrk-1" }), false),
        (set(), json!({ "M": ["b", "a"] }), true),
        (set(), json!({ "M": ["a"] }), false),
        (set(), json!({ "M": ["a", "b", "c"] }), false),
        (members(), json!({ "M": [listed(REPLICA), listed(PRIMARY)] }), true),
        (members(), json!({ "M": [listed(REPLICA)] }), false),
        (Matcher::AtMost(1), json!({ "M": [1] }), true),
        (Matcher::AtMost(1), json!({ "M": [1, 2] }), false),
        (Matcher::Length(2), json!({ "M": "AAA=" }), true),
        (Matcher::Length(2), json!({ "M": "AAAA" }), false),
        (Matcher::Blob, json!({ "M": "AAAA" }), true),
        (Matcher::Blob, json!({ "M": "" }), false),
        (Matcher::Blob, json!({ "M": "?" }), false),
        (Matcher::Same(Slot::Account), json!({ "M": "111122223333" }), true),
        (Matcher::Same(Slot::Account), json!({ "M": "444455556666" }), false),
        (Matcher::Same(Slot::PublicKey("k".into())), json!({ "M": "first seen" }), true),
    ];
    for (want, body, expected) in table {
        assert_eq!(fits(want.clone(), body.clone()), expected, "{want:?} {body}");
    }
}

/// Exceptions: the code, the preferred one, the declared ones and the text, each with its rule.
#[test]
fn refusals_are_compared_by_code_and_text() {
    let error = |code: &str, message: &str| Response::Error { code: code.into(), message: message.into(), status: 400 };
    let known = "arn:aws:kms:eu-west-1:111122223333:key/mrk-1 is not a multi-region primary key.";
    let now = family_and(&[]);
    let call = promote(REPLICA, PRIMARY);
    let outcome = step(&now, &call).into_iter().next().expect("a refusal");
    let case = Case::new(&call, &now.world, &now.trail, &outcome);
    let table = [
        (error("UnsupportedOperationException", known), true, vec![]),
        (error("UnsupportedOperationException", "no"), true, vec![MSG_004]),
        (error("NotFoundException", "whatever"), true, vec![]),
        (error("DisabledException", ""), false, vec![UPR_014]),
        (error("LimitExceededException", ""), false, vec![UPR_038, UPR_014]),
        (Response::Success(Value::Null), false, vec![UPR_014]),
    ];
    for (response, expected, broken) in table {
        let compared = compare(&outcome, &response, &bindings(), &case);
        assert_eq!(compared.fits(), expected, "{response:?}");
        assert_eq!(compared.mismatches.iter().map(|m| m.rule).collect::<Vec<_>>(), broken, "{response:?}");
    }
}

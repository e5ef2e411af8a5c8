//! Lists that are wrong, and what they are blamed on.

use super::*;

#[test]
fn retirable_grants_are_not_blamed_for_grants_of_the_wrong_member() {
    let mut bench = Bench::with_family(true);
    let root = || Arg::Json(json!("arn:aws:iam::{account}:root"));
    let mut grant = Call::new(Operation::CreateGrant, HERE)
        .key(&"k".into())
        .with("GranteePrincipal", root())
        .with("RetiringPrincipal", root())
        .with("Operations", Arg::Json(json!(["Encrypt"])));
    grant.name = "g".into();
    bench.accept(&grant);
    let list = |region: &str| Call::new(Operation::ListGrants, region).key(&"k".into());
    let Response::Success(shown) = bench.answer(&list(HERE)) else { panic!("no list") };
    let shown = shown.to_string().replace(HERE, THERE).parse().map(Response::Success).expect("JSON");
    // A list that leaves some out says nothing about the others.
    let some = list(HERE).with("GranteePrincipal", root());
    let none = Response::Success(json!({ "Grants": [], "Truncated": false }));
    let ruling = bench.hear(&some, &none);
    assert!(words(&ruling).starts_with("deviation from GRT-008"), "{}", words(&ruling));
    bench.oracle.commit(&some, &none, ruling);
    assert!(!bench.oracle.is_distrusted(Operation::ListRetirableGrants));
    // The replica lists the primary's grant.
    let ruling = bench.hear(&list(THERE), &shown);
    assert!(words(&ruling).starts_with("deviation from GRT-002"), "{}", words(&ruling));
    bench.oracle.commit(&list(THERE), &shown, ruling);
    assert!(bench.oracle.is_distrusted(Operation::ListRetirableGrants));
}

#[test]
fn a_list_that_is_left_out_is_no_matter_of_what_happened_before() {
    let mut bench = Bench::with_family(true);
    bench.accept(&create("other"));
    let alias = |op: Operation| Call::new(op, HERE).with("AliasName", Arg::AliasName("a".into()));
    let key = |family: &str| describe(family, HERE).args["KeyId"].clone();
    bench.accept(&alias(Operation::CreateAlias).with("TargetKeyId", key("k")));
    bench.accept(&alias(Operation::UpdateAlias).with("TargetKeyId", key("other")));
    let none = Response::Success(json!({ "Truncated": false }));
    let ruling = bench.hear(&on(Operation::ListAliases, "k"), &none);
    assert!(words(&ruling).starts_with("deviation from ATT-008"), "{}", words(&ruling));
    let wrong = Response::Success(json!({ "Aliases": [], "Truncated": false }));
    let ruling = bench.hear(&on(Operation::ListAliases, "other"), &wrong);
    assert!(words(&ruling).starts_with("deviation from ATT-005"), "{}", words(&ruling));
}

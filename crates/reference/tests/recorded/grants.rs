//! Recordings of grants, policies, aliases and refusals.

use super::bench::{Bench, with};
use serde_json::{Value, json};

const EAST: &str = "us-east-1";
const ADMIN: &str = "arn:aws:iam::111122223333:user/admin";
const LIMITED: &str = "arn:aws:iam::111122223333:user/limited";
const DENIED: &str = "AccessDeniedException";

fn key() -> Value {
    json!({ "KeyId": "{K}" })
}

fn grant(grantee: &str, operations: &[&str]) -> Value {
    json!({ "KeyId": "{K}", "GranteePrincipal": grantee, "Operations": operations })
}

fn policy(more: Value) -> Value {
    let root = json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" }, "Action": "kms:*", "Resource": "*" });
    json!({ "KeyId": "{K}", "Policy": json!({ "Statement": [root, more] }).to_string() })
}

#[test]
fn principals_that_cannot_be_are_refused() {
    let bench = Bench::with_key(json!({}), |_| ());
    let missing = "arn:aws:sts::123456789012:federated-user/unissued";
    let path = "arn:aws:sts::111122223333:assumed-role/probe/stackd-grants-probe-session/target";
    for (case, principal, text) in [
        ("missing_account_federated_user", missing, format!("ARN does not refer to a valid principal: {missing}")),
        ("session_role_path", path, format!("ARN is not valid: {path}")),
    ] {
        let call = grant(principal, &["DescribeKey"]);
        bench.run(&[(case, EAST, "CreateGrant", call, "InvalidArnException", &text)]);
    }
    let session = "arn:aws:sts::111122223333:assumed-role/stackd-grants-probe-session/unissued";
    bench.run(&[("unissued_session", EAST, "CreateGrant", grant(session, &["DescribeKey"]), "", "")]);
}

#[test]
fn the_same_named_grant_is_made_once() {
    let bench = Bench::with_key(json!({}), |_| ());
    let named = with(grant(ADMIN, &["Encrypt"]), json!({ "Name": "n" }));
    let first = bench.ok(EAST, "CreateGrant", named.clone());
    assert_eq!(bench.ok(EAST, "CreateGrant", named)["GrantId"], first["GrantId"]);
    let other = with(grant(ADMIN, &["Decrypt"]), json!({ "Name": "n" }));
    assert_ne!(bench.ok(EAST, "CreateGrant", other)["GrantId"], first["GrantId"]);
}

#[test]
fn a_grantee_passes_on_no_more_than_one_grant_gives() {
    let bench = Bench::with_key(json!({}), |_| ());
    let strict = |value: &str| json!({ "Constraints": { "EncryptionContextSubset": { "purpose": value } } });
    bench.ok(EAST, "CreateGrant", with(grant(LIMITED, &["CreateGrant", "Decrypt"]), strict("a")));
    bench.ok(EAST, "CreateGrant", with(grant(LIMITED, &["Encrypt"]), strict("a")));
    let ask = |call: Value| bench.ask(1, EAST, "CreateGrant", &call).err().unwrap_or_default().0;
    assert_eq!(ask(with(grant(ADMIN, &["Decrypt", "Encrypt"]), strict("a"))), DENIED, "delegate_combined_operations");
    assert_eq!(ask(with(grant(ADMIN, &["Encrypt"]), strict("a"))), DENIED, "delegate_second_only");
    assert_eq!(ask(grant(ADMIN, &["Decrypt"])), DENIED, "delegate_broaden_constraint");
    let narrow = json!({ "Constraints": { "EncryptionContextEquals": { "purpose": "a", "more": "b" } } });
    assert_eq!(ask(with(grant(ADMIN, &["Decrypt"]), narrow)), "", "delegate_narrow_constraint");
}

#[test]
fn refusals_say_what_is_missing() {
    let bench = Bench::with_key(json!({}), |_| ());
    let arn = bench.metadata(EAST, "Arn").as_str().unwrap_or("").to_string();
    let text =
        |who: usize, operation: &str, call: Value| bench.ask(who, EAST, operation, &call).err().unwrap_or_default();
    let start = |user: &str| format!("User: {user} is not authorized to perform: kms:DescribeKey on ");
    let other = "arn:aws:iam::444455556666:user/other";
    let deny = json!({ "Effect": "Deny", "Principal": { "AWS": ADMIN }, "Action": "kms:DescribeKey", "Resource": "*" });
    let because = "because no identity-based policy allows the kms:DescribeKey action";
    let of = |text: String| (DENIED.to_string(), text);
    assert_eq!(text(1, "DescribeKey", key()), of(format!("{}resource: {arn} {because}", start(LIMITED))));
    let across = "because the resource does not exist in this Region, no resource-based policies allow access, \
                  or a resource-based policy explicitly denies access";
    let asked = text(2, "DescribeKey", json!({ "KeyId": arn }));
    assert_eq!(asked, of(format!("{}this resource {across}", start(other))));
    bench.ok(EAST, "PutKeyPolicy", policy(deny));
    let denied = "with an explicit deny in a resource-based policy";
    assert_eq!(text(0, "DescribeKey", key()), of(format!("{}resource: {arn} {denied}", start(ADMIN))));
}

#[test]
fn a_policy_can_limit_the_rotation_period() {
    let bench = Bench::with_key(json!({}), |_| ());
    let deny = |condition: Value| {
        policy(
            json!({ "Effect": "Deny", "Principal": "*", "Action": "kms:EnableKeyRotation", "Resource": "*", "Condition": condition }),
        )
    };
    let ask = |days: Option<i64>| {
        let call = days.map_or(key(), |d| json!({ "KeyId": "{K}", "RotationPeriodInDays": d }));
        bench.ask(0, EAST, "EnableKeyRotation", &call).err().unwrap_or_default().0
    };
    bench.ok(EAST, "PutKeyPolicy", deny(json!({ "Null": { "kms:RotationPeriodInDays": "true" } })));
    assert_eq!([ask(None), ask(Some(90)), ask(Some(180))], ["", "", ""], "condition_null_*");
    bench.ok(EAST, "PutKeyPolicy", deny(json!({ "NumericGreaterThan": { "kms:RotationPeriodInDays": "100" } })));
    assert_eq!([ask(None), ask(Some(90)), ask(Some(180))], [DENIED, "", DENIED], "condition_numeric_*");
}

#[test]
fn a_dry_run_makes_no_grant() {
    let bench = Bench::with_key(json!({}), |_| ());
    let text = "The request would have succeeded, but the DryRun option is set.";
    let dry = with(grant(ADMIN, &["Encrypt"]), json!({ "DryRun": true }));
    bench.run(&[("(dry run)", EAST, "CreateGrant", dry, "DryRunOperationException", text)]);
    assert_eq!(bench.ok(EAST, "ListGrants", key())["Grants"], json!([]));
}

#[test]
fn aliases_do_as_recorded() {
    let bench = Bench::with_key(json!({}), |_| ());
    let alias = json!({ "AliasName": "alias/a", "TargetKeyId": "{K}" });
    let gone = "Alias arn:aws:kms:us-east-1:111122223333:alias/a is not found.";
    bench.run(&[
        ("create-alias-to-A", EAST, "CreateAlias", alias.clone(), "", ""),
        ("disable-B", EAST, "DisableKey", key(), "", ""),
        ("retarget-alias-to-disabled-B", EAST, "UpdateAlias", alias, "", ""),
        ("read-alias-after-retarget", EAST, "DescribeKey", json!({ "KeyId": "alias/a" }), "", ""),
        ("delete-alias", EAST, "DeleteAlias", json!({ "AliasName": "alias/a" }), "", ""),
        ("verify-alias-absent", EAST, "DescribeKey", json!({ "KeyId": "alias/a" }), "NotFoundException", gone),
    ]);
}

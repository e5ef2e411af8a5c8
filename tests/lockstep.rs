//! Model and reference endpoint agree, call by call in one process: on random histories, and on those
//! on which they once did not.

#![cfg(feature = "reference")]

use mrkspec::internals::generate::histories;
use mrkspec::internals::{lockstep, lockstep_with, sequence};
use mrkspec_reference::{Settings, faults};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn they_agree_on_random_histories((_, history) in histories()) {
        if let Err(disagreement) = lockstep(&history) {
            let file = mrkspec::internals::generate::scenario_file(&history, "t", mrkspec_model::rules::UPR_001, &[]);
            return Err(TestCaseError::fail(format!("{disagreement:#?}\n{file}")));
        }
    }
}

/// Steps of histories that the fuzz target found, made small. Each was an error of ours.
const FOUND: [(&str, &str); 9] = [
    (
        "a policy has none of the characters above U+00FF (the pattern of the operation's model)",
        "  - CreateKey in us-east-1: { as: k }\n\
         \x20 - PutKeyPolicy in us-east-1: { KeyId: k, BypassPolicyLockoutSafetyCheck: true, Policy: '{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::{account}:root\"},\"Action\":\"kms:ԫ\",\"Resource\":\"*\"}]}' }\n",
    ),
    (
        "a malformed request of another account is refused for its form (F-064)",
        "  - CreateKey in us-east-1: { as: k, MultiRegion: true }\n\
         \x20 - UpdatePrimaryRegion in us-east-1: { KeyId: k, by: other }\n",
    ),
    (
        "what is no key ARN is refused as such, whoever asks (F-027)",
        "  - CreateKey in us-east-1: { as: k, MultiRegion: true }\n\
         \x20 - UpdatePrimaryRegion in us-east-1: { KeyId: 'literal:arn:aws:s3:::bucket', PrimaryRegion: us-east-1, by: other }\n",
    ),
    (
        "a key pending import is in the wrong state for the wrong operation, too (F-064)",
        "  - CreateKey in us-east-1: { as: k, Origin: EXTERNAL }\n\
         \x20 - Sign in us-east-1: { KeyId: k, Message: x, SigningAlgorithm: ECDSA_SHA_256 }\n",
    ),
    (
        "ListRetirableGrants without a principal is open",
        "  - CreateKey in us-east-1: { as: k }\n\
         \x20 - CreateGrant in us-east-1: { KeyId: k, GranteePrincipal: 'arn:aws:iam::{account}:root', Operations: [Encrypt] }\n\
         \x20 - ListRetirableGrants in us-east-1: {}\n",
    ),
    (
        "RetireGrant with an id and no key is open",
        "  - CreateKey in us-east-1: { as: k }\n\
         \x20 - CreateGrant in us-east-1: { as: g, KeyId: k, GranteePrincipal: 'arn:aws:iam::{account}:root', Operations: [Encrypt] }\n\
         \x20 - RetireGrant in us-east-1: { GrantId: g }\n\
         \x20 - ListGrants in us-east-1: { KeyId: k }\n",
    ),
    (
        "an alias that outlives nothing: its key is gone from the Region (F-089)",
        "  - CreateKey in us-east-1: { as: k, MultiRegion: true }\n\
         \x20 - CreateAlias in us-east-1: { AliasName: 'alias:a', TargetKeyId: k }\n\
         \x20 - DescribeKey in eu-west-1: { KeyId: 'alias:a' }\n",
    ),
    (
        "an asymmetric algorithm without a key is refused for that, where no member is, too",
        "  - CreateKey in us-east-1: { as: k }\n\
         \x20 - GenerateDataKey in us-east-1: { as: c, KeyId: k, KeySpec: AES_128 }\n\
         \x20 - Decrypt in eu-west-1: { CiphertextBlob: c, EncryptionAlgorithm: RSAES_OAEP_SHA_256 }\n",
    ),
    (
        "and where the bytes are no ciphertext at all",
        "  - Decrypt in eu-west-1: { CiphertextBlob: 'bytes:no ciphertext', EncryptionAlgorithm: RSAES_OAEP_SHA_256 }\n",
    ),
];

#[test]
fn they_agree_where_they_once_did_not() {
    for (why, steps) in FOUND {
        let file = format!("title: {why:?}\nrules: [UPR-001]\nsteps:\n{steps}");
        let sequence = sequence::parse("found", &file).unwrap_or_else(|e| panic!("{e}\n{file}"));
        let walked = lockstep(&sequence).unwrap_or_else(|d| panic!("{why}: {d:#?}"));
        assert_eq!(walked.calls, sequence.steps.len(), "{why}");
    }
}

#[test]
fn a_disagreement_is_told() {
    let fault = faults::find("promotes-where-no-replica-is").expect("a fault of the catalogue");
    let steps = "  - CreateKey in us-east-1: { as: k, MultiRegion: true }\n\
                 \x20 - UpdatePrimaryRegion in us-east-1: { KeyId: k, PrimaryRegion: eu-west-1 }\n";
    let file = format!("title: t\nrules: [UPR-012]\nsteps:\n{steps}");
    let sequence = sequence::parse("fault", &file).expect("a scenario");
    let settings = Settings::with_fault(fault);
    let told = lockstep_with(&sequence, settings).expect_err("the fault shows");
    assert_eq!(told.step, 2);
    assert!(told.mismatches[0].contains("UPR-012"), "{told:?}");
}

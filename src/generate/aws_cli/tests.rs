use super::*;
use crate::sequence::parse;

/// The commands of these steps, after one that makes the key `k`.
fn commands(steps: &[&str]) -> String {
    let steps: String = steps.iter().map(|s| format!("  - {s}\n")).collect();
    let text = format!(
        "title: t\nrules: [UPR-001]\nsteps:\n  - CreateKey in us-east-1: {{ as: k, MultiRegion: true }}\n{steps}"
    );
    let sequence = parse("x", &text).expect("a scenario");
    aws_cli(&sequence, "http://127.0.0.1:4566", &Profiles::default())
}

fn last(commands: &str) -> &str {
    commands.lines().last().unwrap_or("")
}

#[test]
fn a_plain_call_is_a_command_and_what_is_needed_later_is_kept() {
    let shown = commands(&[
        "Encrypt in us-east-1: { as: c, KeyId: k, Plaintext: hello }",
        "Decrypt in us-east-1: { CiphertextBlob: c, KeyId: k@us-east-1, DryRun: false }",
    ]);
    let expected = "export AWS_ENDPOINT_URL_KMS=http://127.0.0.1:4566\n\
        k_id=$(aws kms create-key --region us-east-1 --multi-region --query KeyMetadata.KeyId --output text)\n\
        ACCOUNT=$(aws kms describe-key --region us-east-1 --key-id \"${k_id}\" --query KeyMetadata.AWSAccountId --output text)\n\
        c=$(aws kms encrypt --region us-east-1 --key-id \"${k_id}\" --plaintext aGVsbG8= --query CiphertextBlob --output text)\n\
        aws kms decrypt --region us-east-1 --ciphertext-blob \"${c}\" --no-dry-run --key-id \
        \"arn:aws:kms:us-east-1:${ACCOUNT}:key/${k_id}\"\n";
    assert_eq!(shown, expected);
}

#[test]
fn another_caller_has_a_profile_and_an_unsigned_call_no_signature() {
    let shown = commands(&["DescribeKey in us-east-1: { KeyId: k, by: limited }"]);
    assert!(shown.starts_with("# --profile limited: the credentials of the limited principal\n"), "{shown}");
    assert!(last(&shown).starts_with("aws kms describe-key --region us-east-1 --profile limited "), "{shown}");
    let shown = commands(&["UpdatePrimaryRegion in us-east-1: { KeyId: k, PrimaryRegion: eu-west-1, by: other }"]);
    assert!(shown.contains(" --profile other-account --key-id"), "{shown}");
    let shown = commands(&["DescribeKey in us-east-1: { KeyId: k, auth: none }"]);
    assert!(last(&shown).contains(" --no-sign-request --key-id \"${k_id}\""), "{shown}");
}

#[test]
fn what_the_aws_cli_cannot_send_is_sent_by_curl() {
    for (step, why, part) in [
        ("DescribeKey in us-east-1: { body: \"{\" }", "no JSON", "--data-raw '{' http://127.0.0.1:4566/"),
        (
            "DescribeKey in us-east-1: { KeyId: k, auth: wrong-signature }",
            "a wrong signature",
            "--user \"$AWS_ACCESS_KEY_ID:not-the-secret\"",
        ),
        (
            "DescribeKey in us-east-1: { KeyId: k, auth: unknown-key }",
            "an access key that nobody has",
            "--user AKIDMRKSPECNOSUCHKEY:no-such-secret",
        ),
        (
            "DescribeKey in us-east-1: { KeyId: k, auth: incomplete }",
            "a header without a signature",
            "SignedHeaders=content-type;host;x-amz-date;x-amz-target\" -H",
        ),
        (
            "DescribeKey in us-east-1: { KeyId: k, extra: { Colour: red } }",
            "a member that it does not know",
            "--data-raw \"{\\\"Colour\\\":\\\"red\\\",\\\"KeyId\\\":\\\"${k_id}\\\"}\"",
        ),
        ("DescribeKey in us-east-1: {}", "a missing member", "--data-raw '{}'"),
        ("DisableKey in us-east-1: { extra: { KeyId: 42 } }", "a member of the wrong type", "'{\"KeyId\":42}'"),
        (
            "Encrypt in us-east-1: { by: limited, extra: { Colour: red }, KeyId: k, Plaintext: x }",
            "a member that it does not know",
            "(eval \"$(aws configure export-credentials --profile limited --format env)\" && curl",
        ),
    ] {
        let shown = commands(&[step]);
        let comment = format!("# not by the AWS CLI, which cannot send {why}:\n");
        assert!(shown.contains(&comment), "{step}\n{shown}");
        assert!(last(&shown).contains(part) && last(&shown).contains("curl -sS"), "{step}\n{shown}");
    }
}

#[test]
fn what_is_damaged_or_waited_for_or_provided_by_the_reader_is_said() {
    let shown = commands(&[
        "Encrypt in us-east-1: { as: c, KeyId: k, Plaintext: hello }",
        "Decrypt in us-east-1: { CiphertextBlob: c damaged }",
    ]);
    assert!(shown.contains("c_damaged=$(printf %s \"${c}\" | perl"), "{shown}");
    assert!(last(&shown).ends_with("--ciphertext-blob \"${c_damaged}\""), "{shown}");
    let shown =
        commands(&["ReplicateKey in us-east-1: { KeyId: k, ReplicaRegion: eu-west-1 }", "settle: k", "wait: 2s"]);
    assert!(shown.contains("# wait until describe-key shows neither Creating nor Updating there\n"), "{shown}");
    assert!(shown.contains("# wait until no member of k is Creating or Updating\nsleep 2\n"), "{shown}");
    let shown = commands(&[
        "GetParametersForImport in us-east-1: { as: p, KeyId: k, WrappingAlgorithm: RSAES_OAEP_SHA_256, WrappingKeySpec: RSA_2048 }",
        "ImportKeyMaterial in us-east-1: { KeyId: k, ImportToken: p, EncryptedKeyMaterial: { material: m, for: p }, ValidTo: { in: 60s } }",
    ]);
    assert!(shown.contains("read -r p p_public <<< \"$(aws kms get-parameters-for-import"), "{shown}");
    assert!(shown.contains("# set m_for_p first: the key material `m`"), "{shown}");
    assert!(last(&shown).contains("--valid-to \"$(date -d '+60 seconds' +%s)\""), "{shown}");
    let shown = commands(&[
        "CreateGrant in us-east-1: { as: g, KeyId: k, GranteePrincipal: \"{limited}\", Operations: [Encrypt] }",
        "Encrypt in us-east-1: { KeyId: k, Plaintext: x, GrantTokens: [g] }",
    ]);
    assert!(shown.starts_with("# LIMITED_ARN: the ARN of the limited principal\n"), "{shown}");
    assert!(shown.contains("read -r g g_token <<< \"$(aws kms create-grant"), "{shown}");
    assert!(shown.contains("--grant-tokens \"[\\\"${g_token}\\\"]\""), "{shown}");
}

#[test]
fn an_endpoint_for_each_region_is_named_in_each_command() {
    let text = "title: t\nrules: [UPR-001]\nsteps:\n  - ListKeys in eu-west-1: {}\n";
    let sequence = parse("x", text).expect("a scenario");
    let shown = aws_cli(&sequence, "https://kms.{region}.amazonaws.com", &Profiles::default());
    assert_eq!(shown, "aws kms list-keys --region eu-west-1 --endpoint-url https://kms.eu-west-1.amazonaws.com\n");
}

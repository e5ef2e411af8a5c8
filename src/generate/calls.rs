//! From bytes to a sequence of calls. Every byte is a decision; what there is to decide depends on
//! what the model says the keys are like by then, so that most calls make sense and some do not.

use crate::run::{Action, Sequence, Step};
use crate::scenario::normalise;
use crate::spec::call::{Arg, Call, Caller, KeyForm, KeyRef, Operation};
use crate::spec::keyspec::{Origin, Usage};
use crate::spec::outcome::Answer;
use crate::spec::rules::UPR_001;
use crate::spec::step::step;
use crate::spec::world::{Artifact, Family, KeyState, Name, World};
use Operation::*;
use serde_json::{Value, json};

const REGIONS: [&str; 4] = ["us-east-1", "eu-west-1", "ap-southeast-2", "us-west-2"];
/// The longest sequence.
const MOST: usize = 40;

/// What generated sequences may contain.
#[derive(Clone, Copy, Debug, Default)]
pub struct Generator {
    /// Calls by the limited principal: its credentials are configured.
    pub limited: bool,
}

/// Decisions, one byte each; zero when there are none left.
struct Choices<'b>(std::slice::Iter<'b, u8>);

impl Choices<'_> {
    fn pick(&mut self, n: usize) -> usize {
        self.0.next().map_or(0, |b| *b as usize % n.max(1))
    }

    fn of<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.pick(list.len())].clone()
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.pick(100) < percent
    }
}

/// The sequence that these bytes stand for.
pub fn from_bytes(id: String, bytes: &[u8], generator: Generator) -> Sequence {
    let mut choices = Choices(bytes.iter());
    let mut world = World { enforced: true, ..World::default() };
    let mut steps = Vec::new();
    while steps.len() < MOST && (steps.is_empty() || !choices.0.as_slice().is_empty()) {
        let mut call = next(&world, &mut choices, steps.len(), generator);
        call.name = match call.op {
            CreateKey => format!("k{}", steps.len()).into(),
            _ => format!("s{}", steps.len()).into(),
        };
        world = likely(&world, &call);
        let waits = matches!(call.op, ReplicateKey | UpdatePrimaryRegion);
        let settle = waits && choices.chance(70);
        if settle {
            while let Some(later) = world.settle_steps().pop() {
                world = later;
            }
        }
        let text = normalise::call(&call);
        steps.push(Step { text, action: Action::Call { call: Box::new(call), settle, expect: None } });
    }
    Sequence { id, title: "generated".into(), rules: vec![UPR_001], steps }
}

/// What the service most likely knows after a call.
fn likely(world: &World, call: &Call) -> World {
    let outcomes = step(world, call);
    let success = outcomes.iter().find(|o| matches!(o.answer, Answer::Success(_)));
    success.or(outcomes.first()).map_or_else(|| world.clone(), |o| o.next.clone())
}

fn next(world: &World, c: &mut Choices, number: usize, generator: Generator) -> Call {
    if number == 0 || (world.families.len() < 3 && c.chance(4)) {
        return create(c);
    }
    let names: Vec<Name> = world.families.keys().cloned().collect();
    // The first family is the one that most happens to.
    let name = if c.chance(75) { names[0].clone() } else { c.of(&names) };
    let family = world.family(&name).expect("a family of this world");
    let members: Vec<&str> = family.members.keys().map(|r| &**r).collect();
    let region = match c.pick(10) {
        0 => c.of(&REGIONS),
        1..=5 => &family.primary,
        _ if members.is_empty() => REGIONS[0],
        _ => c.of(&members),
    };
    let mut call = about(world, &name, family, region, c);
    if c.chance(6) {
        spoil(&mut call, c);
    }
    if generator.limited && c.chance(5) {
        call.caller = Caller::Limited;
    }
    call
}

fn create(c: &mut Choices) -> Call {
    let call = Call::new(CreateKey, c.of(&REGIONS[..2]));
    let call = if c.chance(85) { call.with("MultiRegion", Arg::Json(json!(true))) } else { call };
    let set = |call: Call, spec: &str, usage: &str| {
        call.with("KeySpec", Arg::Json(json!(spec))).with("KeyUsage", Arg::Json(json!(usage)))
    };
    match c.pick(12) {
        0 => set(call, "HMAC_256", "GENERATE_VERIFY_MAC"),
        1 => set(call, "ECC_NIST_P256", "SIGN_VERIFY"),
        2 => set(call, "ECC_NIST_P384", "KEY_AGREEMENT"),
        3 | 4 => call.with("Origin", Arg::Json(json!("EXTERNAL"))),
        5 => call.with("Description", Arg::Json(json!("made"))),
        _ => call,
    }
}

fn policy(c: &mut Choices) -> String {
    let root = json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::{account}:root" }, "Action": "kms:*", "Resource": "*" });
    let deny = |action: &str| json!({ "Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*" });
    let mut statements = vec![root];
    match c.pick(5) {
        0 => statements.push(deny("kms:UpdatePrimaryRegion")),
        1 => statements.push(deny("kms:Encrypt")),
        2 => {
            let mut on = deny("kms:UpdatePrimaryRegion");
            on["Condition"] = json!({ "StringEquals": { "kms:PrimaryRegion": c.of(&REGIONS) } });
            statements.push(on);
        }
        _ => {}
    }
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

/// A call about a family, well-formed.
fn about(world: &World, name: &Name, family: &Family, region: &str, c: &mut Choices) -> Call {
    let on = |op: Operation| Call::new(op, region).key(name);
    let text = |s: &str| Arg::Json(json!(s));
    let state = family.effective_state(region);
    let steps = |fits: &dyn Fn(&Artifact) -> bool| -> Vec<Name> {
        world.artifacts.iter().filter(|(_, a)| fits(a)).map(|(n, _)| n.clone()).collect()
    };
    match c.pick(40) {
        0..=3 => on(ReplicateKey).with("ReplicaRegion", text(c.of(&REGIONS))),
        4..=9 => {
            let replicas: Vec<&str> = family.replicas().map(|r| &**r).collect();
            let to = if replicas.is_empty() || c.chance(20) { c.of(&REGIONS) } else { c.of(&replicas) };
            on(UpdatePrimaryRegion).with("PrimaryRegion", text(to))
        }
        10 => on(DisableKey),
        11 => on(EnableKey),
        12 => on(ScheduleKeyDeletion).with("PendingWindowInDays", Arg::Json(json!(7))),
        13 | 14 if state.is_some_and(KeyState::is_pending_deletion) => on(CancelKeyDeletion),
        13 => on(CancelKeyDeletion),
        14 => on(DescribeKey),
        15..=22 => cryptographic(world, name, family, region, c),
        23 => on(EnableKeyRotation),
        24 => on(c.of(&[DisableKeyRotation, GetKeyRotationStatus, ListKeyRotations])),
        25 => on(RotateKeyOnDemand),
        26 => on(UpdateKeyDescription).with("Description", text(c.of(&["one", "two"]))),
        27 => on(TagResource).with("Tags", Arg::Json(json!([{ "TagKey": c.of(&["a", "b"]), "TagValue": "v" }]))),
        28 => on(UntagResource).with("TagKeys", Arg::Json(json!([c.of(&["a", "b"])]))),
        29 => on(c.of(&[ListResourceTags, GetKeyPolicy, ListAliases, ListGrants])),
        30 | 31 => on(PutKeyPolicy)
            .with("PolicyName", text("default"))
            .with("Policy", Arg::Json(json!(policy(c))))
            .with("BypassPolicyLockoutSafetyCheck", Arg::Json(json!(true))),
        32 => {
            let op = c.of(&[CreateAlias, UpdateAlias]);
            let target = Arg::Key(KeyRef { name: name.clone(), form: KeyForm::Id });
            Call::new(op, region)
                .with("AliasName", Arg::AliasName(c.of(&["a", "b"]).into()))
                .with("TargetKeyId", target)
        }
        33 => Call::new(DeleteAlias, region).with("AliasName", Arg::AliasName(c.of(&["a", "b"]).into())),
        34 => on(CreateGrant)
            .with("GranteePrincipal", text("arn:aws:iam::{account}:root"))
            .with("Operations", Arg::Json(json!(["DescribeKey"]))),
        35 => {
            let grants: Vec<Name> = family.members.values().flat_map(|m| m.grants.keys().cloned()).collect();
            match grants.is_empty() {
                true => on(ListGrants),
                false => on(RevokeGrant).with("GrantId", Arg::Result { step: c.of(&grants), damaged: false }),
            }
        }
        36 | 37 if family.origin == Origin::External => {
            let own = steps(
                &|a| matches!(a, Artifact::Parameters { family, region: r, .. } if family == name && **r == *region),
            );
            let Some(step) = own.last().cloned().filter(|_| c.chance(70)) else {
                return on(GetParametersForImport)
                    .with("WrappingAlgorithm", text(c.of(&["RSAES_OAEP_SHA_256", "RSA_AES_KEY_WRAP_SHA_256"])))
                    .with("WrappingKeySpec", text("RSA_2048"));
            };
            on(ImportKeyMaterial)
                .with("ImportToken", Arg::Result { step: step.clone(), damaged: false })
                .with("EncryptedKeyMaterial", Arg::Material { name: c.of(&["m", "m", "m", "n"]).into(), step })
                .with("ExpirationModel", text("KEY_MATERIAL_DOES_NOT_EXPIRE"))
        }
        36 => on(GetParametersForImport)
            .with("WrappingAlgorithm", text("RSAES_OAEP_SHA_256"))
            .with("WrappingKeySpec", text("RSA_2048")),
        37 | 38 => on(DeleteImportedKeyMaterial),
        _ => on(DescribeKey),
    }
}

fn cryptographic(world: &World, name: &Name, family: &Family, region: &str, c: &mut Choices) -> Call {
    let on = |op: Operation| Call::new(op, region).key(name);
    let text = |s: &str| Arg::Json(json!(s));
    let message = Arg::Bytes(c.of(&["x", "y"]).into());
    let made = |fits: &dyn Fn(&Artifact) -> bool| -> Vec<Name> {
        world.artifacts.iter().filter(|(_, a)| fits(a)).map(|(n, _)| n.clone()).collect()
    };
    let (_, algorithms) = family.spec.algorithms(family.usage);
    let algorithm = text(algorithms.first().copied().unwrap_or(""));
    match family.usage {
        Usage::EncryptDecrypt => {
            let ciphertexts = made(&|a| matches!(a, Artifact::Ciphertext { .. }));
            match c.pick(6) {
                0 => on(GenerateDataKey).with("KeySpec", text("AES_256")),
                1 => on(GenerateDataKeyWithoutPlaintext).with("KeySpec", text("AES_128")),
                2 if !ciphertexts.is_empty() => Call::new(ReEncrypt, region)
                    .with("CiphertextBlob", Arg::Result { step: c.of(&ciphertexts), damaged: false })
                    .with("DestinationKeyId", Arg::Key(KeyRef { name: name.clone(), form: KeyForm::Id })),
                3..=4 if !ciphertexts.is_empty() => Call::new(Decrypt, region)
                    .with("CiphertextBlob", Arg::Result { step: c.of(&ciphertexts), damaged: false }),
                _ => on(Encrypt).with("Plaintext", message),
            }
        }
        Usage::SignVerify => {
            let signatures = made(&|a| matches!(a, Artifact::Signature { .. }));
            match c.pick(3) {
                0 => on(GetPublicKey),
                1 if !signatures.is_empty() => on(Verify)
                    .with("Message", message)
                    .with("SigningAlgorithm", algorithm)
                    .with("Signature", Arg::Result { step: c.of(&signatures), damaged: false }),
                _ => on(Sign).with("Message", message).with("SigningAlgorithm", algorithm),
            }
        }
        Usage::GenerateVerifyMac => {
            let macs = made(&|a| matches!(a, Artifact::Mac { .. }));
            match c.pick(2) {
                0 if !macs.is_empty() => on(VerifyMac)
                    .with("Message", message)
                    .with("MacAlgorithm", algorithm)
                    .with("Mac", Arg::Result { step: c.of(&macs), damaged: false }),
                _ => on(GenerateMac).with("Message", message).with("MacAlgorithm", algorithm),
            }
        }
        Usage::KeyAgreement => {
            let publics = made(&|a| matches!(a, Artifact::PublicKey { .. }));
            match publics.is_empty() || c.chance(40) {
                true => on(GetPublicKey),
                false => on(DeriveSharedSecret)
                    .with("KeyAgreementAlgorithm", algorithm)
                    .with("PublicKey", Arg::Result { step: c.of(&publics), damaged: false }),
            }
        }
    }
}

/// Makes a call wrong, or at least unusual, on purpose.
fn spoil(call: &mut Call, c: &mut Choices) {
    let members: Vec<String> = call.args.keys().cloned().collect();
    if members.is_empty() {
        return;
    }
    let member = c.of(&members);
    match c.pick(6) {
        0 => {
            call.args.remove(&member);
        }
        1 => {
            call.args.insert(member, Arg::Json(json!(42)));
        }
        2 => {
            call.args.insert("KeyId".into(), Arg::Json(json!("12345678-1234-1234-1234-123456789012")));
        }
        3 => {
            if let Some(Arg::Key(key)) = call.args.get_mut("KeyId") {
                key.form = KeyForm::Arn(c.of(&REGIONS).into());
            }
        }
        4 => {
            if let Some(Arg::Result { damaged, .. }) = call.args.get_mut("CiphertextBlob") {
                *damaged = true;
            }
        }
        _ => {
            let odd = [json!(""), json!("nowhere-1"), json!("é€😀"), json!("x".repeat(3000)), Value::Null];
            if matches!(member.as_str(), "PrimaryRegion" | "ReplicaRegion" | "Description" | "KeyId") {
                // A member that is null counts as missing; that is for the scenarios.
                let value = c.of(&odd[..4]);
                call.args.insert(member, Arg::Json(value));
            }
        }
    }
}

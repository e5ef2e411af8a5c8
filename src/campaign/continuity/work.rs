//! What the load consists of: cryptographic operations whose answers can be told right from wrong.

use crate::generate::Random;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mrkspec_model::call::Operation;
use mrkspec_model::matching::lookup;
use serde_json::{Value, json};
use std::fmt;
use std::str::FromStr;
use std::time::Instant;

/// The operations of the load, and how often each is sent of all.
pub(super) const USUAL: [(Operation, u32); 8] = [
    (Operation::Encrypt, 2),
    (Operation::Decrypt, 4),
    (Operation::GenerateDataKey, 2),
    (Operation::ReEncrypt, 1),
    (Operation::Sign, 1),
    (Operation::Verify, 2),
    (Operation::GenerateMac, 1),
    (Operation::VerifyMac, 2),
];

/// What is sent, and how often of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mix(pub(super) Vec<(Operation, u32)>);

impl Default for Mix {
    fn default() -> Self {
        Mix(USUAL.to_vec())
    }
}

/// Why a text is no mix.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadMix {
    /// Not of the form that is read.
    #[error("write operations with their shares, for example Encrypt=1,Decrypt=3")]
    Form,
    /// Not an operation of the load.
    #[error("{0} is not part of the load: it has {1}")]
    Unknown(String, String),
    /// Nothing would be sent.
    #[error("every share is 0: nothing would be sent")]
    Empty,
    /// A share that is out of proportion.
    #[error("shares go up to 1000")]
    Large,
}

impl FromStr for Mix {
    type Err = BadMix;

    fn from_str(text: &str) -> Result<Mix, BadMix> {
        let mut shares = Vec::new();
        for part in text.split(',') {
            let (name, share) = part.split_once('=').ok_or(BadMix::Form)?;
            let share: u32 = share.trim().parse().map_err(|_| BadMix::Form)?;
            if share > 1000 {
                return Err(BadMix::Large);
            }
            let known = USUAL.iter().find(|(op, _)| op.name() == name.trim());
            let names = || USUAL.map(|(op, _)| op.name()).join(", ");
            let (op, _) = known.ok_or_else(|| BadMix::Unknown(name.trim().to_string(), names()))?;
            shares.push((*op, share));
        }
        if shares.iter().all(|(_, share)| *share == 0) { Err(BadMix::Empty) } else { Ok(Mix(shares)) }
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shares: Vec<String> = self.0.iter().map(|(op, share)| format!("{}={share}", op.name())).collect();
        f.write_str(&shares.join(","))
    }
}

impl Mix {
    /// An operation, each as often as its share; `None` when none is left.
    pub(super) fn pick(&self, random: &mut Random) -> Option<Operation> {
        let total: u32 = self.0.iter().map(|(_, share)| share).sum();
        let mut left = random.below(total as usize) as u32;
        self.0.iter().find_map(|(op, share)| {
            let here = left < *share;
            left = left.saturating_sub(*share);
            here.then_some(*op)
        })
    }
}

/// What a key is for, and with it what can be asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Encrypting,
    Signing,
    Authenticating,
}

impl Kind {
    pub(super) const ALL: [Kind; 3] = [Kind::Encrypting, Kind::Signing, Kind::Authenticating];

    pub(super) fn of(op: Operation) -> Kind {
        match op {
            Operation::Sign | Operation::Verify => Kind::Signing,
            Operation::GenerateMac | Operation::VerifyMac => Kind::Authenticating,
            _ => Kind::Encrypting,
        }
    }

    /// KeySpec and KeyUsage, as CreateKey has them.
    pub(super) fn spec(self) -> (&'static str, &'static str) {
        match self {
            Kind::Encrypting => ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
            Kind::Signing => ("ECC_NIST_P256", "SIGN_VERIFY"),
            Kind::Authenticating => ("HMAC_256", "GENERATE_VERIFY_MAC"),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.spec().0)
    }
}

/// Something that a member made of a message and that every member must be able to use.
#[derive(Clone, Debug)]
pub(super) struct Made {
    /// The plaintext, or what was signed.
    pub message: Vec<u8>,
    /// The ciphertext, signature or tag, as JSON has it.
    pub text: String,
    /// Number of the Region in which it was made.
    pub region: usize,
    /// When it had come.
    pub at: Instant,
}

/// Whether an operation uses what another one made.
pub(super) fn uses(op: Operation) -> bool {
    use Operation::*;
    matches!(op, Decrypt | ReEncrypt | Verify | VerifyMac)
}

/// The request. `message` is what is encrypted or signed; of an operation that uses something, that of what it uses.
pub(super) fn request(op: Operation, key_id: &str, message: &[u8], used: &str) -> Value {
    let message = STANDARD.encode(message);
    let signing = |more: Value| {
        let mut body = json!({
            "KeyId": key_id, "Message": message, "MessageType": "RAW", "SigningAlgorithm": "ECDSA_SHA_256",
        });
        merge(&mut body, more);
        body
    };
    let tagging = |more: Value| {
        let mut body = json!({ "KeyId": key_id, "Message": message, "MacAlgorithm": "HMAC_SHA_256" });
        merge(&mut body, more);
        body
    };
    match op {
        Operation::Encrypt => json!({ "KeyId": key_id, "Plaintext": message }),
        Operation::GenerateDataKey => json!({ "KeyId": key_id, "KeySpec": "AES_256" }),
        Operation::Decrypt => json!({ "KeyId": key_id, "CiphertextBlob": used }),
        Operation::ReEncrypt => {
            json!({ "CiphertextBlob": used, "SourceKeyId": key_id, "DestinationKeyId": key_id })
        }
        Operation::Sign => signing(json!({})),
        Operation::Verify => signing(json!({ "Signature": used })),
        Operation::GenerateMac => tagging(json!({})),
        Operation::VerifyMac => tagging(json!({ "Mac": used })),
        _ => json!({ "KeyId": key_id }),
    }
}

fn merge(body: &mut Value, more: Value) {
    if let (Value::Object(body), Value::Object(more)) = (body, more) {
        body.extend(more);
    }
}

/// What an answer is worth: what was made of which message, if anything, or what is wrong with it.
pub(super) fn examine(op: Operation, message: &[u8], body: &Value) -> Result<Option<(Vec<u8>, String)>, String> {
    let text = |member: &str| lookup(body, member).and_then(Value::as_str).filter(|t| !t.is_empty());
    let has = |member: &str| text(member).map(str::to_string).ok_or_else(|| format!("no {member}"));
    let bytes = |member: &str| STANDARD.decode(has(member)?).map_err(|_| format!("a {member} that is no base64"));
    let holds = |member: &str| match lookup(body, member).and_then(Value::as_bool) {
        Some(true) => Ok(None),
        Some(false) => Err(format!("{member} is false")),
        None => Err(format!("no {member}")),
    };
    match op {
        Operation::Encrypt | Operation::ReEncrypt => Ok(Some((message.to_vec(), has("CiphertextBlob")?))),
        Operation::GenerateDataKey => {
            let plain = bytes("Plaintext")?;
            match plain.len() {
                32 => Ok(Some((plain, has("CiphertextBlob")?))),
                n => Err(format!("a Plaintext of {n} bytes, not 32")),
            }
        }
        Operation::Decrypt if bytes("Plaintext")? == message => Ok(None),
        Operation::Decrypt => Err("another Plaintext than the one that was encrypted".into()),
        Operation::Sign => Ok(Some((message.to_vec(), has("Signature")?))),
        Operation::GenerateMac => Ok(Some((message.to_vec(), has("Mac")?))),
        Operation::Verify => holds("SignatureValid"),
        Operation::VerifyMac => holds("MacValid"),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mix_is_written_as_operations_with_shares() {
        assert_eq!("Encrypt=1, Decrypt=3".parse(), Ok(Mix(vec![(Operation::Encrypt, 1), (Operation::Decrypt, 3)])));
        assert_eq!("Encrypt".parse::<Mix>(), Err(BadMix::Form));
        assert_eq!("Encrypt=0".parse::<Mix>(), Err(BadMix::Empty));
        assert!(matches!("TagResource=1".parse::<Mix>(), Err(BadMix::Unknown(name, _)) if name == "TagResource"));
    }

    #[test]
    fn each_operation_is_picked_as_often_as_its_share() {
        let mix: Mix = "Sign=1,Verify=3,Encrypt=0".parse().expect("a mix");
        let mut random = Random::new(1, 1);
        let picked: Vec<Operation> = (0..4000).filter_map(|_| mix.pick(&mut random)).collect();
        let share = picked.iter().filter(|op| **op == Operation::Sign).count();
        assert!(picked.len() == 4000 && (900..1100).contains(&share), "{share} of {}", picked.len());
        assert!(!picked.contains(&Operation::Encrypt));
    }

    #[test]
    fn what_is_wrong_with_an_answer_is_told() {
        let right = json!({ "Plaintext": STANDARD.encode(b"hello") });
        assert_eq!(examine(Operation::Decrypt, b"hello", &right), Ok(None));
        assert!(examine(Operation::Decrypt, b"other", &right).unwrap_err().contains("another Plaintext"));
        assert_eq!(examine(Operation::Decrypt, b"hello", &json!({})), Err("no Plaintext".into()));
        assert_eq!(
            examine(Operation::Verify, b"", &json!({ "SignatureValid": false })),
            Err("SignatureValid is false".into())
        );
        let short = json!({ "Plaintext": STANDARD.encode(b"short"), "CiphertextBlob": "YQ==" });
        assert!(examine(Operation::GenerateDataKey, b"", &short).unwrap_err().contains("5 bytes"));
    }
}

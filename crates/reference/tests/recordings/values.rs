//! What stands here for the ids, tokens and bytes of a recording.

use super::compare::Given;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded};
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

/// The accounts of the recordings, and ours.
pub const ACCOUNT: &str = ":111111111111:";
pub const OTHER_ACCOUNT: &str = ":000000000000:";
const OURS: &str = ":111122223333:";
/// The other account of theirs, and of ours.
const NEIGHBOUR: &str = ":222222222222:";
const OUR_NEIGHBOUR: &str = ":444455556666:";

#[derive(Default)]
pub struct Values {
    /// Theirs and ours: key ids, material ids, grant ids.
    names: BTreeMap<String, String>,
    /// Base64 of named bytes.
    blobs: BTreeMap<String, String>,
    /// Token and wrapping key, by the case that gave them.
    parameters: BTreeMap<String, (String, Vec<u8>)>,
    /// Private keys that were imported.
    private: BTreeMap<String, Vec<u8>>,
    policy: Option<Value>,
    ciphertext: Option<Value>,
    context: Option<Value>,
}

fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The name in `<name, what was done to it>` or `<name: what it is>`.
fn name(placeholder: &str) -> String {
    let inner = placeholder.trim_start_matches('<').trim_end_matches('>');
    let end = [", ", ": ", " under material", " (omitted"].iter().filter_map(|m| inner.find(m)).min();
    inner[..end.unwrap_or(inner.len())].to_string()
}

impl Values {
    /// One of our texts in the words of the recording.
    pub fn theirs(&self, text: &str) -> String {
        let mut text =
            text.replace(OURS, ACCOUNT).replace(OUR_NEIGHBOUR, NEIGHBOUR).replace("user/admin", "user/Delegated");
        for (theirs, ours) in &self.names {
            text = text.replace(ours, theirs);
        }
        text
    }

    /// Binds ids that stand at the same places of two texts.
    pub fn bind_ids(&mut self, theirs: &str, ours: &str) {
        let ids = |text: &str| -> Vec<String> {
            text.split(|c: char| !c.is_ascii_hexdigit()).filter(|w| is_id(w)).map(str::to_string).collect()
        };
        let (theirs, ours) = (ids(theirs), ids(ours));
        if theirs.len() == ours.len() {
            theirs.iter().zip(&ours).for_each(|(a, b)| {
                self.same(a, b);
            });
        }
    }

    fn ours(&self, text: &str) -> String {
        let mut text = text.replace(ACCOUNT, OURS).replace(OTHER_ACCOUNT, OURS).replace(NEIGHBOUR, OUR_NEIGHBOUR);
        for (theirs, ours) in &self.names {
            text = text.replace(theirs, ours);
        }
        text
    }

    /// Whether two texts mean the same; ids are bound when they are first met.
    pub fn same(&mut self, theirs: &str, ours: &str) -> bool {
        if is_id(theirs) && is_id(ours) && !self.names.contains_key(theirs) {
            self.names.insert(theirs.into(), ours.into());
        }
        let (a, b) = (key_id(theirs), key_id(ours));
        if a.len() >= 36 && b.len() >= 36 && theirs.contains(":key/") && !self.names.contains_key(&a) {
            self.names.insert(a, b);
        }
        self.theirs(ours) == theirs.replace(OTHER_ACCOUNT, ACCOUNT)
    }

    /// Binds the key id of a CreateKey whose answer was not recorded.
    pub fn learn_key(&mut self, output: &Value, given: &Given) {
        if let (Some(theirs), Ok(answer)) = (output["Arn"].as_str(), given) {
            self.same(theirs, answer["KeyMetadata"]["Arn"].as_str().unwrap_or(""));
        }
    }

    /// Keeps what later rows refer to.
    pub fn learn(&mut self, case: &str, operation: &str, input: &Value, output: &Value, answer: &Value) {
        if operation == "GetParametersForImport" {
            let token = answer["ImportToken"].as_str().unwrap_or("").to_string();
            let public = STANDARD.decode(answer["PublicKey"].as_str().unwrap_or("")).unwrap_or_default();
            self.parameters.insert(case.into(), (token, public));
        }
        if operation == "Encrypt" {
            self.ciphertext = answer.get("CiphertextBlob").cloned();
            self.context = input.get("EncryptionContext").cloned();
        }
        for (member, recorded) in output.as_object().into_iter().flatten() {
            if let (Some(text), Some(ours)) = (recorded.as_str(), answer[member].as_str())
                && text.starts_with('<')
            {
                self.blobs.insert(name(text), ours.to_string());
            }
        }
        if let Some(ours) = answer["NextMarker"].as_str() {
            self.blobs.insert(format!("NextMarker of {case}"), ours.to_string());
        }
        if let (Some(theirs), Some(ours)) = (output["GrantId"].as_str(), answer["GrantToken"].as_str()) {
            let short = theirs.trim_start_matches('0');
            self.blobs.insert(format!("token of grant {short}"), ours.to_string());
        }
    }

    /// The request in our words.
    ///
    /// # Errors
    /// When it refers to something that never came.
    pub fn input(
        &mut self,
        case: &str,
        operation: &str,
        mut given: Map<String, Value>,
        ask: &dyn Fn(&str, Value) -> Option<Value>,
    ) -> Result<Value, String> {
        let missing = |member: &str, given: &Map<String, Value>| !given.contains_key(member);
        match operation {
            "Encrypt" if missing("Plaintext", &given) => drop(given.insert("Plaintext".into(), json!("<P>"))),
            "Decrypt" | "ReEncrypt" if missing("CiphertextBlob", &given) => {
                let context = if operation == "Decrypt" { "EncryptionContext" } else { "SourceEncryptionContext" };
                given.insert("CiphertextBlob".into(), self.ciphertext.clone().unwrap_or_default());
                given.insert(context.into(), self.context.clone().unwrap_or(json!({})));
            }
            "TagResource" => drop(given.insert("Tags".into(), json!([{ "TagKey": "a", "TagValue": "b" }]))),
            "UntagResource" => drop(given.insert("TagKeys".into(), json!(["a"]))),
            "PutKeyPolicy" => {
                let key = self.ours(given["KeyId"].as_str().unwrap_or(""));
                let present = ask("GetKeyPolicy", json!({ "KeyId": key })).map(|a| a["Policy"].clone());
                let kept = self.policy.get_or_insert(present.unwrap_or_default()).clone();
                let policy = given.get("Policy").filter(|p| p.is_object()).map(|p| json!(p.to_string()));
                given.insert("Policy".into(), policy.unwrap_or(kept));
            }
            _ => {}
        }
        if given.contains_key("ValidTo") {
            let seconds = match case {
                "expired_valid_to" => -60.0,
                "excessive_valid_to" => 367.0 * 86_400.0,
                "no_expiry_with_valid_to" | "replica_second_import" => 3600.0,
                _ => 2.0,
            };
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
            given.insert("ValidTo".into(), json!(now.as_secs_f64() + seconds));
        }
        let mut input = Map::new();
        for (member, value) in given {
            input.insert(member, self.own(&value)?);
        }
        Ok(Value::Object(input))
    }

    fn own(&mut self, value: &Value) -> Result<Value, String> {
        Ok(match value {
            Value::String(text) if text.starts_with('<') && text.ends_with('>') => json!(self.bytes(text)?),
            // The role's unique id was left out.
            Value::String(text) if text.starts_with("<RoleId") => json!("AROA00000000000000001:target"),
            Value::String(text) => json!(self.ours(text)),
            Value::Array(list) => list.iter().map(|v| self.own(v)).collect::<Result<_, _>>()?,
            Value::Object(map) => {
                let members: Result<Map<String, Value>, String> =
                    map.iter().map(|(k, v)| Ok((k.clone(), self.own(v)?))).collect();
                Value::Object(members?)
            }
            other => other.clone(),
        })
    }

    fn bytes(&mut self, placeholder: &str) -> Result<String, String> {
        let inner = placeholder.trim_matches(|c| c == '<' || c == '>');
        if let Some(rest) = inner.strip_prefix("wrapped ") {
            return Ok(STANDARD.encode(self.wrapped(rest)?));
        }
        if let Some(case) = inner.strip_prefix("token of ").filter(|c| !c.starts_with("grant")) {
            return self.parameters.get(case).map(|p| p.0.clone()).ok_or(format!("no token of {case}"));
        }
        if inner == "caller ARN" {
            return Ok(format!("arn:aws:iam:{OURS}user/admin"));
        }
        if let Some(rest) = inner.strip_prefix("ct:openssl ") {
            let public = rest.rsplit_once(" under ").and_then(|(_, key)| self.blobs.get(key)).ok_or("no public key")?;
            let public = STANDARD.decode(public).unwrap_or_default();
            return Ok(STANDARD.encode(oaep("RSAES_OAEP_SHA_256", &public, b"imported RSA encryption")?));
        }
        if let Some(bytes) = counted(inner) {
            return Ok(STANDARD.encode(bytes));
        }
        let key = name(placeholder);
        let free = match key.as_str() {
            "M" | "P" | "P2" => Some(STANDARD.encode(&key)),
            "federated user ARN" => Some(format!("arn:aws:sts:{OURS}federated-user/somebody")),
            "MU" => Some(STANDARD.encode([b'm'; 64])),
            "pub:peer P" => {
                let pair =
                    EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_ASN1_SIGNING).map_err(|e| e.to_string())?;
                use signature::KeyPair as _;
                let der: aws_lc_rs::encoding::PublicKeyX509Der =
                    pair.public_key().as_der().map_err(|e| e.to_string())?;
                Some(STANDARD.encode(der.as_ref()))
            }
            _ => None,
        };
        let known = self.blobs.get(&key).cloned().or(free).ok_or(format!("nothing stands for {placeholder}"))?;
        self.blobs.insert(key, known.clone());
        if !inner.contains("flipped") {
            return Ok(known);
        }
        let mut bytes = STANDARD.decode(known).unwrap_or_default();
        bytes[0] ^= 1;
        Ok(STANDARD.encode(bytes))
    }

    /// `material A (32 x 0x41) with RSAES_OAEP_SHA_256 for parameters`.
    fn wrapped(&mut self, text: &str) -> Result<Vec<u8>, String> {
        let (what, how) = text.rsplit_once(" with ").ok_or("no wrapping")?;
        let (algorithm, case) = how.split_once(" for ").ok_or("no parameters")?;
        let in_brackets = what.split_once('(').map_or("", |(_, rest)| rest.trim_end_matches(')'));
        let plain = match counted(in_brackets) {
            Some(bytes) => bytes,
            None => {
                let label = what.split(", outer").next().unwrap_or(what).to_string();
                let key = self.private.entry(label.clone()).or_insert_with(|| private_key(&label)).clone();
                if what.contains("BER") { indefinite(&key) } else { key }
            }
        };
        let (_, public) = self.parameters.get(case).ok_or(format!("no parameters of {case}"))?;
        if !algorithm.starts_with("RSA_AES_KEY_WRAP_") {
            return oaep(algorithm, public, &plain);
        }
        let kek = [7; 32];
        let mut out = vec![0; plain.len() + 16];
        let inner = AesKek::new(&AES_256, &kek).map_err(|e| e.to_string())?;
        let inner = inner.wrap_with_padding(&plain, &mut out).map_err(|e| e.to_string())?;
        Ok([oaep("RSAES_OAEP_SHA_256", public, &kek)?, inner.to_vec()].concat())
    }
}

fn key_id(arn: &str) -> String {
    arn.rsplit_once("key/").map_or(arn, |(_, id)| id).to_string()
}

/// `32 x 0x41`, `4096 bytes 'a'`.
fn counted(text: &str) -> Option<Vec<u8>> {
    let text = text.split(", ").next()?;
    if let Some((count, byte)) = text.split_once(" x 0x") {
        return Some(vec![u8::from_str_radix(byte, 16).ok()?; count.parse().ok()?]);
    }
    let (count, rest) = text.split_once(" byte")?;
    let byte = *rest.as_bytes().get(rest.find('\'')? + 1)?;
    Some(vec![byte; count.parse().ok()?])
}

fn oaep(algorithm: &str, public: &[u8], plain: &[u8]) -> Result<Vec<u8>, String> {
    let padding = if algorithm.ends_with("SHA_1") { &rsa::OAEP_SHA1_MGF1SHA1 } else { &rsa::OAEP_SHA256_MGF1SHA256 };
    let key = rsa::PublicEncryptingKey::from_der(public).map_err(|e| e.to_string())?;
    let key = rsa::OaepPublicEncryptingKey::new(key).map_err(|e| e.to_string())?;
    let mut out = vec![0; key.ciphertext_size()];
    Ok(key.encrypt(padding, plain, &mut out, None).map_err(|e| e.to_string())?.to_vec())
}

/// A private key for `PKCS#8 DER ECC_NIST_P256 key (OpenSSL)`.
fn private_key(label: &str) -> Vec<u8> {
    let curve =
        |algorithm| EcdsaKeyPair::generate(algorithm).and_then(|k| k.to_pkcs8v1()).expect("a key").as_ref().to_vec();
    let rsa = |size| {
        let key = rsa::PrivateDecryptingKey::generate(size).expect("a key");
        let der: Pkcs8V1Der = key.as_der().expect("PKCS#8");
        der.as_ref().to_vec()
    };
    match label {
        l if l.contains("3072") => rsa(KeySize::Rsa3072),
        l if l.contains("4096") => rsa(KeySize::Rsa4096),
        l if l.contains("RSA") => rsa(KeySize::Rsa2048),
        l if l.contains("EDWARDS") => {
            Ed25519KeyPair::generate().and_then(|k| k.to_pkcs8v1()).expect("a key").as_ref().to_vec()
        }
        l if l.contains("P384") => curve(&signature::ECDSA_P384_SHA384_ASN1_SIGNING),
        l if l.contains("P521") => curve(&signature::ECDSA_P521_SHA512_ASN1_SIGNING),
        l if l.contains("P256K1") => curve(&signature::ECDSA_P256K1_SHA256_ASN1_SIGNING),
        _ => curve(&signature::ECDSA_P256_SHA256_ASN1_SIGNING),
    }
}

/// The same structure, its outer sequence with an indefinite length.
fn indefinite(der: &[u8]) -> Vec<u8> {
    let head = if der[1] < 0x80 { 2 } else { 2 + (der[1] & 0x7f) as usize };
    [&[0x30, 0x80], &der[head..], &[0, 0]].concat()
}

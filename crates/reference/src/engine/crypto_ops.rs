//! Operations that use key material.

use super::super::crypto::{self, Material};
use super::super::error::{Answer, KmsError, incorrect_key, invalid_ciphertext, invalid_key_usage, validation};
use super::super::store::{Account, Family};
use super::keys::algorithms;
use super::{Engine, IGNORE_CIPHERTEXT, Request, locate, refuse_in};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) const CLOSED: [&str; 5] =
    ["Disabled", "PendingDeletion", "PendingReplicaDeletion", "PendingImport", "Creating"];
const ENCRYPTION: &[&str] = &["SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE"];
const MACS: &[&str] = &["HMAC_SHA_224", "HMAC_SHA_256", "HMAC_SHA_384", "HMAC_SHA_512"];
/// A symmetric ciphertext says whose it is: a mark, the version, the key id, then the sealed text.
const MARK: &[u8] = b"mrk1";

pub(super) fn wrap(family: &Family, context: &BTreeMap<String, String>, plaintext: &[u8]) -> Vec<u8> {
    let version = family.materials.len();
    let Some(Material::Aes(key)) = family.materials.last() else {
        return Vec::new();
    };
    let head = [MARK, &(version as u16).to_be_bytes(), &[family.id.len() as u8], family.id.as_bytes()].concat();
    [head, crypto::seal(key, &family.id, context, plaintext)].concat()
}

struct Wrapped<'a> {
    version: usize,
    key_id: &'a str,
    sealed: &'a [u8],
}

fn unwrap(blob: &[u8]) -> Option<Wrapped<'_>> {
    let rest = blob.strip_prefix(MARK)?;
    let (version, rest) = rest.split_first_chunk::<2>()?;
    let (length, rest) = rest.split_first()?;
    let (id, sealed) = rest.split_at_checked(*length as usize)?;
    Some(Wrapped { version: u16::from_be_bytes(*version) as usize, key_id: std::str::from_utf8(id).ok()?, sealed })
}

/// The version of material that a symmetric key encrypts with.
pub(super) fn latest(family: &Family) -> Option<usize> {
    family.materials.len().checked_sub(1).filter(|_| family.spec == "SYMMETRIC_DEFAULT")
}

/// The family of a request's key, usable for `usage`.
pub(super) fn usable<'s>(
    r: &Request,
    account: &'s Account,
    given: &str,
    operation: &str,
    usage: &str,
) -> Result<&'s Family, KmsError> {
    let id = locate(r, account, given, true)?;
    let family = &account.families[&id];
    r.authorize(family, r.region(), operation)?;
    check_usable(r, family, operation, usage)?;
    Ok(family)
}

fn check_usable(r: &Request, family: &Family, operation: &str, usage: &str) -> Result<(), KmsError> {
    refuse_in(r, family, &CLOSED)?;
    if family.usage == usage {
        return Ok(());
    }
    let arn = r.own_arn(&family.id);
    Err(invalid_key_usage(format!("{arn} key usage is {} which is not valid for {operation}.", family.usage)))
}

pub(super) fn check_algorithm(family: &Family, algorithm: &str) -> Result<(), KmsError> {
    if algorithms(family).1.contains(&algorithm) {
        return Ok(());
    }
    Err(invalid_key_usage(format!("Algorithm {algorithm} is incompatible with key spec {}.", family.spec)))
}

fn encrypt_with(
    family: &Family,
    algorithm: &str,
    context: &BTreeMap<String, String>,
    plaintext: &[u8],
) -> Result<Vec<u8>, KmsError> {
    check_algorithm(family, algorithm)?;
    match family.materials.last() {
        Some(Material::Rsa(_, key)) => crypto::rsa_encrypt(key, algorithm, plaintext).map_err(|_| {
            let digest = if algorithm == "RSAES_OAEP_SHA_1" { 20 } else { 32 };
            let bits: usize = family.spec.trim_start_matches("RSA_").parse().unwrap_or(0);
            let most = (bits / 8).saturating_sub(2 * digest + 2);
            validation(format!(
                "Algorithm {algorithm} and key spec {} cannot encrypt data larger than {most} bytes.",
                family.spec
            ))
        }),
        _ => Ok(wrap(family, context, plaintext)),
    }
}

/// The family that decrypts, the plaintext, and the version of a symmetric key's material that was used.
fn decrypt_with<'s>(
    r: &Request,
    account: &'s Account,
    given: Option<&str>,
    algorithm: &str,
    context: &BTreeMap<String, String>,
    operation: &str,
) -> Result<(&'s Family, Vec<u8>, Option<usize>), KmsError> {
    let blob = r.input.blob("CiphertextBlob", 1, 6144)?;
    let wrapped = unwrap(&blob);
    if r.recorded {
        if given.is_none() && algorithm != "SYMMETRIC_DEFAULT" {
            return Err(validation("KeyId must not be null"));
        }
        refuse_relative(r, account, given, wrapped.as_ref().map_or("", |w| w.key_id), operation)?;
    }
    let family = match (given, &wrapped) {
        (Some(given), _) => usable(r, account, given, operation, "ENCRYPT_DECRYPT")?,
        (None, None) => return Err(invalid_ciphertext("")),
        (None, Some(wrapped)) => {
            let found = account.families.get(wrapped.key_id).filter(|f| f.members.contains_key(r.region()));
            let text = "The ciphertext refers to a customer master key that does not exist, \
                        does not exist in this region, or you are not allowed to access.";
            let family = found.ok_or_else(|| KmsError::new("AccessDeniedException", text))?;
            r.authorize(family, r.region(), operation)?;
            check_usable(r, family, operation, "ENCRYPT_DECRYPT")?;
            family
        }
    };
    if r.recorded && algorithm == "SYMMETRIC_DEFAULT" && family.spec != algorithm {
        return Err(invalid_ciphertext(""));
    }
    check_algorithm(family, algorithm)?;
    if let Some(Material::Rsa(_, key)) = family.materials.last() {
        let plain = crypto::rsa_decrypt(key, algorithm, &blob).map_err(|_| invalid_ciphertext(""))?;
        return Ok((family, plain, None));
    }
    let wrapped = wrapped.ok_or_else(|| invalid_ciphertext(""))?;
    if wrapped.key_id != family.id {
        let text = "The key ID in the request does not identify a CMK that can perform this operation.";
        return Err(incorrect_key(text));
    }
    let Some(Material::Aes(key)) = wrapped.version.checked_sub(1).and_then(|i| family.materials.get(i)) else {
        return Err(invalid_ciphertext(""));
    };
    let plain = crypto::open(key, &family.id, context, wrapped.sealed).map_err(|_| invalid_ciphertext(""))?;
    Ok((family, plain, Some(wrapped.version - 1)))
}

/// A ciphertext of a multi-Region key is compared with the key that is named; the ARN of a related key
/// in another Region is not the one that would be used here (F-026).
fn refuse_relative(
    r: &Request,
    account: &Account,
    given: Option<&str>,
    key_id: &str,
    operation: &str,
) -> Result<(), KmsError> {
    let Some(family) = account.families.get(key_id).filter(|f| f.members.contains_key(r.region())) else {
        return Ok(());
    };
    let own = r.own_arn(key_id);
    let Some(arn) = given.filter(|g| g.starts_with("arn:") && **g != own) else {
        return Ok(());
    };
    let elsewhere = family.members.keys().any(|region| r.key_arn(region, key_id) == arn);
    if !elsewhere {
        return Ok(());
    }
    r.authorize(family, r.region(), operation)?;
    let text = "The key ID in the request does not identify a CMK that can perform this operation.";
    Err(incorrect_key(text))
}

/// Refuses an encryption context with an algorithm that has none, whatever the key.
fn check_context(r: &Request, algorithm: &str, context: &BTreeMap<String, String>) -> Result<(), KmsError> {
    if r.recorded && algorithm != "SYMMETRIC_DEFAULT" && !context.is_empty() {
        let text = "EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.";
        return Err(validation(text));
    }
    Ok(())
}

impl Engine {
    pub(super) fn encrypt(&self, r: &Request, account: &Account) -> Answer {
        let given = r.input.key_id("KeyId")?;
        let plaintext = r.input.blob("Plaintext", 1, 4096)?;
        let context = r.input.map("EncryptionContext")?;
        let algorithm = r.input.choice("EncryptionAlgorithm", ENCRYPTION)?.unwrap_or("SYMMETRIC_DEFAULT".into());
        r.input.end()?;
        check_context(r, &algorithm, &context)?;
        let family = usable(r, account, &given, "Encrypt", "ENCRYPT_DECRYPT")?;
        let blob = encrypt_with(family, &algorithm, &context, &plaintext)?;
        Ok(json!({
            "CiphertextBlob": STANDARD.encode(blob),
            "KeyId": r.own_arn(&family.id),
            "EncryptionAlgorithm": algorithm,
        }))
    }

    pub(super) fn decrypt(&self, r: &Request, account: &Account) -> Answer {
        let given = r.input.string("KeyId", 1, 2048)?;
        let context = r.input.map("EncryptionContext")?;
        let algorithm = r.input.choice("EncryptionAlgorithm", ENCRYPTION)?.unwrap_or("SYMMETRIC_DEFAULT".into());
        let ignored = r.recorded && given.is_some() && r.input.lists("DryRunModifiers", IGNORE_CIPHERTEXT)?;
        if !ignored {
            r.input.blob("CiphertextBlob", 1, 6144)?;
        }
        r.input.end()?;
        check_context(r, &algorithm, &context)?;
        if let Some(given) = given.as_deref().filter(|_| ignored) {
            // A dry run about the key alone.
            let family = usable(r, account, given, "Decrypt", "ENCRYPT_DECRYPT")?;
            check_algorithm(family, &algorithm)?;
            return Ok(Value::Null);
        }
        let (family, plain, version) = decrypt_with(r, account, given.as_deref(), &algorithm, &context, "Decrypt")?;
        let mut answer = json!({
            "KeyId": r.own_arn(&family.id),
            "Plaintext": STANDARD.encode(plain),
            "EncryptionAlgorithm": algorithm,
        });
        self.tell_material(r, &mut answer, "KeyMaterialId", family, version);
        Ok(answer)
    }

    pub(super) fn re_encrypt(&self, r: &Request, account: &Account) -> Answer {
        let source = r.input.string("SourceKeyId", 1, 2048)?;
        let destination = r.input.key_id("DestinationKeyId")?;
        let from_context = r.input.map("SourceEncryptionContext")?;
        let to_context = r.input.map("DestinationEncryptionContext")?;
        let from = r.input.choice("SourceEncryptionAlgorithm", ENCRYPTION)?.unwrap_or("SYMMETRIC_DEFAULT".into());
        let to = r.input.choice("DestinationEncryptionAlgorithm", ENCRYPTION)?.unwrap_or("SYMMETRIC_DEFAULT".into());
        r.input.blob("CiphertextBlob", 1, 6144)?;
        r.input.end()?;
        check_context(r, &from, &from_context)?;
        check_context(r, &to, &to_context)?;
        let (old, plain, version) = decrypt_with(r, account, source.as_deref(), &from, &from_context, "ReEncryptFrom")?;
        let new = usable(r, account, &destination, "ReEncryptTo", "ENCRYPT_DECRYPT")?;
        let blob = encrypt_with(new, &to, &to_context, &plain)?;
        let mut answer = json!({
            "CiphertextBlob": STANDARD.encode(blob),
            "SourceKeyId": r.own_arn(&old.id),
            "KeyId": r.own_arn(&new.id),
            "SourceEncryptionAlgorithm": from,
            "DestinationEncryptionAlgorithm": to,
        });
        self.tell_material(r, &mut answer, "SourceKeyMaterialId", old, version);
        self.tell_material(r, &mut answer, "DestinationKeyMaterialId", new, latest(new));
        Ok(answer)
    }

    pub(super) fn data_key(&self, r: &Request, account: &Account, show: bool) -> Answer {
        let given = r.input.key_id("KeyId")?;
        let context = r.input.map("EncryptionContext")?;
        let spec = r.input.choice("KeySpec", &["AES_256", "AES_128"])?;
        let bytes = r.input.integer("NumberOfBytes", 1, 1024)?;
        r.input.end()?;
        let length = match (spec.as_deref(), bytes) {
            (Some("AES_128"), None) => 16,
            (Some(_), None) => 32,
            (None, Some(n)) => n as usize,
            _ => return Err(validation("Please specify either number of bytes or key spec.")),
        };
        let operation = if show { "GenerateDataKey" } else { "GenerateDataKeyWithoutPlaintext" };
        let family = usable(r, account, &given, operation, "ENCRYPT_DECRYPT")?;
        if family.spec != "SYMMETRIC_DEFAULT" {
            return Err(invalid_key_usage(format!("Key spec {} cannot make data keys.", family.spec)));
        }
        let plain = crypto::random(length);
        let blob = wrap(family, &context, &plain);
        let mut answer = json!({ "CiphertextBlob": STANDARD.encode(blob), "KeyId": r.own_arn(&family.id) });
        if show {
            answer["Plaintext"] = json!(STANDARD.encode(plain));
        }
        self.tell_material(r, &mut answer, "KeyMaterialId", family, latest(family));
        Ok(answer)
    }

    /// Adds the id of the material that was used to an answer.
    pub(super) fn tell_material(
        &self,
        r: &Request,
        answer: &mut Value,
        member: &str,
        family: &Family,
        version: Option<usize>,
    ) {
        if let Some(version) = version.filter(|_| r.recorded) {
            answer[member] = json!(self.material_id(family, version));
        }
    }

    /// Key, message and algorithm of GenerateMac and VerifyMac.
    fn mac_input<'s>(
        &self,
        r: &Request,
        account: &'s Account,
        operation: &str,
    ) -> Result<(&'s Family, String, Vec<u8>), KmsError> {
        let message = r.input.blob("Message", 1, 4096)?;
        let given = r.input.key_id("KeyId")?;
        let algorithm = r.input.choice("MacAlgorithm", MACS)?;
        if algorithm.is_none() {
            r.input.required("MacAlgorithm", 0, 64)?;
        }
        let algorithm = algorithm.unwrap_or_default();
        r.input.end()?;
        let family = usable(r, account, &given, operation, "GENERATE_VERIFY_MAC")?;
        check_algorithm(family, &algorithm)?;
        let Some(Material::Mac(key)) = family.materials.last() else {
            return Err(validation("The key has no material"));
        };
        let tag = crypto::mac(key, &algorithm, &message);
        Ok((family, algorithm, tag))
    }

    pub(super) fn generate_mac(&self, r: &Request, account: &Account) -> Answer {
        let (family, algorithm, tag) = self.mac_input(r, account, "GenerateMac")?;
        Ok(json!({
            "Mac": STANDARD.encode(tag),
            "MacAlgorithm": algorithm,
            "KeyId": r.own_arn(&family.id),
        }))
    }

    pub(super) fn verify_mac(&self, r: &Request, account: &Account) -> Answer {
        let given = r.input.blob("Mac", 1, 6144)?;
        let (family, algorithm, tag) = self.mac_input(r, account, "VerifyMac")?;
        if !crypto::same_tag(&tag, &given) {
            return Err(KmsError::new("KMSInvalidMacException", ""));
        }
        Ok(json!({ "KeyId": r.own_arn(&family.id), "MacValid": true, "MacAlgorithm": algorithm }))
    }
}

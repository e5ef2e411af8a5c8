//! What the service does with an authenticated request.

mod agreement;
mod attributes;
mod crypto_ops;
mod grants;
mod hook;
mod import;
mod importing;
mod keys;
mod materials;
mod naming;
mod permission;
mod regions;
mod rotation;
mod signing;

pub use attributes::default_policy;
pub use hook::{Admission, Fault, Hook, Pace};
use naming::{family, locate, refuse_in, require_primary, resolve};

use super::Choices;
use super::Settings;
use super::auth::Caller;
use super::crypto::Material;
use super::error::{Answer, KmsError, validation};
use super::input::Input;
use super::store::{Account, Store};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::{Instant, SystemTime};

/// The service: its memory and its settings.
pub struct Engine {
    store: Mutex<Store>,
    settings: Settings,
    random: Mutex<u64>,
    /// What a fault has to remember.
    notes: Mutex<BTreeMap<String, u64>>,
}

/// One request being worked on.
struct Request<'a> {
    caller: &'a Caller,
    caller_arn: String,
    operation: &'a str,
    input: &'a Input,
    /// Whether to answer as AWS was recorded to.
    recorded: bool,
    /// A key pair made for this request, before the store was locked.
    pair: Option<Material>,
    now: Instant,
    wall: SystemTime,
}

impl Request<'_> {
    fn region(&self) -> &str {
        &self.caller.region
    }

    fn key_arn(&self, region: &str, id: &str) -> String {
        format!("arn:aws:kms:{region}:{}:key/{id}", self.caller.account)
    }

    fn own_arn(&self, id: &str) -> String {
        self.key_arn(self.region(), id)
    }
}

/// `1763930624.123`, as AWS JSON has times.
fn epoch(time: SystemTime) -> Value {
    let millis = time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_millis());
    Value::from(millis as f64 / 1000.0)
}

impl Engine {
    /// An empty service.
    pub fn new(settings: Settings) -> Engine {
        let random = Mutex::new(settings.seed ^ 0x9e37_79b9_7f4a_7c15);
        Engine { store: Mutex::default(), settings, random, notes: Mutex::default() }
    }

    /// The settings it was made with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// 64 pseudo-random bits from the seed (SplitMix64).
    pub fn bits(&self) -> u64 {
        let mut state = self.random.lock().unwrap_or_else(|e| e.into_inner());
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Carries out one operation.
    pub fn call(&self, caller: &Caller, operation: &str, body: &[u8]) -> Answer {
        if !is_known(operation) {
            return Err(KmsError::new("UnknownOperationException", ""));
        }
        let body = Input::members(body)?;
        let mut turn = Turn { engine: self, caller: caller.clone(), operation: operation.to_string(), body };
        let answer = match self.settings.fault.map(|f| f.hook) {
            Some(Hook::Service(hook)) => hook(&mut turn),
            Some(Hook::Made(hook)) => hook(&mut turn),
            _ => turn.run(),
        };
        let slow = self.settings.slow_updating;
        if !slow.is_zero() && DRY.contains(&operation) && self.is_updating(&turn) {
            // Requests are carried out on threads of their own.
            std::thread::sleep(slow);
        }
        answer
    }

    /// Whether the member that a request names shows Updating.
    fn is_updating(&self, turn: &Turn) -> bool {
        let named = turn.body.get("KeyId").or(turn.body.get("SourceKeyId")).and_then(Value::as_str);
        let id = named.and_then(|name| name.rsplit('/').next()).unwrap_or("");
        let mut store = self.store();
        let family = store.accounts.get_mut(&turn.caller.account).and_then(|a| a.families.get_mut(id));
        let region = &turn.caller.region;
        family.is_some_and(|f| f.members.contains_key(region) && f.state_name(region, Instant::now()) == "Updating")
    }

    /// The memory of the service, for as long as the guard lives.
    pub fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// What a fault has counted so far.
    pub fn notes(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.notes.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn dispatch(&self, r: &Request) -> Answer {
        if r.operation == "CreateKey" {
            // Key generation is slow: it is done before the store is locked.
            return self.create_key(r);
        }
        let mut store = self.store();
        let stale = self.settings.stale;
        let read = is_read(r.operation);
        if !stale.is_zero() && read && self.bits() & 1 == 0 {
            // Answered by a server that has not heard of the latest changes (F-077).
            if let Some(mut past) = store.past(&r.caller.account, r.now - stale) {
                return self.operate(r, &mut past);
            }
        }
        if !stale.is_zero() && !read {
            store.remember(&r.caller.account, r.now, stale);
        }
        let account = store.accounts.entry(r.caller.account.clone()).or_default();
        account.tick(r.now, r.wall, self.settings.day, self.settings.choices);
        if !DRY.contains(&r.operation) {
            return self.operate(r, account);
        }
        if !r.input.boolean("DryRun")? {
            if r.recorded && r.input.lists("DryRunModifiers", IGNORE_CIPHERTEXT)? {
                return Err(validation("DryRunModifiers can only be specified when DryRun is true"));
            }
            return self.operate(r, account);
        }
        // Everything is checked first, and nothing is kept.
        self.operate(r, &mut account.clone())?;
        let text = "The request would have succeeded, but the DryRun option is set.";
        Err(KmsError::new("DryRunOperationException", text))
    }

    fn operate(&self, r: &Request, account: &mut Account) -> Answer {
        match r.operation {
            "DescribeKey" => self.describe_key(r, account),
            "ListKeys" => self.list_keys(r, account),
            "EnableKey" => self.switch_key(r, account, true),
            "DisableKey" => self.switch_key(r, account, false),
            "ScheduleKeyDeletion" => self.schedule_key_deletion(r, account),
            "CancelKeyDeletion" => self.cancel_key_deletion(r, account),
            "ReplicateKey" => self.replicate_key(r, account),
            "UpdatePrimaryRegion" => self.update_primary_region(r, account),
            "Encrypt" => self.encrypt(r, account),
            "Decrypt" => self.decrypt(r, account),
            "ReEncrypt" => self.re_encrypt(r, account),
            "GenerateDataKey" => self.data_key(r, account, true),
            "GenerateDataKeyWithoutPlaintext" => self.data_key(r, account, false),
            "Sign" => self.sign(r, account),
            "Verify" => self.verify(r, account),
            "GetPublicKey" => self.get_public_key(r, account),
            "GenerateMac" => self.generate_mac(r, account),
            "VerifyMac" => self.verify_mac(r, account),
            "EnableKeyRotation" => self.switch_rotation(r, account, true),
            "DisableKeyRotation" => self.switch_rotation(r, account, false),
            "GetKeyRotationStatus" => self.rotation_status(r, account),
            "RotateKeyOnDemand" => self.rotate_on_demand(r, account),
            "ListKeyRotations" => self.list_key_rotations(r, account),
            "GetKeyPolicy" => self.get_key_policy(r, account),
            "PutKeyPolicy" => self.put_key_policy(r, account),
            "TagResource" => self.tag_resource(r, account),
            "UntagResource" => self.untag_resource(r, account),
            "ListResourceTags" => self.list_resource_tags(r, account),
            "UpdateKeyDescription" => self.update_key_description(r, account),
            "CreateAlias" => self.put_alias(r, account, true),
            "UpdateAlias" => self.put_alias(r, account, false),
            "DeleteAlias" => self.delete_alias(r, account),
            "ListAliases" => self.list_aliases(r, account),
            "CreateGrant" => self.create_grant(r, account),
            "ListGrants" => self.list_grants(r, account),
            "ListRetirableGrants" => self.list_retirable_grants(r, account),
            "RevokeGrant" => self.revoke_grant(r, account),
            "RetireGrant" => self.retire_grant(r, account),
            "GetParametersForImport" => self.parameters_for_import(r, account),
            "ImportKeyMaterial" => self.import_key_material(r, account),
            "DeleteImportedKeyMaterial" => self.delete_imported_key_material(r, account),
            "GenerateDataKeyPair" => self.data_key_pair(r, account, true),
            "GenerateDataKeyPairWithoutPlaintext" => self.data_key_pair(r, account, false),
            "GenerateRandom" => self.generate_random(r),
            "DeriveSharedSecret" => self.derive_shared_secret(r, account),
            _ => Err(KmsError::new("UnknownOperationException", "")),
        }
    }
}

/// One authenticated request on its way through the engine. A fault sees it here, and may change
/// the request, the answer, or what the service remembers.
pub struct Turn<'e> {
    pub engine: &'e Engine,
    pub caller: Caller,
    pub operation: String,
    pub body: Map<String, Value>,
}

impl Turn<'_> {
    /// Carries out the request as a conforming endpoint does.
    pub fn run(&self) -> Answer {
        let recorded = self.engine.settings.choices == Choices::Recorded;
        let input = Input::new(self.body.clone(), recorded);
        let pairs = ["GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext"];
        let spec = self.body.get("KeyPairSpec").and_then(Value::as_str);
        let pair = spec.filter(|_| pairs.contains(&self.operation.as_str())).and_then(agreement::pair);
        let caller = &self.caller;
        self.engine.dispatch(&Request {
            caller,
            caller_arn: format!("arn:aws:iam::{}:user/{}", caller.account, caller.user),
            operation: &self.operation,
            input: &input,
            recorded,
            pair,
            now: Instant::now(),
            wall: SystemTime::now(),
        })
    }
}

/// What makes a dry run of Decrypt need no ciphertext.
const IGNORE_CIPHERTEXT: &str = "IGNORE_CIPHERTEXT";

/// Operations that can be tried without effect.
const DRY: [&str; 15] = [
    "Encrypt",
    "Decrypt",
    "ReEncrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "Sign",
    "Verify",
    "GenerateMac",
    "VerifyMac",
    "DeriveSharedSecret",
    "CreateGrant",
    "RevokeGrant",
    "RetireGrant",
];

/// Operations whose answers may be stale: they show what is kept, and use no key material.
fn is_read(operation: &str) -> bool {
    let stem = ["Describe", "List", "GetKey"];
    stem.iter().any(|s| operation.starts_with(s))
}

fn is_known(operation: &str) -> bool {
    const KNOWN: &str = " CreateKey DescribeKey ListKeys EnableKey DisableKey ScheduleKeyDeletion CancelKeyDeletion \
        ReplicateKey UpdatePrimaryRegion Encrypt Decrypt ReEncrypt GenerateDataKey GenerateDataKeyWithoutPlaintext \
        Sign Verify GetPublicKey GenerateMac VerifyMac EnableKeyRotation DisableKeyRotation GetKeyRotationStatus \
        RotateKeyOnDemand ListKeyRotations GetKeyPolicy PutKeyPolicy TagResource UntagResource ListResourceTags \
        UpdateKeyDescription CreateAlias UpdateAlias DeleteAlias ListAliases CreateGrant ListGrants \
        ListRetirableGrants RevokeGrant RetireGrant GetParametersForImport ImportKeyMaterial \
        DeleteImportedKeyMaterial GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext GenerateRandom \
        DeriveSharedSecret ";
    !operation.contains(' ') && KNOWN.contains(&format!(" {operation} "))
}

/// A page of a list: the items, and the marker of the next page.
fn page<T: Clone>(r: &Request, items: &[T]) -> Result<(Vec<T>, Option<String>), KmsError> {
    let limit = r.input.integer("Limit", 1, 1000)?.unwrap_or(100) as usize;
    let marker = r.input.string("Marker", 1, 1024)?;
    r.input.end()?;
    let start = match marker {
        None => 0,
        Some(text) => {
            let offset = text.strip_prefix("page-").and_then(|t| t.parse::<usize>().ok());
            offset.filter(|n| *n <= items.len()).ok_or_else(|| {
                super::error::invalid_marker(if r.recorded { "" } else { "Could not deserialize marker" })
            })?
        }
    };
    let end = (start + limit).min(items.len());
    let next = (end < items.len()).then(|| format!("page-{end}"));
    Ok((items[start..end].to_vec(), next))
}

/// The answer of a list operation.
fn listed(member: &str, page: (Vec<Value>, Option<String>)) -> Value {
    let (items, next) = page;
    let mut answer = serde_json::json!({ member: items, "Truncated": next.is_some() });
    if let Some(next) = next {
        answer["NextMarker"] = next.into();
    }
    answer
}

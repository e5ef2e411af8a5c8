//! Partial recordings: keys that were there before, calls that are missing, and what can therefore not be
//! judged. Nothing is guessed: what an answer shows is taken in, and said to be.

use super::inputs::blinded_by;
use super::symbols::Made;
use super::walk::Walk;
use crate::sequence::recording::{Row, answer};
use mrkspec_model::belief::Judgement;
use mrkspec_model::call::{Arg, Call, Operation};
use mrkspec_model::keyspec::{KeySpec, Origin, Usage};
use mrkspec_model::matching::lookup;
use mrkspec_model::outcome::Response;
use mrkspec_model::rotations::Rotations;
use mrkspec_model::rule::RuleId;
use mrkspec_model::world::{Artifact, Family, KeyState, Materials, Member, Name, Region};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What a key shows only after it was set in a call: of one that was there before nobody knows it.
const SET: [Operation; 7] = [
    Operation::GetKeyRotationStatus,
    Operation::ListKeyRotations,
    Operation::GetKeyPolicy,
    Operation::ListResourceTags,
    Operation::ListGrants,
    Operation::ListRetirableGrants,
    Operation::ListAliases,
];

/// What is not known of a recording's keys.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    /// Families of which a call that changes something was seen since their state was shown last.
    changed: BTreeSet<Name>,
    /// Families of which a deviation leaves open what became of them.
    open: BTreeSet<Name>,
    /// Reads that show what nobody knows.
    blind: BTreeSet<(Name, Operation)>,
    /// What was seen broken, and by answers to what: it needs no earlier deviation to explain it.
    pub(super) broken: BTreeSet<(RuleId, Operation)>,
}

impl Gaps {
    /// A call that changes something was made.
    pub(super) fn changed(&mut self, call: &Call) {
        if !call.op.is_read() {
            self.changed.extend(named(call));
        }
    }

    /// An answer was taken in.
    pub(super) fn taken(&mut self, call: &Call, response: &Response, broken: bool, filled: bool) {
        self.changed(call);
        let Some(family) = named(call) else { return };
        let worked = matches!(response, Response::Success(_));
        if call.op == Operation::DescribeKey && worked {
            self.changed.remove(&family);
            self.open.remove(&family);
        } else if broken && worked && !call.op.is_read() {
            self.open.insert(family.clone());
        }
        if filled && worked {
            self.blind.extend(blinded_by(call.op).iter().map(|op| (family.clone(), *op)));
        }
    }
}

/// The family that a call names.
fn named(call: &Call) -> Option<Name> {
    match call.args.get("KeyId").or_else(|| call.args.get("TargetKeyId"))? {
        Arg::Key(key) => Some(key.name.clone()),
        _ => None,
    }
}

impl Walk<'_> {
    /// Puts in what a row left out and its recording says all the same: the only ciphertext there is.
    pub(super) fn complete(&mut self, made: &mut Made, row: &Row) -> Result<(), String> {
        let call = &mut made.call;
        let (context, algorithm) = match call.op {
            Operation::Decrypt => ("EncryptionContext", "EncryptionAlgorithm"),
            Operation::ReEncrypt => ("SourceEncryptionContext", "SourceEncryptionAlgorithm"),
            _ => return Ok(()),
        };
        if call.args.contains_key("CiphertextBlob") || row.code == "ValidationException" {
            return Ok(());
        }
        let worlds = self.oracle.belief().worlds();
        let artifacts = worlds.iter().flat_map(|w| w.artifacts.iter());
        let by_encryption: BTreeMap<&Name, &Artifact> = artifacts
            .filter(|(_, a)| matches!(a, Artifact::Ciphertext { by, .. } if *by != Operation::ReEncrypt))
            .collect();
        let mut made_here = by_encryption.into_iter();
        let (Some((step, Artifact::Ciphertext { context: pairs, algorithm: by, .. })), None) =
            (made_here.next(), made_here.next())
        else {
            return Err("which ciphertext it is about was left out".into());
        };
        // A row that left out the ciphertext left out what belongs to it.
        let pairs = serde_json::to_value(pairs).unwrap_or_default();
        let (step, by) = (step.clone(), Value::from(by.as_str()));
        call.args.insert("CiphertextBlob".into(), Arg::Result { step, damaged: false });
        if pairs.as_object().is_some_and(|p| !p.is_empty()) {
            call.args.entry(context.into()).or_insert(Arg::Json(pairs));
        }
        call.args.entry(algorithm.into()).or_insert(Arg::Json(by));
        Ok(())
    }

    /// Why a row of a partial recording cannot be judged, if it cannot.
    pub(super) fn not_judged(&mut self, row: &Row, made: &Made, response: &Response) -> Option<String> {
        let call = &made.call;
        let worked = matches!(response, Response::Success(_));
        if row.code == "UnrecognizedClientException" {
            return Some("it is about credentials".into());
        }
        if made.stranger && row.code.starts_with("AccessDenied") {
            return Some("refused to a principal whose policies the recording does not have".into());
        }
        if let Some(member) = made.foreign.as_ref().filter(|_| worked) {
            return Some(format!("it uses a {member} that no recorded answer gave"));
        }
        if worked && call.args.contains_key("Marker") {
            return Some("a later page of a list: the model speaks of whole lists".into());
        }
        if let (Response::Success(body), true) = (response, call.op != Operation::CreateKey)
            && lookup(body, "KeyMetadata.KeyManager").is_some_and(|m| m == "AWS")
        {
            return Some("keys that AWS manages are not in the model".into());
        }
        let family = named(call)?;
        if self.gaps.blind.contains(&(family.clone(), call.op)) && worked {
            return Some("it shows what no recorded call has set".into());
        }
        let by_alias = matches!(call.args.get("KeyId"), Some(Arg::Key(key)) if self.alias_is_new(call, &key.name));
        if by_alias && worked {
            return self.adopt_alias(call, &family, response);
        }
        None
    }

    fn alias_is_new(&self, call: &Call, name: &Name) -> bool {
        let place = (call.region.clone(), name.clone());
        let aliases = self.oracle.belief().worlds().iter().any(|w| w.aliases.contains_key(&place));
        !aliases && !self.oracle.knows(name)
    }

    /// An alias that was made before: the answer says of which key, or nothing can be judged.
    fn adopt_alias(&mut self, call: &Call, alias: &Name, response: &Response) -> Option<String> {
        let Response::Success(body) = response else { return None };
        let shown = lookup(body, "KeyMetadata.Arn").or_else(|| lookup(body, "KeyId")).and_then(Value::as_str);
        let Some(family) = shown.and_then(|arn| self.symbols.family_of(arn)).cloned() else {
            return Some("an alias of which no recorded answer shows the key".into());
        };
        self.oracle.adopt_alias(&call.region, alias, &family);
        None
    }

    /// Takes in a key that no recorded CreateKey made, if the row shows one. Returns whether it did.
    pub(super) fn takes_in(&mut self, row: &Row) -> bool {
        let id = row.input.get("KeyId").and_then(Value::as_str);
        let new = id.is_some_and(|id| self.symbols.family_of(id).is_none() && self.symbols.alias(id).is_none());
        if !new || row.operation != Operation::DescribeKey.name() {
            return false;
        }
        let Response::Success(body) = answer(self.header, Operation::DescribeKey, row).response else { return false };
        let text = |path: &str| lookup(&body, &format!("KeyMetadata.{path}")).and_then(Value::as_str);
        let (Some(arn), Some(id), false) = (text("Arn"), text("KeyId"), text("KeyManager") == Some("AWS")) else {
            return false;
        };
        let Some(families) = families(&row.region.as_str().into(), &body) else { return false };
        let name = self.symbols.adopt(id, arn);
        self.oracle.adopt(&name, &families, arn);
        self.gaps.blind.extend(SET.iter().map(|op| (name.clone(), *op)));
        true
    }

    /// Whether a deviation of a partial recording says nothing against the endpoint; then why.
    pub(super) fn gap(
        &mut self,
        row: &Row,
        call: &Call,
        response: &Response,
        judged: &Judgement,
    ) -> Option<&'static str> {
        let family = named(call)?;
        if row.passed_on || !self.oracle.knows(&family) {
            return None;
        }
        let open = self.gaps.open.contains(&family);
        let shows = call.op == Operation::DescribeKey && matches!(response, Response::Success(_));
        if shows && (open || !self.gaps.changed.contains(&family)) && only_state(judged) {
            self.stopped = self.oracle.take_as_given(call, response, judged);
            self.gaps.open.remove(&family);
            return Some("taken in: it shows a change that no recorded call explains");
        }
        let again = judged.mismatches.iter().all(|m| self.gaps.broken.contains(&(m.rule, call.op)));
        (open && !shows && !again).then_some("it may follow from a deviation, and no answer has shown the key since")
    }
}

/// Whether nothing differs but what calls can change.
fn only_state(judged: &Judgement) -> bool {
    let settable = ["KeyState", "Enabled", "DeletionDate", "PendingDeletionWindowInDays", "Description"];
    let shown = |path: &str| settable.iter().any(|s| path.strip_prefix("KeyMetadata.") == Some(s));
    judged.mismatches.iter().all(|m| shown(&m.path))
}

/// Every family that DescribeKey can mean by this: of the other members only the Regions are known.
fn families(region: &Region, body: &Value) -> Option<Vec<Family>> {
    let metadata = body.get("KeyMetadata")?;
    let text = |member: &str| metadata.get(member).and_then(Value::as_str);
    let state = |name: &str| STATES.into_iter().find(|s| s.name() == name);
    let multi_region = metadata.get("MultiRegion")?.as_bool()?;
    let origin = [Origin::AwsKms, Origin::External].into_iter().find(|o| Some(o.name()) == text("Origin"))?;
    let config = metadata.get("MultiRegionConfiguration");
    let named = |member: &Value| member.get("Region").and_then(Value::as_str).map(Region::from);
    let primary = config.and_then(|c| named(&c["PrimaryKey"])).filter(|_| multi_region);
    let replicas = config.and_then(|c| c["ReplicaKeys"].as_array()).filter(|_| multi_region);
    let others: BTreeSet<Region> = replicas.into_iter().flatten().filter_map(named).chain(primary.clone()).collect();
    let mut own = Member::new(state(text("KeyState")?)?);
    own.description = text("Description").unwrap_or_default().to_string();
    own.window = metadata.get("PendingDeletionWindowInDays").and_then(Value::as_u64).map(|d| d as u32);
    let family = Family {
        multi_region,
        spec: KeySpec::parse(text("KeySpec")?)?,
        usage: Usage::parse(text("KeyUsage")?)?,
        origin,
        primary: primary.unwrap_or_else(|| region.clone()),
        members: BTreeMap::from([(region.clone(), own)]),
        rotation_enabled: false,
        rotation_period: 365,
        // How many there were nobody knows: up to the limit (F-092).
        rotations: Rotations::up_to(25),
        // Which it has nobody knows.
        materials: Materials::default(),
        promotion: None,
        former_policies: BTreeSet::new(),
    };
    let mut families = vec![family];
    for other in others.iter().filter(|r| *r != region) {
        let with = |state: KeyState| {
            families.iter().cloned().map(move |mut f| {
                f.members.insert(other.clone(), Member::new(state));
                f
            })
        };
        families =
            [KeyState::Enabled, KeyState::Disabled, KeyState::PendingDeletion].into_iter().flat_map(with).collect();
    }
    Some(families)
}

const STATES: [KeyState; 5] = [
    KeyState::Enabled,
    KeyState::Disabled,
    KeyState::PendingDeletion,
    KeyState::PendingReplicaDeletion,
    KeyState::PendingImport,
];

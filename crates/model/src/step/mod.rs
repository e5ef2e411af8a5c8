//! The transition relation, one file a group of operations. Each function reads as a truth
//! table: what stands in the way (every refusal is allowed), else what a success looks like.

mod agreement;
mod alias;
mod attributes;
mod authorize;
mod create;
mod crypto;
mod deletion;
mod describe;
mod grants;
mod import;
mod lists;
mod promote;
mod proofs;
mod replicate;
mod resolve;
mod rotation;
mod state;

use super::call::{Arg, Auth, Call, KeyForm, Operation};
use super::outcome::{Answer, Outcome, Refusals};
use super::rule::RuleId;
use super::rules::*;
use super::shape;
use super::world::{KeyState, Since, World};
use Operation::*;

/// Every allowed outcome of a call in a world. Never empty.
pub fn step(world: &World, call: &Call) -> Vec<Outcome> {
    let mut outcomes = outcomes(world, call);
    for outcome in &mut outcomes {
        // A refusal where success is due breaks the most telling rule about that success.
        let telling = |r: &&RuleId| matches!(**r, UPR_035 | REP_016) || (**r == KEY_009 && !by_key_id(call));
        if let (Answer::Success(_), Some(rule)) = (&outcome.answer, outcome.rules.iter().find(telling)) {
            outcome.blame = *rule;
        }
    }
    if call.auth != Auth::Valid || call.raw_body.is_some() || call.op == Unknown {
        return outcomes;
    }
    // In a state other than Enabled, a refusal where success is due breaks the key-state table.
    let state = addressed_state(world, call).or_else(|| alias_state(world, call));
    if let (Some(row), Some(state)) = (state_row(call.op.name()), state)
        && !matches!(state, KeyState::Enabled | KeyState::Updating | KeyState::Creating)
    {
        let telling = [STA_002, DEL_013, IMP_016];
        let due = outcomes.iter_mut().filter(|o| matches!(o.answer, Answer::Success(_)) && o.rules.contains(&row));
        let due = due.filter(|o| !telling.contains(&o.blame));
        due.for_each(|o| o.blame = row);
    }
    outcomes.extend(odd_policy(world, call));
    authorize::apply(world, call, outcomes)
}

/// A policy that goes beyond what the model reads may be refused as malformed: what AWS checks in
/// one is not among the facts.
fn odd_policy(world: &World, call: &Call) -> Vec<Outcome> {
    let mut optional = Refusals::default();
    if call.text("Policy").is_some_and(|text| !super::document::is_plain(text)) {
        optional.refuse(&["MalformedPolicyDocumentException"], &[AUT_030]);
    }
    optional.outcomes(world)
}

/// Whether the form of KeyId is no reason for a failure: it is the plain key id, or a decryption,
/// which has reasons of its own to fail.
fn by_key_id(call: &Call) -> bool {
    call.op == Decrypt || !matches!(call.args.get("KeyId"), Some(Arg::Key(key)) if key.form != KeyForm::Id)
}

fn outcomes(world: &World, call: &Call) -> Vec<Outcome> {
    let mut refusals = Refusals::default();
    if call.auth != Auth::Valid {
        refuse_authentication(call.auth, &mut refusals);
        let mut unchanged = world.clone();
        // What changes nevertheless is blamed on AUT-005.
        if let Some(Arg::Key(key)) = call.args.get("KeyId")
            && world.families.contains_key(&key.name)
        {
            unchanged.family_mut(&key.name).since = Since::Unauthenticated;
        }
        return refusals.outcomes(&unchanged);
    }
    if call.op == Unknown {
        refusals.refuse(&["UnknownOperationException"], &[WIRE_010]);
        return refusals.outcomes(world);
    }
    shape::check(call, &mut refusals);
    if call.raw_body.is_some() {
        return refusals.outcomes(world);
    }
    match call.op {
        CreateKey => create::create_key(world, call, refusals),
        ReplicateKey => replicate::replicate_key(world, call, refusals),
        UpdatePrimaryRegion => promote::update_primary_region(world, call, refusals),
        DescribeKey => describe::describe_key(world, call, refusals),
        EnableKey | DisableKey => state::switch(world, call, refusals),
        ScheduleKeyDeletion => deletion::schedule(world, call, refusals),
        CancelKeyDeletion => deletion::cancel(world, call, refusals),
        Encrypt => crypto::encrypt(world, call, refusals),
        Decrypt => crypto::decrypt(world, call, refusals),
        ReEncrypt => crypto::re_encrypt(world, call, refusals),
        GenerateDataKey | GenerateDataKeyWithoutPlaintext => crypto::data_key(world, call, refusals),
        Sign | Verify => proofs::signature(world, call, refusals),
        GenerateMac | VerifyMac => proofs::mac(world, call, refusals),
        GetPublicKey => proofs::public_key(world, call, refusals),
        EnableKeyRotation | DisableKeyRotation => rotation::switch(world, call, refusals),
        GetKeyRotationStatus => rotation::status(world, call, refusals),
        RotateKeyOnDemand => rotation::on_demand(world, call, refusals),
        ListKeyRotations => rotation::list(world, call, refusals),
        GetKeyPolicy => attributes::get_policy(world, call, refusals),
        PutKeyPolicy => attributes::put_policy(world, call, refusals),
        TagResource => attributes::tag(world, call, refusals),
        UntagResource => attributes::untag(world, call, refusals),
        ListResourceTags => attributes::list_tags(world, call, refusals),
        UpdateKeyDescription => attributes::describe_as(world, call, refusals),
        CreateAlias | UpdateAlias => alias::put(world, call, refusals),
        DeleteAlias => alias::delete(world, call, refusals),
        ListAliases => lists::list_aliases(world, call, refusals),
        ListKeys => lists::list_keys(world, call, refusals),
        CreateGrant => grants::create(world, call, refusals),
        ListGrants => grants::list(world, call, refusals),
        ListRetirableGrants => grants::list_retirable(world, call, refusals),
        RevokeGrant | RetireGrant => grants::remove(world, call, refusals),
        GetParametersForImport => import::parameters(world, call, refusals),
        ImportKeyMaterial => import::import(world, call, refusals),
        DeleteImportedKeyMaterial => import::delete(world, call, refusals),
        GenerateDataKeyPair | GenerateDataKeyPairWithoutPlaintext => agreement::key_pair(world, call, refusals),
        GenerateRandom => agreement::random(world, call, refusals),
        DeriveSharedSecret => agreement::derive(world, call, refusals),
        Unknown => unreachable!("answered above"),
    }
}

/// The key state of the member that the call addresses, if it addresses one: the column of the
/// key-state table that its answer exercises.
pub fn addressed_state(world: &World, call: &Call) -> Option<KeyState> {
    let member = if call.args.contains_key("TargetKeyId") { "TargetKeyId" } else { "KeyId" };
    let target = resolve::key(world, call, member, &mut Refusals::default())?;
    Some(target.state())
}

/// The state of the key behind the alias that the call names.
fn alias_state(world: &World, call: &Call) -> Option<KeyState> {
    let Some(Arg::AliasName(alias)) = call.args.get("AliasName") else {
        return None;
    };
    let family = world.family(world.aliases.get(&(call.region.clone(), alias.clone()))?)?;
    family.effective_state(&call.region)
}

/// F-007: any of the documented codes is accepted, whatever is wrong with the signature.
fn refuse_authentication(auth: Auth, refusals: &mut Refusals) {
    let rule = match auth {
        Auth::Unsigned => AUT_001,
        Auth::WrongSignature => AUT_002,
        Auth::UnknownKey => AUT_003,
        Auth::Incomplete | Auth::Valid => AUT_004,
    };
    let codes = [
        "MissingAuthenticationTokenException",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "UnrecognizedClientException",
    ];
    refusals.refuse(&codes, &[rule, AUT_005]);
}

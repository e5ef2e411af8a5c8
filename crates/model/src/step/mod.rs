//! The transition relation, one file a group of operations. Each function reads as a truth
//! table: what stands in the way (every refusal is allowed), else what a success looks like.

mod agreement;
mod alias;
mod attributes;
pub(crate) mod authorize;
mod create;
mod crypto;
mod deletion;
mod describe;
mod expiry;
mod grants;
mod import;
mod lists;
mod new_material;
mod promote;
mod proofs;
mod replicate;
pub(crate) mod resolve;
mod rotation;
mod state;
mod wrapping;

use super::call::{Auth, Call, Operation};
use super::outcome::{Outcome, Reason, Refusals};
use super::shape;
use super::world::{KeyState, Name, World};
use Operation::*;

/// Every allowed outcome of a call in a world. Never empty.
pub fn step(world: &World, call: &Call) -> Vec<Outcome> {
    let mut outcomes = outcomes(world, call);
    if call.auth != Auth::Valid || call.raw_body.is_some() || call.op == Unknown {
        return outcomes;
    }
    outcomes.extend(odd_policy(world, call));
    let outcomes = authorize::apply(world, call, outcomes);
    if call.flag("DryRun") && shape::has_member(call.op, "DryRun") { dry_run(world, outcomes) } else { outcomes }
}

/// With DryRun everything is refused as it would be, and what would succeed is told so and not done (F-109).
fn dry_run(world: &World, outcomes: Vec<Outcome>) -> Vec<Outcome> {
    let due = outcomes.iter().any(Outcome::is_success);
    let mut refused: Vec<Outcome> = outcomes.into_iter().filter(|o| !o.is_success()).collect();
    if due {
        let mut refusals = Refusals::default();
        let text = "The request would have succeeded, but the DryRun option is set.";
        let refusal = refusals.refuse(&["DryRunOperationException"], Reason::DryRun);
        refusal.text("DryRunOperationException", &[text.to_string()]);
        refused.extend(refusals.outcomes(world));
    }
    refused
}

/// A policy that goes beyond what the model reads may be refused as malformed: what AWS checks in
/// one is not among the facts.
fn odd_policy(world: &World, call: &Call) -> Vec<Outcome> {
    let mut optional = Refusals::default();
    if call.text("Policy").is_some_and(|text| !super::document::is_plain(text)) {
        optional.refuse(&["MalformedPolicyDocumentException"], Reason::MalformedPolicy);
    }
    optional.outcomes(world)
}

fn outcomes(world: &World, call: &Call) -> Vec<Outcome> {
    let mut refusals = Refusals::default();
    if call.auth != Auth::Valid {
        refuse_authentication(call.auth, &mut refusals);
        return refusals.outcomes(world);
    }
    if call.op == Unknown {
        refusals.refuse(&["UnknownOperationException"], Reason::UnknownOperation);
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

/// The families on which a call needs a permission.
pub(crate) fn needed_families(world: &World, call: &Call) -> Vec<Name> {
    authorize::needed(world, call).into_iter().map(|n| n.family).collect()
}

/// F-007: any of the documented codes is accepted, whatever is wrong with the signature.
fn refuse_authentication(auth: Auth, refusals: &mut Refusals) {
    let codes = [
        "MissingAuthenticationTokenException",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "UnrecognizedClientException",
    ];
    refusals.refuse(&codes, Reason::Authentication(auth));
}

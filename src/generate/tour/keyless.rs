//! What concerns no key.

use super::covered::Covered;
use super::kinds::multi_region;
use super::node::{HOMES, MAIN};
use super::walk::Walk;
use crate::generate::menu::{Abilities, wrong_creations};
use crate::sequence::Sequence;
use mrkspec_model::call::{Arg, Auth, Call, KeyForm, KeyRef, Operation};
use mrkspec_model::situation::Situation;

/// What concerns no key: keys that are not made, and requests that are not let in.
pub(super) fn keyless(covered: &mut Covered, sequences: &mut Vec<Sequence>, reachable: &mut Vec<Situation>) {
    let mut walk = Walk::new(&[], Abilities::default(), covered);
    walk.make(&multi_region(), 2);
    let mut calls = wrong_creations(HOMES[0]);
    let promote = || {
        let to = Arg::Json(HOMES[1].into());
        Call::new(Operation::UpdatePrimaryRegion, HOMES[0]).key(&MAIN.into()).with("PrimaryRegion", to)
    };
    for auth in [Auth::Unsigned, Auth::WrongSignature, Auth::UnknownKey, Auth::Incomplete] {
        let describe = Call::new(Operation::DescribeKey, HOMES[0]).key(&MAIN.into());
        calls.push(Call { auth, ..describe.clone() });
        calls.push(Call { auth, ..promote() });
        // It shows that the one before had no effect.
        calls.push(describe);
    }
    // An alias cannot be moved to a key of another usage.
    let keyed = |op, member: &str, name: &str| {
        Call::new(op, HOMES[0]).with(member, Arg::Key(KeyRef { name: name.into(), form: KeyForm::Id }))
    };
    let mac = Call::new(Operation::CreateKey, HOMES[0]).with("KeySpec", Arg::Json("HMAC_256".into()));
    calls.push(Call { name: "h".into(), ..mac.with("KeyUsage", Arg::Json("GENERATE_VERIFY_MAC".into())) });
    for (op, key) in [(Operation::CreateAlias, MAIN), (Operation::UpdateAlias, "h")] {
        calls.push(keyed(op, "TargetKeyId", key).with("AliasName", Arg::AliasName("used".into())));
    }
    calls.push(keyed(Operation::ListAliases, "KeyId", "h"));
    calls.push(keyed(Operation::ListAliases, "KeyId", MAIN));
    calls.push(Call { raw_body: Some("{".into()), ..promote() });
    calls.push(Call::new(Operation::Unknown, HOMES[0]));
    for call in calls {
        walk.meet(call, reachable);
    }
    sequences.push(walk.finish(format!("tour/{:03}", sequences.len() + 1), "what concerns no key"));
}

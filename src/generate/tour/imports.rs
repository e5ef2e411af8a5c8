//! What the graph of key states does not tell apart: whether a member that lacks material has had any. The walks
//! import into every member first; these sequences do not.

use super::covered::Covered;
use super::kinds::external;
use super::node::{HOMES, MAIN, Move};
use super::walk::Walk;
use crate::generate::menu::{Abilities, REGIONS};
use crate::sequence::Sequence;
use mrkspec_model::call::{Arg, Call, Caller, Operation};
use serde_json::json;
use std::time::Duration;

/// Imports into members that never had material, and what is done to members without any.
pub(super) fn imports(abilities: Abilities, covered: &mut Covered, sequences: &mut Vec<Sequence>) {
    let mut add = |multi: bool, calls: Vec<Call>| {
        let mut walk = Walk::new(&[], abilities, covered);
        walk.make(&external(multi), 1);
        calls.into_iter().for_each(|call| walk.send(call));
        let number = sequences.len() + 1;
        sequences.push(walk.finish(format!("tour/{number:03}"), "members that never had material"));
    };
    add(true, elsewhere());
    add(true, without_the_primary(abilities));
    add(
        false,
        vec![on(Operation::DeleteImportedKeyMaterial, 0), deletion(0), on(Operation::DeleteImportedKeyMaterial, 0)],
    );
}

fn on(op: Operation, home: usize) -> Call {
    Call::new(op, HOMES[home]).key(&MAIN.into())
}

fn deletion(home: usize) -> Call {
    on(Operation::ScheduleKeyDeletion, home).with("PendingWindowInDays", Arg::Json(json!(7)))
}

fn replica(region: &str) -> Call {
    on(Operation::ReplicateKey, 0).with("ReplicaRegion", Arg::Json(json!(region)))
}

/// Material comes to a replica while another member is disabled.
fn elsewhere() -> Vec<Call> {
    use Operation::*;
    let mut calls = Move::Import(0).calls(&"p0".into());
    calls.extend([replica(HOMES[1]), on(DisableKey, 0)]);
    let mut expiring = Move::Import(1).calls(&"p1".into());
    if let Some(call) = expiring.pop() {
        let month = Arg::In(Duration::from_secs(30 * 86_400));
        expiring.push(call.with("ExpirationModel", Arg::Json("KEY_MATERIAL_EXPIRES".into())).with("ValidTo", month));
    }
    calls.extend(expiring);
    calls.extend([on(DescribeKey, 0), on(EnableKey, 0), replica(HOMES[2]), on(DisableKey, 1)]);
    calls.extend(Move::Import(2).calls(&"p2".into()));
    calls.extend([on(DescribeKey, 1), on(EnableKey, 1), replica(REGIONS[3])]);
    calls.push(Call::new(DeleteImportedKeyMaterial, REGIONS[3]).key(&MAIN.into()));
    calls
}

/// What a primary without material shows of what happens to its replica.
fn without_the_primary(abilities: Abilities) -> Vec<Call> {
    use Operation::*;
    let mut calls = Move::Import(0).calls(&"p0".into());
    calls.extend([replica(HOMES[1]), on(DeleteImportedKeyMaterial, 0)]);
    calls.extend(Move::Import(1).calls(&"p1".into()));
    calls.extend([on(DescribeKey, 0), on(DeleteImportedKeyMaterial, 1)]);
    calls.extend(Move::Import(1).calls(&"p2".into()));
    calls.extend([on(DescribeKey, 0), deletion(1), on(DescribeKey, 0)]);
    if abilities.limited {
        calls.extend([Call { caller: Caller::Limited, ..on(DescribeKey, 0) }, on(DescribeKey, 0)]);
    }
    calls
}

//! The kinds of families that tours are about.

use super::node::HOMES;
use super::walk::Walk;
use crate::generate::menu::creations;
use mrkspec_model::call::{Arg, Call, Operation};

/// One kind of family that tours are about.
pub(super) struct Kind {
    pub(super) create: Call,
    pub(super) members: usize,
    pub(super) title: String,
    pub(super) operations: Vec<Operation>,
    /// Everything there is to ask: permissions, attributes, pairs of changes.
    pub(super) full: bool,
}

impl Kind {
    /// Makes the keys of a sequence, and what later calls need.
    pub(super) fn begin(&self, walk: &mut Walk) {
        match self.imports() {
            true => walk.make_and_import(&self.create, self.members),
            // With a grant that replicas must not get.
            false if self.full && self.members > 1 => walk.make_with_grant(&self.create, self.members),
            false => walk.make(&self.create, self.members),
        }
        if self.full && self.members > 1 {
            walk.make_beside(&Call::new(Operation::CreateKey, HOMES[0]));
        }
        walk.provide();
    }

    /// Whether its key material is imported.
    pub(super) fn imports(&self) -> bool {
        self.create.text("Origin") == Some("EXTERNAL")
    }
}

pub(super) fn kinds() -> Vec<Kind> {
    use Operation::*;
    let everything: Vec<Operation> = Operation::ALL.iter().copied().filter(|op| *op != CreateKey).collect();
    let core = [DescribeKey, UpdatePrimaryRegion, ReplicateKey, DisableKey, EnableKey];
    let deletion = [ScheduleKeyDeletion, CancelKeyDeletion];
    let rotation = [EnableKeyRotation, DisableKeyRotation, GetKeyRotationStatus, RotateKeyOnDemand, ListKeyRotations];
    let import = [GetParametersForImport, ImportKeyMaterial, DeleteImportedKeyMaterial];
    let crypto: Vec<Operation> = Operation::ALL.iter().copied().filter(|op| op.is_cryptographic()).collect();
    let mut list = Vec::new();
    // One without any options begins the sequences about policies and pairs.
    let plain = multi_region();
    for create in creations(HOMES[0]).into_iter().filter(|c| *c != plain) {
        let multi = create.flag("MultiRegion");
        let spec = create.text("KeySpec").unwrap_or("SYMMETRIC_DEFAULT").to_string();
        let external = create.text("Origin") == Some("EXTERNAL");
        let symmetric = spec == "SYMMETRIC_DEFAULT";
        let operations: Vec<Operation> = match () {
            () if symmetric && !external => everything.clone(),
            () if external => [&core[..], &deletion, &rotation, &import, &[Encrypt, Decrypt, ReEncrypt]].concat(),
            () => [&core[..], &deletion, &rotation, &crypto].concat(),
        };
        let members = match () {
            () if !multi => 1,
            () if symmetric && !external => 3,
            () => 2,
        };
        let usage = create.text("KeyUsage").unwrap_or("");
        let kind = if external { "EXTERNAL".into() } else { format!("{spec} {usage}").trim().to_string() };
        let title = format!("{kind}, {}", if multi { "multi-Region" } else { "single-Region" });
        list.push(Kind { create, members, title, operations, full: symmetric && !external });
    }
    list
}

/// The request for a multi-Region key without any options.
pub(super) fn multi_region() -> Call {
    Call::new(Operation::CreateKey, HOMES[0]).with("MultiRegion", Arg::Json(true.into()))
}

/// The request for a key whose material is imported.
pub(super) fn external(multi: bool) -> Call {
    let origin = Call::new(Operation::CreateKey, HOMES[0]).with("Origin", Arg::Json("EXTERNAL".into()));
    if multi { origin.with("MultiRegion", Arg::Json(true.into())) } else { origin }
}

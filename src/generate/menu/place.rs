//! Where a call is made, and what its arguments are made of.

use mrkspec_model::call::{Arg, Call, KeyForm, KeyRef, Operation};
use mrkspec_model::world::{Artifact, Family, Name, World};
use serde_json::Value;

/// The Regions that generated sequences use.
pub const REGIONS: [&str; 4] = ["us-east-1", "eu-west-1", "ap-southeast-2", "us-west-2"];

/// What generated sequences may contain: who can call, and what can be waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Abilities {
    /// Calls by the limited principal: its credentials are configured.
    pub limited: bool,
    /// Calls by another account.
    pub other: bool,
    /// Waiting periods end soon (see `--day`).
    pub short_days: bool,
}

/// A Region, and the family that a call there is about. The family need not have a member in it.
#[derive(Clone, Copy)]
pub struct Place<'w> {
    pub world: &'w World,
    pub name: &'w Name,
    pub family: &'w Family,
    pub region: &'w str,
    pub abilities: Abilities,
}

impl Place<'_> {
    /// A call without arguments.
    pub(super) fn call(&self, op: Operation) -> Call {
        Call::new(op, self.region)
    }

    /// A call on the key, by its id.
    pub(super) fn on(&self, op: Operation) -> Call {
        self.call(op).with(op.key_member(), self.key(KeyForm::Id))
    }

    pub(super) fn key(&self, form: KeyForm) -> Arg {
        Arg::Key(KeyRef { name: self.name.clone(), form })
    }

    /// An alias of the key in this Region, if there is one.
    pub(super) fn alias(&self) -> Option<&Name> {
        let here = self.world.aliases.iter().filter(|((r, _), _)| **r == *self.region);
        here.filter(|(_, f)| *f == self.name).map(|((_, alias), _)| alias).next()
    }

    /// Names of the steps whose results fit, in order.
    pub(super) fn made(&self, fits: impl Fn(&Artifact) -> bool) -> Vec<&Name> {
        self.world.artifacts.iter().filter(|(_, a)| fits(a)).map(|(n, _)| n).collect()
    }
}

/// A text argument.
pub(super) fn text(s: impl Into<String>) -> Arg {
    Arg::Json(Value::String(s.into()))
}

/// The result of a step.
pub(super) fn result(step: &Name) -> Arg {
    Arg::Result { step: step.clone(), damaged: false }
}

/// The result of a step, with a flipped bit.
pub(super) fn damaged(step: &Name) -> Arg {
    Arg::Result { step: step.clone(), damaged: true }
}

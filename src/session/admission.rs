//! Whether a sequence can be run at all: with the callers that it names, and at an endpoint that evaluates
//! policies if it is about them.

use super::{Enforcement, Record, Shared};
use crate::sequence::Sequence;
use mrkspec_model::call::{Call, Caller};
use mrkspec_model::rules;
use std::collections::BTreeSet;

/// What is to become of a sequence.
pub(super) enum Admission {
    /// It is run; `enforced`: policies have a say in what its calls come to.
    Run { enforced: bool },
    /// It needs something that was not given.
    Skip(String),
    /// It is about policies, and the endpoint evaluates none (F-118).
    NotEnforced,
    /// It is about policies, and whether they are evaluated cannot be found out.
    Stop(String),
}

impl Admission {
    /// Notes why the sequence is not run.
    pub(super) fn note(self, record: &mut Record) {
        match self {
            Admission::Run { .. } => {}
            Admission::Skip(why) => record.skipped = Some(why),
            Admission::NotEnforced => record.not_enforced = true,
            Admission::Stop(why) => record.stopped = Some(why),
        }
    }
}

impl Shared {
    /// What is to become of a sequence at this endpoint.
    pub(super) async fn admit(&self, sequence: &Sequence) -> Admission {
        let target = self.link.target();
        if !sequence.rules.iter().any(|r| rules::get(*r).needs.policies()) {
            // Not about policies, but they may have a say in it.
            let touched = |c: &Call| c.args.contains_key("Policy") || c.caller != Caller::Admin;
            let enforced = match sequence.calls().any(touched) {
                true => matches!(self.enforcement().await, Enforcement::Yes(_)),
                false => self.enforcement_so_far() != Some(Enforcement::No),
            };
            return Admission::Run { enforced };
        }
        let callers: BTreeSet<Caller> = sequence.calls().map(|c| c.caller).collect();
        let missing = match () {
            () if callers.contains(&Caller::Limited) && target.limited.is_none() => Some("--limited-profile"),
            () if callers.contains(&Caller::Other) && target.other.is_none() => Some("--other-account-profile"),
            () => None,
        };
        if let Some(option) = missing {
            return Admission::Skip(format!("needs a second principal (see {option})"));
        }
        match self.enforcement().await {
            Enforcement::Yes(_) => Admission::Run { enforced: true },
            Enforcement::No => Admission::NotEnforced,
            Enforcement::Unknown(why) => Admission::Stop(why),
        }
    }
}

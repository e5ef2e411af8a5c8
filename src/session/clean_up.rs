//! Nothing left behind: keys are marked and noted before they are asked for, and their deletion
//! is scheduled when the sequence is over.

use super::{Entry, Session};
use crate::transport::{Answer, encode};
use mrkspec_model::call::{Arg, Call, Operation};
use mrkspec_model::matching::lookup;
use mrkspec_model::outcome::Response;
use mrkspec_model::world::{KeyState, Name, Region};
use serde_json::{Value, json};
use std::borrow::Cow;

/// The tag by which keys of this tool are found.
pub(super) const TAG: &str = "mrkspec:run";

/// Tags that a key can have.
const MOST_TAGS: usize = 50;

impl Session<'_> {
    /// The call with the tag by which its key is found if the answer never comes.
    pub(super) fn mark<'c>(&self, call: &'c Call) -> Cow<'c, Call> {
        if call.op != Operation::CreateKey || !self.shared.link.target().keeps_keys {
            return Cow::Borrowed(call);
        }
        let mut marked = call.clone();
        let tag = json!({ "TagKey": TAG, "TagValue": self.token });
        match marked.args.entry("Tags".into()).or_insert_with(|| Arg::Json(json!([]))) {
            Arg::Json(Value::Array(list)) if list.len() < MOST_TAGS => list.push(tag),
            _ => {}
        }
        Cow::Owned(marked)
    }

    pub(super) fn note_asked(&self, call: &Call) -> std::io::Result<()> {
        if call.op != Operation::CreateKey {
            return Ok(());
        }
        let asked = Entry::Asked { region: call.region.to_string(), token: self.token.clone() };
        self.shared.ledger.write(&asked)
    }

    pub(super) fn note_made(&self, call: &Call, response: &Response) {
        let Response::Success(body) = response else { return };
        let (region, path) = match call.op {
            Operation::CreateKey => (call.region.to_string(), "KeyMetadata.KeyId"),
            Operation::ReplicateKey => {
                (call.text("ReplicaRegion").unwrap_or_default().to_string(), "ReplicaKeyMetadata.KeyId")
            }
            _ => return,
        };
        self.shared.count_key();
        let Some(key_id) = lookup(body, path).and_then(Value::as_str) else { return };
        let made = Entry::Made { region, key_id: key_id.to_string(), token: self.token.clone() };
        // The Asked line is on disk: a key whose Made line is missing is still found by its tag.
        let _ = self.shared.ledger.write(&made);
    }

    /// Schedules the deletion of every member that may exist, replicas first.
    pub(super) async fn clean_up(&mut self) {
        if !self.shared.link.target().keeps_keys || self.shared.link.lacks(Operation::ScheduleKeyDeletion) {
            return;
        }
        let mut complete = true;
        for family in self.oracle.families() {
            let Some(id) = self.oracle.bindings().key_id(&family).map(str::to_string) else {
                complete = false;
                continue;
            };
            for region in self.members_left(&family) {
                complete &= self.schedule_deletion(&family, &region, &id).await;
            }
        }
        if complete {
            let _ = self.shared.ledger.write(&Entry::Done { token: self.token.clone() });
        }
    }

    /// Members that are not pending deletion as far as is known, the primary last.
    fn members_left(&self, family: &Name) -> Vec<Region> {
        let mut members = self.oracle.regions(family);
        if let Some(known) = self.oracle.belief().worlds().iter().find_map(|w| w.family(family)) {
            members.retain(|r| !known.effective_state(r).is_some_and(KeyState::is_pending_deletion));
            members.sort_by_key(|r| *r == known.primary);
        }
        members
    }

    async fn schedule_deletion(&mut self, family: &Name, region: &Region, id: &str) -> bool {
        let call = Call::new(Operation::ScheduleKeyDeletion, region)
            .key(family)
            .with("PendingWindowInDays", Arg::Json(json!(7)));
        let Ok(body) = encode(&call, self.oracle.bindings()) else { return true };
        match self.shared.link.exchange(&call, &body, &mut ()).await.answer {
            Answer::Came(decoded) if matches!(decoded.response, Response::Success(_)) => {
                let done = Entry::Scheduled { region: region.to_string(), key_id: id.to_string() };
                let _ = self.shared.ledger.write(&done);
                true
            }
            _ => false,
        }
    }
}

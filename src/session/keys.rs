//! Nothing left behind: keys are marked and noted before they are asked for, and their deletion
//! is scheduled when the sequence is over.

use super::driver::Driver;
use super::ledger::Entry;
use super::settle::regions;
use mrkspec_model::call::{Arg, Call, Operation};
use mrkspec_model::matching::lookup;
use mrkspec_model::outcome::Response;
use mrkspec_model::world::{KeyState, Name};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering::Relaxed;

impl Driver<'_> {
    /// The call with the tag by which its key is found if the answer never comes.
    pub(super) fn mark(&self, call: &Call) -> Call {
        let mut marked = call.clone();
        if call.op != Operation::CreateKey || !self.shared.client.target().keeps_keys {
            return marked;
        }
        let tag = json!({ "TagKey": "mrkspec:run", "TagValue": self.token });
        match marked.args.entry("Tags".into()).or_insert_with(|| Arg::Json(json!([]))) {
            Arg::Json(Value::Array(list)) if list.len() < 50 => list.push(tag),
            _ => {}
        }
        marked
    }

    pub(super) fn note_asked(&self, call: &Call) -> std::io::Result<()> {
        if call.op != Operation::CreateKey {
            return Ok(());
        }
        let asked = Entry::Asked { region: call.region.to_string(), token: self.token.clone() };
        self.shared.ledger.write(&asked)
    }

    pub(super) fn note_made(&self, call: &Call, response: &Response) {
        let Response::Success(body) = response else {
            return;
        };
        let (region, path) = match call.op {
            Operation::CreateKey => (call.region.to_string(), "KeyMetadata.KeyId"),
            Operation::ReplicateKey => {
                (call.text("ReplicaRegion").unwrap_or_default().to_string(), "ReplicaKeyMetadata.KeyId")
            }
            _ => return,
        };
        self.shared.keys_created.fetch_add(1, Relaxed);
        let Some(key_id) = lookup(body, path).and_then(Value::as_str) else {
            return;
        };
        let made = Entry::Made { region, key_id: key_id.to_string(), token: self.token.clone() };
        // The Asked line is on disk: a key whose Made line is missing is still found by its tag.
        let _ = self.shared.ledger.write(&made);
    }

    /// Schedules the deletion of every member that may exist, replicas first.
    pub(super) async fn clean_up(&mut self) {
        if !self.shared.client.target().keeps_keys || self.shared.lacks(Operation::ScheduleKeyDeletion) {
            return;
        }
        let families: BTreeSet<Name> = self.belief.worlds().iter().flat_map(|w| w.families.keys().cloned()).collect();
        let mut complete = true;
        for family in families {
            let Some(id) = self.belief.bindings.key_id(&family).map(str::to_string) else {
                complete = false;
                continue;
            };
            let world = self.belief.worlds().iter().find_map(|w| w.family(&family).cloned());
            let mut members = regions(&self.belief, &family);
            if let Some(known) = &world {
                members.sort_by_key(|r| *r == known.primary);
            }
            for region in members {
                let state = world.as_ref().and_then(|f| f.effective_state(&region));
                if state.is_some_and(KeyState::is_pending_deletion) {
                    continue;
                }
                let call = Call::new(Operation::ScheduleKeyDeletion, &region)
                    .key(&family)
                    .with("PendingWindowInDays", Arg::Json(json!(7)));
                let Ok(body) = crate::transport::encode(&call, &self.belief.bindings) else {
                    continue;
                };
                match self.shared.exchange(&call, body).await.decoded.response {
                    Response::Success(_) => {
                        let done = Entry::Scheduled { region: region.to_string(), key_id: id.clone() };
                        let _ = self.shared.ledger.write(&done);
                    }
                    _ => complete = false,
                }
            }
        }
        if complete {
            let _ = self.shared.ledger.write(&Entry::Done { token: self.token.clone() });
        }
    }
}

//! Did the endpoint forget everything? One that was started anew is empty, and no answer says so: what a sequence sees
//! then is no mistake of the operation that it asked for. Keys of other sequences that are under way tell.

use super::Shared;
use crate::transport::Answer;
use mrkspec_model::call::{Arg, Call, Operation};
use mrkspec_model::outcome::Response;
use serde_json::json;
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

/// Keys of other sequences that must be gone before the endpoint is taken to have forgotten them all.
const LEAST: usize = 2;

/// Keys that must exist.
#[derive(Debug, Default)]
pub(super) struct Witnesses(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    keys: Vec<Witness>,
    /// When the endpoint was last found to have forgotten everything.
    forgot: Option<Instant>,
}

#[derive(Clone, Debug)]
struct Witness {
    /// The sequence that made it.
    token: String,
    region: String,
    key_id: String,
    made: Instant,
}

impl Witnesses {
    /// An answer told of a key.
    pub(super) fn add(&self, token: &str, region: &str, key_id: &str) {
        let made = Instant::now();
        self.lock().keys.push(Witness { token: token.into(), region: region.into(), key_id: key_id.into(), made });
    }

    /// Keys of this sequence may be deleted from now on.
    pub(super) fn forget(&self, token: &str) {
        self.lock().keys.retain(|w| w.token != token);
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(|e| e.into_inner())
    }
}

impl Shared {
    /// Whether the endpoint has forgotten the keys of all sequences since a sequence that began at `began` had an answer
    /// that was right, `right` after.
    pub(super) async fn is_forgetful(&self, token: &str, began: Instant, right: Instant) -> bool {
        let asked: Vec<Witness> = {
            let known = self.witnesses.lock();
            if known.forgot.is_some_and(|at| began < at) {
                return true;
            }
            let mut others: Vec<Witness> =
                known.keys.iter().filter(|w| w.token != token && w.made < right).cloned().collect();
            others.dedup_by(|a, b| a.token == b.token);
            others
        };
        let mut gone = 0;
        for witness in asked.iter().rev() {
            match self.exists(witness).await {
                Some(true) => return false,
                Some(false) => gone += 1,
                None => {}
            }
            if gone == LEAST {
                self.witnesses.lock().forgot = Some(Instant::now());
                return true;
            }
        }
        false
    }

    /// Whether a witness exists; `None` when that cannot be told, or it may have been deleted in the meantime.
    async fn exists(&self, witness: &Witness) -> Option<bool> {
        let call = Call::new(Operation::DescribeKey, &witness.region).with("KeyId", Arg::Json(json!(witness.key_id)));
        let body = json!({ "KeyId": witness.key_id }).to_string();
        let answer = self.link.exchange(&call, &body, &mut ()).await.answer;
        let counts = self.witnesses.lock().keys.iter().any(|w| w.token == witness.token);
        match answer {
            Answer::Came(decoded) if counts => match decoded.response {
                Response::Success(_) => Some(true),
                Response::Error { code, .. } => (code == "NotFoundException").then_some(false),
                Response::Lost(_) => None,
            },
            _ => None,
        }
    }
}

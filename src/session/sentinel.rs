//! Did the endpoint forget everything? One that was started anew is empty, and no answer says so: what a sequence sees
//! then is no mistake of the operation that it asked for. A key that no sequence touches tells.

use super::clean_up::tag;
use super::{Entry, Shared};
use crate::transport::Answer;
use mrkspec_model::call::{Arg, Call, Operation};
use mrkspec_model::outcome::Response;
use serde_json::{Value, json};
use std::time::Instant;

const REGION: &str = "us-east-1";

/// How often an endpoint may be started anew in one run. One that forgets more often does so of itself, and that is wrong.
const RESTARTS: u32 = 2;

/// The key that is there to be found.
#[derive(Debug, Default)]
pub(super) struct Sentinel {
    /// Its id; nothing inside when none could be made.
    key_id: Option<Option<String>>,
    /// When it was last found to be gone.
    forgot: Option<Instant>,
    /// How often it was.
    times: u32,
}

impl Shared {
    /// Makes the key, if there is none yet, before any sequence makes one. Real AWS is not started anew, nor is the
    /// endpoint in this process.
    pub(super) async fn post_sentinel(&self) {
        let target = self.link.target();
        if target.is_aws() || target.name == "embedded" {
            return;
        }
        let mut sentinel = self.sentinel.lock().await;
        if sentinel.key_id.is_none() {
            sentinel.key_id = Some(self.make_sentinel().await);
        }
    }

    async fn make_sentinel(&self) -> Option<String> {
        let token = format!("{}-sentinel", self.run());
        let body = match self.link.target().keeps_keys {
            true => json!({ "Tags": [tag(&token)] }),
            false => json!({}),
        };
        let call = Call::new(Operation::CreateKey, REGION);
        let (exchange, made) = self.exchange_noted(&call, &body.to_string(), &token, &mut ()).await;
        drop(exchange);
        let (_, key_id) = made?;
        // An endpoint that does not find what it made would seem to have forgotten it, whatever is wrong.
        let found = self.about_sentinel(Operation::DescribeKey, json!({ "KeyId": key_id })).await;
        matches!(found, Some(Response::Success(_))).then_some(key_id)
    }

    /// Whether the endpoint has forgotten everything since this moment.
    pub async fn has_forgotten_since(&self, began: Instant) -> bool {
        let mut sentinel = self.sentinel.lock().await;
        if sentinel.forgot.is_some_and(|at| began < at) {
            return true;
        }
        let Some(Some(key_id)) = &sentinel.key_id else { return false };
        if sentinel.times >= RESTARTS {
            return false;
        }
        let gone = match self.about_sentinel(Operation::DescribeKey, json!({ "KeyId": key_id })).await {
            Some(Response::Error { code, .. }) => code == "NotFoundException",
            _ => false,
        };
        if gone {
            sentinel.forgot = Some(Instant::now());
            sentinel.times += 1;
            sentinel.key_id = Some(self.make_sentinel().await);
        }
        gone
    }

    /// The run is over: nobody needs the key any more.
    pub(crate) async fn dismiss_sentinel(&self) {
        let Some(Some(key_id)) = self.sentinel.lock().await.key_id.take() else { return };
        if !self.link.target().keeps_keys {
            return;
        }
        let request = json!({ "KeyId": key_id, "PendingWindowInDays": 7 });
        if let Some(Response::Success(_)) = self.about_sentinel(Operation::ScheduleKeyDeletion, request).await {
            let _ = self.ledger.write(&Entry::Scheduled { region: REGION.into(), key_id });
        }
    }

    async fn about_sentinel(&self, op: Operation, request: Value) -> Option<Response> {
        let key_id = Arg::Json(request["KeyId"].clone());
        let call = Call::new(op, REGION).with("KeyId", key_id);
        match self.link.exchange(&call, &request.to_string(), &mut ()).await.answer {
            Answer::Came(decoded) => Some(decoded.response),
            _ => None,
        }
    }
}

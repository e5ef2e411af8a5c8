//! Does the endpoint evaluate key policies at all? Asked once, with a probe that cannot be misread:
//! the same call works before a policy denies it to everyone, and is asked again afterwards.

use super::clean_up::tag;
use super::{Entry, Shared};
use crate::transport::{Answer, Pauses};
use mrkspec_model::call::{Arg, Call, Operation};
use mrkspec_model::outcome::Response;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What the probe found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Enforcement {
    /// A policy took effect within this time.
    Yes(Duration),
    /// Explicitly denied calls go on working (F-118).
    No,
    /// The question cannot be put; why.
    Unknown(String),
}

/// How long a local endpoint may take until a policy has effect.
const LOCAL_PATIENCE: Duration = Duration::from_secs(2);

const REGION: &str = "us-east-1";

impl Shared {
    /// Whether policies are evaluated. The first one who asks sends the probe.
    pub async fn enforcement(&self) -> Enforcement {
        self.enforcement.get_or_init(|| self.probe_policies()).await.clone()
    }

    /// What is known of it so far, without asking.
    pub fn enforcement_so_far(&self) -> Option<Enforcement> {
        self.enforcement.get().cloned()
    }

    async fn probe_policies(&self) -> Enforcement {
        let token = format!("{}-policies", self.run());
        let mut create = Call::new(Operation::CreateKey, REGION);
        if self.link.target().keeps_keys {
            create = create.with("Tags", Arg::Json(json!([tag(&token)])));
        }
        let made = match self.answer(&create, &token).await {
            Response::Success(body) => body["KeyMetadata"].clone(),
            other => return unknown("CreateKey", &other),
        };
        let Some(id) = made["KeyId"].as_str().map(str::to_string) else {
            return Enforcement::Unknown("CreateKey gave no KeyId".into());
        };
        let found = self.ask_before_and_after(&id, made["AWSAccountId"].as_str().unwrap_or(""), &token).await;
        if self.link.target().keeps_keys {
            let delete = on(Operation::ScheduleKeyDeletion, &id).with("PendingWindowInDays", Arg::Json(json!(7)));
            if let Response::Success(_) = self.answer(&delete, &token).await {
                let _ = self.ledger.write(&Entry::Scheduled { region: REGION.into(), key_id: id });
            }
        }
        found
    }

    async fn ask_before_and_after(&self, id: &str, account: &str, token: &str) -> Enforcement {
        let question = on(Operation::GenerateDataKeyWithoutPlaintext, id).with("KeySpec", Arg::Json(json!("AES_256")));
        match self.answer(&question, token).await {
            Response::Success(_) => {}
            other => return unknown("GenerateDataKeyWithoutPlaintext", &other),
        }
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": [
                { "Sid": "root", "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{account}:root") },
                  "Action": "kms:*", "Resource": "*" },
                { "Sid": "probe", "Effect": "Deny", "Principal": { "AWS": "*" },
                  "Action": "kms:GenerateDataKeyWithoutPlaintext", "Resource": "*" },
            ],
        });
        let put = on(Operation::PutKeyPolicy, id)
            .with("PolicyName", Arg::Json(json!("default")))
            .with("Policy", Arg::Json(json!(policy.to_string())));
        match self.answer(&put, token).await {
            Response::Success(_) => {}
            other => return unknown("PutKeyPolicy", &other),
        }
        let started = Instant::now();
        let target = self.link.target();
        let patience = if target.is_aws() { target.settle_timeout } else { target.settle_timeout.min(LOCAL_PATIENCE) };
        let mut pauses = Pauses::until_settled();
        loop {
            // What counts is when it was asked: an answer may be long on its way.
            let asked = started.elapsed();
            match self.answer(&question, token).await {
                Response::Error { code, .. } if code.starts_with("AccessDenied") => {
                    let fast = started.elapsed() < Duration::from_millis(100);
                    return Enforcement::Yes(if fast { Duration::ZERO } else { started.elapsed() * 2 });
                }
                Response::Success(_) if asked >= patience => return Enforcement::No,
                Response::Success(_) => {}
                other => return unknown("GenerateDataKeyWithoutPlaintext", &other),
            }
            pauses.pause().await;
        }
    }

    /// Sends a call of the probe.
    async fn answer(&self, call: &Call, token: &str) -> Response {
        let body: serde_json::Map<String, Value> = call
            .args
            .iter()
            .filter_map(|(k, v)| match v {
                Arg::Json(value) => Some((k.clone(), value.clone())),
                _ => None,
            })
            .collect();
        match self.exchange(call, &Value::Object(body).to_string(), token, &mut ()).await.0.answer {
            Answer::Came(decoded) | Answer::Failed(decoded) => decoded.response,
            Answer::Unsupported(why) | Answer::Unreadable(why) | Answer::Nothing(why) => Response::Lost(why),
        }
    }
}

fn on(op: Operation, id: &str) -> Call {
    Call::new(op, REGION).with("KeyId", Arg::Json(json!(id)))
}

fn unknown(op: &str, response: &Response) -> Enforcement {
    let words = mrkspec_model::matching::describe_response(response);
    Enforcement::Unknown(format!("whether policies are evaluated cannot be found out: {op} gave {words}"))
}

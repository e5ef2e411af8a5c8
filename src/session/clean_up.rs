//! Nothing left behind: keys are marked and noted before they are asked for, and their deletion
//! is scheduled when the sequence is over. What that leaves open is for the sweep at the end of the run.

use super::{Entry, Session, Shared};
use crate::transport::{Answer, Exchange, Watch, encode};
use mrkspec_model::call::{Arg, Call, Operation};
use mrkspec_model::matching::lookup;
use mrkspec_model::outcome::Response;
use mrkspec_model::world::{Family, KeyState};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The tag by which keys of this tool are found.
pub(super) const TAG: &str = "mrkspec:run";

/// The tag with this value.
pub(super) fn tag(token: &str) -> Value {
    json!({ "TagKey": TAG, "TagValue": token })
}

/// Tags that a key can have.
const MOST_TAGS: usize = 50;

/// A member: its Region and its key id.
pub(super) type Member = (String, String);

/// What a request may make.
enum Makes {
    Key,
    Replica(Option<Member>),
}

impl Makes {
    fn of(call: &Call, body: &str) -> Option<Makes> {
        match call.op {
            Operation::CreateKey => Some(Makes::Key),
            Operation::ReplicateKey => Some(Makes::Replica(replica(body))),
            _ => None,
        }
    }
}

/// The member that a ReplicateKey asks for; `None` when it names none.
fn replica(body: &str) -> Option<Member> {
    let body: Value = serde_json::from_str(body).ok()?;
    let key = body["KeyId"].as_str()?;
    Some((body["ReplicaRegion"].as_str()?.to_string(), key.rsplit('/').next()?.to_string()))
}

impl Shared {
    /// Sends a call. A key that it may make is noted before and after, with the value of the tag that it
    /// has. Returns the member that it made as well.
    pub(super) async fn exchange(
        &self,
        call: &Call,
        body: &str,
        token: &str,
        watch: &mut impl Watch,
    ) -> (Exchange, Option<Member>) {
        if call.op == Operation::CreateKey {
            self.post_sentinel().await;
        }
        self.exchange_noted(call, body, token, watch).await
    }

    /// Asks something outside of any sequence, with a body that is written out. Keys that it makes are noted and marked like
    /// all others; `token` tells whose they are.
    #[cfg(feature = "cli")]
    pub async fn ask(&self, call: &Call, body: &Value, token: &str) -> Exchange {
        let token = format!("{}-{token}", self.run());
        let mut body = body.clone();
        if call.op == Operation::CreateKey && self.link.target().keeps_keys {
            body["Tags"] = json!([tag(&token)]);
        }
        self.exchange(call, &body.to_string(), &token, &mut ()).await.0
    }

    /// The same, for whoever needs no sentinel.
    pub(super) async fn exchange_noted(
        &self,
        call: &Call,
        body: &str,
        token: &str,
        watch: &mut impl Watch,
    ) -> (Exchange, Option<Member>) {
        let Some(makes) = Makes::of(call, body) else {
            return (self.link.exchange(call, body, watch).await, None);
        };
        let token = token.to_string();
        let before = match &makes {
            Makes::Key => Some(Entry::Asked { region: call.region.to_string(), token: token.clone() }),
            Makes::Replica(Some((region, key_id))) => {
                Some(Entry::Replicating { region: region.clone(), key_id: key_id.clone(), token: token.clone() })
            }
            Makes::Replica(None) => None,
        };
        if let Some(Err(e)) = before.as_ref().map(|entry| self.ledger.write(entry)) {
            let why = format!("the ledger {} cannot be written: {e}", self.ledger.path.display());
            return (Exchange::none(why), None);
        }
        let exchange = self.link.exchange(call, body, watch).await;
        let made = made(call, &makes, &exchange.answer);
        let after = match made.clone() {
            Some((region, key_id)) => Some(Entry::Made { region, key_id, token, sure: !exchange.unsure }),
            // A success that names no key has made one all the same.
            None => before.map(|_| Entry::Refused { token, sure: !exchange.unsure && !succeeded(&exchange.answer) }),
        };
        if succeeded(&exchange.answer) {
            self.count_key();
        }
        // The line before is on disk: without this one the key is still looked for.
        let _ = after.map(|entry| self.ledger.write(&entry));
        (exchange, made)
    }
}

fn succeeded(answer: &Answer) -> bool {
    matches!(answer, Answer::Came(decoded) if matches!(decoded.response, Response::Success(_)))
}

/// The member that an answer tells of.
fn made(call: &Call, makes: &Makes, answer: &Answer) -> Option<Member> {
    let Answer::Came(decoded) = answer else { return None };
    let Response::Success(body) = &decoded.response else { return None };
    let text = |path: &str| lookup(body, path).and_then(Value::as_str).map(str::to_string);
    match makes {
        Makes::Key => Some((call.region.to_string(), text("KeyMetadata.KeyId")?)),
        Makes::Replica(asked) => {
            let (region, key_id) = asked.clone()?;
            Some((region, text("ReplicaKeyMetadata.KeyId").unwrap_or(key_id)))
        }
    }
}

/// What is believed of a member when the sequence is over.
#[derive(Clone, Copy, Default)]
struct Believed {
    primary: bool,
    pending: bool,
}

impl Session<'_> {
    /// The call with the tag by which its key is found if the answer never comes.
    pub(super) fn mark<'c>(&self, call: &'c Call) -> Cow<'c, Call> {
        if call.op != Operation::CreateKey || !self.shared.link.target().keeps_keys {
            return Cow::Borrowed(call);
        }
        let mut marked = call.clone();
        let tag = tag(&self.token);
        match marked.args.entry("Tags".into()).or_insert_with(|| Arg::Json(json!([]))) {
            Arg::Json(Value::Array(list)) if list.len() < MOST_TAGS => list.push(tag),
            _ => {}
        }
        Cow::Owned(marked)
    }

    /// Schedules the deletion of every member that is known, replicas first. What does not work at once, such as a
    /// member that is Updating, stays open in the ledger.
    pub(super) async fn clean_up(&mut self) {
        if !self.shared.link.target().keeps_keys || self.shared.link.lacks(Operation::ScheduleKeyDeletion) {
            return;
        }
        let mut members: Vec<(Member, Believed)> = self.members().into_iter().collect();
        members.sort_by_key(|(_, believed)| believed.primary);
        for ((region, key_id), believed) in members {
            // Only what is certain is asked about: a read alone may be stale.
            let settled = if believed.pending {
                let found = self.about(Operation::DescribeKey, &region, &key_id).await;
                match found {
                    Some(Response::Success(body)) => lookup(&body, "KeyMetadata.KeyState")
                        .and_then(Value::as_str)
                        .is_some_and(|s| s == "PendingDeletion" || s == "PendingReplicaDeletion"),
                    Some(Response::Error { code, .. }) => code == "NotFoundException",
                    _ => false,
                }
            } else {
                let done = self.about(Operation::ScheduleKeyDeletion, &region, &key_id).await;
                matches!(done, Some(Response::Success(_)))
            };
            if settled {
                let _ = self.shared.ledger.write(&Entry::Scheduled { region, key_id });
            }
        }
    }

    /// Every member that an answer told of, or that is believed to exist.
    fn members(&self) -> BTreeMap<Member, Believed> {
        let mut all = BTreeMap::new();
        let mut ids = BTreeSet::new();
        let worlds = self.oracle.belief().worlds();
        for family in self.oracle.families() {
            let Some(id) = self.oracle.bindings().key_id(&family) else { continue };
            ids.insert(id);
            for region in self.oracle.regions(&family) {
                let in_all = |fits: &dyn Fn(&Family) -> bool| {
                    !worlds.is_empty() && worlds.iter().all(|w| w.family(&family).is_some_and(fits))
                };
                let believed = Believed {
                    primary: in_all(&|f| f.primary == region),
                    pending: in_all(&|f| f.effective_state(&region).is_some_and(KeyState::is_pending_deletion)),
                };
                all.insert((region.to_string(), id.to_string()), believed);
            }
        }
        for member in &self.made {
            // Of a family that is known, it is believed to be deleted.
            let believed = Believed { primary: false, pending: ids.contains(&*member.1) };
            all.entry(member.clone()).or_insert(believed);
        }
        all
    }

    /// Asks for a member by its id.
    async fn about(&self, op: Operation, region: &str, key_id: &str) -> Option<Response> {
        let mut call = Call::new(op, region).with("KeyId", Arg::Json(json!(key_id)));
        if op == Operation::ScheduleKeyDeletion {
            call = call.with("PendingWindowInDays", Arg::Json(json!(7)));
        }
        let body = encode(&call, self.oracle.bindings()).ok()?;
        match self.shared.link.exchange(&call, &body, &mut ()).await.answer {
            Answer::Came(decoded) => Some(decoded.response),
            _ => None,
        }
    }
}

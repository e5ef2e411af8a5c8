//! Looking for keys by their tag: those of a CreateKey of which no answer told.

use super::{Left, Refusal, Sweep, Swept};
use crate::session::clean_up::TAG;
use crate::session::ledger::Entry;
use crate::session::open::Open;
use crate::transport::Pauses;
use mrkspec_model::call::Operation;
use mrkspec_model::matching::lookup;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;
use tokio::task::JoinSet;

/// Keys whose tags are read side by side.
const SIDE_BY_SIDE: usize = 16;
/// Pages of keys that are read in one Region: a list without an end must not be read for ever.
const MOST_PAGES: usize = 2000;
/// How far the endpoint's clock and ours may differ, in seconds.
const SKEW: u64 = 3600;

/// The keys of one Region whose tags cannot be read, and why.
type Untold = BTreeMap<String, String>;

/// What was found out about one Region.
#[derive(Default)]
pub(super) struct Searched {
    /// Keys whose tags have been read.
    seen: BTreeSet<String>,
    /// Tokens of which a key was found.
    found: BTreeSet<String>,
    untold: Untold,
    /// Why the keys cannot be listed at all.
    failed: Option<String>,
}

/// A key that may exist, named by its tag.
pub(super) fn unfound(region: &str, token: &str, why: String) -> Left {
    Left { key: format!("a key with the tag {TAG}={token}"), region: region.into(), state: None, why }
}

impl Sweep {
    /// Looks for the keys of which no answer told, in every Region in which one was asked for. What is found is
    /// noted. Gives what could not be looked at.
    /// Those in flight are waited for.
    pub(super) async fn search(
        &self,
        open: &Open,
        in_flight: &BTreeSet<(String, String)>,
    ) -> BTreeMap<String, Searched> {
        let mut tokens: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (region, token) in open.unfound() {
            tokens.entry(region.clone()).or_default().insert(token.clone());
        }
        let mut tasks = JoinSet::new();
        for (region, tokens) in tokens {
            let (sweep, open) = (self.clone(), open.clone());
            let here = in_flight.iter().filter(|(at, _)| *at == region);
            let mut missing: BTreeSet<String> = here.map(|(_, token)| token.clone()).collect();
            tasks.spawn(async move {
                let mut searched = Searched::default();
                let mut pauses = Pauses::until_settled();
                loop {
                    let now = Instant::now();
                    sweep.search_region(&region, &tokens, &open, &mut searched).await;
                    missing.retain(|token| !searched.found.contains(token));
                    // What was begun late enough saw all that there is.
                    if now >= sweep.sure_at && (missing.is_empty() || now >= sweep.made_at) {
                        return (region, searched);
                    }
                    let until = if missing.is_empty() || now < sweep.sure_at { sweep.sure_at } else { sweep.made_at };
                    pauses.pause_within(until.saturating_duration_since(Instant::now())).await;
                }
            });
        }
        let mut all = BTreeMap::new();
        while let Some(result) = tasks.join_next().await {
            match result {
                Ok((region, searched)) => drop(all.insert(region, searched)),
                Err(e) if e.is_panic() => std::panic::resume_unwind(e.into_panic()),
                Err(_) => {}
            }
        }
        all
    }

    async fn search_region(&self, region: &str, tokens: &BTreeSet<String>, open: &Open, searched: &mut Searched) {
        searched.untold.clear();
        let keys = match self.keys(region).await {
            Ok(keys) => keys,
            Err(why) => {
                searched.failed = Some(format!("ListKeys gave {why}"));
                return;
            }
        };
        searched.failed = None;
        let unknown = keys.into_iter().filter(|k| !searched.seen.contains(k) && !open.knows(k));
        let mut left = unknown.collect::<Vec<_>>().into_iter();
        let mut tasks = JoinSet::new();
        loop {
            while tasks.len() < SIDE_BY_SIDE
                && let Some(key) = left.next()
            {
                let (sweep, region) = (self.clone(), region.to_string());
                tasks.spawn(async move { (sweep.tag(&region, &key).await, key) });
            }
            let Some(result) = tasks.join_next().await else { return };
            match result {
                Ok((Ok(tag), key)) => {
                    if let Some(token) = tag.filter(|tag| tokens.contains(tag)) {
                        self.note(&Entry::Found { region: region.to_string(), key_id: key.clone() });
                        searched.found.insert(token);
                    }
                    searched.seen.insert(key);
                }
                // It is deleted by now, or this read is from before it was made: if it is listed again, it is looked
                // at again.
                Ok((Err(why), _)) if why.is("NotFoundException") => {}
                Ok((Err(why), key)) => drop(searched.untold.insert(key, format!("ListResourceTags gave {why}"))),
                Err(e) if e.is_panic() => std::panic::resume_unwind(e.into_panic()),
                Err(_) => {}
            }
        }
    }

    /// Every key of a Region.
    async fn keys(&self, region: &str) -> Result<Vec<String>, Refusal> {
        let mut keys = Vec::new();
        let mut marker = None;
        for _ in 0..MOST_PAGES {
            let mut request = vec![("Limit", json!(1000))];
            request.extend(marker.map(|m| ("Marker", m)));
            let page = self.ask(Operation::ListKeys, region, &request).await?;
            let list = page["Keys"].as_array().into_iter().flatten();
            keys.extend(list.filter_map(|k| k["KeyId"].as_str().map(str::to_string)));
            marker = Some(page["NextMarker"].clone()).filter(|m| m.is_string() && page["Truncated"] == true);
            if marker.is_none() {
                return Ok(keys);
            }
        }
        Err(Refusal::Nothing("a list without an end".into()))
    }

    /// The value of our tag on a key.
    async fn tag(&self, region: &str, key: &str) -> Result<Option<String>, Refusal> {
        let request = [("KeyId", json!(key)), ("Limit", json!(50))];
        let tags = self.ask(Operation::ListResourceTags, region, &request).await?;
        let tag = tags["Tags"].as_array().into_iter().flatten().find(|t| t["TagKey"] == TAG);
        Ok(tag.and_then(|t| t["TagValue"].as_str()).map(str::to_string))
    }

    /// Closes what was looked for, or lists why that cannot be said. Comes after the families: a key that is pending
    /// deletion by now needs no tags.
    pub(super) async fn conclude_search(&self, open: &Open, all: BTreeMap<String, Searched>, swept: &mut Swept) {
        for (region, searched) in all {
            let mut untold = Vec::new();
            for (key, why) in searched.untold {
                if let Some(state) = self.may_be_ours(&region, &key, open.began).await {
                    let why = format!("whether it is of this run cannot be told: {why}");
                    untold.push(Left { key, region: region.clone(), state, why });
                }
            }
            for (at, token) in open.unfound().iter().filter(|(at, _)| *at == region) {
                match &searched.failed {
                    Some(why) => swept.left.push(unfound(at, token, why.clone())),
                    None if untold.is_empty() => {
                        self.note(&Entry::Searched { region: at.clone(), token: token.clone() });
                    }
                    None => {}
                }
            }
            swept.left.extend(untold);
        }
    }

    /// The state of a key whose tags cannot be read, if it may be one of the run that began then.
    async fn may_be_ours(&self, region: &str, key: &str, began: Option<u64>) -> Option<Option<String>> {
        let body = match self.ask(Operation::DescribeKey, region, &[("KeyId", json!(key))]).await {
            Ok(body) => body,
            Err(why) if why.is("NotFoundException") => return None,
            Err(_) => return Some(None),
        };
        let text = |path: &str| lookup(&body, path).and_then(Value::as_str).map(str::to_string);
        let state = text("KeyMetadata.KeyState");
        let is_pending = state.as_deref().is_some_and(|s| s == "PendingDeletion" || s == "PendingReplicaDeletion");
        let is_managed = text("KeyMetadata.KeyManager").as_deref() == Some("AWS");
        let created = body["KeyMetadata"]["CreationDate"].as_f64();
        let is_older = created.zip(began).is_some_and(|(at, began)| at < began.saturating_sub(SKEW) as f64);
        (!is_pending && !is_managed && !is_older).then_some(state)
    }
}

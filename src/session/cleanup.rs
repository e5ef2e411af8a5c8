//! Finding and deleting what a killed run left behind.

use super::clean_up::TAG;
use super::ledger::{Entry, Ledger};
use crate::transport::Client;
use crate::transport::error_code;
use mrkspec_model::call::Auth;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What a cleanup did.
#[derive(Clone, Debug, Default)]
pub struct Cleaned {
    pub ledgers: usize,
    pub scheduled: usize,
    /// Keys that do not exist any more or are pending deletion already.
    pub gone: usize,
    /// What could not be done, in words.
    pub failed: Vec<String>,
}

/// Schedules the deletion of every key that the ledgers of this endpoint name, also of those
/// whose answer never came (they are found by their tag). A ledger that is done is removed.
///
/// # Errors
/// When the ledgers cannot be read or the endpoint cannot be reached.
pub async fn cleanup(client: &Client) -> Result<Cleaned, String> {
    let directory = Ledger::directory();
    let mut cleaned = Cleaned::default();
    let Ok(files) = std::fs::read_dir(&directory) else {
        return Ok(cleaned);
    };
    for file in files.flatten().map(|f| f.path()).filter(|p| p.extension().is_some_and(|e| e == "jsonl")) {
        let entries = Ledger::read(&file).map_err(|e| format!("{} cannot be read: {e}", file.display()))?;
        let ours =
            matches!(entries.first(), Some(Entry::Run { endpoint, .. }) if *endpoint == client.target().endpoint);
        if !ours {
            continue;
        }
        cleaned.ledgers += 1;
        let failures = cleaned.failed.len();
        for (region, key_id) in open_keys(client, &entries).await? {
            match schedule(client, &region, &key_id).await? {
                Scheduled::Now => cleaned.scheduled += 1,
                Scheduled::Gone => cleaned.gone += 1,
                Scheduled::Refused(why) => cleaned.failed.push(format!("{key_id} in {region}: {why}")),
            }
        }
        if cleaned.failed.len() == failures {
            std::fs::remove_file(&file).map_err(|e| format!("{} cannot be removed: {e}", file.display()))?;
        }
    }
    Ok(cleaned)
}

/// Members that exist as far as the ledger knows, replicas before their primaries.
async fn open_keys(client: &Client, entries: &[Entry]) -> Result<Vec<(String, String)>, String> {
    let mut open: Vec<(String, String)> = Vec::new();
    let mut done = BTreeSet::new();
    let mut asked: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in entries {
        match entry {
            Entry::Made { region, key_id, .. } => open.push((region.clone(), key_id.clone())),
            Entry::Scheduled { region, key_id } => open.retain(|m| m != &(region.clone(), key_id.clone())),
            Entry::Asked { region, token } => {
                asked.entry(region.clone()).or_default().insert(token.clone());
            }
            Entry::Done { token } => {
                done.insert(token.clone());
            }
            Entry::Run { .. } => {}
        }
    }
    for (region, tokens) in &asked {
        let lost: BTreeSet<&String> = tokens.iter().filter(|t| !done.contains(*t)).collect();
        if !lost.is_empty() {
            for key_id in tagged(client, region, &lost).await? {
                let member = (region.clone(), key_id);
                if !open.contains(&member) {
                    open.push(member);
                }
            }
        }
    }
    // Later members of a family are its replicas: they go first.
    open.reverse();
    Ok(open)
}

/// Keys in a Region that carry one of these run tokens.
async fn tagged(client: &Client, region: &str, tokens: &BTreeSet<&String>) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let mut marker = None;
    loop {
        let mut request = json!({ "Limit": 1000 });
        if let Some(marker) = marker {
            request["Marker"] = marker;
        }
        let page =
            ask(client, region, "ListKeys", &request).await?.map_err(|e| format!("ListKeys in {region}: {e}"))?;
        for key in page["Keys"].as_array().unwrap_or(&Vec::new()) {
            let tags = ask(client, region, "ListResourceTags", &json!({ "KeyId": key["KeyId"] })).await?;
            let tags = tags.unwrap_or_default();
            let ours = tags["Tags"].as_array().is_some_and(|list| {
                list.iter().any(|t| t["TagKey"] == TAG && tokens.iter().any(|token| t["TagValue"] == token.as_str()))
            });
            if let Some(id) = key["KeyId"].as_str().filter(|_| ours) {
                found.push(id.to_string());
            }
        }
        marker = Some(page["NextMarker"].clone()).filter(|m| m.is_string() && page["Truncated"] == true);
        if marker.is_none() {
            return Ok(found);
        }
    }
}

enum Scheduled {
    Now,
    Gone,
    Refused(String),
}

async fn schedule(client: &Client, region: &str, key_id: &str) -> Result<Scheduled, String> {
    let request = json!({ "KeyId": key_id, "PendingWindowInDays": 7 });
    Ok(match ask(client, region, "ScheduleKeyDeletion", &request).await? {
        Ok(_) => Scheduled::Now,
        Err(why) if why.starts_with("NotFoundException") || why.contains("pending") => Scheduled::Gone,
        Err(why) => Scheduled::Refused(why),
    })
}

/// One call; the inner error is the endpoint's, the outer one says that it cannot be reached.
async fn ask(client: &Client, region: &str, operation: &str, request: &Value) -> Result<Result<Value, String>, String> {
    let sent = client.send(region, operation, request.to_string(), Auth::Valid).await;
    let raw = sent.map_err(|e| format!("{} cannot be reached: {e:?}", client.target().url(region)))?;
    let body: Value = serde_json::from_slice(&raw.body).unwrap_or_default();
    if raw.status == 200 {
        return Ok(Ok(body));
    }
    let code = error_code(body["__type"].as_str().unwrap_or("no KMS answer"));
    let text = body.get("message").or(body.get("Message")).and_then(Value::as_str).unwrap_or("");
    Ok(Err(format!("{code}: {text}")))
}

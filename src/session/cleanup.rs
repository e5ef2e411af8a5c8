//! Finding and deleting what a killed run left behind.

use super::clean_up::TAG;
use super::ledger::{Entry, Ledger};
use crate::transport::{Client, SendError, error_code};
use mrkspec_model::call::Auth;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;

/// Why a cleanup ended before everything was looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CleanupError {
    /// A ledger cannot be read.
    #[error("{} cannot be read", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// Everything that a ledger names is settled, and it cannot be removed.
    #[error("{} cannot be removed, though everything in it is settled", path.display())]
    Remove { path: PathBuf, source: io::Error },
    /// The endpoint does not answer.
    #[error("{url} cannot be reached")]
    Unreachable { url: String, source: SendError },
    /// Keys whose ids never came cannot be looked for.
    #[error("ListKeys in {region}")]
    List { region: String, source: Refusal },
}

/// An exception of the endpoint.
#[derive(Debug, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refusal {
    pub code: String,
    pub message: String,
}

impl Refusal {
    /// The key is not there, or already on its way out.
    fn is_gone(&self) -> bool {
        self.code == "NotFoundException" || self.message.contains("pending")
    }
}

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
pub async fn cleanup(client: &Client) -> Result<Cleaned, CleanupError> {
    let directory = Ledger::directory();
    let mut cleaned = Cleaned::default();
    let Ok(files) = std::fs::read_dir(&directory) else {
        return Ok(cleaned);
    };
    for file in files.flatten().map(|f| f.path()).filter(|p| p.extension().is_some_and(|e| e == "jsonl")) {
        let entries = Ledger::read(&file).map_err(|source| CleanupError::Read { path: file.clone(), source })?;
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
            std::fs::remove_file(&file).map_err(|source| CleanupError::Remove { path: file, source })?;
        }
    }
    Ok(cleaned)
}

/// Members that exist as far as the ledger knows, replicas before their primaries.
async fn open_keys(client: &Client, entries: &[Entry]) -> Result<Vec<(String, String)>, CleanupError> {
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
async fn tagged(client: &Client, region: &str, tokens: &BTreeSet<&String>) -> Result<Vec<String>, CleanupError> {
    let mut found = Vec::new();
    let mut marker = None;
    loop {
        let mut request = json!({ "Limit": 1000 });
        if let Some(marker) = marker {
            request["Marker"] = marker;
        }
        let page = ask(client, region, "ListKeys", &request).await?;
        let page = page.map_err(|source| CleanupError::List { region: region.to_string(), source })?;
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
    Refused(Refusal),
}

async fn schedule(client: &Client, region: &str, key_id: &str) -> Result<Scheduled, CleanupError> {
    let request = json!({ "KeyId": key_id, "PendingWindowInDays": 7 });
    Ok(match ask(client, region, "ScheduleKeyDeletion", &request).await? {
        Ok(_) => Scheduled::Now,
        Err(why) if why.is_gone() => Scheduled::Gone,
        Err(why) => Scheduled::Refused(why),
    })
}

/// One call; the inner error is the endpoint's, the outer one says that it cannot be reached.
async fn ask(
    client: &Client,
    region: &str,
    operation: &str,
    request: &Value,
) -> Result<Result<Value, Refusal>, CleanupError> {
    let sent = client.send(region, operation, request.to_string(), Auth::Valid).await;
    let raw = sent.map_err(|source| CleanupError::Unreachable { url: client.target().url(region), source })?;
    let body: Value = serde_json::from_slice(&raw.body).unwrap_or_default();
    if raw.status == 200 {
        return Ok(Ok(body));
    }
    let code = error_code(body["__type"].as_str().unwrap_or("no KMS answer"));
    let text = body.get("message").or(body.get("Message")).and_then(Value::as_str).unwrap_or("");
    Ok(Err(Refusal { code, message: text.to_string() }))
}

//! What faults are made of.

use crate::auth::Caller;
use crate::engine::Turn;
use crate::error::{Answer, KmsError};
use crate::store::{Account, Family, Key, State};
use serde_json::{Map, Value, json};
use std::time::Instant;

/// A refusal with this exception.
pub fn refuse(code: &'static str) -> Answer {
    Err(KmsError::new(code, "made wrong on purpose"))
}

/// True for an answer that refuses with this exception.
pub fn is_refused(answer: &Answer, code: &str) -> bool {
    answer.as_ref().is_err_and(|e| e.code == code)
}

impl Turn<'_> {
    /// Whether the operation is one of these (separated by spaces).
    pub fn is(&self, operations: &str) -> bool {
        operations.split_whitespace().any(|o| o == self.operation)
    }

    /// A text member of the request; empty when there is none.
    pub fn text(&self, member: &str) -> String {
        self.body.get(member).and_then(Value::as_str).unwrap_or("").to_string()
    }

    pub fn region(&self) -> String {
        self.caller.region.clone()
    }

    /// The key id that the request names, whether or not there is such a key.
    pub fn key_id(&self) -> String {
        let members = ["KeyId", "TargetKeyId", "SourceKeyId"];
        let given = members.iter().map(|m| self.text(m)).find(|t| !t.is_empty()).unwrap_or_default();
        let name = given.rsplit_once(":alias/").map(|(_, n)| format!("alias/{n}")).unwrap_or(given.clone());
        let slot = (self.region(), name);
        if let Some(alias) = self.on_account(|a| a.aliases.get(&slot).map(|x| x.key_id.clone())) {
            return alias;
        }
        given.rsplit_once("key/").map(|(_, id)| id.to_string()).unwrap_or(given)
    }

    /// Something done with the caller's account.
    pub fn on_account<R>(&self, work: impl FnOnce(&mut Account) -> R) -> R {
        let mut store = self.engine.store();
        work(store.accounts.entry(self.caller.account.clone()).or_default())
    }

    /// Something done with the family that the request names, if there is one.
    pub fn on_family<R>(&self, work: impl FnOnce(&mut Family, &str) -> R) -> Option<R> {
        let (id, region) = (self.key_id(), self.region());
        self.on_account(|a| a.families.get_mut(&id).map(|f| work(f, &region)))
    }

    /// Something done with the member that the request names, if there is one.
    pub fn on_key<R>(&self, work: impl FnOnce(&mut Key) -> R) -> Option<R> {
        self.on_family(|f, region| f.members.get_mut(region).map(work)).flatten()
    }

    /// Whether the request names an HMAC key.
    pub fn is_hmac(&self) -> bool {
        self.on_family(|f, _| f.spec.starts_with("HMAC_")).unwrap_or(false)
    }

    /// The state that the addressed member shows; empty when there is none.
    pub fn state(&self) -> &'static str {
        let shown =
            |f: &mut Family, region: &str| f.members.contains_key(region).then(|| f.state_name(region, Instant::now()));
        self.on_family(shown).flatten().unwrap_or("")
    }

    /// True when the addressed member is a replica.
    pub fn is_replica(&self) -> bool {
        self.on_family(|f, region| f.multi_region && f.primary != region).unwrap_or(false)
    }

    /// How often this was noted before; notes it once more.
    pub fn note(&self, what: &str) -> u64 {
        let mut notes = self.engine.notes();
        let count = notes.entry(what.to_string()).or_default();
        *count += 1;
        *count - 1
    }

    /// How often this was noted about the family that the request names.
    pub fn note_key(&self, what: &str) -> u64 {
        self.note(&format!("{what} {}", self.key_id()))
    }

    /// How often it was noted, without noting it.
    pub fn noted(&self, what: &str) -> u64 {
        self.engine.notes().get(what).copied().unwrap_or(0)
    }

    /// As [`Turn::noted`], about the family that the request names.
    pub fn noted_key(&self, what: &str) -> u64 {
        self.noted(&format!("{what} {}", self.key_id()))
    }

    /// Another operation by the same caller, carried out correctly.
    pub fn ask(&self, operation: &str, body: Value) -> Answer {
        self.ask_in(&self.region(), operation, body)
    }

    /// Another operation in another Region, carried out correctly.
    pub fn ask_in(&self, region: &str, operation: &str, body: Value) -> Answer {
        let Value::Object(body) = body else {
            return Ok(Value::Null);
        };
        let caller = Caller { region: region.into(), ..self.caller.clone() };
        Turn { engine: self.engine, caller, operation: operation.into(), body }.run()
    }

    /// Carries out the request, then changes a successful answer.
    pub fn edit(&mut self, operations: &str, change: impl FnOnce(&Self, &mut Value)) -> Answer {
        let mut answer = self.run();
        if self.is(operations)
            && let Ok(body) = &mut answer
        {
            change(self, body);
        }
        answer
    }

    /// Changes KeyMetadata wherever DescribeKey shows it.
    pub fn edit_metadata(&mut self, change: impl FnOnce(&Self, &mut Map<String, Value>)) -> Answer {
        self.edit("DescribeKey", |t, body| {
            if let Some(meta) = body["KeyMetadata"].as_object_mut() {
                change(t, meta);
            }
        })
    }

    /// Carries out the request, then does something more if it succeeded.
    pub fn then(&mut self, operations: &str, more: impl FnOnce(&Self)) -> Answer {
        let answer = self.run();
        if self.is(operations) && answer.is_ok() {
            more(self);
        }
        answer
    }

    /// Refuses with another exception than the right one.
    pub fn recode(&mut self, operations: &str, right: &str, wrong: &'static str) -> Answer {
        match self.run() {
            Err(e) if self.is(operations) && e.code == right => Err(KmsError::new(wrong, e.message)),
            other => other,
        }
    }

    /// Refuses with another exception than the one whose text has these words.
    pub fn reword(&mut self, operations: &str, words: &str, wrong: &'static str) -> Answer {
        match self.run() {
            Err(e) if self.is(operations) && e.message.contains(words) => Err(KmsError::new(wrong, e.message)),
            other => other,
        }
    }

    /// Says yes, and does nothing, where this exception is due.
    pub fn accept(&mut self, operations: &str, code: &str) -> Answer {
        match self.run() {
            Err(e) if self.is(operations) && e.code == code => Ok(Value::Null),
            other => other,
        }
    }

    /// Refuses these operations in these states.
    pub fn refuse_in(&mut self, operations: &str, states: &str, code: &'static str) -> Answer {
        let state = self.state();
        if self.is(operations) && states.split_whitespace().any(|s| s == state) {
            return refuse(code);
        }
        self.run()
    }

    /// Carries out these operations as if the member were enabled and settled.
    pub fn blind(&mut self, operations: &str) -> Answer {
        if !self.is(operations) {
            return self.run();
        }
        let saved = self.on_family(|f, region| {
            let transit = f.transit.take();
            let key = f.members.get_mut(region)?;
            let saved = (key.state, key.creating_until.take(), key.imported, transit);
            // Deletion of what is pending and the reverse need the state that they look for.
            key.state = if region.is_empty() { key.state } else { State::Enabled };
            Some(saved)
        });
        if self.operation == "CancelKeyDeletion" {
            self.on_key(|k| k.state = State::PendingDeletion);
        }
        let answer = self.run();
        if let Some(Some((state, creating, _, transit))) = saved {
            self.on_family(|f, region| {
                f.transit = transit;
                if let Some(key) = f.members.get_mut(region) {
                    key.creating_until = creating;
                    let changed = ["EnableKey", "DisableKey", "ScheduleKeyDeletion", "CancelKeyDeletion"];
                    let own = changed.contains(&self.operation.as_str()) && answer.is_ok();
                    let imported = matches!(self.operation.as_str(), "ImportKeyMaterial") && answer.is_ok();
                    if !own && !imported {
                        key.state = state;
                    }
                }
            });
        }
        answer
    }

    /// Carries out these operations with the family changed for the time being.
    pub fn with_family(&mut self, operations: &str, change: impl FnOnce(&mut Family, &str)) -> Answer {
        if !self.is(operations) {
            return self.run();
        }
        let before = self.on_family(|f, region| {
            let before = (f.primary.clone(), f.multi_region, f.spec.clone(), f.usage.clone(), f.origin.clone());
            change(f, region);
            before
        });
        let answer = self.run();
        if let Some((primary, multi_region, spec, usage, origin)) = before {
            self.on_family(|f, _| {
                // A promotion that was let through has moved the primary: that stays.
                if self.operation != "UpdatePrimaryRegion" || answer.is_err() {
                    f.primary = primary;
                }
                (f.multi_region, f.spec, f.usage, f.origin) = (multi_region, spec, usage, origin);
            });
        }
        answer
    }

    /// The operation with one member of the request replaced.
    pub fn set(&mut self, member: &str, value: Value) {
        self.body.insert(member.to_string(), value);
    }

    /// KeyMetadata of the addressed key, as it is.
    pub fn metadata(&self) -> Value {
        let id = self.key_id();
        self.ask("DescribeKey", json!({ "KeyId": id })).map(|a| a["KeyMetadata"].clone()).unwrap_or(Value::Null)
    }
}

/// Replaces a text wherever it stands in an answer.
pub fn replace(value: &mut Value, old: &str, new: &str) {
    match value {
        Value::String(text) => *text = text.replace(old, new),
        Value::Array(list) => list.iter_mut().for_each(|v| replace(v, old, new)),
        Value::Object(map) => map.values_mut().for_each(|v| replace(v, old, new)),
        _ => {}
    }
}

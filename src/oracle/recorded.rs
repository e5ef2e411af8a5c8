//! What only recordings need: answers of which parts were left out, and keys that were there before.

use super::{Asked, Oracle, Ruling};
use mrkspec_model::bindings::Slot;
use mrkspec_model::call::Call;
use mrkspec_model::evidence::Evidence;
use mrkspec_model::outcome::Response;
use mrkspec_model::world::{Family, Name, Region};
use serde_json::json;
use std::time::Duration;

impl Oracle {
    /// The next answers are evidence only of what this says; `None`: of everything.
    pub fn admit(&mut self, evidence: Option<Evidence>) {
        self.belief.admit(evidence);
    }

    /// As [`Oracle::hear`], of an answer after which nobody asked again: it is final.
    pub fn hear_last(&mut self, call: &Call, response: &Response, asked: Asked) -> Ruling {
        self.rule_on(call, response, asked, Duration::MAX)
    }

    /// Takes in a key that was made before the recording began, as any of the families that an answer can mean.
    /// `arn` is its own.
    pub fn adopt(&mut self, name: &Name, families: &[Family], arn: &str) {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        if let [_, partition, _, _, account, resource] = parts[..] {
            let id = resource.strip_prefix("key/").unwrap_or(resource);
            let known = [(Slot::KeyId(name.clone()), id), (Slot::Partition, partition), (Slot::Account, account)];
            known.into_iter().for_each(|(slot, value)| self.belief.bindings.set(slot, json!(value)));
        }
        self.history.keep(&self.belief);
        self.belief.adopt(name, families);
    }

    /// Takes in an alias that was made before the recording began.
    pub fn adopt_alias(&mut self, region: &Region, alias: &Name, family: &Name) {
        self.belief.adopt_alias(region, alias, family);
    }

    /// From now on nobody knows how much time passes between calls: what can expire may have expired.
    pub fn lose_time(&mut self) {
        self.schedule.lose_time();
    }

    /// Whether some possible world has the family.
    pub fn knows(&self, family: &str) -> bool {
        self.belief.worlds().iter().any(|w| w.family(family).is_some())
    }
}

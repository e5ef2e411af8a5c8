//! What may still exist after the lines of a ledger: read from a file, or followed while it is written.

use super::ledger::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It was asked for, and no answer told what came of it.
    Doubtful,
    /// It exists.
    Exists,
    /// It is pending deletion, or not there.
    Settled,
}

/// What a token asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Asking {
    Key { region: String },
    Replica { region: String, key_id: String },
}

/// The members of one family, by Region.
pub type Members = BTreeMap<String, Standing>;

/// What may exist, as far as the lines of a ledger tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Open {
    /// The endpoint of the run; `None` before its first line.
    pub endpoint: Option<String>,
    /// When the run began, in seconds since 1970.
    pub began: Option<u64>,
    /// Lines that say nothing to this version: what they were about is not known.
    pub unreadable: usize,
    families: BTreeMap<String, Members>,
    /// What each token asked for last and was not answered yet.
    asking: BTreeMap<String, Asking>,
    /// Region and token of each CreateKey that may have made a key of which no answer told.
    unfound: BTreeSet<(String, String)>,
    /// Regions in which something was made.
    regions: BTreeSet<String>,
    /// Ids of keys of which an answer told, settled or not.
    known: BTreeSet<String>,
}

impl Open {
    /// Reads the lines of a ledger. A last line that was cut off by a crash is left out: nothing was sent after it.
    pub fn read(text: &str) -> Open {
        let mut open = Open::default();
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        for line in text[..whole].lines().filter(|l| !l.trim().is_empty()) {
            match serde_json::from_str(line) {
                Ok(entry) => open.apply(&entry),
                Err(_) => open.unreadable += 1,
            }
        }
        open
    }

    /// Takes in the next line.
    pub fn apply(&mut self, entry: &Entry) {
        match entry {
            Entry::Run { endpoint, began, .. } => (self.endpoint, self.began) = (Some(endpoint.clone()), *began),
            Entry::Asked { region, token } => self.ask(token, Asking::Key { region: region.clone() }),
            Entry::Replicating { region, key_id, token } => {
                self.ask(token, Asking::Replica { region: region.clone(), key_id: key_id.clone() });
            }
            Entry::Made { region, key_id, token, sure } => {
                self.answer(token, *sure);
                self.set(region, key_id, Standing::Exists);
            }
            Entry::Refused { token, sure } => self.answer(token, *sure),
            Entry::Found { region, key_id } => self.set(region, key_id, Standing::Exists),
            Entry::Searched { region, token } => {
                self.unfound.remove(&(region.clone(), token.clone()));
                let about = Asking::Key { region: region.clone() };
                self.asking.retain(|t, asking| t != token || *asking != about);
            }
            Entry::Scheduled { region, key_id } => {
                let about = Asking::Replica { region: region.clone(), key_id: key_id.clone() };
                self.asking.retain(|_, asking| *asking != about);
                self.set(region, key_id, Standing::Settled);
            }
            // It says nothing of a key whose answer was lost.
            Entry::Done { .. } => {}
        }
    }

    /// Whether there is nothing that may exist outside a deletion state.
    pub fn is_settled(&self) -> bool {
        self.families.is_empty() && self.asking.is_empty() && self.unfound.is_empty() && self.unreadable == 0
    }

    /// What nobody answered any more is in doubt from now on: the run is over.
    pub fn without_askers(mut self) -> Open {
        for (token, asking) in std::mem::take(&mut self.asking) {
            self.doubt(&token, asking);
        }
        self
    }

    /// Region and token of each CreateKey that was not answered when the run ended: it may be under way.
    pub fn in_flight(&self) -> BTreeSet<(String, String)> {
        let keys = self.asking.iter().filter_map(|(token, asking)| match asking {
            Asking::Key { region } => Some((region.clone(), token.clone())),
            Asking::Replica { .. } => None,
        });
        keys.collect()
    }

    /// The families of which a member may exist outside a deletion state.
    pub fn families(&self) -> &BTreeMap<String, Members> {
        &self.families
    }

    /// Region and token of each CreateKey that may have made a key of which no answer told.
    pub fn unfound(&self) -> &BTreeSet<(String, String)> {
        &self.unfound
    }

    /// Regions in which something was made.
    pub fn regions(&self) -> &BTreeSet<String> {
        &self.regions
    }

    /// Whether an answer told of this key: then it is of this run, and need not be looked for.
    pub fn knows(&self, key_id: &str) -> bool {
        self.known.contains(key_id)
    }

    /// A token asks for one thing at a time: what it asked for before was never answered.
    fn ask(&mut self, token: &str, asking: Asking) {
        if let Some(before) = self.asking.insert(token.to_string(), asking) {
            self.doubt(token, before);
        }
    }

    fn answer(&mut self, token: &str, sure: bool) {
        if let Some(asked) = self.asking.remove(token).filter(|_| !sure) {
            self.doubt(token, asked);
        }
    }

    fn doubt(&mut self, token: &str, asking: Asking) {
        match asking {
            Asking::Key { region } => {
                self.unfound.insert((region, token.to_string()));
            }
            Asking::Replica { region, key_id } => {
                let members = self.families.entry(key_id).or_default();
                let known = members.entry(region).or_insert(Standing::Doubtful);
                // It may have been made anew after it was gone.
                if *known == Standing::Settled {
                    *known = Standing::Doubtful;
                }
            }
        }
    }

    fn set(&mut self, region: &str, key_id: &str, standing: Standing) {
        if standing == Standing::Exists {
            self.regions.insert(region.to_string());
            self.known.insert(key_id.to_string());
        }
        let members = self.families.entry(key_id.to_string()).or_default();
        members.insert(region.to_string(), standing);
        if members.values().all(|s| *s == Standing::Settled) {
            self.families.remove(key_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// What is open after some lines: members as `key@Region` (with `?` in doubt), CreateKeys as `Region/token`.
    fn open(lines: &[&str]) -> Vec<String> {
        let text: String = lines.iter().map(|l| line(l) + "\n").collect();
        shown(&Open::read(&text).without_askers())
    }

    fn shown(open: &Open) -> Vec<String> {
        assert_eq!(open.unreadable, 0);
        let mut all = Vec::new();
        for (key, members) in open.families() {
            for (region, standing) in members.iter().filter(|(_, s)| **s != Standing::Settled) {
                let doubt = if *standing == Standing::Doubtful { "?" } else { "" };
                all.push(format!("{key}@{region}{doubt}"));
            }
        }
        all.extend(open.unfound().iter().map(|(region, token)| format!("{region}/{token}")));
        assert_eq!(all.is_empty(), open.is_settled(), "{all:?}");
        all
    }

    /// A line in short: `event region key token sure`, of which each event takes what it has.
    fn line(short: &str) -> String {
        let words: Vec<&str> = short.split(' ').collect();
        let mut value = match words[..] {
            ["asked", region] => json!({ "event": "asked", "region": region }),
            ["replicating", region, key] => json!({ "event": "replicating", "region": region, "key_id": key }),
            ["made", region, key] => json!({ "event": "made", "region": region, "key_id": key, "sure": true }),
            ["made", region, key, "unsure"] => {
                json!({ "event": "made", "region": region, "key_id": key, "sure": false })
            }
            ["made", region, key, "old"] => json!({ "event": "made", "region": region, "key_id": key }),
            ["refused"] => json!({ "event": "refused", "sure": true }),
            ["refused", "unsure"] => json!({ "event": "refused", "sure": false }),
            [event @ ("scheduled" | "found"), region, key] => {
                json!({ "event": event, "region": region, "key_id": key })
            }
            ["searched", region] => json!({ "event": "searched", "region": region }),
            ["done"] => json!({ "event": "done" }),
            _ => panic!("{short}"),
        };
        value["token"] = json!("t");
        value.to_string()
    }

    #[test]
    fn what_is_open_after_which_lines() {
        let made = ["asked us", "made us k"];
        let table: &[(&[&str], &[&str])] = &[
            (&[], &[]),
            // A CreateKey: under way, answered, refused; the same with a lost answer.
            (&["asked us"], &["us/t"]),
            (&made, &["k@us"]),
            (&["asked us", "refused"], &[]),
            (&["asked us", "refused unsure"], &["us/t"]),
            (&["asked us", "made us k unsure"], &["k@us", "us/t"]),
            (&["asked us", "made us k unsure", "scheduled us k"], &["us/t"]),
            (&["asked us", "made us k unsure", "scheduled us k", "searched us"], &[]),
            (&["asked us", "asked us", "made us k"], &["k@us", "us/t"]),
            (&["asked us", "made us k", "scheduled us k"], &[]),
            // Found by its tag.
            (&["asked us", "found us k", "searched us"], &["k@us"]),
            (&["asked us", "refused unsure", "found us k", "searched us"], &["k@us"]),
            // A ReplicateKey.
            (&["asked us", "made us k", "replicating eu k"], &["k@eu?", "k@us"]),
            (&["asked us", "made us k", "replicating eu k", "scheduled us k"], &["k@eu?"]),
            (&["asked us", "made us k", "replicating eu k", "made eu k"], &["k@eu", "k@us"]),
            (&["asked us", "made us k", "replicating eu k", "refused"], &["k@us"]),
            (&["asked us", "made us k", "replicating eu k", "refused unsure"], &["k@eu?", "k@us"]),
            (&["asked us", "made us k", "replicating eu k", "refused unsure", "scheduled eu k"], &["k@us"]),
            (&["asked us", "made us k", "replicating eu k", "made eu k unsure", "scheduled us k"], &["k@eu"]),
            // A member that was known stays known; one that was gone may be there again.
            (&["asked us", "made us k", "replicating us k", "refused unsure"], &["k@us"]),
            (
                &["asked us", "made us k", "replicating eu k", "made eu k", "scheduled eu k", "replicating eu k"],
                &["k@eu?", "k@us"],
            ),
            // A key that nobody asked for.
            (&["made us k"], &["k@us"]),
            // Ledgers of older versions: nobody knows whether an answer was lost.
            (&["asked us", "made us k old", "scheduled us k", "done"], &["us/t"]),
            (&["asked us", "made us k old", "made eu k old", "scheduled us k"], &["k@eu", "us/t"]),
        ];
        for (lines, expected) in table {
            assert_eq!(open(lines), *expected, "{lines:?}");
        }
    }

    #[test]
    fn a_line_that_was_cut_off_is_left_out_and_one_that_says_nothing_is_not_forgotten() {
        let cut = format!("{}\n{}\n{{\"event\":\"asked\",\"regi", line("asked us"), line("made us k"));
        assert_eq!(shown(&Open::read(&cut)), ["k@us"]);
        let strange = Open::read("{\"event\":\"of another version\"}\n");
        assert_eq!((strange.unreadable, strange.is_settled()), (1, false));
    }

    #[test]
    fn tokens_do_not_answer_for_each_other() {
        let lines = [
            Entry::Asked { region: "us".into(), token: "a".into() },
            Entry::Asked { region: "us".into(), token: "b".into() },
            Entry::Made { region: "us".into(), key_id: "k".into(), token: "b".into(), sure: true },
        ];
        let mut open = Open::default();
        lines.iter().for_each(|l| open.apply(l));
        assert_eq!(shown(&open.without_askers()), ["k@us", "us/a"]);
    }
}

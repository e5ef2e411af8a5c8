//! How rules are named in files: an id by its text, a level and a grade of evidence by their words.

use crate::rule::{Evidence, Level, RuleId};
use crate::rules::find;
use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};
use std::borrow::Borrow;

impl Serialize for RuleId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

/// Only the id of a rule that the table knows can be read.
impl<'de> Deserialize<'de> for RuleId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RuleId, D::Error> {
        let id = String::deserialize(deserializer)?;
        find(&id).map(|rule| rule.id).ok_or_else(|| D::Error::custom(format_args!("unknown rule `{id}`")))
    }
}

impl Serialize for Level {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl Serialize for Evidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// Sets and maps of rules can be asked by the text of an id: order and hash are those of the text.
impl Borrow<str> for RuleId {
    fn borrow(&self) -> &str {
        self.0
    }
}

impl PartialEq<str> for RuleId {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for RuleId {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn an_id_is_read_as_it_was_written_and_others_are_refused() {
        let ids = BTreeMap::from([(crate::rules::UPR_012, 1), (crate::rules::UPR_001, 2)]);
        let text = serde_json::to_string(&ids).expect("JSON");
        assert_eq!(text, r#"{"UPR-001":2,"UPR-012":1}"#);
        assert_eq!(serde_json::from_str::<BTreeMap<RuleId, i32>>(&text).expect("ids"), ids);
        assert_eq!(ids.get("UPR-012"), Some(&1));
        let refused = serde_json::from_str::<RuleId>("\"UPR-999\"").expect_err("no such rule");
        assert!(refused.to_string().contains("unknown rule `UPR-999`"), "{refused}");
    }
}

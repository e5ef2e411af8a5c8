//! Reading request members: types first, then constraints, all violations in one message.

use super::error::{KmsError, serialization, validation};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

/// The members of one request. Constraint violations are gathered and reported by [`Input::end`].
pub struct Input {
    members: Map<String, Value>,
    violations: RefCell<Vec<String>>,
    /// Whether texts leave out the values of blobs.
    discreet: bool,
}

type Read<T> = Result<T, KmsError>;

impl Input {
    /// Reads these members. A `discreet` one does not repeat blobs in its texts.
    pub fn new(members: Map<String, Value>, discreet: bool) -> Input {
        Input { members, violations: RefCell::default(), discreet }
    }

    /// The members of a request body.
    pub fn members(body: &[u8]) -> Read<Map<String, Value>> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(members),
            _ => Err(serialization("The request body is not a JSON object")),
        }
    }

    /// Fails with every constraint that was violated so far.
    pub fn end(&self) -> Read<()> {
        let found = self.violations.borrow();
        if found.is_empty() {
            return Ok(());
        }
        let noun = if found.len() == 1 { "error" } else { "errors" };
        Err(validation(format!("{} validation {noun} detected: {}", found.len(), found.join("; "))))
    }

    fn violated(&self, name: &str, value: &str, constraint: &str) {
        let mut chars = name.chars();
        let first = chars.next().map(|c| c.to_ascii_lowercase());
        let member: String = first.into_iter().chain(chars).collect();
        let text = format!("{value} at '{member}' failed to satisfy constraint: {constraint}");
        self.violations.borrow_mut().push(text);
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name).filter(|v| !v.is_null())
    }

    fn missing(&self, name: &str) {
        self.violated(name, "Value null", "Member must not be null");
    }

    fn check_length(&self, name: &str, shown: &str, length: usize, min: usize, max: usize) {
        self.check_size(name, format!("Value '{shown}'"), length, min, max);
    }

    fn check_size(&self, name: &str, value: String, length: usize, min: usize, max: usize) {
        if length < min {
            self.violated(name, &value, &format!("Member must have length greater than or equal to {min}"));
        }
        if length > max {
            self.violated(name, &value, &format!("Member must have length less than or equal to {max}"));
        }
    }

    /// An optional string of `min` to `max` characters.
    pub fn string(&self, name: &str, min: usize, max: usize) -> Read<Option<String>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => {
                self.check_length(name, text, text.chars().count(), min, max);
                Ok(Some(text.clone()))
            }
            Some(_) => Err(serialization(format!("{name} is not a string"))),
        }
    }

    /// A required string. Empty in the (failing) case that it is missing.
    pub fn required(&self, name: &str, min: usize, max: usize) -> Read<String> {
        let text = self.string(name, min, max)?;
        if text.is_none() {
            self.missing(name);
        }
        Ok(text.unwrap_or_default())
    }

    /// An optional key policy: its characters are limited (the operation's model).
    pub fn policy(&self) -> Read<Option<String>> {
        let text = self.string("Policy", 1, 131_072)?;
        let odd = |c: char| !matches!(c, '\t' | '\n' | '\r' | ' '..='\u{ff}');
        if let Some(text) = text.as_deref().filter(|t| t.contains(odd)) {
            let constraint = r"Member must satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u00FF]+";
            self.violated("Policy", &format!("Value '{text}'"), constraint);
        }
        Ok(text)
    }

    /// A required key policy.
    pub fn required_policy(&self) -> Read<String> {
        let text = self.policy()?;
        if text.is_none() {
            self.missing("Policy");
        }
        Ok(text.unwrap_or_default())
    }

    /// A required KeyId-like member.
    pub fn key_id(&self, name: &str) -> Read<String> {
        self.required(name, 1, 2048)
    }

    /// A required Region name.
    pub fn region(&self, name: &str) -> Read<String> {
        let text = self.required(name, 1, 32)?;
        let words: Vec<&str> = text.split('-').collect();
        let digits = words.last().is_some_and(|w| !w.is_empty() && w.chars().all(|c| c.is_ascii_digit()));
        let letters = |w: &&str| !w.is_empty() && w.chars().all(|c| c.is_ascii_lowercase());
        let fits = matches!(words.len(), 3 | 4) && digits && words[..words.len() - 1].iter().all(letters);
        if !fits && self.get(name).is_some() {
            let constraint = r"Member must satisfy regular expression pattern: ^([a-z]+-){2,3}\d+$";
            self.violated(name, &format!("Value '{text}'"), constraint);
        }
        Ok(text)
    }

    /// An optional member of an enumeration.
    pub fn choice(&self, name: &str, values: &[&str]) -> Read<Option<String>> {
        let text = self.string(name, 0, usize::MAX)?;
        if let Some(text) = &text
            && !values.contains(&text.as_str())
        {
            let constraint = format!("Member must satisfy enum value set: [{}]", values.join(", "));
            self.violated(name, &format!("Value '{text}'"), &constraint);
        }
        Ok(text)
    }

    /// A required member of an enumeration.
    pub fn required_choice(&self, name: &str, values: &[&str]) -> Read<String> {
        let text = self.choice(name, values)?;
        if text.is_none() {
            self.missing(name);
        }
        Ok(text.unwrap_or_default())
    }

    /// A required list of members of an enumeration.
    pub fn choices(&self, name: &str, values: &[&str]) -> Read<Vec<String>> {
        let texts = self.strings(name, 0, usize::MAX)?;
        if texts.iter().any(|t| !values.contains(&t.as_str())) {
            let constraint = format!(
                "Member must satisfy constraint: [Member must satisfy enum value set: [{}]]",
                values.join(", ")
            );
            self.violated(name, &format!("Value '[{}]'", texts.join(", ")), &constraint);
        }
        Ok(texts)
    }

    /// An optional structure.
    pub fn object(&self, name: &str) -> Read<Option<&Map<String, Value>>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(map)),
            Some(_) => Err(serialization(format!("{name} is not a structure"))),
        }
    }

    /// An optional timestamp: seconds since the epoch.
    pub fn timestamp(&self, name: &str) -> Read<Option<SystemTime>> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let seconds = value.as_f64().filter(|s| (0.0..1e11).contains(s));
        let seconds = seconds.ok_or_else(|| serialization(format!("{name} is not a timestamp")))?;
        Ok(Some(SystemTime::UNIX_EPOCH + Duration::from_secs_f64(seconds)))
    }

    /// An optional integer in a range.
    pub fn integer(&self, name: &str, min: i64, max: i64) -> Read<Option<i64>> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let n = value.as_i64().ok_or_else(|| serialization(format!("{name} is not an integer")))?;
        let shown = format!("Value '{n}'");
        if n < min {
            self.violated(name, &shown, &format!("Member must have value greater than or equal to {min}"));
        }
        if n > max {
            self.violated(name, &shown, &format!("Member must have value less than or equal to {max}"));
        }
        Ok(Some(n))
    }

    /// A boolean, false when absent.
    pub fn boolean(&self, name: &str) -> Read<bool> {
        match self.get(name) {
            None => Ok(false),
            Some(Value::Bool(b)) => Ok(*b),
            Some(_) => Err(serialization(format!("{name} is not a boolean"))),
        }
    }

    /// Whether an optional list of strings has this one in it.
    pub fn lists(&self, name: &str, wanted: &str) -> Read<bool> {
        match self.get(name) {
            None => Ok(false),
            Some(Value::Array(list)) => Ok(list.iter().any(|v| v == wanted)),
            Some(_) => Err(serialization(format!("{name} is not a list of strings"))),
        }
    }

    /// A required blob.
    pub fn blob(&self, name: &str, min: usize, max: usize) -> Read<Vec<u8>> {
        let Some(value) = self.get(name) else {
            self.missing(name);
            return Ok(Vec::new());
        };
        let bytes = value.as_str().and_then(|t| STANDARD.decode(t).ok());
        let bytes = bytes.ok_or_else(|| serialization(format!("{name} is not base64")))?;
        let value = if self.discreet { "Value" } else { "Value 'java.nio.HeapByteBuffer'" };
        self.check_size(name, value.to_string(), bytes.len(), min, max);
        Ok(bytes)
    }

    /// An optional map of strings.
    pub fn map(&self, name: &str) -> Read<BTreeMap<String, String>> {
        let wrong = || serialization(format!("{name} is not a map of strings"));
        match self.get(name) {
            None => Ok(BTreeMap::new()),
            Some(Value::Object(map)) => {
                map.iter().map(|(k, v)| Ok((k.clone(), v.as_str().ok_or_else(wrong)?.to_string()))).collect()
            }
            Some(_) => Err(wrong()),
        }
    }

    /// Tags, in the order given.
    pub fn tags(&self, required: bool) -> Read<Vec<(String, String)>> {
        let wrong = || serialization("Tags is not a list of tags");
        let list = match self.get("Tags") {
            None if required => {
                self.missing("Tags");
                return Ok(Vec::new());
            }
            None => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(wrong()),
        };
        let mut tags = Vec::new();
        for (i, tag) in list.iter().enumerate() {
            let part = |member: &str| match tag.get(member) {
                Some(Value::String(text)) => Ok(Some(text.clone())),
                None if tag.is_object() => Ok(None),
                _ => Err(wrong()),
            };
            let (key, value) = (part("TagKey")?, part("TagValue")?);
            let at = |member: &str| format!("tags.{}.member.{member}", i + 1);
            match &key {
                Some(k) => self.check_length(&at("tagKey"), k, k.chars().count(), 1, 128),
                None => self.missing(&at("tagKey")),
            }
            match &value {
                Some(v) => self.check_length(&at("tagValue"), v, v.chars().count(), 0, 256),
                None => self.missing(&at("tagValue")),
            }
            tags.push((key.unwrap_or_default(), value.unwrap_or_default()));
        }
        Ok(tags)
    }

    /// A required list of strings.
    pub fn strings(&self, name: &str, min: usize, max: usize) -> Read<Vec<String>> {
        let wrong = || serialization(format!("{name} is not a list of strings"));
        let Some(value) = self.get(name) else {
            self.missing(name);
            return Ok(Vec::new());
        };
        let list = value.as_array().ok_or_else(wrong)?;
        let texts: Read<Vec<String>> = list.iter().map(|v| Ok(v.as_str().ok_or_else(wrong)?.to_string())).collect();
        let texts = texts?;
        for text in &texts {
            self.check_length(name, text, text.chars().count(), min, max);
        }
        Ok(texts)
    }
}

//! Key policies: the part of the policy language that this endpoint evaluates. What it does not
//! evaluate it refuses; nothing is ignored.

use super::error::{KmsError, malformed_policy};
use serde_json::{Map, Value};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// A parsed key policy.
#[derive(Clone, Debug)]
pub struct Policy(Vec<Statement>);

#[derive(Clone, Debug)]
struct Statement {
    deny: bool,
    principals: Vec<String>,
    actions: Vec<String>,
    conditions: Vec<Condition>,
}

#[derive(Clone, Debug)]
struct Condition {
    any: bool,
    negated: bool,
    test: Test,
    key: String,
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Test {
    Equals,
    Like,
    Bool,
    /// Whether the key is left out of the request.
    Null,
    Numeric(Ordering, bool),
}

/// Who asks for what.
pub struct Ask<'a> {
    pub principal: &'a str,
    pub account: &'a str,
    /// `kms:Encrypt` and the like.
    pub action: String,
    /// Values of condition keys, by lower-case name.
    pub context: BTreeMap<&'static str, String>,
}

/// What a policy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Deny,
    Allow,
    /// The account may decide by IAM policies.
    Delegate,
    Nothing,
}

const KEYS: [&str; 7] = [
    "kms:primaryregion",
    "kms:replicaregion",
    "kms:multiregion",
    "kms:multiregionkeytype",
    "kms:rotationperiodindays",
    "aws:requestedregion",
    "kms:calleraccount",
];

fn malformed<T>(text: impl Into<String>) -> Result<T, KmsError> {
    Err(malformed_policy(text))
}

fn only(map: &Map<String, Value>, known: &[&str]) -> Result<(), KmsError> {
    match map.keys().find(|k| !known.contains(&k.as_str())) {
        Some(other) => malformed(format!("Policy element {other} is not supported here")),
        None => Ok(()),
    }
}

/// A string, or a list of strings.
fn texts(value: Option<&Value>, what: &str) -> Result<Vec<String>, KmsError> {
    let list = match value {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(list)) => list
            .iter()
            .map(|v| v.as_str().map(str::to_string).ok_or_else(|| malformed_policy(format!("{what} is not text"))))
            .collect::<Result<_, _>>()?,
        _ => return malformed(format!("{what} is missing or is neither a string nor a list")),
    };
    if list.is_empty() { malformed(format!("{what} is empty")) } else { Ok(list) }
}

impl Policy {
    /// Parses a policy document.
    pub fn parse(text: &str) -> Result<Policy, KmsError> {
        let Ok(Value::Object(document)) = serde_json::from_str(text) else {
            return malformed("The policy is not a JSON policy document");
        };
        only(&document, &["Version", "Id", "Statement"])?;
        let statements = match document.get("Statement") {
            Some(Value::Array(list)) => list.clone(),
            Some(one @ Value::Object(_)) => vec![one.clone()],
            _ => return malformed("The policy has no Statement"),
        };
        statements.iter().map(statement).collect::<Result<_, _>>().map(Policy)
    }

    /// Explicit Deny wins; nothing is allowed by default.
    pub fn decide(&self, ask: &Ask) -> Decision {
        let mut decision = Decision::Nothing;
        for s in &self.0 {
            if !s.actions.iter().any(|a| like(&a.to_ascii_lowercase(), &ask.action.to_ascii_lowercase())) {
                continue;
            }
            let root = format!("arn:aws:iam::{}:root", ask.account);
            let direct = s.principals.iter().any(|p| p == "*" || p == ask.principal);
            let account = s.principals.iter().any(|p| *p == root || p == ask.account);
            if !(direct || account) || !s.conditions.iter().all(|c| c.holds(ask)) {
                continue;
            }
            if s.deny {
                return Decision::Deny;
            }
            decision = match decision {
                _ if direct => Decision::Allow,
                Decision::Allow => Decision::Allow,
                _ => Decision::Delegate,
            };
        }
        decision
    }
}

fn statement(value: &Value) -> Result<Statement, KmsError> {
    let Value::Object(map) = value else {
        return malformed("A Statement is not an object");
    };
    only(map, &["Sid", "Effect", "Principal", "Action", "Resource", "Condition"])?;
    let deny = match map.get("Effect").and_then(Value::as_str) {
        Some("Allow") => false,
        Some("Deny") => true,
        _ => return malformed("Effect is neither Allow nor Deny"),
    };
    let principals = match map.get("Principal") {
        Some(Value::String(all)) if all == "*" => vec!["*".to_string()],
        Some(Value::Object(kinds)) => {
            only(kinds, &["AWS"])?;
            texts(kinds.get("AWS"), "Principal")?
        }
        _ => return malformed("Principal is missing or is not supported here"),
    };
    for p in &principals {
        let account = p.len() == 12 && p.bytes().all(|b| b.is_ascii_digit());
        if p != "*" && !account && !p.starts_with("arn:aws:iam::") {
            return malformed(format!("Invalid principal in policy: {p}"));
        }
    }
    let actions = texts(map.get("Action"), "Action")?;
    if let Some(other) = actions.iter().find(|a| *a != "*" && !a.to_ascii_lowercase().starts_with("kms:")) {
        return malformed(format!("Action {other} is no action of KMS"));
    }
    if texts(map.get("Resource"), "Resource")?.iter().any(|r| r != "*") {
        return malformed("A Resource other than * is not supported here");
    }
    let conditions = match map.get("Condition") {
        None => Vec::new(),
        Some(Value::Object(block)) => conditions(block)?,
        Some(_) => return malformed("Condition is not an object"),
    };
    Ok(Statement { deny, principals, actions, conditions })
}

fn conditions(block: &Map<String, Value>) -> Result<Vec<Condition>, KmsError> {
    let mut list = Vec::new();
    for (operator, keys) in block {
        let (any, name) = match operator.strip_prefix("ForAnyValue:") {
            Some(rest) => (true, rest),
            None => (false, operator.as_str()),
        };
        let (test, negated) = match name {
            "StringEquals" => (Test::Equals, false),
            "StringNotEquals" => (Test::Equals, true),
            "StringLike" => (Test::Like, false),
            "StringNotLike" => (Test::Like, true),
            "Bool" if !any => (Test::Bool, false),
            "Null" if !any => (Test::Null, false),
            "NumericEquals" if !any => (Test::Numeric(Ordering::Equal, true), false),
            "NumericLessThan" if !any => (Test::Numeric(Ordering::Less, false), false),
            "NumericLessThanEquals" if !any => (Test::Numeric(Ordering::Less, true), false),
            "NumericGreaterThan" if !any => (Test::Numeric(Ordering::Greater, false), false),
            "NumericGreaterThanEquals" if !any => (Test::Numeric(Ordering::Greater, true), false),
            _ => return malformed(format!("Condition operator {operator} is not supported here")),
        };
        let Value::Object(keys) = keys else {
            return malformed(format!("{operator} is not an object"));
        };
        for (key, values) in keys {
            let key = key.to_ascii_lowercase();
            if !KEYS.contains(&key.as_str()) {
                return malformed(format!("Condition key {key} is not supported here"));
            }
            let values = match values {
                Value::Bool(b) => vec![b.to_string()],
                Value::Number(n) => vec![n.to_string()],
                other => texts(Some(other), &key)?,
            };
            list.push(Condition { any, negated, test, key, values });
        }
    }
    Ok(list)
}

impl Condition {
    fn holds(&self, ask: &Ask) -> bool {
        let value = ask.context.get(self.key.as_str());
        if self.test == Test::Null {
            return self.values.iter().any(|wanted| wanted.eq_ignore_ascii_case(&value.is_none().to_string()));
        }
        let Some(value) = value else {
            return self.negated && !self.any;
        };
        let found = self.values.iter().any(|wanted| match self.test {
            Test::Equals => wanted == value,
            Test::Like => like(wanted, value),
            Test::Bool => wanted.eq_ignore_ascii_case(value),
            Test::Numeric(order, or_equal) => match (value.parse::<f64>(), wanted.parse::<f64>()) {
                (Ok(value), Ok(wanted)) => value.partial_cmp(&wanted) == Some(order) || (or_equal && value == wanted),
                _ => false,
            },
            Test::Null => false,
        });
        found != self.negated
    }
}

/// Glob matching with `*` and `?`, by backtracking.
fn like(pattern: &str, text: &str) -> bool {
    let (p, t) = (pattern.as_bytes(), text.as_bytes());
    let (mut i, mut j, mut star) = (0, 0, None);
    while j < t.len() {
        if i < p.len() && p[i] == b'*' {
            star = Some((i, j));
            i += 1;
        } else if i < p.len() && (p[i] == b'?' || p[i] == t[j]) {
            i += 1;
            j += 1;
        } else if let Some((back, from)) = star {
            i = back + 1;
            j = from + 1;
            star = Some((back, from + 1));
        } else {
            return false;
        }
    }
    p[i..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> &'static str {
        Policy::parse(text).err().map_or("", |e| e.code)
    }

    #[test]
    fn what_is_not_evaluated_is_refused() {
        let allow = r#""Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*""#;
        assert_eq!(code(&format!(r#"{{"Statement":[{{{allow}}}]}}"#)), "");
        for bad in [
            "x".to_string(),
            "{}".to_string(),
            format!(r#"{{"Statement":[{{{allow},"NotAction":"kms:Encrypt"}}]}}"#),
            format!(r#"{{"Statement":[{{{allow},"Condition":{{"IpAddress":{{"aws:SourceIp":"10.0.0.0/8"}}}}}}]}}"#),
            format!(r#"{{"Statement":[{{{allow},"Condition":{{"StringEquals":{{"kms:ViaService":"x"}}}}}}]}}"#),
            allow.replace(r#""*","Action""#, r#"{"Service":"s3.amazonaws.com"},"Action""#),
        ] {
            assert_eq!(code(&bad), "MalformedPolicyDocumentException", "{bad}");
        }
    }

    #[test]
    fn wildcards_match_like_globs() {
        assert!(like("eu-*", "eu-west-1") && like("*", "") && like("kms:Gen*Key", "kms:GenerateDataKey"));
        assert!(!like("eu-*-2", "eu-west-1") && !like("a?", "a"));
    }
}

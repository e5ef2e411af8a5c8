//! What key policies and grants allow (F-110 to F-114): in symbols. `{account}` stands for the
//! account that owns the key, `{limited}` for the second principal.

use super::call::{Call, Caller, Operation};
use super::document::is_plain;
use super::world::{Family, Grant, Member};
use serde_json::Value;
use std::collections::BTreeMap;

/// What a permission check comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// The call is allowed.
    Allowed,
    /// The call must be refused with AccessDeniedException (F-110).
    Denied(Denial),
    /// The documentation leaves it open.
    Open,
}

/// Why a call is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// A statement with Effect Deny.
    Explicit,
    /// No statement, delegation or grant allows it.
    Nothing,
}

/// A condition key that a ruling rests on (F-112).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConditionKey {
    /// kms:PrimaryRegion, on the present primary's side of a promotion.
    PrimaryRegion,
    /// kms:PrimaryRegion, on the replica's side.
    PrimaryRegionOfReplica,
    /// kms:ReplicaRegion.
    ReplicaRegion,
    /// kms:MultiRegion.
    MultiRegion,
    /// kms:MultiRegionKeyType.
    MultiRegionKeyType,
    /// aws:RequestedRegion.
    RequestedRegion,
    /// kms:CallerAccount.
    CallerAccount,
}

/// A ruling, and the condition keys that it rests on.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Whether the call is allowed.
    pub ruling: Ruling,
    /// The condition keys that were looked at.
    pub conditions: Vec<ConditionKey>,
    /// True when a grant, and nothing else, allows the call.
    pub by_grant: bool,
}

/// One permission check: who wants to do what with which member.
pub struct Question<'a> {
    /// The call that is to be carried out.
    pub call: &'a Call,
    /// The name after `kms:`.
    pub action: &'a str,
    /// The key it addresses.
    pub family: &'a Family,
    /// The Region of the member whose policy and grants decide.
    pub region: &'a str,
}

/// Whether a condition holds; `None` when that is not documented.
type Holds = Option<bool>;

impl Question<'_> {
    /// Evaluates the member's key policy and grants (F-111).
    pub fn judge(&self) -> Judged {
        let member = &self.family.members[self.region];
        let mut judged = Judged { ruling: Ruling::Denied(Denial::Nothing), conditions: Vec::new(), by_grant: false };
        let Some(text) = &member.policy else {
            // The default policy delegates to the account: IAM decides.
            if self.call.caller == Caller::Admin {
                judged.ruling = Ruling::Allowed;
            }
            return self.with_grants(member, judged);
        };
        if !is_plain(text) {
            judged.ruling = Ruling::Open;
            return judged;
        }
        let policy: Value = serde_json::from_str(text).unwrap_or_default();
        let (mut allowed, mut open) = (false, false);
        for statement in many(&policy["Statement"]) {
            let deny = statement["Effect"] == "Deny";
            if !self.names_caller(&statement["Principal"], deny) || !self.names_action(&statement["Action"]) {
                continue;
            }
            let holds = self.conditions(&statement["Condition"], &mut judged.conditions);
            match (deny, holds) {
                (_, None) => open = true,
                (true, Some(true)) => {
                    judged.ruling = Ruling::Denied(Denial::Explicit);
                    return judged;
                }
                (false, Some(true)) => allowed = true,
                (_, Some(false)) => {}
            }
        }
        if open {
            judged.ruling = Ruling::Open;
        } else if allowed {
            judged.ruling = Ruling::Allowed;
        }
        self.with_grants(member, judged)
    }

    fn with_grants(&self, member: &Member, mut judged: Judged) -> Judged {
        let fits = |g: &Grant| self.granted(g);
        if matches!(judged.ruling, Ruling::Denied(Denial::Nothing)) && member.all_grants().any(fits) {
            judged.ruling = Ruling::Allowed;
            judged.by_grant = true;
        }
        judged
    }

    fn granted(&self, grant: &Grant) -> bool {
        let grantee = match self.call.caller {
            Caller::Limited => grant.grantee == "{limited}",
            Caller::Admin | Caller::Other => false,
        };
        let context = self.context_given();
        let equals = grant.context_equals.as_ref().is_none_or(|wanted| *wanted == context);
        let subset = grant.context_subset.as_ref();
        let subset = subset.is_none_or(|wanted| wanted.iter().all(|(k, v)| context.get(k) == Some(v)));
        grantee && grant.operations.contains(self.action) && equals && subset
    }

    fn context_given(&self) -> BTreeMap<String, String> {
        self.call.map(match self.action {
            "ReEncryptFrom" => "SourceEncryptionContext",
            "ReEncryptTo" => "DestinationEncryptionContext",
            _ => "EncryptionContext",
        })
    }

    /// Whether a Principal element means the caller. The account's root in an Allow hands the
    /// decision to IAM, which allows the administrator everything and the limited one nothing.
    fn names_caller(&self, principal: &Value, deny: bool) -> bool {
        if principal == "*" {
            return true;
        }
        many(&principal["AWS"]).iter().filter_map(|p| p.as_str()).any(|name| match name {
            "*" => true,
            "{limited}" => self.call.caller == Caller::Limited,
            "{account}" | "arn:aws:iam::{account}:root" => match self.call.caller {
                Caller::Admin => true,
                Caller::Limited => deny,
                Caller::Other => false,
            },
            _ => false,
        })
    }

    fn names_action(&self, action: &Value) -> bool {
        let full = format!("kms:{}", self.action);
        many(action)
            .iter()
            .filter_map(|a| a.as_str())
            .any(|pattern| like(&pattern.to_lowercase(), &full.to_lowercase()))
    }

    fn conditions(&self, block: &Value, found: &mut Vec<ConditionKey>) -> Holds {
        let mut holds = Some(true);
        for (operator, keys) in block.as_object().into_iter().flatten() {
            for (key, values) in keys.as_object().into_iter().flatten() {
                let one = self.condition(operator, key, &many(values), found);
                holds = match (holds, one) {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (None, _) | (_, None) => None,
                    _ => Some(true),
                };
            }
        }
        holds
    }

    fn condition(&self, operator: &str, key: &str, values: &[Value], found: &mut Vec<ConditionKey>) -> Holds {
        let (known, context) = self.context_key(key);
        found.extend(known);
        let context = context?;
        let wanted: Vec<String> = values.iter().map(|v| v.as_str().map_or(v.to_string(), str::to_string)).collect();
        let operator = operator.strip_prefix("ForAnyValue:").map(|o| (true, o)).unwrap_or((false, operator));
        let (any, operator) = operator;
        let any_of =
            |test: &dyn Fn(&str, &str) -> bool| context.as_deref().map(|value| wanted.iter().any(|w| test(w, value)));
        Some(match operator {
            "StringEquals" => any_of(&|w, v| w == v).unwrap_or(false),
            "StringLike" => any_of(&like).unwrap_or(false),
            "Bool" => any_of(&|w, v| w.eq_ignore_ascii_case(v)).unwrap_or(false),
            // A key that is not in the request makes a negated operator true; with ForAnyValue
            // there is no value to make it true.
            "StringNotEquals" => any_of(&|w, v| w == v).map_or(!any, |found| !found),
            "StringNotLike" => any_of(&like).map_or(!any, |found| !found),
            _ => return None,
        })
    }

    /// The condition key of this name, and its value: absent, present, or not documented.
    fn context_key(&self, key: &str) -> (Option<ConditionKey>, Option<Option<String>>) {
        use ConditionKey::*;
        let call = self.call;
        let given =
            |op: Operation, member: &str| (call.op == op).then(|| call.text(member).map(str::to_string)).flatten();
        match key.to_ascii_lowercase().as_str() {
            "kms:primaryregion" => {
                let source = *call.region == *self.region;
                let side = if source { PrimaryRegion } else { PrimaryRegionOfReplica };
                (Some(side), Some(given(Operation::UpdatePrimaryRegion, "PrimaryRegion")))
            }
            "kms:replicaregion" => (Some(ReplicaRegion), Some(given(Operation::ReplicateKey, "ReplicaRegion"))),
            "kms:multiregion" => (Some(MultiRegion), Some(Some(self.family.multi_region.to_string()))),
            "kms:multiregionkeytype" => {
                if !self.family.multi_region {
                    return (Some(MultiRegionKeyType), Some(None));
                }
                let present = if *self.family.primary == *self.region { "PRIMARY" } else { "REPLICA" };
                // While a promotion is under way either may count.
                let moving = self.family.promotion.is_some();
                (Some(MultiRegionKeyType), (!moving).then(|| Some(present.to_string())))
            }
            "aws:requestedregion" => {
                // On the replica's side of a promotion: the Region called, or the replica's?
                let clear = *call.region == *self.region;
                (Some(RequestedRegion), clear.then(|| Some(call.region.to_string())))
            }
            "kms:calleraccount" => {
                let account = if call.caller == Caller::Other { "{other}" } else { "{account}" };
                (Some(CallerAccount), Some(Some(account.to_string())))
            }
            _ => (None, None),
        }
    }
}

/// Whether a policy lets nobody of the account change it any more (F-115).
pub fn shuts_out(call: &Call, policy: &str, family: &Family, region: &str) -> bool {
    let mut family = family.clone();
    if let Some(member) = family.members.get_mut(region) {
        member.policy = Some(policy.to_string());
        member.grants.clear();
        member.stray_grants.clear();
    }
    let judged = Question { call, action: "PutKeyPolicy", family: &family, region }.judge();
    matches!(judged.ruling, Ruling::Denied(_))
}

fn many(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(list) => list.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    }
}

/// `*` for any run of characters, `?` for one.
fn like(pattern: &str, text: &str) -> bool {
    let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let mut row = vec![false; t.len() + 1];
    row[0] = true;
    for c in p {
        let mut next = vec![false; t.len() + 1];
        next[0] = c == '*' && row[0];
        for i in 1..=t.len() {
            next[i] = match c {
                '*' => row[i] || next[i - 1],
                '?' => row[i - 1],
                _ => row[i - 1] && c == t[i - 1],
            };
        }
        row = next;
    }
    row[t.len()]
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn wildcards() {
        for (pattern, text, fits) in [
            ("kms:*", "kms:Encrypt", true),
            ("kms:Generate*Key", "kms:GenerateDataKey", true),
            ("kms:Generate*Key", "kms:GenerateDataKeyPair", false),
            ("eu-west-?", "eu-west-1", true),
            ("eu-west-?", "eu-west-10", false),
            ("*", "", true),
        ] {
            assert_eq!(like(pattern, text), fits, "{pattern} {text}");
        }
    }
}

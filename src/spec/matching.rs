//! Comparing an observed answer with an allowed one.

use super::outcome::{Answer, Check, Form, Refusal, Response, Want};
use super::rule::{self, Level, RuleId};
use super::world::{Name, Plain, Region};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What the symbols stand for at this endpoint: learned from its answers.
#[derive(Clone, Debug, Default)]
pub struct Bindings {
    /// `account`, `partition`, `key_id K`, `public_key K` and the like.
    pub slots: BTreeMap<String, Value>,
    /// The body of each step that succeeded.
    pub outputs: BTreeMap<Name, Value>,
    /// What stands between `alias/` and the symbolic name of an alias.
    pub alias_prefix: String,
}

impl Bindings {
    fn slot(&self, name: &str) -> Option<&str> {
        self.slots.get(name)?.as_str()
    }

    /// The key id of a family, once its CreateKey was answered.
    pub fn key_id(&self, family: &str) -> Option<&str> {
        self.slot(&format!("key_id {family}"))
    }

    /// The key ARN of a family in a Region, once its CreateKey was answered.
    pub fn key_arn(&self, family: &str, region: &str) -> Option<String> {
        Some(format!("{}key/{}", self.arn_start(region)?, self.key_id(family)?))
    }

    /// The alias ARN in a Region, once any CreateKey was answered.
    pub fn alias_arn(&self, alias: &str, region: &str) -> Option<String> {
        Some(format!("{}{}", self.arn_start(region)?, self.alias_name(alias)))
    }

    /// `alias/`, prefix and symbolic name.
    pub fn alias_name(&self, alias: &str) -> String {
        format!("alias/{}{alias}", self.alias_prefix)
    }

    /// `{account}` in a text, such as a policy, stands for the account that makes the key. Before
    /// the account is known the text stays as it is.
    pub fn fill_account(&self, text: &str) -> String {
        match self.slot("account") {
            Some(account) => text.replace("{account}", account),
            None => text.to_string(),
        }
    }

    fn arn_start(&self, region: &str) -> Option<String> {
        let (partition, account) = (self.slot("partition")?, self.slot("account")?);
        Some(format!("arn:{partition}:kms:{region}:{account}:"))
    }

    fn expand(&self, template: &str) -> Option<String> {
        let mut out = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("{arn ") {
            let (inner, tail) = after.split_once('}')?;
            let (family, region) = inner.split_once(' ')?;
            out += before;
            out += &self.key_arn(family, region)?;
            rest = tail;
        }
        Some(out + rest)
    }
}

/// One way in which an answer differs from an outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Mismatch {
    pub rule: RuleId,
    /// Path in the body; `code` for the exception, empty for success against refusal.
    pub path: String,
    pub expected: String,
    pub observed: String,
}

impl Mismatch {
    /// True when it breaks a MUST.
    pub fn is_must(&self) -> bool {
        rule::get(self.rule).level == Level::Must
    }
}

/// The result of comparing one answer with one outcome.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// True when success met success, or refusal refusal.
    pub same_kind: bool,
    pub mismatches: Vec<Mismatch>,
    /// Rules whose checks held.
    pub upheld: BTreeSet<RuleId>,
    /// Slots seen for the first time.
    pub learned: BTreeMap<String, Value>,
}

impl Comparison {
    /// True when no MUST is broken.
    pub fn fits(&self) -> bool {
        self.same_kind && self.mismatches.iter().all(|m| !m.is_must())
    }
}

/// Compares an answer with an allowed one. `blame` is the rule to name when the kinds differ.
pub fn compare(answer: &Answer, response: &Response, bindings: &Bindings, blame: RuleId) -> Comparison {
    let mut cmp = Comparison::default();
    match (answer, response) {
        (Answer::Success(checks), Response::Success(body)) => {
            cmp.same_kind = true;
            for check in checks {
                compare_member(check, body, bindings, &mut cmp);
            }
        }
        (Answer::Refusal(refusal), Response::Error { code, message, .. }) => {
            cmp.same_kind = true;
            compare_error(refusal, code, message, bindings, blame, &mut cmp);
        }
        _ => cmp.mismatches.push(Mismatch {
            rule: blame,
            path: String::new(),
            expected: describe_answer(answer),
            observed: describe_response(response),
        }),
    }
    cmp
}

/// `success`, or the codes of a refusal.
pub fn describe_answer(answer: &Answer) -> String {
    match answer {
        Answer::Success(_) => "success".to_string(),
        Answer::Refusal(r) => refusal_words(r),
    }
}

fn refusal_words(refusal: &Refusal) -> String {
    if refusal.codes.contains(&"*") {
        return "refused with any error".to_string();
    }
    format!("refused with {}", refusal.codes.join(" or "))
}

/// An observed answer in one line, without its content.
pub fn describe_response(response: &Response) -> String {
    match response {
        Response::Success(_) => "success".to_string(),
        Response::Error { code, message, status } => format!("{code} (HTTP {status}): {message}"),
        Response::Lost(why) => format!("no usable answer: {why}"),
    }
}

fn compare_error(refusal: &Refusal, code: &str, message: &str, bindings: &Bindings, blame: RuleId, cmp: &mut Comparison) {
    let mut differ = |rule, path: &str, expected: String, observed: String| {
        cmp.mismatches.push(Mismatch { rule, path: path.into(), expected, observed });
    };
    if let Some((declared, rule)) = &refusal.declared
        && !declared.contains(&code)
    {
        differ(*rule, "code", format!("one of {}", declared.join(", ")), format!("{code}: {message}"));
    }
    if !refusal.codes.contains(&code) && !refusal.codes.contains(&"*") {
        differ(blame, "code", refusal_words(refusal), format!("{code}: {message}"));
        return;
    }
    if let Some((preferred, rule)) = &refusal.preferred {
        if preferred.contains(&code) {
            cmp.upheld.insert(*rule);
        } else {
            differ(*rule, "code", preferred.join(" or "), format!("{code}: {message}"));
        }
    }
    let texts = refusal.texts.iter().filter(|(c, _, _)| *c == code);
    let mut rule = None;
    let mut templates = Vec::new();
    for (_, r, t) in texts {
        rule = Some(*r);
        templates.extend(t.iter().filter_map(|t| bindings.expand(t)));
    }
    if let Some(rule) = rule.filter(|_| !templates.is_empty()) {
        let fits = templates.iter().any(|t| match t.strip_suffix('*') {
            Some(start) => message.starts_with(start),
            None => message == t,
        });
        if fits {
            cmp.upheld.insert(rule);
        } else {
            cmp.mismatches.push(Mismatch {
                rule,
                path: "message".into(),
                expected: format!("`{}`", templates.join("` or `")),
                observed: format!("`{message}`"),
            });
        }
    }
}

fn compare_member(check: &Check, body: &Value, bindings: &Bindings, cmp: &mut Comparison) {
    let value = lookup(body, &check.path);
    let mut known = Scope { bindings, learned: &mut cmp.learned };
    match holds(&check.want, value, &mut known) {
        Ok(()) => {
            cmp.upheld.insert(check.rule);
        }
        Err(expected) => cmp.mismatches.push(Mismatch {
            rule: check.rule,
            path: check.path.clone(),
            expected,
            observed: observed(&check.want, value),
        }),
    }
}

/// What came, in words. Key material is never printed: it may be secret on a real service.
fn observed(want: &Want, value: Option<&Value>) -> String {
    match (want, value) {
        (_, None) => "absent".to_string(),
        (Want::Plaintext(_) | Want::Length(_), Some(_)) => "another value (not printed)".to_string(),
        (_, Some(value)) => brief(value),
    }
}

/// The member at a dotted path; `Null` counts as absent.
pub fn lookup<'v>(body: &'v Value, path: &str) -> Option<&'v Value> {
    let parts = path.split('.').filter(|p| !p.is_empty());
    let value = parts.into_iter().try_fold(body, |v, part| v.get(part))?;
    Some(value).filter(|v| path.is_empty() || !v.is_null())
}

/// A JSON value, cut to a length that a person reads.
pub fn brief(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 300 {
        return text;
    }
    let start: String = text.chars().take(280).collect();
    format!("{start}… ({} characters)", text.chars().count())
}

struct Scope<'a> {
    bindings: &'a Bindings,
    learned: &'a mut BTreeMap<String, Value>,
}

impl Scope<'_> {
    fn same(&mut self, slot: &str, value: &Value) -> Result<(), String> {
        let known = self.bindings.slots.get(slot).or_else(|| self.learned.get(slot));
        match known {
            Some(known) if known == value => Ok(()),
            Some(known) => Err(format!("{} (as seen before)", brief(known))),
            None => {
                self.learned.insert(slot.to_string(), value.clone());
                Ok(())
            }
        }
    }

    fn text(&self, slot: &str) -> Option<String> {
        let known = self.bindings.slots.get(slot).or_else(|| self.learned.get(slot))?;
        known.as_str().map(str::to_string)
    }
}

/// `Ok` when the value is as wanted, otherwise what was wanted, in words.
fn holds(want: &Want, value: Option<&Value>, scope: &mut Scope) -> Result<(), String> {
    let ok = |yes: bool, words: &dyn Fn() -> String| if yes { Ok(()) } else { Err(words()) };
    let absent = value.is_none();
    match want {
        Want::Absent => return ok(absent, &|| "no such member".into()),
        Want::AbsentOrEmpty => {
            let empty = value.and_then(Value::as_array).is_some_and(Vec::is_empty);
            return ok(absent || empty, &|| "no such member".into());
        }
        Want::Optional(inner) => {
            return if absent { Ok(()) } else { holds(inner, value, scope) };
        }
        Want::NoMembers => {
            let fine = match value {
                None | Some(Value::Null) => true,
                Some(Value::Object(map)) => map.is_empty(),
                Some(_) => false,
            };
            return ok(fine, &|| "an empty answer".into());
        }
        Want::EmptyBody => {
            let none = matches!(value, None | Some(Value::Null));
            return ok(none, &|| "an empty body".into());
        }
        _ => {}
    }
    let missing = Value::Null;
    let value = value.unwrap_or(&missing);
    let text = value.as_str().unwrap_or("");
    match want {
        Want::Is(v) => ok(value == v, &|| brief(v)),
        Want::OneOf(list) => {
            ok(list.contains(value), &|| list.iter().map(brief).collect::<Vec<_>>().join(" or "))
        }
        Want::Any(wants) => {
            let tries: Vec<_> = wants.iter().map(|w| holds(w, Some(value), scope)).collect();
            let fine = tries.iter().any(Result::is_ok);
            let words: Vec<String> = tries.into_iter().filter_map(Result::err).collect();
            ok(fine, &|| words.join(" or "))
        }
        Want::String => ok(value.is_string(), &|| "a string".into()),
        Want::Number => ok(value.is_number(), &|| "a number".into()),
        Want::Bool => ok(value.is_boolean(), &|| "true or false".into()),
        Want::Same(slot) if absent => Err(match scope.text(slot) {
            Some(known) => format!("`{known}` (as seen before)"),
            None => "a value".into(),
        }),
        Want::Same(slot) => scope.same(slot, value),
        Want::KeyArn(family, region) => {
            let arn = scope.bindings.key_arn(family, region);
            ok(arn.as_deref() == Some(text), &|| {
                arn.clone().map_or("a key ARN".into(), |a| format!("\"{a}\""))
            })
        }
        Want::NewKeyArn(family, region) => new_key_arn(text, family, region, scope),
        Want::KeyId(family) => {
            let id = scope.bindings.key_id(family);
            ok(id == Some(text), &|| format!("\"{}\"", id.unwrap_or("the key id")))
        }
        Want::Form(form) => ok(form.fits(text), &|| form.words().into()),
        Want::Members(family, regions) => {
            let wanted = member_arns(family, regions, scope.bindings);
            ok(listed_members(value) == Some(wanted.clone()), &|| {
                let arns: Vec<_> = wanted.iter().map(|(arn, _)| arn.as_str()).collect();
                format!("the members [{}], each with its Region", arns.join(", "))
            })
        }
        Want::SomeMembers(family, regions) => {
            let all = member_arns(family, regions, scope.bindings);
            let fine = listed_members(value).is_some_and(|l| l.is_subset(&all));
            ok(fine, &|| format!("only members of the family in {}", join(regions)))
        }
        Want::Set(wanted) => {
            let list = value.as_array().map(|l| l.as_slice()).unwrap_or_default();
            let seen: BTreeSet<&str> = list.iter().filter_map(Value::as_str).collect();
            let fine = seen.len() == list.len() && wanted.iter().map(String::as_str).collect::<BTreeSet<_>>() == seen;
            ok(fine, &|| format!("exactly [{}]", wanted.iter().cloned().collect::<Vec<_>>().join(", ")))
        }
        Want::Tags(wanted) => ok(listed_tags(value).as_ref() == Some(wanted), &|| {
            format!("exactly the tags {wanted:?}")
        }),
        Want::Policy(wanted) => {
            let wanted = &scope.bindings.fill_account(wanted);
            ok(same_json(text, wanted), &|| format!("the policy that was put: {wanted}"))
        }
        Want::DefaultPolicy => {
            let account = scope.text("account").unwrap_or_default();
            ok(delegates_to_root(text, &account), &|| {
                "the default key policy: Allow kms:* to the account root".into()
            })
        }
        Want::Listed(family, region, present) => {
            let arn = scope.bindings.key_arn(family, region);
            let keys = value.as_array().map(|l| l.as_slice()).unwrap_or_default();
            let has = keys.iter().any(|k| k.get("KeyArn").and_then(Value::as_str) == arn.as_deref());
            let words = if *present { "a list with" } else { "a list without" };
            ok(value.is_array() && has == *present, &|| {
                format!("{words} {}", arn.clone().unwrap_or_default())
            })
        }
        Want::Aliases(wanted) => aliases(wanted, value, scope.bindings),
        Want::Rotations(least, most) => {
            let n = value.as_array().map_or(u32::MAX, |l| l.len() as u32);
            ok((*least..=*most).contains(&n), &|| match least == most {
                true => format!("{least} rotations"),
                false => format!("{least} to {most} rotations"),
            })
        }
        Want::AtMost(n) => {
            let fine = value.as_array().is_some_and(|l| l.len() as u64 <= *n);
            ok(fine, &|| format!("a list of at most {n}"))
        }
        Want::Plaintext(plain) => plaintext(plain, value, scope),
        Want::Length(n) => {
            let length = super::base64(text).map(|b| b.len());
            ok(value.is_string() && length == Some(*n), &|| format!("{n} bytes in base64"))
        }
        Want::Blob => {
            let length = super::base64(text).map(|b| b.len());
            ok(length.is_some_and(|n| n > 0), &|| "a non-empty blob in base64".into())
        }
        Want::Absent | Want::AbsentOrEmpty | Want::Optional(_) | Want::NoMembers | Want::EmptyBody => Ok(()),
    }
}

fn join(regions: &BTreeSet<Region>) -> String {
    regions.iter().map(|r| r.to_string()).collect::<Vec<_>>().join(", ")
}

fn new_key_arn(text: &str, family: &str, region: &str, scope: &mut Scope) -> Result<(), String> {
    let words = format!("arn:<partition>:kms:{region}:<account>:key/<the key id>");
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [arn, partition, service, in_region, account, resource] = parts[..] else {
        return Err(words);
    };
    let id = scope.text(&format!("key_id {family}")).unwrap_or_default();
    let twelve = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    let fits = arn == "arn"
        && partition.starts_with("aws")
        && service == "kms"
        && in_region == region
        && twelve
        && resource.strip_prefix("key/") == Some(id.as_str());
    if !fits {
        return Err(words);
    }
    scope.same("partition", &Value::from(partition))?;
    scope.same("account", &Value::from(account))
}

fn member_arns(family: &str, regions: &BTreeSet<Region>, bindings: &Bindings) -> BTreeSet<(String, String)> {
    let arn = |r: &Region| bindings.key_arn(family, r).unwrap_or_default();
    regions.iter().map(|r| (arn(r), r.to_string())).collect()
}

fn listed_members(value: &Value) -> Option<BTreeSet<(String, String)>> {
    let part = |m: &Value, k: &str| Some(m.get(k)?.as_str()?.to_string());
    let list = value.as_array()?;
    let set: BTreeSet<_> = list.iter().filter_map(|m| Some((part(m, "Arn")?, part(m, "Region")?))).collect();
    Some(set).filter(|s| s.len() == list.len())
}

/// Tags as a map. Tags that this tool itself put on its keys (`mrkspec:…`) are left out.
fn listed_tags(value: &Value) -> Option<BTreeMap<String, String>> {
    let mut tags = BTreeMap::new();
    for tag in value.as_array()? {
        let key = tag.get("TagKey")?.as_str()?;
        let text = tag.get("TagValue")?.as_str()?;
        if !key.starts_with("mrkspec:") && tags.insert(key.to_string(), text.to_string()).is_some() {
            return None;
        }
    }
    Some(tags)
}

fn same_json(a: &str, b: &str) -> bool {
    let parse = |t: &str| serde_json::from_str::<Value>(t).ok();
    matches!((parse(a), parse(b)), (Some(a), Some(b)) if a == b)
}

fn delegates_to_root(policy: &str, account: &str) -> bool {
    let Ok(policy) = serde_json::from_str::<Value>(policy) else {
        return false;
    };
    let one_or_many = |v: &Value| match v {
        Value::Array(list) => list.clone(),
        other => vec![other.clone()],
    };
    let names_root = |p: &Value| {
        p.as_str().is_some_and(|p| p == account || (p.starts_with("arn:") && p.ends_with(&format!(":iam::{account}:root"))))
    };
    one_or_many(&policy["Statement"]).iter().any(|s| {
        s["Effect"] == "Allow"
            && one_or_many(&s["Action"]).iter().any(|a| a == "kms:*")
            && one_or_many(&s["Principal"]["AWS"]).iter().any(names_root)
    })
}

fn aliases(wanted: &BTreeMap<Name, Name>, value: &Value, bindings: &Bindings) -> Result<(), String> {
    let full = |n: &Name| bindings.alias_name(n);
    let wanted: BTreeMap<String, String> = wanted
        .iter()
        .map(|(alias, family)| (full(alias), bindings.key_id(family).unwrap_or_default().to_string()))
        .collect();
    let ours = format!("alias/{}", bindings.alias_prefix);
    let part = |a: &Value, k: &str| a.get(k).and_then(Value::as_str).unwrap_or("").to_string();
    let list = value.as_array().map(|l| l.as_slice()).unwrap_or_default();
    let seen: BTreeMap<String, String> = list
        .iter()
        .map(|a| (part(a, "AliasName"), part(a, "TargetKeyId")))
        .filter(|(name, _)| name.starts_with(&ours))
        .collect();
    if value.is_array() && seen == wanted { Ok(()) } else { Err(format!("exactly the aliases {wanted:?}")) }
}

fn plaintext(plain: &Plain, value: &Value, scope: &mut Scope) -> Result<(), String> {
    let seen = value.as_str().and_then(super::base64);
    let known = match plain {
        Plain::Known(bytes) => Some(bytes.clone()),
        Plain::Of(step) => {
            let body = scope.bindings.outputs.get(step);
            body.and_then(|b| b.get("Plaintext")?.as_str()).and_then(super::base64)
        }
        Plain::Unseen(step, length) => {
            // Which bytes these are is the service's secret until the first decryption.
            return match seen {
                Some(b) if b.len() == *length => scope.same(&format!("plaintext {step}"), value).map_err(|_| "the same plaintext as before".into()),
                _ => Err(format!("a data key of {length} bytes")),
            };
        }
    };
    let same = seen.is_some() && seen == known;
    // Plaintexts are never printed: they may be secret on a real service.
    if same { Ok(()) } else { Err("the plaintext that was encrypted".into()) }
}

impl Form {
    fn fits(self, text: &str) -> bool {
        let hex = |t: &str, n: usize| t.len() == n && t.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        match self {
            Form::Mrk => text.len() > 4 && text.starts_with("mrk-"),
            Form::MrkHex => text.strip_prefix("mrk-").is_some_and(|t| hex(t, 32)),
            Form::Uuid => {
                let parts: Vec<&str> = text.split('-').collect();
                let lengths = [8, 4, 4, 4, 12];
                parts.len() == 5 && parts.iter().zip(lengths).all(|(p, n)| hex(&p.to_lowercase(), n))
            }
            Form::Hex64 => hex(text, 64),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Form::Mrk => "an id that starts with mrk-",
            Form::MrkHex => "mrk- and 32 lower-case hexadecimal digits",
            Form::Uuid => "a UUID",
            Form::Hex64 => "64 hexadecimal digits",
        }
    }
}

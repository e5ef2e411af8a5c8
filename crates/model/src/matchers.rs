//! Whether one member of an answer is as wanted.

use super::bindings::{Bindings, Slot};
use super::json::brief;
use super::outcome::{Form, Matcher};
use super::principal::may_be;
use super::world::{Grant, Name, Plain, Region};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What is known while one answer is compared.
pub(super) struct Scope<'a> {
    pub bindings: &'a Bindings,
    pub learned: &'a mut BTreeMap<Slot, Value>,
}

impl Scope<'_> {
    pub(super) fn same(&mut self, slot: &Slot, value: &Value) -> Result<(), String> {
        let known = self.bindings.get(slot).or_else(|| self.learned.get(slot));
        match known {
            Some(known) if known == value => Ok(()),
            Some(known) => Err(format!("{} (as seen before)", brief(known))),
            None => {
                self.learned.insert(slot.clone(), value.clone());
                Ok(())
            }
        }
    }

    fn text(&self, slot: &Slot) -> Option<String> {
        let known = self.bindings.get(slot).or_else(|| self.learned.get(slot))?;
        known.as_str().map(str::to_string)
    }
}

/// `Ok` when the value is as wanted, otherwise what was wanted, in words.
pub(super) fn holds(want: &Matcher, value: Option<&Value>, scope: &mut Scope) -> Result<(), String> {
    let ok = |yes: bool, words: &dyn Fn() -> String| if yes { Ok(()) } else { Err(words()) };
    let absent = value.is_none();
    match want {
        Matcher::Absent => return ok(absent, &|| "no such member".into()),
        Matcher::AbsentOrEmpty => {
            let empty = value.and_then(Value::as_array).is_some_and(Vec::is_empty);
            return ok(absent || empty, &|| "no such member".into());
        }
        Matcher::Optional(inner) => {
            return if absent { Ok(()) } else { holds(inner, value, scope) };
        }
        Matcher::NoMembers => {
            let fine = match value {
                None | Some(Value::Null) => true,
                Some(Value::Object(map)) => map.is_empty(),
                Some(_) => false,
            };
            return ok(fine, &|| "an empty answer".into());
        }
        Matcher::EmptyBody => {
            let none = matches!(value, None | Some(Value::Null));
            return ok(none, &|| "an empty body".into());
        }
        _ => {}
    }
    let missing = Value::Null;
    let value = value.unwrap_or(&missing);
    let text = value.as_str().unwrap_or("");
    match want {
        Matcher::Is(v) => ok(value == v, &|| brief(v)),
        Matcher::OneOf(list) => ok(list.contains(value), &|| list.iter().map(brief).collect::<Vec<_>>().join(" or ")),
        Matcher::Not(v) => ok(value != v, &|| format!("not {}", brief(v))),
        Matcher::Any(wants) => {
            let tries: Vec<_> = wants.iter().map(|w| holds(w, Some(value), scope)).collect();
            let fine = tries.iter().any(Result::is_ok);
            let words: Vec<String> = tries.into_iter().filter_map(Result::err).collect();
            ok(fine, &|| words.join(" or "))
        }
        Matcher::Refused(words) => Err(words.to_string()),
        Matcher::String => ok(value.is_string(), &|| "a string".into()),
        Matcher::Number => ok(value.is_number(), &|| "a number".into()),
        Matcher::Same(slot) if absent => Err(match scope.text(slot) {
            Some(known) => format!("`{known}` (as seen before)"),
            None => "a value".into(),
        }),
        Matcher::Same(slot) => scope.same(slot, value),
        Matcher::NoneOf(slots) => {
            let taken = slots.iter().find(|s| scope.bindings.get(s) == Some(value));
            ok(taken.is_none(), &|| taken.map_or(String::new(), |slot| format!("another value than {slot}")))
        }
        Matcher::KeyArn(family, region) => {
            let arn = scope.bindings.key_arn(family, region);
            ok(arn.as_deref() == Some(text), &|| arn.clone().map_or("a key ARN".into(), |a| format!("\"{a}\"")))
        }
        Matcher::NewKeyArn(family, region) => new_key_arn(text, family, region, scope),
        Matcher::KeyId(family) => {
            let id = scope.bindings.key_id(family);
            ok(id == Some(text), &|| format!("\"{}\"", id.unwrap_or("the key id")))
        }
        Matcher::Form(form) => ok(form.fits(text), &|| form.words().into()),
        Matcher::Members(family, regions) => {
            let wanted = member_arns(family, regions, scope.bindings);
            ok(listed_members(value) == Some(wanted.clone()), &|| {
                let arns: Vec<_> = wanted.iter().map(|(arn, _)| arn.as_str()).collect();
                format!("the members [{}], each with its Region", arns.join(", "))
            })
        }
        Matcher::SomeMembers(family, regions) => {
            let all = member_arns(family, regions, scope.bindings);
            let fine = listed_members(value).is_some_and(|l| l.is_subset(&all));
            ok(fine, &|| format!("only members of the family in {}", join(regions)))
        }
        Matcher::Set(wanted) => {
            let list = value.as_array().map(|l| l.as_slice()).unwrap_or_default();
            let seen: BTreeSet<&str> = list.iter().filter_map(Value::as_str).collect();
            let fine = seen.len() == list.len() && wanted.iter().map(String::as_str).collect::<BTreeSet<_>>() == seen;
            ok(fine, &|| format!("exactly [{}]", wanted.iter().cloned().collect::<Vec<_>>().join(", ")))
        }
        Matcher::Tags(wanted) => {
            ok(listed_tags(value).as_ref() == Some(wanted), &|| format!("exactly the tags {wanted:?}"))
        }
        Matcher::Policy(wanted) => {
            let wanted = &scope.bindings.fill(wanted);
            ok(same_json(text, wanted), &|| format!("the policy that was put: {wanted}"))
        }
        Matcher::DefaultPolicy(others) => {
            let account = scope.text(&Slot::Account).unwrap_or_default();
            let taken_over = others.iter().any(|other| has_id_of(text, other));
            let fine = delegates_to_root(text, &account) && !taken_over;
            ok(fine, &|| "the default key policy: Allow kms:* to the account root".into())
        }
        Matcher::Listed(family, region, present) => {
            let arn = scope.bindings.key_arn(family, region);
            let keys = value.as_array().map(|l| l.as_slice()).unwrap_or_default();
            let has = keys.iter().any(|k| k.get("KeyArn").and_then(Value::as_str) == arn.as_deref());
            let words = if *present { "a list with" } else { "a list without" };
            ok(value.is_array() && has == *present, &|| format!("{words} {}", arn.clone().unwrap_or_default()))
        }
        Matcher::Aliases(wanted) => aliases(wanted, value, scope.bindings),
        Matcher::Rotations(least, most) => {
            let n = value.as_array().map_or(u32::MAX, |l| l.len() as u32);
            ok((*least..=*most).contains(&n), &|| match least == most {
                true => format!("{least} rotations"),
                false => format!("{least} to {most} rotations"),
            })
        }
        Matcher::Materials(wanted) => super::listed::holds(wanted, value, scope),
        Matcher::EnabledFitsState => {
            let (state, enabled) = (value["KeyState"].as_str().unwrap_or(""), &value["Enabled"]);
            let fits = enabled.as_bool().is_some_and(|on| state == "Updating" || on == (state == "Enabled"));
            ok(fits, &|| format!("Enabled: {} in KeyState {state}", state == "Enabled"))
        }
        Matcher::AtMost(n) => {
            let fine = value.as_array().is_some_and(|l| l.len() as u64 <= *n);
            ok(fine, &|| format!("a list of at most {n}"))
        }
        Matcher::Plaintext(plain) => plaintext(plain, value, scope),
        Matcher::Length(n) => {
            let length = super::base64(text).map(|b| b.len());
            ok(value.is_string() && length == Some(*n), &|| format!("{n} bytes in base64"))
        }
        Matcher::SameSecret(slot) => {
            scope.same(slot, value).map_err(|_| "the same secret as before (not printed)".into())
        }
        Matcher::Fresh(slot) => {
            let old = scope.bindings.get(slot) == Some(value);
            scope.learned.insert(slot.clone(), value.clone());
            ok(!old, &|| "other bytes than last time".into())
        }
        Matcher::Grants(family, region, grants, strays) => list_of_grants(value, family, region, grants, strays, scope),
        Matcher::Blob => {
            let length = super::base64(text).map(|b| b.len());
            ok(length.is_some_and(|n| n > 0), &|| "a non-empty blob in base64".into())
        }
        Matcher::Absent | Matcher::AbsentOrEmpty | Matcher::Optional(_) | Matcher::NoMembers | Matcher::EmptyBody => {
            Ok(())
        }
    }
}

fn join(regions: &BTreeSet<Region>) -> String {
    regions.iter().map(|r| r.to_string()).collect::<Vec<_>>().join(", ")
}

fn new_key_arn(text: &str, family: &Name, region: &str, scope: &mut Scope) -> Result<(), String> {
    let words = format!("arn:<partition>:kms:{region}:<account>:key/<the key id>");
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [arn, partition, service, in_region, account, resource] = parts[..] else {
        return Err(words);
    };
    let id = scope.text(&Slot::KeyId(family.clone())).unwrap_or_default();
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
    scope.same(&Slot::Partition, &Value::from(partition))?;
    scope.same(&Slot::Account, &Value::from(account))
}

fn member_arns(family: &Name, regions: &BTreeSet<Region>, bindings: &Bindings) -> BTreeSet<(String, String)> {
    bindings.member_arns(family, regions).collect()
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

/// Whether a policy has the `Id` of another, which no default policy has by chance.
fn has_id_of(policy: &str, other: &str) -> bool {
    let id = |text: &str| serde_json::from_str::<Value>(text).ok()?["Id"].as_str().map(str::to_string);
    // What AWS calls its default policies may be put by hand as well.
    id(other).is_some_and(|other| !other.starts_with("key-") && id(policy) == Some(other))
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
        p.as_str()
            .is_some_and(|p| p == account || (p.starts_with("arn:") && p.ends_with(&format!(":iam::{account}:root"))))
    };
    one_or_many(&policy["Statement"]).iter().any(|s| {
        s["Effect"] == "Allow"
            && one_or_many(&s["Action"]).iter().any(|a| a == "kms:*")
            && one_or_many(&s["Principal"]["AWS"]).iter().any(names_root)
    })
}

/// Grants on one member: by id, with grantee, operations and whatever else was asked for.
fn list_of_grants(
    value: &Value,
    family: &Name,
    region: &str,
    wanted: &BTreeMap<Name, Grant>,
    strays: &[Grant],
    scope: &Scope,
) -> Result<(), String> {
    let arn = scope.bindings.key_arn(family, region).unwrap_or_default();
    let id = scope.bindings.key_id(family).unwrap_or_default();
    let ours = |g: &&Value| g.get("KeyId").and_then(Value::as_str).is_some_and(|k| k == arn || k == id);
    let list = value.as_array().map(|l| l.as_slice()).unwrap_or_default();
    let seen: Vec<&Value> = list.iter().filter(ours).collect();
    let fits = |(step, grant): (&Name, &Grant)| {
        let id = scope.bindings.get(&Slot::Grant(step.clone()));
        seen.iter().any(|s| Some(&s["GrantId"]) == id && same_grant(s, grant, scope))
    };
    let known: Vec<&Value> =
        wanted.keys().filter_map(|step: &Name| scope.bindings.get(&Slot::Grant(step.clone()))).collect();
    let mut others: Vec<&Value> = seen.iter().copied().filter(|s| !known.contains(&&s["GrantId"])).collect();
    // Each grant without a known id stands for one of the other entries.
    let paired = strays.iter().all(|stray| {
        let at = others.iter().position(|s| same_grant(s, stray, scope));
        at.map(|i| others.remove(i)).is_some()
    });
    if value.is_array() && seen.len() == wanted.len() + strays.len() && wanted.iter().all(fits) && paired {
        return Ok(());
    }
    let words: Vec<String> = wanted
        .values()
        .chain(strays)
        .map(|g| format!("{} for {}", g.operations.iter().cloned().collect::<Vec<_>>().join(" "), g.grantee))
        .collect();
    Err(format!("of {arn} exactly the grants [{}], as they were made", words.join("; ")))
}

fn same_grant(seen: &Value, grant: &Grant, scope: &Scope) -> bool {
    let named = |given: &String, shown: &str| scope.bindings.fill(given) == shown || may_be(given, shown);
    let text = |member: &str| seen.get(member).and_then(Value::as_str).map(str::to_string);
    let operations = seen["Operations"].as_array().map(|l| l.as_slice()).unwrap_or_default();
    let operations: BTreeSet<&str> = operations.iter().filter_map(Value::as_str).collect();
    let context = |name: &str| {
        let map = seen.get("Constraints")?.get(name)?.as_object()?;
        Some(map.iter().map(|(k, v)| (k.clone(), v.as_str().unwrap_or("").to_string())).collect::<BTreeMap<_, _>>())
    };
    operations == grant.operations.iter().map(String::as_str).collect()
        && text("GranteePrincipal").is_some_and(|shown| named(&grant.grantee, &shown))
        && text("RetiringPrincipal").is_some() == grant.retiring.is_some()
        && text("RetiringPrincipal").zip(grant.retiring.as_ref()).is_none_or(|(shown, r)| named(r, &shown))
        && grant.label.as_ref().is_none_or(|l| text("Name").as_ref() == Some(l))
        && context("EncryptionContextEquals") == grant.context_equals
        && context("EncryptionContextSubset") == grant.context_subset
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
        Plain::Of(step) | Plain::Private(step) => {
            let body = scope.bindings.output(step);
            let member = if matches!(plain, Plain::Of(_)) { "Plaintext" } else { "PrivateKeyPlaintext" };
            body.and_then(|b| b.get(member)?.as_str()).and_then(super::base64)
        }
        Plain::Unseen(step, length) => {
            // Which bytes these are is the service's secret until the first decryption.
            return match seen {
                Some(b) if b.len() == *length || *length == 0 => {
                    scope.same(&Slot::Plaintext(step.clone()), value).map_err(|_| "the same plaintext as before".into())
                }
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
        let hex =
            |t: &str, n: usize| t.len() == n && t.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
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

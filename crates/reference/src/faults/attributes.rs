//! Mistakes about aliases, tags, policies and descriptions.

use super::faults;
use serde_json::{Value, json};

faults! {
    "aliases-are-global", "ATT-001", "An alias resolves in every Region that holds its key", |t| {
        t.then("CreateAlias", |t| {
            let (id, name) = (t.key_id(), t.text("AliasName"));
            t.on_account(|a| {
                let Some(alias) = a.aliases.values().find(|x| x.key_id == id).cloned() else { return };
                let regions: Vec<String> = a.families.get(&id).map(|f| f.members.keys().cloned().collect()).unwrap_or_default();
                for region in regions { a.aliases.entry((region, name.clone())).or_insert(alias.clone()); }
            });
        })
    };
    "alias-prefix-is-added", "ATT-002", "An alias name without `alias/` gets it", |t| {
        let name = t.text("AliasName");
        if t.is("CreateAlias") && !name.is_empty() && !name.starts_with("alias/") { t.set("AliasName", json!(format!("alias/{name}"))); }
        t.run()
    };
    "aws-aliases-for-everybody", "ATT-003", "`alias/aws/` can be used", |t| {
        if t.is("CreateAlias") && t.text("AliasName").starts_with("alias/aws/") { return Ok(Value::Null) }
        t.run()
    };
    "create-alias-moves-it", "ATT-004", "CreateAlias with a name that exists moves the alias", |t| {
        let slot = (t.region(), t.text("AliasName"));
        if t.is("CreateAlias") { t.on_account(|a| a.aliases.remove(&slot)); }
        t.run()
    };
    "update-alias-does-nothing", "ATT-005", "UpdateAlias says yes and does nothing", |t| {
        let slot = (t.region(), t.text("AliasName"));
        let old = t.on_account(|a| a.aliases.get(&slot).cloned());
        t.then("UpdateAlias", |t| if let Some(old) = old { t.on_account(|a| a.aliases.insert(slot, old)); })
    };
    "aliases-move-between-usages", "ATT-006", "UpdateAlias takes keys of any usage", |t| {
        let (slot, id) = ((t.region(), t.text("AliasName")), t.key_id());
        match t.run() {
            Err(e) if t.is("UpdateAlias") && e.message.contains("another type or usage") => {
                t.on_account(|a| if let Some(x) = a.aliases.get_mut(&slot) { x.key_id = id });
                Ok(Value::Null)
            }
            other => other,
        }
    };
    "deleting-no-alias-succeeds", "ATT-007", "DeleteAlias of a missing alias says yes", |t| t.accept("DeleteAlias", "NotFoundException");
    "aliases-of-every-key", "ATT-008", "ListAliases ignores KeyId", |t| {
        if t.is("ListAliases") { t.body.remove("KeyId"); }
        t.run()
    };
    "tags-are-not-overwritten", "ATT-009", "TagResource keeps the old value of a tag", |t| {
        let old = t.on_key(|k| k.tags.clone()).unwrap_or_default();
        t.then("TagResource", |t| { t.on_key(|k| k.tags.extend(old)); })
    };
    "tags-are-shared", "ATT-010", "TagResource tags every member", |t| {
        t.then("TagResource", |t| { t.on_family(|f, region| {
            let tags = f.members[region].tags.clone();
            f.members.values_mut().for_each(|k| k.tags = tags.clone());
        }); })
    };
    "tag-errors-are-validation-errors", "ATT-011", "Duplicate and reserved tags are a ValidationException", |t| {
        t.recode("CreateKey TagResource ReplicateKey", "TagException", "ValidationException")
    };
    "long-tags-are-cut", "ATT-012", "Tag keys and values of any length are accepted", |t| {
        if let Some(Value::Array(tags)) = t.body.get_mut("Tags") {
            for tag in tags {
                for member in ["TagKey", "TagValue"] {
                    if let Some(text) = tag[member].as_str() { tag[member] = json!(text.chars().take(120).collect::<String>()); }
                }
            }
        }
        t.run()
    };
    "tags-cannot-be-removed", "ATT-013", "UntagResource says yes and does nothing", |t| {
        let old = t.on_key(|k| k.tags.clone()).unwrap_or_default();
        t.then("UntagResource", |t| { t.on_key(|k| k.tags = old); })
    };
    "policies-are-not-kept", "ATT-014", "PutKeyPolicy says yes and keeps the old policy", |t| {
        let old = t.on_key(|k| k.policy.clone()).unwrap_or_default();
        t.then("PutKeyPolicy", |t| { t.on_key(|k| k.policy = old); })
    };
    "default-policy-is-empty", "ATT-015", "The default policy has no statement", |t| {
        t.edit("GetKeyPolicy", |_, body| {
            let text = body["Policy"].as_str().unwrap_or("").to_string();
            if text.contains("key-default-1") { body["Policy"] = json!("{\"Version\":\"2012-10-17\",\"Statement\":[]}") }
        })
    };
    "policies-are-shared", "ATT-016", "PutKeyPolicy changes every member", |t| {
        t.then("PutKeyPolicy", |t| { t.on_family(|f, region| {
            let policy = f.members[region].policy.clone();
            f.members.values_mut().for_each(|k| k.policy = policy.clone());
        }); })
    };
    "any-policy-name", "ATT-017", "Any PolicyName is accepted", |t| {
        t.body.remove("PolicyName");
        t.run()
    };
    "descriptions-are-not-kept", "ATT-018", "UpdateKeyDescription says yes and does nothing", |t| {
        let old = t.on_key(|k| k.description.clone()).unwrap_or_default();
        t.then("UpdateKeyDescription", |t| { t.on_key(|k| k.description = old); })
    };
    "descriptions-are-shared", "ATT-019", "UpdateKeyDescription changes every member", |t| {
        t.then("UpdateKeyDescription", |t| { t.on_family(|f, region| {
            let text = f.members[region].description.clone();
            f.members.values_mut().for_each(|k| k.description = text.clone());
        }); })
    };
}

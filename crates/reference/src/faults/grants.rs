//! Mistakes about grants.

use super::faults;
use super::tools::*;
use serde_json::{Value, json};

const UPR: &str = "UpdatePrimaryRegion";

faults! {
    "grants-are-not-listed", "GRT-001", "ListGrants is empty", |t| t.edit("ListGrants", |_, body| body["Grants"] = json!([]));
    "grants-are-shared", "GRT-002", "A grant is made on every member", |t| {
        t.then("CreateGrant", |t| { t.on_family(|f, region| {
            let grants = f.members[region].grants.clone();
            f.members.values_mut().for_each(|k| k.grants = grants.clone());
        }); })
    };
    "promotion-moves-grants", "GRT-003", "A promotion moves the grants to the new primary", |t| {
        t.then(UPR, |t| {
            let to = t.text("PrimaryRegion");
            t.on_family(|f, from| {
                let grants = f.members.get_mut(from).map(|k| std::mem::take(&mut k.grants)).unwrap_or_default();
                if let Some(k) = f.members.get_mut(&to) { k.grants.extend(grants) }
            });
        })
    };
    "promotion-loses-grants", "GRT-003" late, "A promotion revokes the grants of third members", |t| {
        t.then(UPR, |t| {
            let to = t.text("PrimaryRegion");
            t.on_family(|f, from| f.members.iter_mut().filter(|(r, _)| *r != from && **r != to).for_each(|(_, k)| k.grants.clear()));
        })
    };
    "promotion-can-be-granted", "GRT-004", "CreateGrant takes UpdatePrimaryRegion and passes it over", |t| {
        if t.is("CreateGrant") && let Some(Value::Array(list)) = t.body.get_mut("Operations") {
            list.iter_mut().filter(|o| *o == "UpdatePrimaryRegion").for_each(|o| *o = json!("DescribeKey"));
        }
        t.run()
    };
    "revocation-does-nothing", "GRT-005", "RevokeGrant says yes and does nothing", |t| {
        let old = t.on_key(|k| k.grants.clone()).unwrap_or_default();
        t.then("RevokeGrant", |t| { t.on_key(|k| k.grants = old); })
    };
    "retiring-does-nothing", "GRT-006", "RetireGrant says yes and does nothing", |t| {
        if t.is("RetireGrant") { return Ok(Value::Null) }
        t.run()
    };
    "retirable-everywhere", "GRT-007", "ListRetirableGrants lists the grants of all Regions", |t| {
        let mut all = Vec::new();
        for region in ["us-east-1", "eu-west-1", "ap-southeast-2"] {
            if t.is("ListRetirableGrants") && let Ok(Value::Array(list)) = t.ask_in(region, "ListRetirableGrants", Value::Object(t.body.clone())).map(|b| b["Grants"].clone()) { all.extend(list) }
        }
        let here = t.region();
        for grant in &mut all {
            for region in ["us-east-1", "eu-west-1", "ap-southeast-2"] { replace(&mut grant["KeyId"], &format!(":{region}:"), &format!(":{here}:")) }
        }
        t.edit("ListRetirableGrants", |_, body| body["Grants"] = json!(all))
    };
    "grant-filters-are-ignored", "GRT-008", "ListGrants ignores GrantId and GranteePrincipal", |t| {
        if t.is("ListGrants") { t.body.remove("GrantId"); t.body.remove("GranteePrincipal"); }
        t.run()
    };
    "replication-copies-grants", "GRT-009", "A replica inherits the primary's grants", |t| {
        t.then("ReplicateKey", |t| {
            let to = t.text("ReplicaRegion");
            t.on_family(|f, from| {
                let grants = f.members[from].grants.clone();
                if let Some(k) = f.members.get_mut(&to) { k.grants = grants }
            });
        })
    };
    "grants-allow-nothing", "GRT-010", "Grants are kept and listed, but allow nothing", |t| {
        let old = t.on_key(|k| std::mem::take(&mut k.grants));
        if t.is("CreateGrant ListGrants RevokeGrant RetireGrant") {
            if let Some(old) = old { t.on_key(|k| k.grants = old); }
            return t.run();
        }
        let answer = t.run();
        if let Some(old) = old { t.on_key(|k| k.grants = old); }
        answer
    };
    "grants-allow-everything", "GRT-011", "A grant allows its grantee every operation", |t| {
        let user = format!("user/{}", t.caller.user);
        let granted = t.on_key(|k| k.grants.iter().any(|g| g.grantee.ends_with(&user))).unwrap_or(false);
        if granted && t.caller.user == "limited" && t.is("DisableKey UpdatePrimaryRegion") { t.caller.user = "admin".into() }
        t.run()
    };
    "constraints-are-ignored", "GRT-012", "Grant constraints are kept and listed, but not looked at", |t| {
        if !t.is("Encrypt") { return t.run() }
        let old = t.on_key(|k| { let old = k.grants.clone(); k.grants.iter_mut().for_each(|g| { g.equals = None; g.subset = None }); old });
        let answer = t.run();
        if let Some(old) = old { t.on_key(|k| k.grants = old); }
        answer
    };
    "grants-end-with-the-promotion", "GRT-013" ["GRT-003"] late, "The grants of a promoted family allow nothing", |t| {
        t.then(UPR, |t| { t.on_family(|f, _| f.members.values_mut().for_each(|k| k.grants.clear())); })
    };
    "revoked-grants-live-on", "GRT-014", "A revoked grant goes on allowing", |t| {
        if t.is("RevokeGrant RetireGrant") && t.caller.user == "admin" { t.note("revoked"); }
        if t.caller.user == "limited" && t.is("Encrypt") && t.noted("revoked") > 0 && t.on_key(|k| k.grants.is_empty()).unwrap_or(false) { t.caller.user = "admin".into() }
        t.run()
    };
    "subset-means-equals", "GRT-012" late, "EncryptionContextSubset is taken for EncryptionContextEquals", |t| {
        if !t.is("Encrypt") { return t.run() }
        let old = t.on_key(|k| { let old = k.grants.clone(); k.grants.iter_mut().for_each(|g| g.equals = g.equals.take().or(g.subset.take())); old });
        let answer = t.run();
        if let Some(old) = old { t.on_key(|k| k.grants = old); }
        answer
    };
    "anybody-can-be-granted", "GRT-015", "CreateGrant takes any text for a principal", |t| {
        if t.is("CreateGrant") && t.text("GranteePrincipal").contains("assumed-role/") {
            t.set("GranteePrincipal", json!(format!("arn:aws:iam::{}:root", t.caller.account)));
        }
        t.run()
    };
    "constraints-on-any-key", "GRT-016", "CreateGrant passes over constraints that the key cannot have", |t| {
        if t.is("CreateGrant") && t.on_family(|f, _| f.spec != "SYMMETRIC_DEFAULT").unwrap_or(false) { t.body.remove("Constraints"); }
        t.run()
    };
    "grants-are-known-by-name-alone", "GRT-017", "CreateGrant with a Name that is used answers the old grant, although the parameters differ", |t| {
        let name = t.text("Name");
        if !t.is("CreateGrant") || name.is_empty() { return t.run() }
        let known = t.on_key(|k| k.grants.iter().find(|g| g.name.as_ref() == Some(&name)).map(|g| (g.id.clone(), g.token.clone())));
        match known.flatten() {
            Some((id, token)) => Ok(json!({ "GrantId": id, "GrantToken": token })),
            None => t.run(),
        }
    };
    "named-grants-pile-up", "GRT-017", "CreateGrant makes another grant each time, whatever its Name", |t| {
        let name = t.text("Name");
        if !t.is("CreateGrant") || name.is_empty() { return t.run() }
        let hidden = format!("{name} (hidden)");
        t.on_key(|k| k.grants.iter_mut().filter(|g| g.name.as_ref() == Some(&name)).for_each(|g| g.name = Some(hidden.clone())));
        let answer = t.run();
        t.on_key(|k| k.grants.iter_mut().filter(|g| g.name.as_ref() == Some(&hidden)).for_each(|g| g.name = Some(name.clone())));
        answer
    };
}

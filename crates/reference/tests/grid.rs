//! Faults of the grid do what they say, and only that.

use mrkspec_reference::Settings;
use mrkspec_reference::fuzzing::Endpoint;
use mrkspec_reference::grid::{Cell, cells, find, made};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const EAST: &str = "us-east-1";
const WEST: &str = "us-west-2";
const EU: &str = "eu-west-1";

/// An endpoint with a fault and a family with members in three Regions.
struct World {
    endpoint: Endpoint,
    id: String,
}

impl World {
    fn new(settings: Settings) -> World {
        let endpoint = Endpoint::new(settings);
        let created =
            ask(&endpoint, EAST, "CreateKey", json!({ "MultiRegion": true, "Description": "d" })).expect("a key");
        let id = created["KeyMetadata"]["KeyId"].as_str().expect("an id").to_string();
        let world = World { endpoint, id };
        for region in [EU, WEST] {
            world.ok(EAST, "ReplicateKey", json!({ "ReplicaRegion": region, "Description": "d" }));
        }
        world
    }

    fn ask(&self, region: &str, operation: &str, mut body: Value) -> Result<Value, &'static str> {
        if operation != "Decrypt" {
            body["KeyId"] = json!(self.id);
        }
        ask(&self.endpoint, region, operation, body)
    }

    fn ok(&self, region: &str, operation: &str, body: Value) -> Value {
        self.ask(region, operation, body).unwrap_or_else(|e| panic!("{operation} in {region}: {e}"))
    }

    fn describe(&self, region: &str) -> Value {
        self.ok(region, "DescribeKey", json!({}))["KeyMetadata"].clone()
    }
}

fn ask(endpoint: &Endpoint, region: &str, operation: &str, body: Value) -> Result<Value, &'static str> {
    endpoint.ask(0, region, operation, body.to_string().as_bytes()).map_err(|(code, ..)| code)
}

fn with(name: &str) -> World {
    World::new(Settings::with_fault(find(name).unwrap_or_else(|| panic!("no cell {name}"))))
}

#[test]
fn every_cell_has_a_name_of_its_own_and_says_what_it_is() {
    let all = cells();
    let names: BTreeSet<String> = all.iter().map(Cell::name).collect();
    assert_eq!(names.len(), all.len());
    let sentences: BTreeSet<String> = all.iter().map(Cell::about).collect();
    assert_eq!(sentences.len(), all.len(), "two cells read the same");
}

#[test]
fn what_a_member_has_is_lost_with_the_event_and_not_before() {
    let world = with("grid/description/promote/third/lost");
    assert_eq!(world.describe(WEST)["Description"], "d");
    world.ok(EAST, "UpdatePrimaryRegion", json!({ "PrimaryRegion": EU }));
    let descriptions = [EAST, EU, WEST].map(|r| world.describe(r)["Description"].clone());
    assert_eq!(descriptions, [json!("d"), json!("d"), json!("")]);
}

#[test]
fn a_member_may_not_hear_of_a_promotion() {
    let world = with("grid/primary/promote/third/stale");
    world.ok(EAST, "UpdatePrimaryRegion", json!({ "PrimaryRegion": EU }));
    let seen = [EAST, EU, WEST].map(|r| world.describe(r)["MultiRegionConfiguration"]["PrimaryKey"]["Region"].clone());
    assert_eq!(seen, [json!(EU), json!(EU), json!(EAST)]);
}

#[test]
fn older_material_is_lost_on_one_member() {
    let world = with("grid/material/rotate/third/lost");
    let old = world.ok(EAST, "Encrypt", json!({ "Plaintext": "aGVsbG8=" }));
    world.ok(EAST, "RotateKeyOnDemand", json!({}));
    let new = world.ok(EAST, "Encrypt", json!({ "Plaintext": "aGVsbG8=" }));
    let open = |region: &str, sealed: &Value| {
        world.ask(region, "Decrypt", json!({ "CiphertextBlob": sealed["CiphertextBlob"] })).map(|_| ())
    };
    assert_eq!([open(EAST, &old), open(WEST, &old)], [Ok(()), Ok(())]);
    assert_eq!([open(EU, &old), open(EU, &new)], [Err("InvalidCiphertextException"), Ok(())]);
}

#[test]
fn an_event_is_refused_after_another_and_leaves_no_trace() {
    let world = with("grid/refused/promote/after/rotate");
    world.ok(EAST, "UpdatePrimaryRegion", json!({ "PrimaryRegion": EU }));
    world.ok(EU, "UpdatePrimaryRegion", json!({ "PrimaryRegion": EAST }));
    world.ok(EAST, "RotateKeyOnDemand", json!({}));
    let refused = world.ask(EAST, "UpdatePrimaryRegion", json!({ "PrimaryRegion": EU }));
    assert_eq!(refused, Err("KMSInvalidStateException"));
    assert_eq!(world.describe(EAST)["MultiRegionConfiguration"]["MultiRegionKeyType"], "PRIMARY");
}

#[test]
fn a_mistake_that_was_made_is_counted() {
    let cell = cells().into_iter().find(|c| c.name() == "grid/policy/promote/new/reset").expect("a cell");
    let fault = made(cell);
    let world = World::new(Settings::with_fault(fault.fault));
    let policy =
        world.ok(EU, "GetKeyPolicy", json!({}))["Policy"].as_str().expect("a policy").replace("Enable", "Give");
    world.ok(EU, "PutKeyPolicy", json!({ "Policy": policy }));
    assert_eq!(fault.differences(), 0);
    world.ok(EAST, "UpdatePrimaryRegion", json!({ "PrimaryRegion": EU }));
    assert_eq!(fault.differences(), 1);
    // A promotion back is another event.
    world.ok(EU, "UpdatePrimaryRegion", json!({ "PrimaryRegion": EAST }));
    assert_eq!(fault.differences(), 1);
}

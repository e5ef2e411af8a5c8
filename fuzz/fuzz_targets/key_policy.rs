//! Any text as a key policy: both of our policy readers are total, and agree on what a policy that both
//! can read allows.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mrkspec::internals::lockstep;
use mrkspec::internals::sequence::{Action, Sequence, Step};
use mrkspec_model::call::{Arg, Call, Caller, Operation};
use serde_json::json;

fn step(name: &str, call: Call) -> Step {
    let call = Call { name: name.into(), ..call };
    let text = format!("{} in {} by {:?}", call.op, call.region, call.caller);
    Step { text, action: Action::Call { call: Box::new(call), settle: false, expect: None } }
}

fuzz_target!(|data: &[u8]| {
    let Ok(policy) = std::str::from_utf8(data) else { return };
    // A NUL separates the policy of the primary from that of the replica.
    let (here, there) = policy.split_once('\0').unwrap_or((policy, ""));
    let key = "k".into();
    let on = |op, region| Call::new(op, region).key(&key);
    let text = |s: &str| Arg::Json(json!(s));
    let put = |region, policy| {
        on(Operation::PutKeyPolicy, region)
            .with("Policy", text(policy))
            .with("BypassPolicyLockoutSafetyCheck", Arg::Json(json!(true)))
    };
    let encrypt = |region| on(Operation::Encrypt, region).with("Plaintext", Arg::Bytes(b"x".to_vec()));
    let promote = |to| on(Operation::UpdatePrimaryRegion, "us-east-1").with("PrimaryRegion", text(to));
    let by = |caller, call: Call| Call { caller, ..call };
    let create = Call::new(Operation::CreateKey, "us-east-1").with("MultiRegion", Arg::Json(json!(true)));
    let replicate = |to| on(Operation::ReplicateKey, "us-east-1").with("ReplicaRegion", text(to));
    let mut steps = vec![step("k", create), step("r", replicate("eu-west-1"))];
    steps.push(step("p", put("us-east-1", here)));
    if !there.is_empty() {
        steps.push(step("q", put("eu-west-1", there)));
    }
    for (i, caller) in [Caller::Admin, Caller::Limited].into_iter().enumerate() {
        steps.push(step(&format!("e{i}"), by(caller, encrypt("us-east-1"))));
        steps.push(step(&format!("f{i}"), by(caller, encrypt("eu-west-1"))));
        steps.push(step(&format!("d{i}"), by(caller, on(Operation::DescribeKey, "us-east-1"))));
        steps.push(step(&format!("n{i}"), by(caller, promote("ap-southeast-2"))));
    }
    steps.push(step("a", replicate("us-west-2")));
    steps.push(step("u", promote("eu-west-1")));
    steps.push(step("g", on(Operation::GetKeyPolicy, "us-east-1")));
    let sequence = Sequence { id: "policy".into(), title: "a policy".into(), rules: Vec::new(), steps };
    lockstep(&sequence).unwrap_or_else(|d| panic!("{d:#?}\n{here}\n{there}"));
});

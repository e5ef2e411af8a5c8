//! Any bytes as an HTTP answer to any call, decoded and judged: never a panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mrkspec::internals::transport::{RawAnswer, decode};
use mrkspec_model::call::{Call, Operation};
use mrkspec_model::{Belief, Response};

fuzz_target!(|data: &[u8]| {
    let [which, status, body @ ..] = data else { return };
    let op = Operation::ALL[*which as usize % Operation::ALL.len()];
    let statuses = [200, 200, 200, 204, 302, 400, 400, 403, 404, 500, 501, 503];
    let raw =
        RawAnswer { status: statuses[*status as usize % statuses.len()], headers: Vec::new(), body: body.to_vec() };
    let decoded = decode(op, &raw);
    let mut belief = Belief::new("x-", true);
    let mut create = Call::new(Operation::CreateKey, "us-east-1");
    create.name = "k".into();
    // A key that the answer may be about; what it is judged to be does not matter here.
    belief.observe(&create, &Response::Lost("unknown".into()));
    let mut call = Call::new(op, "us-east-1");
    if op == Operation::CreateKey {
        call.name = "k".into();
    } else {
        call = call.key(&"k".into());
    }
    let judgement = belief.judge(&call, &decoded.response);
    let before = judgement.allowed;
    assert_eq!(
        belief.observe(&call, &decoded.response).allowed || matches!(decoded.response, Response::Lost(_)),
        before
    );
});

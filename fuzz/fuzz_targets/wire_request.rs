//! Any bytes at the reference endpoint's request decoder and SigV4 parser: an answer or an
//! exception, never a panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mrkspec_reference::{Settings, fuzzing};
use std::sync::OnceLock;

fuzz_target!(|data: &[u8]| {
    static ENDPOINT: OnceLock<fuzzing::Endpoint> = OnceLock::new();
    let endpoint = ENDPOINT.get_or_init(|| fuzzing::Endpoint::new(Settings::default()));
    let mut parts = data.splitn(3, |b| *b == b'\n');
    let operation = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
    let authorization = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
    let body = parts.next().unwrap_or_default();
    endpoint.authenticate(&authorization, body);
    let _ = endpoint.call(&operation, body);
});

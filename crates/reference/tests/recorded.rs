//! What AWS was recorded to answer, as tables: case, Region, call, code, text. `{K}` is the key that the
//! table is about, `{arn:REGION}` its ARN, `{X}` whatever an earlier call gave under that name.

#[path = "recorded/bench.rs"]
mod bench;
#[path = "recorded/cryptography.rs"]
mod cryptography;
#[path = "recorded/grants.rs"]
mod grants;
#[path = "recorded/imports.rs"]
mod imports;
#[path = "recorded/multi_region.rs"]
mod multi_region;
#[path = "recorded/rotation.rs"]
mod rotation;

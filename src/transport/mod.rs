//! How requests reach an endpoint and answers come back: what an endpoint is, who calls it, signing,
//! the HTTP client, and AWS JSON 1.1 in both directions.

mod backoff;
mod bad_target;
mod client;
mod credentials;
mod decode;
mod encode;
mod link;
mod operations;
mod preset;
mod probe;
mod target;

pub use backoff::Pauses;
pub use bad_target::BadTarget;
pub(crate) use client::chain;
pub use client::{Client, SendError};
pub use credentials::{Credentials, of_profile, resolve as resolve_credentials};
pub use decode::{Decoded, Finding, RawAnswer, decode, error_code};
pub use encode::{Unresolved, encode};
pub use link::{Answer, Exchange, Link, Watch};
pub use preset::{PRESETS, Preset};
pub use probe::{Likeness, Probed, UnknownAnswer, Unreachable, probe};
pub use target::{DAY, LOCAL_SETTLE, Principal, Target};

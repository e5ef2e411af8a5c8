//! How requests reach an endpoint and answers come back: what an endpoint is, who calls it, signing,
//! the HTTP client, and AWS JSON 1.1 in both directions.

#[cfg(feature = "cli")]
mod account;
mod backoff;
mod bad_target;
mod client;
mod credentials;
mod decode;
mod encode;
mod json;
mod limits;
mod link;
mod operations;
#[cfg(feature = "cli")]
mod preset;
mod probe;
mod pulse;
mod request_ids;
mod target;
#[cfg(feature = "cli")]
mod wait;

#[cfg(feature = "cli")]
pub use account::account;
pub use backoff::Pauses;
pub use bad_target::BadTarget;
pub(crate) use client::chain;
pub use client::{Client, SendError};
pub use credentials::Credentials;
#[cfg(feature = "cli")]
pub use credentials::{ca_bundle_of_profile, credentials_in_file, is_any_configured};
pub use decode::{Decoded, Finding, RawAnswer, decode};
pub use encode::encode;
pub use limits::Limits;
pub use link::{Answer, Exchange, Link, Watch};
#[cfg(feature = "cli")]
pub use preset::{PRESETS, Preset};
pub use probe::{Likeness, UnknownAnswer, Unreachable, probe};
pub use pulse::Ended;
#[cfg(feature = "reference")]
pub use target::LOCAL_SETTLE;
pub use target::{Consistency, DAY, Principal, Target};
#[cfg(feature = "cli")]
pub use wait::{NeverCame, wait_for};

//! How requests reach an endpoint and answers come back: what an endpoint is, who calls it, signing,
//! the HTTP client, and AWS JSON 1.1 in both directions.

mod client;
mod credentials;
mod decode;
mod encode;
#[cfg(feature = "cli")]
mod preset;
mod probe;
mod target;

pub use client::{Client, SendError};
pub use credentials::Credentials;
pub use decode::{Decoded, Finding, RawAnswer, decode, error_code};
pub use encode::encode;
#[cfg(feature = "cli")]
pub use preset::{PRESETS, Preset};
pub use probe::{Likeness, UnknownAnswer, probe};
#[cfg(feature = "reference")]
pub use target::LOCAL_SETTLE;
pub use target::{BadTarget, DAY, Principal, Target};

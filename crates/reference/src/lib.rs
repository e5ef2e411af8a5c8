//! An AWS KMS endpoint that can be embedded in a test: real HTTP, AWS JSON 1.1, SigV4 verification and
//! cryptography, multi-Region keys, every Region on one loopback port.
//!
//! Any AWS SDK works against it: give it the endpoint's URL and one of the [`Credential`]s. Which Region
//! is meant follows from the signature.
//!
//! ```
//! use mrkspec_reference::{Credential, Server, Settings};
//! use std::time::Duration;
//!
//! # #[tokio::main]
//! # async fn main() -> std::io::Result<()> {
//! // Promotions stay in Updating for a while, as they do on AWS (F-072).
//! let settings = Settings { updating: Duration::from_millis(300), ..Settings::default() };
//! let server = Server::start(settings).await?;
//! let [admin, ..] = Credential::defaults();
//! println!("AWS_ENDPOINT_URL_KMS={} AWS_ACCESS_KEY_ID={}", server.url(), admin.access_key);
//! # Ok(()) }
//! ```
//!
//! [`Settings`] shows what a conforming endpoint may do; [`faults`] are single mistakes, made on
//! purpose, to see whether a test notices. Fact numbers such as F-072 are those of mrkspec's `facts.md`.
//!
//! Written as a server would be, imperatively and from the facts. It shares no logic with the model of
//! `mrkspec-model` and does not depend on it, so that their agreement is evidence.

#![warn(missing_docs)]

mod auth;
mod crypto;
mod engine;
mod error;
pub mod faults;
#[doc(hidden)] // for mrkspec's own fuzz targets and lockstep
pub mod fuzzing;
pub mod grid;
mod http;
mod input;
mod material;
mod pairs;
mod places;
mod policy;
mod store;

pub use auth::Credential;
pub use http::{Server, serve};

use std::time::Duration;

/// Which of the answers that the documentation leaves open the endpoint gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choices {
    /// Codes and texts as recorded from the real service, and what was recorded of imported material
    /// and its rotation (the marks `[AWS]` of the facts).
    #[default]
    Recorded,
    /// What the documentation says, and plain answers where it says nothing.
    Documented,
}

/// How the endpoint behaves where the documentation leaves latitude.
///
/// Settings are added from version to version: write `Settings { day, ..Settings::default() }`, which goes on
/// compiling. The default shows no latitude at all and makes no mistakes.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long a replica stays in Creating (F-044).
    pub creating: Duration,
    /// How long old and new primary stay in Updating (F-072).
    pub updating: Duration,
    /// How long an on-demand rotation takes after it was accepted (F-092).
    pub rotating: Duration,
    /// Whose answers are given where several are allowed.
    pub choices: Choices,
    /// While Updating, show both as REPLICA (F-071).
    pub both_replicas: bool,
    /// Share of requests answered with ThrottlingException, 0 to 1 (F-009).
    pub throttle: f64,
    /// Share of requests answered with KMSInternalException, 0 to 1; half of these do their work
    /// first (F-010).
    pub internal_error: f64,
    /// Share of requests whose connection is closed after the work was done, 0 to 1.
    pub drop_answer: f64,
    /// How long every answer is held back once the work is done: a client that does not wait for it has lost it.
    pub slow: Duration,
    /// How long cryptographic operations are held back on a member that is Updating: they should not be (F-074).
    pub slow_updating: Duration,
    /// How long a day of a deletion's waiting period takes (F-083).
    pub day: Duration,
    /// For how long reads may be answered from the past (F-077).
    pub stale: Duration,
    /// Seed of key ids and of the latitude above.
    pub seed: u64,
    /// The one mistake that this endpoint makes on purpose, if any.
    pub fault: Option<&'static engine::Fault>,
    /// Who may call, and on whose behalf.
    pub credentials: Vec<Credential>,
    /// Take a caller with an access key id that is not among them for the first of them, whatever the signature: for a first try.
    pub any_credentials: bool,
}

impl Settings {
    /// An endpoint with this mistake, which answers otherwise so that the mistake shows.
    pub fn with_fault(fault: &'static faults::Fault) -> Settings {
        Settings { fault: Some(fault), choices: fault.choices, ..Settings::default() }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            creating: Duration::ZERO,
            updating: Duration::ZERO,
            rotating: Duration::ZERO,
            choices: Choices::default(),
            both_replicas: false,
            throttle: 0.0,
            internal_error: 0.0,
            drop_answer: 0.0,
            slow: Duration::ZERO,
            slow_updating: Duration::ZERO,
            day: Duration::from_secs(86_400),
            stale: Duration::ZERO,
            seed: 0,
            fault: None,
            credentials: Credential::defaults().to_vec(),
            any_credentials: false,
        }
    }
}

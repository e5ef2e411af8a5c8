//! The reference endpoint as a target: where the two meet, and the only place where they do.

use crate::transport::{Consistency, Credentials, LOCAL_SETTLE, Limits, Principal, Target};
use mrkspec_reference::{Credential, Server, Settings};
use std::time::Duration;

/// Starts the reference endpoint in this process. It runs as long as the server lives.
///
/// # Errors
/// When no loopback port can be had.
pub async fn embedded(settings: Settings) -> std::io::Result<(Server, Target)> {
    let [admin, limited, other] = Credential::defaults();
    let credentials = |c: &Credential| Credentials::new(&c.access_key, &c.secret);
    let day = settings.day;
    let consistency = if settings.stale.is_zero() { Consistency::Strong } else { Consistency::Eventual };
    let server = Server::start(settings).await?;
    let target = Target {
        name: "embedded".into(),
        endpoint: server.url(),
        credentials: credentials(&admin),
        settle_timeout: LOCAL_SETTLE,
        day,
        consistency,
        limited: Some(Principal { credentials: credentials(&limited), arn: limited.arn() }),
        other: Some(credentials(&other)),
        keeps_keys: false,
        request_timeout: None,
        limits: Limits::default(),
        authorities: None,
        allow_aws: false,
    };
    Ok((server, target))
}

/// The embedded endpoint as `check` starts it: it shows short transients, throttles and fails now
/// and then, so that the rules about these run, too.
pub fn lively(seed: u64) -> Settings {
    Settings {
        creating: Duration::from_millis(100),
        updating: Duration::from_millis(100),
        both_replicas: true,
        throttle: 0.01,
        internal_error: 0.004,
        drop_answer: 0.002,
        // Seven days are a second and a half, so that the end of a deletion is seen.
        day: Duration::from_millis(200),
        seed,
        ..Settings::default()
    }
}

/// The embedded endpoint as `continuity` starts it: promotions take their time, and so do rotations.
#[cfg(feature = "cli")]
pub fn under_load(seed: u64) -> Settings {
    let short = Duration::from_millis(400);
    Settings { creating: short, updating: short, rotating: short, seed, ..Settings::default() }
}

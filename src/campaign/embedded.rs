//! The reference endpoint as a target: where the two meet, and the only place where they do.

use crate::transport::{Credentials, LOCAL_SETTLE, Principal, Target};
use mrkspec_reference::{Credential, Server, Settings};

/// Starts the reference endpoint in this process. It runs as long as the server lives.
///
/// # Errors
/// When no loopback port can be had.
pub async fn embedded(settings: Settings) -> std::io::Result<(Server, Target)> {
    let [admin, limited, other] = Credential::defaults();
    let credentials = |c: &Credential| Credentials::new(&c.access_key, &c.secret);
    let day = settings.day;
    let consistent = settings.stale.is_zero();
    let server = Server::start(settings).await?;
    let target = Target {
        name: "embedded".into(),
        endpoint: server.url(),
        credentials: credentials(&admin),
        settle_timeout: LOCAL_SETTLE,
        day,
        consistent,
        limited: Some(Principal { credentials: credentials(&limited), arn: limited.arn() }),
        other: Some(credentials(&other)),
        keeps_keys: false,
    };
    Ok((server, target))
}

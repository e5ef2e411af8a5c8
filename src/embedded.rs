//! The reference endpoint as a target: where the two meet, and the only place where they do.

use crate::reference::{Credential, Server, Settings};
use crate::target::{Credentials, LOCAL_SETTLE, Target};

/// Starts the reference endpoint in this process. It runs as long as the server lives.
///
/// # Errors
/// When no loopback port can be had.
pub async fn embedded(settings: Settings) -> std::io::Result<(Server, Target)> {
    let admin = Credential::defaults().remove(0);
    let server = Server::start(settings).await?;
    let target = Target {
        name: "embedded".into(),
        endpoint: server.url(),
        credentials: Credentials::new(&admin.access_key, &admin.secret),
        settle_timeout: LOCAL_SETTLE,
        keeps_keys: false,
    };
    Ok((server, target))
}

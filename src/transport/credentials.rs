//! Credentials by the AWS conventions.

use super::BadTarget;
use std::fmt;

/// What a request is signed with. Its secret parts never appear in output.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Credentials {
    /// The access key id.
    pub access_key: String,
    /// The secret access key.
    pub secret: String,
    /// The session token of temporary credentials.
    pub token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({}, secret not shown)", self.access_key)
    }
}

impl Credentials {
    /// Long-term credentials.
    pub fn new(access_key: &str, secret: &str) -> Credentials {
        Credentials { access_key: access_key.into(), secret: secret.into(), token: None }
    }

    /// What a local endpoint gets that nobody configured credentials for.
    pub(crate) fn made_up() -> Credentials {
        Credentials::new("AKIDMRKSPECTESTKEY00", "mrkspec-made-up-secret")
    }
}

fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

/// Environment, profile, credential process and so on, as every AWS tool does it. For a local
/// endpoint made-up credentials do when neither environment nor profile names any.
///
/// # Errors
/// When credentials are configured, or needed, and cannot be had.
#[cfg(feature = "aws")]
pub async fn resolve(local: bool) -> Result<Credentials, BadTarget> {
    if local && !is_set("AWS_ACCESS_KEY_ID") && !is_set("AWS_PROFILE") {
        return Ok(Credentials::made_up());
    }
    let config = aws_config::defaults(aws_config::BehaviorVersion::latest()).region("us-east-1").load().await;
    provided(&config).await
}

/// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`; for a local endpoint made-up
/// credentials when the first is not set.
///
/// # Errors
/// When the environment names no credentials, and they are needed, or only half of them.
#[cfg(not(feature = "aws"))]
pub async fn resolve(local: bool) -> Result<Credentials, BadTarget> {
    if local && !is_set("AWS_ACCESS_KEY_ID") {
        return Ok(Credentials::made_up());
    }
    let needed = |name: &str| {
        let value = std::env::var(name).ok().filter(|v| !v.is_empty());
        value.ok_or_else(|| {
            let lacks = "this build of mrkspec reads no profiles (feature `aws`)";
            BadTarget(format!("AWS credentials cannot be had: {name} is not set, and {lacks}"))
        })
    };
    Ok(Credentials {
        access_key: needed("AWS_ACCESS_KEY_ID")?,
        secret: needed("AWS_SECRET_ACCESS_KEY")?,
        token: std::env::var("AWS_SESSION_TOKEN").ok().filter(|v| !v.is_empty()),
    })
}

#[cfg(feature = "aws")]
impl Credentials {
    /// The credentials of a named profile of the AWS configuration files. Needs the feature `aws`.
    ///
    /// # Errors
    /// When there is no such profile, or it gives none.
    pub async fn of_profile(name: &str) -> Result<Credentials, BadTarget> {
        // Not the default chain: access keys in the environment would win over the profile.
        let provider = aws_config::profile::ProfileFileCredentialsProvider::builder().profile_name(name).build();
        let config = aws_config::defaults(aws_config::BehaviorVersion::latest());
        let config = config.region("us-east-1").credentials_provider(provider).load().await;
        provided(&config).await.map_err(|e| BadTarget(format!("profile {name}: {}", e.0)))
    }
}

#[cfg(feature = "aws")]
async fn provided(config: &aws_config::SdkConfig) -> Result<Credentials, BadTarget> {
    use aws_credential_types::provider::ProvideCredentials as _;
    let provider = config.credentials_provider();
    let provider = provider.ok_or_else(|| BadTarget("no AWS credentials are configured".into()))?;
    let found = provider.provide_credentials().await;
    let found = found.map_err(|e| {
        let cause = std::error::Error::source(&e).map(|s| format!(": {s}")).unwrap_or_default();
        BadTarget(format!("AWS credentials cannot be had: {e}{cause}"))
    })?;
    Ok(Credentials {
        access_key: found.access_key_id().to_string(),
        secret: found.secret_access_key().to_string(),
        token: found.session_token().map(str::to_string),
    })
}

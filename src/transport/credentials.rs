//! Credentials by the AWS conventions.

use super::bad_target::BadTarget;
use aws_credential_types::provider::ProvideCredentials;
use std::fmt;

/// What a request is signed with. Its secret parts never appear in output.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub access_key: String,
    pub secret: String,
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
}

/// Environment, profile, credential process and so on, as every AWS tool does it. For a local
/// endpoint made-up credentials do when neither environment nor profile names any.
///
/// # Errors
/// When credentials are configured, or needed, and cannot be had.
pub async fn resolve(local: bool) -> Result<Credentials, BadTarget> {
    let named = ["AWS_ACCESS_KEY_ID", "AWS_PROFILE"].iter().any(|v| std::env::var_os(v).is_some_and(|s| !s.is_empty()));
    if local && !named {
        return Ok(Credentials::new("AKIDMRKSPECTESTKEY00", "mrkspec-made-up-secret"));
    }
    let config = aws_config::defaults(aws_config::BehaviorVersion::latest()).region("us-east-1").load().await;
    provided(&config).await
}

/// The credentials of a named profile.
///
/// # Errors
/// When there is no such profile, or it gives none.
pub async fn of_profile(name: &str) -> Result<Credentials, BadTarget> {
    // Not the default chain: access keys in the environment would win over the profile.
    let provider = aws_config::profile::ProfileFileCredentialsProvider::builder().profile_name(name).build();
    let config =
        aws_config::defaults(aws_config::BehaviorVersion::latest()).region("us-east-1").credentials_provider(provider);
    provided(&config.load().await).await.map_err(|e| BadTarget::Profile { name: name.into(), source: e.into() })
}

async fn provided(config: &aws_config::SdkConfig) -> Result<Credentials, BadTarget> {
    let provider = config.credentials_provider();
    let provider = provider.ok_or(BadTarget::NoCredentials)?;
    let found = provider.provide_credentials().await.map_err(|e| BadTarget::Credentials(e.into()))?;
    Ok(Credentials {
        access_key: found.access_key_id().to_string(),
        secret: found.secret_access_key().to_string(),
        token: found.session_token().map(str::to_string),
    })
}

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
    if local && !is_any_configured() {
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
    of_variables(|name| std::env::var(name).ok())
}

/// The credentials that these variables hold.
#[cfg(any(test, not(feature = "aws")))]
fn of_variables(value_of: impl Fn(&str) -> Option<String>) -> Result<Credentials, BadTarget> {
    let given = |name: &str| value_of(name).filter(|v| !v.is_empty());
    let needed = |name: &str| given(name).ok_or_else(|| BadTarget::NoVariable { name: name.to_string() });
    let (access_key, secret) = (needed("AWS_ACCESS_KEY_ID")?, needed("AWS_SECRET_ACCESS_KEY")?);
    Ok(Credentials { access_key, secret, token: given("AWS_SESSION_TOKEN") })
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
        provided(&config).await.map_err(|e| BadTarget::Profile { name: name.into(), source: e.into() })
    }
}

/// Whether the environment names credentials or a profile that has some.
#[cfg(any(feature = "aws", feature = "cli"))]
pub fn is_any_configured() -> bool {
    is_set("AWS_ACCESS_KEY_ID") || is_set("AWS_PROFILE")
}

/// `ca_bundle` of the profile in use, by the AWS configuration files.
#[cfg(all(feature = "cli", feature = "aws"))]
pub async fn ca_bundle_of_profile() -> Option<String> {
    // Without the files, or with files that cannot be read, there is none; whoever needs credentials of them is told.
    profile(&aws_runtime::env_config::file::EnvConfigFiles::default()).await?.get("ca_bundle").map(str::to_string)
}

#[cfg(all(feature = "cli", not(feature = "aws")))]
pub async fn ca_bundle_of_profile() -> Option<String> {
    None
}

/// The credentials in a file of its own, such as an emulator keeps; `None` when there is none.
#[cfg(all(feature = "cli", feature = "aws"))]
pub async fn credentials_in_file(path: &std::path::Path) -> Option<Credentials> {
    use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
    let files = EnvConfigFiles::builder().with_file(EnvConfigFileKind::Credentials, path).build();
    let profile = profile(&files).await?;
    let value = |name: &str| profile.get(name).map(str::to_string);
    let (access_key, secret) = (value("aws_access_key_id")?, value("aws_secret_access_key")?);
    Some(Credentials { access_key, secret, token: value("aws_session_token") })
}

#[cfg(all(feature = "cli", not(feature = "aws")))]
pub async fn credentials_in_file(_path: &std::path::Path) -> Option<Credentials> {
    None
}

#[cfg(all(feature = "cli", feature = "aws"))]
async fn profile(
    files: &aws_runtime::env_config::file::EnvConfigFiles,
) -> Option<aws_runtime::env_config::section::EnvConfigSections> {
    use aws_types::os_shim_internal::{Env, Fs};
    let source = aws_runtime::env_config::source::load(&Env::real(), &Fs::real(), files).await.ok()?;
    aws_runtime::env_config::section::EnvConfigSections::parse(source).ok()
}

#[cfg(feature = "aws")]
async fn provided(config: &aws_config::SdkConfig) -> Result<Credentials, BadTarget> {
    use aws_credential_types::provider::ProvideCredentials as _;
    let provider = config.credentials_provider();
    let provider = provider.ok_or(BadTarget::NoCredentials)?;
    let found = provider.provide_credentials().await.map_err(|e| BadTarget::Credentials(e.into()))?;
    Ok(Credentials {
        access_key: found.access_key_id().to_string(),
        secret: found.secret_access_key().to_string(),
        token: found.session_token().map(str::to_string),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_gives_all_or_says_what_is_missing() {
        let of = |pairs: &[(&str, &str)]| {
            of_variables(|name| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| v.to_string()))
        };
        let (id, secret) = (("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "s"));
        let lasting = of(&[id, secret, ("AWS_SESSION_TOKEN", "")]).expect("both are there");
        assert_eq!(lasting, Credentials::new("AKID", "s"));
        let temporary = of(&[id, secret, ("AWS_SESSION_TOKEN", "t")]).expect("all are there");
        assert_eq!(temporary.token.as_deref(), Some("t"));
        for pairs in [&[id][..], &[id, ("AWS_SECRET_ACCESS_KEY", "")]] {
            assert!(of(pairs).is_err_and(|e| e.to_string().contains("AWS_SECRET_ACCESS_KEY is not set")));
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let shown = format!("{:?}", Credentials::new("AKID", "hush"));
        assert!(shown.contains("AKID") && !shown.contains("hush"), "{shown}");
    }
}

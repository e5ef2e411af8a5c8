//! `--endpoint`, `--target` and the AWS environment: which endpoint is meant.

use super::failure::Failure;
use super::values::{consistency, duration};
use crate::generate::Profiles;
use crate::generate::menu::Abilities;
use crate::transport::{
    BadTarget, Consistency, Credentials, DAY, Limits, Preset, Principal, Target, ca_bundle_of_profile,
    credentials_in_file, is_any_configured, wait_for,
};
use clap::Args;
use mrkspec_reference::{Server, Settings};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

/// The endpoint to test.
#[derive(Args, Clone, Debug)]
pub struct EndpointArgs {
    /// URL of the endpoint; `{region}` in it is replaced by the Region called
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
    /// A known endpoint: embedded, moto, localstack, ministack, fakecloud, localemu, roto, floci, aws-emulator, aws
    #[arg(long, value_name = "PRESET")]
    pub target: Option<String>,
    /// How long a transient or a stale read may take [default: 10s, on AWS 20m]
    #[arg(long, value_name = "D", value_parser = duration)]
    pub settle_timeout: Option<Duration>,
    /// Credentials profile of a second principal of the account, without IAM permissions on KMS
    #[arg(long, value_name = "PROFILE", requires = "limited_principal")]
    pub limited_profile: Option<String>,
    /// The ARN by which policies name that principal
    #[arg(long, value_name = "ARN", requires = "limited_profile")]
    pub limited_principal: Option<String>,
    /// Credentials profile of another account
    #[arg(long, value_name = "PROFILE")]
    pub other_account_profile: Option<String>,
    /// How long a day of a deletion's waiting period takes there [default: 24h; see serve --day]
    #[arg(long, value_name = "D", value_parser = duration)]
    pub day: Option<Duration>,
    /// The longest time for one request, its answer included [default: 10s, 60s for an endpoint that is not on this machine]
    #[arg(long, value_name = "D", value_parser = duration)]
    pub request_timeout: Option<Duration>,
    /// Whether reads may be stale: `auto` measures it, `strong` takes every answer as final, `eventual` allows it [default: auto]
    #[arg(long, value_name = "auto|strong|eventual", value_parser = consistency)]
    pub consistency: Option<Consistency>,
    /// The same as `--consistency strong`
    #[arg(long, conflicts_with = "consistency")]
    pub consistent: bool,
    /// Wait as long as this for the endpoint to answer, while it is being started
    #[arg(long, value_name = "D", value_parser = duration)]
    pub wait_for_endpoint: Option<Duration>,
    /// Keys at most that are made, replicas included; nothing more is tested when they are made
    #[arg(long, value_name = "N")]
    pub max_keys: Option<u64>,
    /// Requests a second at most; on AWS its request quotas are kept in any case
    #[arg(long, value_name = "N")]
    pub rate: Option<NonZeroU32>,
    /// Certificates (PEM) that sign the endpoint's own besides those that the system trusts [default: $AWS_CA_BUNDLE, or ca_bundle of the profile]
    #[arg(long, value_name = "F")]
    pub ca_bundle: Option<PathBuf>,
    /// Allow endpoints of real AWS: keys made there cost money
    #[arg(long)]
    pub allow_aws: bool,
    /// Do not ask before a run on real AWS, but say what it will do and cost
    #[arg(long, requires = "allow_aws")]
    pub yes: bool,
}

/// An endpoint, running as long as this lives.
pub struct Endpoint {
    pub target: Target,
    /// How to name it again on a command line.
    pub flags: String,
    _embedded: Option<Server>,
}

impl EndpointArgs {
    /// What can be asked of the endpoint, as far as the arguments tell, without asking it.
    pub fn abilities(&self) -> Abilities {
        let embedded = self.endpoint.is_none() && self.target.as_deref().is_none_or(|t| t == "embedded");
        Abilities {
            limited: embedded || self.limited_profile.is_some(),
            other: embedded || self.other_account_profile.is_some(),
            short_days: embedded || self.day.is_some_and(|d| d < DAY),
        }
    }

    /// The profiles of the other callers, by the names that they have for the AWS CLI as well.
    pub fn profiles(&self) -> Profiles {
        let default = Profiles::default();
        Profiles {
            limited: self.limited_profile.clone().unwrap_or(default.limited),
            other: self.other_account_profile.clone().unwrap_or(default.other),
        }
    }

    fn limits(&self) -> Limits {
        Limits { keys: self.max_keys, rate: self.rate, calls: None }
    }

    /// The certificates that are named, here or in the environment.
    fn authorities(&self, configured: Option<String>) -> Result<Option<Vec<u8>>, BadTarget> {
        let Some(path) = self.ca_bundle.clone().or(configured.map(PathBuf::from)) else { return Ok(None) };
        let bad = |why: String| BadTarget::Authorities { path: path.display().to_string(), why };
        let pem = std::fs::read(&path).map_err(|e| bad(e.to_string()))?;
        if !pem.windows(11).any(|w| w == b"-----BEGIN ") {
            return Err(bad("no PEM certificates are in it".into()));
        }
        Ok(Some(pem))
    }

    /// Finds the endpoint; starts the embedded one when no other is named.
    ///
    /// # Errors
    /// When no endpoint can be made of the arguments: exit code 2.
    pub async fn resolve(&self, embedded: Settings) -> Result<Endpoint, Failure> {
        let preset = match &self.target {
            None => None,
            Some(name) => Some(Preset::find(name).ok_or_else(|| Failure::UnknownTarget(name.clone()))?),
        };
        if preset.is_some_and(|p| p.name == "embedded") && self.endpoint.is_some() {
            return Err(Failure::EmbeddedElsewhere);
        }
        let from_env = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
        let configured = || from_env("AWS_ENDPOINT_URL_KMS").or_else(|| from_env("AWS_ENDPOINT_URL"));
        let url = match (&self.endpoint, preset) {
            (Some(url), _) => Some(url.clone()),
            (None, Some(p)) if p.name == "embedded" => None,
            (None, Some(p)) => Some(configured().unwrap_or_else(|| p.endpoint.to_string())),
            (None, None) => configured(),
        };
        let Some(url) = url else {
            let mut endpoint = start(embedded, self.settle_timeout).await?;
            endpoint.target.request_timeout = self.request_timeout;
            endpoint.target.limits = self.limits();
            return Ok(endpoint);
        };
        let name = preset.map_or(url.as_str(), |p| p.name);
        let mut target = Target::at(name, &url, self.allow_aws, self.settle_timeout).await?;
        target.limits = self.limits();
        // Who makes its own certificates is not signed by whom the profile trusts. Without TLS nobody needs any.
        let own = preset.and_then(Preset::authorities).map(|path| path.display().to_string());
        let configured = match from_env("AWS_CA_BUNDLE").or(own) {
            Some(path) => Some(path),
            None => ca_bundle_of_profile().await,
        };
        target.authorities = self.authorities(configured.filter(|_| url.starts_with("https:")))?;
        if let Some(path) = preset.and_then(Preset::credentials).filter(|_| !is_any_configured()) {
            target.credentials = credentials_in_file(&path).await.unwrap_or(target.credentials);
        }
        target.day = self.day.unwrap_or(target.day);
        target.request_timeout = self.request_timeout;
        if let Some(most) = self.wait_for_endpoint {
            wait_for(&target, most).await?;
        }
        let given = if self.consistent { Some(Consistency::Strong) } else { self.consistency };
        target.consistency = given.unwrap_or_default();
        if let (Some(profile), Some(arn)) = (&self.limited_profile, &self.limited_principal) {
            let credentials = of_profile(profile).await?;
            target.limited = Some(Principal { credentials, arn: arn.clone() });
        }
        if let Some(profile) = &self.other_account_profile {
            target.other = Some(of_profile(profile).await?);
        }
        let mut flags = match preset {
            Some(p) => format!("--target {} --endpoint {}", p.name, target.endpoint),
            None => format!("--endpoint {}", target.endpoint),
        };
        for (option, value) in [
            ("limited-profile", &self.limited_profile),
            ("limited-principal", &self.limited_principal),
            ("other-account-profile", &self.other_account_profile),
        ] {
            if let Some(value) = value {
                flags += &format!(" --{option} {value}");
            }
        }
        if let Some(settle) = self.settle_timeout {
            flags += &format!(" --settle-timeout {}", humantime::format_duration(settle));
        }
        if let Some(day) = self.day {
            flags += &format!(" --day {}", humantime::format_duration(day));
        }
        if let Some(limit) = self.request_timeout {
            flags += &format!(" --request-timeout {}", humantime::format_duration(limit));
        }
        if let Some(given) = given.filter(|g| *g != Consistency::Auto) {
            flags += &format!(" --consistency {}", given.word());
        }
        if let Some(path) = &self.ca_bundle {
            flags += &format!(" --ca-bundle {}", path.display());
        }
        if self.allow_aws {
            flags += " --allow-aws";
        }
        Ok(Endpoint { target, flags, _embedded: None })
    }
}

#[cfg(feature = "aws")]
async fn of_profile(name: &str) -> Result<Credentials, Failure> {
    Ok(Credentials::of_profile(name).await?)
}

#[cfg(not(feature = "aws"))]
async fn of_profile(name: &str) -> Result<Credentials, Failure> {
    Err(Failure::from(crate::transport::BadTarget::NoProfiles { name: name.to_string() }))
}

async fn start(settings: Settings, settle: Option<Duration>) -> Result<Endpoint, Failure> {
    let started = crate::campaign::embedded(settings).await;
    let (server, mut target) = started.map_err(Failure::Loopback)?;
    target.settle_timeout = settle.unwrap_or(target.settle_timeout);
    Ok(Endpoint { target, flags: "--target embedded".into(), _embedded: Some(server) })
}

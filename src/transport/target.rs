//! What an endpoint is: where it listens, who calls it, and how requests reach it.

use super::Limits;
use super::bad_target::BadTarget;
use super::credentials::{Credentials, resolve as resolve_credentials};
use std::time::Duration;

/// An endpoint to test: made by [`Target::at`] or [`Target::with_credentials`], then adjusted field by field.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Target {
    /// `embedded`, a preset's name, or the URL.
    pub name: String,
    /// The URL, with `{region}` where each Region has its own.
    pub endpoint: String,
    /// The principal that makes the keys: its IAM policy allows all of KMS.
    pub credentials: Credentials,
    /// How long a transient or a stale read may take to settle.
    pub settle_timeout: Duration,
    /// How long a day of a deletion's waiting period takes: 24 hours anywhere but at an endpoint
    /// that shortens it.
    pub day: Duration,
    /// Whether its answers may be stale.
    pub consistency: Consistency,
    /// A second principal of the account, without IAM permissions on KMS.
    pub limited: Option<Principal>,
    /// A principal of another account.
    pub other: Option<Credentials>,
    /// Keys made here are entered in a ledger, and their deletion is scheduled in the end.
    pub keeps_keys: bool,
    /// The longest time for one request, answer included; when not given, 10 seconds for an endpoint on this machine and
    /// 60 elsewhere.
    pub request_timeout: Option<Duration>,
    /// How much may be asked, and how fast.
    pub limits: Limits,
    /// Certificates, as PEM, that sign the endpoint's own besides those that the system trusts.
    pub authorities: Option<Vec<u8>>,
    /// Somebody said that real AWS is meant.
    pub(crate) allow_aws: bool,
}

/// Whether reads may be stale (F-077).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Consistency {
    /// That is measured: where hundreds of reads were not, what could only be stale is wrong. Real AWS is
    /// eventually consistent, whatever is measured.
    #[default]
    Auto,
    /// Never: every answer is final.
    Strong,
    /// They may be.
    Eventual,
}

impl Consistency {
    /// As the command line and reports have it.
    pub fn word(self) -> &'static str {
        match self {
            Consistency::Auto => "auto",
            Consistency::Strong => "strong",
            Consistency::Eventual => "eventual",
        }
    }
}

/// Somebody who may call, and the name by which policies know them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Principal {
    /// What its requests are signed with.
    pub credentials: Credentials,
    /// The ARN by which key policies and grants name it.
    pub arn: String,
}

impl Principal {
    /// A principal with long-term credentials.
    pub fn new(access_key: &str, secret: &str, arn: impl Into<String>) -> Principal {
        Principal { credentials: Credentials::new(access_key, secret), arn: arn.into() }
    }
}

/// Twenty-four hours.
pub const DAY: Duration = Duration::from_secs(86_400);

/// The longest time for one request to an endpoint on this machine.
const LOCAL_REQUEST: Duration = Duration::from_secs(10);
/// The same elsewhere.
const REMOTE_REQUEST: Duration = Duration::from_secs(60);

/// The settle time-out of a local endpoint.
pub const LOCAL_SETTLE: Duration = Duration::from_secs(10);
/// The settle time-out of real AWS (F-044, F-072).
pub const AWS_SETTLE: Duration = Duration::from_secs(20 * 60);

impl Target {
    /// The URL to call for a Region.
    pub fn url(&self, region: &str) -> String {
        self.endpoint.replace("{region}", region)
    }

    /// True for endpoints of real AWS.
    pub fn is_aws(&self) -> bool {
        self.host().is_some_and(|host| is_aws(&host))
    }

    /// True for endpoints on this machine.
    pub fn is_local(&self) -> bool {
        self.host().is_some_and(|host| is_local(&host))
    }

    /// The longest time for one request, its whole answer included.
    pub fn request_limit(&self) -> Duration {
        self.request_timeout.unwrap_or(if self.is_local() { LOCAL_REQUEST } else { REMOTE_REQUEST })
    }

    /// The same for the first questions, which cost an endpoint nothing: nobody waits a minute for one that is not there.
    pub(crate) fn first_limit(&self) -> Duration {
        self.request_timeout.unwrap_or(LOCAL_REQUEST)
    }

    fn host(&self) -> Option<String> {
        Some(reqwest::Url::parse(&self.url("us-east-1")).ok()?.host_str()?.to_string())
    }

    /// The target at `endpoint`, called `name` in reports. Credentials follow the AWS conventions (without
    /// the feature `aws`: the environment variables alone); a local endpoint that nobody configured
    /// credentials for gets made-up ones. `settle` is how long transients and stale reads may take: 10
    /// seconds when not given, 20 minutes on AWS (F-044, F-072).
    ///
    /// # Errors
    /// When the URL is none, when it is AWS and `allow_aws` is false, or when credentials are
    /// configured and cannot be had.
    pub async fn at(
        name: &str,
        endpoint: &str,
        allow_aws: bool,
        settle: Option<Duration>,
    ) -> Result<Target, BadTarget> {
        // The URL first: what is refused anyway must not make anybody log in.
        let target = Target::with_credentials(name, endpoint, allow_aws, Credentials::made_up())?;
        let credentials = resolve_credentials(target.is_local()).await?;
        Ok(Target { credentials, settle_timeout: settle.unwrap_or(target.settle_timeout), ..target })
    }

    /// As [`Target::at`], with these credentials, whatever the environment says.
    ///
    /// # Errors
    /// When the URL is none, or when it is AWS and `allow_aws` is false.
    pub fn with_credentials(
        name: &str,
        endpoint: &str,
        allow_aws: bool,
        credentials: Credentials,
    ) -> Result<Target, BadTarget> {
        let endpoint = endpoint.trim_end_matches('/').to_string();
        let url = reqwest::Url::parse(&endpoint.replace("{region}", "us-east-1"))
            .map_err(|source| BadTarget::NoUrl { endpoint: endpoint.clone(), source })?;
        let host = url.host_str().unwrap_or("").to_string();
        if !matches!(url.scheme(), "http" | "https") || host.is_empty() {
            return Err(BadTarget::NotHttp { endpoint });
        }
        let aws = is_aws(&host);
        if aws && !allow_aws {
            return Err(BadTarget::Aws { host });
        }
        Ok(Target {
            name: name.to_string(),
            endpoint,
            credentials,
            settle_timeout: if aws { AWS_SETTLE } else { LOCAL_SETTLE },
            day: DAY,
            consistency: Consistency::Auto,
            limited: None,
            other: None,
            keeps_keys: true,
            request_timeout: None,
            limits: Limits::default(),
            authorities: None,
            allow_aws,
        })
    }
}

fn is_local(host: &str) -> bool {
    matches!(host, "localhost" | "[::1]" | "::1") || host.starts_with("127.") || host.ends_with(".localhost")
}

/// Hosts of AWS itself, in every partition (F-144).
fn is_aws(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    [
        "amazonaws.com",
        "amazonaws.com.cn",
        "api.aws",
        "aws.dev",
        "amazonwebservices.com.cn",
        "c2s.ic.gov",
        "sc2s.sgov.gov",
    ]
    .iter()
    .any(|suffix| host == *suffix || host.ends_with(&format!(".{suffix}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn real_aws_needs_a_word() {
        for url in [
            "https://kms.us-east-1.amazonaws.com",
            "https://kms.{region}.api.aws",
            "https://KMS.cn-north-1.AMAZONAWS.com.cn.",
        ] {
            let refused = Target::at("x", url, false, None).await;
            assert!(refused.is_err_and(|e| e.to_string().contains("--allow-aws")), "{url}");
        }
    }

    #[tokio::test]
    async fn a_string_that_is_no_url_is_refused() {
        for url in ["localhost:4566", "ftp://127.0.0.1", "not a url"] {
            let refused = Target::at("x", url, false, None).await.expect_err(url).to_string();
            assert!(refused.contains(url) && refused.contains("URL"), "{refused}");
        }
    }

    #[test]
    fn knows_aws_from_others() {
        assert!(is_aws("kms.eu-west-1.amazonaws.com"));
        assert!(!is_aws("notamazonaws.com"));
        assert!(!is_aws("127.0.0.1"));
    }
}

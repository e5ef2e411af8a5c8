//! Why a target cannot be used as it was asked for.

use std::error::Error;
use std::str::FromStr;

/// A target that cannot be used as asked for: a usage error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BadTarget {
    /// It is no URL at all.
    #[error("`{endpoint}` is no URL (write for example http://127.0.0.1:4566)")]
    NoUrl {
        /// What was given.
        endpoint: String,
        /// What is wrong with it.
        #[source]
        source: <reqwest::Url as FromStr>::Err,
    },
    /// It is a URL of something else.
    #[error("`{endpoint}` is no http or https URL")]
    NotHttp {
        /// What was given.
        endpoint: String,
    },
    /// It is real AWS, and nobody said that this is meant (F-144).
    #[error(
        "{host} is real AWS: keys made there cost money and take at least 7 days to delete. Give --allow-aws if you mean it"
    )]
    Aws {
        /// Which host.
        host: String,
    },
    /// The AWS conventions lead to no credentials.
    #[error("no AWS credentials are configured")]
    NoCredentials,
    /// This build reads the environment only, and it lacks a variable.
    #[error(
        "AWS credentials cannot be had: {name} is not set, and this build of mrkspec reads no profiles (feature `aws`)"
    )]
    NoVariable {
        /// Which variable.
        name: String,
    },
    /// A profile was named, and this build reads none.
    #[error("profile {name}: this build of mrkspec reads no profiles (feature `aws`)")]
    NoProfiles {
        /// Which profile.
        name: String,
    },
    /// Credentials are configured, and cannot be had.
    #[error(
        "AWS credentials cannot be had: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE to a profile that \
         has them"
    )]
    Credentials(#[source] Box<dyn Error + Send + Sync>),
    /// The certificates of the endpoint's authority cannot be had.
    #[error("{path}: {why}")]
    Authorities {
        /// The file that was named.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// The same for a profile that was named.
    #[error("profile {name}")]
    Profile {
        /// Which profile.
        name: String,
        /// Why.
        #[source]
        source: Box<BadTarget>,
    },
}

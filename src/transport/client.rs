//! One HTTP client with keep-alive; signing by aws-sigv4; nothing an endpoint sends can hurt.

use super::{Credentials, Target};
use crate::transport::RawAnswer;
use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use mrkspec_model::call::{Auth, Caller};
use std::time::{Duration, SystemTime};

/// The longest answer that is read. KMS answers are far smaller.
const MAX_BODY: usize = 4 << 20;
/// The longest time for one request.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Why no answer came.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SendError {
    /// No connection: the request cannot have had effect.
    #[error("{0}")]
    Unreachable(String),
    /// The request may have had effect; its answer did not come.
    #[error("{0}")]
    Lost(String),
}

/// Sends requests to a target.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    target: Target,
}

impl Client {
    /// A client for this target.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(target: Target) -> Result<Client, reqwest::Error> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .connect_timeout(Duration::from_secs(5))
            .no_proxy()
            .build()?;
        Ok(Client { http, target })
    }

    /// The target it sends to.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Sends one request of the administrator and reads its answer.
    ///
    /// # Errors
    /// When no complete answer came.
    pub async fn send(&self, region: &str, operation: &str, body: String, auth: Auth) -> Result<RawAnswer, SendError> {
        self.send_as(Caller::Admin, region, operation, body, auth).await
    }

    /// Sends one request and reads its answer, up to a limit.
    ///
    /// # Errors
    /// When no complete answer came, or there are no credentials for this caller.
    pub async fn send_as(
        &self,
        caller: Caller,
        region: &str,
        operation: &str,
        body: String,
        auth: Auth,
    ) -> Result<RawAnswer, SendError> {
        let url = format!("{}/", self.target.url(region));
        let headers = self.headers(caller, region, operation, &body, auth).map_err(SendError::Unreachable)?;
        let mut request = self.http.post(&url).body(body);
        for (name, value) in &headers {
            request = request.header(name, value);
        }
        let failed = |e: reqwest::Error| {
            let text = chain(&e);
            if e.is_connect() || e.is_builder() { SendError::Unreachable(text) } else { SendError::Lost(text) }
        };
        let mut answer = request.send().await.map_err(failed)?;
        let mut raw = RawAnswer { status: answer.status().as_u16(), ..RawAnswer::default() };
        raw.headers = answer
            .headers()
            .iter()
            .map(|(n, v)| (n.as_str().to_string(), String::from_utf8_lossy(v.as_bytes()).into_owned()))
            .collect();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if raw.body.len() + chunk.len() > MAX_BODY {
                return Err(SendError::Lost(format!("the answer is longer than {MAX_BODY} bytes")));
            }
            raw.body.extend_from_slice(&chunk);
        }
        Ok(raw)
    }

    /// The headers of a request of the administrator, to be sent by somebody else.
    ///
    /// # Errors
    /// When the request cannot be signed; why.
    pub fn signed_headers(&self, region: &str, operation: &str, body: &str) -> Result<Vec<(String, String)>, String> {
        self.headers(Caller::Admin, region, operation, body, Auth::Valid)
    }

    fn headers(
        &self,
        caller: Caller,
        region: &str,
        operation: &str,
        body: &str,
        auth: Auth,
    ) -> Result<Vec<(String, String)>, String> {
        let url = format!("{}/", self.target.url(region));
        let mut headers = vec![
            ("content-type".to_string(), "application/x-amz-json-1.1".to_string()),
            ("x-amz-target".to_string(), format!("TrentService.{operation}")),
        ];
        if auth != Auth::Unsigned {
            headers.extend(self.sign(caller, &url, region, &headers, body, auth)?);
        }
        Ok(headers)
    }

    /// The headers that sign a request, as `auth` wants them.
    fn sign(
        &self,
        caller: Caller,
        url: &str,
        region: &str,
        headers: &[(String, String)],
        body: &str,
        auth: Auth,
    ) -> Result<Vec<(String, String)>, String> {
        let known = match caller {
            Caller::Admin => Some(&self.target.credentials),
            Caller::Limited => self.target.limited.as_ref().map(|p| &p.credentials),
            Caller::Other => self.target.other.as_ref(),
        };
        let known = known.ok_or("there are no credentials for this caller")?;
        let used = match auth {
            Auth::WrongSignature => Credentials { secret: format!("not-{}", known.secret), ..known.clone() },
            Auth::UnknownKey => Credentials::new("AKIDMRKSPECNOSUCHKEY", "no-such-secret"),
            _ => known.clone(),
        };
        let identity = AwsCredentials::new(used.access_key, used.secret, used.token, None, "mrkspec").into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name("kms")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|e| e.to_string())?;
        let pairs = headers.iter().map(|(n, v)| (n.as_str(), v.as_str()));
        let signable = SignableRequest::new("POST", url, pairs, SignableBody::Bytes(body.as_bytes()))
            .map_err(|e| e.to_string())?;
        let (instructions, _) = sign(signable, &params.into()).map_err(|e| e.to_string())?.into_parts();
        let signed = instructions.headers().map(|(name, value)| {
            let cut = auth == Auth::Incomplete && name.eq_ignore_ascii_case("authorization");
            let value = if cut { value.split(", Signature=").next().unwrap_or(value) } else { value };
            (name.to_string(), value.to_string())
        });
        Ok(signed.collect())
    }
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let more = cause.to_string();
        if !text.contains(&more) {
            text += &format!(": {more}");
        }
        next = cause.source();
    }
    text
}

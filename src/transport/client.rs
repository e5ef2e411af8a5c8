//! One HTTP client with keep-alive; signing by aws-sigv4; nothing an endpoint sends can hurt.

use super::{Credentials, Target};
use crate::transport::RawAnswer;
use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use mrkspec_model::call::{Auth, Caller};
use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

/// The longest answer that is read. KMS answers are far smaller.
const MAX_BODY: usize = 4 << 20;

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
    /// The URL of each Region that was called: reading one takes as long as signing a request.
    urls: Arc<Mutex<HashMap<String, Url>>>,
}

impl Client {
    /// A client for this target.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(target: Target) -> Result<Client, reqwest::Error> {
        let authorities = match &target.authorities {
            Some(pem) => reqwest::Certificate::from_pem_bundle(pem)?,
            None => Vec::new(),
        };
        let http = reqwest::Client::builder()
            .tls_certs_merge(authorities)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(target.request_limit())
            .connect_timeout(Duration::from_secs(5))
            .no_proxy()
            .build()?;
        Ok(Client { http, target, urls: Arc::default() })
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

    /// The same within this time.
    pub(super) async fn send_within(
        &self,
        limit: Duration,
        region: &str,
        operation: &str,
        body: String,
    ) -> Result<RawAnswer, SendError> {
        let late = || SendError::Lost(format!("no answer within {}", humantime::format_duration(limit)));
        let sent = self.send(region, operation, body, Auth::Valid);
        tokio::time::timeout(limit, sent).await.unwrap_or_else(|_| Err(late()))
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
        let url = self.url(region).map_err(SendError::Unreachable)?;
        let headers = self.headers(caller, &url, region, operation, &body, auth).map_err(SendError::Unreachable)?;
        let request = self.http.post(url).headers(headers).body(body);
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
        let headers = self.headers(Caller::Admin, &self.url(region)?, region, operation, body, Auth::Valid)?;
        Ok(headers.iter().map(|(name, value)| (name.to_string(), text_of(value).into())).collect())
    }

    /// Where a Region is called.
    fn url(&self, region: &str) -> Result<Url, String> {
        let mut urls = self.urls.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(known) = urls.get(region) {
            return Ok(known.clone());
        }
        let url = Url::parse(&format!("{}/", self.target.url(region))).map_err(|e| e.to_string())?;
        urls.insert(region.to_string(), url.clone());
        Ok(url)
    }

    fn headers(
        &self,
        caller: Caller,
        url: &Url,
        region: &str,
        operation: &str,
        body: &str,
        auth: Auth,
    ) -> Result<HeaderMap, String> {
        let target = HeaderValue::try_from(format!("TrentService.{operation}")).map_err(|e| e.to_string())?;
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1"));
        headers.insert(HeaderName::from_static("x-amz-target"), target);
        if auth != Auth::Unsigned {
            self.sign(caller, url, region, &mut headers, body, auth)?;
        }
        Ok(headers)
    }

    /// Adds the headers that sign a request, as `auth` wants them.
    fn sign(
        &self,
        caller: Caller,
        url: &Url,
        region: &str,
        headers: &mut HeaderMap,
        body: &str,
        auth: Auth,
    ) -> Result<(), String> {
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
        for (name, value) in signature(&used, "kms", region, url, headers, body)? {
            let cut = auth == Auth::Incomplete && name.eq_ignore_ascii_case("authorization");
            let value = if cut { value.split(", Signature=").next().unwrap_or(&value) } else { &value };
            let value = HeaderValue::try_from(value).map_err(|e| e.to_string())?;
            headers.insert(HeaderName::from_static(name), value);
        }
        Ok(())
    }
}

/// The headers that sign a POST request to a service.
///
/// # Errors
/// When it cannot be signed; why.
pub(super) fn signature(
    credentials: &Credentials,
    service: &str,
    region: &str,
    url: &Url,
    headers: &HeaderMap,
    body: &str,
) -> Result<Vec<(&'static str, String)>, String> {
    let Credentials { access_key, secret, token, .. } = credentials.clone();
    let identity = AwsCredentials::new(access_key, secret, token, None, "mrkspec").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .map_err(|e| e.to_string())?;
    let pairs = headers.iter().map(|(name, value)| (name.as_str(), text_of(value)));
    let signable = SignableRequest::new("POST", url.as_str(), pairs, SignableBody::Bytes(body.as_bytes()))
        .map_err(|e| e.to_string())?;
    let (instructions, _) = sign(signable, &params.into()).map_err(|e| e.to_string())?.into_parts();
    let (instructions, _) = instructions.into_parts();
    Ok(instructions.iter().map(|h| (h.name(), h.value().to_string())).collect())
}

/// What we send is ASCII.
fn text_of(value: &HeaderValue) -> &str {
    value.to_str().unwrap_or_default()
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

//! The endpoint without its network, for the fuzz targets.

use super::Settings;
use super::auth::{Caller, authenticate};
use super::engine::Engine;
use axum::http::{HeaderMap, HeaderValue, Method};
use std::time::SystemTime;

/// An endpoint in this process.
pub struct Endpoint(Engine);

impl Endpoint {
    /// An empty endpoint.
    pub fn new(settings: Settings) -> Endpoint {
        Endpoint(Engine::new(settings))
    }

    /// Whether a request with this Authorization header would be let in.
    pub fn authenticate(&self, authorization: &str, body: &[u8]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("127.0.0.1"));
        headers.insert("x-amz-date", HeaderValue::from_static("20260101T000000Z"));
        let Ok(value) = HeaderValue::from_str(authorization) else {
            return false;
        };
        headers.insert("authorization", value);
        let credentials = &self.0.settings().credentials;
        authenticate(&Method::POST, &headers, body, credentials, SystemTime::now()).is_ok()
    }

    /// Carries out an operation for one of the principals: 0 is the administrator, 1 the limited user, 2
    /// another account. A refusal comes with its exception, text and HTTP status.
    ///
    /// # Errors
    /// When the operation is refused.
    pub fn ask(
        &self,
        principal: usize,
        region: &str,
        operation: &str,
        body: &[u8],
    ) -> Result<serde_json::Value, (&'static str, String, u16)> {
        let credentials = &self.0.settings().credentials;
        let who = &credentials[principal.min(credentials.len() - 1)];
        let caller = Caller { account: who.account.clone(), region: region.into(), user: who.user.clone() };
        self.0.call(&caller, operation, body).map_err(|e| (e.code, e.message.clone(), e.status()))
    }

    /// Carries out an operation for the first account; the exception's name if it is refused.
    /// Making asymmetric keys is left out: it takes too long for a fuzzer.
    pub fn call(&self, operation: &str, body: &[u8]) -> Result<serde_json::Value, &'static str> {
        let caller = Caller { account: "111122223333".into(), region: "us-east-1".into(), user: "admin".into() };
        let slow = [&b"RSA"[..], b"ECC"].iter().any(|w| body.windows(3).any(|b| b == *w));
        if slow && operation == "CreateKey" {
            return Err("(not tried)");
        }
        self.0.call(&caller, operation, body).map_err(|e| e.code)
    }
}

//! An endpoint that is wrong on purpose, for the tests that need one.

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use mrkspec::Target;
use mrkspec::internals::embedded;
use mrkspec_reference::{Server, Settings};
use serde_json::Value;
use std::time::Duration;

/// What stands between the harness and a conforming endpoint.
pub type Twist = fn(operation: &str, body: &Value) -> Option<Response>;

/// An answer with this header is given after the request was carried out.
pub const AFTER: &str = "x-after-the-work";

/// The reference endpoint behind a twist. It answers for as long as the server lives.
pub async fn twisted(twist: Twist) -> (Server, Target) {
    let (server, target) = embedded(Settings::default()).await.expect("a loopback port");
    let upstream = target.endpoint.clone();
    let http = reqwest::Client::new();
    let forward = move |headers: HeaderMap, body: Bytes| {
        let (http, upstream) = (http.clone(), upstream.clone());
        async move {
            let operation = headers.get("x-amz-target").and_then(|v| v.to_str().ok()).unwrap_or("");
            let operation = operation.trim_start_matches("TrentService.").to_string();
            let request: Value = serde_json::from_slice(&body).unwrap_or_default();
            let late = match twist(&operation, &request) {
                Some(answer) if !answer.headers().contains_key(AFTER) => return answer,
                late => late,
            };
            let answer = http.post(upstream + "/").headers(headers).body(body).send().await.expect("upstream answers");
            if let Some(late) = late {
                return late;
            }
            let (status, headers) = (answer.status(), answer.headers().clone());
            (status, headers, answer.bytes().await.expect("a body")).into_response()
        }
    };
    let app = axum::Router::new().fallback(forward);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let mut twisted = target;
    twisted.name = "twisted".into();
    twisted.endpoint = endpoint;
    twisted.settle_timeout = Duration::from_millis(600);
    (server, twisted)
}

//! The HTTP side: one path, every Region on one port.

use super::auth::{Caller, Credential, authenticate};
use super::engine::Engine;
use super::engine::{Admission, Hook};
use super::error::KmsError;
use super::{Settings, error};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::SystemTime;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

const JSON: &str = "application/x-amz-json-1.1";

/// A running endpoint. It stops when this is dropped.
pub struct Server {
    address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

impl Server {
    /// Starts an endpoint on a free loopback port.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(settings: Settings) -> std::io::Result<Server> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let app = router(settings);
        tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            // An error here ends the endpoint; whoever talks to it sees that.
            let _ = axum::serve(listener, app).with_graceful_shutdown(stopped).await;
        });
        Ok(Server { address, _stop: stop })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Serves on a loopback port until the process ends; `started` gets the URL.
///
/// # Errors
/// When the port is taken.
pub async fn serve(port: u16, settings: Settings, started: impl FnOnce(&str)) -> std::io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    started(&format!("http://{}", listener.local_addr()?));
    axum::serve(listener, router(settings)).await
}

fn router(settings: Settings) -> Router {
    let engine = Arc::new(Engine::new(settings));
    Router::new().route("/", any(handle)).fallback(any(lost)).with_state(engine)
}

async fn lost() -> Response {
    answer(Err(KmsError::new("UnknownOperationException", "")), "0")
}

/// What the latitude settings make of one request.
enum Mood {
    Normal,
    Throttle,
    FailBefore,
    FailAfter,
    Drop,
}

fn mood(engine: &Engine) -> Mood {
    let settings = engine.settings();
    let total = settings.throttle + settings.internal_error + settings.drop_answer;
    if total <= 0.0 {
        return Mood::Normal;
    }
    let bits = engine.bits();
    let dice = (bits >> 11) as f64 / (1u64 << 53) as f64;
    if dice < settings.throttle {
        Mood::Throttle
    } else if dice < settings.throttle + settings.internal_error {
        if bits & 1 == 0 { Mood::FailBefore } else { Mood::FailAfter }
    } else if dice < total {
        Mood::Drop
    } else {
        Mood::Normal
    }
}

async fn handle(State(engine): State<Arc<Engine>>, method: Method, headers: HeaderMap, body: Bytes) -> Response {
    let request_id = format!("{:016x}-{:016x}", engine.bits(), engine.bits());
    let mood = mood(&engine);
    if matches!(mood, Mood::Throttle) {
        return answer(Err(KmsError::new("ThrottlingException", "Rate exceeded")), &request_id);
    }
    let internal = || Err(KmsError::new("KMSInternalException", "An internal error occurred"));
    if matches!(mood, Mood::FailBefore) {
        return answer(internal(), &request_id);
    }
    let wire = match engine.settings().fault.map(|f| f.hook) {
        Some(Hook::Wire(hook)) => Some(hook),
        _ => None,
    };
    let operation = headers.get("x-amz-target").and_then(|v| v.to_str().ok()).unwrap_or("").to_string();
    let slow = engine.settings().slow;
    let work = move || dispatch(&engine, &method, &headers, &body);
    // Key generation takes its time; it must not hold up other requests.
    let result = tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| internal());
    if !slow.is_zero() {
        tokio::time::sleep(slow).await;
    }
    match mood {
        Mood::FailAfter => answer(internal(), &request_id),
        // A body that breaks off after the headers: the client sees a failed transfer.
        Mood::Drop => broken(),
        _ => match wire {
            Some(hook) => answer_with(result, &request_id, |status, body| {
                hook(operation.trim_start_matches("TrentService."), status, body)
            }),
            None => answer(result, &request_id),
        },
    }
}

fn dispatch(engine: &Engine, method: &Method, headers: &HeaderMap, body: &[u8]) -> error::Answer {
    let credentials = &engine.settings().credentials;
    let admitted = authenticate(method, headers, body, credentials, SystemTime::now());
    let (caller, late): (Caller, Option<KmsError>) = match admitted {
        Ok(caller) => (caller, None),
        Err(e) if e.code == "UnrecognizedClientException" && engine.settings().any_credentials => {
            (unknown_caller(headers, credentials), None)
        }
        Err(e) => match admission(engine, e.code) {
            Admission::Refused => return Err(e),
            Admission::LetIn => (unknown_caller(headers, credentials), None),
            Admission::RefusedTooLate => (unknown_caller(headers, credentials), Some(e)),
        },
    };
    let target = headers.get("x-amz-target").and_then(|v| v.to_str().ok()).unwrap_or("");
    let operation = target.strip_prefix("TrentService.");
    let operation = operation.ok_or_else(|| KmsError::new("UnknownOperationException", ""))?;
    let answer = engine.call(&caller, operation, body);
    late.map_or(answer, Err)
}

/// What a fault makes of a request whose signature is not accepted.
fn admission(engine: &Engine, code: &str) -> Admission {
    match engine.settings().fault.map(|f| f.hook) {
        Some(Hook::Signature(hook)) => hook(code),
        _ => Admission::Refused,
    }
}

/// Whom a request without a valid signature is taken to come from, where a fault or `any_credentials` lets it in.
fn unknown_caller(headers: &HeaderMap, credentials: &[Credential]) -> Caller {
    let header = headers.get("authorization").and_then(|v| v.to_str().ok()).unwrap_or("");
    let region = header.split('/').nth(2).unwrap_or("us-east-1").to_string();
    let first = credentials.first();
    Caller {
        account: first.map(|c| c.account.clone()).unwrap_or_default(),
        region,
        user: first.map(|c| c.user.clone()).unwrap_or_default(),
    }
}

fn answer(result: error::Answer, request_id: &str) -> Response {
    answer_with(result, request_id, |_, _| {})
}

/// The answer, after `change` had its way with status and body.
fn answer_with(result: error::Answer, request_id: &str, change: impl FnOnce(&mut u16, &mut String)) -> Response {
    let (status, mut body) = match result {
        Ok(Value::Null) => (StatusCode::OK, String::new()),
        Ok(value) => (StatusCode::OK, value.to_string()),
        Err(e) => {
            let status = StatusCode::from_u16(e.status()).unwrap_or(StatusCode::BAD_REQUEST);
            let body = if e.message.is_empty() {
                json!({ "__type": e.code })
            } else {
                json!({ "__type": e.code, "message": e.message })
            };
            (status, body.to_string())
        }
    };
    let mut code = status.as_u16();
    change(&mut code, &mut body);
    let status = StatusCode::from_u16(code).unwrap_or(status);
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static(JSON));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}

/// An answer that promises more bytes than it has.
fn broken() -> Response {
    let body = axum::body::Body::new(Broken);
    Response::builder().status(200).header("content-type", JSON).body(body).unwrap_or_default()
}

/// A body that fails at once, so that the connection is closed.
struct Broken;

impl http_body::Body for Broken {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, std::io::Error>>> {
        std::task::Poll::Ready(Some(Err(std::io::Error::other("dropped"))))
    }
}

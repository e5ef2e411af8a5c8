//! Any bytes to an answer: strict about what AWS JSON 1.1 is, and total.

use mrkspec_model::call::Operation;
use mrkspec_model::outcome::Response;
use mrkspec_model::rule::RuleId;
use mrkspec_model::rules::*;
use serde_json::Value;

/// An HTTP answer as it came.
#[derive(Clone, Debug, Default)]
pub struct RawAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, as it came.
    pub body: Vec<u8>,
}

impl RawAnswer {
    /// The first header of this (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The start of the body as text, for a person to read.
    pub fn snippet(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let cut: String = line.chars().take(160).collect();
        if cut.len() < line.len() { format!("{cut}…") } else { cut }
    }
}

/// What one answer says about a rule of the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub rule: RuleId,
    /// `None` when the rule holds, otherwise expected and observed.
    pub broken: Option<(String, String)>,
}

/// An answer and what its form says.
#[derive(Clone, Debug)]
pub struct Decoded {
    pub response: Response,
    pub findings: Vec<Finding>,
}

/// Decodes an answer to `op`.
pub fn decode(op: Operation, raw: &RawAnswer) -> Decoded {
    let mut findings = vec![
        headers(raw, "x-amzn-requestid", WIRE_004, |_| true, "a request id"),
        headers(
            raw,
            "content-type",
            WIRE_005,
            |v| v.starts_with("application/x-amz-json-1.1"),
            "application/x-amz-json-1.1",
        ),
    ];
    if raw.body.is_empty() && op.has_no_output() {
        // Without a body there is nothing whose type could be named.
        findings.retain(|f| f.rule != WIRE_005 || f.broken.is_none());
    }
    let response =
        if (200..300).contains(&raw.status) { success(raw, &mut findings) } else { failure(raw, &mut findings) };
    Decoded { response, findings }
}

fn headers(raw: &RawAnswer, name: &str, rule: RuleId, fits: impl Fn(&str) -> bool, words: &str) -> Finding {
    let value = raw.header(name).or_else(|| raw.header(&name.replace("amzn-requestid", "amzn-request-id")));
    let broken = match value {
        Some(v) if fits(v) => None,
        Some(v) => Some((format!("{name}: {words}"), v.to_string())),
        None => Some((format!("{name}: {words}"), "no such header".to_string())),
    };
    Finding { rule, broken }
}

fn success(raw: &RawAnswer, findings: &mut Vec<Finding>) -> Response {
    let value = if raw.body.is_empty() { Some(Value::Null) } else { serde_json::from_slice(&raw.body).ok() };
    let value = value.filter(|v| v.is_object() || v.is_null());
    let broken = match &value {
        Some(_) if raw.status == 200 => None,
        Some(_) => Some(("HTTP 200".to_string(), format!("HTTP {}", raw.status))),
        None => Some(("a JSON object".to_string(), raw.snippet())),
    };
    findings.push(Finding { rule: WIRE_001, broken });
    match value {
        Some(value) => Response::Success(value),
        None => no_answer(raw),
    }
}

/// Something came that is neither a success nor an exception of KMS.
fn no_answer(raw: &RawAnswer) -> Response {
    Response::Error { code: "(no KMS answer)".into(), message: raw.snippet(), status: raw.status }
}

fn failure(raw: &RawAnswer, findings: &mut Vec<Finding>) -> Response {
    let body: Option<Value> = serde_json::from_slice(&raw.body).ok();
    let typed = body.as_ref().and_then(|b| b.get("__type")?.as_str());
    let broken = match typed {
        Some(_) if raw.status >= 400 => None,
        _ => Some((
            "a 4xx or 5xx status and a JSON body with __type".into(),
            format!("HTTP {}: {}", raw.status, raw.snippet()),
        )),
    };
    findings.push(Finding { rule: WIRE_002, broken });
    let named = typed.or_else(|| raw.header("x-amzn-errortype")).map(error_code);
    let Some(code) = named.filter(|c| !c.is_empty()) else {
        return no_answer(raw);
    };
    let body = body.unwrap_or_default();
    let message = body.get("message").or_else(|| body.get("Message")).and_then(Value::as_str);
    // An exception that is none of KMS's has no status that it should have.
    if code.ends_with("Exception") {
        let expected = statuses(&code);
        let broken = (!expected.contains(&raw.status)).then(|| {
            let list: Vec<String> = expected.iter().map(u16::to_string).collect();
            (format!("HTTP {} for {code}", list.join(" or ")), format!("HTTP {}", raw.status))
        });
        findings.push(Finding { rule: WIRE_003, broken });
    }
    Response::Error { code, message: message.unwrap_or("").to_string(), status: raw.status }
}

/// The exception's name: what stands after a `#` and before a `:` (F-003).
pub fn error_code(text: &str) -> String {
    let after = text.rsplit('#').next().unwrap_or(text);
    after.split(':').next().unwrap_or(after).trim().to_string()
}

/// The statuses that fit an exception (F-004, F-007, F-008).
fn statuses(code: &str) -> &'static [u16] {
    match code {
        "KMSInternalException" | "DependencyTimeoutException" | "KeyUnavailableException" => &[500],
        "ServiceUnavailableException" => &[503],
        "UnknownOperationException" => &[400, 404],
        "MissingAuthenticationTokenException"
        | "IncompleteSignatureException"
        | "InvalidSignatureException"
        | "UnrecognizedClientException" => &[400, 403],
        _ => &[400],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(status: u16, body: &str) -> RawAnswer {
        RawAnswer { status, headers: Vec::new(), body: body.into() }
    }

    fn broken(decoded: &Decoded) -> Vec<&str> {
        let list = decoded.findings.iter().filter(|f| f.broken.is_some());
        list.map(|f| f.rule.0).filter(|r| !["WIRE-004", "WIRE-005"].contains(r)).collect()
    }

    #[test]
    fn takes_the_name_out_of_every_documented_form() {
        for text in [
            "NotFoundException",
            "com.amazonaws.kms#NotFoundException",
            "NotFoundException:http://x/",
            "a#NotFoundException:b",
        ] {
            assert_eq!(error_code(text), "NotFoundException", "{text}");
        }
    }

    #[test]
    fn an_html_page_is_no_kms_answer() {
        let decoded = decode(Operation::EnableKey, &raw(500, "<html>oops</html>"));
        assert!(matches!(&decoded.response, Response::Error { code, .. } if code == "(no KMS answer)"));
        assert_eq!(broken(&decoded), ["WIRE-002"]);
    }

    #[test]
    fn a_wrong_status_is_found() {
        let decoded = decode(Operation::EnableKey, &raw(404, r#"{"__type":"NotFoundException"}"#));
        assert_eq!(broken(&decoded), ["WIRE-003"]);
    }

    #[test]
    fn a_list_or_deep_nesting_is_no_success() {
        for body in ["[1]".to_string(), "[".repeat(100_000), "{\"a\":".repeat(5000)] {
            let decoded = decode(Operation::EnableKey, &raw(200, &body));
            assert_eq!(broken(&decoded), ["WIRE-001"]);
        }
    }
}

//! Any bytes to an answer: strict about what AWS JSON 1.1 is, and total.

use super::json;
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

    /// The request id, under either name that servers give the header.
    pub fn request_id(&self) -> Option<&str> {
        self.header("x-amzn-requestid").or_else(|| self.header("x-amzn-request-id")).filter(|id| !id.is_empty())
    }

    /// The start of the body as text, for a person to read.
    pub fn snippet(&self) -> String {
        let start = &self.body[..self.body.len().min(4096)];
        let text = String::from_utf8_lossy(start);
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        // What a terminal would take for a command is not for it.
        let shown = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
        let cut: String = line.chars().take(160).map(shown).collect();
        if line.chars().nth(160).is_some() { format!("{cut}…") } else { cut }
    }
}

/// What one answer says about a rule of the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub rule: RuleId,
    /// `None` when the rule holds, otherwise expected and observed.
    pub broken: Option<(String, String)>,
}

impl Finding {
    /// What came instead of an answer that can be read.
    pub(super) fn unreadable(list: &[Finding]) -> Option<&str> {
        let of_body = |f: &&Finding| f.rule == WIRE_001 || f.rule == WIRE_002;
        list.iter().filter(of_body).find_map(|f| Some(f.broken.as_ref()?.1.as_str()))
    }
}

/// An answer and what its form says.
#[derive(Clone, Debug)]
pub struct Decoded {
    pub response: Response,
    pub findings: Vec<Finding>,
    /// The body says nothing at all: it is no JSON, or none where there has to be one. Whether the call had effect is
    /// as open as if no answer had come.
    pub unreadable: bool,
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
    let (response, unreadable) =
        if (200..300).contains(&raw.status) { success(op, raw, &mut findings) } else { failure(raw, &mut findings) };
    Decoded { response, findings, unreadable }
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

/// The answer, and whether it is unreadable.
fn success(op: Operation, raw: &RawAnswer, findings: &mut Vec<Finding>) -> (Response, bool) {
    let nothing = raw.body.is_empty() && !may_be_empty(op);
    let value = if raw.body.is_empty() { Ok(Value::Null) } else { json::read(&raw.body) };
    let object = value.as_ref().is_ok_and(|v| v.is_object() || v.is_null());
    let broken = match &value {
        _ if nothing => Some(("a JSON object".to_string(), "an empty body".to_string())),
        Ok(_) if object && raw.status == 200 => None,
        Ok(_) if object => Some(("HTTP 200".to_string(), format!("HTTP {}", raw.status))),
        Ok(_) => Some(("a JSON object".to_string(), raw.snippet())),
        Err(why) => Some(("a JSON object".to_string(), format!("{why}: {}", raw.snippet()))),
    };
    findings.push(Finding { rule: WIRE_001, broken });
    match value {
        Ok(value) if object => (Response::Success(value), nothing),
        _ => (no_answer(raw), true),
    }
}

/// Operations without output, and those that had none until members were added (F-011).
fn may_be_empty(op: Operation) -> bool {
    op.has_no_output() || matches!(op, Operation::ImportKeyMaterial | Operation::DeleteImportedKeyMaterial)
}

/// Something came that is neither a success nor an exception of KMS.
fn no_answer(raw: &RawAnswer) -> Response {
    Response::Error { code: "(no KMS answer)".into(), message: raw.snippet(), status: raw.status }
}

/// The answer, and whether it is unreadable.
fn failure(raw: &RawAnswer, findings: &mut Vec<Finding>) -> (Response, bool) {
    let body = json::read(&raw.body).ok();
    let unreadable = !body.as_ref().is_some_and(Value::is_object);
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
        return (no_answer(raw), unreadable || raw.status < 400);
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
    (Response::Error { code, message: message.unwrap_or("").to_string(), status: raw.status }, unreadable)
}

/// What an answer says that has the request id of an earlier one (F-006).
pub(super) fn astray() -> Finding {
    let words = ("x-amzn-requestid: one of its own", "the id of an earlier answer");
    Finding { rule: WIRE_004, broken: Some((words.0.into(), words.1.into())) }
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
            assert!(decoded.unreadable, "{body}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_from_what_is_wrong() {
        let describe = Operation::DescribeKey;
        for (status, body, unreadable) in [
            (200, r#"{"KeyMetadata":{}}"#, false),
            (200, "{}", false),
            (200, r#"{"KeyMetadata":{"KeyId":"#, true),
            (200, r#"{"KeyMetadata":{},"KeyMetadata":{"KeyId":"x"}}"#, true),
            (200, r#"{"KeyMetadata":1e999}"#, true),
            (200, "<html></html>", true),
            // An operation that has output.
            (200, "", true),
            (400, r#"{"__type":"NotFoundException"}"#, false),
            // A refusal all the same, with a form of its own.
            (400, r#"{"error":"no such key"}"#, false),
            (400, r#"{"__type":"NotFoundExcep"#, true),
            (404, "not found", true),
            (502, "<html>bad gateway</html>", true),
            (301, "", true),
            (301, "{}", true),
        ] {
            assert_eq!(decode(describe, &raw(status, body)).unreadable, unreadable, "{status} {body}");
        }
        assert!(!decode(Operation::EnableKey, &raw(200, "")).unreadable);
        let cut = RawAnswer { headers: vec![("x-amzn-errortype".into(), "NotFoundException".into())], ..raw(400, "{") };
        assert!(decode(describe, &cut).unreadable);
    }
}

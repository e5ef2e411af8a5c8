//! Mistakes on the wire and in authentication.

use super::tools::*;
use super::{Admission, Fault, Hook, Pace, faults};
use crate::Choices;
use crate::error::KmsError;
use serde_json::{Value, json};

faults! {
    "no-output-answers-key-id", "WIRE-006", "EnableKey and DisableKey answer the key id", |t| {
        let id = t.text("KeyId");
        t.edit("EnableKey DisableKey", |_, body| *body = json!({ "KeyId": id }))
    };
    "dates-as-text", "WIRE-008", "Timestamps are ISO 8601 strings", |t| {
        t.edit_metadata(|_, meta| {
            meta.insert("CreationDate".into(), json!("2026-11-24T00:00:00Z"));
        })
    };
    "blobs-in-hex", "WIRE-009", "Ciphertexts are hexadecimal, not base64", |t| {
        t.edit("GenerateDataKeyWithoutPlaintext", |_, body| body["CiphertextBlob"] = json!("0x-not-base64"))
    };
    "missing-member-has-own-exception", "WIRE-013", "A missing member is a MissingParameterException", |t| {
        match t.run() {
            Err(e) if e.message.contains("must not be null") => Err(KmsError::new("MissingParameterException", e.message)),
            other => other,
        }
    };
    "limits-are-clamped", "WIRE-014", "A Limit outside its range is taken as the nearest one allowed", |t| {
        if let Some(limit) = t.body.get("Limit").and_then(Value::as_i64) {
            t.set("Limit", json!(limit.clamp(1, 1000)));
        }
        t.run()
    };
    "throttles-after-the-work", "WIRE-016", "Every other ScheduleKeyDeletion is carried out, then throttled", |t| {
        let answer = t.run();
        let throttled = t.is("ScheduleKeyDeletion") && answer.is_ok() && t.note_key("scheduled") == 0;
        if throttled { refuse("ThrottlingException") } else { answer }
    };
    "internal-failure-for-ever", "WIRE-017", "UpdateKeyDescription fails internally, every time", |t| {
        if t.is("UpdateKeyDescription") { refuse("KMSInternalException") } else { t.run() }
    };
    "dry-runs-get-wet", "WIRE-018", "DryRun is passed over", |t| {
        t.body.remove("DryRun");
        t.run()
    };
}

/// A fault that hooks in at the HTTP side.
const fn http(name: &'static str, rule: &'static str, about: &'static str, hook: Hook) -> Fault {
    let (pace, choices) = (Pace::Instant, Choices::Recorded);
    Fault { name, rule, also: &[], about, pace, late: false, concurrent: false, choices, hook }
}

pub(super) const HTTP: &[Fault] = &[
    http(
        "created-is-201",
        "WIRE-001",
        "CreateKey answers HTTP 201",
        Hook::Wire(|op, status, _| {
            if op == "CreateKey" && *status == 200 {
                *status = 201;
            }
        }),
    ),
    http(
        "errors-without-type",
        "WIRE-002",
        "Error bodies have a message and no __type",
        Hook::Wire(|_, status, body| {
            if *status >= 400 {
                *body = json!({ "message": "something is wrong" }).to_string();
            }
        }),
    ),
    http(
        "not-found-is-404",
        "WIRE-003",
        "NotFoundException comes with HTTP 404",
        Hook::Wire(|_, status, body| {
            if body.contains("NotFoundException") {
                *status = 404;
            }
        }),
    ),
    http(
        "unknown-operation-is-invalid-action",
        "WIRE-010",
        "An operation that does not exist is an InvalidAction",
        Hook::Wire(|_, _, body| *body = body.replace("UnknownOperationException", "InvalidAction")),
    ),
    http(
        "broken-json-is-a-validation-error",
        "WIRE-011",
        "A body that is no JSON is a ValidationException",
        Hook::Wire(|_, _, body| {
            if body.contains("is not a JSON object") {
                *body = body.replace("SerializationException", "ValidationException");
            }
        }),
    ),
    http(
        "wrong-types-are-validation-errors",
        "WIRE-012",
        "A member of the wrong type is a ValidationException",
        Hook::Wire(|_, _, body| {
            if body.contains("is not a") && !body.contains("JSON object") {
                *body = body.replace("SerializationException", "ValidationException");
            }
        }),
    ),
    http(
        "unsigned-is-let-in",
        "AUT-001",
        "Requests without a signature are carried out",
        Hook::Signature(|code| admit(code, "MissingAuthenticationTokenException", Admission::LetIn)),
    ),
    http(
        "signatures-are-not-compared",
        "AUT-002",
        "Requests with a wrong signature are carried out",
        Hook::Signature(|code| admit(code, "InvalidSignatureException", Admission::LetIn)),
    ),
    http(
        "any-access-key-will-do",
        "AUT-003",
        "Access keys that do not exist are let in",
        Hook::Signature(|code| admit(code, "UnrecognizedClientException", Admission::LetIn)),
    ),
    http(
        "half-a-header-will-do",
        "AUT-004",
        "Incomplete Authorization headers are let in",
        Hook::Signature(|code| admit(code, "IncompleteSignatureException", Admission::LetIn)),
    ),
    http(
        "refused-after-the-work",
        "AUT-005",
        "Requests are authenticated after they were carried out",
        Hook::Signature(|_| Admission::RefusedTooLate),
    ),
];

fn admit(code: &str, which: &str, admission: Admission) -> Admission {
    if code == which { admission } else { Admission::Refused }
}

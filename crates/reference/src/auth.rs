//! Who calls, and in which Region: AWS Signature Version 4, after AWS's published algorithm
//! ("Signing AWS API requests", IAM User Guide).

use super::error::KmsError;
use aws_lc_rs::{constant_time, digest, hmac};
use axum::http::{HeaderMap, Method};
use std::time::{Duration, SystemTime};

/// A principal that may call the endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The access key id that a request's credential scope names.
    pub access_key: String,
    /// The secret access key that it is signed with.
    pub secret: String,
    /// Twelve digits.
    pub account: String,
    /// IAM user name.
    pub user: String,
}

impl Credential {
    /// The ARN of the IAM user.
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::{}:user/{}", self.account, self.user)
    }

    /// The principals of a fresh endpoint: an administrator and a limited user of one account,
    /// and an administrator of another.
    pub fn defaults() -> [Credential; 3] {
        let make = |access_key: &str, account: &str, user: &str| Credential {
            access_key: access_key.into(),
            secret: format!("{}-secret", user),
            account: account.into(),
            user: user.into(),
        };
        [
            make("AKIDMRKSPECADMIN", "111122223333", "admin"),
            make("AKIDMRKSPECLIMITED", "111122223333", "limited"),
            make("AKIDMRKSPECOTHER", "444455556666", "other"),
        ]
    }
}

/// An authenticated request: who, and where.
#[derive(Clone, Debug)]
pub struct Caller {
    pub account: String,
    pub region: String,
    /// IAM user name.
    pub user: String,
}

/// A signature is valid this long before and after its date.
const WINDOW: Duration = Duration::from_secs(15 * 60);

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn sign(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn incomplete(what: &str) -> KmsError {
    KmsError::new("IncompleteSignatureException", format!("Authorization header requires {what}"))
}

fn mismatch() -> KmsError {
    let text = "The request signature we calculated does not match the signature you provided.";
    KmsError::new("InvalidSignatureException", text)
}

/// The parts of an Authorization header.
struct Parts<'a> {
    access_key: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

fn parse(header: &str) -> Result<Parts<'_>, KmsError> {
    let rest = header.strip_prefix("AWS4-HMAC-SHA256 ").ok_or_else(|| incomplete("AWS4-HMAC-SHA256"))?;
    let field = |name: &str| {
        let parts = rest.split(',').map(str::trim);
        let found = parts.filter_map(|p| p.strip_prefix(name)?.strip_prefix('=')).next();
        found.ok_or_else(|| incomplete(&format!("'{name}' parameter")))
    };
    let credential = field("Credential")?;
    let scope: Vec<&str> = credential.split('/').collect();
    let [access_key, date, region, service, "aws4_request"] = scope[..] else {
        return Err(incomplete("a credential scope of five parts"));
    };
    Ok(Parts {
        access_key,
        date,
        region,
        service,
        signed_headers: field("SignedHeaders")?,
        signature: field("Signature")?,
    })
}

/// Checks the signature of a request to `/`.
pub fn authenticate(
    method: &Method,
    headers: &HeaderMap,
    body: &[u8],
    credentials: &[Credential],
    now: SystemTime,
) -> Result<Caller, KmsError> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    let Some(header) = text("authorization") else {
        let missing = "Missing Authentication Token";
        return Err(KmsError::new("MissingAuthenticationTokenException", missing));
    };
    let parts = parse(header)?;
    let known = credentials.iter().find(|c| c.access_key == parts.access_key);
    let Some(credential) = known else {
        let invalid = "The security token included in the request is invalid.";
        return Err(KmsError::new("UnrecognizedClientException", invalid));
    };
    let stamp = text("x-amz-date").ok_or_else(|| incomplete("an 'X-Amz-Date' header"))?;
    check_date(stamp, &parts, now)?;
    if parts.service != "kms" {
        return Err(mismatch());
    }
    let signed: Vec<&str> = parts.signed_headers.split(';').collect();
    if !signed.contains(&"host") {
        return Err(incomplete("a signed 'host' header"));
    }
    let mut canonical_headers = String::new();
    for name in &signed {
        let values: Vec<String> = headers
            .get_all(*name)
            .iter()
            .filter_map(|v| v.to_str().ok())
            .map(|v| v.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        canonical_headers += &format!("{name}:{}\n", values.join(","));
    }
    let payload = hex(digest::digest(&digest::SHA256, body).as_ref());
    let request = format!("{method}\n/\n\n{canonical_headers}\n{}\n{payload}", parts.signed_headers);
    let scope = format!("{}/{}/{}/aws4_request", parts.date, parts.region, parts.service);
    let hashed = hex(digest::digest(&digest::SHA256, request.as_bytes()).as_ref());
    let to_sign = format!("AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashed}");
    let mut key = format!("AWS4{}", credential.secret).into_bytes();
    for part in [parts.date, parts.region, parts.service, "aws4_request"] {
        key = sign(&key, part);
    }
    let expected = hex(&sign(&key, &to_sign));
    constant_time::verify_slices_are_equal(expected.as_bytes(), parts.signature.as_bytes()).map_err(|_| mismatch())?;
    Ok(Caller { account: credential.account.clone(), region: parts.region.to_string(), user: credential.user.clone() })
}

/// The date must be that of the scope, and near to now.
fn check_date(stamp: &str, parts: &Parts, now: SystemTime) -> Result<(), KmsError> {
    let time = basic_time(stamp).ok_or_else(|| incomplete("a valid 'X-Amz-Date'"))?;
    if !stamp.starts_with(parts.date) {
        return Err(mismatch());
    }
    let age = now.duration_since(time).or_else(|_| time.duration_since(now));
    if age.is_ok_and(|a| a <= WINDOW) {
        return Ok(());
    }
    let text = format!("Signature expired: {stamp} is not within 15 min of the current time");
    Err(KmsError::new("InvalidSignatureException", text))
}

/// `20261123T204344Z`.
fn basic_time(stamp: &str) -> Option<SystemTime> {
    if stamp.len() != 16 || !stamp.is_ascii() {
        return None;
    }
    let (d, t) = (&stamp[..8], &stamp[9..15]);
    let rfc = format!("{}-{}-{}T{}:{}:{}Z", &d[..4], &d[4..6], &d[6..], &t[..2], &t[2..4], &t[4..]);
    humantime::parse_rfc3339(&rfc).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_basic_time() {
        let time = basic_time("19700101T000010Z").unwrap();
        assert_eq!(time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs(), 10);
        assert!(basic_time("1970-01-01T00:00").is_none());
    }

    #[test]
    fn an_incomplete_header_is_named_as_such() {
        let error = parse("AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/kms/aws4_request, SignedHeaders=host");
        assert_eq!(error.err().map(|e| e.code), Some("IncompleteSignatureException"));
    }
}

//! Whose account it is: STS GetCallerIdentity, which everybody may call.

use super::Target;
use super::client::{chain, signature};
use reqwest::Url;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

/// The Region whose STS is asked, and whose keys are made first.
const REGION: &str = "us-east-1";

/// The account that the credentials of a target belong to, by its STS: that of AWS, or the one at `endpoint`.
///
/// # Errors
/// When STS cannot be reached or refuses; why, in words.
pub async fn account(target: &Target, endpoint: Option<&str>) -> Result<String, String> {
    let aws = format!("https://sts.{REGION}.amazonaws.com/");
    let url = Url::parse(endpoint.unwrap_or(&aws)).map_err(|e| e.to_string())?;
    let body = "Action=GetCallerIdentity&Version=2011-06-15";
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    for (name, value) in signature(&target.credentials, "sts", REGION, &url, &headers, body)? {
        let value = HeaderValue::try_from(value).map_err(|e| e.to_string())?;
        headers.insert(HeaderName::from_static(name), value);
    }
    let http = reqwest::Client::builder().timeout(target.first_limit()).no_proxy().build().map_err(|e| chain(&e))?;
    let answer = http.post(url).headers(headers).body(body).send().await.map_err(|e| chain(&e))?;
    let (status, text) = (answer.status(), answer.text().await.map_err(|e| chain(&e))?);
    account_in(&text).ok_or_else(|| format!("STS answered {status}: {}", text.chars().take(200).collect::<String>()))
}

/// The account in an answer, which is JSON where it was asked for, and XML otherwise.
fn account_in(text: &str) -> Option<String> {
    let json = serde_json::from_str::<serde_json::Value>(text).unwrap_or_default();
    let found = json["GetCallerIdentityResponse"]["GetCallerIdentityResult"]["Account"].as_str();
    let found =
        found.or_else(|| text.split_once("<Account>")?.1.split_once("</Account>").map(|(account, _)| account))?;
    let is_account = found.len() == 12 && found.bytes().all(|b| b.is_ascii_digit());
    is_account.then(|| found.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Credentials;

    #[test]
    fn the_account_is_found_in_json_and_in_xml() {
        let json = r#"{"GetCallerIdentityResponse":{"GetCallerIdentityResult":{"Account":"111122223333","Arn":"a"}}}"#;
        let xml = "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account></GetCallerIdentityResult>";
        assert_eq!([account_in(json), account_in(xml)], [Some("111122223333".into()), Some("111122223333".into())]);
        assert_eq!(account_in("<Account>no number</Account>"), None);
        assert_eq!(account_in(""), None);
    }

    #[tokio::test]
    async fn the_request_is_signed_for_sts() {
        let told = |headers: HeaderMap, body: String| async move {
            let signed = headers.get("authorization").and_then(|v| v.to_str().ok()).unwrap_or("").to_string();
            let fine = signed.contains("/us-east-1/sts/aws4_request") && body.contains("GetCallerIdentity");
            if fine { "<Account>111122223333</Account>" } else { "no" }
        };
        let app = axum::Router::new().fallback(told);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, app).await });
        let target = Target::with_credentials("t", &url, false, Credentials::made_up()).expect("a target");
        assert_eq!(account(&target, Some(&url)).await, Ok("111122223333".into()));
    }
}

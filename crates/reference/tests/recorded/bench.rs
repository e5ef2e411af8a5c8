//! Runs tables against an endpoint in this process.

use aws_lc_rs::rsa;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mrkspec_reference::{Choices, Settings, fuzzing::Endpoint};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// Case, Region, operation, request, code (empty for success), text.
pub type Row<'a> = (&'a str, &'a str, &'a str, Value, &'a str, &'a str);

/// An endpoint that answers as recorded, and what calls gave so far.
pub struct Bench {
    endpoint: Endpoint,
    names: BTreeMap<String, String>,
}

impl Bench {
    /// One with a symmetric multi-Region key in us-east-1, as `{K}`.
    pub fn with_family(change: impl FnOnce(&mut Settings)) -> Bench {
        Bench::with_key(json!({ "MultiRegion": true }), change)
    }

    /// One with a key in us-east-1, as `{K}`.
    pub fn with_key(request: Value, change: impl FnOnce(&mut Settings)) -> Bench {
        let mut settings = Settings { choices: Choices::Recorded, seed: 3, ..Settings::default() };
        change(&mut settings);
        let mut bench = Bench { endpoint: Endpoint::new(settings), names: BTreeMap::new() };
        let made = bench.ok("us-east-1", "CreateKey", request);
        bench.names.insert("K".into(), made["KeyMetadata"]["KeyId"].as_str().unwrap_or("").into());
        bench
    }

    /// Gives a value a name.
    pub fn name(&mut self, name: &str, value: &Value) {
        self.names.insert(name.into(), value.as_str().unwrap_or("").into());
    }

    fn fill(&self, text: &str) -> String {
        let key = self.names.get("K").cloned().unwrap_or_default();
        let mut text = text.to_string();
        for region in ["us-east-1", "us-west-2", "eu-west-1"] {
            text = text.replace(&format!("{{arn:{region}}}"), &format!("arn:aws:kms:{region}:111122223333:key/{key}"));
        }
        for (name, value) in &self.names {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        text
    }

    /// What one principal gets (0 is the administrator, 1 the limited user, 2 another account).
    pub fn ask(&self, who: usize, region: &str, operation: &str, request: &Value) -> Result<Value, (String, String)> {
        let body = self.fill(&request.to_string());
        let answer = self.endpoint.ask(who, region, operation, body.as_bytes());
        answer.map_err(|(code, text, _)| (code.to_string(), text))
    }

    /// The answer to the administrator, who must get one.
    pub fn ok(&self, region: &str, operation: &str, request: Value) -> Value {
        self.ask(0, region, operation, &request).unwrap_or_else(|e| panic!("{operation} {request}: {e:?}"))
    }

    /// One member of KeyMetadata.
    pub fn metadata(&self, region: &str, member: &str) -> Value {
        self.ok(region, "DescribeKey", json!({ "KeyId": "{K}" }))["KeyMetadata"][member].clone()
    }

    /// Every row gives its code and text.
    pub fn run(&self, rows: &[Row]) {
        for (case, region, operation, request, code, text) in rows {
            let given = self.ask(0, region, operation, request);
            let (ours, message) = given.err().unwrap_or_default();
            assert_eq!((ours.as_str(), message), (*code, self.fill(text)), "{case}");
        }
    }

    /// Import parameters of `{K}` in a Region, and 32 equal bytes wrapped with them.
    pub fn wrapped(&self, region: &str, byte: u8) -> Value {
        let how = json!({ "KeyId": "{K}", "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048" });
        let parameters = self.ok(region, "GetParametersForImport", how);
        let public = STANDARD.decode(parameters["PublicKey"].as_str().unwrap_or("")).expect("base64");
        let key = rsa::PublicEncryptingKey::from_der(&public).expect("a public key");
        let key = rsa::OaepPublicEncryptingKey::new(key).expect("an RSA key");
        let mut out = vec![0; key.ciphertext_size()];
        let sealed = key.encrypt(&rsa::OAEP_SHA256_MGF1SHA256, &[byte; 32], &mut out, None).expect("wrapped");
        json!({
            "KeyId": "{K}",
            "ImportToken": parameters["ImportToken"],
            "EncryptedKeyMaterial": STANDARD.encode(sealed),
            "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
        })
    }
}

/// The request with more members.
pub fn with(mut request: Value, more: Value) -> Value {
    for (member, value) in more.as_object().into_iter().flatten() {
        request[member] = value.clone();
    }
    request
}

/// The request without a member.
pub fn without(mut request: Value, member: &str) -> Value {
    request.as_object_mut().map(|m| m.remove(member));
    request
}

/// Time that rotations, Creating and Updating take in these tests.
pub const SLOW: Duration = Duration::from_millis(500);

/// Long enough for all of that.
pub fn wait() {
    std::thread::sleep(SLOW + Duration::from_millis(60));
}

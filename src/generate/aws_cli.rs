//! A sequence as commands for a shell: of the AWS CLI where that can send a call, of curl where it
//! cannot, because it checks requests and signs them well.

use super::flow::names;
use super::shell::{date, quoted, variable};
use crate::sequence::{Action, Sequence};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mrkspec_model::call::{Arg, Auth, Call, Caller, KeyForm, Operation};
use mrkspec_model::shape::{flaw, has_member};
use mrkspec_model::situation::Variant;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Names of credentials profiles for callers that are not the administrator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profiles {
    /// The second principal of the account.
    pub limited: String,
    /// Somebody of another account.
    pub other: String,
}

impl Default for Profiles {
    fn default() -> Profiles {
        Profiles { limited: "limited".into(), other: "other-account".into() }
    }
}

/// The sequence as commands for bash with the AWS CLI, version 2: key ids and results go through
/// variables. What nobody has set by then is named in comments at the head.
pub fn aws_cli(sequence: &Sequence, endpoint: &str, profiles: &Profiles) -> String {
    let used: BTreeSet<String> = sequence.calls().flat_map(names).map(|n| n.to_string()).collect();
    let mut script = Script {
        endpoint,
        profiles,
        used,
        names_account: sequence.calls().any(names_account),
        known: BTreeSet::new(),
        head: BTreeMap::new(),
        lines: Vec::new(),
    };
    if !endpoint.contains("{region}") {
        script.lines.push(format!("export AWS_ENDPOINT_URL_KMS={}", quoted(endpoint)));
    }
    for step in &sequence.steps {
        match &step.action {
            Action::Call { call, settle, .. } => script.call(call, *settle),
            Action::Settle(family) => {
                script.comment(&format!("wait until no member of {family} is Creating or Updating"))
            }
            Action::Until(family, region) => {
                script.comment(&format!("wait until the deletion or expiry of {family} in {region} has come"));
            }
            Action::Together(calls) => {
                script.comment("the next calls were sent at the same time");
                calls.iter().for_each(|call| script.call(call, false));
            }
            Action::Race(clients) => {
                for (i, calls) in clients.iter().enumerate() {
                    script.comment(&format!("client {} of {}, all at the same time", i + 1, clients.len()));
                    calls.iter().for_each(|call| script.call(call, false));
                }
            }
            Action::Watch(watch) => script.comment(&format!("describe {} again and again", watch.family)),
            Action::Wait(time) => script.lines.push(format!("sleep {}", time.as_secs_f64())),
        }
    }
    let head = script.head.iter().map(|(what, is)| format!("# {what}: {is}\n"));
    head.chain(script.lines.iter().map(|l| format!("{l}\n"))).collect()
}

struct Script<'s> {
    endpoint: &'s str,
    profiles: &'s Profiles,
    /// Names of steps whose results are needed.
    used: BTreeSet<String>,
    /// The number of the account is needed.
    names_account: bool,
    /// Variables that have been set.
    known: BTreeSet<String>,
    /// What the reader has to provide.
    head: BTreeMap<String, String>,
    lines: Vec<String>,
}

impl Script<'_> {
    fn comment(&mut self, text: &str) {
        self.lines.push(format!("# {text}"));
    }

    fn call(&mut self, call: &Call, settle: bool) {
        let args: Vec<(&str, Value)> = call.args.iter().map(|(m, arg)| (m.as_str(), self.value(m, arg))).collect();
        let (command, by_curl) = match beyond_the_cli(call) {
            Some(why) => {
                self.comment(&format!("not by the AWS CLI, which cannot send {why}:"));
                (self.curl(call, args), true)
            }
            None => (self.aws(call, &args), false),
        };
        self.keep(call, &command, by_curl);
        if settle && matches!(call.op, Operation::ReplicateKey | Operation::UpdatePrimaryRegion) {
            self.comment("wait until describe-key shows neither Creating nor Updating there");
        }
    }

    /// A command, and what becomes of its answer.
    fn keep(&mut self, call: &Call, command: &str, by_curl: bool) {
        let Some((variables, paths)) = results(call).filter(|_| self.used.contains(&*call.name)) else {
            return self.lines.push(command.to_string());
        };
        let list = paths.join(",");
        let answer = match (by_curl, &paths[..]) {
            (false, [path]) => format!("{command} --query {path} --output text"),
            (false, _) => format!("{command} --query '[{list}]' --output text"),
            (true, [path]) => format!("{command} | jq -r .{path}"),
            (true, _) => format!("{command} | jq -r '[.{}] | join(\" \")'", paths.join(",.")),
        };
        self.lines.push(match &variables[..] {
            [one] => format!("{one}=$({answer})"),
            more => format!("read -r {} <<< \"$({answer})\"", more.join(" ")),
        });
        if call.op == Operation::CreateKey && self.names_account && self.known.insert("ACCOUNT".into()) {
            let (id, at) = (quoted(&variable(&variables[0])), self.at(&call.region));
            let asked = format!("aws kms describe-key --region {}{at} --key-id {id}", call.region);
            self.lines.push(format!("ACCOUNT=$({asked} --query KeyMetadata.AWSAccountId --output text)"));
        }
        self.known.extend(variables);
    }

    /// Where the AWS CLI has to be told of the endpoint in each command.
    fn at(&self, region: &str) -> String {
        match self.endpoint.contains("{region}") {
            true => format!(" --endpoint-url {}", quoted(&self.url(region))),
            false => String::new(),
        }
    }

    fn url(&self, region: &str) -> String {
        self.endpoint.replace("{region}", region)
    }

    /// The profile of a caller that is not the administrator.
    fn profile(&mut self, caller: Caller) -> Option<String> {
        let (name, who) = match caller {
            Caller::Admin => return None,
            Caller::Limited => (&self.profiles.limited, "the limited principal"),
            Caller::Other => (&self.profiles.other, "a principal of another account"),
        };
        self.head.insert(format!("--profile {name}"), format!("the credentials of {who}"));
        Some(quoted(name))
    }

    fn aws(&mut self, call: &Call, args: &[(&str, Value)]) -> String {
        let mut line = format!("aws kms {} --region {}{}", kebab(call.op.name()), call.region, self.at(&call.region));
        if let Some(profile) = self.profile(call.caller).filter(|_| call.auth == Auth::Valid) {
            line += &format!(" --profile {profile}");
        }
        if call.auth == Auth::Unsigned {
            line += " --no-sign-request";
        }
        for (member, value) in args {
            let option = kebab(member);
            line += &match value {
                Value::Bool(true) => format!(" --{option}"),
                Value::Bool(false) => format!(" --no-{option}"),
                // An option of its own, otherwise.
                Value::String(text) if text.starts_with('-') => format!(" --{option}={}", quoted(text)),
                Value::String(text) => format!(" --{option} {}", quoted(text)),
                other => format!(" --{option} {}", quoted(&other.to_string())),
            };
        }
        line
    }

    fn curl(&mut self, call: &Call, args: Vec<(&str, Value)>) -> String {
        let body = call.raw_body.clone().unwrap_or_else(|| {
            let members: Map<String, Value> = args.into_iter().map(|(m, v)| (m.to_string(), v)).collect();
            Value::Object(members).to_string()
        });
        let region = &call.region;
        let sign = |user: &str| format!(" --aws-sigv4 aws:amz:{region}:kms --user {user}");
        let signed = match call.auth {
            Auth::Valid => sign("\"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\""),
            Auth::WrongSignature => sign("\"$AWS_ACCESS_KEY_ID:not-the-secret\""),
            Auth::UnknownKey => sign("AKIDMRKSPECNOSUCHKEY:no-such-secret"),
            Auth::Unsigned => String::new(),
            Auth::Incomplete => format!(
                " -H \"x-amz-date: $(date -u +%Y%m%dT%H%M%SZ)\" -H \"authorization: AWS4-HMAC-SHA256 \
                 Credential=$AWS_ACCESS_KEY_ID/$(date -u +%Y%m%d)/{region}/kms/aws4_request, \
                 SignedHeaders=content-type;host;x-amz-date;x-amz-target\""
            ),
        };
        if signed.contains("$AWS_ACCESS_KEY_ID") {
            let with = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; with a session token add \
                        -H \"x-amz-security-token: $AWS_SESSION_TOKEN\"";
            self.head.insert("curl signs with".into(), with.into());
        }
        let curl = format!(
            "curl -sS{signed} -H 'content-type: application/x-amz-json-1.1' -H 'x-amz-target: TrentService.{}' \
             --data-raw {} {}",
            call.op.name(),
            quoted(&body),
            quoted(&format!("{}/", self.url(region)))
        );
        let borrowed = signed.contains("$AWS_ACCESS_KEY_ID");
        match self.profile(call.caller).filter(|_| borrowed) {
            Some(profile) => {
                let credentials = format!("$(aws configure export-credentials --profile {profile} --format env)");
                format!("(eval \"{credentials}\" && {curl})")
            }
            None => curl,
        }
    }

    /// A variable that an earlier command sets, or the reader.
    fn variable(&mut self, name: &str, what: &str) -> String {
        let name = in_shell(name);
        if !self.known.contains(&name) {
            self.head.insert(name.clone(), what.to_string());
        }
        variable(&name)
    }

    fn arn(&mut self, region: &str, resource: &str) -> Value {
        let account = self.variable("ACCOUNT", "the account that makes the keys");
        json!(format!("arn:aws:kms:{region}:{account}:{resource}"))
    }

    fn value(&mut self, member: &str, arg: &Arg) -> Value {
        match arg {
            Arg::Json(Value::String(text)) => {
                let mut text = text.clone();
                if text.contains("{account}") {
                    text = text.replace("{account}", &self.variable("ACCOUNT", "the account that makes the keys"));
                }
                if text.contains("{limited}") {
                    text = text.replace("{limited}", &self.variable("LIMITED_ARN", "the ARN of the limited principal"));
                }
                json!(text)
            }
            Arg::Json(other) => other.clone(),
            Arg::Key(key) => {
                let id = |script: &mut Self| script.variable(&format!("{}_id", key.name), "the id of a key");
                match &key.form {
                    KeyForm::Id => json!(id(self)),
                    KeyForm::Arn(region) => {
                        let resource = format!("key/{}", id(self));
                        self.arn(region, &resource)
                    }
                    KeyForm::Alias => json!(format!("alias/{}", key.name)),
                    KeyForm::AliasArn(region) => self.arn(region, &format!("alias/{}", key.name)),
                }
            }
            Arg::AliasName(name) => json!(format!("alias/{name}")),
            Arg::Bytes(bytes) => json!(STANDARD.encode(bytes)),
            Arg::Result { step, damaged } => {
                let name = if member == "GrantToken" { format!("{step}_token") } else { step.to_string() };
                let result = self.variable(&name, &format!("the {member} of a call that is not here"));
                if !damaged {
                    return json!(result);
                }
                let spoilt = in_shell(&format!("{name}_damaged"));
                self.lines.push(format!("{spoilt}=$(printf %s {} | {FLIP})", quoted(&result)));
                json!(variable(&spoilt))
            }
            Arg::Material { name, step } => {
                let wrapped = in_shell(&format!("{name}_for_{step}"));
                if self.known.insert(wrapped.clone()) {
                    self.comment(&format!(
                        "set {wrapped} first: the key material `{name}` (the same wherever it has this name, 32 bytes for a \
                         symmetric key), wrapped with the public key in {}_public as was asked for there, in base64",
                        in_shell(step)
                    ));
                }
                json!(variable(&wrapped))
            }
            Arg::In(time) => json!(date(time.as_secs())),
            Arg::Tokens(steps) => {
                let token = |s: &mut Self, step: &str| s.variable(&format!("{step}_token"), "the token of a grant");
                Value::Array(steps.iter().map(|step| json!(token(self, step))).collect())
            }
        }
    }
}

/// Whether an argument has the account's number in it.
fn names_account(call: &Call) -> bool {
    call.args.values().any(|arg| match arg {
        Arg::Key(key) => matches!(key.form, KeyForm::Arn(_) | KeyForm::AliasArn(_)),
        Arg::Json(Value::String(text)) => text.contains("{account}"),
        _ => false,
    })
}

/// The same bit that a replay flips, of the fourth byte from the end.
const FLIP: &str = r#"perl -MMIME::Base64 -0777 -ne '$b = decode_base64($_); substr($b, -4, 1) ^= "\x01"; print encode_base64($b, "")'"#;

/// Why the AWS CLI cannot send a call.
fn beyond_the_cli(call: &Call) -> Option<&'static str> {
    match call.auth {
        Auth::WrongSignature => return Some("a wrong signature"),
        Auth::UnknownKey => return Some("an access key that nobody has"),
        Auth::Incomplete => return Some("a header without a signature"),
        Auth::Valid | Auth::Unsigned => {}
    }
    if call.op == Operation::Unknown {
        return Some("an operation that it does not know");
    }
    let extra = call.args.keys().any(|m| !has_member(call.op, m));
    flaw(call).map(Variant::words).or(extra.then_some("a member that it does not know"))
}

/// Variables for what later calls need of an answer, and where it stands there.
fn results(call: &Call) -> Option<(Vec<String>, Vec<&'static str>)> {
    use Operation::*;
    let name = in_shell(&call.name);
    let one = |path| Some((vec![name.clone()], vec![path]));
    match call.op {
        CreateKey => Some((vec![format!("{name}_id")], vec!["KeyMetadata.KeyId"])),
        Encrypt | ReEncrypt | GenerateDataKey | GenerateDataKeyWithoutPlaintext => one("CiphertextBlob"),
        GenerateDataKeyPair | GenerateDataKeyPairWithoutPlaintext => one("PrivateKeyCiphertextBlob"),
        Sign => one("Signature"),
        GenerateMac => one("Mac"),
        GetPublicKey => one("PublicKey"),
        ImportKeyMaterial => one("KeyMaterialId"),
        CreateGrant => Some((vec![name.clone(), format!("{name}_token")], vec!["GrantId", "GrantToken"])),
        GetParametersForImport => {
            Some((vec![name.clone(), format!("{name}_public")], vec!["ImportToken", "PublicKey"]))
        }
        _ => None,
    }
}

/// A name as a shell takes it for a variable.
fn in_shell(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// `PendingWindowInDays` as the AWS CLI writes it.
fn kebab(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests;

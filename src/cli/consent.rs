//! Nobody is surprised by a bill: what a run on real AWS does and costs is told before it begins.

use super::failure::Failure;
use crate::campaign::list_price;
use crate::generate::menu::REGIONS;
use crate::transport::{Target, account};
use std::io::{BufRead, IsTerminal, Write};

/// Keys that AWS lets be made in a second (F-140).
const KEYS_A_SECOND: u64 = 5;

/// What a run will ask for at most, about.
#[derive(Clone, Debug)]
pub struct Demand {
    pub requests: u64,
    pub keys: u64,
    pub regions: Vec<String>,
}

impl Demand {
    /// In the Regions that sequences use.
    pub fn new(requests: u64, keys: u64) -> Demand {
        Demand { requests, keys, regions: REGIONS.map(String::from).to_vec() }
    }

    /// Of random histories with so many calls, which make a key for some fifteen of them.
    pub fn of_histories(calls: u64) -> Demand {
        Demand::new(calls, calls / 15)
    }
}

/// Tells what will be done to an account of AWS, and asks once; `yes` answers in advance.
///
/// # Errors
/// When the answer is no, or nobody can be asked: exit code 2.
pub async fn consent(target: &Target, demand: Demand, yes: bool) -> Result<(), Failure> {
    if !target.is_aws() {
        return Ok(());
    }
    let sts = std::env::var("AWS_ENDPOINT_URL_STS").ok().filter(|v| !v.is_empty());
    let account = match account(target, sts.as_deref()).await {
        Ok(account) => format!("account {account}"),
        Err(why) => format!("an account that cannot be told ({why})"),
    };
    eprint!("{}", told(&account, target, &demand));
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::NobodyToAsk);
    }
    eprint!("Go on? [y/N] ");
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    // What cannot be read is no yes.
    let _ = std::io::stdin().lock().read_line(&mut answer);
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::Declined),
    }
}

fn told(account: &str, target: &Target, demand: &Demand) -> String {
    let keys = demand.keys.min(target.limits.keys.unwrap_or(u64::MAX));
    let requests = demand.requests.min(target.limits.calls.unwrap_or(u64::MAX));
    let minutes = keys.div_ceil(KEYS_A_SECOND).div_ceil(60).max(1);
    format!(
        "Real AWS, {account}: about {requests} requests and {keys} keys at most, in {}.\nList price about {:.2} USD if the keys are pending deletion within an hour (F-141). At least \
         {minutes} min by the request quotas (F-140), and what transients take: minutes each.\nThe keys are pending deletion for 7 days \
         or more afterwards. --budget, --max-keys, --max-calls and --rate limit it.\n",
        demand.regions.join(", "),
        list_price(keys, 1, requests)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::{Credentials, Limits};

    #[test]
    fn limits_limit_what_is_told() {
        let target = Target::with_credentials("t", "http://127.0.0.1:1", false, Credentials::made_up());
        let mut target = target.expect("a target");
        let demand = Demand::new(15_000, 600);
        let text = told("account 111122223333", &target, &demand);
        assert!(text.contains("account 111122223333: about 15000 requests and 600 keys"), "{text}");
        assert!(text.contains("At least 2 min"), "{text}");
        target.limits = Limits { keys: Some(20), calls: Some(400), rate: None };
        assert!(told("", &target, &demand).contains("about 400 requests and 20 keys"));
    }

    #[tokio::test]
    async fn an_emulator_needs_no_consent() {
        let target = Target::with_credentials("t", "http://127.0.0.1:1", false, Credentials::made_up());
        let demand = Demand::new(1, 1);
        assert!(consent(&target.expect("a target"), demand, false).await.is_ok());
    }
}

//! `mrkspec serve`.

use super::failure::{Failure, Outcome};
use super::values::{duration, share};
use mrkspec_reference::{Choices, Settings, faults, serve};
use std::time::Duration;

/// Arguments of `serve`.
#[derive(clap::Args)]
pub struct Args {
    /// Loopback port; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// How long a replica stays in Creating
    #[arg(long, default_value = "0s", value_parser = duration)]
    creating: Duration,
    /// How long old and new primary stay in Updating
    #[arg(long, default_value = "0s", value_parser = duration)]
    updating: Duration,
    /// How long an on-demand rotation takes
    #[arg(long, default_value = "0s", value_parser = duration)]
    rotating: Duration,
    /// Answer as AWS was recorded to (`recorded`), or as the documentation has it (`documented`): the former, but
    /// with --fault the one on which the mistake shows
    #[arg(long, value_parser = choices)]
    choices: Option<Choices>,
    /// Show both keys as replicas while Updating
    #[arg(long)]
    both_replicas: bool,
    /// For how long a change may go unseen: every other read is answered from the past
    #[arg(long, default_value = "0s", value_parser = duration)]
    stale: Duration,
    /// Share of requests that are throttled, 0 to 1
    #[arg(long, default_value_t = 0.0, value_name = "P", value_parser = share)]
    throttle: f64,
    /// Share of requests that fail internally, half of them after the work was done, 0 to 1
    #[arg(long, default_value_t = 0.0, value_name = "P", value_parser = share)]
    internal_error: f64,
    /// Share of requests whose answer is cut off after the work was done, 0 to 1
    #[arg(long, default_value_t = 0.0, value_name = "P", value_parser = share)]
    drop_answer: f64,
    /// How long every answer is held back, after the work was done
    #[arg(long, default_value = "0s", value_parser = duration)]
    slow: Duration,
    /// How long cryptographic operations are held back on a member that is Updating
    #[arg(long, default_value = "0s", value_parser = duration)]
    slow_updating: Duration,
    /// Make one mistake on purpose (see `mrkspec faults` for their names)
    #[arg(long, value_name = "NAME")]
    fault: Option<String>,
    /// Take any access key id and secret, such as test/test, for the administrator's: for a first try
    #[arg(long)]
    any_credentials: bool,
    /// How long a day of a deletion's waiting period takes, such as 50ms
    #[arg(long, default_value = "24h", value_parser = duration)]
    day: Duration,
    /// Seed of key ids and of the shares above
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn choices(text: &str) -> Result<Choices, &'static str> {
    match text {
        "recorded" => Ok(Choices::Recorded),
        "documented" => Ok(Choices::Documented),
        _ => Err("either `recorded` or `documented`"),
    }
}

/// What an SDK or the AWS CLI needs to come here. Some read AWS_REGION, others AWS_DEFAULT_REGION.
fn to_paste(url: &str, access_key: &str, secret: &str) -> String {
    format!(
        "to try it, paste into another terminal:\n  export AWS_ENDPOINT_URL_KMS={url}\n  \
         export AWS_ACCESS_KEY_ID={access_key} AWS_SECRET_ACCESS_KEY={secret}\n  \
         export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1\n  aws kms create-key --multi-region"
    )
}

/// Serves until the process ends.
pub async fn run(args: Args) -> Outcome {
    let fault = match &args.fault {
        None => None,
        Some(name) => Some(faults::find(name).ok_or_else(|| Failure::UnknownFault(name.clone()))?),
    };
    let settings = Settings {
        fault,
        creating: args.creating,
        updating: args.updating,
        rotating: args.rotating,
        choices: args.choices.unwrap_or(fault.map_or(Choices::Recorded, |f| f.choices)),
        both_replicas: args.both_replicas,
        throttle: args.throttle,
        internal_error: args.internal_error,
        drop_answer: args.drop_answer,
        slow: args.slow,
        slow_updating: args.slow_updating,
        day: args.day,
        stale: args.stale,
        seed: args.seed,
        any_credentials: args.any_credentials,
        ..Settings::default()
    };
    let users: Vec<String> = settings
        .credentials
        .iter()
        .map(|c| format!("  {} / {} (account {}, user {})", c.access_key, c.secret, c.account, c.user))
        .collect();
    let first = match settings.credentials.first() {
        _ if args.any_credentials => ("test".to_string(), "test".to_string()),
        Some(c) => (c.access_key.clone(), c.secret.clone()),
        None => (String::new(), String::new()),
    };
    let started = |url: &str| {
        // The first line of standard output, and its only one, is a contract: scripts read the URL from it.
        println!("listening on {url}");
        eprintln!("{}", to_paste(url, &first.0, &first.1));
        eprintln!("access key id / secret access key:\n{}", users.join("\n"));
        eprintln!("admin may do everything by IAM, limited nothing; key policies and grants are evaluated");
    };
    serve(args.port, settings, started).await.map_err(|source| Failure::Serve { port: args.port, source })?;
    Ok(0)
}

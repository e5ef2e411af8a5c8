//! `mrkspec continuity`.

use super::consent::{Demand, consent};
use super::endpoint::EndpointArgs;
use super::failure::{Outcome, write, write_json};
use super::keys::{Ended, guarded, tell_left};
use super::values::{Regions, duration, regions};
use crate::campaign::{ContinuityOptions, ContinuityReport, Mix, continuity, under_load};
use crate::report::{continuity_console, continuity_html};
use indicatif::{ProgressBar, ProgressStyle};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Arguments of `continuity`.
#[derive(clap::Args)]
#[command(mut_arg("rate", |arg| arg.help("Calls of the load a second; promotions and reads come on top [default: 100, on AWS 20]")))]
pub struct Args {
    #[command(flatten)]
    endpoint: EndpointArgs,
    /// How long to keep up the load, such as 60s or 10m
    #[arg(long, default_value = "60s", value_name = "D", value_parser = duration)]
    duration: Duration,
    /// What is sent and how often, such as Encrypt=1,Decrypt=3
    /// [default: Encrypt=2,Decrypt=4,GenerateDataKey=2,ReEncrypt=1,Sign=1,Verify=2,GenerateMac=1,VerifyMac=2]
    #[arg(long, value_name = "MIX")]
    mix: Option<Mix>,
    /// Regions with a member of each key, the first with the primary at the beginning
    #[arg(long, value_name = "R,R,…", default_value = "us-east-1,eu-west-1,ap-southeast-2", value_parser = regions)]
    regions: Regions,
    /// Promotions after which the key for encryption is rotated; 0 for never
    #[arg(long, default_value_t = 5, value_name = "N")]
    rotate_every: usize,
    /// Seed: the same seed sends the same operations in the same Regions at the same times
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write the report as JSON
    #[arg(long, value_name = "F")]
    json: Option<PathBuf>,
    /// Write the report as an HTML page, with a timeline
    #[arg(long, value_name = "F")]
    html: Option<PathBuf>,
}

/// Calls a second where nobody says how many.
const RATE: u32 = 100;
const RATE_AWS: u32 = 20;

/// Puts the endpoint under load.
pub async fn run(mut args: Args) -> Outcome {
    // The load's own pace: promotions and reads are not to wait for it.
    let rate = args.endpoint.rate.take();
    let endpoint = args.endpoint.resolve(under_load(args.seed)).await?;
    let target = &endpoint.target;
    let rate = rate.map_or(if target.is_aws() { RATE_AWS } else { RATE }, NonZeroU32::get);
    let seconds = args.duration.as_secs().max(1);
    // The load; looks at every member of three families twice a second; and a key that shows whether the endpoint forgets.
    let members = 3 * args.regions.0.len() as u64;
    let demand = Demand {
        requests: seconds * (u64::from(rate) + 2 * members),
        keys: members + 1,
        regions: args.regions.0.clone(),
    };
    consent(target, demand, args.endpoint.yes).await?;
    let bar = ProgressBar::new(args.duration.as_millis() as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {elapsed} {msg}") {
        bar.set_style(style);
    }
    let shown = bar.clone();
    let mut options = ContinuityOptions {
        duration: args.duration,
        rate,
        mix: args.mix.clone().unwrap_or_default(),
        regions: args.regions.0.clone(),
        rotate_every: args.rotate_every,
        seed: args.seed,
        progress: Arc::new(move |p| {
            shown.set_position(p.elapsed.as_millis() as u64);
            let latest = p.latest.as_ref().map(|l| format!(", latest {} {} -> {}", l.key, l.from, l.to));
            shown.set_message(format!(
                "{} operations, {} failed, {} promotions{}",
                p.operations,
                p.failed,
                p.promotions,
                latest.unwrap_or_default()
            ));
        }),
        ..ContinuityOptions::default()
    };
    let ended = guarded(target, async |ledger| {
        options.ledger = Some(ledger);
        continuity(target, &options).await
    });
    let ended = ended.await;
    bar.finish_and_clear();
    let report = match ended? {
        Ended::Done(result, left) => ContinuityReport { left_behind: left, ..result? },
        Ended::Interrupted(code) => return Ok(code),
    };
    if let Some(path) = &args.json {
        write_json(path, &report)?;
    }
    if let Some(path) = &args.html {
        write(path, &continuity_html(&report))?;
    }
    tell_left(&report.left_behind);
    print!("{}", continuity_console(&report, &endpoint.flags));
    Ok(report.exit_code())
}

//! `mrkspec cleanup`.

use super::endpoint::EndpointArgs;
use super::failure::Outcome;
use crate::CheckError;
use crate::session::cleanup;
use crate::transport::Client;
use crate::verdict::exit;
use mrkspec_reference::Settings;

/// Arguments of `cleanup`.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    endpoint: EndpointArgs,
}

/// Schedules deletion of what the ledgers of this endpoint name.
pub async fn run(args: Args) -> Outcome {
    let endpoint = args.endpoint.resolve(Settings::default()).await?;
    let client = Client::new(endpoint.target).map_err(CheckError::from)?;
    let done = cleanup(&client).await?;
    println!(
        "{} ledgers read, deletion of {} keys scheduled, {} already gone or pending, {} left",
        done.ledgers,
        done.scheduled,
        done.gone,
        done.left.len()
    );
    if done.running > 0 {
        println!("{} runs are still under way: they clean up themselves", done.running);
    }
    for left in &done.left {
        eprintln!("mrkspec: left: {left}");
    }
    Ok(if done.left.is_empty() { exit::CONFORMS } else { exit::INCONCLUSIVE })
}

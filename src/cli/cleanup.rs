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
        "{} ledgers read, deletion of {} keys scheduled, {} already gone or pending, {} failed",
        done.ledgers,
        done.scheduled,
        done.gone,
        done.failed.len()
    );
    for failure in &done.failed {
        eprintln!("mrkspec: {failure}");
    }
    Ok(if done.failed.is_empty() { exit::CONFORMS } else { exit::INCONCLUSIVE })
}

//! `mrkspec experiment`.

use super::endpoint::EndpointArgs;
use super::failure::{Outcome, write_json};
use super::record::RecordArgs;
use crate::campaign::{experiment, find_experiments, list_experiments};
use crate::report::observed;
use crate::verdict::exit;
use mrkspec_reference::{Choices, Settings};
use std::path::PathBuf;
use std::time::Duration;

/// Arguments of `experiment`.
#[derive(clap::Args)]
pub struct Args {
    /// Numbers of the questions to ask, such as Q-6; without one the experiments are listed and nothing is sent
    #[arg(value_name = "Q-ID")]
    ids: Vec<String>,
    #[command(flatten)]
    endpoint: EndpointArgs,
    #[command(flatten)]
    record: RecordArgs,
    /// Write what was seen as JSON
    #[arg(long, value_name = "F")]
    json: Option<PathBuf>,
}

/// Lists experiments, or runs some.
pub async fn run(args: Args) -> Outcome {
    let asked = find_experiments(&args.ids)?;
    if asked.is_empty() {
        print!("{}", list_experiments());
        return Ok(exit::CONFORMS);
    }
    let endpoint = args.endpoint.resolve(observable()).await?;
    let record = args.record.begin(&endpoint.target)?;
    let report = experiment(&endpoint.target, &asked, record.clone()).await?;
    if let Some(path) = &args.json {
        write_json(path, &report)?;
    }
    print!("{}", observed(&report));
    args.record.end(record.as_deref())?;
    Ok(report.exit_code)
}

/// The embedded endpoint as `experiment` starts it: it answers as AWS was recorded to, and shows transients that
/// last long enough to be watched.
fn observable() -> Settings {
    Settings {
        creating: Duration::from_millis(300),
        updating: Duration::from_millis(700),
        rotating: Duration::from_millis(300),
        choices: Choices::Recorded,
        ..Settings::default()
    }
}

//! `mrkspec replay`.

use super::endpoint::{EndpointArgs, lively};
use super::record::RecordArgs;
use super::{Outcome, usage};
use crate::report::console;
use crate::verdict::exit;
use crate::{CheckError, Options, sequence};
use std::path::PathBuf;

/// Arguments of `replay`.
#[derive(clap::Args)]
pub struct Args {
    /// A scenario file
    file: PathBuf,
    #[command(flatten)]
    endpoint: EndpointArgs,
    #[command(flatten)]
    record: RecordArgs,
}

/// Runs one file.
pub async fn run(args: Args) -> Outcome {
    let shown = args.file.display();
    let text = std::fs::read_to_string(&args.file).map_err(|e| usage(format!("{shown} cannot be read: {e}")))?;
    let sequence = sequence::parse(&shown.to_string(), &text).map_err(usage)?;
    let endpoint = args.endpoint.resolve(lively(1)).await?;
    let record = args.record.begin(&endpoint.target)?;
    let options = Options {
        rules: Vec::new(),
        replay: format!("mrkspec replay {shown} {}", endpoint.flags),
        record: record.clone(),
        ..Options::default()
    };
    let result = crate::check_sequences(&endpoint.target, &options, std::slice::from_ref(&sequence)).await;
    let report = result.map_err(|e| match e {
        CheckError::Usage(why) => usage(why),
        CheckError::Unreachable(why) => (exit::INCONCLUSIVE, why),
    })?;
    println!("{}", report.transcripts.join("\n"));
    print!("{}", console(&report));
    args.record.end(record.as_deref())?;
    Ok(report.exit_code)
}

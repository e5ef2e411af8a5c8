//! `mrkspec replay`.

use super::endpoint::EndpointArgs;
use super::{Outcome, usage};
use crate::campaign::{Options, check_sequences, lively};
use crate::report::console;
use crate::sequence;
use std::path::PathBuf;

/// Arguments of `replay`.
#[derive(clap::Args)]
pub struct Args {
    /// A scenario file
    file: PathBuf,
    #[command(flatten)]
    endpoint: EndpointArgs,
}

/// Runs one file.
pub async fn run(args: Args) -> Outcome {
    let shown = args.file.display();
    let text = std::fs::read_to_string(&args.file).map_err(|e| usage(format!("{shown} cannot be read: {e}")))?;
    let sequence = sequence::parse(&shown.to_string(), &text).map_err(usage)?;
    let endpoint = args.endpoint.resolve(lively(1)).await?;
    let options = Options {
        rules: Vec::new(),
        replay: format!("mrkspec replay {shown} {}", endpoint.flags),
        ..Options::default()
    };
    let result = check_sequences(&endpoint.target, &options, std::slice::from_ref(&sequence)).await;
    let report = result.map_err(|e| (e.exit_code(), e.to_string()))?;
    println!("{}", report.transcripts.join("\n"));
    print!("{}", console(&report));
    Ok(report.exit_code)
}

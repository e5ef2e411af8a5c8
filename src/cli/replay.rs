//! `mrkspec replay`.

use super::endpoint::EndpointArgs;
use super::failure::{Outcome, read};
use super::keys::{Ended, guarded};
use super::record::RecordArgs;
use super::values::duration;
use crate::campaign::{Internals, Options, check_sequences_with, lively};
use crate::report::{Report, console};
use crate::sequence;
use std::path::PathBuf;
use std::time::Duration;

/// Arguments of `replay`.
#[derive(clap::Args)]
pub struct Args {
    /// A scenario file
    file: PathBuf,
    #[command(flatten)]
    endpoint: EndpointArgs,
    /// Time to take at most, such as 5m; what is not tested by then is inconclusive
    #[arg(long, value_name = "D", value_parser = duration)]
    max_time: Option<Duration>,
    #[command(flatten)]
    record: RecordArgs,
}

/// Runs one file.
pub async fn run(args: Args) -> Outcome {
    let shown = args.file.display();
    let sequence = sequence::parse(&shown.to_string(), &read(&args.file)?)?;
    let endpoint = args.endpoint.resolve(lively(1)).await?;
    let record = args.record.begin(&endpoint.target)?;
    let internals = Internals::replayed_exactly_by(format!("mrkspec replay {shown} {}", endpoint.flags));
    let mut options =
        Options { record: record.clone(), max_time: args.max_time, transcripts: true, ..Options::default() };
    let sequences = std::slice::from_ref(&sequence);
    let ended = guarded(&endpoint.target, async |ledger| {
        options.ledger = Some(ledger);
        check_sequences_with(&endpoint.target, &options, &internals, sequences).await
    });
    let report = match ended.await? {
        Ended::Done(result, left) => Report { left_behind: left, ..result? },
        Ended::Interrupted(code) => return Ok(code),
    };
    println!("{}", report.transcripts.join("\n"));
    print!("{}", console(&report));
    args.record.end(record.as_deref())?;
    Ok(report.exit_code)
}

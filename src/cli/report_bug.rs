//! `mrkspec report-bug`.

use super::failure::{Failure, Outcome, read};
use crate::report::{bug_report, causes_of, parse_report};
use crate::sequence::embedded;
use crate::verdict::exit;
use std::path::PathBuf;

/// Arguments of `report-bug`.
#[derive(clap::Args)]
pub struct Args {
    /// Its place in the report's list of causes, from 1, or the id of a rule that it breaks
    cause: String,
    /// The report, as `check --json` wrote it
    #[arg(long, value_name = "F")]
    report: PathBuf,
}

/// Prints a bug report for the endpoint's authors.
pub fn run(args: &Args) -> Outcome {
    let path = &args.report;
    let report = parse_report(&read(path)?).map_err(|source| Failure::Report { path: path.clone(), source })?;
    let causes = causes_of(&report, &args.cause);
    let Some(cause) = causes.first() else {
        return Err(Failure::UnknownCause { word: args.cause.clone(), path: path.clone(), count: report.causes.len() });
    };
    print!("{}", bug_report(&report, cause, embedded()));
    Ok(exit::CONFORMS)
}

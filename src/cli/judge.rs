//! `mrkspec judge`.

use super::failure::{Failure, Outcome, read, write_json};
use crate::campaign::judge;
use crate::report::judged;
use crate::sequence::recording;
use std::path::PathBuf;

/// Arguments of `judge`.
#[derive(clap::Args)]
pub struct Args {
    /// Recordings (JSON Lines), as --record writes them
    #[arg(required = true, value_name = "RECORDING")]
    recordings: Vec<PathBuf>,
    /// Write what was judged as JSON
    #[arg(long, value_name = "F")]
    json: Option<PathBuf>,
}

/// Judges recordings.
pub fn run(args: Args) -> Outcome {
    let mut recordings = Vec::new();
    for path in &args.recordings {
        let bad = |source| Failure::Recording { path: path.clone(), source };
        recordings.push((path.display().to_string(), recording::read(&read(path)?).map_err(bad)?));
    }
    let report = judge(recordings.iter().map(|(name, recording)| (name.as_str(), recording)));
    if let Some(path) = &args.json {
        write_json(path, &report)?;
    }
    print!("{}", judged(&report));
    Ok(report.exit_code)
}

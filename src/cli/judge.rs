//! `mrkspec judge`.

use super::{Outcome, usage, write};
use crate::campaign::judge;
use crate::report::judged;
use crate::sequence::recording::read;
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
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|e| usage(format!("{shown} cannot be read: {e}")))?;
        let recording = read(&text).map_err(|e| usage(format!("{shown} is no recording: {e}")))?;
        recordings.push((shown, recording));
    }
    let report = judge(recordings.iter().map(|(name, recording)| (name.as_str(), recording)));
    if let Some(path) = &args.json {
        write(path, &(serde_json::to_string_pretty(&report).map_err(usage)? + "\n"))?;
    }
    print!("{}", judged(&report));
    Ok(report.exit_code)
}

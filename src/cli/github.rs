//! On GitHub Actions a run writes the summary of its step and annotations by itself.

use crate::report::{Report, annotations, step_summary};
use std::env;
use std::fs::OpenOptions;
use std::io::Write as _;

/// Adds to the file that GITHUB_STEP_SUMMARY names, and prints annotations where GITHUB_ACTIONS says `true`. The
/// verdict does not depend on it: what cannot be written is only told.
pub fn publish(report: &Report) {
    if let Some(path) = env::var_os("GITHUB_STEP_SUMMARY").filter(|p| !p.is_empty()) {
        let file = OpenOptions::new().append(true).create(true).open(&path);
        let written = file.and_then(|mut file| file.write_all(step_summary(report).as_bytes()));
        if let Err(why) = written {
            eprintln!("mrkspec: the step summary {} cannot be written: {why}", path.display());
        }
    }
    if env::var("GITHUB_ACTIONS").is_ok_and(|v| v == "true") {
        print!("{}", annotations(report));
    }
}

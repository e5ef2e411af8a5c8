//! `mrkspec compare` and `mrkspec merge`.

use super::failure::{Failure, Outcome, read, write, write_json};
use crate::report::{Compared, Report, console, html_comparison, merge, parse_report};
use crate::verdict::exit;
use std::path::PathBuf;

/// Arguments of `compare`.
#[derive(clap::Args)]
pub struct CompareArgs {
    /// Reports that `check --json` wrote
    #[arg(required = true)]
    reports: Vec<PathBuf>,
    /// Write the comparison as an HTML page
    #[arg(long, value_name = "F")]
    html: Option<PathBuf>,
    /// Write the comparison as Markdown
    #[arg(long, value_name = "F")]
    markdown: Option<PathBuf>,
}

/// Arguments of `merge`.
#[derive(clap::Args)]
pub struct MergeArgs {
    /// The reports of all shards of one run
    #[arg(required = true)]
    reports: Vec<PathBuf>,
    /// Write the merged report as JSON
    #[arg(long, value_name = "F")]
    json: Option<PathBuf>,
}

fn reports(paths: &[PathBuf]) -> Result<Vec<Report>, Failure> {
    let one =
        |path: &PathBuf| parse_report(&read(path)?).map_err(|source| Failure::Report { path: path.clone(), source });
    paths.iter().map(one).collect()
}

/// Prints several reports side by side.
pub fn compare(args: CompareArgs) -> Outcome {
    let compared = Compared::new(reports(&args.reports)?);
    if let Some(path) = &args.html {
        write(path, &html_comparison(&compared))?;
    }
    if let Some(path) = &args.markdown {
        write(path, &compared.markdown())?;
    }
    print!("{}", compared.markdown());
    Ok(exit::CONFORMS)
}

/// Makes one report of the reports of all shards. The exit code is that of the run they are parts of.
pub fn merge_reports(args: MergeArgs) -> Outcome {
    let merged = merge(reports(&args.reports)?)?;
    if let Some(path) = &args.json {
        write_json(path, &merged)?;
    }
    print!("{}", console(&merged));
    Ok(merged.exit_code)
}

//! `mrkspec faults`.

use super::{Outcome, usage, write};
use crate::faults::{FaultsReport, run_faults};
use crate::verdict::exit;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;
use std::sync::Arc;

/// Arguments of `faults`.
#[derive(clap::Args)]
pub struct Args {
    /// Write the table as JSON
    #[arg(long, value_name = "F")]
    json: Option<PathBuf>,
}

/// Runs the harness against every fault and prints what caught it.
pub async fn run(args: Args) -> Outcome {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} faults {elapsed}") {
        bar.set_style(style);
    }
    let shown = bar.clone();
    let progress = Arc::new(move |done: usize, all: usize| {
        shown.set_length(all as u64);
        shown.set_position(done as u64);
    });
    let report = run_faults(progress).await.map_err(usage)?;
    bar.finish_and_clear();
    if let Some(path) = &args.json {
        write(path, &(serde_json::to_string_pretty(&report).map_err(usage)? + "\n"))?;
    }
    print!("{}", table(&report));
    Ok(if report.caught == report.total { exit::CONFORMS } else { exit::BROKEN })
}

fn table(report: &FaultsReport) -> String {
    let mut out = format!("{:<46} {:<9} {:<9} {:>8}  scenario\n", "fault", "breaks", "caught by", "requests");
    for c in &report.faults {
        let by = c.by.as_deref().unwrap_or("NOTHING");
        let requests = c.requests.map(|n| n.to_string()).unwrap_or_default();
        let scenario = c.scenario.as_deref().unwrap_or("");
        out += &format!("{:<46} {:<9} {:<9} {:>8}  {scenario}\n", c.name, c.rule, by, requests);
        if !c.caught {
            out +=
                &format!("    {}; broken were: {}\n", c.about, c.broken.iter().cloned().collect::<Vec<_>>().join(" "));
        }
    }
    let late = report.faults.iter().filter(|c| c.late).count();
    out += &format!(
        "\n{} of {} faults caught ({late} of them show only after a longer history), after {} requests in the median; {:.1} s\n",
        report.caught,
        report.total,
        report.median_requests.unwrap_or(0),
        report.elapsed_ms as f64 / 1000.0
    );
    out
}

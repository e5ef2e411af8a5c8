//! `mrkspec faults`.

use super::failure::{Failure, Outcome, make_directory, read, write, write_json};
use crate::campaign::{GridOptions, Means, diagnose, run_all, run_faults, run_grid};
use crate::report::{FaultsReport, faults_markdown};
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
    /// Write the table as Markdown
    #[arg(long, value_name = "F")]
    markdown: Option<PathBuf>,
    /// What is used to catch them: the scenarios, the coverage tour alone, or the tour and then random
    /// histories
    #[arg(long, value_enum, default_value_t = By::Scenarios)]
    by: By,
    /// Run everything against every fault, and say how well the causes are told; with --json and --markdown
    #[arg(long, conflicts_with = "by", group = "instead")]
    causes: bool,
    /// Pairs of faults that --causes tells causes of, too
    #[arg(long, default_value_t = 200, value_name = "N", requires = "causes")]
    pairs: usize,
    /// With --causes or --grid: only faults with this in their names
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT", requires = "instead")]
    only: String,
    /// Faults made by a grid instead of those of the catalogue: what can become of each property of a key, at each
    /// kind of event, on each member. With --by fuzz random histories are sent where `check` misses one
    #[arg(long, conflicts_with = "save_repro", group = "instead")]
    grid: bool,
    /// With --grid: so many of its faults, chosen by --seed
    #[arg(long, value_name = "N", requires = "grid")]
    sample: Option<usize>,
    /// With --causes: only every N-th fault; of the others the fingerprints of an earlier run are taken
    #[arg(long, default_value_t = 1, hide_default_value = true, value_name = "N", requires = "causes")]
    every: usize,
    /// Write what each fault breaks: the table that causes are told by (with --causes)
    #[arg(long, value_name = "F", requires = "causes")]
    fingerprints: Option<PathBuf>,
    /// Write in which order sequences find most for their price: the table that --budget goes by (with --causes)
    #[arg(long, value_name = "F", requires = "causes")]
    order: Option<PathBuf>,
    /// Keep what the runs showed, or tell causes anew of what is kept (with --causes): nothing is run then
    #[arg(long, value_name = "F", requires = "causes")]
    shown: Option<PathBuf>,
    /// Seed of the random histories, and of --sample
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Calls that the random histories may send for one fault
    #[arg(long, default_value_t = 20_000, value_name = "N")]
    max_calls: u64,
    /// Write each small sequence that shows a fault to this directory (with --by tour or fuzz)
    #[arg(long, value_name = "DIR")]
    save_repro: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum By {
    Scenarios,
    Tour,
    Fuzz,
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
    if args.causes {
        let told = tell_causes(&args, progress).await;
        bar.finish_and_clear();
        return told;
    }
    if args.grid {
        let told = try_grid(&args, progress).await;
        bar.finish_and_clear();
        return told;
    }
    let means = match args.by {
        By::Scenarios => Means::Scenarios,
        By::Tour => Means::Tour,
        By::Fuzz => Means::TourAndFuzz { seed: args.seed, max_calls: args.max_calls },
    };
    let report = run_faults(means, progress).await?;
    bar.finish_and_clear();
    if let Some(path) = &args.json {
        write_json(path, &report)?;
    }
    if let Some(path) = &args.markdown {
        let command = match args.by {
            By::Scenarios => "mrkspec faults".to_string(),
            By::Tour => "mrkspec faults --by tour".to_string(),
            By::Fuzz => format!("mrkspec faults --by fuzz --seed {} --max-calls {}", args.seed, args.max_calls),
        };
        let now = humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string();
        write(path, &faults_markdown(&report, &command, &now[.."2026-11-24".len()]))?;
    }
    if let Some(directory) = &args.save_repro {
        make_directory(directory)?;
        for caught in &report.faults {
            if let Some(repro) = &caught.repro {
                write(&directory.join(format!("{}.yaml", caught.name)), repro)?;
            }
        }
    }
    print!("{}", table(&report));
    Ok(if report.caught == report.total { exit::CONFORMS } else { exit::BROKEN })
}

/// A table with a line for each entry.
fn lines(entries: &[impl serde::Serialize]) -> String {
    let line = |entry| serde_json::to_string(entry).expect("an entry is plain data") + "\n";
    entries.iter().map(line).collect()
}

async fn tell_causes(args: &Args, progress: Arc<dyn Fn(usize, usize) + Send + Sync>) -> Outcome {
    let selected = |i: usize, name: &str| i.is_multiple_of(args.every.max(1)) && name.contains(&args.only);
    let shown = match &args.shown {
        Some(path) if path.exists() => {
            serde_json::from_str(&read(path)?).map_err(|source| Failure::NotShown { path: path.clone(), source })?
        }
        Some(path) => {
            let shown = run_all(selected, progress).await?;
            write_json(path, &shown)?;
            shown
        }
        None => run_all(selected, progress).await?,
    };
    let (report, fingerprints, order) = diagnose(shown, args.pairs);
    if let Some(path) = &args.fingerprints {
        write(path, &lines(&fingerprints))?;
    }
    if let Some(path) = &args.order {
        write(path, &lines(&order))?;
    }
    if let Some(path) = &args.json {
        write_json(path, &report)?;
    }
    if let Some(path) = &args.markdown {
        write(path, &report.markdown())?;
    }
    for told in report.faults.iter().filter(|d| d.unknown.rules.len() != 1 || d.unknown.rules[0] != d.rule) {
        println!("{:<46} {:<9} {:<24} held out: {}", told.fault, told.rule, told.known.words(), told.unknown.words());
    }
    println!("\n{}{:.0} s", report.table(), report.elapsed_ms as f64 / 1000.0);
    Ok(exit::CONFORMS)
}

async fn try_grid(args: &Args, progress: Arc<dyn Fn(usize, usize) + Send + Sync>) -> Outcome {
    let max_calls = if matches!(args.by, By::Fuzz) { args.max_calls } else { 0 };
    let options = GridOptions { sample: args.sample, seed: args.seed, only: args.only.clone(), max_calls };
    let report = run_grid(&options, progress).await?;
    if let Some(path) = &args.json {
        write_json(path, &report)?;
    }
    if let Some(path) = &args.markdown {
        let sample = args.sample.map(|n| format!(" --sample {n} --seed {}", args.seed)).unwrap_or_default();
        write(path, &report.markdown(&format!("mrkspec faults --grid{sample}")))?;
    }
    for missed in report.missed() {
        println!("{:<52} {}", missed.name, missed.about);
    }
    println!("\n{}{:.0} s", report.table(), report.elapsed_ms as f64 / 1000.0);
    Ok(if report.missed().next().is_none() { exit::CONFORMS } else { exit::BROKEN })
}

fn table(report: &FaultsReport) -> String {
    let mut out =
        format!("{:<46} {:<9} {:<9} {:>8} {:>5}  scenario\n", "fault", "breaks", "caught by", "requests", "repro");
    for c in &report.faults {
        let by = c.by.map_or("NOTHING", |r| r.0);
        let requests = c.requests.map(|n| n.to_string()).unwrap_or_default();
        let scenario = c.scenario.as_deref().unwrap_or("");
        let repro = c.repro_calls.map(|n| n.to_string()).unwrap_or_default();
        out += &format!("{:<46} {:<9} {:<9} {:>8} {repro:>5}  {scenario}\n", c.name, c.rule, by, requests);
        if !c.caught {
            out += &format!(
                "    {}; broken were: {}\n",
                c.about,
                c.broken.iter().map(|r| r.0).collect::<Vec<_>>().join(" ")
            );
        }
    }
    let late = report.faults.iter().filter(|c| c.late).count();
    out += &format!(
        "\n{} of {} faults caught ({late} of them show only after a longer history), after {} requests in the median{}; {:.1} s\n",
        report.caught,
        report.total,
        report.median_requests.unwrap_or(0),
        report.median_repro.map(|n| format!(", shown by {n} calls in the median")).unwrap_or_default(),
        report.elapsed_ms as f64 / 1000.0
    );
    out
}

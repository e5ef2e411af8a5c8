//! `mrkspec rules`.

use super::failure::{Outcome, write, write_json};
use crate::report::{rules_markdown, traceability};
use crate::sequence;
use mrkspec_model::rules::RULES;
use serde_json::json;
use std::path::PathBuf;

/// Arguments of `rules`.
#[derive(clap::Args)]
pub struct Args {
    /// Write the rules as JSON
    #[arg(long, value_name = "F", conflicts_with = "markdown")]
    json: Option<PathBuf>,
    /// Write fact by fact which rules, scenarios and faults belong to it
    #[arg(long, value_name = "F", conflicts_with_all = ["json", "markdown"])]
    traceability: Option<PathBuf>,
    /// Write the rules as Markdown
    #[arg(long, value_name = "F")]
    markdown: Option<PathBuf>,
}

/// Prints or writes the table.
pub fn run(args: Args) -> Outcome {
    let scenarios = crate::campaign::scenarios_by_rule(sequence::embedded());
    let faults = crate::campaign::faults_by_rule();
    if let Some(path) = &args.traceability {
        write(path, &traceability(&RULES, &scenarios, &faults))?;
    } else if let Some(path) = &args.markdown {
        write(path, &rules_markdown(&RULES, &scenarios))?;
    } else if let Some(path) = &args.json {
        let list: Vec<_> = RULES
            .iter()
            .map(|r| {
                json!({
                    "id": r.id.0, "level": r.level.word(), "title": r.title, "source": r.source, "facts": r.facts,
                    "evidence": r.evidence.word(), "scenarios": scenarios.get(r.id.0),
                    "faults": faults.get(r.id.0),
                })
            })
            .collect();
        write_json(path, &list)?;
    } else {
        for rule in RULES.iter() {
            println!("{:<8} {:<6} {}\n         {}", rule.id, rule.level.word(), rule.title, rule.cite());
        }
    }
    Ok(0)
}

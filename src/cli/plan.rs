//! `mrkspec plan`.

use super::endpoint::EndpointArgs;
use super::failure::{Outcome, write_json};
use crate::campaign::{Spent, list_price, spend};
use crate::generate::{Cost, Tour, tour};
use crate::sequence::{Sequence, embedded};
use crate::verdict::exit;
use serde_json::json;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Keys that AWS lets be made in a second (F-140).
const KEYS_A_SECOND: f64 = 5.0;

/// Arguments of `plan`.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    endpoint: EndpointArgs,
    /// Write the plan, every call included, as JSON
    #[arg(long, value_name = "F")]
    json: Option<PathBuf>,
    /// Print what `check --budget N` runs, finds and costs instead
    #[arg(long, value_name = "N", conflicts_with_all = ["json", "calls"])]
    budget: Option<usize>,
    /// Print every call
    #[arg(long)]
    calls: bool,
}

/// Prints what the coverage tour would send, and what that covers. Nothing is sent.
pub async fn run(args: Args) -> Outcome {
    let abilities = args.endpoint.abilities();
    let tour = tour(abilities);
    if let Some(budget) = args.budget {
        print!("{}", within(budget, &tour));
        return Ok(exit::CONFORMS);
    }
    if let Some(path) = &args.json {
        write_json(path, &as_json(&tour))?;
    }
    print!("{}", text(&tour, args.calls));
    Ok(exit::CONFORMS)
}

/// What a budget pays for, and what is lost by it.
fn within(budget: usize, tour: &Tour) -> String {
    let all: Vec<&Sequence> = embedded().iter().chain(&tour.sequences).collect();
    let Spent { bought, requests, keys, finds, of } = spend(budget, all.clone());
    let chosen: BTreeSet<&str> = bought.iter().map(|s| s.id.as_str()).collect();
    let mut out = String::new();
    for sequence in &bought {
        let _ = writeln!(out, "{}: {}", sequence.id, sequence.title);
    }
    let covered = |s: &&Sequence| s.id.starts_with("tour/") && chosen.contains(s.id.as_str());
    let costs = tour.sequences.iter().zip(&tour.plan.costs);
    let situations: usize = costs.filter(|(s, _)| covered(s)).map(|(_, cost)| cost.covers).sum();
    let tested: BTreeSet<_> = bought.iter().flat_map(|s| &s.rules).collect();
    let _ = writeln!(
        out,
        "\n{} of {} sequences, about {requests} requests and {keys} keys; of rules that scenarios are there for {} are tested, of {} \
         situations that the coverage tour covers {situations}",
        bought.len(),
        all.len(),
        tested.len(),
        tour.plan.covered
    );
    let _ = writeln!(
        out,
        "finds {finds} of {of} faults that all of them find ({:.0} %); these are the faults that the choice was made by: \
         docs/causes.md says what it finds of others",
        100.0 * finds as f64 / of.max(1) as f64
    );
    let _ = writeln!(
        out,
        "on AWS: {:.2} USD (list price, keys gone within an hour, F-141); by its quotas at least {:.0} minutes (F-140), and what is \
         waited for: Creating, Updating and rotations take as long as they take",
        list_price(keys as u64, 1, requests as u64),
        (keys as f64 / KEYS_A_SECOND / 60.0).ceil()
    );
    out
}

fn as_json(tour: &Tour) -> serde_json::Value {
    let sequences: Vec<_> = tour
        .sequences
        .iter()
        .zip(&tour.plan.costs)
        .map(|(s, cost)| {
            let steps: Vec<_> = s.steps.iter().map(|s| &s.text).collect();
            json!({ "id": s.id, "title": s.title, "cost": cost, "steps": steps })
        })
        .collect();
    json!({ "schema": "mrkspec-plan/1", "plan": tour.plan, "sequences": sequences })
}

fn text(tour: &Tour, calls: bool) -> String {
    let mut out = String::new();
    for (sequence, cost) in tour.sequences.iter().zip(&tour.plan.costs) {
        let (id, title) = (&sequence.id, &sequence.title);
        let Cost { requests, keys, covers } = cost;
        let _ = writeln!(out, "{id}: {requests} requests, {keys} keys, {covers} new situations; {title}");
        if calls {
            for (i, step) in sequence.steps.iter().enumerate() {
                let _ = writeln!(out, "  {:>3}. {}", i + 1, step.text);
            }
        }
    }
    let p = &tour.plan;
    for (what, list) in [("NOT COVERED", &p.missing), ("NO PAIR", &p.pairs_missing)] {
        for line in list {
            let _ = writeln!(out, "{what} {line}");
        }
    }
    let per = |a: usize, b: usize| a as f64 / b.max(1) as f64;
    let _ = writeln!(
        out,
        "{} of {} reachable situations covered, {} of {} pairs of successive changes",
        p.covered, p.reachable, p.pairs_covered, p.pairs_reachable
    );
    let _ = writeln!(
        out,
        "{} requests ({:.2} for each situation), {} keys made (one for {:.0} requests), {} sequences",
        p.requests,
        per(p.requests, p.covered),
        p.keys,
        per(p.requests, p.keys),
        tour.sequences.len()
    );
    out
}

//! `mrkspec plan`.

use super::endpoint::EndpointArgs;
use super::failure::{Outcome, write_json};
use crate::generate::{Cost, Tour, tour};
use crate::verdict::exit;
use serde_json::json;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Arguments of `plan`.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    endpoint: EndpointArgs,
    /// Write the plan, every call included, as JSON
    #[arg(long, value_name = "F")]
    json: Option<PathBuf>,
    /// Print every call
    #[arg(long)]
    calls: bool,
}

/// Prints what the coverage tour would send, and what that covers. Nothing is sent.
pub async fn run(args: Args) -> Outcome {
    let abilities = args.endpoint.abilities();
    let tour = tour(abilities);
    if let Some(path) = &args.json {
        write_json(path, &as_json(&tour))?;
    }
    print!("{}", text(&tour, args.calls));
    Ok(exit::CONFORMS)
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

//! What a campaign of concurrent clients found, for people.

mod picture;

use super::block;
use crate::campaign::{RaceFinding, RaceReport};
use crate::verdict::exit;

pub use picture::race_html;

const SEQUENTIAL: &str = "it shows as well when the calls are sent one after the other: `check` is the tool for that";

/// The report as text; `replays` are the commands that show each finding again, or nothing.
pub fn race_console(report: &RaceReport, replays: &[String]) -> String {
    let mut out = format!("{}\n\n", verdict(report));
    for (finding, replay) in report.findings.iter().zip(replays) {
        out += &show(finding, replay);
    }
    out + &summary(report) + "\n"
}

fn verdict(report: &RaceReport) -> String {
    let target = &report.target;
    match report.exit_code() {
        exit::CONFORMS => format!(
            "{target} conforms under concurrency: an order explains every answer, and afterwards all members agree \
             ({} histories)",
            report.explained
        ),
        exit::BROKEN => format!(
            "{target} does not conform under concurrency: {} of {} histories show something that no order explains \
             ({} kinds of it)",
            report.violated,
            report.histories,
            report.findings.len()
        ),
        _ => {
            let why = report.ended.as_deref().unwrap_or("no history could be judged");
            format!("{target}: nothing can be said of concurrency: {why}")
        }
    }
}

fn when(f: &RaceFinding) -> &'static str {
    match f.seen {
        "during" => "in no order of the concurrent calls is this answer allowed",
        "after" => "when all clients were done and everything had settled, in every order that explains their answers",
        _ => "before the clients began: no matter of concurrency",
    }
}

/// How often it was seen, and how small it became.
fn seen(f: &RaceFinding) -> String {
    let (again, of) = f.reproduced;
    let shown = if of > 0 { format!(", shown {again} times of {of}") } else { String::new() };
    format!(
        "in {} histories, first after {} calls; made smaller in {} executions to {} clients with {} calls{shown}",
        f.count, f.calls, f.executions, f.clients, f.client_calls,
    )
}

fn show(f: &RaceFinding, replay: &str) -> String {
    let headline = format!("FAIL {} {}: {}", f.rule, f.level.word(), f.title);
    let seen = seen(f);
    let said = [
        ("source", f.source.as_str()),
        ("call", &f.call),
        ("expected", &f.expected),
        ("observed", &f.observed),
        ("when", when(f)),
        ("seen", &seen),
    ];
    let mut out = block(&headline, &said);
    if f.sequential {
        out += &format!("     note:     {SEQUENTIAL}\n");
    }
    for line in &f.lanes {
        out += &format!("     {line}\n");
    }
    if !replay.is_empty() {
        out += &format!("     replay:   {replay}\n");
    }
    out + "\n"
}

fn summary(report: &RaceReport) -> String {
    format!(
        "{}: seed {}, {} histories ({} explained, {} violated, {} inconclusive), {} calls ({} of them concurrent, {} \
         requests, {} keys), {:.1} s",
        report.target,
        report.seed,
        report.histories,
        report.explained,
        report.violated,
        report.inconclusive,
        report.calls,
        report.concurrent_calls,
        report.requests,
        report.keys_created,
        report.elapsed_ms as f64 / 1000.0
    )
}

//! The page: each finding with its small history, a row a request, time from left to right.

use super::super::html::{page, short};
use super::{SEQUENTIAL, seen, summary, verdict, when};
use crate::campaign::{RaceFinding, RaceReport, Sent};
use crate::verdict::exit;
use maud::{Markup, html};

/// Width of the time axis, and of what stands on both sides of it.
const TIME: f64 = 300.0;
const LEFT: f64 = 70.0;
const WORDS: f64 = 760.0;
const ROW: f64 = 24.0;
/// What has room beside the time axis.
const MOST_LETTERS: usize = 104;

/// The report as one page: no script but that for copying, nothing to load. `replays` are the commands that show each
/// finding again, or nothing.
pub fn race_html(report: &RaceReport, replays: &[String]) -> String {
    let class = match report.exit_code() {
        exit::CONFORMS => "pass",
        exit::BROKEN => "fail",
        _ => "warn",
    };
    let body = html! {
        p class=(format!("verdict {class}")) { (verdict(report)) }
        @for (i, (finding, replay)) in report.findings.iter().zip(replays).enumerate() { (card(i + 1, finding, replay)) }
        p.dim { (summary(report)) }
    };
    page(&format!("mrkspec race: {}", report.target), body)
}

fn card(number: usize, f: &RaceFinding, replay: &str) -> Markup {
    html! {
        article.card aria-labelledby=(format!("finding-{number}")) {
            h2 id=(format!("finding-{number}")) { (number) ". " (f.title) }
            p.dim { (f.rule) " " (f.level.word()) "; " (f.source) }
            p { "Seen " (seen(f)) ": " (when(f)) "." }
            @if f.sequential { p { "Note: " (SEQUENTIAL) "." } }
            pre { "call:     " (f.call) "\nexpected: " (f.expected) "\nobserved: " (f.observed) }
            (drawing(f))
            @if !replay.is_empty() { (copied(&format!("replay-{number}"), replay, &format!("the command of finding {number}"))) }
            details {
                summary { "The small history, as a scenario file" }
                (copied(&format!("file-{number}"), &f.repro, &format!("the scenario of finding {number}")))
            }
        }
    }
}

fn copied(id: &str, text: &str, what: &str) -> Markup {
    html! {
        div.repro {
            pre id=(id) { (text) }
            button type="button" hidden data-copy=(id) data-what=(what) aria-label=(format!("Copy {what}")) { "Copy" }
        }
    }
}

/// A row a request, those of one client together; what no order explains is marked by colour and by words.
fn drawing(f: &RaceFinding) -> Markup {
    let mut requests: Vec<&Sent> = f.requests.iter().collect();
    requests.sort_by_key(|r| (r.client, r.begin_us));
    let end = requests.iter().map(|r| r.end_us.unwrap_or(r.begin_us)).max().unwrap_or(0).max(1) as f64;
    let x = |us: u64| LEFT + us as f64 / end * TIME;
    let width = LEFT + TIME + WORDS;
    let height = 20.0 + ROW * requests.len() as f64;
    let number = |v: f64| format!("{v:.1}");
    html! {
        @if !requests.is_empty() {
            svg.lanes role="img" aria-label=(format!("requests of {} clients over {:.1} ms", f.clients, end / 1000.0)) viewBox=(format!("0 0 {width:.0} {height:.0}")) width="100%" style=(format!("max-width:{width:.0}px")) {
                @for (row, r) in requests.iter().enumerate() {
                    @let y = ROW * row as f64;
                    @let to = r.end_us.map_or(LEFT + TIME, x);
                    @if row == 0 || requests[row - 1].client != r.client {
                        text x="0" y=(number(y + 15.0)) { "client " (r.client) }
                    }
                    rect x=(number(x(r.begin_us))) y=(number(y + 4.0)) width=(number((to - x(r.begin_us)).max(2.0))) height="14" class=(if r.wrong { "wrong-bar" } else { "bar" }) {}
                    text class=(if r.wrong { "wrong-text" } else { "" }) x=(number(LEFT + TIME + 10.0)) y=(number(y + 15.0)) {
                        title { (words(r)) }
                        (short(&words(r), MOST_LETTERS))
                    }
                }
                text.dim x=(LEFT) y=(number(height - 5.0)) { "0" }
                text.dim x=(number(LEFT + TIME)) y=(number(height - 5.0)) text-anchor="end" { (format!("{:.1} ms", end / 1000.0)) }
            }
        }
    }
}

fn words(r: &Sent) -> String {
    let answer = if r.end_us.is_some() { &r.answer } else { "no answer" };
    let wrong = if r.wrong { " ← no order explains this" } else { "" };
    format!("{}: {answer}{wrong}", r.call)
}

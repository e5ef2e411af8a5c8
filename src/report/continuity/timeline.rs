//! The page: a timeline of who was primary, promotions under way, and how long calls took.

use super::super::html::page;
use super::{interrupted, slower, times, unanswered, warnings};
use crate::campaign::{ContinuityReport, Latency};
use maud::{Markup, html};

/// Width and margins of the drawing.
const WIDTH: f64 = 1100.0;
const LEFT: f64 = 120.0;
const RIGHT: f64 = 20.0;
/// Height of a key's lane, and of the curves.
const LANE: f64 = 18.0;
const CURVES: f64 = 180.0;

/// Colours of Regions, in their order, dark enough for white letters; they are told apart by name as well.
const COLOURS: [&str; 6] = ["#2f5f94", "#a8324a", "#1b6b35", "#7a5200", "#2a6f86", "#7b2560"];

/// The report as one page: nothing to load.
pub fn continuity_html(report: &ContinuityReport) -> String {
    let body = html! {
        p {
            (report.operations) " operations, " (report.failed) " failed, " (report.promotions.len()) " promotions, "
            (report.rotations_ms.len()) " rotations; " (report.rate) " calls a second for "
            (format!("{:.0}", report.duration_ms as f64 / 1000.0)) " s, seed " (report.seed) "."
        }
        @if let Some(why) = report.inconclusive() { p.inconclusive { "Nothing can be said: " (why) } }
        @for f in &report.findings {
            details open {
                summary { b { (f.rule) } " " (f.level.word()) ": " (f.title) }
                p { "Source: " (f.source) }
                pre {
                    "call:     " (f.call) "\n"
                    "expected: " (f.expected) "\n"
                    "observed: " (f.observed) "\n"
                    @if f.operations.len() > 1 { "as well:  " (f.operations[1..].join(", ")) "\n" }
                    "seen:     " (f.count) " times, "
                    @if !f.operations.is_empty() { (f.during_promotions) " of them during promotions, " }
                    "first after "
                    (f.first_ms) " ms"
                }
            }
        }
        @for line in warnings(report) { p.warn { "SHOULD (F-074): " (line) } }
        h2 { "Timeline" }
        (drawing(report))
        h2 { "Times" }
        table {
            tr { th { "calls" } th { "count" } th { "failed" } th { "median ms" } th { "90 % ms" } th { "99 % ms" } th { "longest ms" } }
            (row("during promotions", None, &report.inside))
            (row("at other times", None, &report.outside))
            @for of in &report.by_operation { (row(of.operation, Some(of.failed), &of.latency)) }
        }
        p { "During promotions: " (times(&report.inside)) "." }
        p { "Slower during promotions? " (slower(report)) "." }
        p { "Interrupted during promotions? " (interrupted(report)) "." }
        @let unanswered = unanswered(report);
        @if !report.left_out.is_empty() || !report.notes.is_empty() || !unanswered.is_empty() {
            h2 { "Notes" }
            ul {
                @for left in &report.left_out { li { "Left out: " (left) } }
                @for note in report.notes.iter().chain(&unanswered) { li { (note) } }
            }
        }
        h2 { "Promotions" }
        table {
            tr { th { "key" } th { "from" } th { "to" } th { "sent, ms" } th { "settled after, ms" } }
            @for p in &report.promotions {
                tr { td { (p.key) } td { (p.from) } td { (p.to) } td { (p.began_ms) } td { (p.settled_ms - p.began_ms) } }
            }
        }
    };
    page(&format!("mrkspec continuity: {}", report.target), body)
}

fn row(name: &str, failed: Option<u64>, l: &Latency) -> Markup {
    let millis = |us: u64| format!("{:.1}", us as f64 / 1000.0);
    html! {
        tr {
            td { (name) } td { (l.count) } td { (failed.map(|n| n.to_string()).unwrap_or_default()) }
            td { (millis(l.p50_us)) } td { (millis(l.p90_us)) } td { (millis(l.p99_us)) } td { (millis(l.max_us)) }
        }
    }
}

/// Lanes that show who is primary, grey where a promotion is under way; below them curves of the median and of the time
/// that one call in a hundred exceeds; failures as marks.
fn drawing(report: &ContinuityReport) -> Markup {
    let end = report.duration_ms.max(report.promotions.iter().map(|p| p.settled_ms).max().unwrap_or(0)).max(1) as f64;
    let x = |ms: u64| LEFT + ms as f64 / end * (WIDTH - LEFT - RIGHT);
    let number = |v: f64| format!("{v:.1}");
    let mut keys: Vec<&str> = report.promotions.iter().map(|p| p.key).collect();
    keys.sort_unstable();
    keys.dedup();
    let lanes = keys.len() as f64 * (LANE + 6.0);
    let top = lanes + 24.0;
    let most = report.timeline.iter().map(|s| s.latency.p99_us).max().unwrap_or(1).max(1) as f64;
    // Times differ by orders of magnitude.
    let y = |us: u64| top + CURVES - (us as f64 + 1.0).ln() / (most + 1.0).ln() * CURVES;
    let curve = |of: fn(&Latency) -> u64| {
        let filled = report.timeline.iter().filter(|s| s.latency.count > 0);
        let points = filled.map(|s| format!("{:.1},{:.1}", x(s.from_ms), y(of(&s.latency))));
        points.collect::<Vec<_>>().join(" ")
    };
    let colour = |region: &str| {
        let place = report.regions.iter().position(|r| r == region).unwrap_or(0);
        COLOURS[place % COLOURS.len()]
    };
    html! {
        p {
            @for region in &report.regions {
                span style=(format!("background:{};color:#fff;padding:0 .4rem;margin-right:.5rem", colour(region))) { (region) }
            }
            "primary in; grey: a promotion is under way; blue curve: median, red curve: 99 % (logarithmic); red marks: failures"
        }
        svg.lanes role="img" aria-label="timeline" viewBox=(format!("0 0 {WIDTH} {:.0}", top + CURVES + 40.0)) width="100%" {
            @for (i, key) in keys.iter().enumerate() {
                @let place = i as f64 * (LANE + 6.0);
                text x="0" y=(number(place + 13.0)) font-size="11" { (key) }
                @for (from, to, region) in reigns(report, key, end as u64) {
                    rect x=(number(x(from))) y=(number(place)) width=(number((x(to) - x(from)).max(0.5))) height=(LANE) fill=(colour(&region)) {
                        title { (key) ": primary in " (region) ", " (from) " to " (to) " ms" }
                    }
                }
                @for p in report.promotions.iter().filter(|p| p.key == *key) {
                    rect x=(number(x(p.began_ms))) y=(number(place)) width=(number((x(p.settled_ms) - x(p.began_ms)).max(0.5))) height=(LANE) fill="#999" {
                        title { "promotion " (p.from) " to " (p.to) ", " (p.began_ms) " to " (p.settled_ms) " ms" }
                    }
                }
            }
            polyline points=(curve(|l| l.p99_us)) fill="none" stroke="#cc3311" stroke-width="1" {}
            polyline points=(curve(|l| l.p50_us)) fill="none" stroke="#0077bb" stroke-width="1.5" {}
            @for slice in report.timeline.iter().filter(|s| s.failed > 0) {
                circle cx=(number(x(slice.from_ms))) cy=(number(top + CURVES + 8.0)) r="3" fill="#cc3311" {
                    title { (slice.failed) " failures from " (slice.from_ms) " ms on" }
                }
            }
            @for us in [1_000_u64, 10_000, 100_000, 1_000_000, 10_000_000] {
                @if (us as f64) <= most {
                    line x1=(LEFT) x2=(WIDTH - RIGHT) y1=(number(y(us))) y2=(number(y(us))) stroke="#ddd" {}
                    text x=(LEFT - 60.0) y=(number(y(us) + 4.0)) font-size="11" { (us / 1000) " ms" }
                }
            }
            @for tenth in 0..=10_u64 {
                @let ms = (end as u64) * tenth / 10;
                text x=(number(x(ms) - 10.0)) y=(number(top + CURVES + 30.0)) font-size="11" { (format!("{:.1} s", ms as f64 / 1000.0)) }
            }
        }
    }
}

/// Who held the primary of a key, from when to when.
fn reigns(report: &ContinuityReport, key: &str, end: u64) -> Vec<(u64, u64, String)> {
    let (mut from, mut region) = (0, report.regions.first().cloned().unwrap_or_default());
    let mut reigns = Vec::new();
    for p in report.promotions.iter().filter(|p| p.key == key) {
        // Promotions that came to no end may lie between.
        reigns.push((from, p.began_ms, p.from.clone()));
        (from, region) = (p.settled_ms, p.to.clone());
    }
    reigns.push((from, end, region));
    reigns
}

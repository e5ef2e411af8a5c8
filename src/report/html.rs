//! Reports as one HTML page: no script, nothing to load.

use super::compare::Compared;
use super::json::Report;
use crate::verdict::{Cause, RuleVerdict, Verdict, tells_level};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use mrkspec_model::rules::get;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem;color:#222}\
table{border-collapse:collapse;width:100%}td,th{border:1px solid #ccc;padding:.3rem .5rem;text-align:left;vertical-align:top}\
code,pre{font:13px/1.4 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere}\
.pass{background:#e6f4e6}.fail{background:#fbe0e0}.warn{background:#fdf3d3}.unsupported{background:#e8e8f4}\
.inconclusive{background:#f4e8d8}.not_run{background:#f2f2f2}.baseline{font-weight:bold}details{margin:.3rem 0}";

pub(super) fn page(title: &str, body: Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { h1 { (title) } (body) }
        }
    };
    page.into_string()
}

/// One report as a page: what is not met first, then everything.
pub fn html_report(report: &Report) -> String {
    let s = &report.summary;
    let missed: Vec<&RuleVerdict> =
        report.rules.iter().filter(|r| !matches!(r.verdict, Verdict::Pass | Verdict::NotRun)).collect();
    let body = html! {
        p {
            (s.pass) " pass, " (s.fail) " fail, " (s.warn) " warn, " (s.unsupported) " unsupported, "
            (s.inconclusive) " inconclusive, " (s.not_run) " not run. "
            (report.cost.requests) " requests, " (report.cost.keys_created) " keys made, "
            (format!("{:.1}", report.cost.elapsed_ms as f64 / 1000.0)) " s. "
            (report.coverage.covered) " of " (report.coverage.reachable) " cells of the key-state table exercised."
            @if let Some(c) = &report.coverage.situations {
                " " (c.covered) " of " (c.reachable) " reachable situations of the model covered."
            }
        }
        p { (report.tool.name) " " (report.tool.version) ", seed " (report.seed) ", " code { (report.target.endpoint) } }
        @if let Some(b) = &report.baseline {
            p.baseline {
                @if b.matches() { "Matches its baseline: " (b.as_expected) " rules as expected." }
                @else { "Differs from its baseline." }
            }
            @for rule in &b.unexpected { p { "New: " (rule) } }
            @for rule in &b.fixed { p { "Fixed: " (rule) } }
        }
        @if tells_level(&report.levels) {
            h2 { "Level " (report.level) " of 5" }
            ul {
                @for s in &report.levels {
                    li { (s.level.number()) " " (s.name) ": " (s.held) " of " (s.held + s.missed) " MUST rules held" }
                }
            }
        }
        @if !report.causes.is_empty() {
            h2 { "What to mend" }
            @for cause in &report.causes { (mend(cause)) }
        }
        h2 { "What is not met" }
        @if missed.is_empty() { p { "Nothing." } }
        @for rule in missed { (details(report, rule)) }
        h2 { "All rules" }
        table {
            tr { th { "rule" } th { "verdict" } th { "level" } th { "requirement" } th { "source" } th { "note" } }
            @for rule in &report.rules {
                tr class=(rule.verdict.word()) {
                    td { (rule.id) }
                    td { (rule.verdict.word()) }
                    td { (rule.level().word()) }
                    td { (rule.title()) }
                    td { (rule.source()) }
                    td { (rule.note.as_deref().unwrap_or("")) }
                }
            }
        }
    };
    page(&format!("mrkspec: {}", report.target.name), body)
}

/// One cause: what is wrong, what is right, and how to see it.
fn mend(cause: &Cause) -> Markup {
    let rule = get(cause.rule);
    let shown = &cause.example;
    html! {
        details class=(if cause.is_must() { "fail" } else { "warn" }) {
            summary { b { (cause.title) } " (" (cause.rule) " " (rule.strength()) ", level " (cause.level.number()) ")" }
            p { "Right: " (rule.title) }
            @for (fact, words) in rule.quotes() { p { (fact) ": “" (words) "”" } }
            pre {
                @for step in &shown.steps { (step) "\n" }
                "call:     " (shown.call) " (" (shown.scenario) ", step " (shown.step) ")\n"
                @if !shown.key_state.is_empty() { "key is:   " (shown.key_state) "\n" }
                "expected: " (shown.expected) "\n"
                "observed: " (shown.observed) "\n"
                "seen:     " (cause.count) " times\n"
                "replay:   " (shown.repro)
            }
            p { "Explains: " @for rule in cause.all_rules() { (rule) " " } }
        }
    }
}

fn details(report: &Report, rule: &RuleVerdict) -> Markup {
    let violations: Vec<_> = report.violations.iter().filter(|v| v.rule == rule.id).collect();
    html! {
        details class=(rule.verdict.word()) {
            summary { b { (rule.id) } " " (rule.verdict.word()) " " (rule.rule().strength()) ": " (rule.title()) }
            @for (fact, words) in rule.rule().quotes() { p { (fact) ": “" (words) "”" } }
            p { "Source: " (rule.source()) }
            @if let Some(note) = &rule.note { p { (note) } }
            @for v in violations {
                pre {
                    "call:     " (v.call) " (" (v.scenario) ", step " (v.step) ")\n"
                    "expected: " (v.expected) "\n"
                    "observed: " (v.observed) "\n"
                    "seen:     " (v.count) " times\n"
                    "replay:   " (v.repro)
                }
            }
        }
    }
}

/// Several reports side by side as a page.
pub fn html_comparison(compared: &Compared) -> String {
    let body = html! {
        table {
            tr { th { "target" } @for verdict in Compared::VERDICTS { th { (verdict.word()) } } th { "requests" } }
            @for (name, report) in &compared.reports {
                tr {
                    td { (name) }
                    @for verdict in Compared::VERDICTS { td { (report.rules.iter().filter(|r| r.verdict == verdict).count()) } }
                    td { (report.cost.requests) }
                }
            }
        }
        h2 { "Rules on which they differ" }
        (table(compared, &compared.differing()))
        h2 { "Rules that none of them meets" }
        (table(compared, &compared.missed_by_all()))
    };
    page("mrkspec: comparison", body)
}

fn table(compared: &Compared, ids: &[&str]) -> Markup {
    html! {
        table {
            tr { th { "rule" } th { "requirement" } @for (name, _) in &compared.reports { th { (name) } } }
            @for id in ids {
                tr {
                    td { (id) }
                    td { (compared.title(id)) }
                    @for (_, report) in &compared.reports {
                        @let verdict = Compared::verdict(report, id);
                        td class=(verdict.word()) { (verdict.word()) }
                    }
                }
            }
        }
    }
}

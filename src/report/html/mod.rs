//! Reports as one HTML page: nothing to load; light and dark; readable without its script, which only filters and copies.

mod comparison;
mod lanes;

use super::json::Report;
use crate::verdict::{Cause, RuleVerdict, Verdict, tells_level};
use lanes::lanes;
#[cfg(feature = "cli")]
pub(super) use lanes::short;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use mrkspec_model::rule::Evidence;
use mrkspec_model::rules::get;
use similar::{ChangeTag, TextDiff};
use std::collections::BTreeMap;

pub use comparison::html_comparison;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

pub(super) fn page(title: &str, body: Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header { h1 { (title) } }
                main { (body) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// One report as a page: the verdict, what is to be mended, then every rule behind filters.
pub fn html_report(report: &Report) -> String {
    let s = &report.summary;
    let body = html! {
        p class=(format!("verdict {}", verdict_class(report))) { (verdict(report)) }
        @if let Some(why) = &report.ended { p.warn { "The run ended before its time: " (why) } }
        @if !report.left_behind.is_empty() {
            p.warn { (report.left_behind.len()) " keys are left behind: " code { "mrkspec cleanup" } " tries again." }
        }
        p.dim {
            (s.pass) " rules pass, " (s.fail) " fail, " (s.warn) " warn, " (s.unsupported) " unsupported, "
            (s.inconclusive) " inconclusive, " (s.not_run) " not run. "
            (report.cost.requests) " requests, " (report.cost.keys_created) " keys made, "
            (format!("{:.1}", report.cost.elapsed_ms as f64 / 1000.0)) " s. "
            (report.coverage.covered) " of " (report.coverage.reachable) " cells of the key-state table exercised."
            @if let Some(c) = &report.coverage.situations {
                " " (c.covered) " of " (c.reachable) " reachable situations of the model covered."
            }
        }
        p.dim { (report.tool.name) " " (report.tool.version) ", seed " (report.seed) ", " code { (report.target.endpoint) } }
        @if let Some(b) = &report.baseline {
            p {
                b {
                    @if b.matches() { "Matches its baseline: " (b.as_expected) " rules as expected." }
                    @else { "Differs from its baseline." }
                }
            }
            @for rule in &b.unexpected { p.fail { "New: " (rule) } }
            @for rule in &b.fixed { p.pass { "Fixed: " (rule) } }
        }
        @if tells_level(&report.levels) {
            ul.scores aria-label="levels of conformance" {
                @for s in &report.levels {
                    li { b { (s.level.number()) } " " (s.name) ": " (s.held) " of " (s.held + s.missed) " MUST rules held" }
                }
            }
        }
        @if !report.unsupported_operations.is_empty() {
            p {
                b { "Not supported: " }
                @for (i, (operation, words)) in report.unsupported_operations.iter().enumerate() {
                    @if i > 0 { ", " }
                    span title=(words) { (operation) }
                }
                " (" (s.unsupported) " rules)."
            }
        }
        @if !report.causes.is_empty() {
            h2 { "What to mend, in this order" }
            @for (i, cause) in report.causes.iter().enumerate() { (card(i + 1, cause)) }
        }
        h2 #rules { "Rules" }
        (filters())
        (rules(report))
    };
    page(&format!("mrkspec: {}", report.target.name), body)
}

fn verdict_class(report: &Report) -> &'static str {
    match report.exit_code {
        // What is broken as expected is broken all the same.
        0 if report.summary.fail > 0 => "warn",
        0 => "pass",
        1 => "fail",
        _ => "warn",
    }
}

fn verdict(report: &Report) -> String {
    let name = &report.target.name;
    let level = if tells_level(&report.levels) { format!("; level {} of 5", report.level) } else { String::new() };
    let causes = match report.causes.iter().filter(|c| c.is_must()).count() {
        1 => "1 cause".to_string(),
        n => format!("{n} causes"),
    };
    let broken = if causes.starts_with("0 ") { String::new() } else { format!("; {causes} to mend") };
    format!("{name} {}{broken}{level}", report.words())
}

/// One cause: what was done, what came, what is right, and how to see it.
fn card(number: usize, cause: &Cause) -> Markup {
    let rule = get(cause.rule);
    let shown = &cause.example;
    let id = format!("repro-{number}");
    let [expected, observed] = marked(&shown.expected, &shown.observed);
    html! {
        article class=(if cause.is_must() { "card" } else { "card warn-card" }) aria-labelledby=(format!("cause-{number}")) {
            h3 id=(format!("cause-{number}")) { (number) ". " (cause.title) }
            p.dim { (cause.rule) " " (rule.strength()) ", level " (cause.level.number()) ", seen " (cause.count) " times" }
            p { b { "Right: " } (rule.title) }
            @for (fact, words) in rule.quotes() { p.dim { (fact) ": “" (words) "”" } }
            (lanes(&shown.steps, shown.step, &shown.call, &cause.title))
            @if !shown.key_state.is_empty() { p { "The key is " b { (shown.key_state) } " before the last call." } }
            div.sides {
                div.right { b { "Expected" } pre { (expected) } }
                div { b { "Observed" } pre { (observed) } }
            }
            div.repro {
                pre id=(id) { (shown.repro) }
                button type="button" hidden data-copy=(id) data-what=(format!("the command of cause {number}")) aria-label=(format!("Copy the command of cause {number}")) { "Copy" }
            }
            details {
                summary { "All " (shown.steps.len()) " steps of " code { (shown.scenario) } ", and the " (cause.all_rules().count()) " rules that this explains" }
                pre { @for step in &shown.steps { (step) "\n" } "call: " (shown.call) }
                p { @for rule in cause.all_rules() { (rule) " " } }
            }
        }
    }
}

/// Two texts, with the words marked in which they differ.
fn marked(expected: &str, observed: &str) -> [Markup; 2] {
    let diff = TextDiff::from_words(expected, observed);
    let side = |own: ChangeTag| {
        let parts = diff.iter_all_changes().filter(|c| c.tag() == ChangeTag::Equal || c.tag() == own);
        html! { @for c in parts { @if c.tag() == own { mark { (c.value()) } } @else { (c.value()) } } }
    };
    [side(ChangeTag::Delete), side(ChangeTag::Insert)]
}

fn filters() -> Markup {
    let evidences =
        [Evidence::Documented, Evidence::Recorded, Evidence::Observed, Evidence::Inferred, Evidence::Conflicting];
    html! {
        div.filters hidden role="search" aria-label="filter the rules" {
            label { "Search " input #search type="search" placeholder="press /"; }
            label {
                "Level "
                select #level {
                    option value="" { "all" }
                    @for level in ["MUST", "SHOULD", "MAY"] { option value=(level) { (level) } }
                }
            }
            label {
                "Evidence "
                select #evidence {
                    option value="" { "all" }
                    @for evidence in evidences { option value=(evidence.word()) { (evidence.word()) } }
                }
            }
            fieldset {
                legend { "Verdict" }
                @for verdict in super::Compared::VERDICTS {
                    label {
                        input type="checkbox" name="verdict" value=(verdict.word()) checked[!matches!(verdict, Verdict::NotRun)];
                        " " span class=(verdict.word()) { (verdict.word()) }
                    }
                }
            }
            span #shown.dim role="status" {}
        }
    }
}

/// Every rule, by theme; what is not met with all that was seen of it.
fn rules(report: &Report) -> Markup {
    let mut themes: BTreeMap<&str, Vec<&RuleVerdict>> = BTreeMap::new();
    for rule in &report.rules {
        themes.entry(rule.rule().group()).or_default().push(rule);
    }
    let mut order: Vec<&str> = report.rules.iter().map(|r| r.rule().group()).collect();
    order.dedup();
    html! {
        table {
            thead {
                tr { th scope="col" { "Rule" } th scope="col" { "Verdict" } th scope="col" { "Level" } th scope="col" { "Requirement" } th scope="col" { "Evidence" } }
            }
            @for theme in order {
                tbody data-theme=(theme) {
                    @for rule in themes.remove(theme).unwrap_or_default() { (row(report, rule)) }
                }
            }
        }
    }
}

fn row(report: &Report, rule: &RuleVerdict) -> Markup {
    let violations: Vec<_> = report.violations.iter().filter(|v| v.rule == rule.id).collect();
    let evidence = rule.rule().evidence.word();
    html! {
        tr data-verdict=(rule.verdict.word()) data-level=(rule.level().word()) data-evidence=(evidence) {
            td.mono { (rule.id) }
            td class=(rule.verdict.word()) { (rule.verdict.word()) }
            td { (rule.level().word()) }
            td {
                (rule.title())
                @if let Some(note) = &rule.note { p.dim { (note) } }
                details {
                    summary { "source" @if !violations.is_empty() { " and " (violations.len()) " kinds of violation" } }
                    p { (rule.source()) }
                    @for (fact, words) in rule.rule().quotes() { p.dim { (fact) ": “" (words) "”" } }
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
            td { (evidence) }
        }
    }
}

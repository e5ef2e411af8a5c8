//! Markdown: a report to paste into an issue, and the rule table.

use super::json::Report;
use crate::verdict::{Score, Verdict, tells_level};
use mrkspec_model::rule::Rule;
use mrkspec_model::rules::get;
use std::collections::BTreeMap;
use std::fmt::Write as _;

pub(super) fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ").replace('<', "&lt;")
}

/// The report: summary, then a table of what is not met.
pub fn markdown(report: &Report) -> String {
    let s = &report.summary;
    let mut out = format!(
        "# mrkspec: {}\n\n{} pass, {} fail, {} warn, {} unsupported, {} inconclusive, {} not run; {} requests, {} keys.\n\n",
        cell(&report.target.name),
        s.pass,
        s.fail,
        s.warn,
        s.unsupported,
        s.inconclusive,
        s.not_run,
        report.cost.requests,
        report.cost.keys_created
    );
    if tells_level(&report.levels) {
        let _ = writeln!(out, "Level {} of 5: {}.\n", report.level, levels(report));
    }
    if !report.causes.is_empty() {
        out += "What to mend, the basic first:\n\n| cause | rule | strength | example | expected | observed | explains |\n|---|---|---|---|---|---|---|\n";
        for cause in &report.causes {
            let also: Vec<&str> = cause.all_rules().skip(1).map(|r| r.0).collect();
            let shown = &cause.example;
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} (`--scenario {}`) | {} | {} | {} |",
                cell(&cause.title),
                cause.rule,
                get(cause.rule).strength(),
                cell(&shown.call),
                shown.scenario,
                cell(&shown.expected),
                cell(&shown.observed),
                also.join(" ")
            );
        }
        out.push('\n');
    }
    out += "| rule | verdict | level | requirement | source | call | expected | observed |\n|---|---|---|---|---|---|---|---|\n";
    for rule in report.rules.iter().filter(|r| !matches!(r.verdict, Verdict::Pass | Verdict::NotRun)) {
        let first = report.violations.iter().find(|v| v.rule == rule.id);
        let (call, expected, observed) = match first {
            Some(v) => (v.call.as_str(), v.expected.as_str(), v.observed.as_str()),
            None => ("", "", rule.note.as_deref().unwrap_or("")),
        };
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            rule.id,
            rule.verdict.word(),
            rule.rule().strength(),
            cell(rule.title()),
            cell(&rule.source()),
            cell(call),
            cell(expected),
            cell(observed)
        );
    }
    out
}

/// `1 wire 10 of 12, 2 …`.
fn levels(report: &Report) -> String {
    let one = |s: &Score| format!("{} {} {} of {}", s.level.number(), s.name, s.held, s.held + s.missed);
    report.levels.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The rule table, with the scenarios that are there for each rule.
pub fn rules_markdown(rules: &[Rule], scenarios: &BTreeMap<&str, Vec<&str>>) -> String {
    let mut out = String::from(
        "# The rules\n\nWritten by `cargo xtask regen`; a test keeps it current. \
         The facts are those of `crates/model/src/data/facts.md`.\n",
    );
    let mut group = "";
    for rule in rules {
        if rule.group() != group {
            group = rule.group();
            let _ = write!(
                out,
                "\n## {group}\n\n| rule | level | requirement | source | facts | evidence | scenarios |\n|---|---|---|---|---|---|---|\n"
            );
        }
        let none = Vec::new();
        let list = scenarios.get(rule.id.0).unwrap_or(&none);
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} |",
            rule.id,
            rule.level.word(),
            cell(rule.title),
            cell(rule.source),
            rule.facts,
            rule.evidence.word(),
            list.join(", ")
        );
    }
    out
}

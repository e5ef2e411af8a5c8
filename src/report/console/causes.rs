//! What is to be mended: one block a cause.

use crate::report::Report;
use crate::verdict::{Cause, ConformanceLevel};
use mrkspec_model::rule::RuleId;
use mrkspec_model::rules::get;
use std::fmt::Write as _;

/// Steps of an example that are printed: the last ones.
const STEPS: usize = 8;
/// Columns of a line of rules.
const WIDTH: usize = 100;

/// Levels, and every cause that a baseline does not expect.
pub(super) fn causes(out: &mut String, report: &Report) {
    let (known, new): (Vec<&Cause>, Vec<&Cause>) = report.causes.iter().partition(|c| is_known(report, c));
    for cause in new {
        block(out, cause);
    }
    for cause in &known {
        let _ = writeln!(out, "KNOWN {} {} (in the baseline)", cause.rule, cause.title);
    }
    if !known.is_empty() {
        out.push('\n');
    }
}

/// How the endpoint does at each level.
pub(super) fn levels(out: &mut String, report: &Report) {
    let tested = report.levels.iter().filter(|s| s.held + s.missed > 0);
    let lines: Vec<String> = tested
        .map(|s| {
            let all = s.held + s.missed;
            let met = if s.is_met() { "met" } else { "" };
            format!("  level {} {:<26} {:>3} of {all:>3} MUST rules held  {met}", s.level.number(), s.name, s.held)
        })
        .collect();
    for line in &lines {
        let _ = writeln!(out, "{}", line.trim_end());
    }
    if !lines.is_empty() {
        out.push('\n');
    }
}

/// A baseline expects every rule that the cause breaks to be broken.
pub(in crate::report) fn is_known(report: &Report, cause: &Cause) -> bool {
    let new = |rule: RuleId, list: &[String]| list.iter().any(|line| line.split(' ').next() == Some(rule.0));
    report.baseline.as_ref().is_some_and(|b| cause.is_must() && !cause.all_rules().any(|r| new(r, &b.unexpected)))
}

fn block(out: &mut String, cause: &Cause) {
    let rule = get(cause.rule);
    let word = if cause.is_must() { "FAIL" } else { "WARN" };
    let _ = writeln!(out, "{word} {} {}: {}", rule.id, rule.strength(), cause.title);
    let mut line = |name: &str, text: &str| {
        let name = if name.is_empty() { String::new() } else { format!("{name}:") };
        let _ = writeln!(out, "     {name:<9} {text}");
    };
    if rule.title != cause.title {
        line("right", rule.title);
    }
    for (fact, words) in rule.quotes() {
        line(fact, &words);
    }
    line("source", &rule.cite());
    let shown = &cause.example;
    let skipped = shown.steps.len().saturating_sub(STEPS);
    if skipped > 0 {
        line("steps", &format!("… {skipped} before these (see --json)"));
    }
    for (i, step) in shown.steps.iter().skip(skipped).enumerate() {
        line(if i == 0 && skipped == 0 { "steps" } else { "" }, step);
    }
    let state = if shown.key_state.is_empty() { String::new() } else { format!("key is {}; ", shown.key_state) };
    line("call", &format!("{} ({state}scenario {}, step {})", shown.call, shown.scenario, shown.step));
    line("expected", &shown.expected);
    line("observed", &shown.observed);
    if cause.count > 1 {
        line("seen", &format!("{} times", cause.count));
    }
    line("replay", &replay(&shown.repro));
    for (name, rules) in [("also", cause.rules.get(1..).unwrap_or_default()), ("explains", &cause.explains[..])] {
        for (i, ids) in lines(rules).iter().enumerate() {
            line(if i == 0 { name } else { "" }, ids);
        }
    }
    out.push('\n');
}

/// How to see it again: the command with another option. Its endpoint may have another port tomorrow.
fn replay(repro: &str) -> String {
    match repro.split_once(" --scenario ") {
        Some((_, scenario)) => format!("this command with --scenario {scenario}"),
        None => repro.to_string(),
    }
}

/// The ids, in lines of a length that a terminal has.
fn lines(rules: &[RuleId]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for rule in rules {
        match lines.last_mut() {
            Some(last) if last.len() + rule.0.len() < WIDTH => *last += &format!(" {rule}"),
            _ => lines.push(rule.0.to_string()),
        }
    }
    lines
}

/// `level 2 of 5 (lifecycle and promotion)`.
pub(super) fn level_words(level: u8) -> String {
    let name = ConformanceLevel::try_from(level).map(|l| format!(" ({})", l.name())).unwrap_or_default();
    format!("level {level} of {}{name}", ConformanceLevel::ALL.len())
}

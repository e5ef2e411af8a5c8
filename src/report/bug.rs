//! A bug report about an endpoint, for a person to send to its authors.

use super::json::Report;
use crate::generate::{Profiles, aws_cli};
use crate::sequence::Sequence;
use crate::verdict::{Cause, Example};
use mrkspec_model::rules::get;
use std::fmt::Write as _;

/// The causes that a word means: a place in the report's list, from 1, or the id of a rule that they explain.
pub fn causes_of<'r>(report: &'r Report, word: &str) -> Vec<&'r Cause> {
    if let Ok(place) = word.parse::<usize>() {
        return place.checked_sub(1).and_then(|i| report.causes.get(i)).into_iter().collect();
    }
    let (own, explained): (Vec<&Cause>, Vec<&Cause>) = report
        .causes
        .iter()
        .filter(|c| c.all_rules().any(|r| r.0.eq_ignore_ascii_case(word)))
        .partition(|c| c.rules.iter().any(|r| r.0.eq_ignore_ascii_case(word)));
    if own.is_empty() { explained } else { own }
}

/// Title, steps, what AWS documents, what came: Markdown, as trackers take it.
pub fn bug_report(report: &Report, cause: &Cause, scenarios: &[Sequence]) -> String {
    let (rule, shown) = (get(cause.rule), &cause.example);
    let mut out = format!("# KMS: {}\n\n{}.\n", one_line(&cause.title), rule.title);
    let _ = write!(out, "\n## Steps\n\n```sh\n{}```\n", steps(report, shown, scenarios));
    let _ = write!(
        out,
        "\n## What came\n\n```\n{}\n  expected {}\n  observed {}\n```\n",
        shown.call, shown.expected, shown.observed
    );
    out += "\n## What AWS documents\n\n";
    for (_, words) in rule.quotes() {
        let _ = writeln!(out, "> {words}\n");
    }
    let _ = writeln!(out, "Source: {}; {}.", rule.source, rule.evidence.word());
    let others: Vec<&str> = cause.all_rules().map(|r| get(r).title).filter(|t| *t != rule.title).collect();
    if !others.is_empty() {
        out += "\n## Also wrong because of it, as far as can be told\n\n";
        others.iter().for_each(|title| {
            let _ = writeln!(out, "- {title}");
        });
    }
    let seen = if cause.count > 1 { format!(", where it was seen {} times", cause.count) } else { String::new() };
    let _ = writeln!(
        out,
        "\nFound with mrkspec {}{seen}: `{}` shows it again (rule {}).",
        report.tool.version, shown.repro, cause.rule
    );
    out
}

/// As commands where the sequence is a scenario of this version; else in words.
fn steps(report: &Report, shown: &Example, scenarios: &[Sequence]) -> String {
    let Some(scenario) = scenarios.iter().find(|s| s.id == shown.scenario) else {
        return shown.steps.iter().map(|step| format!("# {}\n", one_line(step))).collect();
    };
    let mut sequence = scenario.clone();
    sequence.steps.truncate(shown.step);
    let last = sequence.steps.last().map(|s| s.text.clone()).unwrap_or_default();
    let mut script = aws_cli(&sequence, &report.target.endpoint, &Profiles::default());
    if !script.ends_with('\n') {
        script.push('\n');
    }
    if last != shown.call && !last.starts_with(&shown.call) {
        script += &look(&shown.call);
    }
    script
}

/// The look that showed it: the harness describes a key by itself, so the scenario does not have that call.
fn look(call: &str) -> String {
    let described = call.strip_prefix("DescribeKey in ").and_then(|rest| rest.split_once(" { KeyId: "));
    match described.and_then(|(region, rest)| Some((region, rest.strip_suffix(" }")?))) {
        Some((region, key)) if key.chars().all(|c| c.is_ascii_alphanumeric()) => {
            format!("aws kms describe-key --region {region} --key-id \"${key}_id\"\n")
        }
        _ => format!("# {}\n", one_line(call)),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

//! What GitHub Actions shows by itself: annotations of a run, and the summary of a job
//! (GitHub Docs, "Workflow commands for GitHub Actions").

use super::console::is_known;
use super::json::Report;
use super::markdown::markdown;
use mrkspec_model::rules::get;
use std::fmt::Write as _;

/// GitHub shows ten errors and ten warnings of a step.
const SHOWN: usize = 10;
/// A larger summary of a step is refused altogether: 1 MiB.
const SUMMARY: usize = 1024 * 1024;

/// One line for each cause that a baseline does not expect, for what a baseline does not fit any more, and for a run
/// that ended early: `::error title=UPR-012 …::…`.
pub fn annotations(report: &Report) -> String {
    let (mut errors, mut warnings) = (Vec::new(), Vec::new());
    if let Some(why) = &report.ended {
        errors.push(("ended early".to_string(), why.clone()));
    }
    for cause in report.causes.iter().filter(|c| !is_known(report, c)) {
        let shown = &cause.example;
        let text = format!(
            "{}\ncall: {}\nexpected: {}\nobserved: {}\nreplay: {}\nsource: {}",
            get(cause.rule).title,
            shown.call,
            shown.expected,
            shown.observed,
            shown.repro,
            get(cause.rule).cite()
        );
        let list = if cause.is_must() { &mut errors } else { &mut warnings };
        list.push((format!("{} {}", cause.rule, cause.title), text));
    }
    let mended = report.baseline.iter().flat_map(|b| &b.fixed);
    errors.extend(mended.map(|line| ("better than the baseline".to_string(), line.clone())));
    let mut out = String::new();
    for (command, list) in [("error", errors), ("warning", warnings)] {
        for (title, text) in list.iter().take(SHOWN) {
            let _ = writeln!(out, "::{command} title={}::{}", property(title), message(text));
        }
    }
    out
}

/// The Markdown report, at a length that is taken.
pub fn step_summary(report: &Report) -> String {
    cut(markdown(report), SUMMARY)
}

/// Whole lines only: half a row breaks the table.
fn cut(mut text: String, most: usize) -> String {
    const REST: &str = "\nThe rest is too long for this page: see the report in another form.\n";
    if text.len() > most {
        let lines = text.as_bytes()[..most.saturating_sub(REST.len())].iter().rposition(|b| *b == b'\n');
        text.truncate(lines.map_or(0, |end| end + 1));
        text += REST;
    }
    text
}

/// The text of a workflow command: what an endpoint said must not become a command of its own.
fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a workflow command.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_said_becomes_a_command() {
        assert_eq!(message("50 %\r\n::stop-commands::x"), "50 %25%0D%0A::stop-commands::x");
        assert_eq!(property("UPR-012 a: b, c"), "UPR-012 a%3A b%2C c");
    }

    #[test]
    fn a_long_summary_ends_with_a_whole_line() {
        let long = "| a | ü |\n".repeat(40);
        let short = cut(long.clone(), 200);
        assert!(short.len() <= 200 && short.ends_with("form.\n"), "{short}");
        assert!(short.lines().filter(|l| l.starts_with('|')).all(|l| l == "| a | ü |"), "{short}");
        assert_eq!(cut(long.clone(), 4000), long);
    }
}

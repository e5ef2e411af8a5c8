//! The report for a person at a terminal.

mod causes;

#[cfg(feature = "cli")]
pub(super) use causes::is_known;

use super::json::{Measured, Report};
use crate::verdict::{Cause, NOT_ENFORCED, RuleVerdict, Verdict, tells_level};
use mrkspec_model::rule::RuleId;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Violations of one rule that are printed in full; the rest is counted.
const SHOWN: usize = 3;
/// Lines of a transcript diff that are printed.
const DIFF_LINES: usize = 14;

/// The report as text: the verdict, what is missing altogether, and then what is to be mended, one block a cause.
pub fn console(report: &Report) -> String {
    let mut out = verdict(report);
    causes::levels(&mut out, report);
    unsupported(&mut out, report);
    causes::causes(&mut out, report);
    // A report that an older version wrote, or that was merged from such, knows of rules only.
    let explained: BTreeSet<RuleId> = report.causes.iter().flat_map(Cause::all_rules).collect();
    let open = |r: &&RuleVerdict| r.verdict == Verdict::Fail && !explained.contains(&r.id);
    report.rules.iter().filter(open).for_each(|rule| failure(&mut out, report, rule));
    rest(&mut out, report, &explained);
    out
}

/// As [`console`], and every broken rule in full.
pub fn console_verbose(report: &Report) -> String {
    let mut out = verdict(report);
    causes::levels(&mut out, report);
    unsupported(&mut out, report);
    causes::causes(&mut out, report);
    if report.rules.iter().any(|r| r.verdict == Verdict::Fail) {
        let _ = writeln!(out, "Every broken rule:\n");
    }
    report.rules.iter().filter(|r| r.verdict == Verdict::Fail).for_each(|rule| failure(&mut out, report, rule));
    diffs(&mut out, report);
    rest(&mut out, report, &BTreeSet::new());
    out
}

fn rest(out: &mut String, report: &Report, explained: &BTreeSet<RuleId>) {
    inconclusive(out, report);
    warnings(out, report, explained);
    not_run(out, report);
    if let Some(why) = &report.ended {
        let _ = writeln!(out, "ENDED EARLY: {why}\n");
    }
    left_behind(out, report);
    summary(out, report);
}

/// The first line: the verdict, the level, and how much there is to mend.
fn verdict(report: &Report) -> String {
    let (must, should): (Vec<&Cause>, Vec<&Cause>) = report.causes.iter().partition(|c| c.is_must());
    let mut parts = vec![format!("{} {}", report.target.name, report.words())];
    if tells_level(&report.levels) {
        parts.push(causes::level_words(report.level));
    }
    if !must.is_empty() {
        let rules = report.summary.fail;
        parts.push(format!("{} behind {}", counted(must.len(), "cause"), counted(rules, "broken rule")));
    }
    if !should.is_empty() {
        parts.push(counted(should.len(), "warning"));
    }
    let missing = report.unsupported_operations.len();
    if missing > 0 {
        parts.push(format!("{} missing", counted(missing, "operation")));
    }
    parts.join("; ") + "\n\n"
}

fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn failure(out: &mut String, report: &Report, rule: &RuleVerdict) {
    let _ = writeln!(out, "FAIL {} {}: {}", rule.id, rule.rule().strength(), rule.title());
    for (fact, words) in rule.rule().quotes() {
        let _ = writeln!(out, "     {fact}:    {words}");
    }
    let _ = writeln!(out, "     source:   {}", rule.source());
    let mine: Vec<_> = report.violations.iter().filter(|v| v.rule == rule.id).collect();
    for v in mine.iter().take(SHOWN) {
        let _ = writeln!(out, "     call:     {} (scenario {}, step {})", v.call, v.scenario, v.step);
        let _ = writeln!(out, "     expected: {}", v.expected);
        let _ = writeln!(out, "     observed: {}", v.observed);
        if v.count > 1 {
            let _ = writeln!(out, "     seen:     {} times", v.count);
        }
        let _ = writeln!(out, "     replay:   {}", v.repro);
    }
    if mine.len() > SHOWN {
        let _ = writeln!(out, "     … and {} more of other shapes (see --json)", mine.len() - SHOWN);
    }
    out.push('\n');
}

fn left_behind(out: &mut String, report: &Report) {
    if report.left_behind.is_empty() {
        return;
    }
    let count = report.left_behind.len();
    let _ = writeln!(out, "LEFT BEHIND {count} keys, noted in the ledger; `mrkspec cleanup` tries again:");
    for left in report.left_behind.iter().take(SHOWN) {
        let _ = writeln!(out, "     {left}");
    }
    if count > SHOWN {
        let _ = writeln!(out, "     … and {} more (see --json)", count - SHOWN);
    }
    out.push('\n');
}

fn diffs(out: &mut String, report: &Report) {
    let Some(first) = report.diffs.first() else {
        return;
    };
    let _ = writeln!(
        out,
        "Transcript of {} against the reviewed one (all {} are in --json):",
        first.scenario,
        report.diffs.len()
    );
    for line in first.diff.lines().take(DIFF_LINES) {
        let _ = writeln!(out, "  {line}");
    }
    if first.diff.lines().count() > DIFF_LINES {
        let _ = writeln!(out, "  …");
    }
    out.push('\n');
}

fn unsupported(out: &mut String, report: &Report) {
    let ids: Vec<&str> = report
        .rules
        .iter()
        .filter(|r| r.verdict == Verdict::Unsupported && r.note.as_deref() == Some(NOT_ENFORCED))
        .map(|r| r.id.0)
        .collect();
    if !ids.is_empty() {
        let _ = writeln!(out, "UNSUPPORTED {NOT_ENFORCED}: {} rules", ids.len());
        let _ = writeln!(
            out,
            "     a call that a key policy denies to everyone went on working (F-118): {}\n",
            ids.join(" ")
        );
    }
    for (operation, words) in &report.unsupported_operations {
        let needing = report.rules.iter().filter(|r| r.verdict == Verdict::Unsupported);
        let ids: Vec<&str> =
            needing.filter(|r| r.note.as_deref().is_some_and(|n| names(n, operation))).map(|r| r.id.0).collect();
        let _ = writeln!(out, "UNSUPPORTED {operation}: the endpoint does not know it ({words})");
        let _ = writeln!(
            out,
            "     {} rules need it: {}\n",
            ids.len(),
            if ids.is_empty() { "-".to_string() } else { ids.join(" ") }
        );
    }
}

/// Whether a note `needs A, B` names the operation.
fn names(note: &str, operation: &str) -> bool {
    note.trim_start_matches("needs ").split(", ").any(|o| o == operation)
}

fn inconclusive(out: &mut String, report: &Report) {
    let list: Vec<_> = report.rules.iter().filter(|r| r.verdict == Verdict::Inconclusive).collect();
    for rule in &list {
        let _ = writeln!(out, "INCONCLUSIVE {} {}: {}", rule.id, rule.title(), rule.note.as_deref().unwrap_or(""));
    }
    if !list.is_empty() {
        out.push('\n');
    }
}

fn warnings(out: &mut String, report: &Report, explained: &BTreeSet<RuleId>) {
    let open = |r: &&RuleVerdict| r.verdict == Verdict::Warn && !explained.contains(&r.id);
    let list: Vec<_> = report.rules.iter().filter(open).collect();
    for rule in &list {
        let first = report.violations.iter().find(|v| v.rule == rule.id);
        let (strength, title) = (rule.rule().strength(), rule.title());
        let _ = writeln!(out, "WARN {} {strength}: {title} [{} times]", rule.id, rule.violations);
        if let Some(v) = first {
            let _ = writeln!(out, "     expected {}, observed {} ({})", v.expected, v.observed, v.call);
        }
    }
    if !list.is_empty() {
        out.push('\n');
    }
}

/// The rules of each note.
fn by_note<'r>(rules: &[&&'r RuleVerdict]) -> BTreeMap<&'r str, Vec<&'r str>> {
    let mut map: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for rule in rules {
        map.entry(rule.note.as_deref().unwrap_or("")).or_default().push(rule.id.0);
    }
    map
}

fn not_run(out: &mut String, report: &Report) {
    let list: Vec<_> = report.rules.iter().filter(|r| r.verdict == Verdict::NotRun).collect();
    let other: Vec<_> = list.iter().filter(|r| r.note.as_deref() != Some("not selected")).collect();
    for (note, ids) in by_note(&other) {
        let _ = writeln!(out, "NOT RUN {} rules, {note}: {}", ids.len(), ids.join(" "));
    }
    if list.len() > other.len() {
        let _ = writeln!(out, "NOT RUN {} rules that were not selected", list.len() - other.len());
    }
    if !list.is_empty() {
        out.push('\n');
    }
}

/// What was measured of stale reads, where that was to be found out.
fn consistency(out: &mut String, measured: &Measured) {
    if measured.mode != "auto" {
        return;
    }
    let _ = match (measured.never_stale, measured.stale) {
        (true, _) => writeln!(
            out,
            "reads after changes: {} that would have shown it were never stale, so what is late is wrong{}",
            measured.fresh,
            match measured.run_again.len() {
                0 => String::new(),
                n => format!(" ({n} scenarios run again for that)"),
            }
        ),
        (false, 0) => writeln!(out, "reads after changes: too few to tell whether they may be stale, so they may be"),
        (false, stale) => writeln!(out, "reads after changes: {stale} were stale, so what is late may be, too"),
    };
}

fn summary(out: &mut String, report: &Report) {
    let s = &report.summary;
    let _ = writeln!(
        out,
        "{} ({}): {} rules: {} pass, {} fail, {} warn, {} unsupported, {} inconclusive, {} not run",
        report.target.name,
        report.target.endpoint,
        report.rules.len(),
        s.pass,
        s.fail,
        s.warn,
        s.unsupported,
        s.inconclusive,
        s.not_run
    );
    let c = &report.cost;
    let _ = writeln!(
        out,
        "{} requests, {} keys made, {:.1} s; {} of {} cells of the key-state table exercised",
        c.requests,
        c.keys_created,
        c.elapsed_ms as f64 / 1000.0,
        report.coverage.covered,
        report.coverage.reachable
    );
    if let Some(s) = &report.coverage.situations {
        let _ = writeln!(out, "{} of {} reachable situations of the model covered", s.covered, s.reachable);
    }
    let l = &report.latitude;
    let _ = writeln!(
        out,
        "{} answers judged; for {} of them the documentation leaves latitude, and every documented outcome was accepted",
        l.judged, l.with_alternatives
    );
    if l.asked_again > 0 {
        let _ = writeln!(out, "{} times an answer may have been stale, and was asked for again", l.asked_again);
    }
    consistency(out, &report.consistency);
    if let Some(b) = &report.baseline {
        let _ = writeln!(out, "baseline: {} rules as expected", b.as_expected);
        for rule in &b.unexpected {
            let _ = writeln!(out, "  NEW    {rule}");
        }
        for rule in &b.fixed {
            let _ = writeln!(out, "  FIXED  {rule}: take it out of the baseline (--update-baseline)");
        }
    }
    let _ = writeln!(out, "{} {}", report.target.name, report.words());
}

//! JUnit XML: one suite a group of rules, one case a rule.

use super::json::Report;
use crate::verdict::{RuleVerdict, Verdict};
use mrkspec_model::rule::Level;
use quick_junit::{NonSuccessKind, Report as Xml, TestCase, TestCaseStatus, TestSuite};
use std::collections::BTreeMap;

/// The report as JUnit XML. A rule that the baseline expects to be broken is skipped, not failed.
///
/// # Errors
/// When the XML cannot be written.
pub fn junit(report: &Report) -> Result<String, quick_junit::SerializeError> {
    let mut suites: BTreeMap<&str, TestSuite> = BTreeMap::new();
    let new: Option<Vec<&str>> =
        report.baseline.as_ref().map(|b| b.unexpected.iter().filter_map(|u| u.split(' ').next()).collect());
    for rule in &report.rules {
        let group = rule.rule().group();
        let suite = suites.entry(group).or_insert_with(|| TestSuite::new(format!("mrkspec.{group}")));
        let known = new.as_ref().is_some_and(|n| !n.contains(&rule.id.0));
        let mut case = TestCase::new(format!("{} {}", rule.id, rule.title()), status(report, rule, known));
        case.set_classname(format!("mrkspec.{group}"));
        suite.add_test_case(case);
    }
    let mut xml = Xml::new(format!("mrkspec {}", report.target.name));
    xml.add_test_suites(suites.into_values());
    xml.to_string()
}

fn status(report: &Report, rule: &RuleVerdict, known: bool) -> TestCaseStatus {
    let skipped = |why: String| {
        let mut status = TestCaseStatus::skipped();
        status.set_message(why);
        status
    };
    let note = rule.note.clone().unwrap_or_default();
    if rule.counts_against() && known {
        return skipped(format!("{} (expected by the baseline)", rule.verdict.word()));
    }
    match rule.verdict {
        Verdict::Pass | Verdict::Warn => TestCaseStatus::success(),
        Verdict::NotRun => skipped(note),
        Verdict::Unsupported | Verdict::Inconclusive if rule.level() != Level::Must => skipped(note),
        verdict => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let texts: Vec<String> = report
                .violations
                .iter()
                .filter(|v| v.rule == rule.id)
                .map(|v| format!("{}\nexpected: {}\nobserved: {}\nreplay: {}", v.call, v.expected, v.observed, v.repro))
                .collect();
            status.set_type(verdict.word());
            status.set_message(format!(
                "{} {}: {}",
                rule.rule().strength(),
                rule.source(),
                if note.is_empty() { rule.title() } else { &note }
            ));
            status.set_description(texts.join("\n\n"));
            status
        }
    }
}

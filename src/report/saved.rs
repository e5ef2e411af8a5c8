//! Reports read back from their JSON form.

use super::json::{Report, Schema};
use crate::verdict::{Summary, exit, exit_code};
use mrkspec_model::rule::RuleId;
use serde::Deserialize;
use std::collections::BTreeSet;

/// A text that is no report of this version.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SavedError {
    /// It is no JSON, or a member is missing or of another form, or names an unknown rule.
    #[error("this is no mrkspec report that version {} can read (`mrkspec check --json` writes one)", env!("CARGO_PKG_VERSION"))]
    NoReport(#[source] serde_json::Error),
    /// It is something else that mrkspec writes, or a later version's report.
    #[error("this has schema `{found}`; a report has `{}`", Schema::NAME)]
    Schema {
        /// Its schema.
        found: String,
    },
    /// No run gives two verdicts on one rule.
    #[error("this names rule {0} twice")]
    Twice(RuleId),
}

/// What every file that mrkspec writes begins with.
#[derive(Deserialize)]
struct Head {
    schema: String,
}

/// Reads a report. What follows from its rules and its baseline, the summary and the exit code, is
/// computed again.
///
/// # Errors
/// When it is no JSON, no report, or one of another version's rules.
pub fn parse_report(text: &str) -> Result<Report, SavedError> {
    let head: Head = serde_json::from_str(text).map_err(SavedError::NoReport)?;
    if head.schema != Schema::NAME {
        return Err(SavedError::Schema { found: head.schema });
    }
    let mut report: Report = serde_json::from_str(text).map_err(SavedError::NoReport)?;
    let mut seen = BTreeSet::new();
    if let Some(twice) = report.rules.iter().find(|r| !seen.insert(r.id)) {
        return Err(SavedError::Twice(twice.id));
    }
    report.summary = Summary::of(&report.rules);
    report.exit_code = match &report.baseline {
        Some(comparison) if comparison.matches() => exit::CONFORMS,
        Some(_) => exit::BROKEN,
        None => exit_code(&report.rules),
    };
    report.doubt_if_ended();
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = r#"{"schema":"mrkspec-report/1","tool":{"name":"mrkspec","version":"0"},
        "target":{"name":"t","endpoint":"e"},"rules":[{"id":"UPR-012","verdict":"fail"}],
        "cost":{"requests":1,"keys_created":0,"elapsed_ms":0},
        "coverage":{"reachable":1,"covered":0,"missing":[]}}"#;

    #[test]
    fn what_is_missing_has_a_default_and_what_is_unknown_is_passed_over() {
        let report = parse_report(LEAST).expect("a report");
        assert_eq!((report.exit_code, report.summary.fail, report.seed), (exit::BROKEN, 1, 0));
        assert!(report.violations.is_empty() && report.baseline.is_none());
        let later = LEAST.replace("\"target\":{", "\"weather\":[{\"title\":1}],\"target\":{\"engine\":\"x\",");
        assert_eq!(parse_report(&later).expect("a later version's report"), report);
    }

    #[test]
    fn what_is_no_report_is_told_so() {
        let cases = [
            ("{", "no mrkspec report"),
            ("{}", "no mrkspec report"),
            (r#"{"schema":"mrkspec-report/1"}"#, "no mrkspec report"),
            (r#"{"schema":"mrkspec-fuzz/1"}"#, "schema `mrkspec-fuzz/1`; a report has `mrkspec-report/1`"),
            (&LEAST.replace("fail\"}", "fail\"},{\"id\":\"UPR-012\",\"verdict\":\"pass\"}"), "UPR-012 twice"),
        ];
        for (text, expected) in cases {
            let refused = parse_report(text).expect_err(text).to_string();
            assert!(refused.contains(expected), "{text}: {refused}");
        }
        let unknown = parse_report(&LEAST.replace("UPR-012", "UPR-999")).expect_err("no such rule");
        let why = std::error::Error::source(&unknown).map(ToString::to_string).unwrap_or_default();
        assert!(why.contains("unknown rule `UPR-999`"), "{why}");
    }
}

//! What came of a run.

use crate::report::{self, Report};
use crate::verdict::{RuleVerdict, Verdict, exit};
use std::fmt;

/// What came of a run: the report, and how it is judged. Its `Display` is the report as the program
/// prints it.
#[derive(Clone, Debug)]
#[must_use = "an endpoint that does not conform is no error: ask `conforms` or call `assert_conforms`"]
pub struct Outcome {
    report: Report,
}

impl Outcome {
    pub(super) fn new(report: Report) -> Outcome {
        Outcome { report }
    }

    /// Everything that the run found.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The same, to keep.
    pub fn into_report(self) -> Report {
        self.report
    }

    /// True when no MUST is broken, unsupported or undecided and some rule has passed; with a baseline, when the
    /// run is what the baseline says.
    pub fn conforms(&self) -> bool {
        self.exit_code() == exit::CONFORMS
    }

    /// What the program exits with: 0 conforms, 1 a MUST is broken or unsupported or the baseline does
    /// not fit, 3 nothing could be concluded. The constants are in [`crate::verdict::exit`].
    pub fn exit_code(&self) -> u8 {
        self.report.exit_code
    }

    /// Ends the test unless the endpoint conforms.
    ///
    /// # Panics
    /// When it does not, with the whole report as the program prints it.
    #[track_caller]
    pub fn assert_conforms(&self) {
        if !self.conforms() {
            let what = if self.exit_code() == exit::BROKEN { "does not conform" } else { "was not fully tested" };
            panic!("{} {what}\n\n{self}", self.report.target.name);
        }
    }

    /// The verdict on a rule, such as `UPR-012`; `None` when there is no such rule.
    pub fn verdict(&self, id: &str) -> Option<Verdict> {
        self.report.rules.iter().find(|r| r.id == id).map(|r| r.verdict)
    }

    /// The MUST rules that are broken, unsupported or undecided, whatever a baseline says of them.
    pub fn unmet(&self) -> impl Iterator<Item = &RuleVerdict> {
        self.report.rules.iter().filter(|r| r.counts_against())
    }

    /// The report as JSON, schema `mrkspec-report/1`.
    pub fn to_json(&self) -> String {
        self.report.to_json()
    }

    /// The report as JUnit XML: one suite a group of rules, one case a rule.
    ///
    /// # Panics
    /// Never: it is written to memory.
    pub fn to_junit(&self) -> String {
        report::junit(&self.report).expect("writing to memory does not fail")
    }

    /// The report as Markdown, for a job summary.
    pub fn to_markdown(&self) -> String {
        report::markdown(&self.report)
    }

    /// The report as one HTML page without scripts.
    #[cfg(feature = "html")]
    pub fn to_html(&self) -> String {
        report::html_report(&self.report)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&report::console(&self.report))
    }
}

//! The fault catalogue and what caught each fault, as a page of the documentation.

use mrkspec_model::rule::RuleId;
use serde::Serialize;
use std::collections::BTreeSet;

/// What became of one fault.
#[derive(Clone, Debug, Serialize)]
pub struct Catch {
    /// Its name, for `--fault`.
    pub name: &'static str,
    /// The mistake in one sentence.
    pub about: &'static str,
    /// The rule that it breaks.
    pub rule: &'static str,
    /// Rules that it says break with it.
    pub also: &'static [&'static str],
    /// Shows only after a longer history or under a particular condition.
    pub late: bool,
    /// True when the rule, or one of those that follow, was reported as broken.
    pub caught: bool,
    /// The rule by which it was caught first.
    pub by: Option<RuleId>,
    /// The scenario that caught it.
    pub scenario: Option<String>,
    /// Requests sent until then.
    pub requests: Option<u64>,
    /// Every rule that was reported as broken until the run was stopped.
    pub broken: BTreeSet<RuleId>,
    /// Calls of the smallest sequence found that shows it; only where no scenario was at hand.
    pub repro_calls: Option<usize>,
    /// The same as a scenario file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repro: Option<String>,
}

/// The whole table.
#[derive(Clone, Debug, Serialize)]
pub struct FaultsReport {
    /// `mrkspec-faults/1`.
    pub schema: &'static str,
    /// Faults that were caught.
    pub caught: usize,
    /// Faults that were tried.
    pub total: usize,
    /// Median number of requests until a fault was caught.
    pub median_requests: Option<u64>,
    /// Median number of calls of the smallest sequences.
    pub median_repro: Option<usize>,
    /// Time that it took, in milliseconds.
    pub elapsed_ms: u64,
    /// One by one.
    pub faults: Vec<Catch>,
}

/// The table of a run of `mrkspec faults`, as Markdown: a result of the day `date`. `command` is the command line that
/// made it.
pub fn faults_markdown(report: &FaultsReport, command: &str, date: &str) -> String {
    let toured = |c: &&Catch| c.caught && c.scenario.as_deref().is_some_and(|s| s.starts_with("tour/"));
    let by_tour = report.faults.iter().filter(toured).count();
    let share = |n: usize| 100.0 * n as f64 / report.total.max(1) as f64;
    let mut out = format!(
        "# Faults, and what catches them\n\n\
         The result of {date}, mrkspec {version}, made by `{command}`: the hand-written scenarios are switched off. Each fault is one deliberate mistake of the \
         reference endpoint (`mrkspec serve --fault NAME`); it counts as caught only when the rule that it breaks, or one \
         that it names as following, is reported.\n\n\
         - the coverage tour alone: {by_tour} of {total} ({:.1} %)\n\
         - the tour and then random histories: {} of {total} ({:.1} %)\n\
         - median number of requests until a fault was caught: {}\n\
         - median number of calls of the repro: {}\n\n\
         With the scenarios all are caught, always: `tests/faults.rs`.\n\n\
         | fault | mistake | breaks | caught by | in | requests | calls of the repro |\n\
         |---|---|---|---|---|---:|---:|\n",
        share(by_tour),
        report.caught,
        share(report.caught),
        report.median_requests.unwrap_or(0),
        report.median_repro.unwrap_or(0),
        total = report.total,
        version = env!("CARGO_PKG_VERSION"),
    );
    let number = |n: Option<u64>| n.map(|n| n.to_string()).unwrap_or_default();
    for c in &report.faults {
        let by = if c.caught { c.by.map_or("", |r| r.0) } else { "**nothing**" };
        out += &format!(
            "| {} | {} | {} | {by} | {} | {} | {} |\n",
            c.name,
            c.about.replace('|', "\\|"),
            c.rule,
            c.scenario.as_deref().unwrap_or(""),
            number(c.requests),
            number(c.repro_calls.map(|n| n as u64)),
        );
    }
    out
}

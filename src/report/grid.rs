//! What notices the faults of the grid.

use mrkspec_model::rule::RuleId;
use serde::Serialize;
use std::fmt::Write as _;

/// Every fault of the grid that was run, and what noticed it.
#[derive(Clone, Debug, Serialize)]
pub struct GridReport {
    /// `mrkspec-grid/1`.
    pub schema: &'static str,
    /// Faults that the grid has.
    pub size: usize,
    /// Those that were run.
    pub cells: Vec<Tried>,
    /// Time that it took, in milliseconds.
    pub elapsed_ms: u64,
}

/// One fault of the grid.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Tried {
    /// Its name, for `serve --fault`.
    pub name: String,
    /// What the mistake is.
    pub about: String,
    /// How often it was made and changed anything in what the endpoint keeps. None: it is no mistake, or nothing was
    /// sent that leads to it.
    pub differences: u64,
    /// The first scenario that notices it.
    pub scenarios: Option<Noticed>,
    /// The first sequence of the coverage tour that does.
    pub tour: Option<Noticed>,
    /// The random history that does, where neither of them does.
    pub fuzz: Option<Noticed>,
}

/// What noticed a fault.
#[derive(Clone, Debug, Serialize)]
pub struct Noticed {
    /// The rule that it was told by.
    pub rule: RuleId,
    /// Name of the sequence.
    pub sequence: String,
    /// Requests that were sent until then.
    pub requests: u64,
}

impl Tried {
    /// Whether `check` notices it.
    pub fn is_caught(&self) -> bool {
        self.scenarios.is_some() || self.tour.is_some()
    }

    /// Whether the mistake never made a difference.
    pub fn is_never_made(&self) -> bool {
        self.differences == 0
    }
}

impl GridReport {
    /// Faults that were made and not noticed by `check`.
    pub fn missed(&self) -> impl Iterator<Item = &Tried> {
        self.cells.iter().filter(|c| !c.is_caught() && !c.is_never_made())
    }

    /// The whole as a document.
    pub fn markdown(&self, command: &str) -> String {
        let mut out = format!(
            "# Faults by the grid\n\nWritten by `{command} --markdown`. A property of a key, one kind of event, one member, \
             and what becomes of the property: every combination that makes sense is a fault of the reference endpoint, \
             made by one general hook. Scenarios and tour were each run until the first MUST was broken, where days are short; what only dates \
             show also where they are not.\n\n"
        );
        out += &self.table();
        let mut list = |title: &str, cells: &mut dyn Iterator<Item = &Tried>| {
            let lines: Vec<String> = cells.map(|c| format!("- `{}`: {}{}\n", c.name, c.about, by_fuzz(c))).collect();
            if !lines.is_empty() {
                let _ = write!(out, "\n## {title}\n\n{}", lines.concat());
            }
        };
        list("Not noticed by `check`", &mut self.missed());
        list("Never made: nothing that was sent leads to it, or it makes no difference", &mut self.never_made());
        out
    }

    fn never_made(&self) -> impl Iterator<Item = &Tried> {
        self.cells.iter().filter(|c| c.is_never_made())
    }

    /// How many are noticed by what, as a Markdown table.
    pub fn table(&self) -> String {
        let made: Vec<&Tried> = self.cells.iter().filter(|c| !c.is_never_made()).collect();
        let share = |what: &str, holds: &dyn Fn(&Tried) -> bool| {
            let n = made.iter().filter(|c| holds(c)).count();
            format!("| {what} | {n} of {} ({:.1} %) |\n", made.len(), 100.0 * n as f64 / made.len().max(1) as f64)
        };
        let mut out = format!(
            "| faults of the grid | {} |\n|---|---|\n| run | {} |\n| made a difference | {} |\n",
            self.size,
            self.cells.len(),
            made.len()
        );
        out += &share("noticed by the scenarios", &|c| c.scenarios.is_some());
        out += &share("noticed by the coverage tour", &|c| c.tour.is_some());
        out += &share("noticed by `check`, which has both", &Tried::is_caught);
        out += &share("noticed by `check`, or by random histories where they were sent", &|c| {
            c.is_caught() || c.fuzz.is_some()
        });
        out
    }
}

fn by_fuzz(cell: &Tried) -> String {
    cell.fuzz
        .as_ref()
        .map(|n| format!(" (random histories: {} after {} requests)", n.rule, n.requests))
        .unwrap_or_default()
}

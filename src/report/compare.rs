//! Several reports side by side: what each endpoint meets that another does not.

use super::json::Report;
use super::markdown::cell;
use crate::verdict::Verdict;
use mrkspec_model::rules::RULES;
use std::fmt::Write as _;

/// Reports with a name for each.
pub struct Compared {
    /// Name and report, in the order of the columns.
    pub reports: Vec<(String, Report)>,
}

impl Compared {
    /// The verdicts, in the order of the columns.
    pub const VERDICTS: [Verdict; 6] =
        [Verdict::Pass, Verdict::Fail, Verdict::Warn, Verdict::Unsupported, Verdict::Inconclusive, Verdict::NotRun];

    /// Reports under the names of their targets; those that have the same are numbered.
    pub fn new(reports: Vec<Report>) -> Compared {
        let mut named: Vec<(String, Report)> = Vec::new();
        for report in reports {
            let name = report.target.name.clone();
            let same = named.iter().filter(|(_, r)| r.target.name == name).count();
            let name = if same == 0 { name } else { format!("{name} ({})", same + 1) };
            named.push((name, report));
        }
        Compared { reports: named }
    }

    /// What a report says about a rule; `not_run` when it says nothing.
    pub fn verdict(report: &Report, id: &str) -> Verdict {
        report.rules.iter().find(|r| r.id == id).map_or(Verdict::NotRun, |r| r.verdict)
    }

    /// The requirement of a rule.
    pub fn title(&self, id: &str) -> &'static str {
        mrkspec_model::rules::find(id).map_or("", |r| r.title)
    }

    fn verdicts(&self, id: &str) -> Vec<Verdict> {
        self.reports.iter().map(|(_, r)| Compared::verdict(r, id)).collect()
    }

    /// Rules on which the reports do not agree.
    pub fn differing(&self) -> Vec<&'static str> {
        let ids = RULES.iter().map(|r| r.id.0);
        ids.filter(|id| self.verdicts(id).windows(2).any(|w| w[0] != w[1])).collect()
    }

    /// Rules that no report finds to be met, though each of them asked.
    pub fn missed_by_all(&self) -> Vec<&'static str> {
        let missed = |v: &Verdict| !matches!(v, Verdict::Pass | Verdict::NotRun);
        RULES.iter().map(|r| r.id.0).filter(|id| self.verdicts(id).iter().all(missed)).collect()
    }

    /// The comparison for a terminal or an issue: a table of counts, then one of differing rules.
    pub fn markdown(&self) -> String {
        let mut out = String::from(
            "| target | pass | fail | warn | unsupported | inconclusive | not run |\n|---|---|---|---|---|---|---|\n",
        );
        for (name, report) in &self.reports {
            let _ = write!(out, "| {} |", cell(name));
            for verdict in Compared::VERDICTS {
                let _ = write!(out, " {} |", report.rules.iter().filter(|r| r.verdict == verdict).count());
            }
            out.push('\n');
        }
        self.table(&mut out, "Rules on which they differ", &self.differing());
        self.table(&mut out, "Rules that none of them meets", &self.missed_by_all());
        out
    }

    fn table(&self, out: &mut String, title: &str, ids: &[&str]) {
        let _ = write!(out, "\n## {title}: {}\n\n", ids.len());
        if ids.is_empty() {
            return;
        }
        let names: Vec<String> = self.reports.iter().map(|(n, _)| cell(n)).collect();
        let _ =
            writeln!(out, "| rule | requirement | {} |\n|---|---|{}", names.join(" | "), "---|".repeat(names.len()));
        for id in ids {
            let words: Vec<&str> = self.verdicts(id).into_iter().map(Verdict::word).collect();
            let _ = writeln!(out, "| {id} | {} | {} |", cell(self.title(id)), words.join(" | "));
        }
    }
}

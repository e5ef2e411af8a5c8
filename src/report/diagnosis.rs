//! How well causes are told, measured on mistakes that are known.

use crate::verdict::Cause;
use serde::Serialize;
use std::fmt::Write as _;

/// What was told of every fault, and of pairs of them.
#[derive(Clone, Debug, Default, Serialize)]
pub struct DiagnosisReport {
    /// One fault each.
    pub faults: Vec<Diagnosed>,
    /// Two faults each: `fault` and `rule` are their names.
    pub pairs: Vec<Diagnosed>,
    /// How much is found for so many requests.
    pub budgets: Vec<Budget>,
    /// Time that the runs took, in milliseconds.
    pub elapsed_ms: u64,
}

/// How many faults are found within a budget that was not chosen by them.
#[derive(Clone, Debug, Serialize)]
pub struct Budget {
    /// Requests that may be sent.
    pub requests: usize,
    /// Faults that were found.
    pub found: usize,
    /// Faults that there are.
    pub of: usize,
}

/// What was told of one endpoint.
#[derive(Clone, Debug, Serialize)]
pub struct Diagnosed {
    /// Name of the fault.
    pub fault: &'static str,
    /// The rule that it breaks.
    pub rule: &'static str,
    /// With the fingerprint of this fault among those of all.
    pub known: Told,
    /// Without it: as with a mistake that is in no catalogue.
    pub unknown: Told,
}

/// The causes, by their rules.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Told {
    /// The rule of each cause, MUSTs first.
    pub rules: Vec<&'static str>,
    /// All rules of each cause.
    pub all: Vec<Vec<&'static str>>,
}

impl Told {
    /// What these causes say.
    pub fn of(causes: &[Cause]) -> Told {
        Told {
            rules: causes.iter().map(|c| c.rule.0).collect(),
            all: causes.iter().map(|c| c.all_rules().map(|r| r.0).collect()).collect(),
        }
    }

    /// The rule of each cause, or that there is none.
    pub fn words(&self) -> String {
        if self.rules.is_empty() { "nothing".to_string() } else { self.rules.join(" ") }
    }
}

impl DiagnosisReport {
    /// Of these faults, without pairs.
    pub fn new(faults: Vec<Diagnosed>) -> DiagnosisReport {
        DiagnosisReport { faults, ..DiagnosisReport::default() }
    }

    /// The whole measurement as a document.
    pub fn markdown(&self) -> String {
        let mut out = "# How well causes are told\n\nWritten by `mrkspec faults --causes --markdown`: a full `check` against the \
            reference endpoint with each fault of the catalogue, its transients and days short. *In the catalogue*: \
            the fingerprint of the fault is among those that causes are told by. *Held out*: it is not, as with a mistake \
            that nobody has thought of. Pairs are made of what the runs of both faults showed.\n\n"
            .to_string();
        out += &self.table();
        out += "\nFaults that are not told by one cause with their own rule:\n\n| fault | its rule | in the catalogue | held out |\n|---|---|---|---|\n";
        let right = |d: &Diagnosed, t: &Told| t.rules == [d.rule];
        for d in self.faults.iter().filter(|d| !right(d, &d.known) || !right(d, &d.unknown)) {
            let _ = writeln!(out, "| {} | {} | {} | {} |", d.fault, d.rule, d.known.words(), d.unknown.words());
        }
        out
    }

    /// The shares that matter, as a Markdown table.
    pub fn table(&self) -> String {
        let seen: Vec<&Diagnosed> = self.faults.iter().filter(|d| !d.known.rules.is_empty()).collect();
        let mut out = "| | fault in the catalogue | fault held out |\n|---|---|---|\n".to_string();
        let mut row = |what: &str, list: &[&Diagnosed], holds: &dyn Fn(&Diagnosed, &Told) -> bool| {
            let share = |told: fn(&Diagnosed) -> &Told| {
                let n = list.iter().filter(|d| holds(d, told(d))).count();
                format!("{n} of {} ({:.0} %)", list.len(), 100.0 * n as f64 / list.len().max(1) as f64)
            };
            let _ = writeln!(out, "| {what} | {} | {} |", share(|d| &d.known), share(|d| &d.unknown));
        };
        row("one fault: exactly one cause", &seen, &|_, t| t.rules.len() == 1);
        row("one fault: two causes or fewer", &seen, &|_, t| t.rules.len() <= 2);
        row("one fault: the first cause has the fault's own rule", &seen, &|d, t| t.rules[0] == d.rule);
        row("one fault: its own rule is the rule of some cause", &seen, &|d, t| t.rules.contains(&d.rule));
        let pairs: Vec<&Diagnosed> = self.pairs.iter().collect();
        row("two faults: exactly two causes", &pairs, &|_, t| t.rules.len() == 2);
        out += "\n| `check --budget` | faults found that the choice was not made by (a fifth left out, five times) |\n|---|---|\n";
        for Budget { requests, found, of } in &self.budgets {
            let share = 100.0 * *found as f64 / (*of).max(1) as f64;
            let _ = writeln!(out, "| {requests} | {found} of {of} ({share:.0} %) |");
        }
        out
    }
}

//! From what was recorded to a line for facts.md.

use super::mask::Mask;
use crate::report::Violation;
use crate::sequence::experiment::Experiment;
use crate::sequence::recording::{Row, since_epoch};
use crate::sequence::{Action, Step};
use crate::transport::Target;
use mrkspec_model::call::Operation;
use mrkspec_model::matching::lookup;
use mrkspec_model::rule::Level;
use mrkspec_model::rules;
use serde_json::Value;
use std::collections::BTreeSet;

/// Lines of facts.md are about this long.
const WIDTH: usize = 118;

/// The rows of one experiment, and what they mean.
pub struct Seen<'s> {
    pub experiment: &'s Experiment,
    pub rows: &'s [Row],
    pub mask: &'s Mask,
    pub deviations: &'s [Violation],
}

impl Seen<'_> {
    /// The draft of a fact: level, evidence, date and place, then what came. `None` when nothing of interest was asked.
    pub fn fact(&self, target: &Target) -> Option<String> {
        let zero = self.rows.iter().find(|r| self.is_noted(r)).and_then(sent)?;
        let mut parts = Vec::new();
        for (i, (step, note)) in self.experiment.sequence.steps.iter().zip(&self.experiment.notes).enumerate() {
            let Some(note) = note else { continue };
            let rows: Vec<&Row> = self.rows.iter().filter(|r| of_step(r, i + 1)).collect();
            let clock = Clock { zero, mask: self.mask };
            match &step.action {
                _ if rows.is_empty() => {}
                Action::Watch(_) => parts.push(labelled(note, &clock.timeline(step, &rows))),
                Action::Together(_) => parts.push(labelled(note, &clock.together(&rows))),
                _ => parts.push(clock.call(note, &rows)),
            }
        }
        let mut text = format!("{} {}: {}.", self.grade(target), self.experiment.fact, parts.join("; "));
        for v in self.deviations {
            let word = match rules::get(v.rule).level {
                Level::Must => "Not allowed so far",
                _ => "Other than recommended so far",
            };
            text += &format!(" {word} ({}, {}): {}.", v.rule, v.call, v.observed);
        }
        Some(wrapped(&text))
    }

    fn is_noted(&self, row: &Row) -> bool {
        let step = row.run.step.unwrap_or(0);
        step > 0 && self.experiment.notes.get(step - 1).is_some_and(Option::is_some) && of_step(row, step)
    }

    /// What AWS was seen to do once is how AWS answers; what others do says nothing of it.
    fn grade(&self, target: &Target) -> String {
        let regions: BTreeSet<&str> = self.rows.iter().map(|r| r.region.as_str()).collect();
        let regions: Vec<&str> = regions.into_iter().collect();
        let day = self.rows.iter().find_map(|r| r.at.as_deref()?.get(..10)).unwrap_or("undated");
        let (grade, whose) = match target.is_aws() {
            true => ("- SHOULD A", "AWS"),
            false => ("- (no evidence: not AWS)", target.name.as_str()),
        };
        let endpoint = if target.is_aws() { &target.endpoint } else { "" };
        let place = [whose, day, endpoint, regions.join(" ").as_str(), "experiment", &self.experiment.id].join(" ");
        format!("{grade} [{}]", place.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

/// Whether a row answers this step itself: not a look while a family settles, nor one after a deviation.
fn of_step(row: &Row, step: usize) -> bool {
    row.run.step == Some(step) && row.run.settling.is_none() && !row.run.resync
}

fn labelled(note: &str, text: &str) -> String {
    if note.is_empty() { text.to_string() } else { format!("{note}: {text}") }
}

/// When a row was sent, in milliseconds since 1970.
pub fn sent(row: &Row) -> Option<u64> {
    since_epoch(row.at.as_deref()?).map(|d| d.as_millis() as u64)
}

/// Words for rows, at times after the first call of interest.
struct Clock<'m> {
    zero: u64,
    mask: &'m Mask,
}

impl Clock<'_> {
    fn at(&self, row: &Row) -> u64 {
        sent(row).unwrap_or(self.zero).saturating_sub(self.zero)
    }

    /// A call, and every answer that came to it: one that may have been stale was asked for again.
    fn call(&self, note: &str, rows: &[&Row]) -> String {
        let mut answers: Vec<String> = Vec::new();
        for row in rows {
            let answer = self.answer(row);
            if answers.last() != Some(&answer) {
                answers.push(answer);
            }
        }
        let (first, last) = (rows[0], rows[rows.len() - 1]);
        let after = if rows.len() > 1 { format!(" to {}", self.at(last)) } else { String::new() };
        let when = format!("at {}{after} ms", self.at(first));
        format!("{note} ({}, {when}): {}", asked(first), answers.join(", then "))
    }

    fn together(&self, rows: &[&Row]) -> String {
        let one = |row: &&Row| format!("{} ({} ms): {}", asked(row), self.at(row), self.answer(row));
        format!("at the same time {}", rows.iter().map(one).collect::<Vec<_>>().join(" and "))
    }

    /// What each member showed from when to when.
    fn timeline(&self, step: &Step, rows: &[&Row]) -> String {
        let Action::Watch(watch) = &step.action else { return String::new() };
        let of = |region: &str| {
            let mut spans: Vec<(String, u64, u64)> = Vec::new();
            for row in rows.iter().filter(|r| r.region == region) {
                let (shown, at) = (self.answer(row), self.at(row));
                match spans.last_mut() {
                    Some((same, _, last)) if *same == shown => *last = at,
                    _ => spans.push((shown, at, at)),
                }
            }
            let last = spans.len().saturating_sub(1);
            let told: Vec<String> = spans.iter().map(|(shown, ..)| shown.clone()).collect();
            for (i, (shown, ..)) in spans.iter_mut().enumerate().skip(1) {
                *shown = news(&told[i - 1], shown).to_string();
            }
            let words = |(i, (shown, from, to)): (usize, &(String, u64, u64))| match i == last {
                true => format!("{shown} from {from} ms on"),
                false => format!("{shown} from {from} to {to} ms"),
            };
            format!("{region} {}", spans.iter().enumerate().map(words).collect::<Vec<_>>().join(", then "))
        };
        let lines: Vec<String> = watch.regions.iter().map(|r| of(r)).collect();
        let every = humantime::format_duration(watch.every);
        format!("DescribeKey every {every} showed {}", lines.join("; "))
    }

    fn answer(&self, row: &Row) -> String {
        if row.recorded.is_some() || row.code == "(lost)" {
            return "its answer was lost".into();
        }
        if row.code != "Success" {
            return match row.message.as_deref().filter(|m| !m.is_empty()) {
                Some(message) => format!("{} `{}`", row.code, self.mask.text(message)),
                None => format!("{} without text", row.code),
            };
        }
        let Some(op) = Operation::parse(&row.operation) else { return "success".into() };
        match &row.output {
            None if op.has_no_output() => "success, empty body".into(),
            None => "success, empty body where there should be one".into(),
            Some(body) if op.has_no_output() => format!("success, body `{}`", self.mask.value(body)),
            Some(body) if op == Operation::DescribeKey => state(body),
            Some(body) if matches!(op, Operation::GetKeyRotationStatus | Operation::ListKeyRotations) => {
                members(&self.mask.value(body))
            }
            Some(_) => "success".into(),
        }
    }
}

/// A call in a few words.
fn asked(row: &Row) -> String {
    let to = ["PrimaryRegion", "ReplicaRegion"].iter().find_map(|m| row.input.get(*m)?.as_str());
    let to = to.map(|r| format!(" to {r}")).unwrap_or_default();
    let by = row.caller.as_deref().map(|c| format!(" by the {c} caller")).unwrap_or_default();
    format!("{} in {}{to}{by}", row.operation, row.region)
}

/// What DescribeKey says of state and family.
fn state(body: &Value) -> String {
    let text = |path: &str| lookup(body, &format!("KeyMetadata.{path}")).and_then(Value::as_str);
    let state = text("KeyState").unwrap_or("(no KeyState)");
    let enabled = lookup(body, "KeyMetadata.Enabled").and_then(Value::as_bool);
    let unusual =
        enabled.filter(|e| *e != (state == "Enabled")).map(|e| format!(" with Enabled {e}")).unwrap_or_default();
    let role = text("MultiRegionConfiguration.MultiRegionKeyType").unwrap_or("single-Region");
    let primary = text("MultiRegionConfiguration.PrimaryKey.Region").unwrap_or("none");
    let list = lookup(body, "KeyMetadata.MultiRegionConfiguration.ReplicaKeys").and_then(Value::as_array);
    let mut replicas: Vec<&str> = list.into_iter().flatten().filter_map(|r| r["Region"].as_str()).collect();
    replicas.sort_unstable();
    format!("{state}{unusual} {role} (primary {primary}, replicas {})", replicas.join(" "))
}

/// What is shown without the family, where that is as it was shown before.
fn news<'t>(before: &str, shown: &'t str) -> &'t str {
    match (before.split_once(" (primary "), shown.split_once(" (primary ")) {
        (Some((_, old)), Some((head, new))) if old == new => head,
        _ => shown,
    }
}

/// The members of an answer; of a list how long it is, and what its entries say of their state.
fn members(body: &Value) -> String {
    let one = |(name, value): (&String, &Value)| match value {
        Value::Array(list) => {
            let states: Vec<&str> = list.iter().filter_map(|e| e["KeyMaterialState"].as_str()).collect();
            let kinds: BTreeSet<&str> = states.iter().copied().collect();
            let count = |kind: &&str| format!("{} {kind}", states.iter().filter(|s| *s == kind).count());
            let kinds: Vec<String> = kinds.iter().map(count).collect();
            let kinds = if kinds.is_empty() { String::new() } else { format!(" ({})", kinds.join(", ")) };
            format!("{} {name}{kinds}", list.len())
        }
        other => format!("{name} {}", other.to_string().trim_matches('"')),
    };
    let named =
        body.as_object().into_iter().flatten().filter(|(name, _)| !matches!(name.as_str(), "KeyId" | "Truncated"));
    named.map(one).collect::<Vec<_>>().join(", ")
}

/// The text in lines, the later ones indented as in facts.md.
fn wrapped(text: &str) -> String {
    let mut out = String::new();
    let mut length = 0;
    for word in text.split(' ') {
        if length > 0 && length + word.len() >= WIDTH {
            out += "\n  ";
            length = 2;
        } else if length > 0 {
            out.push(' ');
            length += 1;
        }
        out += word;
        length += word.len();
    }
    out
}

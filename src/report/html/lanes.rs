//! What was done, as a picture: a lane for each Region, time downwards, calls as arrows, and the colour of a lane is the key
//! state that the calls lead to.

use maud::{Markup, html};
use std::collections::BTreeMap;

/// A call as a transcript has it: `3. DisableKey in us-east-1 { KeyId: k }`.
struct Sent<'t> {
    /// Number of the step.
    number: Option<usize>,
    operation: &'t str,
    region: &'t str,
    /// The Region that ReplicateKey and UpdatePrimaryRegion are about.
    to: Option<&'t str>,
    /// The key that it names, or makes.
    key: Option<&'t str>,
    text: &'t str,
}

/// Steps that are drawn at most: of a longer sequence the last ones.
const MOST: usize = 14;
const ROW: f64 = 26.0;
const LANE: f64 = 120.0;
const LEFT: f64 = 30.0;

/// A line of a transcript without its number.
fn numbered(line: &str) -> (Option<usize>, &str) {
    match line.split_once(". ").and_then(|(number, rest)| Some((number.parse().ok()?, rest))) {
        Some((number, rest)) => (Some(number), rest),
        None => (None, line),
    }
}

fn read(line: &str) -> Option<Sent<'_>> {
    let (number, text) = numbered(line);
    let (operation, rest) = text.split_once(" in ")?;
    let region = rest.split([' ', ',', ':']).next()?;
    let value = |member: &str| {
        let (_, value) = rest.split_once(&format!("{member}: "))?;
        let value = value.trim_start_matches('"');
        value.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).next()
    };
    let to = match operation {
        "ReplicateKey" => value("ReplicaRegion"),
        "UpdatePrimaryRegion" => value("PrimaryRegion"),
        _ => None,
    };
    let to = to.filter(|r| r.contains('-'));
    let key = if operation == "CreateKey" { value(" as") } else { value("KeyId") };
    let is_one = operation.chars().all(|c| c.is_ascii_alphanumeric()) && region.contains('-');
    is_one.then_some(Sent { number, operation, region, to, key, text })
}

/// The states of a key's members, by Region, as far as calls that do what they should lead to them.
#[derive(Clone, Default)]
struct States<'t> {
    of: BTreeMap<&'t str, &'static str>,
    /// Material is imported: a new member has none.
    imported: bool,
}

impl<'t> States<'t> {
    fn follow(&mut self, sent: &Sent<'t>) {
        let now = self.of.get(sent.region).copied();
        let new = if self.imported { "Making" } else { "Enabled" };
        let next = match (sent.operation, now) {
            ("CreateKey", _) => {
                self.imported = sent.text.contains("EXTERNAL");
                Some((sent.region, if self.imported { "Making" } else { "Enabled" }))
            }
            ("ReplicateKey", _) => sent.to.filter(|to| !self.of.contains_key(to)).map(|to| (to, new)),
            ("EnableKey", Some("Disabled")) | ("ImportKeyMaterial", Some("Making")) => Some((sent.region, "Enabled")),
            ("DisableKey", Some("Enabled")) | ("CancelKeyDeletion", Some("Pending")) => Some((sent.region, "Disabled")),
            ("ScheduleKeyDeletion", Some(_)) => Some((sent.region, "Pending")),
            ("DeleteImportedKeyMaterial", Some("Enabled" | "Disabled")) => Some((sent.region, "Making")),
            _ => None,
        };
        self.of.extend(next);
    }

    /// A line that says that time passes: `gone k@us-east-1`, `expired k@us-east-1`.
    fn pass(&mut self, line: &'t str, key: Option<&str>) {
        let Some((what, member)) = numbered(line).1.split_once([' ', ':']) else { return };
        let Some((name, region)) = member.trim().split_once('@') else { return };
        match what {
            _ if key.is_some_and(|key| key != name) => {}
            "gone" => drop(self.of.remove(region)),
            "expired" => drop(self.of.insert(region, "Making")),
            _ => {}
        }
    }
}

/// The picture of a cause: the steps before, and the call that shows it, which is step number `step`. Nothing where there is no call to
/// draw.
pub(super) fn lanes(steps: &[String], step: usize, call: &str, title: &str) -> Markup {
    let wrong = read(call);
    let is_last = |s: &Sent| {
        s.number == Some(step) && wrong.as_ref().is_some_and(|w| (w.operation, w.region) == (s.operation, s.region))
    };
    let shown = steps.last().and_then(|s| read(s)).is_some_and(|s| is_last(&s));
    let called = [call.to_string()];
    let all: Vec<&String> = steps.iter().chain(called.iter().filter(|_| !shown)).collect();
    let key = wrong.as_ref().and_then(|w| w.key);
    let mut states = States::default();
    let mut rows: Vec<(Option<usize>, Sent, BTreeMap<&str, &'static str>)> = Vec::new();
    for line in all {
        let Some(s) = read(line) else {
            states.pass(line, key);
            continue;
        };
        if key.is_none() || s.key.is_none() || s.key == key {
            states.follow(&s);
        }
        rows.push((s.number.or(Some(step)), s, states.of.clone()));
    }
    if rows.is_empty() {
        return html! {};
    }
    let sent: Vec<&Sent> = rows.iter().map(|(_, s, _)| s).collect();
    let mut regions: Vec<&str> = Vec::new();
    for region in sent.iter().flat_map(|s| [Some(s.region), s.to]).flatten() {
        if !regions.contains(&region) {
            regions.push(region);
        }
    }
    let place =
        |region: &str| LEFT + LANE * (regions.iter().position(|r| *r == region).unwrap_or(0) as f64) + LANE / 2.0;
    let skipped = rows.len().saturating_sub(MOST);
    let rows = &rows[skipped..];
    let width = LEFT + LANE * regions.len() as f64;
    let height = 34.0 + ROW * rows.len() as f64;
    let full = width + 620.0;
    let number = |v: f64| format!("{v:.0}");
    html! {
        svg.lanes role="img" aria-label=(format!("calls: {title}")) viewBox=(format!("0 0 {full:.0} {height:.0}")) width="100%" style=(format!("max-width:{full:.0}px")) {
            @for region in &regions {
                text x=(number(place(region))) y="14" text-anchor="middle" { (region) }
            }
            @for (row, (step, s, states)) in rows.iter().enumerate() {
                @let y = 24.0 + ROW * row as f64;
                @let middle = y + ROW / 2.0;
                @let shows = row + 1 == rows.len();
                @for region in &regions {
                    rect x=(number(place(region) - 5.0)) y=(number(y)) width="10" height=(number(ROW)) class=(states.get(region).copied().unwrap_or("None")) {}
                }
                @if let Some(step) = step { text.dim x="2" y=(number(middle + 4.0)) { (step) } }
                @match s.to {
                    Some(to) if to != s.region => {
                        (arrow(place(s.region), place(to), middle, shows))
                    }
                    _ => (arrow(place(s.region) + 48.0, place(s.region), middle, shows)),
                }
                text class=(if shows { "wrong-text" } else { "" }) x=(number(width + 8.0)) y=(number(middle + 4.0)) {
                    (short(s.text, MOST_LETTERS))
                }
            }
        }
        p.dim.key {
            @if skipped > 0 { "The first " (skipped) " calls are not drawn. " }
            "Key state, where calls do what they should:"
            @for (class, words) in [("enabled", "Enabled"), ("disabled", "Disabled"), ("pending", "pending deletion"), ("making", "pending import"), ("gone", "no member")] {
                span style=(format!("background:var(--{class})")) {} (words)
            }
        }
    }
}

fn arrow(from: f64, to: f64, y: f64, wrong: bool) -> Markup {
    let toward = if to > from { 1.0 } else { -1.0 };
    let tip = to - toward * 6.0;
    let points =
        format!("{tip:.0},{y:.0} {:.0},{:.0} {:.0},{:.0}", tip - toward * 7.0, y - 4.0, tip - toward * 7.0, y + 4.0);
    html! {
        line class=(if wrong { "wrong" } else { "arrow" }) x1=(format!("{from:.0}")) x2=(format!("{tip:.0}")) y1=(format!("{y:.0}")) y2=(format!("{y:.0}")) stroke-width="1.5" {}
        polygon class=(if wrong { "wrong-head" } else { "head" }) points=(points) {}
    }
}

/// What has room beside the lanes.
const MOST_LETTERS: usize = 84;

/// The beginning of a text that is longer than this.
pub(in crate::report) fn short(text: &str, letters: usize) -> String {
    match text.char_indices().nth(letters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_read_from_transcripts() {
        let s = read("12. UpdatePrimaryRegion in us-east-1 { KeyId: k@us-east-1, PrimaryRegion: \"eu-west-1\" }")
            .expect("a call");
        assert_eq!((s.operation, s.region, s.to), ("UpdatePrimaryRegion", "us-east-1", Some("eu-west-1")));
        assert_eq!((s.number, s.key), (Some(12), Some("k")));
        assert!(read("wait 200ms").is_none() && read("settle k").is_none());
        assert_eq!(lanes(&[], 1, "", "nothing").into_string(), "");
    }

    fn drawn(steps: &[&str], step: usize, call: &str) -> String {
        let steps: Vec<String> = steps.iter().map(|s| s.to_string()).collect();
        lanes(&steps, step, call, "t").into_string()
    }

    #[test]
    fn the_call_at_fault_is_drawn_once() {
        let make = "1. CreateKey in us-east-1 { MultiRegion: true, as: k }";
        // As its author wrote it, and as it was sent.
        let (written, sent) = (
            "3. UpdatePrimaryRegion in us-east-1 { KeyId: k, PrimaryRegion: eu-west-1 }",
            "UpdatePrimaryRegion in us-east-1 { KeyId: k, PrimaryRegion: \"eu-west-1\" }",
        );
        for steps in [&[make, "2. wait 200ms", written][..], &[make, "2. wait 200ms"]] {
            let drawn = drawn(steps, 3, sent);
            assert_eq!(drawn.matches("<polygon").count(), 2, "{drawn}");
            assert!(drawn.contains(">3<") && !drawn.contains(">2<"), "{drawn}");
        }
    }

    #[test]
    fn a_lane_has_the_state_of_the_key_that_the_call_names() {
        let steps = [
            "1. CreateKey in us-east-1 { MultiRegion: true, as: k }",
            "2. CreateKey in us-east-1 { as: other }",
            "3. DisableKey in us-east-1 { KeyId: other }",
            "4. ScheduleKeyDeletion in us-east-1 { KeyId: k, PendingWindowInDays: 7 }",
        ];
        // What is refused changes nothing.
        let refused = drawn(&steps, 5, "EnableKey in us-east-1 { KeyId: k }");
        assert!(
            refused.matches("class=\"Pending\"").count() == 2 && !refused.contains("class=\"Disabled\""),
            "{refused}"
        );
        let gone: Vec<&str> = steps.iter().copied().chain(["5. gone k@us-east-1"]).collect();
        assert!(drawn(&gone, 6, "DescribeKey in us-east-1 { KeyId: k }").contains("class=\"None\""));
    }
}

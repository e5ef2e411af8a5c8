//! What was done, as a picture: a lane for each Region, time downwards, calls as arrows, and the colour of a lane is the key
//! state that the calls lead to.

use maud::{Markup, html};
use std::collections::BTreeMap;

/// A call as a transcript has it: `3. DisableKey in us-east-1 { KeyId: k }`.
struct Sent<'t> {
    operation: &'t str,
    region: &'t str,
    /// The Region that ReplicateKey and UpdatePrimaryRegion are about.
    to: Option<&'t str>,
    text: &'t str,
}

/// Steps that are drawn at most: of a longer sequence the last ones.
const MOST: usize = 14;
const ROW: f64 = 26.0;
const LANE: f64 = 120.0;
const LEFT: f64 = 30.0;

fn read(step: &str) -> Option<Sent<'_>> {
    let text = match step.split_once(". ") {
        Some((number, rest)) if number.chars().all(|c| c.is_ascii_digit()) => rest,
        _ => step,
    };
    let (operation, rest) = text.split_once(" in ")?;
    let region = rest.split([' ', ',', ':']).next()?;
    let named = |member: &str| {
        let (_, value) = rest.split_once(&format!("{member}: "))?;
        let value = value.trim_start_matches('"');
        value.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).next().filter(|r| r.contains('-'))
    };
    let to = match operation {
        "ReplicateKey" => named("ReplicaRegion"),
        "UpdatePrimaryRegion" => named("PrimaryRegion"),
        _ => None,
    };
    let is_one = operation.chars().all(|c| c.is_ascii_alphanumeric()) && region.contains('-');
    is_one.then_some(Sent { operation, region, to, text })
}

/// The key state that a call leads to, and where.
fn leads_to<'t>(sent: &Sent<'t>) -> Option<(&'t str, &'static str)> {
    let external = sent.text.contains("EXTERNAL");
    Some(match sent.operation {
        "CreateKey" => (sent.region, if external { "Making" } else { "Enabled" }),
        "ReplicateKey" => (sent.to?, "Enabled"),
        "EnableKey" | "ImportKeyMaterial" => (sent.region, "Enabled"),
        "DisableKey" | "CancelKeyDeletion" => (sent.region, "Disabled"),
        "ScheduleKeyDeletion" => (sent.region, "Pending"),
        "DeleteImportedKeyMaterial" => (sent.region, "Making"),
        _ => return None,
    })
}

/// The picture of a cause: the steps before, and the call that shows it. Nothing where there is no call to draw.
pub(super) fn lanes(steps: &[String], call: &str, title: &str) -> Markup {
    let last = steps.last().and_then(|s| read(s)).is_some_and(|s| s.text == call);
    let wrong = [call.to_string()];
    let all: Vec<&String> = steps.iter().chain(wrong.iter().filter(|_| !last)).collect();
    let sent: Vec<Sent> = all.iter().filter_map(|step| read(step)).collect();
    if sent.is_empty() {
        return html! {};
    }
    let mut regions: Vec<&str> = Vec::new();
    for region in sent.iter().flat_map(|s| [Some(s.region), s.to]).flatten() {
        if !regions.contains(&region) {
            regions.push(region);
        }
    }
    let place =
        |region: &str| LEFT + LANE * (regions.iter().position(|r| *r == region).unwrap_or(0) as f64) + LANE / 2.0;
    let skipped = sent.len().saturating_sub(MOST);
    let mut states: BTreeMap<&str, &'static str> = BTreeMap::new();
    for s in &sent[..skipped] {
        states.extend(leads_to(s));
    }
    let mut rows: Vec<(usize, &Sent, BTreeMap<&str, &'static str>)> = Vec::new();
    for (i, s) in sent.iter().enumerate().skip(skipped) {
        states.extend(leads_to(s));
        rows.push((i + 1, s, states.clone()));
    }
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
                text.dim x="2" y=(number(middle + 4.0)) { (step) }
                @match s.to {
                    Some(to) if to != s.region => {
                        (arrow(place(s.region), place(to), middle, shows))
                    }
                    _ => (arrow(place(s.region) + 48.0, place(s.region), middle, shows)),
                }
                text class=(if shows { "wrong-text" } else { "" }) x=(number(width + 8.0)) y=(number(middle + 4.0)) {
                    (short(s.text))
                }
            }
        }
        p.dim.key {
            @if skipped > 0 { "The first " (skipped) " calls are not drawn. " }
            "Key state:"
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
fn short(text: &str) -> String {
    const MOST_LETTERS: usize = 84;
    match text.char_indices().nth(MOST_LETTERS) {
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
        assert!(read("wait 200ms").is_none() && read("settle k").is_none());
        let steps = ["1. CreateKey in us-east-1 { MultiRegion: true }".to_string()];
        let drawn = lanes(&steps, "DisableKey in us-east-1 { KeyId: k }", "t").into_string();
        assert!(drawn.contains("DisableKey in us-east-1") && drawn.matches("<polygon").count() == 2, "{drawn}");
        assert_eq!(lanes(&[], "", "nothing").into_string(), "");
    }
}

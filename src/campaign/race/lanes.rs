//! A race as a picture: one line a request, its time from left to right.

use crate::session::{Race, Timed};
use std::time::Duration;

/// Columns that the whole time takes.
const WIDTH: usize = 32;

/// The requests by client and time.
pub fn drawn(race: &Race) -> Vec<String> {
    let begin = race.parts.iter().map(|p| p.begin).min().unwrap_or_default();
    let end = race.parts.iter().map(|p| p.end.unwrap_or(p.begin)).max().unwrap_or_default();
    let mut parts: Vec<&Timed> = race.parts.iter().collect();
    parts.sort_by_key(|p| (p.client, p.begin));
    let widest = parts.iter().map(|p| p.call.chars().count()).max().unwrap_or_default();
    let line = |part: &&Timed| {
        let bar = bar(part, begin, end);
        let wrong = if part.wrong { "  <- no order explains this" } else { "" };
        format!("client {}  |{bar}|  {:widest$}  {}{wrong}", part.client + 1, part.call, part.answer)
    };
    let mut lines: Vec<String> = parts.iter().map(line).collect();
    let took = format!("{:.1} ms", (end - begin).as_secs_f64() * 1000.0);
    lines.push(format!("          0{took:>WIDTH$}"));
    lines
}

/// `[==]` from when it was sent to when its answer had come; `[==~` goes on for ever.
fn bar(part: &Timed, begin: Duration, end: Duration) -> String {
    let all = (end - begin).as_secs_f64().max(f64::MIN_POSITIVE);
    let column = |at: Duration| (((at - begin).as_secs_f64() / all) * (WIDTH - 2) as f64).round() as usize;
    let from = column(part.begin);
    let to = part.end.map_or(WIDTH - 1, |end| column(end).max(from) + 1);
    let mut bar = vec![' '; WIDTH];
    bar[from..=to].fill('=');
    bar[from] = '[';
    bar[to] = if part.end.is_some() { ']' } else { '~' };
    bar.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::Verdict;

    fn part(client: usize, begin: u64, end: Option<u64>, wrong: bool) -> Timed {
        let (call, answer) = (format!("Call{client}"), "success".to_string());
        let time = Duration::from_millis;
        Timed { client, call, answer, begin: time(begin), end: end.map(time), wrong }
    }

    #[test]
    fn requests_stand_in_lanes() {
        let parts = vec![part(1, 15, Some(25), true), part(0, 10, Some(20), false), part(0, 20, None, false)];
        let race = Race { step: 1, verdict: Verdict::Wrong, order: vec![0, 1, 2], parts };
        assert_eq!(
            drawn(&race),
            [
                "client 1  |[====================]          |  Call0  success",
                "client 1  |                    [==========~|  Call0  success",
                "client 2  |          [====================]|  Call1  success  <- no order explains this",
                "          0                         15.0 ms",
            ]
        );
    }
}

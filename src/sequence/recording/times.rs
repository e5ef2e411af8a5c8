//! Times as recordings write them: RFC 3339, in UTC or with an offset.

use std::time::{Duration, SystemTime};

/// The time as the wire has it: seconds since 1970, with a fraction.
pub fn seconds(text: &str) -> Option<f64> {
    since_epoch(text).map(|d| d.as_secs_f64())
}

/// The time since 1970.
pub fn since_epoch(text: &str) -> Option<Duration> {
    let (utc, offset) = match text.len().checked_sub(6).and_then(|at| text.split_at_checked(at)) {
        Some((start, end)) if text.contains('T') && end.starts_with(['+', '-']) => (format!("{start}Z"), minutes(end)?),
        _ => (text.to_string(), 0),
    };
    let time = humantime::parse_rfc3339(&utc).ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let shift = Duration::from_secs(offset.unsigned_abs() * 60);
    if offset < 0 { time.checked_add(shift) } else { time.checked_sub(shift) }
}

/// `+01:00` in minutes.
fn minutes(offset: &str) -> Option<i64> {
    let (hours, minutes) = offset[1..].split_once(':')?;
    let all = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
    Some(if offset.starts_with('-') { -all } else { all })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_no_other_time() {
        let noon = seconds("2026-09-12T12:00:00Z");
        assert_eq!(seconds("2026-09-12T13:30:00.000000+01:30"), noon);
        assert_eq!(seconds("2026-09-12T11:00:00-01:00"), noon);
        assert_eq!(seconds("1970-01-01T00:00:01.5Z"), Some(1.5));
        assert_eq!(seconds("soon"), None);
    }
}

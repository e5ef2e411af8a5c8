//! Values of options that are more than a text or a number.

use crate::transport::Consistency;
use crate::verdict::ConformanceLevel;
use std::num::ParseFloatError;
use std::time::Duration;

/// A value that an option does not take.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum BadValue {
    #[error("write I/N, for example 2/4")]
    Shard,
    #[error("the part goes from 1 to {of}")]
    Part { of: usize },
    #[error("{0} (write for example 300ms, 10s, 5m)")]
    Duration(#[from] humantime::DurationError),
    #[error("{0} (write for example 0.05)")]
    Number(#[from] ParseFloatError),
    #[error("write auto, strong or eventual")]
    Consistency,
    #[error("a share goes from 0 to 1")]
    Share,
    #[error("write 2 to 16 Regions, each once, such as us-east-1,eu-west-1")]
    Regions,
    #[error("levels go from 1 to 5")]
    Level,
}

/// A part of a run: `2/4` is the second of four.
pub fn shard(text: &str) -> Result<(usize, usize), BadValue> {
    let parsed = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    let (i, of): (usize, usize) = parsed.ok_or(BadValue::Shard)?;
    if i == 0 || i > of { Err(BadValue::Part { of }) } else { Ok((i, of)) }
}

/// A level of conformance: `2`.
pub fn level(text: &str) -> Result<ConformanceLevel, BadValue> {
    let number: u8 = text.parse().map_err(|_| BadValue::Level)?;
    ConformanceLevel::try_from(number).map_err(|_| BadValue::Level)
}

/// Two Regions or more; a type of its own, since clap would take a list for a repeated option.
#[derive(Clone, Debug)]
pub struct Regions(pub Vec<String>);

/// Regions that are enough for any load.
const MOST_REGIONS: usize = 16;

/// Regions, the first of which holds the primary: `us-east-1,eu-west-1`.
pub fn regions(text: &str) -> Result<Regions, BadValue> {
    let all: Vec<String> = text.split(',').map(|r| r.trim().to_string()).collect();
    let mut once = all.clone();
    once.sort_unstable();
    once.dedup();
    let names = all.iter().all(|r| !r.is_empty() && r.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
    if all.len() < 2 || all.len() > MOST_REGIONS || once.len() < all.len() || !names {
        Err(BadValue::Regions)
    } else {
        Ok(Regions(all))
    }
}

/// Whether reads may be stale.
pub fn consistency(text: &str) -> Result<Consistency, BadValue> {
    let all = [Consistency::Auto, Consistency::Strong, Consistency::Eventual];
    all.into_iter().find(|c| c.word() == text).ok_or(BadValue::Consistency)
}

/// A time such as `300ms` or `5m`.
pub fn duration(text: &str) -> Result<Duration, BadValue> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    Ok(humantime::parse_duration(text)?)
}

/// A share of something, from 0 to 1.
pub fn share(text: &str) -> Result<f64, BadValue> {
    let value: f64 = text.parse()?;
    if (0.0..=1.0).contains(&value) { Ok(value) } else { Err(BadValue::Share) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_taken_says_what_is() {
        assert_eq!(shard("2/4"), Ok((2, 4)));
        assert_eq!(shard("4/2"), Err(BadValue::Part { of: 2 }));
        assert_eq!(shard("two"), Err(BadValue::Shard));
        assert_eq!(level("2"), Ok(ConformanceLevel::Lifecycle));
        assert_eq!((level("6"), level("two")), (Err(BadValue::Level), Err(BadValue::Level)));
        assert_eq!(duration("0"), Ok(Duration::ZERO));
        assert!(duration("soon").is_err_and(|e| e.to_string().contains("300ms")));
        assert_eq!(share("1.5"), Err(BadValue::Share));
        assert!(share("many").is_err_and(|e| e.to_string().contains("0.05")));
    }
}

//! A finding as a block of lines, the same in every campaign.

use std::fmt::Write as _;

/// A headline, and below it what is to be said, each with its label.
pub fn block(headline: &str, said: &[(&str, &str)]) -> String {
    let mut out = format!("{headline}\n");
    for (label, words) in said {
        let _ = writeln!(out, "     {:<10}{words}", format!("{label}:"));
    }
    out
}

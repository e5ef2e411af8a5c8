//! A badge for a README: the level of conformance that an endpoint has reached.

use super::json::Report;
use crate::verdict::tells_level;

/// Colours by level, from none to all.
const COLOURS: [&str; 6] = ["#a32020", "#a8500b", "#7a6400", "#4c7400", "#2c7a2c", "#14701f"];

/// Width of a character of the badge's type, in pixels.
const CHARACTER: usize = 7;

/// The badge, as SVG. Without a level that was tested it says so.
pub fn badge(report: &Report) -> String {
    let tested = tells_level(&report.levels);
    let words = if tested { format!("KMS level {} of 5", report.level) } else { "KMS level unknown".to_string() };
    let colour = if tested { COLOURS[usize::from(report.level).min(5)] } else { "#666666" };
    let (left, right) = ("mrkspec".len() * CHARACTER + 14, words.len() * CHARACTER + 14);
    let all = left + right;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{all}\" height=\"20\" role=\"img\" aria-label=\"mrkspec: {words}\">\n\
         <title>mrkspec: {words}</title>\n\
         <rect width=\"{left}\" height=\"20\" fill=\"#333333\"/><rect x=\"{left}\" width=\"{right}\" height=\"20\" fill=\"{colour}\"/>\n\
         <g fill=\"#ffffff\" text-anchor=\"middle\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\">\n\
         <text x=\"{}\" y=\"14\">mrkspec</text><text x=\"{}\" y=\"14\">{words}</text>\n</g>\n</svg>\n",
        left / 2,
        left + right / 2
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::parse_report;
    use crate::verdict::{Verdict, reached, scores};

    #[test]
    fn it_says_the_level_or_that_there_is_none() {
        let mut report = parse_report(include_str!("data/report-0.1.0.json")).expect("a report");
        assert!(badge(&report).contains("KMS level unknown"), "an older version knew no levels");
        report.levels = scores(&report.rules);
        assert!(badge(&report).contains("KMS level unknown"), "one scenario says nothing of levels");
        for rule in &mut report.rules {
            rule.verdict = if rule.id == "CRY-001" { Verdict::Fail } else { Verdict::Pass };
        }
        report.levels = scores(&report.rules);
        report.level = reached(&report.levels);
        assert!(badge(&report).contains("KMS level 2 of 5"), "{:?}", report.levels);
    }
}

//! Any text as a report: a sentence, or a report that can be shown, merged with itself and written
//! again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mrkspec::report::{Compared, console, html_comparison, html_report, junit, markdown, merge, parse_report};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let report = match parse_report(text) {
        Ok(report) => report,
        Err(problem) => return assert!(!problem.to_string().is_empty()),
    };
    let verdicts = |r: &mrkspec::Report| r.rules.iter().map(|r| (r.id.clone(), r.verdict)).collect::<Vec<_>>();
    let again = parse_report(&serde_json::to_string(&report).expect("a report can be written"));
    assert_eq!(verdicts(&again.expect("what was written can be read")), verdicts(&report));
    assert!(!console(&report).is_empty() && !markdown(&report).is_empty() && !html_report(&report).is_empty());
    junit(&report).expect("JUnit can be written");
    let twice = merge(vec![report.clone(), report.clone()]).expect("a report goes with itself");
    assert_eq!(verdicts(&twice), verdicts(&report));
    let compared = Compared::new(vec![report.clone(), report]);
    assert!(compared.differing().is_empty());
    assert!(!html_comparison(&compared).is_empty());
});

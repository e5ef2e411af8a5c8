//! Reports as files: what is written is read back, also what an earlier build wrote.

use crate::report::{
    Cost, Coverage, Latitude, Measured, Report, ScenarioDiff, Schema, SituationCoverage, TargetInfo, Tool,
};
use crate::report::{merge, parse_report};
use crate::session::{FirstViolation, Left, Violation};
use crate::verdict::{Cause, Comparison, ConformanceLevel, Example, RuleVerdict, Summary, Verdict};
use crate::verdict::{exit, exit_code, reached, scores};
use mrkspec_model::rule::RuleId;
use mrkspec_model::rules::{RULES, get};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::subsequence;

/// What `mrkspec check --scenario promote/no-replica --json` of an earlier build wrote.
const EARLIER: &str = include_str!("data/report-0.1.0.json");

fn rule() -> impl Strategy<Value = RuleId> {
    (0..RULES.len()).prop_map(|i| RULES[i].id)
}

/// Any text: quotes, line ends and all.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z0-9 /:_.-]{0,12}", any::<String>()]
}

fn verdict() -> impl Strategy<Value = Verdict> {
    use Verdict::*;
    proptest::sample::select(vec![Pass, Fail, Warn, Unsupported, Inconclusive, NotRun])
}

fn rules() -> impl Strategy<Value = Vec<RuleVerdict>> {
    let ids: Vec<RuleId> = RULES.iter().map(|r| r.id).collect();
    let some = subsequence(ids, 0..12);
    some.prop_flat_map(|ids| {
        let rest = (verdict(), vec(text(), 0..3), 0..9usize, option::of(text()));
        let n = ids.len();
        vec(rest, n).prop_map(move |rest| {
            let of = |(id, (verdict, scenarios, violations, note)): (&RuleId, _)| RuleVerdict {
                id: *id,
                verdict,
                scenarios,
                violations,
                note,
            };
            ids.iter().zip(rest).map(of).collect()
        })
    })
}

fn violation() -> impl Strategy<Value = Violation> {
    (rule(), text(), 1..300usize, [text(), text(), text(), text()], 1..9usize).prop_map(
        |(rule, scenario, step, [call, expected, observed, repro], count)| Violation {
            rule,
            scenario,
            step,
            call,
            expected,
            observed,
            repro,
            count,
            shape: String::new(),
            sighting: None,
        },
    )
}

/// A cause of what was seen once.
fn cause(v: &Violation) -> Cause {
    let example = Example {
        scenario: v.scenario.clone(),
        step: v.step,
        call: v.call.clone(),
        key_state: v.repro.clone(),
        steps: vec![v.call.clone()],
        expected: v.expected.clone(),
        observed: v.observed.clone(),
        repro: v.repro.clone(),
    };
    Cause {
        title: v.expected.clone(),
        rule: v.rule,
        rules: vec![v.rule],
        count: v.count,
        example,
        explains: vec![RULES[0].id],
        level: ConformanceLevel::of(get(v.rule)),
        resembles: Some(v.call.clone()).filter(|c| !c.is_empty()),
    }
}

fn coverage() -> impl Strategy<Value = Coverage> {
    let situations = (0..900usize, 0..900usize, vec(text(), 0..3))
        .prop_map(|(reachable, covered, missing)| SituationCoverage { reachable, covered, missing });
    (0..300usize, 0..300usize, vec(text(), 0..3), option::of(situations))
        .prop_map(|(reachable, covered, missing, situations)| Coverage { reachable, covered, missing, situations })
}

fn comparison() -> impl Strategy<Value = Comparison> {
    (vec(text(), 0..3), vec(text(), 0..3), 0..99usize).prop_map(|(unexpected, fixed, as_expected)| Comparison {
        unexpected,
        fixed,
        as_expected,
    })
}

/// A report as a run can give it: the summary and the exit code follow from the rest.
fn report() -> impl Strategy<Value = Report> {
    let seen = (any::<u64>(), text()).prop_map(|(requests, scenario)| FirstViolation { requests, scenario });
    let diff = (text(), text()).prop_map(|(scenario, diff)| ScenarioDiff { scenario, diff });
    let found = (rules(), vec(violation(), 0..4), btree_map(rule(), seen, 0..4), vec(diff, 0..2));
    let numbers = (any::<[u64; 4]>(), any::<[usize; 2]>());
    let texts = ([text(), text(), text(), text()], btree_map(text(), text(), 0..3));
    let left = ([text(), text(), text()], option::of(text()));
    let left = left.prop_map(|([key, region, why], state)| Left { key, region, state, why });
    let found = (found, vec(left, 0..3));
    (found, numbers, texts, coverage(), option::of(comparison())).prop_map(
        |(found, numbers, texts, coverage, baseline)| {
            let ((rules, violations, first_violations, diffs), left_behind) = found;
            let ([seed, requests, keys_created, elapsed_ms], [judged, with_alternatives]) = numbers;
            let ([name, version, target, endpoint], unsupported_operations) = texts;
            let by_baseline = |b: &Comparison| if b.matches() { exit::CONFORMS } else { exit::BROKEN };
            Report {
                schema: Schema::V1,
                tool: Tool { name, version },
                target: TargetInfo { name: target, endpoint },
                seed,
                summary: Summary::of(&rules),
                exit_code: baseline.as_ref().map_or_else(|| exit_code(&rules), by_baseline),
                level: reached(&scores(&rules)),
                levels: scores(&rules),
                causes: violations.iter().map(cause).collect(),
                rules,
                violations,
                first_violations,
                cost: Cost { requests, keys_created, elapsed_ms },
                coverage,
                unsupported_operations,
                latitude: Latitude { judged, with_alternatives, asked_again: judged / 2 },
                consistency: Measured {
                    mode: "auto".into(),
                    fresh: judged as u64,
                    stale: requests % 3,
                    never_stale: requests.is_multiple_of(3),
                    run_again: vec![seed.to_string()],
                },
                diffs,
                transcripts: Vec::new(),
                seen: Vec::new(),
                ended: None,
                budget: None,
                deviations: Vec::new(),
                left_behind,
                baseline,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_back(report in report()) {
        let text = serde_json::to_string(&report).expect("JSON");
        prop_assert_eq!(parse_report(&text).expect("a report"), report);
    }

    #[test]
    fn members_of_a_later_version_are_passed_over(report in report(), name in "x[a-z]{3,9}", nested in any::<bool>()) {
        let mut json = serde_json::to_value(&report).expect("JSON");
        let place = if nested { &mut json["cost"] } else { &mut json };
        place[name] = serde_json::json!({ "of": ["a", "later", "version"] });
        prop_assert_eq!(parse_report(&json.to_string()).expect("a report"), report);
    }
}

#[test]
fn a_report_of_an_earlier_build_is_read_and_written_again_member_for_member() {
    let report = parse_report(EARLIER).expect("a report");
    assert_eq!((report.exit_code, report.summary.pass, report.target.name.as_str()), (0, 28, "embedded"));
    let promoted = report.rules.iter().find(|r| r.id == "UPR-012").expect("the rule");
    assert_eq!((promoted.verdict, &promoted.scenarios[..]), (Verdict::Pass, &["promote/no-replica".to_string()][..]));
    let mut again = serde_json::to_value(&report).expect("JSON");
    let mut earlier: serde_json::Value = serde_json::from_str(EARLIER).expect("JSON");
    // What the earlier build did not know of is not there, and reads as nothing measured.
    let measured = again.as_object_mut().and_then(|report| report.remove("consistency")).expect("of this build");
    assert_eq!(measured, serde_json::to_value(Measured::default()).expect("JSON"));
    for member in ["causes", "level", "levels"] {
        let nothing = again.as_object_mut().and_then(|report| report.remove(member)).expect("of this build");
        assert!([serde_json::json!([]), serde_json::json!(0)].contains(&nothing), "{member}: {nothing}");
    }
    // What the table says about a rule is this build's: sentences and sources may have been improved.
    for json in [&mut again, &mut earlier] {
        for rule in json["rules"].as_array_mut().expect("rules") {
            for member in ["title", "source", "level", "evidence"] {
                assert!(rule[member].take().is_string(), "{member} of {}", rule["id"]);
            }
        }
    }
    assert_eq!(again, earlier);
    assert_eq!(merge(vec![report.clone()]).expect("one part").rules, report.rules);
}

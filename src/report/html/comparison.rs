//! Several reports side by side.

use super::super::compare::Compared;
use super::page;
use maud::{Markup, html};
use mrkspec_model::rule::Evidence;
use mrkspec_model::rules::{RULES, find};

/// Several reports as a page: counts, causes by endpoint, and the rules on which they differ. What AWS was recorded to do stands beside
/// them: every recorded answer is accepted by the rules.
pub fn html_comparison(compared: &Compared) -> String {
    let recorded = RULES.iter().filter(|r| r.evidence == Evidence::Recorded).count();
    let body = html! {
        table {
            thead { tr { th scope="col" { "target" } @for verdict in Compared::VERDICTS { th scope="col" { (verdict.word()) } } th scope="col" { "causes" } th scope="col" { "requests" } } }
            tbody {
                @for (name, report) in &compared.reports {
                    tr {
                        th scope="row" { (name) }
                        @for verdict in Compared::VERDICTS {
                            td class=(verdict.word()) { (report.rules.iter().filter(|r| r.verdict == verdict).count()) }
                        }
                        td { (report.causes.len()) }
                        td { (report.cost.requests) }
                    }
                }
                tr {
                    th scope="row" { "AWS (recorded)" }
                    td.pass { (recorded) }
                    td { "0" }
                    td colspan="6" { (RULES.len() - recorded) " rules rest on other evidence than recordings of the real service" }
                }
            }
        }
        h2 { "Causes" }
        (causes(compared))
        h2 { "Rules on which they differ" }
        (table(compared, &compared.differing()))
        h2 { "Rules that none of them meets" }
        (table(compared, &compared.missed_by_all()))
    };
    page("mrkspec: comparison", body)
}

/// The causes of all, and where each was seen.
fn causes(compared: &Compared) -> Markup {
    let mut titles: Vec<(&str, &str)> = Vec::new();
    for cause in compared.reports.iter().flat_map(|(_, r)| &r.causes) {
        if !titles.contains(&(cause.rule.0, &cause.title)) {
            titles.push((cause.rule.0, &cause.title));
        }
    }
    html! {
        @if titles.is_empty() { p { "None." } }
        @else {
            table {
                thead { tr { th scope="col" { "rule" } th scope="col" { "cause" } @for (name, _) in &compared.reports { th scope="col" { (name) } } th scope="col" { "AWS (recorded)" } } }
                tbody {
                    @for (rule, title) in titles {
                        tr {
                            td.mono { (rule) }
                            td { (title) }
                            @for (_, report) in &compared.reports {
                                @let seen = report.causes.iter().any(|c| c.rule.0 == rule && c.title == title);
                                td class=(if seen { "fail" } else { "dim" }) { (if seen { "yes" } else { "-" }) }
                            }
                            (aws(rule))
                        }
                    }
                }
            }
        }
    }
}

/// What the real service does, as far as it was recorded.
fn aws(rule: &str) -> Markup {
    let recorded = find(rule).is_some_and(|r| r.evidence == Evidence::Recorded);
    html! { @if recorded { td.pass { "pass" } } @else { td.dim { "not recorded" } } }
}

fn table(compared: &Compared, ids: &[&str]) -> Markup {
    html! {
        @if ids.is_empty() { p { "None." } }
        @else {
            table {
                thead { tr { th scope="col" { "rule" } th scope="col" { "requirement" } @for (name, _) in &compared.reports { th scope="col" { (name) } } th scope="col" { "AWS (recorded)" } } }
                tbody {
                    @for id in ids {
                        tr {
                            td.mono { (id) }
                            td { (compared.title(id)) }
                            @for (_, report) in &compared.reports {
                                @let verdict = Compared::verdict(report, id);
                                td class=(verdict.word()) { (verdict.word()) }
                            }
                            (aws(id))
                        }
                    }
                }
            }
        }
    }
}

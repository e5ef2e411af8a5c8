//! Rules that are broken in the same way.

use super::symptoms::Symptoms;
use crate::session::{Kind, Sighting, Violation};
use mrkspec_model::call::Operation;
use mrkspec_model::rule::{Level, RuleId};
use mrkspec_model::rules::get;
use std::collections::{BTreeMap, BTreeSet};

/// From how many operations on that one mistake is behind all that accept a key in one state: several authors
/// forget one operation, few forget many one by one.
const ACCEPTING: usize = 5;

/// Exceptions that say that a key is not in the state that it should be in.
const STATEFUL: [&str; 2] = ["DisabledException", "KMSInvalidStateException"];

/// What two violations have in common if one mistake is behind both.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Link<'s> {
    /// An operation gives this exception where it should not.
    Exception(Operation, &'s str),
    /// Operations give this exception for keys in this state, and should not.
    InState(&'s str, &'s str),
    /// A member of an operation's answers is wrong.
    Member(Operation, &'s str),
    /// Members of one answer are wrong.
    Answer(&'s str, usize, Operation, &'s str),
    /// Keys in this state are accepted by operations that should refuse them.
    Accepted(&'s str),
    /// The endpoint takes a key for being in another state: it shows that, or refuses what would work.
    State,
    /// Who may do what is decided wrong.
    Permission,
    /// Where documentation leaves a choice, AWS was recorded to answer otherwise; or exceptions have other texts.
    Should(&'s str),
}

/// Rules that are broken in the same way, in groups.
pub(super) fn link(symptoms: &Symptoms) -> Vec<Vec<RuleId>> {
    let mut found: BTreeMap<Link, Vec<(&Violation, &Sighting)>> = BTreeMap::new();
    for (violation, sighting) in symptoms.sightings() {
        for link in links(violation, sighting) {
            found.entry(link).or_default().push((violation, sighting));
        }
    }
    // Operations that accept keys in a state do so for the same reason for which the state is shown wrong.
    let accepting = found.iter().filter(|(link, sights)| matches!(link, Link::Accepted(_)) && binds(link, sights));
    let accepted: Vec<_> = accepting.flat_map(|(_, sights)| sights.iter().copied()).collect();
    found.entry(Link::State).or_default().extend(accepted);
    let mut groups: Vec<BTreeSet<RuleId>> = symptoms.rules().map(|r| BTreeSet::from([r])).collect();
    for (_, sights) in found.iter().filter(|(link, sights)| binds(link, sights)) {
        let rules: BTreeSet<RuleId> = sights.iter().map(|(v, _)| v.rule).collect();
        let (touched, rest): (Vec<_>, Vec<_>) = groups.into_iter().partition(|g| !g.is_disjoint(&rules));
        groups = rest;
        groups.push(touched.into_iter().flatten().collect());
    }
    groups.into_iter().map(|g| g.into_iter().collect()).collect()
}

fn links<'s>(violation: &'s Violation, sighting: &'s Sighting) -> Vec<Link<'s>> {
    let mut links = ways(violation, sighting);
    let rule = get(violation.rule);
    let decided_wrong = match &sighting.kind {
        Kind::Refused(code) => code == "AccessDeniedException",
        Kind::Accepted => {
            ["AUT", "GRT"].contains(&rule.group()) && violation.expected.contains("AccessDeniedException")
        }
        _ => false,
    };
    links.extend(decided_wrong.then_some(Link::Permission));
    links.extend((rule.level != Level::Must).then(|| Link::Should(rule.group())));
    links
}

fn ways<'s>(violation: &'s Violation, sighting: &'s Sighting) -> Vec<Link<'s>> {
    let (op, state) = (sighting.op, sighting.state);
    let answer = Link::Answer(&violation.scenario, violation.step, op, &sighting.region);
    match &sighting.kind {
        Kind::Refused(code) | Kind::Code(code) => {
            let known = !state.is_empty();
            let refused = matches!(sighting.kind, Kind::Refused(_)) && STATEFUL.contains(&code.as_str());
            let mut links = vec![Link::Exception(op, code)];
            links.extend(known.then_some(Link::InState(state, code)));
            links.extend((known && refused).then_some(Link::State));
            links
        }
        Kind::Member(path) => {
            let mut links = vec![Link::Member(op, path), answer];
            links.extend(path.ends_with("KeyState").then_some(Link::State));
            links
        }
        Kind::Accepted if !state.is_empty() && state != "Enabled" => vec![Link::Accepted(state)],
        Kind::Accepted => Vec::new(),
        Kind::Form => vec![answer],
    }
}

/// Whether what was seen is enough for the link to mean anything.
fn binds(link: &Link, sights: &[(&Violation, &Sighting)]) -> bool {
    match link {
        Link::Accepted(_) => sights.iter().map(|(_, s)| s.op).collect::<BTreeSet<_>>().len() >= ACCEPTING,
        // That keys are refused is a matter of their state only where the state is shown wrong, too.
        Link::State => sights.iter().any(|(_, s)| matches!(s.kind, Kind::Member(_))),
        _ => true,
    }
}

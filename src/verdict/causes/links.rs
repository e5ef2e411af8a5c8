//! Rules that are broken in the same way.

use super::symptoms::Symptoms;
use crate::oracle::MEANWHILE;
use crate::session::{Kind, Sighting, Violation};
use mrkspec_model::call::Operation;
use mrkspec_model::rule::RuleId;
use mrkspec_model::rules::{AUT_001, AUT_002, AUT_003, AUT_004, get};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// From how many operations on that one mistake is behind all that accept a key in one state: several authors
/// forget one operation, few forget many one by one.
const ACCEPTING: usize = 5;

/// The share of the smaller of two sets of rules that both must have to be one.
const OVERLAP: f64 = 0.67;

/// The share of the answers that break two rules that must break both.
const TOGETHER: f64 = 0.8;

/// In how many answers at most a rule is broken by some history, and not by every answer.
const SELDOM: usize = 120;

/// The rules about requests that are signed wrong, or not at all.
const SIGNATURES: [RuleId; 4] = [AUT_001, AUT_002, AUT_003, AUT_004];

/// What is one line for all that differs: how AWS was recorded to answer, and the texts of its exceptions.
const TOGETHER_AS_SHOULD: [&str; 2] = ["AWS", "MSG"];

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
    /// What is told of a key is wrong, by whatever operation tells it.
    Attribute(&'s str),
    /// Keys in this state are accepted by operations that should refuse them.
    Accepted(&'s str),
    /// An operation accepts keys whatever state they are in.
    Blind(Operation),
    /// An operation accepts what should be refused with this exception, or one of several of which this is the first.
    Missed(Operation, &'s str),
    /// Operations give this exception instead of these.
    Instead(&'s str, &'s str),
    /// An operation's answers lack this member, and all that is in it.
    Lacking(Operation, &'s str),
    /// The endpoint takes a key in this state for being in another one: it shows that, or goes by it.
    State(&'s str),
    /// Who may do what is decided wrong.
    Permission,
    /// Who signed a request is not looked at.
    Signature,
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
    let accepting: Vec<_> = found
        .iter()
        .filter(|(link, sights)| binds(link, sights))
        .filter_map(
            |(link, sights)| if let Link::Accepted(state) = link { Some((*state, sights.clone())) } else { None },
        )
        .collect();
    for (state, accepted) in accepting {
        found.entry(Link::State(state)).or_default().extend(accepted);
    }
    let bound = found.iter().filter(|(link, sights)| binds(link, sights));
    let mut sets: BTreeSet<BTreeSet<RuleId>> = bound
        .map(|(_, sights)| sights.iter().map(|(v, _)| v.rule).collect())
        .filter(|s: &BTreeSet<_>| s.len() > 1)
        .collect();
    sets.extend(same_answers(symptoms));
    cover(symptoms.rules().collect(), sets.into_iter().collect())
}

/// The fewest of the sets that have every rule, found greedily; those that mostly overlap are one. What no set has is
/// by itself. So two mistakes with one rule in common stay two.
fn cover(all: BTreeSet<RuleId>, mut sets: Vec<BTreeSet<RuleId>>) -> Vec<Vec<RuleId>> {
    let mut left = all.clone();
    let mut chosen: Vec<BTreeSet<RuleId>> = Vec::new();
    while let Some(best) = sets.iter().max_by_key(|s| ((*s & &left).len(), Reverse(s.len()))).cloned() {
        if best.is_disjoint(&left) {
            break;
        }
        left = &left - &best;
        sets.retain(|s| *s != best);
        chosen.push(best);
    }
    while let Some((a, b)) = overlapping(&chosen) {
        let joined = chosen.swap_remove(b);
        chosen[a].extend(joined);
    }
    chosen.sort_by_key(|set| Reverse(set.len()));
    let mut taken = BTreeSet::new();
    let mut groups: Vec<Vec<RuleId>> = Vec::new();
    for set in chosen {
        groups.push(set.into_iter().filter(|rule| taken.insert(*rule)).collect());
    }
    groups.extend(all.difference(&taken).map(|rule| vec![*rule]));
    groups.retain(|group| !group.is_empty());
    groups
}

/// Two sets that have most of the smaller one in common; the first of them comes first.
fn overlapping(sets: &[BTreeSet<RuleId>]) -> Option<(usize, usize)> {
    let most =
        |a: &BTreeSet<RuleId>, b: &BTreeSet<RuleId>| (a & b).len() as f64 >= OVERLAP * a.len().min(b.len()) as f64;
    (0..sets.len()).flat_map(|b| (0..b).map(move |a| (a, b))).find(|(a, b)| most(&sets[*a], &sets[*b]))
}

/// Pairs of rules that nearly always are broken by the same answers. What is wrong in nearly every answer goes with
/// everything, and says nothing.
fn same_answers(symptoms: &Symptoms) -> Vec<BTreeSet<RuleId>> {
    let mut answers: BTreeMap<RuleId, BTreeSet<(&str, usize, Operation)>> = BTreeMap::new();
    for (violation, sighting) in symptoms.sightings() {
        if matches!(sighting.kind, Kind::Member(_) | Kind::Form) {
            // Of a family that does not settle each member shows its part.
            let answer = (violation.scenario.as_str(), violation.step, sighting.op);
            answers.entry(violation.rule).or_default().insert(answer);
        }
    }
    answers.retain(|_, seen| seen.len() <= SELDOM);
    let rules: Vec<_> = answers.iter().collect();
    let mut pairs = Vec::new();
    for (i, (a, first)) in rules.iter().enumerate() {
        for (b, second) in &rules[..i] {
            let both = first.intersection(second).count();
            if both as f64 >= TOGETHER * first.len().max(second.len()) as f64 {
                pairs.push(BTreeSet::from([**a, **b]));
            }
        }
    }
    pairs
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
    let unsigned = sighting.kind == Kind::Accepted && SIGNATURES.contains(&violation.rule);
    links.extend(unsigned.then_some(Link::Signature));
    links.extend(decided_wrong.then_some(Link::Permission));
    links.extend((TOGETHER_AS_SHOULD.contains(&rule.group())).then(|| Link::Should(rule.group())));
    links
}

fn ways<'s>(violation: &'s Violation, sighting: &'s Sighting) -> Vec<Link<'s>> {
    // What is wrong with a request does not come of the key's state.
    let for_its_state = missed(&violation.expected).is_some_and(|code| STATEFUL.contains(&code));
    let (op, state) = (sighting.op, sighting.state.as_str());
    match &sighting.kind {
        Kind::Refused(code) | Kind::Code(code) => {
            let known = !state.is_empty();
            let refused = matches!(sighting.kind, Kind::Refused(_)) && STATEFUL.contains(&code.as_str());
            let mut links = vec![Link::Exception(op, code)];
            let instead = matches!(sighting.kind, Kind::Code(_)).then_some(Link::Instead(&violation.expected, code));
            links.extend(instead);
            links.extend(known.then_some(Link::InState(state, code)));
            links.extend((known && refused).then_some(Link::State(state)));
            links
        }
        Kind::Member(path) => {
            let mut links = vec![Link::Member(op, path)];
            match path.rsplit('.').next() {
                // One that is not there says nothing of what the key is taken for.
                Some("KeyState") if !violation.observed.ends_with("absent") => {
                    let named = violation.expected.split('"').skip(1).step_by(2);
                    links.extend(named.map(Link::State));
                }
                _ => links.extend(attribute(path).map(Link::Attribute)),
            }
            if violation.observed.ends_with("absent") {
                let parts = path.match_indices('.').map(|(end, _)| &path[..end]).chain([path.as_str()]);
                links.extend(parts.map(|part| Link::Lacking(op, part)));
            }
            links
        }
        Kind::Accepted if for_its_state && !state.is_empty() => vec![Link::Accepted(state), Link::Blind(op)],
        Kind::Accepted => missed(&violation.expected).map(|code| Link::Missed(op, code)).into_iter().collect(),
        Kind::Form => Vec::new(),
    }
}

/// The first of the exceptions that were allowed.
fn missed(expected: &str) -> Option<&str> {
    expected.rsplit(MEANWHILE).next()?.strip_prefix("refused with ")?.split(' ').next()
}

/// What of a key the member of an answer tells. Who its primary is, and which replicas there are, is told differently by
/// each member, for reasons of its own.
fn attribute(path: &str) -> Option<&str> {
    let told = path.strip_prefix("KeyMetadata.").or(path.strip_prefix("ReplicaKeyMetadata."))?;
    (!told.starts_with("MultiRegionConfiguration")).then_some(told)
}

/// Whether what was seen is enough for the link to mean anything.
fn binds(link: &Link, sights: &[(&Violation, &Sighting)]) -> bool {
    match link {
        Link::Accepted(_) => operations(sights) >= ACCEPTING,
        Link::InState(..) | Link::Instead(..) => operations(sights) > 1,
        Link::Lacking(_, whole) => sights.iter().any(|(_, s)| matches!(&s.kind, Kind::Member(path) if path == whole)),
        Link::Blind(_) => sights.iter().map(|(_, s)| &s.state).collect::<BTreeSet<_>>().len() > 1,
        // That keys are refused is a matter of their state only where the state is shown wrong, too.
        Link::State(_) => sights.iter().any(|(_, s)| matches!(s.kind, Kind::Member(_))),
        _ => true,
    }
}

fn operations(sights: &[(&Violation, &Sighting)]) -> usize {
    sights.iter().map(|(_, s)| s.op).collect::<BTreeSet<_>>().len()
}

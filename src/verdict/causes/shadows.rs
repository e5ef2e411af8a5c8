//! What follows from something else: it is broken only after that was, in every sequence.

use super::symptoms::Symptoms;
use super::{Diagnosis, Id};
use crate::session::{Kind, Sighting, Violation};
use mrkspec_model::call::Operation;
use mrkspec_model::rule::{Level, RuleId};
use mrkspec_model::rules::{WIRE_001, WIRE_002, get};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// The share of its sequences in which a cause must follow the same other one.
const LED: f64 = 0.6;

/// How likely it may at most be that a cause comes after another one in all its sequences by chance: what is wrong in
/// nearly every sequence comes before everything.
const CHANCE: f64 = 0.1;

/// Key states that pass by themselves.
const PASSING: [&str; 2] = ["Creating", "Updating"];

/// What is wrong in a larger share of all sequences leads nothing.
const USUAL: f64 = 0.6;

/// Finds the causes that follow from others, in a run of so many sequences.
pub(super) fn cast(symptoms: &Symptoms, diagnosis: &mut Diagnosis, run: usize) {
    let mut sequences: BTreeMap<Id, usize> = BTreeMap::new();
    for sequence in symptoms.sequences() {
        for id in sequence.iter().map(|v| diagnosis.of[&v.rule]).collect::<BTreeSet<_>>() {
            *sequences.entry(id).or_default() += 1;
        }
    }
    let mut roots: BTreeSet<Id> = sequences.keys().copied().collect();
    unreadable(symptoms, diagnosis, &mut roots);
    let mut order: Vec<Id> = roots.iter().copied().collect();
    // What is seen seldom follows from what is seen often.
    order.sort_by_key(|id| sequences[id]);
    for id in order.iter().copied().filter(|id| !diagnosis.known.contains_key(id)).collect::<Vec<_>>() {
        let of_leader = |leader: &Id| sequences[leader] as f64 / run.max(sequences[leader]) as f64;
        let telling =
            |leader: &Id| of_leader(leader) <= USUAL && of_leader(leader).powi(sequences[&id] as i32) <= CHANCE;
        if let Some(leader) = leader(symptoms, diagnosis, &roots, id, sequences[&id]).filter(telling) {
            roots.remove(&id);
            diagnosis.under.insert(id, leader);
        }
    }
    for id in order {
        if roots.contains(&id)
            && !diagnosis.known.contains_key(&id)
            && is_should(&diagnosis.rules(id))
            && let Some(must) = same_way(symptoms, diagnosis, &roots, id, &sequences)
        {
            roots.remove(&id);
            diagnosis.under.insert(id, must);
        }
    }
}

/// What came before a cause in every sequence in which it was seen.
fn leader(symptoms: &Symptoms, diagnosis: &Diagnosis, roots: &BTreeSet<Id>, id: Id, sequences: usize) -> Option<Id> {
    let mut led: BTreeMap<Id, usize> = BTreeMap::new();
    for sequence in symptoms.sequences() {
        let Some(at) = sequence.iter().position(|v| diagnosis.of[&v.rule] == id) else { continue };
        let before: BTreeSet<Id> =
            sequence[..at].iter().filter(|v| has_consequences(v)).map(|v| diagnosis.of[&v.rule]).collect();
        let before: Vec<Id> = before.into_iter().filter(|b| roots.contains(b)).collect();
        if before.is_empty() {
            return None;
        }
        before.into_iter().for_each(|b| *led.entry(b).or_default() += 1);
    }
    let (leader, times) = led.into_iter().max_by_key(|(id, n)| (*n, Reverse(*id)))?;
    (times as f64 >= LED * sequences as f64).then_some(leader)
}

/// What is wrong only with answers that cannot be read follows from that.
fn unreadable(symptoms: &Symptoms, diagnosis: &mut Diagnosis, roots: &mut BTreeSet<Id>) {
    let answers = |of: &dyn Fn(RuleId) -> bool| -> BTreeSet<Answer> {
        symptoms.sightings().filter(|(v, _)| of(v.rule)).map(|(v, s)| answer(v, s)).collect()
    };
    for rule in [WIRE_001, WIRE_002] {
        let Some(cause) = diagnosis.of.get(&rule).copied().filter(|id| roots.contains(id)) else { continue };
        let unread = answers(&|r| r == rule);
        for id in roots.iter().copied().filter(|id| *id != cause).collect::<Vec<_>>() {
            if !diagnosis.known.contains_key(&id) && answers(&|r| diagnosis.of[&r] == id).is_subset(&unread) {
                roots.remove(&id);
                diagnosis.under.insert(id, cause);
            }
        }
    }
}

/// One answer of a run.
type Answer<'s> = (&'s str, usize, Operation, &'s str);

fn answer<'s>(violation: &'s Violation, sighting: &'s Sighting) -> Answer<'s> {
    (&violation.scenario, violation.step, sighting.op, &sighting.region)
}

/// A SHOULD is a matter of the same mistake as a MUST that is broken by the same answers, or in the same way: the same
/// operations give the same exceptions, or word exceptions that they should not give at all.
fn same_way(
    symptoms: &Symptoms,
    diagnosis: &Diagnosis,
    roots: &BTreeSet<Id>,
    id: Id,
    sequences: &BTreeMap<Id, usize>,
) -> Option<Id> {
    let seen = |id: Id| symptoms.sightings().filter(move |(v, _)| diagnosis.of[&v.rule] == id);
    let alike = |a: &Sighting, b: &Sighting| {
        a.op == b.op
            && match (&a.kind, &b.kind) {
                (Kind::Refused(x) | Kind::Code(x), Kind::Refused(y) | Kind::Code(y)) => x == y,
                (Kind::Member(path), Kind::Refused(_) | Kind::Code(_)) => path == "message",
                // Two members of one answer that are wrong are two mistakes.
                (Kind::Member(x), Kind::Member(y)) => x == y,
                _ => false,
            }
    };
    let fits = |other: &Id| {
        let answers: BTreeSet<Answer> = seen(*other).map(|(v, s)| answer(v, s)).collect();
        let whole = |s: &Sighting| !matches!(&s.kind, Kind::Member(path) if path != "message");
        seen(id).all(|(v, s)| {
            whole(s) && answers.contains(&answer(v, s)) || seen(*other).any(|(_, theirs)| alike(s, theirs))
        })
    };
    // Only the texts of exceptions follow from something that is no MUST either.
    let texts = |id: Id| diagnosis.rules(id).iter().all(|r| get(*r).group() == "MSG");
    let more = |other: &Id| !is_should(&diagnosis.rules(*other)) || (texts(id) && !texts(*other));
    let others = roots.iter().copied().filter(|other| *other != id).filter(more);
    others.filter(fits).max_by_key(|other| sequences[other])
}

fn is_should(rules: &[RuleId]) -> bool {
    rules.iter().all(|r| get(*r).level != Level::Must)
}

/// Whether what comes after a deviation may come of it: it may have left something other than it should.
fn has_consequences(violation: &Violation) -> bool {
    let rule = get(violation.rule);
    let Some(sighting) = &violation.sighting else { return false };
    if rule.group() == "WIRE" || rule.level != Level::Must {
        return false;
    }
    let change = !sighting.op.is_read();
    match &sighting.kind {
        // Refused one way or the other: nothing has changed.
        Kind::Code(_) => false,
        // What it showed to be over is not over: the next call will tell otherwise.
        Kind::Accepted if PASSING.contains(&sighting.state.as_str()) || makes_something(sighting.op) => true,
        Kind::Accepted | Kind::Refused(_) => change,
        Kind::Member(path) => shows_state(sighting.op, path),
        Kind::Form => true,
    }
}

/// Whether later calls use what a cryptographic operation makes.
fn makes_something(op: Operation) -> bool {
    use Operation::*;
    matches!(op, Encrypt | ReEncrypt | GenerateDataKey | GenerateDataKeyWithoutPlaintext | Sign | GenerateMac)
}

/// Whether a member of an answer shows what other operations go by.
fn shows_state(op: Operation, path: &str) -> bool {
    use Operation::*;
    const GONE_BY: [&str; 9] =
        ["KeyState", "MultiRegion", "Enabled", "Deletion", "Origin", "KeyUsage", "KeySpec", "KeyMaterial", "KeyId"];
    match op {
        GetKeyRotationStatus | ListKeyRotations | GetKeyPolicy | ListGrants | ListAliases => true,
        _ => GONE_BY.iter().any(|part| path.contains(part)),
    }
}

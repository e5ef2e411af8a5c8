//! Sequences that make one pair of successive changes after the other.

use super::choose::is_open_policy;
use super::covered::Covered;
use super::kinds::{Kind, kinds};
use super::node::settled;
use super::reach::{CHANGES, is_possible, places};
use super::walk::{MOST, Walk};
use crate::generate::menu::{Abilities, offers};
use crate::generate::preferred::preferred_successor;
use crate::sequence::Sequence;
use mrkspec_model::call::{Call, Operation};
use mrkspec_model::situation::Role;
use mrkspec_model::step::step;
use std::collections::BTreeSet;

/// Sequences that make one pair of successive changes after the other.
pub(super) fn cover_pairs(
    kind: &Kind,
    abilities: Abilities,
    pairs: &BTreeSet<(Operation, Operation)>,
    covered: &mut Covered,
    sequences: &mut Vec<Sequence>,
) {
    let external = kinds().into_iter().find(|k| k.title.starts_with("EXTERNAL") && k.members > 1);
    for kind in std::iter::once(kind).chain(&external) {
        loop {
            let before = covered.pairs.len();
            // Once to see which is the last change that is of use, and then without the rest.
            let mut trial = covered.clone();
            let (_, useful) = pair_walk(kind, abilities, pairs, &mut trial, usize::MAX);
            if trial.pairs.len() == before {
                break;
            }
            let (walk, _) = pair_walk(kind, abilities, pairs, covered, useful);
            sequences.push(walk.finish(format!("tour/{:03}", sequences.len() + 1), "pairs of successive changes"));
        }
    }
}

/// One sequence of pairs, of at most so many changes. Returns also after how many nothing new came.
fn pair_walk<'w>(
    kind: &'w Kind,
    abilities: Abilities,
    pairs: &BTreeSet<(Operation, Operation)>,
    covered: &'w mut Covered,
    most: usize,
) -> (Walk<'w>, usize) {
    let mut walk = Walk::new(&kind.operations, abilities, covered);
    walk.make_with_pairs(&kind.create, kind.members);
    let (mut changes, mut useful, mut adorned) = (0, 0, false);
    while changes < most && walk.steps.len() < MOST && changes < useful + 12 {
        let paired = walk.covered.pairs.len();
        let call = walk.pairing_change(pairs).or_else(|| walk.leading_change(pairs));
        if call.is_none() && !adorned {
            walk.adorn();
            adorned = true;
            continue;
        }
        let Some(call) = call.or_else(|| walk.opening_change(changes - useful)) else { break };
        walk.send(call);
        changes += 1;
        if walk.covered.pairs.len() > paired {
            useful = changes;
        }
    }
    (walk, useful)
}

impl Walk<'_> {
    /// The change after the last ReplicateKey that makes a new pair: only here are keys made.
    pub(super) fn pair_with_replication(&mut self) {
        let last = Operation::ReplicateKey;
        if self.last != Some(last) {
            return;
        }
        let open: Vec<Operation> =
            CHANGES.iter().copied().filter(|op| !self.covered.pairs.contains(&(last, *op))).collect();
        let effective = open.iter().find_map(|op| self.find(*op, |walk, call| walk.is_harmless(call)));
        let call = effective.or_else(|| open.iter().find_map(|op| self.find(*op, |walk, call| walk.is_in_vain(call))));
        if let Some(call) = call {
            self.send(call);
        }
    }

    /// A change that makes a new pair with the last one: one that has effect, if there is any.
    pub(super) fn pairing_change(&self, wanted: &BTreeSet<(Operation, Operation)>) -> Option<Call> {
        let last = self.last?;
        let open = |op: &Operation| wanted.contains(&(last, *op)) && !self.covered.pairs.contains(&(last, *op));
        let ops: Vec<Operation> = self.changes().filter(open).collect();
        let effective = ops.iter().find_map(|op| self.find(*op, |walk, call| walk.is_harmless(call)));
        effective.or_else(|| ops.iter().find_map(|op| self.find(*op, |walk, call| walk.is_in_vain(call))))
    }

    /// A change after which a new pair can be made.
    pub(super) fn leading_change(&self, wanted: &BTreeSet<(Operation, Operation)>) -> Option<Call> {
        let open = |op: &Operation| wanted.iter().any(|(x, y)| x == op && !self.covered.pairs.contains(&(*x, *y)));
        let ops: Vec<Operation> = self.changes().filter(open).collect();
        ops.iter().find_map(|op| {
            self.find(*op, |walk, call| {
                if !walk.is_harmless(call) {
                    return false;
                }
                let next = settled(preferred_successor(&walk.world, call, &step(&walk.world, call)));
                let all = places(&next, walk.abilities);
                let mut follow = wanted.iter().filter(|(x, y)| x == op && !walk.covered.pairs.contains(&(*x, *y)));
                follow.any(|(_, y)| all.iter().flat_map(|p| offers(*y, p)).any(|c| is_open_policy(&c)))
            })
        })
    }

    /// A change that makes others possible: where nothing else leads on.
    pub(super) fn opening_change(&self, number: usize) -> Option<Call> {
        let all: Vec<Call> =
            self.changes().filter_map(|op| self.find(op, |walk, call| walk.is_harmless(call))).collect();
        all.get(number % all.len().max(1)).cloned()
    }

    /// Whether a call is refused and changes nothing.
    pub(super) fn is_in_vain(&self, call: &Call) -> bool {
        let outcomes = step(&self.world, call);
        !is_possible(&outcomes) && self.world.situation(call).role != Role::None && self.concerns_main(call)
    }
}

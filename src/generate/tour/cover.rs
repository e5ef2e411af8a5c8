//! Sequences that go from node to node and cover what can be met there.

use super::covered::Covered;
use super::kinds::Kind;
use super::node::{Graph, HOMES, Move};
use super::reach::{Goal, is_possible};
use super::walk::{MOST, Walk};
use crate::generate::menu::Abilities;
use crate::sequence::Sequence;
use mrkspec_model::call::{Call, Operation};
use mrkspec_model::situation::Situation;
use mrkspec_model::step::step;
use mrkspec_model::world::KeyState;
use std::collections::{HashMap, HashSet};

/// Sequences in which a goal is tried for before it is given up.
const TRIES: usize = 3;

/// Covers what concerns one kind of family.
pub(super) struct Walker<'t> {
    pub(super) kind: &'t Kind,
    pub(super) graph: &'t Graph,
    pub(super) abilities: Abilities,
}

impl Walker<'_> {
    /// Makes sequences until nothing new can be covered.
    pub(super) fn cover(&self, goals: &[Goal], covered: &mut Covered, sequences: &mut Vec<Sequence>) {
        let mut failures: HashMap<Situation, usize> = HashMap::new();
        loop {
            let hopeless = |g: &Goal| failures.get(&g.situation).is_some_and(|n| *n >= TRIES);
            let open: Vec<&Goal> = goals
                .iter()
                .filter(|g| !covered.situations.contains(&g.situation) && !hopeless(g))
                .filter(|g| g.situation.policy.is_plain())
                .collect();
            if open.is_empty() {
                break;
            }
            let mut more = covered.clone();
            more.aim(goals.iter().map(|g| g.situation));
            let mut walk = Walk::new(&self.kind.operations, self.abilities, &mut more);
            self.kind.begin(&mut walk);
            if !self.kind.full {
                walk.pair_with_replication();
            }
            let mut given_up = HashSet::new();
            self.walk(&mut walk, &open, &mut given_up);
            let sequence = walk.finish(format!("tour/{:03}", sequences.len() + 1), &self.kind.title);
            // A sequence that shows nothing new is not worth its keys.
            if open.iter().any(|g| more.situations.contains(&g.situation)) {
                *covered = more;
                sequences.push(sequence);
            } else if given_up.is_empty() {
                break;
            }
            for situation in given_up {
                *failures.entry(situation).or_default() += 1;
            }
        }
        self.cover_policies(goals, covered, sequences);
    }

    fn walk(&self, walk: &mut Walk, open: &[&Goal], given_up: &mut HashSet<Situation>) {
        walk.be_still();
        let mut dressed = false;
        while walk.steps.len() < MOST && !walk.over {
            if let Some(call) =
                walk.fresh_change().filter(|_| dressed || !open.iter().any(|g| self.waits(walk, g, given_up)))
            {
                walk.send(call);
                walk.be_still();
                continue;
            }
            if dressed {
                walk.adorn();
            }
            let here = walk.node(self.graph).shape();
            let mine = |g: &&&Goal| !walk.covered.situations.contains(&g.situation) && !given_up.contains(&g.situation);
            let fits = |g: &&&Goal| g.adorned <= dressed;
            if let Some(goal) = open.iter().filter(mine).filter(fits).find(|g| g.shape == here) {
                self.pursue(walk, goal, given_up);
                continue;
            }
            let next = open.iter().filter(mine).filter(fits).min_by_key(|g| {
                self.graph.way(&walk.node(self.graph), |n| n.shape() == g.shape).map_or(usize::MAX, |w| w.len())
            });
            if let Some(goal) = next {
                match self.graph.way(&walk.node(self.graph), |n| n.shape() == goal.shape) {
                    Some(way) if !way.is_empty() => {
                        walk.travel(&way);
                        if walk.node(self.graph).shape() != goal.shape {
                            given_up.insert(goal.situation);
                        }
                    }
                    _ => {
                        given_up.insert(goal.situation);
                    }
                }
                continue;
            }
            if dressed || !self.kind.full {
                return;
            }
            // Everything about bare keys is covered: the same with attributes.
            if let Some(way) = self.graph.way(&walk.node(self.graph), |n| *n == self.graph.order[0]) {
                walk.travel(&way);
            }
            walk.adorn();
            walk.be_still();
            dressed = true;
        }
    }

    /// Whether a goal needs members without attributes, so that these must not be given any yet.
    fn waits(&self, walk: &Walk, goal: &Goal, given_up: &HashSet<Situation>) -> bool {
        !goal.adorned && !walk.covered.situations.contains(&goal.situation) && !given_up.contains(&goal.situation)
    }

    /// Sends a call that may leave doubts about a key state; then it is brought to one that is known.
    fn send(&self, walk: &mut Walk, call: Call) {
        let doubtful = is_possible(&step(&walk.world, &call)) && !walk.is_clear(&call);
        // With material again, and enabled, a member is in the same state whatever it was in before.
        let recovers = call.op == Operation::CancelKeyDeletion || self.kind.imports();
        let region = HOMES.iter().position(|h| **h == *call.region);
        walk.send(call);
        match region.filter(|_| doubtful) {
            Some(i) if recovers => walk.follow(&Move::Recover(i), 1),
            Some(_) => walk.over = true,
            None => {}
        }
    }

    /// Does what leads to a goal from here. A goal that stays out of reach is given up.
    fn pursue(&self, walk: &mut Walk, goal: &Goal, given_up: &mut HashSet<Situation>) {
        let busy = matches!(goal.situation.state, Some(KeyState::Updating | KeyState::Creating));
        let imports = |s: &Situation| s.op == Operation::ImportKeyMaterial;
        if imports(&goal.situation) || goal.via.as_ref().is_some_and(imports) {
            walk.renew_parameters();
        }
        match &goal.via {
            None => {
                if let Some(call) = walk.call_in(&goal.situation) {
                    self.send(walk, call);
                }
            }
            Some(via) if busy => {
                if let Some(call) = walk.change_like(via) {
                    walk.look_while(call, &goal.situation);
                }
            }
            Some(via) => {
                if let Some(call) = walk.change_towards(via, &goal.situation) {
                    self.send(walk, call);
                }
            }
        }
        walk.be_still();
        if !walk.covered.situations.contains(&goal.situation) {
            given_up.insert(goal.situation);
        }
    }
}

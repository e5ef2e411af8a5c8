//! Walking: one sequence of a tour as it grows, and what it has covered.

use super::covered::{Cost, Covered};
use super::node::{Graph, MAIN, Move, Node, settled};
use super::reach::{CHANGES, is_possible, succeeds};
use crate::generate::menu::Abilities;
use crate::generate::preferred::preferred_successor;
use crate::sequence::normalise;
use crate::sequence::{Action, Sequence, Step};
use mrkspec_model::Possible;
use mrkspec_model::call::{Arg, Call, Operation};
use mrkspec_model::outcome::Outcome;
use mrkspec_model::situation::Situation;
use mrkspec_model::step::step;

/// Calls of one sequence at most, about. Longer ones cost fewer keys; shorter ones lose less when
/// an endpoint deviates so much that a sequence cannot go on.
pub const MOST: usize = 250;

/// One sequence while it is made.
pub struct Walk<'t> {
    pub operations: &'t [Operation],
    pub(super) abilities: Abilities,
    pub covered: &'t mut Covered,
    pub world: Possible,
    pub steps: Vec<Step>,
    /// The last change of the main family.
    pub(super) last: Option<Operation>,
    /// True when nobody can tell any more what the key states are: the sequence ends.
    pub over: bool,
    /// True while nobody can tell, but will be able to: what is met meanwhile does not count.
    doubtful: bool,
}

impl<'t> Walk<'t> {
    /// An empty sequence.
    pub fn new(operations: &'t [Operation], abilities: Abilities, covered: &'t mut Covered) -> Walk<'t> {
        let world = Possible::new(true);
        Walk { operations, abilities, covered, world, steps: Vec::new(), last: None, over: false, doubtful: false }
    }

    /// Where the family is in a graph.
    pub fn node(&self, graph: &Graph) -> Node {
        Node::of(self.world.family(MAIN).expect("the family was made"), graph.members)
    }

    /// Ends the sequence.
    pub fn finish(self, id: String, title: &str) -> Sequence {
        // Each member's deletion is scheduled in the end: that is not free.
        let members: usize = self.world.families.values().map(|f| f.members.len()).sum();
        self.covered.requests += members;
        let covered = self.covered;
        let before = |part: fn(&Cost) -> usize| covered.costs.iter().map(part).sum::<usize>();
        let cost = Cost {
            requests: covered.requests - before(|c| c.requests),
            keys: covered.keys - before(|c| c.keys),
            covers: covered.new - before(|c| c.covers),
        };
        covered.costs.push(cost);
        Sequence { id, title: title.into(), rules: Vec::new(), steps: self.steps }
    }

    /// Sends a call, and waits for the end of what it begins.
    pub fn send(&mut self, call: Call) {
        let begins = matches!(call.op, Operation::ReplicateKey | Operation::UpdatePrimaryRegion);
        let outcomes = step(&self.world, &call);
        let settle = begins && succeeds(&outcomes);
        self.push(call, &outcomes, settle);
    }

    /// Sends a call whose situation no exploration has found; it can be reached, then.
    pub fn meet(&mut self, call: Call, reachable: &mut Vec<Situation>) {
        let met = self.world.situation(&call).due(&step(&self.world, &call));
        if !reachable.contains(&met) {
            reachable.push(met);
        }
        self.send(call);
    }

    /// Sends a call and does not wait.
    pub(super) fn send_now(&mut self, call: Call) {
        let outcomes = step(&self.world, &call);
        self.push(call, &outcomes, false);
    }

    fn push(&mut self, mut call: Call, outcomes: &[Outcome], settle: bool) {
        if call.name.is_empty() {
            call.name = format!("s{:03}", self.steps.len() + 1).into();
        }
        // The name decides what later calls refer to.
        let outcomes = if outcomes.is_empty() { Vec::new() } else { step(&self.world, &call) };
        if !self.doubtful {
            self.covered.note(self.world.situation(&call).due(&outcomes));
        }
        self.covered.requests += 1;
        let done = succeeds(&outcomes);
        if done && matches!(call.op, Operation::CreateKey | Operation::ReplicateKey) {
            self.covered.keys += 1;
        }
        if CHANGES.contains(&call.op) && self.concerns_main(&call) {
            self.covered.pairs.extend(self.last.map(|last| (last, call.op)));
            if is_possible(&outcomes) {
                self.last = Some(call.op);
            }
        }
        self.world = preferred_successor(&self.world, &call, &outcomes);
        let text = normalise::call(&call);
        self.steps.push(Step { text, action: Action::Call { call: Box::new(call), settle, expect: None } });
        if settle {
            self.settle_quietly();
        }
    }

    /// The looks at every member that settling takes.
    fn settle_quietly(&mut self) {
        self.world = settled(self.world.clone());
        let regions: Vec<_> = self.world.family(MAIN).into_iter().flat_map(|f| f.members.keys().cloned()).collect();
        let rotated = self.world.family(MAIN).is_some_and(|f| f.rotations.is_awaited());
        let asked = [Some(Operation::DescribeKey), rotated.then_some(Operation::ListKeyRotations)];
        for op in asked.into_iter().flatten() {
            for region in &regions {
                let look = Call::new(op, region).key(&MAIN.into());
                self.covered.note(self.world.situation(&look).due(&step(&self.world, &look)));
                self.covered.requests += 1;
            }
        }
        if rotated {
            self.world.world.family_mut(MAIN).rotations.finish();
        }
    }

    /// A step that waits until the family is settled.
    pub(super) fn settle(&mut self) {
        let text = format!("settle {MAIN}");
        self.steps.push(Step { text, action: Action::Settle(MAIN.into()) });
        self.settle_quietly();
    }

    pub(super) fn is_member(&self, region: &str) -> bool {
        self.world.family(MAIN).is_some_and(|f| f.members.contains_key(region))
    }

    pub(super) fn concerns_main(&self, call: &Call) -> bool {
        match call.args.get(call.op.key_member()) {
            Some(Arg::Key(key)) => &*key.name == MAIN,
            _ => match call.args.get("AliasName") {
                Some(Arg::AliasName(alias)) => {
                    let slot = (call.region.clone(), alias.clone());
                    self.world.aliases.get(&slot).is_some_and(|f| &**f == MAIN)
                }
                _ => true,
            },
        }
    }

    /// Follows the moves, except when one does not lead where the graph says.
    pub fn travel(&mut self, moves: &[Move]) {
        for by in moves {
            self.follow(by, 0);
            self.be_still();
        }
    }

    /// Makes a move, without its first calls.
    pub fn follow(&mut self, by: &Move, skipped: usize) {
        let parameters: mrkspec_model::world::Name = format!("p{:03}", self.steps.len() + 1).into();
        self.doubtful = matches!(by, Move::Recover(_)) && skipped > 0;
        for call in by.calls(&parameters).into_iter().skip(skipped) {
            self.send(call);
            self.doubtful |= matches!(by, Move::Recover(_));
        }
        self.doubtful = false;
    }
}

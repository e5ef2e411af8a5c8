//! The states that a family can be in, and the moves between them: the graph that a tour walks.

use crate::generate::preferred::preferred_successor;
use mrkspec_model::call::{Arg, Call, Operation};
use mrkspec_model::keyspec::Origin;
use mrkspec_model::outcome::{Answer, Outcome};
use mrkspec_model::step::step;
use mrkspec_model::world::{Family, Imported, KeyState, Name};
use mrkspec_model::{LastEvent, Possible, World};
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::sync::Arc;

/// Regions of the members of a tour's families, the first primary's first.
pub const HOMES: [&str; 3] = ["us-east-1", "eu-west-1", "ap-southeast-2"];
/// The name of the family that a tour is about, and that of a key beside it.
pub const MAIN: &str = "k";
pub const BESIDE: &str = "other";

/// One member: its key state, and whether it has imported material.
type Spot = (KeyState, bool);

/// The states of all members, by Region, and where the primary is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    primary: usize,
    members: [Option<Spot>; 3],
}

/// A node without the names of its Regions: replicas have no order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shape {
    primary: Option<Spot>,
    replicas: [Option<Spot>; 2],
}

impl Shape {
    /// True when every member is enabled.
    pub fn is_enabled(&self) -> bool {
        let enabled = |spot: &Option<Spot>| spot.is_none_or(|(state, _)| state == KeyState::Enabled);
        enabled(&self.primary) && self.replicas.iter().all(enabled)
    }
}

impl Node {
    /// The node that a family is in; only its first members count.
    pub fn of(family: &Family, members: usize) -> Node {
        let member = |i: usize| family.members.get(HOMES[i]).filter(|_| i < members);
        let at = |i: usize| member(i).map(|m| (m.state, !m.held.is_empty()));
        let primary = HOMES.iter().position(|h| **h == *family.primary).unwrap_or(0);
        Node { primary, members: [at(0), at(1), at(2)] }
    }

    /// What it looks like without the names of its Regions.
    pub fn shape(&self) -> Shape {
        let others: Vec<usize> = (0..3).filter(|i| *i != self.primary).collect();
        let mut replicas = [self.members[others[0]], self.members[others[1]]];
        replicas.sort();
        Shape { primary: self.members[self.primary], replicas }
    }
}

/// A change of key states that leads from one node to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Move {
    /// An operation on the member in this Region that needs no more arguments.
    Plain(Operation, usize),
    /// A promotion, from one Region to another.
    Promote(usize, usize),
    /// Parameters, then the import of the family's material.
    Import(usize),
    /// A deletion is cancelled on a member without material. What state that leads to is not
    /// documented; with material and enabled, it is the same either way.
    Recover(usize),
}

impl Move {
    /// The calls that make the move; the name is that of the step that fetches parameters.
    pub fn calls(self, parameters: &Name) -> Vec<Call> {
        let on = |op, i: usize| Call::new(op, HOMES[i]).key(&MAIN.into());
        let text = |s: &str| Arg::Json(Value::String(s.into()));
        match self {
            Move::Plain(Operation::ScheduleKeyDeletion, i) => {
                vec![on(Operation::ScheduleKeyDeletion, i).with("PendingWindowInDays", Arg::Json(json!(7)))]
            }
            Move::Plain(op, i) => vec![on(op, i)],
            Move::Promote(from, to) => {
                vec![on(Operation::UpdatePrimaryRegion, from).with("PrimaryRegion", text(HOMES[to]))]
            }
            Move::Import(i) => {
                let asked = on(Operation::GetParametersForImport, i)
                    .with("WrappingAlgorithm", text("RSAES_OAEP_SHA_256"))
                    .with("WrappingKeySpec", text("RSA_2048"));
                let given = on(Operation::ImportKeyMaterial, i)
                    .with("ImportToken", Arg::Result { step: parameters.clone(), damaged: false })
                    .with("EncryptedKeyMaterial", Arg::Material { name: "m".into(), step: parameters.clone() })
                    .with("ExpirationModel", text("KEY_MATERIAL_DOES_NOT_EXPIRE"));
                vec![Call { name: parameters.clone(), ..asked }, given]
            }
            Move::Recover(i) => {
                let mut calls = vec![on(Operation::CancelKeyDeletion, i)];
                calls.extend(Move::Import(i).calls(parameters));
                calls.push(on(Operation::EnableKey, i));
                calls
            }
        }
    }

    /// Requests that it takes, waiting included.
    fn requests(self) -> u32 {
        match self {
            Move::Plain(..) => 1,
            Move::Promote(..) => 4,
            Move::Import(_) => 2,
            Move::Recover(_) => 4,
        }
    }

    fn all(members: usize) -> Vec<Move> {
        use Operation::*;
        let ops = [DisableKey, EnableKey, ScheduleKeyDeletion, CancelKeyDeletion, DeleteImportedKeyMaterial];
        let mut list: Vec<Move> = ops.iter().flat_map(|op| (0..members).map(move |i| Move::Plain(*op, i))).collect();
        for from in 0..members {
            list.extend((0..members).filter(|to| *to != from).map(|to| Move::Promote(from, to)));
            list.extend([Move::Import(from), Move::Recover(from)]);
        }
        list
    }
}

/// Every node that the moves reach from one, and the moves between them.
pub struct Graph {
    /// A world in the first node; the others differ from it in key states.
    base: Possible,
    /// Members that its families have; later ones do not count.
    pub members: usize,
    edges: BTreeMap<Node, Vec<(Move, Node)>>,
    /// The nodes in the order of their distance from the first.
    pub order: Vec<Node>,
}

impl Graph {
    /// Explores the moves of the main family of a world.
    pub fn explore(base: &Possible) -> Graph {
        let family = base.family(MAIN).expect("the family of the tour");
        let members = HOMES.iter().filter(|h| family.members.contains_key(**h)).count();
        let mut graph = Graph { base: base.clone(), members, edges: BTreeMap::new(), order: Vec::new() };
        let moves = Move::all(members);
        let mut todo = VecDeque::from([Node::of(family, members)]);
        while let Some(node) = todo.pop_front() {
            if graph.edges.contains_key(&node) {
                continue;
            }
            let world = graph.world(&node);
            let next: Vec<(Move, Node)> = moves
                .iter()
                .filter_map(|m| Some((*m, applied(&world, *m, members)?)))
                .filter(|(_, n)| *n != node)
                .collect();
            todo.extend(next.iter().map(|(_, n)| *n));
            graph.edges.insert(node, next);
            graph.order.push(node);
        }
        graph
    }

    /// The base world with the key states of a node.
    pub fn world(&self, node: &Node) -> Possible {
        let Possible { mut world, mut trail } = self.base.clone();
        let family = Arc::make_mut(world.families.get_mut(MAIN).expect("the family of the tour"));
        family.primary = HOMES[node.primary].into();
        let past = trail.family_mut(&MAIN.into());
        past.last = self.last_change(node, family);
        if node.members.iter().flatten().any(|(_, material)| *material) {
            if family.materials.used.is_empty() {
                family.materials.used.push("m".into());
            }
        }
        for (home, spot) in HOMES.iter().zip(node.members) {
            if let (Some(member), Some((state, material))) = (family.members.get_mut(*home), spot) {
                member.state = state;
                member.window = state.is_pending_deletion().then_some(7);
                if !member.held.is_empty() && !material {
                    past.lose_material(&Name::from(*home));
                }
                member.held.clear();
                if material {
                    member.held.insert("m".into(), Imported::Lasting);
                }
            }
        }
        Possible { world, trail }
    }

    /// The kind of change that ways to a node end with.
    fn last_change(&self, node: &Node, family: &Family) -> LastEvent {
        let at = |fits: &dyn Fn(KeyState) -> bool| {
            let found = node.members.iter().position(|m| m.is_some_and(|(state, _)| fits(state)));
            found.map(|i| HOMES[i].into())
        };
        let pending = at(&|s| s == KeyState::PendingReplicaDeletion).or_else(|| at(&KeyState::is_pending_deletion));
        let imports = family.origin == Origin::External;
        match (pending, at(&|s| s == KeyState::Disabled)) {
            (Some(region), _) => LastEvent::Deletion(region),
            (None, Some(region)) => LastEvent::State(region),
            (None, None) if imports => LastEvent::Imported(family.primary.clone()),
            (None, None) => LastEvent::State(family.primary.clone()),
        }
    }

    /// The moves to the node that fits and takes the fewest requests, from a node; empty when it fits itself, `None` when
    /// none can be reached.
    pub fn way(&self, from: &Node, fits: impl Fn(&Node) -> bool) -> Option<Vec<Move>> {
        let mut came: BTreeMap<Node, (Node, Move)> = BTreeMap::new();
        let mut todo = BinaryHeap::from([(Reverse(0), *from)]);
        let mut done = BTreeSet::new();
        while let Some((Reverse(cost), node)) = todo.pop() {
            if !done.insert(node) {
                continue;
            }
            if fits(&node) {
                let mut moves = Vec::new();
                let mut at = node;
                while at != *from {
                    let (before, by) = came[&at];
                    moves.push(by);
                    at = before;
                }
                moves.reverse();
                return Some(moves);
            }
            for (by, next) in self.edges.get(&node).into_iter().flatten() {
                let dearer = cost + by.requests();
                if !done.contains(next) && todo.iter().all(|(Reverse(c), n)| n != next || *c > dearer) {
                    came.insert(*next, (node, *by));
                    todo.push((Reverse(dearer), *next));
                }
            }
        }
        None
    }
}

/// The node that a move leads to, if it is allowed and leads to one only.
fn applied(world: &Possible, by: Move, members: usize) -> Option<Node> {
    let mut worlds = vec![world.clone()];
    for call in by.calls(&"p".into()) {
        let mut next = Vec::new();
        for world in &worlds {
            let outcomes = step(world, &call);
            if !outcomes.iter().all(|o| matches!(o.answer, Answer::Success(_))) {
                return None;
            }
            next.extend(outcomes.iter().map(|o| settled(world.after(&call, o))));
        }
        worlds = next;
    }
    let nodes: BTreeSet<Node> = worlds.iter().filter_map(|w| Some(Node::of(w.family(MAIN)?, members))).collect();
    nodes.first().copied().filter(|_| nodes.len() == 1)
}

/// The world after a call that must succeed, and whose effect on key states is beyond doubt.
pub fn clear(world: &Possible, call: &Call, outcomes: &[Outcome]) -> Option<Possible> {
    let success = |o: &Outcome| matches!(o.answer, Answer::Success(_));
    let states = |w: &World| w.family(MAIN).map(|f| Node::of(f, HOMES.len()));
    let next = preferred_successor(world, call, outcomes);
    let one = outcomes
        .iter()
        .all(|o| success(o) && states(&o.next.clone().settled()) == states(&next.world.clone().settled()));
    one.then_some(next)
}

/// The same when nothing is under way any more.
pub fn settled(mut world: Possible) -> Possible {
    while let Some(later) = world.settle_steps().pop() {
        world = later;
    }
    world
}

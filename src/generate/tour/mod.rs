//! The coverage tour: a small set of sequences, computed from the model, that covers every reachable
//! situation and every pair of successive changes. Deterministic; nothing is sent to make it.

mod node;
mod reach;
mod walk;

use super::menu::{Abilities, creations, wrong_creations};
use crate::run::Sequence;
use crate::spec::call::{Arg, Auth, Call, KeyForm, KeyRef, Operation};
use crate::spec::situation::Situation;
use crate::spec::step::step;
use crate::spec::world::{KeyState, World};
use node::{Graph, HOMES, MAIN, Move};
use reach::{Goal, Reach, is_possible};
use serde::Serialize;
use std::collections::{BTreeSet, HashMap, HashSet};
pub use walk::Cost;
use walk::{Covered, Walk};

/// Calls of one sequence at most, about. Longer ones cost fewer keys; shorter ones lose less when
/// an endpoint deviates so much that a sequence cannot go on.
const MOST: usize = 250;

/// Sequences in which a goal is tried for before it is given up.
const TRIES: usize = 3;

/// The sequences, and what they are there for.
#[derive(Clone, Debug)]
pub struct Tour {
    pub sequences: Vec<Sequence>,
    pub plan: Plan,
}

/// What a tour covers of what is reachable, and what it costs.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    /// Situations that can be reached.
    pub reachable: usize,
    /// Of these, those that the tour puts to the test.
    pub covered: usize,
    /// The others, in words.
    pub missing: Vec<String>,
    /// Pairs of successive changes of one family that are possible.
    pub pairs_reachable: usize,
    pub pairs_covered: usize,
    pub pairs_missing: Vec<String>,
    /// Requests that it sends to an endpoint that settles at once, cleaning up included.
    pub requests: usize,
    /// Keys that it makes; each replica is a key.
    pub keys: usize,
    /// What each sequence costs, in their order.
    pub costs: Vec<Cost>,
    /// Every reachable situation.
    #[serde(skip)]
    pub situations: Vec<Situation>,
}

/// One kind of family that tours are about.
struct Kind {
    create: Call,
    members: usize,
    title: String,
    operations: Vec<Operation>,
    /// Everything there is to ask: permissions, attributes, pairs of changes.
    full: bool,
}

impl Kind {
    /// Makes the keys of a sequence, and what later calls need.
    fn begin(&self, walk: &mut Walk) {
        match self.imports() {
            true => walk.make_and_import(&self.create, self.members),
            false => walk.make(&self.create, self.members),
        }
        if self.full && self.members > 1 {
            walk.make_beside(&Call::new(Operation::CreateKey, HOMES[0]));
        }
        walk.provide();
    }

    /// Whether its key material is imported.
    fn imports(&self) -> bool {
        self.create.text("Origin") == Some("EXTERNAL")
    }
}

fn kinds() -> Vec<Kind> {
    use Operation::*;
    let everything: Vec<Operation> = Operation::ALL.iter().copied().filter(|op| *op != CreateKey).collect();
    let core = [DescribeKey, UpdatePrimaryRegion, ReplicateKey, DisableKey, EnableKey];
    let deletion = [ScheduleKeyDeletion, CancelKeyDeletion];
    let rotation = [EnableKeyRotation, DisableKeyRotation, GetKeyRotationStatus, RotateKeyOnDemand, ListKeyRotations];
    let import = [GetParametersForImport, ImportKeyMaterial, DeleteImportedKeyMaterial];
    let crypto: Vec<Operation> = Operation::ALL.iter().copied().filter(|op| op.is_cryptographic()).collect();
    let mut list = Vec::new();
    // One without any options begins the sequences about policies and pairs.
    let plain = multi_region();
    for create in creations(HOMES[0]).into_iter().filter(|c| *c != plain) {
        let multi = create.flag("MultiRegion");
        let spec = create.text("KeySpec").unwrap_or("SYMMETRIC_DEFAULT").to_string();
        let external = create.text("Origin") == Some("EXTERNAL");
        let symmetric = spec == "SYMMETRIC_DEFAULT";
        let operations: Vec<Operation> = match () {
            () if symmetric && !external => everything.clone(),
            () if external => [&core[..], &deletion, &rotation, &import, &[Encrypt, Decrypt, ReEncrypt]].concat(),
            () => [&core[..], &deletion, &rotation, &crypto].concat(),
        };
        let members = match () {
            () if !multi => 1,
            () if symmetric && !external => 3,
            () => 2,
        };
        let usage = create.text("KeyUsage").unwrap_or("");
        let kind = if external { "EXTERNAL".into() } else { format!("{spec} {usage}").trim().to_string() };
        let title = format!("{kind}, {}", if multi { "multi-Region" } else { "single-Region" });
        list.push(Kind { create, members, title, operations, full: symmetric && !external });
    }
    list
}

/// Computes the tour for a target with these abilities.
pub fn tour(abilities: Abilities) -> Tour {
    let mut covered = Covered::default();
    let mut sequences = Vec::new();
    let mut known = HashSet::new();
    let mut reachable: Vec<Situation> = Vec::new();
    let mut pairs = BTreeSet::new();
    for kind in kinds() {
        let base = first_world(&kind);
        let graph = Graph::explore(&base);
        let mut reach = Reach::new(&graph, abilities, &kind.operations, std::mem::take(&mut known));
        if kind.imports() {
            // Before anything was imported: begin() goes through that.
            reach.collect_at(&made_only(&kind));
        }
        reach.collect(false, |world| world);
        if kind.full {
            let dressed = adorned(&kind, abilities);
            reach.collect(true, |world| dress(&dressed, world));
        }
        let goals = std::mem::take(&mut reach.goals);
        pairs.extend(reach.pairs.iter().copied());
        known = reach.into_known();
        reachable.extend(goals.iter().map(|g| g.situation));
        let walker = Walker { kind: &kind, graph: &graph, abilities };
        walker.cover(&goals, &mut covered, &mut sequences);
    }
    cover_pairs(&kinds()[0], abilities, &pairs, &mut covered, &mut sequences);
    alone(&mut covered, &mut sequences, &mut reachable);
    let missing: Vec<String> =
        reachable.iter().filter(|s| !covered.situations.contains(s)).map(|s| s.to_string()).collect();
    let unpaired: Vec<String> = pairs.difference(&covered.pairs).map(|(a, b)| format!("{a} and then {b}")).collect();
    let plan = Plan {
        reachable: reachable.len(),
        covered: reachable.len() - missing.len(),
        missing,
        pairs_reachable: pairs.len(),
        pairs_covered: pairs.len() - unpaired.len(),
        pairs_missing: unpaired,
        requests: covered.requests,
        keys: covered.keys,
        costs: covered.costs,
        situations: reachable,
    };
    Tour { sequences, plan }
}

/// The request for a multi-Region key without any options.
fn multi_region() -> Call {
    Call::new(Operation::CreateKey, HOMES[0]).with("MultiRegion", Arg::Json(true.into()))
}

/// The world after the family of a kind was made.
fn first_world(kind: &Kind) -> World {
    let mut nowhere = Covered::default();
    let mut walk = Walk::new(&kind.operations, Abilities::default(), &mut nowhere);
    kind.begin(&mut walk);
    walk.world
}

/// The world with the bare keys of a kind.
fn made_only(kind: &Kind) -> World {
    let mut nowhere = Covered::default();
    let mut walk = Walk::new(&kind.operations, Abilities::default(), &mut nowhere);
    walk.make(&kind.create, 1);
    walk.world
}

/// The world after every member got attributes of its own.
fn adorned(kind: &Kind, abilities: Abilities) -> World {
    let mut nowhere = Covered::default();
    let mut walk = Walk::new(&kind.operations, abilities, &mut nowhere);
    kind.begin(&mut walk);
    walk.adorn();
    walk.world
}

/// The attributes of one world on the key states of another.
fn dress(dressed: &World, bare: World) -> World {
    let mut world = dressed.clone();
    let states = bare.family(MAIN).expect("the family of the tour").clone();
    let family = world.family_mut(MAIN);
    (family.primary, family.since) = (states.primary, states.since);
    for (region, member) in &mut family.members {
        let other = &states.members[region];
        (member.state, member.window, member.material) = (other.state, other.window, other.material);
    }
    world
}

struct Walker<'t> {
    kind: &'t Kind,
    graph: &'t Graph,
    abilities: Abilities,
}

impl Walker<'_> {
    /// Makes sequences until nothing new can be covered.
    fn cover(&self, goals: &[Goal], covered: &mut Covered, sequences: &mut Vec<Sequence>) {
        let mut failures: HashMap<Situation, usize> = HashMap::new();
        loop {
            let hopeless = |g: &Goal| failures.get(&g.situation).is_some_and(|n| *n >= TRIES);
            let open: Vec<&Goal> = goals
                .iter()
                .filter(|g| !covered.situations.contains(&g.situation) && !hopeless(g))
                .filter(|g| g.situation.policy.is_empty())
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

    /// Sequences that put one policy after the other.
    fn cover_policies(&self, goals: &[Goal], covered: &mut Covered, sequences: &mut Vec<Sequence>) {
        let open = |covered: &Covered| {
            let policies = goals.iter().filter(|g| !g.situation.policy.is_empty());
            policies.filter(|g| !covered.situations.contains(&g.situation)).count()
        };
        let mut before = usize::MAX;
        while open(covered) > 0 && open(covered) < before {
            before = open(covered);
            covered.aim(goals.iter().map(|g| g.situation));
            let mut walk = Walk::new(&self.kind.operations, self.abilities, covered);
            walk.make(&multi_region(), self.kind.members);
            walk.provide();
            walk.go_through_policies(MOST);
            sequences.push(walk.finish(format!("tour/{:03}", sequences.len() + 1), "policies on either side"));
        }
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
        match &goal.via {
            None => {
                if goal.situation.op == Operation::ImportKeyMaterial {
                    walk.renew_parameters();
                }
                if let Some(call) = walk.call_in(&goal.situation) {
                    self.send(walk, call);
                }
            }
            Some(via) if busy => {
                if goal.situation.op == Operation::ImportKeyMaterial {
                    walk.renew_parameters();
                }
                if let Some(call) = walk.change_like(via) {
                    walk.look_while(call, &goal.situation);
                }
            }
            Some(via) => {
                if via.op == Operation::ImportKeyMaterial {
                    walk.renew_parameters();
                }
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

/// Sequences that make one pair of successive changes after the other.
fn cover_pairs(
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

/// What concerns no key: keys that are not made, and requests that are not let in.
fn alone(covered: &mut Covered, sequences: &mut Vec<Sequence>, reachable: &mut Vec<Situation>) {
    let mut walk = Walk::new(&[], Abilities::default(), covered);
    walk.make(&multi_region(), 2);
    let mut calls = wrong_creations(HOMES[0]);
    let promote = || {
        let to = Arg::Json(HOMES[1].into());
        Call::new(Operation::UpdatePrimaryRegion, HOMES[0]).key(&MAIN.into()).with("PrimaryRegion", to)
    };
    for auth in [Auth::Unsigned, Auth::WrongSignature, Auth::UnknownKey, Auth::Incomplete] {
        let describe = Call::new(Operation::DescribeKey, HOMES[0]).key(&MAIN.into());
        calls.push(Call { auth, ..describe.clone() });
        calls.push(Call { auth, ..promote() });
        // It shows that the one before had no effect.
        calls.push(describe);
    }
    // An alias cannot be moved to a key of another usage.
    let keyed = |op, member: &str, name: &str| {
        Call::new(op, HOMES[0]).with(member, Arg::Key(KeyRef { name: name.into(), form: KeyForm::Id }))
    };
    let mac = Call::new(Operation::CreateKey, HOMES[0]).with("KeySpec", Arg::Json("HMAC_256".into()));
    calls.push(Call { name: "h".into(), ..mac.with("KeyUsage", Arg::Json("GENERATE_VERIFY_MAC".into())) });
    for (op, key) in [(Operation::CreateAlias, MAIN), (Operation::UpdateAlias, "h")] {
        calls.push(keyed(op, "TargetKeyId", key).with("AliasName", Arg::AliasName("used".into())));
    }
    calls.push(keyed(Operation::ListAliases, "KeyId", "h"));
    calls.push(keyed(Operation::ListAliases, "KeyId", MAIN));
    calls.push(Call { raw_body: Some("{".into()), ..promote() });
    calls.push(Call::new(Operation::Unknown, HOMES[0]));
    for call in calls {
        let met = Situation::of(&walk.world, &call).due(&step(&walk.world, &call));
        if !reachable.contains(&met) {
            reachable.push(met);
        }
        walk.send(call);
    }
    sequences.push(walk.finish(format!("tour/{:03}", sequences.len() + 1), "what concerns no key"));
}

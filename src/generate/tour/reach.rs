//! What can be reached at all: every situation of every node, and where it is met.

use super::node::{Graph, HOMES, MAIN, Node, Shape, clear, settled};
use crate::generate::menu::{Abilities, Place, REGIONS, meant, offers, policies};
use crate::generate::preferred::preferred_successor;
use mrkspec_model::call::{Call, Operation};
use mrkspec_model::outcome::{Answer, Outcome};
use mrkspec_model::situation::{After, Due, OtherSide, Role, Situation};
use mrkspec_model::step::step;
use mrkspec_model::world::KeyState;
use mrkspec_model::{Possible, World};
use std::collections::{BTreeSet, HashSet};

/// Something to be covered, and where.
#[derive(Clone, Debug)]
pub struct Goal {
    pub situation: Situation,
    pub shape: Shape,
    /// True when the members must have tags, aliases, grants and policies of their own.
    pub adorned: bool,
    /// The change after which it is met; nothing when it is met at once.
    pub via: Option<Situation>,
}

/// Operations that change a family when they succeed.
pub const CHANGES: [Operation; 21] = {
    use Operation::*;
    [
        DisableKey,
        EnableKey,
        UpdatePrimaryRegion,
        ScheduleKeyDeletion,
        CancelKeyDeletion,
        TagResource,
        UntagResource,
        UpdateKeyDescription,
        PutKeyPolicy,
        CreateAlias,
        UpdateAlias,
        DeleteAlias,
        CreateGrant,
        RevokeGrant,
        RetireGrant,
        EnableKeyRotation,
        DisableKeyRotation,
        RotateKeyOnDemand,
        ReplicateKey,
        ImportKeyMaterial,
        DeleteImportedKeyMaterial,
    ]
};

/// The operations that the policies of generated sequences are about.
pub const JUDGED: [Operation; 5] = {
    use Operation::*;
    [Encrypt, Decrypt, ReplicateKey, UpdateKeyDescription, UpdatePrimaryRegion]
};

/// True when every outcome is a success.
pub fn succeeds(outcomes: &[Outcome]) -> bool {
    outcomes.iter().all(|o| matches!(o.answer, Answer::Success(_)))
}

/// The Regions in which calls about the main family are of interest: its members, and one without.
pub fn places<'w>(world: &'w World, abilities: Abilities) -> Vec<Place<'w>> {
    let Some((name, family)) = world.families.get_key_value(MAIN) else {
        return Vec::new();
    };
    let members = REGIONS.iter().filter(|r| family.members.contains_key(**r));
    let free = REGIONS.iter().find(|r| !family.members.contains_key(**r));
    members.chain(free).map(|region| Place { world, name, family, region, abilities }).collect()
}

/// Collects goals, each once.
pub struct Reach<'g> {
    pub graph: &'g Graph,
    pub abilities: Abilities,
    /// The operations that are of interest.
    pub operations: &'g [Operation],
    /// Situations that are known, here or from other kinds of keys; undecided, to save work.
    known: HashSet<Situation>,
    pub goals: Vec<Goal>,
    /// Pairs of successive changes.
    pub pairs: BTreeSet<(Operation, Operation)>,
}

impl<'g> Reach<'g> {
    /// Nothing yet; `known` is left out.
    pub fn new(
        graph: &'g Graph,
        abilities: Abilities,
        operations: &'g [Operation],
        known: HashSet<Situation>,
    ) -> Reach<'g> {
        Reach { graph, abilities, operations, known, goals: Vec::new(), pairs: BTreeSet::new() }
    }

    /// Everything that can be met at the nodes of the graph, in worlds that `dress` has changed.
    pub fn collect(&mut self, adorned: bool, dress: impl Fn(Possible) -> Possible) {
        let mut shapes = BTreeSet::new();
        let graph = self.graph;
        for node in &graph.order {
            if shapes.insert(node.shape()) {
                let world = dress(graph.world(node));
                self.node(&world, node.shape(), adorned);
                let several = world.family(MAIN).is_some_and(|f| f.multi_region);
                if adorned && several && node.shape().is_enabled() {
                    self.policies(&world, node.shape());
                }
            }
        }
    }

    /// Everything that can be met in this world without changing anything.
    pub fn collect_at(&mut self, world: &Possible) {
        let shape = Node::of(world.family(MAIN).expect("the family of the tour"), self.graph.members).shape();
        for place in places(world, self.abilities) {
            for op in self.operations.iter().copied() {
                for call in offers(op, &place) {
                    if op.is_read() || !is_possible(&step(world, &call)) {
                        self.meet(world, &call, shape, false, None);
                    }
                }
            }
        }
    }

    fn node(&mut self, world: &Possible, shape: Shape, adorned: bool) {
        let mut made = BTreeSet::new();
        for place in places(world, self.abilities) {
            for op in self.operations.iter().copied() {
                for call in offers(op, &place) {
                    self.meet(world, &call, shape, adorned, None);
                    // Changes that differ only in how they are asked for lead to the same.
                    let met = world.situation(&call);
                    if !CHANGES.contains(&op) || made.contains(&(op, place.region, met.role, met.other, met.caller)) {
                        continue;
                    }
                    let outcomes = step(world, &call);
                    let effective = clear(world, &call, &outcomes).is_some()
                        || (op == Operation::RotateKeyOnDemand && is_possible(&outcomes));
                    if effective || op == Operation::UpdatePrimaryRegion {
                        made.insert((op, place.region, met.role, met.other, met.caller));
                        self.after(world, &call, &outcomes, shape, adorned);
                    }
                }
            }
        }
    }

    /// What each policy on each side makes of the operations that policies are about.
    fn policies(&mut self, world: &Possible, shape: Shape) {
        let limited = self.abilities.limited;
        for document in policies().iter().filter(|p| limited || !p.contains("{limited}")) {
            for home in HOMES.iter().take(2) {
                let mut world = world.clone();
                if world.family(MAIN).is_some_and(|f| f.members.contains_key(*home)) {
                    world.world.member_mut(MAIN, home).policy = Some(document.clone());
                    for place in places(&world, self.abilities) {
                        for call in JUDGED.iter().flat_map(|op| offers(*op, &place)) {
                            let met = world.situation(&call);
                            let makes = call_makes_key(&call) && is_possible(&step(&world, &call));
                            if !met.policy.is_plain() && !makes {
                                self.meet(&world, &call, shape, true, None);
                            }
                        }
                    }
                }
            }
        }
    }

    /// What is met after a change.
    fn after(&mut self, world: &Possible, call: &Call, outcomes: &[Outcome], shape: Shape, adorned: bool) {
        let via = world.situation(call).due(outcomes);
        let next = preferred_successor(world, call, outcomes);
        self.in_flight(&next, call, via, shape, adorned);
        let next = settled(next);
        // Keys are not made to see what else that changes, but once.
        let makes = call_makes_key(call) && !shape.is_enabled();
        for place in places(&next, self.abilities).into_iter().filter(|_| !makes) {
            for op in self.operations.iter().copied().filter(|op| op.is_read()) {
                for call in meant(op, &place) {
                    let shown = next.situation(&call).after;
                    let denied = After::Change("a denied call", true);
                    let news = via.due != Due::Refusal || shown == After::RefusedPromotion || shown == denied;
                    if shown != After::Nothing && news {
                        self.meet(&next, &call, shape, adorned, Some(via));
                    }
                }
            }
        }
        // Changes that can follow this one.
        if via.due == Due::Refusal {
            return;
        }
        for place in places(&next, self.abilities) {
            for op in CHANGES {
                let open = !self.pairs.contains(&(call.op, op)) && self.operations.contains(&op);
                if open && !meant(op, &place).is_empty() {
                    self.pairs.insert((call.op, op));
                }
            }
        }
    }

    /// What is met while a promotion or a replication is under way.
    fn in_flight(&mut self, next: &Possible, change: &Call, via: Situation, shape: Shape, adorned: bool) {
        let under_way = matches!(change.op, Operation::UpdatePrimaryRegion | Operation::ReplicateKey);
        let lasting = call_makes_key(change) && !shape.is_enabled();
        if lasting || !under_way || via.due == Due::Refusal || next.settle_steps().is_empty() {
            return;
        }
        for place in places(next, self.abilities) {
            let state = place.family.effective_state(place.region);
            if matches!(state, Some(KeyState::Updating | KeyState::Creating)) {
                for op in self.operations.iter().copied() {
                    // What may or may not have effect by then is asked for once only.
                    let once = matches!(op, Operation::ReplicateKey | Operation::ScheduleKeyDeletion);
                    let plain =
                        |c: &Call| !c.args.contains_key("Description") && c.int("PendingWindowInDays") != Some(31);
                    for call in meant(op, &place).iter().filter(|c| !once || plain(c)) {
                        let met = next.situation(call);
                        let makes = op == Operation::ReplicateKey && met.other == OtherSide::NoMember;
                        if met.state == state && (!makes || met.role == Role::Primary) {
                            self.meet(next, call, shape, adorned, Some(via));
                        }
                    }
                }
            }
        }
    }

    /// Notes the situation of a call if it is a new one.
    fn meet(&mut self, world: &Possible, call: &Call, shape: Shape, adorned: bool, via: Option<Situation>) -> bool {
        let met = world.situation(call);
        // What a policy says can be due in two ways; everything else only in one.
        if met.policy.is_plain() && self.known.contains(&met) {
            return false;
        }
        let situation = met.due(&step(world, call));
        let new = !self.known.contains(&situation);
        self.known.extend([met, situation]);
        if !new {
            return false;
        }
        self.goals.push(Goal { situation, shape, adorned, via });
        true
    }

    /// The situations that are known now.
    pub fn into_known(self) -> HashSet<Situation> {
        self.known
    }
}

fn call_makes_key(call: &Call) -> bool {
    call.op == Operation::ReplicateKey
}

/// True when a success is among the outcomes.
pub fn is_possible(outcomes: &[Outcome]) -> bool {
    outcomes.iter().any(|o| matches!(o.answer, Answer::Success(_)))
}

//! The coverage tour: a small set of sequences, computed from the model, that covers every reachable
//! situation and every pair of successive changes. Deterministic; nothing is sent to make it.

mod choose;
mod cover;
mod covered;
mod frames;
mod imports;
mod in_flight;
mod keyless;
mod kinds;
mod make;
mod node;
mod pairs;
mod principals;
mod reach;
mod walk;

use super::menu::Abilities;
use crate::sequence::Sequence;
use cover::Walker;
pub use covered::Cost;
use covered::Covered;
use frames::frames;
use imports::imports;
use keyless::keyless;
use kinds::{Kind, kinds};
use mrkspec_model::Possible;
use mrkspec_model::situation::Situation;
use node::{Graph, MAIN};
use pairs::cover_pairs;
use principals::cover_grants;
use reach::Reach;
use serde::Serialize;
use std::collections::{BTreeSet, HashSet};
use walk::Walk;

/// The sequences, and what they are there for.
#[derive(Clone, Debug)]
pub struct Tour {
    /// What is sent.
    pub sequences: Vec<Sequence>,
    /// What that covers and costs.
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
    if abilities.limited {
        cover_grants(abilities, &mut covered, &mut sequences, &mut reachable);
    }
    imports(abilities, &mut covered, &mut sequences);
    keyless(&mut covered, &mut sequences, &mut reachable);
    frames(abilities, &mut covered, &mut sequences);
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

/// The world after the family of a kind was made.
fn first_world(kind: &Kind) -> Possible {
    let mut nowhere = Covered::default();
    let mut walk = Walk::new(&kind.operations, Abilities::default(), &mut nowhere);
    kind.begin(&mut walk);
    walk.world
}

/// The world with the bare keys of a kind.
fn made_only(kind: &Kind) -> Possible {
    let mut nowhere = Covered::default();
    let mut walk = Walk::new(&kind.operations, Abilities::default(), &mut nowhere);
    walk.make(&kind.create, 1);
    walk.world
}

/// The world after every member got attributes of its own.
fn adorned(kind: &Kind, abilities: Abilities) -> Possible {
    let mut nowhere = Covered::default();
    let mut walk = Walk::new(&kind.operations, abilities, &mut nowhere);
    kind.begin(&mut walk);
    walk.adorn();
    walk.world
}

/// The attributes of one world on the key states of another.
fn dress(dressed: &Possible, bare: Possible) -> Possible {
    let Possible { mut world, mut trail } = dressed.clone();
    let states = bare.family(MAIN).expect("the family of the tour").clone();
    let family = world.family_mut(MAIN);
    family.primary = states.primary;
    trail.family_mut(&MAIN.into()).last = bare.trail.family(MAIN).last.clone();
    for (region, member) in &mut family.members {
        let other = &states.members[region];
        (member.state, member.window, member.held) = (other.state, other.window, other.held.clone());
    }
    Possible { world, trail }
}

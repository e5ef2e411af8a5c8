//! Possible worlds, each once.

use super::possible::Possible;
use super::trail::Trail;
use super::world::World;
use std::collections::hash_map::{Entry, HashMap};
use std::sync::Arc;

/// Worlds that are possible at some moment, each once, and the trail that led to each; a copy costs
/// nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Worlds {
    worlds: Arc<Vec<World>>,
    trails: Arc<Vec<Trail>>,
}

impl Worlds {
    /// Each world once, in the order in which they come. Of two trails that lead to the same world the surer
    /// one is kept ([`Trail::is_surer_than`]).
    pub fn distinct(list: impl IntoIterator<Item = Possible>) -> Worlds {
        let (mut worlds, mut trails): (Vec<World>, Vec<Trail>) = (Vec::new(), Vec::new());
        let mut places: HashMap<World, usize> = HashMap::new();
        let list: Vec<Possible> = list.into_iter().collect();
        if list.len() == 1 {
            // Nothing to compare it with: its digest would cost more the more there is in it.
            let (worlds, trails) = list.into_iter().map(|p| (p.world, p.trail)).unzip();
            return Worlds { worlds: Arc::new(worlds), trails: Arc::new(trails) };
        }
        for Possible { world, trail } in list {
            match places.entry(world) {
                Entry::Vacant(place) => {
                    worlds.push(place.key().clone());
                    trails.push(trail);
                    place.insert(worlds.len() - 1);
                }
                Entry::Occupied(place) => {
                    let kept = &mut trails[*place.get()];
                    if trail.is_surer_than(kept) {
                        *kept = trail;
                    }
                }
            }
        }
        Worlds { worlds: Arc::new(worlds), trails: Arc::new(trails) }
    }

    /// The worlds alone.
    pub fn worlds(&self) -> &[World] {
        &self.worlds
    }

    /// The worlds, to change them. Those that are equal then are one again after the next observation.
    pub(crate) fn worlds_mut(&mut self) -> &mut [World] {
        let worlds: &mut Vec<World> = Arc::make_mut(&mut self.worlds);
        worlds
    }

    /// Each world with its trail.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Possible> + '_ {
        let both = self.worlds.iter().zip(self.trails.iter());
        both.map(|(world, trail)| Possible { world: world.clone(), trail: trail.clone() })
    }

    /// These worlds, with every way in which pending transients may have ended meanwhile.
    pub fn closure(&self) -> Vec<Possible> {
        if let [only] = &self.worlds[..]
            && only.endings().is_empty()
        {
            return self.iter().collect();
        }
        let mut places: HashMap<World, usize> = HashMap::new();
        let mut order: Vec<Possible> = Vec::new();
        let mut todo: Vec<Possible> = self.iter().rev().collect();
        while let Some(possible) = todo.pop() {
            match places.entry(possible.world.clone()) {
                Entry::Vacant(place) => {
                    place.insert(order.len());
                    todo.extend(possible.settle_steps());
                    order.push(possible);
                }
                // What follows from it has the surer trail, too.
                Entry::Occupied(place) if possible.trail.is_surer_than(&order[*place.get()].trail) => {
                    todo.extend(possible.settle_steps());
                    order[*place.get()] = possible;
                }
                Entry::Occupied(_) => {}
            }
        }
        order
    }
}

impl Worlds {
    /// Whether these are the same worlds because nothing has changed them.
    pub fn is_shared_with(&self, other: &Worlds) -> bool {
        Arc::ptr_eq(&self.worlds, &other.worlds)
    }
}

/// Whether no read can tell two moments apart: the same families and aliases, whatever was encrypted or
/// signed in between, and however they came about.
pub fn read_alike(a: &Worlds, b: &Worlds) -> bool {
    let alike = |(a, b): (&World, &World)| a.families == b.families && a.aliases == b.aliases;
    let same = || a.worlds.len() == b.worlds.len() && a.worlds.iter().zip(b.worlds.iter()).all(alike);
    Arc::ptr_eq(&a.worlds, &b.worlds) || same()
}

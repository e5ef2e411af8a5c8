//! Taking in what was not seen being made: recordings that begin in the middle.

use super::Belief;
use crate::evidence::Evidence;
use crate::world::{Family, Name, Region, World};
use std::sync::Arc;

impl Belief {
    /// From now on answers are evidence only of what this says; `None`: of everything, as an endpoint's own
    /// answers are.
    pub fn admit(&mut self, evidence: Option<Evidence>) {
        self.evidence = evidence.map(Arc::new);
    }

    /// Takes in a family that was made before anything was seen: as any of these.
    pub fn adopt(&mut self, name: &Name, families: &[Family]) {
        let with = |world: &World, family: &Family| {
            let mut world = world.clone();
            world.families.insert_mut(name.clone(), Arc::new(family.clone()));
            world
        };
        let worlds: Vec<World> = self.worlds.iter().flat_map(|w| families.iter().map(move |f| with(w, f))).collect();
        self.keep(worlds);
    }

    /// Takes in an alias that was made before anything was seen.
    pub fn adopt_alias(&mut self, region: &Region, alias: &Name, family: &Name) {
        let mut worlds = self.worlds.to_vec();
        for world in &mut worlds {
            world.aliases.insert_mut((region.clone(), alias.clone()), family.clone());
        }
        self.keep(worlds);
    }
}

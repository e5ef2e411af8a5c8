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

    /// Takes in a family that was made before anything was seen, or changes it to what was seen now.
    pub fn adopt(&mut self, name: &Name, family: &Family) {
        self.change(|world| world.families.insert_mut(name.clone(), Arc::new(family.clone())));
    }

    /// Takes in an alias that was made before anything was seen.
    pub fn adopt_alias(&mut self, region: &Region, alias: &Name, family: &Name) {
        self.change(|world| world.aliases.insert_mut((region.clone(), alias.clone()), family.clone()));
    }

    fn change(&mut self, change: impl Fn(&mut World)) {
        let mut worlds = self.worlds.to_vec();
        worlds.iter_mut().for_each(change);
        self.keep(worlds);
    }
}

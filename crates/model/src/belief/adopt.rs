//! Taking in what was not seen being made: recordings that begin in the middle.

use super::Belief;
use crate::evidence::Evidence;
use crate::possible::Possible;
use crate::world::{Family, Name, Region};
use std::sync::Arc;

impl Belief {
    /// From now on answers are evidence only of what this says; `None`: of everything, as an endpoint's own
    /// answers are.
    pub fn admit(&mut self, evidence: Option<Evidence>) {
        self.evidence = evidence.map(Arc::new);
    }

    /// Takes in a family that was made before anything was seen: as any of these. Nothing is known to have
    /// happened to it, so the trails say nothing of it.
    pub fn adopt(&mut self, name: &Name, families: &[Family]) {
        let with = |possible: &Possible, family: &Family| {
            let (mut possible, mut family) = (possible.clone(), family.clone());
            for (region, member) in &mut family.members {
                // No step made it; what made it, made nothing else that is known (F-037).
                member.made_by = format!("whoever made {name} in {region}").into();
            }
            possible.world.families.insert_mut(name.clone(), Arc::new(family));
            possible
        };
        let before: Vec<Possible> = self.worlds.iter().collect();
        let after: Vec<Possible> = before.iter().flat_map(|p| families.iter().map(move |f| with(p, f))).collect();
        self.keep(after);
    }

    /// Takes in an alias that was made before anything was seen.
    pub fn adopt_alias(&mut self, region: &Region, alias: &Name, family: &Name) {
        let mut worlds: Vec<Possible> = self.worlds.iter().collect();
        for possible in &mut worlds {
            possible.world.aliases.insert_mut((region.clone(), alias.clone()), family.clone());
        }
        self.keep(worlds);
    }
}

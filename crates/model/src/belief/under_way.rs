//! Promotions, replicas and rotations that may still be under way.

use super::{Belief, Judgement, judge_candidates};
use crate::call::Call;
use crate::outcome::Response;
use crate::possible::Possible;
use crate::rotations::Rotations;
use crate::world::{Family, World};
use crate::worlds::Worlds;

impl Belief {
    /// The worlds in which a promotion is under way or a replica is being made, and what they say of an answer as long as
    /// that goes on. `None` where there is no such world.
    pub fn while_under_way(&self, call: &Call, response: &Response) -> Option<(Worlds, Judgement)> {
        let goes_on = |p: &Possible| p.world.families.values().any(|f| f.is_under_way());
        let worlds: Vec<Possible> = self.worlds.iter().filter(goes_on).collect();
        let judged =
            (!worlds.is_empty()).then(|| judge_candidates(&self.candidates_in(worlds.clone(), call, response)))?;
        Some((Worlds::distinct(worlds), judged))
    }

    /// The belief in which the family has no transient left, and no rotation under way. `None` when no possible
    /// world can have settled.
    pub fn settled(&self, family: &str) -> Option<Belief> {
        let settled = |w: &World| w.family(family).is_none_or(|f| f.is_settled());
        let worlds: Vec<Possible> = self.worlds.closure().into_iter().filter(|p| settled(p)).collect();
        (!worlds.is_empty()).then(|| {
            let mut belief = self.clone();
            belief.keep(worlds);
            belief.each_rotations(family, Rotations::finish);
            belief
        })
    }

    /// Whether a rotation on demand was accepted and has not been seen to have ended (F-092).
    pub fn awaits_rotation(&self, family: &str) -> bool {
        self.worlds().iter().filter_map(|w| w.family(family)).any(Family::awaits_rotation)
    }

    /// Rotations that were waited for in vain are not waited for again.
    pub fn give_up_rotation(&mut self, family: &str) {
        self.each_rotations(family, Rotations::give_up);
        let present = |w: &&mut World| w.family(family).is_some_and(|f| f.materials.rotating);
        for world in self.worlds.worlds_mut().iter_mut().filter(present) {
            world.family_mut(family).materials.rotating = false;
        }
    }

    fn each_rotations(&mut self, family: &str, change: impl Fn(&mut Rotations)) {
        if !self.awaits_rotation(family) {
            return;
        }
        for world in self.worlds.worlds_mut() {
            if world.family(family).is_some() {
                change(&mut world.family_mut(family).rotations);
            }
        }
    }

    /// The belief in which no family has a transient left, if there can be one.
    pub fn all_settled(&self) -> Option<Belief> {
        let settled = |w: &World| w.families.values().all(|f| f.is_settled());
        let worlds: Vec<Possible> = self.worlds.closure().into_iter().filter(|p| settled(p)).collect();
        (!worlds.is_empty()).then(|| {
            let mut belief = self.clone();
            belief.keep(worlds);
            belief
        })
    }
}

//! A possible world, and how it came about.

use crate::call::Call;
use crate::outcome::Outcome;
use crate::situation::Situation;
use crate::trail::Trail;
use crate::world::{KeyState, Member, Region, World};
use std::ops::Deref;

/// A world with the trail that led to it. It can be asked whatever a [`World`] can be asked.
#[derive(Clone, Debug, Default)]
pub struct Possible {
    /// What the service knows.
    pub world: World,
    /// What happened.
    pub trail: Trail,
}

impl Deref for Possible {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Possible {
    /// The world before anything happened. `enforced`: whether policies are evaluated (F-118).
    pub fn new(enforced: bool) -> Possible {
        Possible { world: World { enforced, ..World::default() }, trail: Trail::default() }
    }

    /// What follows when this call has this outcome.
    pub fn after(&self, call: &Call, outcome: &Outcome) -> Possible {
        Possible { world: outcome.next.clone(), trail: self.trail.after(call, &self.world, outcome) }
    }

    /// Everything that the end of one pending transient leads to.
    pub fn settle_steps(&self) -> Vec<Possible> {
        let endings = self.world.endings().into_iter();
        endings.map(|(ending, world)| Possible { world, trail: self.trail.ended(&ending) }).collect()
    }

    /// True when something is under way that was seen to be.
    pub fn was_seen_under_way(&self) -> bool {
        self.world.families.iter().any(|(name, family)| {
            let past = self.trail.family(name);
            let creating = |(region, member): (&Region, &Member)| {
                member.state == KeyState::Creating && past.member(region).creating_seen
            };
            (past.promotion_seen && family.promotion.is_some()) || family.members.iter().any(creating)
        })
    }

    /// The situation of a call, before it is asked what is due.
    pub fn situation(&self, call: &Call) -> Situation {
        Situation::of(&self.world, &self.trail, call)
    }
}

//! What a tour has covered, and what that costs.

use mrkspec_model::call::Operation;
use mrkspec_model::situation::{Role, Situation};
use mrkspec_model::world::KeyState;
use serde::Serialize;
use std::collections::{BTreeSet, HashMap, HashSet};

/// What a tour has covered, and what that costs.
#[derive(Clone, Debug, Default)]
pub struct Covered {
    /// Situations, also in their undecided form.
    pub situations: HashSet<Situation>,
    pub pairs: BTreeSet<(Operation, Operation)>,
    pub requests: usize,
    pub keys: usize,
    /// The same for each finished sequence, and how many situations were new in it.
    pub costs: Vec<Cost>,
    pub(super) new: usize,
    /// What is to be covered still, and how much of it concerns each operation, role and state.
    goals: HashSet<Situation>,
    open: HashMap<Spot, usize>,
}

/// What a sequence of a tour costs, and what it covers.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Cost {
    /// Requests, waiting and cleaning up included.
    pub requests: usize,
    /// Keys made; each replica is a key.
    pub keys: usize,
    /// Situations that no earlier sequence covers.
    pub covers: usize,
}

/// Where to look for something new.
type Spot = (Operation, Role, Option<KeyState>);

impl Covered {
    /// Sets what is to be covered from now on.
    pub fn aim(&mut self, goals: impl Iterator<Item = Situation>) {
        self.goals = goals.filter(|g| !self.situations.contains(g)).collect();
        self.open.clear();
        for goal in &self.goals {
            *self.open.entry((goal.op, goal.role, goal.state)).or_default() += 1;
        }
    }

    /// Whether anything is open there.
    pub(super) fn is_open(&self, spot: Spot) -> bool {
        self.open.get(&spot).is_some_and(|n| *n > 0)
    }

    /// Whether this is to be covered, and is not yet.
    pub(super) fn is_goal(&self, situation: &Situation) -> bool {
        self.goals.contains(situation)
    }

    pub(super) fn note(&mut self, situation: Situation) {
        self.new += usize::from(!self.situations.contains(&situation));
        self.situations.insert(situation.undecided());
        if self.goals.remove(&situation)
            && let Some(n) = self.open.get_mut(&(situation.op, situation.role, situation.state))
        {
            *n -= 1;
        }
        self.situations.insert(situation);
    }
}

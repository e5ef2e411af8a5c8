//! A family that is to settle: every member looked at until all agree on a settled world (F-033, F-044,
//! F-072).

use super::Oracle;
use mrkspec_model::belief::{Belief, Judgement};
use mrkspec_model::call::{Call, Operation};
use mrkspec_model::outcome::Response;
use mrkspec_model::rule::RuleId;
use mrkspec_model::world::{Name, Region};
use std::collections::BTreeSet;
use std::time::Duration;

/// One round of looks at the members of a family.
pub struct Settling {
    family: Name,
    settled: Belief,
    waiting: Vec<(Call, Judgement)>,
}

/// What one look at a member says.
pub enum Look {
    /// As a settled family shows it.
    Settled(Judgement),
    /// Allowed, but not settled yet; or stale.
    Waiting,
    /// Wrong now.
    Wrong(Judgement),
}

/// What a round says.
pub enum Round {
    /// All agree, and the belief is settled.
    Settled,
    /// Look again unless this round began later than that: since the settling began.
    LookAgain(Duration),
}

impl Oracle {
    /// The Regions to look at. Those whose member goes meanwhile are looked at to the end.
    pub fn begin_settling(&mut self, family: &Name, now: Duration) -> Vec<Region> {
        self.before_send(now);
        self.history.keep(&self.belief);
        self.askable_regions(family)
    }

    /// Whether a rotation on demand of this family has to be waited for (F-092).
    pub fn awaits_rotation(&self, family: &Name) -> bool {
        self.belief.awaits_rotation(family)
    }

    /// What a round asks each member: its metadata, and the list of rotations while one is awaited.
    pub fn questions(&self, family: &Name, members: &[Region]) -> Vec<Call> {
        let ask = |op| members.iter().map(move |region| Call::new(op, region).key(family));
        let rotations = self.awaits_rotation(family).then(|| ask(Operation::ListKeyRotations));
        ask(Operation::DescribeKey).chain(rotations.into_iter().flatten()).collect()
    }

    /// Begins a round; `None` when no possible world can settle any more.
    pub fn round(&mut self, family: &Name, now: Duration) -> Option<Settling> {
        self.before_send(now);
        Some(Settling { family: family.clone(), settled: self.belief.settled(family)?, waiting: Vec::new() })
    }

    /// Takes in one look at one member: judged by what may be seen now and by what must be seen in the end.
    /// The second value are rules that the answer upheld although it is not settled.
    pub fn look(&mut self, round: &mut Settling, call: &Call, response: &Response) -> (Look, BTreeSet<RuleId>) {
        let mut upheld = BTreeSet::new();
        let now = self.belief.assess(call, response);
        if now.judgement.allowed {
            upheld.extend(self.belief.commit(call, response, now).upheld);
        } else if !self.may_be_stale(call, response) {
            if self.rollback_stale_read(call, response) {
                // The next round begins with what is believed now.
                round.waiting.push((call.clone(), now.judgement));
                return (Look::Waiting, upheld);
            }
            return (Look::Wrong(now.judgement), upheld);
        }
        let last = round.settled.assess(call, response);
        if !last.judgement.allowed {
            round.waiting.push((call.clone(), last.judgement));
            return (Look::Waiting, upheld);
        }
        (Look::Settled(round.settled.commit(call, response, last)), upheld)
    }

    /// Ends a round in which every member was looked at.
    pub fn end_round(&mut self, round: &mut Settling) -> Round {
        if round.waiting.is_empty() {
            std::mem::swap(&mut self.belief, &mut round.settled);
            self.premature = None;
            return Round::Settled;
        }
        Round::LookAgain(round.broken().iter().map(|r| self.patience.deadline_for(*r)).max().unwrap_or_default())
    }

    /// The time is over: what each member still shows wrongly, by the call that shows it.
    pub fn unsettled(&mut self, round: Settling) -> Vec<(Call, Judgement)> {
        round.broken().iter().for_each(|r| self.patience.exhaust(*r));
        self.belief.give_up_rotation(&round.family);
        round.waiting
    }
}

impl Settling {
    fn broken(&self) -> BTreeSet<RuleId> {
        let broken = self.waiting.iter().flat_map(|(_, judged)| judged.mismatches.iter().filter(|m| m.is_must()));
        broken.map(|m| m.rule).collect()
    }
}

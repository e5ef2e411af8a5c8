//! The set of worlds that are consistent with everything observed so far.

mod adopt;
mod choices;
mod under_way;

use super::attribution::Case;
use super::call::{Arg, Auth, Call, KeyForm, Operation};
use super::evidence::Evidence;
use super::matching::{Bindings, Comparison, Mismatch, compare_answer, lookup};
use super::outcome::{Answer, Outcome, Response};
use super::possible::Possible;
use super::recorded;
use super::rule::RuleId;
use super::situation::Situation;
use super::step::step;
use super::world::{Imported, KeyState, Member, Name, Region, World};
pub use super::worlds::Worlds;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

/// Operation, Region called, the key or alias that was named, path in the answer.
type Waived = (Operation, Region, Option<Name>, String);

/// Every possible world, and what the symbols stand for.
#[derive(Clone, Debug)]
pub struct Belief {
    worlds: Worlds,
    /// What the endpoint's ids are. Learned from answers that fitted.
    pub bindings: Bindings,
    /// Members of answers that are known to be wrong, and are not reported again.
    waived: Arc<BTreeSet<Waived>>,
    /// What answers are evidence of, if not of everything.
    evidence: Option<Arc<Evidence>>,
}

/// What every possible world says about one answer, and what follows if it is taken in.
pub struct Assessment {
    /// The ruling.
    pub judgement: Judgement,
    candidates: Vec<Candidate>,
}

/// What one answer says about the endpoint.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// False when no world allows the answer.
    pub allowed: bool,
    /// Rules that held.
    pub upheld: BTreeSet<RuleId>,
    /// What differs from the nearest allowed outcome. With `allowed`, only SHOULD rules.
    pub mismatches: Vec<Mismatch>,
    /// Rules at stake in the nearest outcome.
    pub at_stake: Vec<RuleId>,
    /// How many different outcomes would have been accepted.
    pub latitude: usize,
    /// The situation that the answer was given in, when every world that allows it agrees on that.
    pub situation: Option<Situation>,
}

struct Candidate {
    situation: Situation,
    /// True in a world where something was seen under way and may be so still.
    under_way: bool,
    outcome: Outcome,
    /// May be seen for a while only, and the answer does not say that it is of such a while.
    passing: bool,
    comparison: Comparison,
    /// The rules that the outcome upholds beside those of its checks.
    rules: Vec<RuleId>,
    /// What follows.
    next: Possible,
}

impl Belief {
    /// The belief before the first call: one world, without keys.
    /// `enforced`: whether policies are evaluated (F-118).
    pub fn new(alias_prefix: &str, enforced: bool) -> Belief {
        let bindings = Bindings::new(alias_prefix);
        Belief { worlds: Worlds::distinct([Possible::new(enforced)]), bindings, waived: Arc::default(), evidence: None }
    }

    /// The worlds that are possible now, before any pending transient ends.
    pub fn worlds(&self) -> &[World] {
        self.worlds.worlds()
    }

    /// The possible worlds as they are now, to be compared with later: see [`Belief::at`].
    pub fn snapshot(&self) -> Worlds {
        self.worlds.clone()
    }

    /// What an earlier belief would say of an answer now: its worlds, with what is known today.
    pub fn at(&self, worlds: &Worlds) -> Belief {
        let (bindings, waived) = (self.bindings.clone(), self.waived.clone());
        Belief { worlds: worlds.clone(), bindings, waived, evidence: self.evidence.clone() }
    }

    /// What each outcome of each possible world says about this answer.
    fn candidates(&self, call: &Call, response: &Response) -> Vec<Candidate> {
        self.candidates_in(self.worlds.closure(), call, response)
    }

    fn candidates_in(&self, worlds: Vec<Possible>, call: &Call, response: &Response) -> Vec<Candidate> {
        let mut list = Vec::new();
        let under_way_shown = response.shows_under_way();
        for possible in worlds {
            let outcomes = step(&possible, call);
            let situation = possible.situation(call).due(&outcomes);
            let under_way = possible.was_seen_under_way();
            let recorded = recorded::answer(&possible.world, call, &outcomes);
            for outcome in outcomes {
                let case = Case::new(call, &possible.world, &possible.trail, &outcome);
                let admitted = self.evidence.as_ref().map(|e| e.admitted(&outcome.answer, response));
                let answer = admitted.as_deref().unwrap_or(&outcome.answer);
                let mut comparison = compare_answer(answer, response, &self.bindings, &case);
                comparison.mismatches.retain(|m| m.path.is_empty() || !self.is_waived(call, &m.path));
                let mut rules = case.upholds();
                if let Some(recorded) = recorded.as_ref().filter(|_| comparison.fits()) {
                    rules.extend(self.as_recorded(recorded, response, &mut comparison));
                }
                let next = possible.after(call, &outcome);
                let passing = outcome.transient && !under_way_shown;
                list.push(Candidate { situation, under_way, outcome, passing, comparison, rules, next });
            }
        }
        list
    }

    /// The key that a call names, whatever way; an alias that leads nowhere stands for itself.
    fn subject(&self, call: &Call) -> Option<Name> {
        let named = call.args.get("KeyId").or_else(|| call.args.get("AliasName"))?;
        let (name, by_alias) = match named {
            Arg::Key(key) => (&key.name, matches!(key.form, KeyForm::Alias | KeyForm::AliasArn(_))),
            Arg::AliasName(name) => (name, true),
            _ => return None,
        };
        let behind = || self.worlds().iter().find_map(|w| w.aliases.get(&(call.region.clone(), name.clone())));
        Some(behind().filter(|_| by_alias).unwrap_or(name).clone())
    }

    fn is_waived(&self, call: &Call, path: &str) -> bool {
        // Of a recording of which parts were left out every row is told: nobody will ask again.
        let repeated = self.evidence.is_none() && !self.waived.is_empty();
        repeated && self.waived.contains(&(call.op, call.region.clone(), self.subject(call), path.to_string()))
    }

    /// Judges an answer without changing the belief.
    pub fn judge(&self, call: &Call, response: &Response) -> Judgement {
        self.assess(call, response).judgement
    }

    /// Judges an answer without changing the belief yet: [`Belief::commit`] takes it in.
    pub fn assess(&self, call: &Call, response: &Response) -> Assessment {
        let candidates = self.candidates(call, response);
        Assessment { judgement: judge_candidates(&candidates), candidates }
    }

    /// Judges an answer and keeps the worlds that allow it. When none does, the belief is a guess
    /// (see `deviate`): the caller compares it with what the endpoint shows before it goes on.
    pub fn observe(&mut self, call: &Call, response: &Response) -> Judgement {
        if let Response::Lost(_) = response {
            self.lose(call);
            return Judgement { allowed: true, ..Judgement::default() };
        }
        let assessment = self.assess(call, response);
        self.commit(call, response, assessment)
    }

    /// Takes in an answer that was assessed by this belief as it is now.
    pub fn commit(&mut self, call: &Call, response: &Response, assessment: Assessment) -> Judgement {
        let Assessment { judgement, candidates } = assessment;
        if judgement.allowed {
            let fitting: Vec<Candidate> = candidates.into_iter().filter(|c| c.comparison.fits()).collect();
            self.learn(call, response, &fitting[0].comparison);
            self.keep(fitting.into_iter().map(|c| c.next));
            self.fold_waived_state(call, response);
        } else {
            self.waive(call, &judgement);
            self.deviate(call, response, candidates);
        }
        judgement
    }

    /// After an answer that no world allows. A success whose content is wrong still was a
    /// success: its worlds are kept. Otherwise the call is taken to have changed nothing.
    fn deviate(&mut self, call: &Call, response: &Response, candidates: Vec<Candidate>) {
        if call.auth != Auth::Valid {
            // Let in, or refused with the wrong code: either way nothing is known to have changed.
            return;
        }
        if !candidates.iter().any(|c| c.comparison.same_kind) && matches!(response, Response::Success(_)) {
            // It should have been refused: then nothing may have changed.
            self.keep(candidates.into_iter().map(|c| c.next));
            return;
        }
        let mut same_kind: Vec<Candidate> = candidates.into_iter().filter(|c| c.comparison.same_kind).collect();
        same_kind.sort_by_key(distance);
        let Some(best) = same_kind.first().map(distance) else {
            return;
        };
        let comparison = same_kind[0].comparison.clone();
        self.learn(call, response, &comparison);
        let nearest = same_kind.into_iter().filter(|c| distance(c) == best);
        self.keep(nearest.map(|c| c.next));
    }

    /// The answer was lost: the call may have had any of its effects, or none.
    fn lose(&mut self, call: &Call) {
        let mut next: Vec<Possible> = self.worlds.iter().collect();
        for possible in self.worlds.closure() {
            for outcome in step(&possible, call) {
                let mut after = possible.after(call, &outcome);
                // Of a ciphertext or a signature that nobody was told of no later call can make use.
                if possible.artifacts.get(&call.name).is_none() {
                    after.world.artifacts.forget(&call.name);
                }
                // A grant that was made has an id that nobody was told, and a repeated call makes another.
                if call.op == Operation::CreateGrant {
                    after.world = after.world.with_stray_grant(&call.name);
                }
                next.push(after);
            }
        }
        self.keep(next);
    }

    /// The belief if the call succeeds, whatever its answer is. `None` where it cannot.
    pub fn after_success(&self, call: &Call) -> Option<Belief> {
        let next = self.worlds.closure().into_iter().flat_map(|possible| {
            let outcomes = step(&possible, call).into_iter().filter(Outcome::is_success);
            outcomes.map(|outcome| possible.after(call, &outcome)).collect::<Vec<_>>()
        });
        let next: Vec<Possible> = next.collect();
        (!next.is_empty()).then(|| {
            let mut belief = self.clone();
            belief.keep(next);
            belief
        })
    }

    /// Keeps the worlds in which this answer would be allowed. False, and no change, when there
    /// is none.
    pub fn retain_consistent(&mut self, call: &Call, response: &Response) -> bool {
        let candidates = self.candidates(call, response);
        let fitting: Vec<Possible> = candidates.into_iter().filter(|c| c.comparison.fits()).map(|c| c.next).collect();
        if fitting.is_empty() {
            return false;
        }
        self.keep(fitting);
        true
    }

    /// Members that are wrong now are not judged again in this sequence.
    pub fn waive(&mut self, call: &Call, judgement: &Judgement) {
        for m in judgement.mismatches.iter().filter(|m| !m.path.is_empty() && m.path != "code") {
            let waived = (call.op, call.region.clone(), self.subject(call), m.path.clone());
            Arc::make_mut(&mut self.waived).insert(waived);
        }
    }

    /// Takes over the key state that the endpoint shows for a member, so that what follows is
    /// judged by it. False when it names no lasting state.
    pub fn fold_state(&mut self, family: &str, region: &str, shown: &str) -> bool {
        let lasting = [
            KeyState::Enabled,
            KeyState::Disabled,
            KeyState::PendingDeletion,
            KeyState::PendingReplicaDeletion,
            KeyState::PendingImport,
        ];
        let Some(state) = lasting.into_iter().find(|s| s.name() == shown) else {
            return false;
        };
        let present = |w: &World| w.family(family).is_some_and(|f| f.members.contains_key(region));
        let mut worlds: Vec<Possible> = self.worlds.iter().collect();
        for possible in worlds.iter_mut().filter(|p| present(p)) {
            possible.world.member_mut(family, region).state = state;
        }
        self.keep(worlds);
        true
    }

    /// A key state that was wrong before, and is not judged again, is still what the endpoint goes by.
    fn fold_waived_state(&mut self, call: &Call, response: &Response) {
        let path = match call.op {
            Operation::ScheduleKeyDeletion => "KeyState",
            Operation::DescribeKey => "KeyMetadata.KeyState",
            _ => return,
        };
        let waived = self.is_waived(call, path);
        if let (true, Response::Success(body), Some(Arg::Key(key))) = (waived, response, call.args.get("KeyId"))
            && let Some(shown) = lookup(body, path).and_then(|v| v.as_str())
        {
            self.fold_state(&key.name.clone(), &call.region, shown);
        }
    }

    /// The waiting period of this member's deletion may be over from now on (F-083).
    pub fn mark_due(&mut self, family: &str, region: &str) {
        self.mark(family, region, |m| m.due = m.state == KeyState::PendingDeletion);
    }

    /// This material of this member may expire from now on (F-121).
    pub fn mark_expiring(&mut self, family: &str, region: &str, material: &Name) {
        self.mark(family, region, |m| {
            if let Some(status @ (Imported::Expiring | Imported::Implied)) = m.held.get_mut(material) {
                *status = Imported::Due;
            }
        });
    }

    fn mark(&mut self, family: &str, region: &str, change: impl Fn(&mut Member)) {
        let present = |w: &World| w.family(family).is_some_and(|f| f.members.contains_key(region));
        for world in self.worlds.worlds_mut().iter_mut().filter(|w| present(w)) {
            change(world.member_mut(family, region));
        }
    }

    /// The same worlds, with what was encrypted or signed since: going back to an earlier belief
    /// undoes a change, not a ciphertext.
    pub fn with_artifacts_of(mut self, other: &Belief) -> Belief {
        let made = other.worlds().first().map(|w| w.artifacts.clone()).unwrap_or_default();
        for world in self.worlds.worlds_mut() {
            world.artifacts.merge(&made);
        }
        self
    }

    fn learn(&mut self, call: &Call, response: &Response, comparison: &Comparison) {
        for (slot, value) in &comparison.learned {
            self.bindings.set(slot.clone(), value.clone());
        }
        if let Response::Success(body) = response {
            self.bindings.keep_output(call.name.clone(), body.clone());
        }
    }

    fn keep(&mut self, worlds: impl IntoIterator<Item = Possible>) {
        let kept = Worlds::distinct(worlds);
        // An observation that changes nothing keeps what is shared.
        if self.worlds != kept {
            self.worlds = kept;
        }
    }
}

fn judge_candidates(candidates: &[Candidate]) -> Judgement {
    let mut judgement = Judgement::default();
    let fitting: Vec<_> = candidates.iter().filter(|c| c.comparison.fits()).collect();
    judgement.latitude = match candidates {
        [_] => 1,
        several => {
            let kinds = several.iter().map(|c| super::matching::describe_answer(&c.outcome.answer));
            kinds.collect::<HashSet<String>>().len()
        }
    };
    judgement.allowed = !fitting.is_empty();
    // What was under way when it was last looked at is taken to be so still.
    let under_way = fitting.iter().any(|c| c.under_way);
    let likely: Vec<&Candidate> = fitting.iter().copied().filter(|c| c.under_way == under_way).collect();
    let mut situations = likely.iter().map(|c| c.situation);
    judgement.situation = situations.next().filter(|first| situations.all(|s| s == *first));
    if let Some(best) = fitting.iter().min_by_key(|c| c.comparison.mismatches.len()) {
        judgement.mismatches = best.comparison.mismatches.clone();
        judgement.upheld = agreed(&likely);
        for m in &judgement.mismatches {
            judgement.upheld.remove(&m.rule);
        }
    } else if let Some(nearest) = candidates.iter().min_by_key(|c| distance(c)) {
        judgement.mismatches = nearest.comparison.mismatches.clone();
        judgement.at_stake = nearest.rules.clone();
    }
    judgement
}

/// The rules that an answer has put to the test: those that it shows in every world and by every outcome
/// that allows it. Where one of these would explain the answer without a rule, the rule was not tested.
fn agreed(fitting: &[&Candidate]) -> BTreeSet<RuleId> {
    let shown = |c: &Candidate| -> BTreeSet<RuleId> {
        let checks = c.comparison.upheld.iter().filter(|_| !c.outcome.transient);
        c.rules.iter().chain(checks).copied().collect()
    };
    let mut each = fitting.iter().map(|c| shown(c));
    let first = each.next().unwrap_or_default();
    each.fold(first, |both, next| &both & &next)
}

/// How far an answer is from an outcome: kind first, then broken MUSTs, then the rest. What may be seen only for a
/// while is the measure of an answer only if that says that something is under way.
fn distance(c: &Candidate) -> (bool, bool, bool, usize, usize) {
    let broken = c.comparison.mismatches.iter().filter(|m| m.is_must()).count();
    // Among outcomes of another kind, the success says best what should have happened.
    let refusal = matches!(c.outcome.answer, Answer::Refusal(_));
    let kind = !c.comparison.same_kind;
    (kind, kind && refusal, c.passing, broken, c.comparison.mismatches.len())
}

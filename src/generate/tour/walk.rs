//! Walking: one sequence of a tour as it grows, and what it has covered.

use super::node::{BESIDE, Graph, HOMES, MAIN, Move, Node, clear, settled};
use super::reach::{CHANGES, JUDGED, is_possible, places, succeeds};
use crate::generate::likely;
use crate::generate::menu::{Abilities, Place, REGIONS, offers, own_policy, policies};
use crate::run::{Action, Sequence, Step};
use crate::scenario::normalise;
use crate::spec::call::{Arg, Call, KeyForm, KeyRef, Operation};
use crate::spec::outcome::Outcome;
use crate::spec::situation::{Role, Situation};
use crate::spec::step::step;
use crate::spec::world::{Artifact, KeyState, World};
use serde::Serialize;
use serde_json::json;
use std::collections::{BTreeSet, HashMap, HashSet};

/// No sequence has many more calls than this.
const LONGEST: usize = 290;

/// Calls that are sent while a promotion may be under way.
const WINDOW: usize = 20;

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
    new: usize,
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
    fn is_open(&self, spot: Spot) -> bool {
        self.open.get(&spot).is_some_and(|n| *n > 0)
    }

    /// Whether this is to be covered, and is not yet.
    fn is_goal(&self, situation: &Situation) -> bool {
        self.goals.contains(situation)
    }

    fn note(&mut self, situation: Situation) {
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

/// One sequence while it is made.
pub struct Walk<'t> {
    pub operations: &'t [Operation],
    abilities: Abilities,
    pub covered: &'t mut Covered,
    pub world: World,
    pub steps: Vec<Step>,
    /// The last change of the main family.
    last: Option<Operation>,
    /// True when nobody can tell any more what the key states are: the sequence ends.
    pub over: bool,
    /// True while nobody can tell, but will be able to: what is met meanwhile does not count.
    doubtful: bool,
}

impl<'t> Walk<'t> {
    /// An empty sequence.
    pub fn new(operations: &'t [Operation], abilities: Abilities, covered: &'t mut Covered) -> Walk<'t> {
        let world = World { enforced: true, ..World::default() };
        Walk { operations, abilities, covered, world, steps: Vec::new(), last: None, over: false, doubtful: false }
    }

    /// Where the family is in a graph.
    pub fn node(&self, graph: &Graph) -> Node {
        Node::of(self.world.family(MAIN).expect("the family was made"), graph.members)
    }

    /// Ends the sequence.
    pub fn finish(self, id: String, title: &str) -> Sequence {
        // Each member's deletion is scheduled in the end: that is not free.
        let members: usize = self.world.families.values().map(|f| f.members.len()).sum();
        self.covered.requests += members;
        let covered = self.covered;
        let before = |part: fn(&Cost) -> usize| covered.costs.iter().map(part).sum::<usize>();
        let cost = Cost {
            requests: covered.requests - before(|c| c.requests),
            keys: covered.keys - before(|c| c.keys),
            covers: covered.new - before(|c| c.covers),
        };
        covered.costs.push(cost);
        Sequence { id, title: title.into(), rules: Vec::new(), steps: self.steps }
    }

    /// Sends a call, and waits for the end of what it begins.
    pub fn send(&mut self, call: Call) {
        let begins = matches!(call.op, Operation::ReplicateKey | Operation::UpdatePrimaryRegion);
        let outcomes = step(&self.world, &call);
        let settle = begins && succeeds(&outcomes);
        self.push(call, &outcomes, settle);
    }

    /// Sends a call and does not wait.
    fn send_now(&mut self, call: Call) {
        let outcomes = step(&self.world, &call);
        self.push(call, &outcomes, false);
    }

    fn push(&mut self, mut call: Call, outcomes: &[Outcome], settle: bool) {
        if call.name.is_empty() {
            call.name = format!("s{:03}", self.steps.len() + 1).into();
        }
        // The name decides what later calls refer to.
        let outcomes = if outcomes.is_empty() { Vec::new() } else { step(&self.world, &call) };
        if !self.doubtful {
            self.covered.note(Situation::of(&self.world, &call).due(&outcomes));
        }
        self.covered.requests += 1;
        let done = succeeds(&outcomes);
        if done && matches!(call.op, Operation::CreateKey | Operation::ReplicateKey) {
            self.covered.keys += 1;
        }
        if CHANGES.contains(&call.op) && self.concerns_main(&call) {
            self.covered.pairs.extend(self.last.map(|last| (last, call.op)));
            if is_possible(&outcomes) {
                self.last = Some(call.op);
            }
        }
        self.world = likely(&self.world, &outcomes);
        let text = normalise::call(&call);
        self.steps.push(Step { text, action: Action::Call { call: Box::new(call), settle, expect: None } });
        if settle {
            self.settle_quietly();
        }
    }

    /// The looks at every member that settling takes.
    fn settle_quietly(&mut self) {
        self.world = settled(self.world.clone());
        let regions: Vec<_> = self.world.family(MAIN).into_iter().flat_map(|f| f.members.keys().cloned()).collect();
        for region in regions {
            let look = Call::new(Operation::DescribeKey, &region).key(&MAIN.into());
            self.covered.note(Situation::of(&self.world, &look).due(&step(&self.world, &look)));
            self.covered.requests += 1;
        }
    }

    /// A step that waits until the family is settled.
    fn settle(&mut self) {
        let text = format!("settle {MAIN}");
        self.steps.push(Step { text, action: Action::Settle(MAIN.into()) });
        self.settle_quietly();
    }

    fn is_member(&self, region: &str) -> bool {
        self.world.family(MAIN).is_some_and(|f| f.members.contains_key(region))
    }

    fn concerns_main(&self, call: &Call) -> bool {
        match call.args.get(call.op.key_member()) {
            Some(Arg::Key(key)) => &*key.name == MAIN,
            _ => match call.args.get("AliasName") {
                Some(Arg::AliasName(alias)) => {
                    let slot = (call.region.clone(), alias.clone());
                    self.world.aliases.get(&slot).is_some_and(|f| &**f == MAIN)
                }
                _ => true,
            },
        }
    }

    /// Whether sending the call now would cover something new.
    pub fn is_fresh(&self, call: &Call) -> bool {
        let met = Situation::of(&self.world, call);
        if met.policy.is_empty() {
            return !self.covered.situations.contains(&met);
        }
        !self.covered.situations.contains(&met.due(&step(&self.world, call)))
    }

    /// Makes the main family: CreateKey, and a replica in each further home.
    pub fn make(&mut self, create: &Call, members: usize) {
        self.send(Call { name: MAIN.into(), ..create.clone() });
        self.replicate(members);
    }

    /// The same for pairs of changes: with a grant and an alias that are there before the first replica, as many
    /// replicas as there are Regions, and another change after each.
    pub fn make_with_pairs(&mut self, create: &Call, members: usize) {
        self.send(Call { name: MAIN.into(), ..create.clone() });
        for op in [Operation::CreateGrant, Operation::CreateAlias] {
            if let Some(call) = self.find(op, |walk, call| walk.is_clear(call)) {
                self.send(call);
            }
        }
        for region in &REGIONS[1..] {
            let primary = self.world.family(MAIN).map(|f| f.primary.clone()).expect("the family was made");
            let to = Arg::Json(json!(region));
            let call = Call::new(Operation::ReplicateKey, &primary).key(&MAIN.into()).with("ReplicaRegion", to);
            let needed = !self.is_member(region) && (self.is_open_after_replication() || self.members() < members);
            if needed && succeeds(&step(&self.world, &call)) {
                self.send(call);
                self.pair_with_replication();
            }
        }
    }

    fn members(&self) -> usize {
        self.world.family(MAIN).map_or(0, |f| f.members.len())
    }

    /// Whether some change was not yet made right after a replication.
    fn is_open_after_replication(&self) -> bool {
        self.changes().any(|op| !self.covered.pairs.contains(&(Operation::ReplicateKey, op)))
    }

    fn replicate(&mut self, members: usize) {
        for home in &HOMES[1..members] {
            self.replicate_to(home);
        }
    }

    fn replicate_to(&mut self, region: &str) {
        let to = Arg::Json(json!(region));
        self.send(Call::new(Operation::ReplicateKey, HOMES[0]).key(&MAIN.into()).with("ReplicaRegion", to));
    }

    /// Makes a key beside the main family, a ciphertext of it, and an alias that can be moved away.
    pub fn make_beside(&mut self, create: &Call) {
        self.send(Call { name: BESIDE.into(), ..create.clone() });
        let plaintext = Arg::Bytes(b"beside".to_vec());
        self.send(Call::new(Operation::Encrypt, HOMES[0]).key(&BESIDE.into()).with("Plaintext", plaintext));
        let alias = Arg::AliasName("shared".into());
        let target = Arg::Key(KeyRef { name: BESIDE.into(), form: KeyForm::Id });
        self.send(Call::new(Operation::CreateAlias, HOMES[0]).with("TargetKeyId", target).with("AliasName", alias));
    }

    /// Makes a family whose material is imported, in one member after the other, with looks
    /// before and after each. What waits for material cannot be replicated (F-046).
    pub fn make_and_import(&mut self, create: &Call, members: usize) {
        self.make(create, 1);
        self.be_still();
        for i in 0..members {
            if i > 0 {
                self.replicate_to(HOMES[i]);
                self.be_still();
            }
            let parameters = format!("p{:03}", self.steps.len() + 1).into();
            for call in Move::Import(i).calls(&parameters) {
                self.send(call);
                self.be_still();
            }
        }
        self.provide();
        self.renew_parameters();
    }

    /// Fetches parameters for import for every member that has none that are unspent.
    pub fn renew_parameters(&mut self) {
        for place in places(&self.world.clone(), self.abilities) {
            let unspent = place.world.artifacts.values().any(|a| match a {
                Artifact::Parameters { family, region, spent, .. } => {
                    family == place.name && **region == *place.region && !spent
                }
                _ => false,
            });
            let call = offers(Operation::GetParametersForImport, &place).into_iter().next();
            if let Some(call) = call.filter(|c| !unspent && is_possible(&step(&self.world, c))) {
                self.send(call);
            }
        }
    }

    /// Makes what later calls need: a ciphertext, a signature, a MAC, a public key.
    pub fn provide(&mut self) {
        for op in [Operation::Encrypt, Operation::Sign, Operation::GenerateMac, Operation::GetPublicKey] {
            let all = places(&self.world, self.abilities);
            let made = all.iter().take(1).flat_map(|p| offers(op, p)).find(|c| succeeds(&step(&self.world, c)));
            if let Some(call) = made {
                self.send(call);
            }
        }
    }

    /// Gives every enabled member a tag, a policy, an alias, a grant and a description of its own,
    /// where it has none, and the family a rotation.
    pub fn adorn(&mut self) {
        let mut calls = Vec::new();
        for place in places(&self.world, self.abilities) {
            let Some(member) = place.family.members.get(place.region) else { continue };
            if member.state != KeyState::Enabled {
                continue;
            }
            let alias = self.world.aliases.iter().any(|((r, _), f)| **r == *place.region && &**f == MAIN);
            let wanted = [
                (member.tags.is_empty(), Operation::TagResource, 0),
                (member.policy.is_none(), Operation::PutKeyPolicy, 0),
                (!alias, Operation::CreateAlias, 0),
                (member.grants.is_empty(), Operation::CreateGrant, 0),
                // One that can be retired.
                (member.grants.len() < 2, Operation::CreateGrant, 1),
                (member.description.is_empty(), Operation::UpdateKeyDescription, 0),
            ];
            for (missing, op, nth) in wanted {
                let call = offers(op, &place).into_iter().nth(nth);
                calls.extend(call.filter(|_| missing && self.operations.contains(&op)));
            }
            let rotates =
                self.operations.contains(&Operation::RotateKeyOnDemand) && *place.family.primary == *place.region;
            if rotates && !place.family.rotation_enabled {
                calls.extend(offers(Operation::EnableKeyRotation, &place).into_iter().nth(1));
            }
            if rotates && place.family.rotations == 0 {
                calls.extend(offers(Operation::RotateKeyOnDemand, &place).into_iter().next());
            }
        }
        for call in calls {
            // One change can stand in the way of another: only what still works is sent.
            if is_possible(&step(&self.world, &call)) {
                self.send(call);
            }
        }
    }

    /// Sends everything new that changes nothing: reads, then refusals.
    pub fn be_still(&mut self) {
        self.read();
        for op in self.operations.iter().copied().filter(|op| !op.is_read()) {
            while self.steps.len() < LONGEST {
                let next = self.find_open(op, |walk, call| {
                    if !walk.is_fresh(call) {
                        return false;
                    }
                    let outcomes = step(&walk.world, call);
                    !succeeds(&outcomes) && unchanged(&walk.world, &outcomes)
                });
                let Some(call) = next else { break };
                self.send(call);
                // A promotion that was refused must have changed nothing, and so on.
                self.read();
            }
        }
    }

    /// Sends every read that is new.
    pub fn read(&mut self) {
        let first = [Operation::DescribeKey, Operation::Encrypt, Operation::Sign, Operation::GenerateMac];
        let rest = self.operations.iter().copied().filter(|op| op.is_read() && !first.contains(op));
        let order: Vec<Operation> = first.into_iter().filter(|op| self.operations.contains(op)).chain(rest).collect();
        for op in order {
            while let Some(call) = self.find_open(op, |walk, call| walk.is_fresh(call)) {
                if self.steps.len() >= LONGEST {
                    return;
                }
                self.send(call);
            }
        }
    }

    /// The first call of an operation that fits, at any place.
    fn find(&self, op: Operation, fits: impl Fn(&Self, &Call) -> bool) -> Option<Call> {
        let all = places(&self.world, self.abilities);
        all.iter().flat_map(|place| offers(op, place)).find(|call| fits(self, call))
    }

    /// The same, only where something is still to be covered.
    fn find_open(&self, op: Operation, fits: impl Fn(&Self, &Call) -> bool) -> Option<Call> {
        let anywhere = [Role::Absent, Role::None].iter().any(|role| self.covered.is_open((op, *role, None)));
        let all = places(&self.world, self.abilities);
        let open =
            all.iter().filter(|p| anywhere || self.covered.is_open((op, role(p), p.family.effective_state(p.region))));
        open.flat_map(|place| offers(op, place)).find(|call| fits(self, call))
    }

    /// A change that is allowed here and covers something new. Keys are never made, and never
    /// shut, by the way.
    pub fn fresh_change(&self) -> Option<Call> {
        for op in self.changes().filter(|op| *op != Operation::ReplicateKey) {
            let found = self.find_open(op, |walk, call| {
                let open = call.op != Operation::PutKeyPolicy || is_open_policy(call);
                open && walk.is_fresh(call) && walk.is_clear(call)
            });
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// A call that is in just this situation now.
    pub fn call_in(&self, wanted: &Situation) -> Option<Call> {
        self.find(wanted.op, |walk, call| Situation::of(&walk.world, call).due(&step(&walk.world, call)) == *wanted)
    }

    /// A change in a situation like this one, whether or not it is new itself.
    pub fn change_like(&self, via: &Situation) -> Option<Call> {
        self.find(via.op, |walk, call| walk.is_like(call, via))
    }

    /// A change like this one after which the wanted situation can be met.
    pub fn change_towards(&self, via: &Situation, wanted: &Situation) -> Option<Call> {
        let leads = |walk: &Self, call: &Call| {
            let next = settled(likely(&walk.world, &step(&walk.world, call)));
            let all = places(&next, walk.abilities);
            let mut calls = all.iter().flat_map(|p| offers(wanted.op, p));
            calls.any(|c| Situation::of(&next, &c) == wanted.undecided())
        };
        let like = |walk: &Self, call: &Call| walk.is_like(call, via) && leads(walk, call);
        self.find(via.op, like).or_else(|| self.find(via.op, leads))
    }

    fn is_like(&self, call: &Call, via: &Situation) -> bool {
        let met = Situation::of(&self.world, call);
        let same = (met.role, met.state, met.other) == (via.role, via.state, via.other);
        let asked = (met.variant, met.caller) == (via.variant, via.caller);
        same && asked && met.due(&step(&self.world, call)).due == via.due
    }

    /// Follows the moves, except when one does not lead where the graph says.
    pub fn travel(&mut self, moves: &[Move]) {
        for by in moves {
            self.follow(by, 0);
            self.be_still();
        }
    }

    /// Makes a move, without its first calls.
    pub fn follow(&mut self, by: &Move, skipped: usize) {
        let parameters: crate::spec::world::Name = format!("p{:03}", self.steps.len() + 1).into();
        self.doubtful = matches!(by, Move::Recover(_)) && skipped > 0;
        for call in by.calls(&parameters).into_iter().skip(skipped) {
            self.send(call);
            self.doubtful |= matches!(by, Move::Recover(_));
        }
        self.doubtful = false;
    }

    /// Puts each policy on each side in turn, asks what it is about, and takes it away again.
    pub fn go_through_policies(&mut self, most: usize) {
        let limited = self.abilities.limited;
        for document in policies().iter().filter(|p| limited || !p.contains("{limited}")) {
            for home in &HOMES[..2] {
                if !self.is_member(home) || self.steps.len() > most {
                    continue;
                }
                let put = |text: &str| {
                    let bypass = Arg::Json(json!(true));
                    let call = Call::new(Operation::PutKeyPolicy, home).key(&MAIN.into());
                    call.with("Policy", Arg::Json(json!(text))).with("BypassPolicyLockoutSafetyCheck", bypass)
                };
                let mut trial = self.world.clone();
                trial = likely(&trial, &step(&trial, &put(document)));
                let any = JUDGED.iter().any(|op| self.new_in(&trial, *op).is_some());
                if !any {
                    continue;
                }
                self.send(put(document));
                for op in JUDGED {
                    while let Some(call) = self.new_in(&self.world, op) {
                        self.send(call);
                        self.read();
                    }
                }
                self.send(put(&policies()[0]));
            }
        }
    }

    /// A call of this operation that a policy has something new to say about. No key is made.
    fn new_in(&self, world: &World, op: Operation) -> Option<Call> {
        let all = places(world, self.abilities);
        let mut calls = all.iter().flat_map(|place| offers(op, place));
        calls.find(|call| {
            let met = Situation::of(world, call);
            if met.policy.is_empty() {
                return false;
            }
            let outcomes = step(world, call);
            let makes = op == Operation::ReplicateKey && is_possible(&outcomes);
            !makes && !self.covered.situations.contains(&met.due(&outcomes))
        })
    }

    /// Promotes and, while that may be under way, asks what the key-state table says about Updating;
    /// likewise for a replica that is being made.
    pub fn look_while(&mut self, begin: Call, goal: &Situation) {
        let allowed = succeeds(&step(&self.world, &begin));
        if !allowed {
            return;
        }
        let moved = begin.clone();
        let busy_world = likely(&self.world, &step(&self.world, &begin));
        let reached = places(&busy_world, self.abilities)
            .iter()
            .flat_map(|p| offers(goal.op, p))
            .any(|c| Situation::of(&busy_world, &c).due(&step(&busy_world, &c)) == *goal);
        if !reached {
            return;
        }
        let look = match (moved.op, moved.text("ReplicaRegion")) {
            (Operation::ReplicateKey, Some(region)) => region.to_string(),
            _ => moved.region.to_string(),
        };
        self.send_now(begin);
        // It tells whether what follows meets a member that is under way.
        self.send_now(Call::new(Operation::DescribeKey, &look).key(&MAIN.into()));
        // What this is about comes before the window is full.
        if !matches!(goal.op, Operation::DisableKey | Operation::ScheduleKeyDeletion | Operation::ReplicateKey)
            && let Some(call) = self.call_in(goal)
        {
            self.send_now(call);
        }
        let end = self.steps.len() + WINDOW;
        let busy = |walk: &Self, call: &Call| {
            let met = Situation::of(&walk.world, call);
            let under_way = matches!(met.state, Some(KeyState::Updating | KeyState::Creating));
            let makes = met.op == Operation::ReplicateKey && met.other == "a Region without a member";
            under_way && !makes && walk.is_fresh(call)
        };
        for op in self.operations.iter().copied() {
            // These have effect when what is under way is over: they come one by one, below.
            if matches!(op, Operation::DisableKey | Operation::ScheduleKeyDeletion) {
                continue;
            }
            while self.steps.len() < end {
                let Some(call) = self.find_open(op, busy) else { break };
                self.send_now(call);
            }
        }
        let whole = self.steps.len() < end;
        self.settle();
        if !whole {
            return;
        }
        self.be_still();
        for op in [Operation::DisableKey, Operation::ScheduleKeyDeletion, Operation::ReplicateKey] {
            if moved.op != Operation::UpdatePrimaryRegion {
                break;
            }
            // On the former primary, and on the new one.
            for _ in 0..2 {
                let Some(back) = self.promotion_back() else { break };
                let mut trial = self.world.clone();
                trial = likely(&trial, &step(&trial, &back));
                let all = places(&trial, self.abilities);
                let found = all.iter().flat_map(|p| offers(op, p)).find(|c| {
                    let met = Situation::of(&trial, c);
                    met.state == Some(KeyState::Updating) && self.covered.is_goal(&met.due(&step(&trial, c)))
                });
                let Some(call) = found else { break };
                self.send_now(back);
                let region = call.region.to_string();
                self.send_now(call);
                self.settle();
                let again = |op| Call::new(op, &region).key(&MAIN.into());
                if op == Operation::ScheduleKeyDeletion {
                    self.send(again(Operation::CancelKeyDeletion));
                }
                if op == Operation::ReplicateKey {
                    // Whether there is another member now depends on the endpoint.
                    self.over = true;
                    return;
                }
                self.send(again(Operation::EnableKey));
            }
        }
    }

    fn promotion_back(&self) -> Option<Call> {
        self.find(Operation::UpdatePrimaryRegion, |walk, call| succeeds(&step(&walk.world, call)))
    }

    /// The change after the last ReplicateKey that makes a new pair: only here are keys made.
    pub fn pair_with_replication(&mut self) {
        let last = Operation::ReplicateKey;
        if self.last != Some(last) {
            return;
        }
        let open: Vec<Operation> =
            CHANGES.iter().copied().filter(|op| !self.covered.pairs.contains(&(last, *op))).collect();
        let effective = open.iter().find_map(|op| self.find(*op, |walk, call| walk.is_harmless(call)));
        let call = effective.or_else(|| open.iter().find_map(|op| self.find(*op, |walk, call| walk.is_in_vain(call))));
        if let Some(call) = call {
            self.send(call);
        }
    }

    /// A change that makes a new pair with the last one: one that has effect, if there is any.
    pub fn pairing_change(&self, wanted: &BTreeSet<(Operation, Operation)>) -> Option<Call> {
        let last = self.last?;
        let open = |op: &Operation| wanted.contains(&(last, *op)) && !self.covered.pairs.contains(&(last, *op));
        let ops: Vec<Operation> = self.changes().filter(open).collect();
        let effective = ops.iter().find_map(|op| self.find(*op, |walk, call| walk.is_harmless(call)));
        effective.or_else(|| ops.iter().find_map(|op| self.find(*op, |walk, call| walk.is_in_vain(call))))
    }

    /// A change after which a new pair can be made.
    pub fn leading_change(&self, wanted: &BTreeSet<(Operation, Operation)>) -> Option<Call> {
        let open = |op: &Operation| wanted.iter().any(|(x, y)| x == op && !self.covered.pairs.contains(&(*x, *y)));
        let ops: Vec<Operation> = self.changes().filter(open).collect();
        ops.iter().find_map(|op| {
            self.find(*op, |walk, call| {
                if !walk.is_harmless(call) {
                    return false;
                }
                let next = settled(likely(&walk.world, &step(&walk.world, call)));
                let all = places(&next, walk.abilities);
                let mut follow = wanted.iter().filter(|(x, y)| x == op && !walk.covered.pairs.contains(&(*x, *y)));
                follow.any(|(_, y)| all.iter().flat_map(|p| offers(*y, p)).any(|c| is_open_policy(&c)))
            })
        })
    }

    /// A change that makes others possible: where nothing else leads on.
    pub fn opening_change(&self, number: usize) -> Option<Call> {
        let all: Vec<Call> =
            self.changes().filter_map(|op| self.find(op, |walk, call| walk.is_harmless(call))).collect();
        all.get(number % all.len().max(1)).cloned()
    }

    /// Whether a call succeeds and leaves no doubt about the key states afterwards.
    pub fn is_clear(&self, call: &Call) -> bool {
        let outcomes = step(&self.world, call);
        clear(&self.world, &outcomes).is_some() || (call.op == Operation::RotateKeyOnDemand && is_possible(&outcomes))
    }

    fn changes(&self) -> impl Iterator<Item = Operation> + '_ {
        CHANGES.iter().copied().filter(|op| self.operations.contains(op))
    }

    /// Whether a call is refused and changes nothing.
    fn is_in_vain(&self, call: &Call) -> bool {
        let outcomes = step(&self.world, call);
        !is_possible(&outcomes) && Situation::of(&self.world, call).role != Role::None && self.concerns_main(call)
    }

    /// Whether a change is allowed and neither makes keys nor shuts anybody out.
    fn is_harmless(&self, call: &Call) -> bool {
        call.op != Operation::ReplicateKey && is_open_policy(call) && is_possible(&step(&self.world, call))
    }
}

/// The role of the member at a place.
fn role(place: &Place) -> Role {
    match () {
        () if !place.family.members.contains_key(place.region) => Role::Absent,
        () if !place.family.multi_region => Role::Single,
        () if *place.family.primary == *place.region => Role::Primary,
        () => Role::Replica,
    }
}

/// Whether none of the outcomes changes anything that counts.
fn unchanged(world: &World, outcomes: &[Outcome]) -> bool {
    let plain = |w: &World| {
        w.families.iter().map(|(n, f)| (n.clone(), f.members.clone(), f.primary.clone())).collect::<Vec<_>>()
    };
    let before = plain(world);
    outcomes.iter().all(|o| plain(&o.next) == before && o.next.aliases == world.aliases)
}

/// True unless the call puts a policy other than one that delegates everything to the account.
fn is_open_policy(call: &Call) -> bool {
    match (call.op, call.text("Policy")) {
        (Operation::PutKeyPolicy, Some(text)) => text == policies()[0] || text == own_policy(&call.region),
        _ => true,
    }
}

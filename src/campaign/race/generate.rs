//! Concurrent histories, generated from the model: a family, what several clients do to it at the same time, and what
//! must be true of it afterwards.

use crate::generate::menu::{Abilities, Place, REGIONS, meant};
use crate::generate::{Random, preferred};
use crate::sequence::{Action, Sequence, Step, normalise};
use Operation::*;
use mrkspec_model::call::{Arg, Call, Caller, KeyForm, KeyRef, Operation};
use mrkspec_model::step::step;
use mrkspec_model::world::{Name, Region, World};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The family that everything is about.
const FAMILY: &str = "k";
/// Calls of all clients together.
const MOST_CALLS: usize = 9;

/// What two clients do first, and how often of all.
const THEMES: [(Operation, Operation, usize); 26] = [
    (UpdatePrimaryRegion, UpdatePrimaryRegion, 10),
    (UpdatePrimaryRegion, ReplicateKey, 8),
    (UpdatePrimaryRegion, DisableKey, 5),
    (UpdatePrimaryRegion, EnableKey, 3),
    (UpdatePrimaryRegion, ScheduleKeyDeletion, 5),
    (UpdatePrimaryRegion, CancelKeyDeletion, 4),
    (UpdatePrimaryRegion, EnableKeyRotation, 7),
    (UpdatePrimaryRegion, RotateKeyOnDemand, 7),
    (UpdatePrimaryRegion, DescribeKey, 6),
    (UpdatePrimaryRegion, Encrypt, 5),
    (UpdatePrimaryRegion, Decrypt, 3),
    (UpdatePrimaryRegion, UpdateKeyDescription, 5),
    (UpdatePrimaryRegion, TagResource, 3),
    (ReplicateKey, ReplicateKey, 8),
    (ReplicateKey, ScheduleKeyDeletion, 3),
    (ReplicateKey, DisableKey, 3),
    (ReplicateKey, DescribeKey, 3),
    (DisableKey, EnableKey, 4),
    (DisableKey, ScheduleKeyDeletion, 3),
    (DisableKey, DescribeKey, 2),
    (ScheduleKeyDeletion, CancelKeyDeletion, 4),
    (ScheduleKeyDeletion, ScheduleKeyDeletion, 3),
    (EnableKeyRotation, DisableKeyRotation, 3),
    (EnableKeyRotation, RotateKeyOnDemand, 3),
    (EnableKeyRotation, DisableKey, 3),
    (TagResource, UpdateKeyDescription, 5),
];

/// The same for imported key material.
const OF_IMPORTS: [(Operation, Operation, usize); 6] = [
    (UpdatePrimaryRegion, ImportKeyMaterial, 6),
    (ImportKeyMaterial, ImportKeyMaterial, 3),
    (ImportKeyMaterial, DisableKey, 2),
    (ImportKeyMaterial, ScheduleKeyDeletion, 2),
    (ImportKeyMaterial, ReplicateKey, 2),
    (UpdatePrimaryRegion, UpdatePrimaryRegion, 2),
];

/// The history of this number below a seed, without operations that the endpoint lacks.
pub fn history(seed: u64, number: u64, lacks: &dyn Fn(Operation) -> bool) -> Sequence {
    let mut plan = Plan {
        random: Random::new(seed, number),
        lacks,
        world: World { enforced: true, ..World::default() },
        steps: Vec::new(),
    };
    let imports = plan.chance(14) && ![GetParametersForImport, ImportKeyMaterial].iter().any(|op| lacks(*op));
    let themes: &[(Operation, Operation, usize)] = if imports { &OF_IMPORTS } else { &THEMES };
    let theme = plan.theme(themes);
    plan.begin(imports, [theme.0, theme.1]);
    let clients = plan.clients(themes, theme);
    plan.race_and_look(clients);
    Sequence { id: format!("race-{seed}-{number}"), title: "generated".into(), rules: Vec::new(), steps: plan.steps }
}

struct Plan<'l> {
    random: Random,
    lacks: &'l dyn Fn(Operation) -> bool,
    world: World,
    steps: Vec<Step>,
}

impl Plan<'_> {
    fn chance(&mut self, percent: usize) -> bool {
        self.random.below(100) < percent
    }

    /// A step of its own, and what most likely follows.
    fn push(&mut self, mut call: Call, settle: bool) {
        if (self.lacks)(call.op) {
            return;
        }
        call.name = if call.op == CreateKey { FAMILY.into() } else { format!("s{:02}", self.steps.len()).into() };
        self.world = after(&self.world, &call);
        self.steps.push(told(Action::Call { call: Box::new(call), settle, expect: None }));
    }

    /// The first of the calls that make sense here, if one does.
    fn push_plain(&mut self, op: Operation, region: &str) {
        if let Some(call) = successful(op, &self.world, region).into_iter().next() {
            self.push(call, false);
        }
    }

    /// One of the themes, by their weights.
    fn theme(&mut self, themes: &[(Operation, Operation, usize)]) -> (Operation, Operation) {
        let all: usize = themes.iter().map(|(_, _, weight)| weight).sum();
        let mut dice = self.random.below(all);
        let theme = themes.iter().find(|(_, _, weight)| {
            let here = dice < *weight;
            dice = dice.saturating_sub(*weight);
            here
        });
        theme.map_or((themes[0].0, themes[0].1), |(first, second, _)| (*first, *second))
    }

    /// A family in two or three Regions, in a state in which the theme has something to begin with.
    fn begin(&mut self, imports: bool, theme: [Operation; 2]) {
        let mut create = Call::new(CreateKey, REGIONS[0]).with("MultiRegion", Arg::Json(json!(true)));
        if imports {
            create = create.with("Origin", Arg::Json(json!("EXTERNAL")));
        }
        self.push(create, false);
        if imports {
            self.push_plain(GetParametersForImport, REGIONS[0]);
            self.push_plain(ImportKeyMaterial, REGIONS[0]);
        }
        // Two clients that replicate need two free Regions.
        let replicas = if theme == [ReplicateKey; 2] { 1 } else { 1 + self.random.below(2) };
        for region in &REGIONS[1..=replicas] {
            let to = Arg::Json(Value::String(region.to_string()));
            self.push(Call::new(ReplicateKey, REGIONS[0]).key(&FAMILY.into()).with("ReplicaRegion", to), true);
        }
        for region in REGIONS[1..=replicas].iter().filter(|_| imports) {
            self.push_plain(GetParametersForImport, region);
            if self.chance(50) {
                self.push_plain(ImportKeyMaterial, region);
                self.push_plain(GetParametersForImport, region);
            }
        }
        if (self.chance(25) || theme.contains(&Decrypt)) && !imports {
            self.push_plain(Encrypt, REGIONS[0]);
        }
        if self.chance(15) && !imports {
            self.push_plain(EnableKeyRotation, REGIONS[0]);
        }
        let replica = REGIONS[1 + self.random.below(replicas)];
        match self.random.below(10) {
            _ if theme.contains(&CancelKeyDeletion) => self.push_plain(ScheduleKeyDeletion, replica),
            0 | 1 => self.push_plain(DisableKey, replica),
            2 => self.push_plain(ScheduleKeyDeletion, replica),
            _ if theme.contains(&EnableKey) => self.push_plain(DisableKey, replica),
            _ => {}
        }
    }

    /// What two to four clients do, each by what is likely to be there when it begins.
    fn clients(
        &mut self,
        themes: &[(Operation, Operation, usize)],
        (first, second): (Operation, Operation),
    ) -> Vec<Vec<Call>> {
        let number = [2, 2, 2, 2, 2, 3, 3, 3, 4, 4][self.random.below(10)];
        let mut clients: Vec<Vec<Call>> = Vec::new();
        let mut left = MOST_CALLS;
        for client in 0..number {
            let (mut world, mut calls) = (self.world.clone(), Vec::new());
            for i in 0..[1, 1, 1, 2, 2, 3][self.random.below(6)].min(left) {
                let any = self.theme(themes);
                let op = match (client, i) {
                    (0, 0) => first,
                    (1, 0) => second,
                    _ if self.chance(50) => any.0,
                    _ => any.1,
                };
                // What is done to the same member is more likely to collide.
                let near = clients.first().and_then(|c| c.first()).map(|c| c.region.clone());
                let near = near.filter(|_| self.chance(60));
                let Some(mut call) = self.one(op, &world, near.as_ref()) else { continue };
                call.name = format!("c{}{}", client + 1, i + 1).into();
                world = after(&world, &call);
                calls.push(call);
            }
            left -= calls.len().min(left);
            if !calls.is_empty() {
                clients.push(calls);
            }
        }
        clients
    }

    /// A call that would succeed by itself, somewhere; else a look at a member.
    fn one(&mut self, op: Operation, world: &World, near: Option<&Region>) -> Option<Call> {
        let op = if (self.lacks)(op) { DescribeKey } else { op };
        let members: Vec<Region> = world.family(FAMILY)?.members.keys().cloned().collect();
        let mut calls: Vec<Call> = members.iter().flat_map(|r| successful(op, world, r).into_iter().take(3)).collect();
        if calls.iter().any(|c| Some(&c.region) == near) {
            calls.retain(|c| Some(&c.region) == near);
        }
        if calls.is_empty() {
            calls = members.iter().map(|r| Call::new(DescribeKey, r).key(&FAMILY.into())).collect();
        }
        let at = self.random.below(calls.len());
        (!calls.is_empty()).then(|| calls.swap_remove(at))
    }

    /// The race itself; then everything settles, and every member is looked at.
    fn race_and_look(&mut self, clients: Vec<Vec<Call>>) {
        let family: Name = FAMILY.into();
        let raced: Vec<Call> = clients.iter().flatten().cloned().collect();
        self.steps.push(told(Action::Race(clients)));
        self.steps.push(told(Action::Settle(family.clone())));
        let mut regions: BTreeSet<Region> =
            self.world.family(FAMILY).into_iter().flat_map(|f| f.members.keys().cloned()).collect();
        regions.extend(raced.iter().filter_map(|c| c.text("ReplicaRegion").map(Into::into)));
        let rotation = raced.iter().any(|c| matches!(c.op, EnableKeyRotation | DisableKeyRotation));
        let rotated = raced.iter().any(|c| c.op == RotateKeyOnDemand);
        let encrypted = self.steps.iter().flat_map(Step::calls).find(|c| c.op == Encrypt).map(|c| c.name.clone());
        let tagged = raced.iter().any(|c| c.op == TagResource);
        let mut looks = Vec::new();
        for region in &regions {
            let look = |op| Call::new(op, region).key(&family);
            looks.extend(rotation.then(|| look(GetKeyRotationStatus)));
            looks.extend(rotated.then(|| look(ListKeyRotations)));
            looks.extend(tagged.then(|| look(ListResourceTags)));
            looks.extend(encrypted.iter().map(|step| {
                let ciphertext = Arg::Result { step: step.clone(), damaged: false };
                look(Decrypt).with("CiphertextBlob", ciphertext)
            }));
        }
        for mut look in looks.into_iter().filter(|c| !(self.lacks)(c.op)) {
            look.name = format!("s{:02}", self.steps.len()).into();
            self.steps.push(told(Action::Call { call: Box::new(look), settle: false, expect: None }));
        }
    }
}

/// The calls of `op` on the member in this Region that succeed in this world and change something, if it is about that.
fn successful(op: Operation, world: &World, region: &str) -> Vec<Call> {
    let name: Name = FAMILY.into();
    let Some(family) = world.family(&name) else { return Vec::new() };
    let place = Place { world, name: &name, family, region, abilities: Abilities::default() };
    let by_id = |c: &Call| {
        c.caller == Caller::Admin
            && matches!(c.args.get(op.key_member()), Some(Arg::Key(KeyRef { form: KeyForm::Id, .. })))
    };
    let idle = |c: &Call| c.text("PrimaryRegion").is_some_and(|to| *to == *region);
    let mut calls = meant(op, &place);
    calls.retain(|c| by_id(c) && !idle(c) && step(world, c).iter().any(|o| o.is_success()));
    calls
}

fn after(world: &World, call: &Call) -> World {
    preferred(&step(world, call)).map_or_else(|| world.clone(), |outcome| outcome.next.clone()).settled()
}

/// A step with its text.
pub fn told(action: Action) -> Step {
    let list = |calls: &[Call]| calls.iter().map(normalise::call).collect::<Vec<_>>().join("; ");
    let text = match &action {
        Action::Call { call, .. } => normalise::call(call),
        Action::Settle(family) => format!("settle {family}"),
        Action::Race(clients) => {
            let clients: Vec<String> = clients.iter().map(|calls| format!("[{}]", list(calls))).collect();
            format!("race {}", clients.join(" "))
        }
        _ => String::new(),
    };
    Step { text, action }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn histories_race_and_are_the_same_for_the_same_seed() {
        let mut seen: BTreeMap<Operation, usize> = BTreeMap::new();
        for number in 0..300 {
            let sequence = history(7, number, &|_| false);
            assert_eq!(format!("{:?}", sequence.steps), format!("{:?}", history(7, number, &|_| false).steps));
            let clients = sequence.steps.iter().find_map(|s| match &s.action {
                Action::Race(clients) => Some(clients),
                _ => None,
            });
            let clients = clients.expect("a race");
            assert!((2..=4).contains(&clients.len()), "{sequence:?}");
            assert!(clients.iter().flatten().count() <= MOST_CALLS);
            clients.iter().flatten().for_each(|c| *seen.entry(c.op).or_default() += 1);
        }
        for op in THEMES.iter().flat_map(|(a, b, _)| [*a, *b]).chain([ImportKeyMaterial]) {
            assert!(seen.get(&op).is_some_and(|n| *n >= 3), "{op} is missing: {seen:?}");
        }
    }

    #[test]
    fn what_the_endpoint_lacks_is_left_out() {
        let lacking = [RotateKeyOnDemand, ImportKeyMaterial, Encrypt];
        for number in 0..100 {
            let sequence = history(1, number, &|op| lacking.contains(&op));
            assert!(!sequence.calls().any(|c| lacking.contains(&c.op)), "{sequence:?}");
        }
    }
}

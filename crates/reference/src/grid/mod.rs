//! Faults made by a grid instead of by imagination: for each property, each event and each member what can become
//! of it. One general hook makes them all.
//!
//! What is missed in a test depends on a history: something lost, copied, stale or reset by one kind of event, on one
//! member. The grid has all of these that make sense.

mod cell;
mod change;
mod events;

pub use cell::{Cell, Effect, Event, Member, Property, cells};

use crate::Choices;
use crate::engine::{Fault, Hook, Pace, Turn};
use crate::error::Answer;
use crate::faults::refuse;
use crate::store::{Account, Alias, Family, Key};
use change::{Sources, View};
use events::{Happened, Past};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;

/// A fault made of a cell, for one endpoint.
pub struct Made {
    /// For [`crate::Settings::with_fault`].
    pub fault: &'static Fault,
    grid: Arc<Grid>,
}

impl Made {
    /// How often the mistake was made and changed anything. Nobody can see a mistake that was not made.
    pub fn differences(&self) -> u64 {
        self.grid.differences.load(Ordering::Relaxed)
    }

    /// The kinds of events that families have been through.
    pub fn events(&self) -> BTreeSet<Event> {
        self.grid.memory().values().flat_map(|k| k.past.events.iter().copied()).collect()
    }
}

/// Makes the fault of a cell, with a memory of its own: one for each endpoint. It is kept until the program ends.
pub fn made(cell: Cell) -> Made {
    make(cell.name(), cell.about(), Some(cell))
}

/// No fault at all: it only keeps in mind what happens.
pub fn watched() -> Made {
    make("grid/none".into(), "No mistake".into(), None)
}

fn make(name: String, about: String, cell: Option<Cell>) -> Made {
    let grid = Arc::new(Grid { cell, memory: Mutex::default(), differences: AtomicU64::new(0) });
    let hooked = grid.clone();
    let fault = Fault {
        name: name.leak(),
        rule: "",
        also: &[],
        about: about.leak(),
        pace: Pace::ShortDays,
        late: true,
        concurrent: false,
        choices: Choices::Recorded,
        hook: Hook::Made(Box::leak(Box::new(move |turn: &mut Turn| hooked.turn(turn)))),
    };
    Made { fault: Box::leak(Box::new(fault)), grid }
}

/// The fault of the cell with this name.
pub fn find(name: &str) -> Option<&'static Fault> {
    cells().into_iter().find(|c| c.name() == name).map(|c| made(c).fault)
}

/// What the fault knows of each family, by key id.
#[derive(Default)]
struct Known {
    past: Past,
    last: Option<Family>,
    /// Members that are gone.
    earlier: BTreeMap<String, Key>,
    views: BTreeMap<String, View>,
}

struct Grid {
    cell: Option<Cell>,
    memory: Mutex<BTreeMap<String, Known>>,
    differences: AtomicU64,
}

impl Grid {
    fn memory(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.memory.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn turn(&self, turn: &mut Turn) -> Answer {
        if let Some(Cell::Refused { event, after }) = self.cell
            && event.operation().is_some_and(|o| turn.is(o))
            && self.memory().get(&turn.key_id()).is_some_and(|k| k.past.events.contains(&after))
        {
            return self.refuse(turn);
        }
        let named = turn.key_id();
        let id = if named.is_empty() { crate::faults::owner(turn) } else { named };
        self.exchange(turn, &id);
        let answer = turn.run();
        self.exchange(turn, &id);
        let made = answer.as_ref().ok().and_then(|a| a["KeyMetadata"]["KeyId"].as_str());
        let id = made.filter(|_| turn.is("CreateKey")).unwrap_or(&id).to_string();
        // Always first the memory, then the store.
        let mut memory = self.memory();
        turn.on_account(|account| self.learn(turn, account, &mut memory, &id));
        answer
    }

    /// Carries the request out to see whether it deserves to be refused; if it does not, it is, and nothing is kept.
    fn refuse(&self, turn: &Turn) -> Answer {
        let id = turn.key_id();
        let before = turn.on_account(|a| a.families.get(&id).cloned());
        turn.run()?;
        self.differences.fetch_add(1, Ordering::Relaxed);
        turn.on_account(|a| a.families.extend(before.map(|f| (id, f))));
        refuse("KMSInvalidStateException")
    }

    /// Shows the family as the member sees it, or as it is again.
    fn exchange(&self, turn: &Turn, id: &str) {
        let mut memory = self.memory();
        let view = memory.get_mut(id).and_then(|k| k.views.get_mut(&turn.region()));
        if let Some(view) = view.filter(|v| turn.is(v.shown_by())) {
            turn.on_account(|a| a.families.get_mut(id).map(|f| view.exchange(f)));
        }
    }

    /// Finds out what has happened to the family, and makes the mistake where that is its event.
    fn learn(&self, turn: &Turn, account: &mut Account, memory: &mut BTreeMap<String, Known>, id: &str) {
        let Some(family) = account.families.get(id) else { return };
        let known = memory.entry(id.to_string()).or_default();
        let last = known.last.take();
        let happened = known.past.learn(last.as_ref(), family, &turn.operation);
        if let Some(last) = &last {
            for gone in happened.iter().filter(|h| h.event == Event::Delete) {
                known.earlier.insert(gone.acting.clone(), last.members[&gone.acting].clone());
            }
            if differs(last, family) {
                // What is new has reached every member.
                known.views.clear();
            }
        }
        for h in &happened {
            if let Some(Cell::Changed { event, .. }) = self.cell
                && event == h.event
                && self.make(turn, account, id, known, last.as_ref(), h)
            {
                self.differences.fetch_add(1, Ordering::Relaxed);
            }
        }
        known.last = account.families.get(id).cloned();
    }

    fn make(
        &self,
        turn: &Turn,
        account: &mut Account,
        id: &str,
        known: &mut Known,
        last: Option<&Family>,
        h: &Happened,
    ) -> bool {
        let Some(Cell::Changed { property, member, effect, .. }) = self.cell else { return false };
        let Some(family) = account.families.get_mut(id) else { return false };
        let involved = |r: &str| r == h.acting || h.new.as_deref() == Some(r);
        let mut others = family.members.keys().filter(|r| !involved(r)).cloned();
        let third = others.next();
        let target = match member {
            Member::Acting => Some(h.acting.clone()),
            Member::New => h.new.clone(),
            Member::Third => third.clone(),
            Member::Fourth => others.next(),
        };
        let Some(target) = target.filter(|r| family.members.contains_key(r)) else { return false };
        let other = if target == h.acting { h.new.clone().or(third) } else { Some(h.acting.clone()) };
        let first = known.past.primaries.first().cloned().unwrap_or_default();
        if let Some(view) = change::view(property, effect, &target, &first, last, family) {
            known.views.insert(target, view);
            return true;
        }
        if property == Property::Aliases {
            return aliases(account, id, &target, other.as_deref(), effect);
        }
        let wall = SystemTime::now();
        if property == Property::State && family.lacks_material(&target, wall) {
            // What has no material shows that at once.
            return false;
        }
        let other = other.and_then(|r| family.members.get(&r).cloned());
        let earlier = match h.event {
            Event::ReplicateAgain => known.earlier.get(&target),
            _ => last.and_then(|f| f.members.get(&target)),
        };
        let from = Sources {
            other: other.as_ref(),
            earlier,
            account: &turn.caller.account,
            wall,
            day: turn.engine.settings().day,
        };
        let key = family.members.get_mut(&target).expect("a member, as seen above");
        change::change(property, effect, key, &from)
    }
}

/// Whether something that members see of the whole family has changed.
fn differs(last: &Family, now: &Family) -> bool {
    let of = |f: &Family| (f.materials.len(), f.rotation_period, f.rotations.len(), f.primary.clone());
    of(last) != of(now) || !last.members.keys().eq(now.members.keys())
}

/// Takes the aliases of a member away, or gives it those of another.
fn aliases(account: &mut Account, id: &str, target: &str, other: Option<&str>, effect: Effect) -> bool {
    let before = account.aliases.len();
    if effect == Effect::Lost {
        account.aliases.retain(|(region, _), a| region != target || a.key_id != id);
    } else {
        let own = account.aliases.iter().filter(|((r, _), a)| Some(r.as_str()) == other && a.key_id == id);
        let more: Vec<(String, Alias)> = own.map(|((_, name), a)| (name.clone(), a.clone())).collect();
        for (name, alias) in more {
            account.aliases.entry((target.to_string(), name)).or_insert(alias);
        }
    }
    account.aliases.len() != before
}

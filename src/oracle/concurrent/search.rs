//! The search for an order, just in time as in Porcupine: what is known after a set of calls does not depend on how one
//! got there, so that each set is looked at once, with every world that some order of it leads to.
//!
//! ```text
//!            {}  ──A──>  {A}  ──B──>  {A, B}
//!             └───B──>  {B}  ──A─────────^        worlds of both ways
//! ```
//!
//! A call comes next only when every call that had ended before it began is in the set.

use super::super::history::History;
use super::Event;
use mrkspec_model::belief::{Belief, Worlds};
use mrkspec_model::outcome::Response;
use mrkspec_model::world::World;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

/// Worlds from which a way back is looked for at most.
const MOST_ENDS: usize = 32;

/// Which events have been put in order, a bit for each.
type Done = u64;

/// What a search came to.
pub(super) enum Found {
    /// An order; the worlds that all of them lead to, and those on the way.
    Order { order: Vec<usize>, after: Worlds, passed: Vec<Worlds> },
    /// There is none.
    Nothing,
    /// It took too many steps.
    TooMuch,
}

/// A set of events, and how many of them have an answer that is wrong.
type Place = (Done, usize);

/// What is known after a set of events.
struct Node {
    belief: Belief,
    /// Worlds that other orders lead to, until all are one belief.
    others: Vec<Worlds>,
    came: Vec<Came>,
}

/// By which event a set was reached, and from where.
#[derive(Clone, Copy)]
struct Came {
    from: Place,
    event: usize,
    wrong: bool,
}

type Level = BTreeMap<Place, Node>;

pub(super) struct Search<'s> {
    start: &'s Belief,
    events: &'s [Event<'s>],
    /// What ended before each event began.
    before: Vec<Done>,
    /// Those that were answered.
    answered: Done,
    /// What stale reads may show, where reads may be stale.
    earlier: Option<&'s History>,
    passed: Vec<(Done, Worlds)>,
    left: usize,
}

impl<'s> Search<'s> {
    /// `None` when there are more events than a set has room for.
    pub(super) fn new(start: &'s Belief, events: &'s [Event<'s>], earlier: Option<&'s History>) -> Option<Search<'s>> {
        if events.len() > Done::BITS as usize {
            return None;
        }
        let answered = set((0..events.len()).filter(|i| events[*i].answer.is_some()));
        let precedes = |j: usize, i: usize| {
            let (first, second) = (&events[j], &events[i]);
            first.answer.is_some() && first.end <= second.begin && (first.begin, j) < (second.begin, i)
        };
        let before = (0..events.len()).map(|i| set((0..events.len()).filter(|j| precedes(*j, i)))).collect();
        Some(Search { start, events, before, answered, earlier, passed: Vec::new(), left: 0 })
    }

    /// Looks for an order in which no more answers are wrong than so many, into so many worlds at most.
    pub(super) fn run(&mut self, most_wrong: usize, most_steps: usize) -> Found {
        (self.left, self.passed) = (most_steps, Vec::new());
        let start = Node { belief: self.start.clone(), others: Vec::new(), came: Vec::new() };
        let mut levels: Vec<Level> = vec![Level::from([((0, 0), start)])];
        for size in 0..self.events.len() {
            let mut next = Level::new();
            for (place, node) in &mut levels[size] {
                node.unite();
                self.passed.push((place.0, node.belief.snapshot()));
                self.leave(*place, &node.belief, most_wrong, &mut next);
                if self.left == 0 {
                    return Found::TooMuch;
                }
            }
            levels.push(next);
        }
        let whole = |place: &Place| place.0 & self.answered == self.answered;
        let mut ends: Vec<Place> = levels.iter().flat_map(Level::keys).copied().filter(whole).collect();
        ends.sort_by_key(|(done, wrong)| (*wrong, done.count_ones()));
        let Some(end) = ends.first().copied() else { return Found::Nothing };
        if let Some(last) = levels.last_mut() {
            last.values_mut().for_each(Node::unite);
        }
        let after = ends
            .iter()
            .filter(|place| place.1 == end.1)
            .flat_map(|p| node(&levels, *p).belief.snapshot().iter().collect::<Vec<_>>());
        let after = Worlds::distinct(after.collect::<Vec<_>>());
        let order = self.way(&levels, end);
        Found::Order { order, after, passed: self.passed.drain(..).map(|(_, worlds)| worlds).collect() }
    }

    /// Goes on from a set by every event that may come next.
    fn leave(&mut self, place: Place, belief: &Belief, most_wrong: usize, next: &mut Level) {
        let (done, wrong) = place;
        let may_come = |i: &usize| done & (1 << i) == 0 && self.before[*i] & !done == 0;
        let mut ways = Vec::new();
        for event in (0..self.events.len()).filter(may_come).collect::<Vec<_>>() {
            if self.left == 0 {
                return;
            }
            let to = done | 1 << event;
            match self.take(belief, event, done) {
                Some(after) => {
                    let idle = self.is_harmless(event) && after.worlds() == belief.worlds();
                    ways.push(((to, wrong), after, Came { from: place, event, wrong: false }));
                    if idle {
                        // It never changes anything, and nothing is learned from it: whatever follows may follow this.
                        ways = ways.split_off(ways.len() - 1);
                        break;
                    }
                }
                None if wrong < most_wrong => {
                    ways.push(((to, wrong + 1), belief.clone(), Came { from: place, event, wrong: true }));
                }
                None => {}
            }
        }
        for (to, after, came) in ways {
            match next.get_mut(&to) {
                Some(known) => {
                    known.others.push(after.snapshot());
                    known.came.push(came);
                }
                None => drop(next.insert(to, Node { belief: after, others: Vec::new(), came: vec![came] })),
            }
        }
    }

    /// What is believed when this event comes next; `None` when no world allows its answer.
    fn take(&mut self, belief: &Belief, event: usize, done: Done) -> Option<Belief> {
        self.left = self.left.saturating_sub(belief.worlds().len());
        let Event { call, answer, .. } = self.events[event];
        let mut after = belief.clone();
        let Some(response) = answer else {
            after.observe(call, &Response::Lost(String::new()));
            return Some(after);
        };
        // Where reads may be stale, what changed nothing proves nothing either.
        let doubtful = self.earlier.is_some() && self.is_harmless(event);
        let assessment = belief.assess(call, response);
        if !assessment.judgement.allowed {
            return (doubtful && self.was_allowed(belief, event, done)).then_some(after);
        }
        after.commit(call, response, assessment);
        if doubtful {
            after = after.at(&belief.snapshot()).with_artifacts_of(&after);
        }
        Some(after)
    }

    /// Whether an answer says that the call changed nothing, whenever it came.
    fn is_harmless(&self, event: usize) -> bool {
        let Event { call, answer, .. } = self.events[event];
        answer.is_some() && (call.op.is_read() || matches!(answer, Some(Response::Error { .. })))
    }

    /// Whether an answer would have been right earlier, in any order.
    fn was_allowed(&self, belief: &Belief, event: usize, done: Done) -> bool {
        let Event { call, answer: Some(response), .. } = self.events[event] else { return false };
        let allowed = |past: &Worlds| belief.at(past).judge(call, response).allowed;
        let on_the_way = self.passed.iter().filter(|(then, _)| then & !done == 0).map(|(_, worlds)| worlds);
        self.earlier.is_some_and(|history| on_the_way.chain(history.latest()).any(allowed))
    }

    /// An order that leads to this set: of those that lead to each of its worlds one in which the fewest answers are stale. Where a
    /// lost call has had effect, what shows it must not come before it.
    fn way(&mut self, levels: &[Level], end: Place) -> Vec<usize> {
        let worlds = node(levels, end).belief.worlds();
        let ends: Vec<Option<World>> = match worlds.is_empty() {
            true => vec![None],
            false => worlds.iter().take(MOST_ENDS).cloned().map(Some).collect(),
        };
        let mut best: Option<(usize, Vec<usize>)> = None;
        for world in ends {
            let (stale, order) = self.way_to(levels, end, world);
            if best.as_ref().is_none_or(|(fewest, _)| stale < *fewest) {
                best = Some((stale, order));
            }
            if stale == 0 {
                break;
            }
        }
        best.map(|(_, order)| order).unwrap_or_default()
    }

    /// Back from one of the worlds of a set, by what led there; how many answers are stale on the way.
    fn way_to(&mut self, levels: &[Level], end: Place, mut wanted: Option<World>) -> (usize, Vec<usize>) {
        let (mut order, mut place, mut stale) = (Vec::new(), end, 0);
        while place.0 != 0 {
            let mut came = node(levels, place).came.clone();
            // What ended last comes last, if that will do.
            came.sort_by_key(|c| Reverse((self.ended(c.event), c.event)));
            let mut step = None;
            'found: for lenient in [false, true] {
                for one in &came {
                    let before = &node(levels, one.from).belief;
                    for possible in before.snapshot().iter() {
                        let single = before.at(&Worlds::distinct([possible.clone()]));
                        let after = match one.wrong {
                            true => Some(single),
                            false if !lenient && !self.is_allowed(&single, one.event) => None,
                            false => self.take(&single, one.event, one.from.0),
                        };
                        if after.is_some_and(|a| wanted.as_ref().is_none_or(|w| a.worlds().contains(w))) {
                            step = Some((*one, Some(possible.world)));
                            stale += usize::from(lenient);
                            break 'found;
                        }
                    }
                }
            }
            let (one, world) = step.unwrap_or_else(|| {
                stale += 1;
                (came[0], None)
            });
            order.push(one.event);
            (place, wanted) = (one.from, world);
        }
        order.reverse();
        (stale, order)
    }

    /// Whether this answer is allowed now, without being stale.
    fn is_allowed(&self, belief: &Belief, event: usize) -> bool {
        let Event { call, answer, .. } = self.events[event];
        answer.is_none_or(|response| belief.judge(call, response).allowed)
    }

    fn ended(&self, event: usize) -> Duration {
        let Event { answer, begin, end, .. } = self.events[event];
        if answer.is_some() { end } else { begin }
    }
}

impl Node {
    /// Makes one belief of what all orders lead to.
    fn unite(&mut self) {
        if !self.others.is_empty() {
            let others = std::mem::take(&mut self.others);
            let all = std::iter::once(self.belief.snapshot()).chain(others);
            let all = Worlds::distinct(all.flat_map(|w| w.iter().collect::<Vec<_>>()));
            self.belief = self.belief.at(&all);
        }
    }
}

fn node(levels: &[Level], place: Place) -> &Node {
    &levels[place.0.count_ones() as usize][&place]
}

fn set(events: impl Iterator<Item = usize>) -> Done {
    events.fold(0, |set, i| set | 1 << i)
}

//! Request ids that were seen: an answer with the id of an earlier one is the answer to another request.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::Mutex;

/// Ids that are remembered: an answer that went astray comes soon.
const KEPT: usize = 4096;
/// An endpoint more than a third of whose last 32 answers repeat an id does not make unique ones.
const TOO_MANY: u32 = 12;

/// How often one answer may come in place of others: a connection that is off by one may be so twice.
const MOST_COPIES: u8 = 3;

/// The request ids of an endpoint, as far as they tell one answer from another.
#[derive(Debug)]
pub(super) struct RequestIds {
    hashes: RandomState,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    used: bool,
    /// How often each answer came.
    ids: HashMap<u64, u8>,
    order: VecDeque<u64>,
    /// One bit for each of the last answers: whether it repeated an id.
    repeats: u32,
}

impl RequestIds {
    /// Learns from the ids of the first answers whether the endpoint makes a new one for each. No source promises
    /// that (F-006): where it does not, or sends none, they are not used.
    pub(super) fn learn(first: &[Option<String>]) -> RequestIds {
        let given: HashSet<&String> = first.iter().flatten().collect();
        let used = given.len() == first.len() && first.len() > 1;
        let ids = RequestIds { hashes: RandomState::new(), seen: Mutex::default() };
        ids.lock().used = used;
        ids
    }

    /// Notes an answer. True when the same answer, with the same id, came once or twice before. What comes more often is no id
    /// of its own: an endpoint may have one that it gives to each answer of some kind.
    pub(super) fn is_repeated(&self, id: &str, body: &[u8]) -> bool {
        let id = self.hashes.hash_one((id, body));
        let mut seen = self.lock();
        if !seen.used {
            return false;
        }
        let times = seen.ids.entry(id).or_insert(0);
        *times = times.saturating_add(1);
        let (new, repeated) = (*times == 1, (2..=MOST_COPIES).contains(times));
        seen.repeats = seen.repeats << 1 | u32::from(repeated);
        if seen.repeats.count_ones() > TOO_MANY {
            *seen = Seen::default();
            return false;
        }
        if new {
            seen.order.push_back(id);
            if seen.order.len() > KEPT
                && let Some(oldest) = seen.order.pop_front()
            {
                seen.ids.remove(&oldest);
            }
        }
        repeated
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(|e| e.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learnt(first: &[&str]) -> RequestIds {
        RequestIds::learn(&first.iter().map(|id| (!id.is_empty()).then(|| id.to_string())).collect::<Vec<_>>())
    }

    #[test]
    fn an_id_that_comes_again_is_found_where_each_answer_has_its_own() {
        let ids = learnt(&["a", "b"]);
        let seen = ["c", "d", "c", "c", "c", "e"].map(|id| ids.is_repeated(id, b"{}"));
        assert_eq!(seen, [false, false, true, true, false, false]);
        assert!(!ids.is_repeated("d", b"another answer"));
    }

    #[test]
    fn one_id_for_all_or_none_says_nothing() {
        for first in [&["x", "x"][..], &["", ""], &["x", ""], &["x"], &[]] {
            let ids = learnt(first);
            assert!(!ids.is_repeated("x", b"") && !ids.is_repeated("x", b""), "{first:?}");
        }
    }

    #[test]
    fn where_they_repeat_all_the_time_they_are_not_used_any_more() {
        let ids = learnt(&["a", "b"]);
        let repeated = (0..200).filter(|i| ids.is_repeated(&format!("{}", i / 2), b"")).count();
        assert_eq!(repeated, TOO_MANY as usize);
    }

    #[test]
    fn only_so_many_are_remembered() {
        let ids = learnt(&["a", "b"]);
        assert!((0..3 * KEPT).all(|i| !ids.is_repeated(&i.to_string(), b"")));
        let seen = ids.lock();
        assert_eq!((seen.ids.len(), seen.order.len()), (KEPT, KEPT));
    }
}

//! What sequences cost, and which find most for it: learned from the fault catalogue by `mrkspec faults --causes
//! --order`, and checked in.

use crate::sequence::Sequence;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

/// Requests that a sequence takes for each of its steps where nothing is known of it: settling asks several times.
const PER_STEP: usize = 2;

/// What is known of one sequence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Id of the sequence.
    pub id: String,
    /// How many steps it had: one that has others now is another, of which nothing is known.
    pub steps: usize,
    /// Requests that it takes on an endpoint without faults, those that clean up included.
    pub requests: usize,
    /// Keys that it makes.
    pub keys: usize,
    /// Faults of the catalogue that it finds and that none before it does.
    pub finds: usize,
}

/// What a sequence showed: faults by their numbers.
#[derive(Clone, Debug)]
pub struct Worth {
    /// What it costs; `finds` is not used.
    pub price: Price,
    /// Faults that break a rule in it.
    pub found: BTreeSet<usize>,
}

/// The table, best value first.
///
/// # Panics
/// Never: a test reads it.
pub fn prices() -> &'static [Price] {
    static TABLE: LazyLock<Vec<Price>> = LazyLock::new(|| {
        let lines = include_str!("order.jsonl").lines();
        lines.map(|line| serde_json::from_str(line).expect("the table is generated")).collect()
    });
    &TABLE
}

/// The order in which each sequence finds most, for its price, of what those before it did not find; then the cheap
/// before the dear.
pub fn in_order(mut list: Vec<Worth>) -> Vec<Price> {
    let mut order = Vec::new();
    while !list.is_empty() {
        // More found for the price; where nothing is left to be found, the cheaper.
        let better = |a: &Worth, b: &Worth| {
            let (x, y) = (a.found.len() * b.price.requests, b.found.len() * a.price.requests);
            x > y || x == y && (a.price.requests, &a.price.id) < (b.price.requests, &b.price.id)
        };
        let mut best = 0;
        for i in 1..list.len() {
            if better(&list[i], &list[best]) {
                best = i;
            }
        }
        let Worth { price, found } = list.swap_remove(best);
        list.iter_mut().for_each(|other| other.found.retain(|f| !found.contains(f)));
        order.push(Price { finds: found.len(), ..price });
    }
    order
}

/// What a sequence is taken to cost.
pub fn price(sequence: &Sequence) -> usize {
    known(sequence).map_or(sequence.steps.len() * PER_STEP, |(_, p)| p.requests)
}

/// Its place in the table, and what is known of it.
fn known(sequence: &Sequence) -> Option<(usize, &'static Price)> {
    static INDEX: LazyLock<HashMap<&'static str, usize>> =
        LazyLock::new(|| prices().iter().enumerate().map(|(i, p)| (p.id.as_str(), i)).collect());
    let place = *INDEX.get(sequence.id.as_str())?;
    Some((place, &prices()[place])).filter(|(_, p)| p.steps == sequence.steps.len())
}

/// Its place in the order in which most is found for the price; what nobody knows anything of comes last.
pub fn place(sequence: &Sequence) -> usize {
    known(sequence).map_or(usize::MAX, |(place, _)| place)
}

/// Puts what finds most for its price first.
pub fn sort(sequences: &mut [&Sequence]) {
    sequences.sort_by_key(|s| place(s));
}

/// As many of the sequences, in their order, as so many requests pay for.
pub fn within(sequences: Vec<&Sequence>, budget: usize) -> Vec<&Sequence> {
    let mut left = budget;
    let mut paid = |s: &&Sequence| {
        let price = price(s);
        let fits = price <= left;
        left -= if fits { price } else { 0 };
        fits
    };
    sequences.into_iter().filter(|s| paid(s)).collect()
}

/// What a budget pays for.
pub struct Spent<'s> {
    /// The sequences, what finds most first.
    pub bought: Vec<&'s Sequence>,
    /// Requests that they take.
    pub requests: usize,
    /// Keys that they make.
    pub keys: usize,
    /// Faults of the catalogue that they find, of those that the order was made by.
    pub finds: usize,
    /// Faults that all sequences together find.
    pub of: usize,
}

/// What a budget of so many requests pays for.
pub fn spend(budget: usize, mut all: Vec<&Sequence>) -> Spent<'_> {
    sort(&mut all);
    let bought = within(all, budget);
    let known: Vec<&Price> = bought.iter().filter_map(|s| known(s)).map(|(_, p)| p).collect();
    Spent {
        requests: bought.iter().map(|s| price(s)).sum(),
        keys: known.iter().map(|p| p.keys).sum(),
        finds: known.iter().map(|p| p.finds).sum(),
        of: prices().iter().map(|p| p.finds).sum(),
        bought,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worth(id: &str, requests: usize, found: impl IntoIterator<Item = usize>) -> Worth {
        let price = Price { id: id.into(), steps: 1, requests, keys: 1, finds: 0 };
        Worth { price, found: found.into_iter().collect() }
    }

    #[test]
    fn what_finds_most_for_its_price_comes_first_and_what_it_finds_counts_once() {
        let list = vec![
            worth("dear", 100, 0..20),
            worth("cheap", 5, 0..5),
            worth("same", 4, 0..2),
            worth("other", 10, 30..33),
        ];
        let order: Vec<(String, usize)> = in_order(list).into_iter().map(|p| (p.id, p.finds)).collect();
        let expected = [("cheap", 5), ("other", 3), ("dear", 15), ("same", 0)];
        assert_eq!(order, expected.map(|(id, n)| (id.to_string(), n)));
    }

    #[test]
    fn the_table_is_of_these_scenarios() {
        let of_scenarios: Vec<_> = prices().iter().filter(|p| !p.id.starts_with("tour/")).collect();
        let known = crate::sequence::embedded().iter().filter(|s| super::known(s).is_some()).count();
        assert!(known > 0 && known * 10 >= of_scenarios.len() * 9, "written by `mrkspec faults --causes --order`");
    }
}

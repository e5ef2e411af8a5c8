//! How the order of sequences is made, and what a budget pays for.

use super::price::{Price, known, price, prices, sort, within};
use crate::sequence::Sequence;
use std::collections::BTreeSet;

/// What a sequence showed: faults by their numbers.
#[derive(Clone, Debug)]
pub struct Worth {
    /// What it costs; `finds` is not used.
    pub price: Price,
    /// Faults that break a rule in it.
    pub found: BTreeSet<usize>,
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
    let bought = within(all, budget, |s| price(s));
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
}

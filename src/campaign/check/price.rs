//! What sequences cost, and which find most for it: learned from the fault catalogue by `mrkspec faults --causes
//! --order`, and checked in.

use crate::sequence::Sequence;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
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

/// What a sequence is taken to cost.
pub fn price(sequence: &Sequence) -> usize {
    known(sequence).map_or(sequence.steps.len() * PER_STEP, |(_, p)| p.requests)
}

/// Its place in the table, and what is known of it.
pub(super) fn known(sequence: &Sequence) -> Option<(usize, &'static Price)> {
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

/// As many of the list, in its order, as so many requests pay for.
pub fn within<T>(list: impl IntoIterator<Item = T>, budget: usize, price: impl Fn(&T) -> usize) -> Vec<T> {
    let mut left = budget;
    let mut paid = |item: &T| {
        let price = price(item);
        let fits = price <= left;
        left -= if fits { price } else { 0 };
        fits
    };
    list.into_iter().filter(|item| paid(item)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_of_these_scenarios() {
        let of_scenarios: Vec<_> = prices().iter().filter(|p| !p.id.starts_with("tour/")).collect();
        let known = crate::sequence::embedded().iter().filter(|s| super::known(s).is_some()).count();
        assert!(known > 0 && known * 10 >= of_scenarios.len() * 9, "written by `mrkspec faults --causes --order`");
    }
}

//! Calls that were sent at the same time may have had effect in any order.

use super::Oracle;
use mrkspec_model::belief::Belief;
use mrkspec_model::call::Call;
use mrkspec_model::outcome::Response;

/// A call, its answer, and how many answers to it were lost before.
type Heard<'a> = (&'a Call, &'a Response, u32);

impl Oracle {
    /// The order in which to judge answers to calls that were under way together: one in which every answer is
    /// allowed, if there is one, else the one in which the most are; of several, the one nearest to the order given.
    pub fn order(&self, heard: &[Heard<'_>]) -> Vec<usize> {
        let given: Vec<usize> = (0..heard.len()).collect();
        let mut best = (wrong(&self.belief, heard, &given), given.clone());
        for order in permutations(&given) {
            if best.0 == 0 {
                break;
            }
            let count = wrong(&self.belief, heard, &order);
            if count < best.0 {
                best = (count, order);
            }
        }
        best.1
    }
}

/// How many answers are not allowed in this order.
fn wrong(belief: &Belief, heard: &[Heard<'_>], order: &[usize]) -> usize {
    let mut belief = belief.clone();
    let mut count = 0;
    for &i in order {
        let (call, response, lost) = heard[i];
        (0..lost).for_each(|_| drop(belief.observe(call, &Response::Lost(String::new()))));
        let assessment = belief.assess(call, response);
        match assessment.judgement.allowed {
            true => drop(belief.commit(call, response, assessment)),
            false => count += 1,
        }
    }
    count
}

/// Every order, the nearest to the given one first.
fn permutations(items: &[usize]) -> Vec<Vec<usize>> {
    let [first, rest @ ..] = items else { return vec![Vec::new()] };
    let mut all = Vec::new();
    for at in 0..items.len() {
        for mut order in permutations(rest) {
            order.insert(at.min(order.len()), *first);
            all.push(order);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::permutations;
    use std::collections::BTreeSet;

    #[test]
    fn every_order_once_and_the_given_one_first() {
        let all = permutations(&[0, 1, 2]);
        assert_eq!(all[0], [0, 1, 2]);
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 6);
        assert_eq!(all.len(), 6);
    }
}

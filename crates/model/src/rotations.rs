//! Rotations on demand: accepted at once, completed later (F-092).

/// How many rotations of a key may have been completed by now. One value stands for every moment at which
/// the last one may end: nothing but the list and the status of rotations tells these moments apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rotations {
    least: u32,
    most: u32,
    /// So many at least when none is under way any more.
    due: u32,
}

impl Rotations {
    /// A key of which nothing is known but that it has completed at most so many.
    pub fn up_to(most: u32) -> Rotations {
        Rotations { least: 0, most, due: 0 }
    }

    /// So many have been completed at least.
    pub fn least(&self) -> u32 {
        self.least
    }

    /// So many have been completed at most.
    pub fn most(&self) -> u32 {
        self.most
    }

    /// After one more was accepted. While one is under way a repeat may bring no second one; but the one before
    /// may just as well have ended.
    pub fn accept(&mut self) {
        if self.least == self.most {
            self.due = self.least + 1;
        }
        self.most += 1;
    }

    /// After a list of so many was seen. It may be stale, so that it says nothing about how many there are at most
    /// (F-077).
    pub fn see(&mut self, listed: u32) {
        self.least = self.least.max(listed);
        self.due = self.due.max(listed);
    }

    /// After all that were under way have ended.
    pub fn finish(&mut self) {
        self.least = self.due.max(self.least);
    }

    /// After it was waited for in vain.
    pub fn give_up(&mut self) {
        self.due = self.least;
    }

    /// True when one that was accepted has not been seen to have ended.
    pub fn is_awaited(&self) -> bool {
        self.least < self.due
    }

    /// True when one may be under way.
    pub fn may_be_under_way(&self) -> bool {
        self.least < self.most
    }

    /// True once one was accepted, whether or not it has ended.
    pub fn any(&self) -> bool {
        self.most > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_accepted_rotation_is_awaited_until_it_is_seen_or_has_ended() {
        let mut seen = Rotations::default();
        seen.accept();
        assert!(seen.is_awaited() && seen.any());
        let mut ended = seen;
        seen.see(1);
        ended.finish();
        for rotations in [seen, ended] {
            assert_eq!((rotations.least(), rotations.most()), (1, 1));
            assert!(!rotations.is_awaited() && !rotations.may_be_under_way());
        }
    }

    #[test]
    fn a_repeat_may_bring_no_second_one() {
        let mut rotations = Rotations::default();
        rotations.accept();
        rotations.accept();
        rotations.finish();
        assert_eq!((rotations.least(), rotations.most()), (1, 2));
    }

    #[test]
    fn a_stale_list_does_not_rule_out_what_was_accepted() {
        let mut rotations = Rotations::default();
        (0..3).for_each(|_| rotations.accept());
        rotations.see(1);
        assert_eq!((rotations.least(), rotations.most()), (1, 3));
    }
}

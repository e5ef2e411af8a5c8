//! Bytes as decisions: what random histories, and calls that are wrong on purpose, are made by.

/// Decisions, one byte each; zero when there are none left.
pub struct Choices<'b>(std::slice::Iter<'b, u8>);

impl<'b> Choices<'b> {
    /// The decisions of these bytes.
    pub fn new(bytes: &'b [u8]) -> Choices<'b> {
        Choices(bytes.iter())
    }

    /// A number below `n`.
    pub fn pick(&mut self, n: usize) -> usize {
        self.0.next().map_or(0, |b| *b as usize % n.max(1))
    }

    /// One of a list.
    pub fn of<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.pick(list.len())].clone()
    }

    /// True in so many of a hundred cases.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.pick(100) < percent
    }

    /// True when none are left.
    pub fn is_empty(&self) -> bool {
        self.0.as_slice().is_empty()
    }
}

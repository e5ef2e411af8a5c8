//! Single mistakes, made on purpose: each variant of the endpoint differs from the conforming one
//! in one way, and names the rule that this breaks.

use super::engine::Turn;
use super::error::Answer;

/// One mistake that an emulator's author might make.
pub struct Fault {
    /// For `serve --fault`.
    pub name: &'static str,
    /// The rule that it breaks.
    pub rule: &'static str,
    /// Rules that break with it.
    pub also: &'static [&'static str],
    /// What the mistake is, in one sentence.
    pub about: &'static str,
    pub hook: Hook,
}

/// Where a mistake is made.
#[derive(Clone, Copy)]
pub enum Hook {
    /// Around one request: before it, after it, or instead of it.
    Service(fn(&mut Turn) -> Answer),
}

impl std::fmt::Debug for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

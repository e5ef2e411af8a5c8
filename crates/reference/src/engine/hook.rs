//! Where single mistakes hook in: the turn of a request through the engine, or its HTTP side. The mistakes
//! themselves are in `faults`, which the engine knows nothing of.

use super::Turn;
use crate::Choices;
use crate::error::Answer;

/// One mistake that an emulator's author might make.
#[derive(Clone)]
pub struct Fault {
    /// For `serve --fault`.
    pub name: &'static str,
    /// The rule that it breaks.
    pub rule: &'static str,
    /// Rules that break with it.
    pub also: &'static [&'static str],
    /// What the mistake is, in one sentence.
    pub about: &'static str,
    /// What an endpoint must show for the mistake to matter.
    pub pace: Pace,
    /// True for mistakes that show only after a longer history, with three Regions, on a second
    /// promotion, for one key spec, or with a particular attribute present.
    pub late: bool,
    /// True for mistakes that show only when calls are under way at the same time.
    pub concurrent: bool,
    /// What the endpoint answers otherwise where the documentation leaves it open: the mistake shows on that.
    pub choices: Choices,
    /// The code of the mistake, and where it hooks in.
    pub hook: Hook,
}

/// How an endpoint with a fault is best run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Creating and Updating are over at once.
    Instant,
    /// Creating and Updating are seen for a while.
    Transient,
    /// Waiting periods of deletions end soon.
    ShortDays,
}

/// Where a mistake is made.
#[derive(Clone, Copy)]
pub enum Hook {
    /// Around one request: before it, after it, or instead of it.
    Service(fn(&mut Turn) -> Answer),
    /// As `Service`, with a memory of its own: made while the program runs.
    Made(&'static (dyn Fn(&mut Turn) -> Answer + Sync)),
    /// In the HTTP answer: operation, status and body.
    Wire(fn(&str, &mut u16, &mut String)),
    /// When a request is refused for its signature: the exception, and what is done instead.
    Signature(fn(&str) -> Admission),
}

/// What becomes of a request whose signature is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Refused, with the exception that is due.
    Refused,
    /// Carried out as if the signature were right.
    LetIn,
    /// Carried out, then refused.
    RefusedTooLate,
}

impl std::fmt::Debug for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

//! Single mistakes, made on purpose: each variant of the endpoint differs from the conforming one
//! in one way, and names the rule that this breaks. All of them hook in at one place, the
//! turn of a request through the engine; a few at the HTTP side.

mod attributes;
mod crypto;
mod deletion;
mod grants;
mod import;
mod keys;
mod late;
mod permission;
mod promote;
mod replicate;
mod rotation;
mod states;
mod tools;
mod transient;
mod wire;

use super::engine::Turn;
use super::error::Answer;
use std::sync::LazyLock;

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

/// Makes the faults of a group. After the rules may stand `transient`, `days` or `late`.
macro_rules! faults {
    ($($name:literal, $rule:literal $([$($also:literal)*])? $($flag:ident)*, $about:literal, $hook:expr;)*) => {
        pub(super) const GROUP: &[crate::faults::Fault] = &[$(crate::faults::Fault {
            name: $name,
            rule: $rule,
            also: &[$($($also),*)?],
            about: $about,
            pace: crate::faults::pace(&[$(stringify!($flag)),*]),
            late: crate::faults::is_late(&[$(stringify!($flag)),*]),
            hook: crate::faults::Hook::Service($hook),
        }),*];
    };
}
use faults;

/// The pace that the flags of a fault ask for.
const fn pace(flags: &[&str]) -> Pace {
    let mut i = 0;
    while i < flags.len() {
        match flags[i].as_bytes() {
            b"transient" => return Pace::Transient,
            b"days" => return Pace::ShortDays,
            _ => {}
        }
        i += 1;
    }
    Pace::Instant
}

const fn is_late(flags: &[&str]) -> bool {
    let mut i = 0;
    while i < flags.len() {
        if matches!(flags[i].as_bytes(), b"late") {
            return true;
        }
        i += 1;
    }
    false
}

/// The whole catalogue.
pub static FAULTS: LazyLock<Vec<Fault>> = LazyLock::new(|| {
    [
        wire::GROUP,
        wire::HTTP,
        keys::GROUP,
        replicate::GROUP,
        promote::GROUP,
        transient::GROUP,
        states::GROUP,
        deletion::GROUP,
        rotation::GROUP,
        crypto::GROUP,
        attributes::GROUP,
        permission::GROUP,
        grants::GROUP,
        import::GROUP,
        late::GROUP,
    ]
    .concat()
});

/// The fault of this name.
pub fn find(name: &str) -> Option<&'static Fault> {
    FAULTS.iter().find(|f| f.name == name)
}

//! Single mistakes, made on purpose: each variant of the endpoint differs from the conforming one
//! in one way, and names the rule that this breaks. All of them hook in at one place, the
//! turn of a request through the engine; a few at the HTTP side.

mod attributes;
mod concurrent;
mod crypto;
mod deletion;
mod grants;
mod import;
mod keys;
mod late;
mod permission;
mod promote;
mod recorded;
mod replicate;
mod rotation;
mod states;
mod tools;
mod transient;
mod wire;

pub(crate) use crypto::owner;
pub(crate) use tools::refuse;

pub use super::engine::{Admission, Fault, Hook, Pace};
use std::sync::LazyLock;

/// Makes the faults of a group. After the rules may stand `transient`, `days`, `late`, `concurrent` (where it takes
/// calls at the same time), or `documented` (where the mistake shows only on an endpoint that answers as documented).
macro_rules! faults {
    ($($name:literal, $rule:literal $([$($also:literal)*])? $($flag:ident)*, $about:literal, $hook:expr;)*) => {
        pub(super) const GROUP: &[crate::faults::Fault] = &[$(crate::faults::Fault {
            name: $name,
            rule: $rule,
            also: &[$($($also),*)?],
            about: $about,
            pace: crate::faults::pace(&[$(stringify!($flag)),*]),
            late: crate::faults::has(&[$(stringify!($flag)),*], b"late"),
            concurrent: crate::faults::has(&[$(stringify!($flag)),*], b"concurrent"),
            choices: match crate::faults::has(&[$(stringify!($flag)),*], b"documented") {
                true => crate::Choices::Documented,
                false => crate::Choices::Recorded,
            },
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

const fn has(flags: &[&str], wanted: &[u8]) -> bool {
    let mut i = 0;
    while i < flags.len() {
        let flag = flags[i].as_bytes();
        if flag.len() == wanted.len() && flag[0] == wanted[0] && flag[1] == wanted[1] {
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
        recorded::GROUP,
        late::GROUP,
        concurrent::GROUP,
    ]
    .concat()
});

/// The fault of this name, in the catalogue or in the [grid](crate::grid).
pub fn find(name: &str) -> Option<&'static Fault> {
    FAULTS.iter().find(|f| f.name == name).or_else(|| crate::grid::find(name))
}

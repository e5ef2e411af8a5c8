//! THE RULE TABLE: every requirement that this tool knows, with its source.
//!
//! A new rule is one entry in the file of its group (`cargo xtask new-rule` writes it), one named
//! check in [`super::step`] with its attribution, one scenario and one fault. The constant made here is
//! how the model cites it, so a wrong id does not compile.

use super::rule::Rule;
use std::sync::LazyLock;

/// Makes the rules of a group: a constant each, and the table `GROUP`.
macro_rules! rules {
    ($($name:ident = $id:literal, $level:ident, $evidence:ident $(, $needs:ident)?,
       $title:literal, $source:literal, $facts:literal;)*) => {
        $(#[doc = $title] pub const $name: crate::rule::RuleId = crate::rule::RuleId($id);)*
        pub(super) const GROUP: &[crate::rule::Rule] = &[$(crate::rule::Rule {
            id: $name,
            level: crate::rule::Level::$level,
            title: $title,
            source: $source,
            facts: $facts,
            evidence: crate::rule::Evidence::$evidence,
            needs: rules!(@needs $($needs)?),
        }),*];
    };
    (@needs) => { crate::rule::Needs::Nothing };
    (@needs transient) => { crate::rule::Needs::Transient };
    (@needs policy) => { crate::rule::Needs::Policy };
    (@needs limited) => { crate::rule::Needs::Limited };
    (@needs other) => { crate::rule::Needs::Other };
}

mod attributes;
mod crypto;
mod grants;
mod import;
mod keys;
mod lifecycle;
mod permission;
mod promote;
mod replicate;
mod states;
mod wire;

pub use attributes::*;
pub use crypto::*;
pub use grants::*;
pub use import::*;
pub use keys::*;
pub use lifecycle::*;
pub use permission::*;
pub use promote::*;
pub use replicate::*;
pub use states::*;
pub use wire::*;

/// All rules, in the order of the groups.
pub static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    [
        wire::GROUP,
        permission::GROUP,
        keys::GROUP,
        replicate::GROUP,
        promote::GROUP,
        lifecycle::GROUP,
        crypto::GROUP,
        attributes::GROUP,
        grants::GROUP,
        import::GROUP,
        states::GROUP,
    ]
    .concat()
});

//! THE RULE TABLE: every requirement that this tool knows, with its source.
//!
//! A new rule is one entry in the file of its group (`cargo xtask new-rule` writes it), one named
//! check in [`super::step`] with its attribution, one scenario and one fault. The constant made here is
//! how the model cites it, so a wrong id does not compile.

use super::rule::{Rule, RuleId};
use std::collections::HashMap;
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
    (@needs newmaterial) => { crate::rule::Needs::NewMaterial };
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
mod recorded;
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
pub use recorded::*;
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
        recorded::GROUP,
    ]
    .concat()
});

/// The rule with this id, if there is one.
pub fn find(id: &str) -> Option<&'static Rule> {
    static BY_ID: LazyLock<HashMap<&'static str, &'static Rule>> =
        LazyLock::new(|| RULES.iter().map(|r| (r.id.0, r)).collect());
    BY_ID.get(id).copied()
}

/// The rule of an id that the model itself cites.
///
/// # Panics
/// Never for an id made by the table: each constant there is made together with its entry.
pub fn get(id: RuleId) -> &'static Rule {
    find(id.0).expect("every RuleId constant has its entry in the table")
}

#[cfg(test)]
mod tests {
    use super::RULES;
    use std::collections::BTreeSet;

    #[test]
    fn ids_are_unique_and_every_rule_cites_a_fact() {
        let mut seen = BTreeSet::new();
        for rule in RULES.iter() {
            assert!(seen.insert(rule.id.0), "{} twice", rule.id);
            assert!(rule.facts.starts_with("F-") || rule.facts.starts_with("Q-"), "{} cites no fact", rule.id);
            assert!(!rule.title.is_empty() && !rule.source.is_empty());
        }
    }
}

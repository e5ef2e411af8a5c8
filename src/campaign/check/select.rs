//! Which sequences a run consists of.

use super::options::{CheckError, Options};
use super::price;
use crate::sequence::Sequence;
use crate::verdict::ConformanceLevel;
use mrkspec_model::rule::{Rule, RuleId};
use mrkspec_model::rules::{RULES, find};
use std::collections::BTreeSet;

/// The rules that were asked for; nothing when all are.
pub type Scope = Option<BTreeSet<RuleId>>;

/// What a run consists of.
pub struct Selection<'s> {
    pub sequences: Vec<&'s Sequence>,
    pub scope: Scope,
}

/// Whether the options select any part of the coverage tour: it takes a moment to compute.
///
/// # Errors
/// When a glob is none.
pub fn wants_tour(options: &Options) -> Result<bool, CheckError> {
    let globs = globs(options)?;
    let by_glob = options.scenarios.is_empty() || (1..1000).any(|n| globs.is_match(format!("tour/{n:03}")));
    Ok(by_glob && options.rules.is_empty())
}

fn globs(options: &Options) -> Result<globset::GlobSet, CheckError> {
    let mut globs = globset::GlobSetBuilder::new();
    for glob in &options.scenarios {
        globs.add(globset::Glob::new(glob).map_err(|source| CheckError::Glob { glob: glob.clone(), source })?);
    }
    let all = || options.scenarios.join(" --scenario ");
    globs.build().map_err(|source| CheckError::Glob { glob: all(), source })
}

/// The sequences that the options select, and the rules that were asked for.
///
/// # Errors
/// When the options name what does not exist, or select nothing.
pub fn select<'s>(options: &Options, all: &'s [Sequence]) -> Result<Selection<'s>, CheckError> {
    let globs = globs(options)?;
    let mut scope: Scope = None;
    for id in &options.rules {
        let rule = find(id).ok_or_else(|| CheckError::UnknownRule(id.clone()))?;
        scope.get_or_insert_default().insert(rule.id);
    }
    let asked = scope.is_some();
    if options.level.is_some() || !options.profile.leaves_out().is_empty() {
        let meant = |rule: &Rule| {
            let level = options.level.is_none_or(|l| ConformanceLevel::of(rule) <= l);
            level && !options.profile.leaves_out().contains(&rule.id)
        };
        let all: BTreeSet<RuleId> = RULES.iter().filter(|r| meant(r)).map(|r| r.id).collect();
        scope = Some(scope.map_or_else(|| all.clone(), |s| &s & &all));
    }
    let wanted = |s: &Sequence| {
        let by_glob = options.scenarios.is_empty() || globs.is_match(&s.id);
        // The coverage tour is there for no rule, and for all.
        let toured = s.rules.is_empty() && !asked;
        let by_rule = toured || scope.as_ref().is_none_or(|set| s.rules.iter().any(|r| set.contains(r)));
        by_glob && by_rule
    };
    let mut selected: Vec<&Sequence> = all.iter().filter(|s| wanted(s)).collect();
    if let Some(budget) = options.budget {
        let mut best = selected.clone();
        price::sort(&mut best);
        let bought: BTreeSet<&str> =
            price::within(best, budget, |s| price::price(s)).into_iter().map(|s| s.id.as_str()).collect();
        selected.retain(|s| bought.contains(s.id.as_str()));
    }
    if options.fail_fast {
        price::sort(&mut selected);
    }
    if selected.is_empty() {
        return Err(CheckError::NothingSelected);
    }
    if let Some((i, n)) = options.shard {
        if i == 0 || i > n {
            return Err(CheckError::Shard(i, n));
        }
        let part = selected.into_iter().enumerate().filter(|(k, _)| k % n == i - 1);
        selected = part.map(|(_, s)| s).collect();
    }
    Ok(Selection { sequences: selected, scope })
}

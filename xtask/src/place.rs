//! Where the parts of a rule stand in the tree, found by looking at where those of its neighbours
//! stand.

use crate::text::{broken_rules, entries, parts};
use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The rule table, a file a group.
pub const RULES: &str = "crates/model/src/rules";
/// The facts that rules cite.
pub const FACTS: &str = "crates/model/src/data/facts.md";
/// The catalogue of faults.
pub const FAULTS: &str = "crates/reference/src/faults";
/// The scenarios, a directory a group.
pub const SCENARIOS: &str = "scenarios";
/// Where the reasons stand why some facts have no rule.
pub const REASONS: &str = "src/report/traceability.rs";

/// A file: its path from the root, and its text.
pub type File = (PathBuf, String);

/// The files with this ending below a directory, in the order of their names.
///
/// # Errors
/// When one cannot be read.
pub fn files(root: &Path, under: &str, ending: &str) -> Result<Vec<File>> {
    let mut found = Vec::new();
    let mut open = vec![root.join(under)];
    while let Some(directory) = open.pop() {
        let list = fs::read_dir(&directory).with_context(|| format!("{} cannot be read", directory.display()))?;
        for entry in list {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == ending) {
                let text = fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
                found.push((path.strip_prefix(root)?.to_path_buf(), text));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Every rule of the table: its number and the index of its file.
fn numbers(rules: &[File], prefix: &str) -> BTreeMap<u32, usize> {
    let mut numbers = BTreeMap::new();
    for (i, (_, text)) in rules.iter().enumerate() {
        let of_prefix = |e: crate::text::Entry| parts(&e.id).filter(|(p, _)| *p == prefix).map(|(_, n)| n);
        numbers.extend(entries(text).into_iter().filter_map(of_prefix).map(|n| (n, i)));
    }
    numbers
}

/// The prefixes in use.
pub fn prefixes(rules: &[File]) -> Vec<String> {
    let ids = rules.iter().flat_map(|(_, text)| entries(text)).map(|e| e.id);
    let mut list: Vec<String> = ids.filter_map(|id| Some(parts(&id)?.0.to_string())).collect();
    list.sort();
    list.dedup();
    list
}

/// The number after the highest one of a prefix.
pub fn next_number(rules: &[File], prefix: &str) -> Option<u32> {
    numbers(rules, prefix).last_key_value().map(|(n, _)| n + 1)
}

/// The file of the rule itself, if it exists.
pub fn file_of<'f>(rules: &'f [File], prefix: &str, number: u32) -> Option<&'f File> {
    numbers(rules, prefix).get(&number).map(|i| &rules[*i])
}

/// The file of the nearest lower rule of the prefix, or of the next one.
pub fn neighbour<'f>(rules: &'f [File], prefix: &str, number: u32) -> Option<&'f File> {
    let numbers = numbers(rules, prefix);
    let nearest = numbers.range(..number).next_back().or_else(|| numbers.iter().next());
    nearest.map(|(_, i)| &rules[*i])
}

/// The file of faults that break most rules of the prefix; that with the name of the group's rule
/// file when no fault breaks any.
pub fn faults_file<'f>(faults: &'f [File], prefix: &str, rule_file: &Path) -> Option<&'f File> {
    let of_prefix = |text: &str| broken_rules(text).filter(|r| parts(r).is_some_and(|(p, _)| p == prefix)).count();
    let most = faults.iter().filter(|(_, t)| t.contains("\nfaults! {")).max_by_key(|(_, t)| of_prefix(t));
    most.filter(|(_, t)| of_prefix(t) > 0)
        .or_else(|| faults.iter().find(|(path, _)| path.file_name() == rule_file.file_name()))
}

/// The directory of most scenarios that are there for a rule of the prefix before all; that with the
/// name of the group's rule file when there is none.
pub fn scenario_group(scenarios: &[File], prefix: &str, rule_file: &Path) -> Option<String> {
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for (path, text) in scenarios {
        let first = text.lines().find_map(|l| l.strip_prefix("rules: ["));
        let group = path.parent().and_then(Path::file_name).map(|g| g.to_string_lossy().into_owned());
        if let Some(group) = group {
            *count.entry(group).or_default() +=
                usize::from(first.is_some_and(|f| f.starts_with(&format!("{prefix}-"))));
        }
    }
    let stem = rule_file.file_stem()?.to_string_lossy().into_owned();
    let most = count.iter().max_by_key(|(_, n)| **n).filter(|(_, n)| **n > 0).map(|(g, _)| g.clone());
    most.or_else(|| count.contains_key(&stem).then_some(stem))
}

/// How often each file of the model, outside the rule table, cites rules of a prefix: where the named
/// check of a new one belongs. The most first.
pub fn citing(model: &[File], prefix: &str) -> Vec<(PathBuf, usize)> {
    let constant = format!("{prefix}_");
    let mut found: Vec<_> = model
        .iter()
        .filter(|(path, _)| !path.starts_with(RULES))
        .map(|(path, text)| (path.clone(), text.matches(&constant).count()))
        .filter(|(_, n)| *n > 0)
        .collect();
    found.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace")
    }

    #[test]
    fn every_prefix_of_the_real_tree_has_a_place_for_its_faults_and_scenarios() {
        let rules = files(root(), RULES, "rs").expect("rules");
        let faults = files(root(), FAULTS, "rs").expect("faults");
        let scenarios = files(root(), SCENARIOS, "yaml").expect("scenarios");
        let prefixes = prefixes(&rules);
        assert!(prefixes.contains(&"UPR".to_string()) && prefixes.contains(&"MSG".to_string()), "{prefixes:?}");
        for prefix in prefixes {
            let number = next_number(&rules, &prefix).expect("a number");
            assert!(file_of(&rules, &prefix, number).is_none());
            let (path, _) = neighbour(&rules, &prefix, number).expect("a neighbour");
            assert!(faults_file(&faults, &prefix, path).is_some(), "no file for faults of {prefix}");
            assert!(scenario_group(&scenarios, &prefix, path).is_some(), "no group for scenarios of {prefix}");
        }
    }

    #[test]
    fn a_prefix_in_two_files_goes_where_its_neighbour_is() {
        let rules = files(root(), RULES, "rs").expect("rules");
        let name = |n| neighbour(&rules, "AUT", n).and_then(|(p, _)| p.file_name()).and_then(|f| f.to_str());
        assert_eq!((name(6), name(999)), (Some("wire.rs"), Some("permission.rs")));
    }

    #[test]
    fn faults_of_promotion_stand_with_promotion() {
        let faults = files(root(), FAULTS, "rs").expect("faults");
        let (path, _) = faults_file(&faults, "UPR", Path::new("promote.rs")).expect("a file");
        assert!(path.ends_with("promote.rs"), "{path:?}");
    }
}

//! Reading and changing the two tables of the tree: rules (`rules! { … }`) and faults
//! (`faults! { … }`). Their forms are fixed, so lines are enough.

use anyhow::{Context as _, Result, bail};

/// An id taken apart: `UPR-012` is `("UPR", 12)`.
pub fn parts(id: &str) -> Option<(&str, u32)> {
    let (prefix, number) = id.split_once('-')?;
    let upper = (2..=6).contains(&prefix.len()) && prefix.bytes().all(|b| b.is_ascii_uppercase());
    let three = number.len() == 3 && number.bytes().all(|b| b.is_ascii_digit());
    (upper && three).then(|| number.parse().ok().map(|n| (prefix, n)))?
}

/// One entry of a rule table: its id and its lines, counted from 0, the last one included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: String,
    pub first: usize,
    pub last: usize,
}

/// The entries of a file of `crates/model/src/rules/`.
pub fn entries(text: &str) -> Vec<Entry> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (first, line) in lines.iter().enumerate() {
        // UPR_012 = "UPR-012", Must, …
        let Some((_, rest)) = line.split_once(" = \"") else { continue };
        let Some((id, _)) = rest.split_once("\", ") else { continue };
        let end = lines[first..].iter().position(|l| l.trim_end().ends_with(';'));
        if let (Some(_), Some(length)) = (parts(id), end) {
            found.push(Entry { id: id.into(), first, last: first + length });
        }
    }
    found
}

/// The file with `entry` in the place that its number asks for.
///
/// # Errors
/// When the id is there already, or the file has no entry of its prefix.
pub fn insert_rule(text: &str, id: &str, entry: &str) -> Result<String> {
    let (prefix, number) = parts(id).context("an id such as UPR-012")?;
    let mut before: Option<(u32, usize)> = None;
    let mut after: Option<(u32, usize)> = None;
    for e in entries(text) {
        let Some((_, n)) = parts(&e.id).filter(|(p, _)| *p == prefix) else { continue };
        match n.cmp(&number) {
            std::cmp::Ordering::Equal => bail!("{id} is there already"),
            std::cmp::Ordering::Less => before = before.max(Some((n, e.last + 1))),
            std::cmp::Ordering::Greater => after = Some(after.map_or((n, e.first), |a| a.min((n, e.first)))),
        }
    }
    let (_, line) = before.or(after).with_context(|| format!("no rule of {prefix} in this file"))?;
    Ok(insert_lines(text, line, entry))
}

/// The names of the rules that the faults of a file say they break.
pub fn broken_rules(text: &str) -> impl Iterator<Item = &str> {
    // "name", "UPR-012" …, or each on a line of its own in a table without the macro.
    text.lines()
        .filter(|l| !l.trim_start().starts_with("//"))
        .flat_map(|l| l.split('"').skip(1).step_by(2).filter(|word| parts(word).is_some()).take(1).collect::<Vec<_>>())
}

/// The file with `template` at the end of its `faults! { … }`.
///
/// # Errors
/// When the file has no such block.
pub fn append_to_faults(text: &str, template: &str) -> Result<String> {
    let lines: Vec<&str> = text.lines().collect();
    let start = lines.iter().position(|l| l.starts_with("faults! {")).context("the file has no `faults! {`")?;
    let length = lines[start..].iter().position(|l| *l == "}").context("the block `faults! {` does not end")?;
    Ok(insert_lines(text, start + length, template))
}

/// The file without the line that begins with `beginning`, if there is one.
pub fn without_line(text: &str, beginning: &str) -> Option<String> {
    let mut gone = false;
    let kept: Vec<&str> = text
        .split_inclusive('\n')
        .filter(|l| {
            let hit = l.trim_start().starts_with(beginning);
            gone |= hit;
            !hit
        })
        .collect();
    gone.then(|| kept.concat())
}

fn insert_lines(text: &str, line: usize, more: &str) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (head, tail) = lines.split_at(line.min(lines.len()));
    head.concat() + more + &tail.concat()
}

/// A Rust (and JSON, and double-quoted YAML) string literal.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = include_str!("../../crates/model/src/rules/promote.rs");
    const FAULTS: &str = include_str!("../../crates/reference/src/faults/promote.rs");

    #[test]
    fn ids_are_taken_apart() {
        assert_eq!(parts("UPR-012"), Some(("UPR", 12)));
        for wrong in ["UPR", "upr-012", "UPR-12", "UPR-0x1", "F-050", "UPR-", ""] {
            assert_eq!(parts(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_entry_of_the_real_table_is_found() {
        let found = entries(RULES);
        assert_eq!(found.len(), RULES.matches(" = \"UPR-").count());
        let ends = found.windows(2).all(|w| w[0].last + 1 == w[1].first);
        assert!(ends, "one entry begins where the other ends: {found:?}");
    }

    #[test]
    fn a_rule_goes_to_its_place() {
        let entry = "    UPR_900 = \"UPR-900\", Must, Documented,\n        \"t\",\n        \"s\", \"F-050\";\n";
        let last = insert_rule(RULES, "UPR-900", entry).expect("inserted");
        assert_eq!(entries(&last).last().map(|e| e.id.as_str()), Some("UPR-900"));
        assert!(last.ends_with(&format!("{entry}}}\n")), "the block is still closed");
        assert_eq!(last.replacen(entry, "", 1), RULES, "and nothing else changed");
        // A gap is filled where it is.
        let hole = entries(RULES).into_iter().find(|e| e.id == "UPR-012").expect("the rule");
        let lines: Vec<&str> = RULES.split_inclusive('\n').collect();
        let own = lines[hole.first..=hole.last].concat();
        let without = RULES.replacen(&own, "", 1);
        assert_eq!(insert_rule(&without, "UPR-012", &own).expect("inserted"), RULES);
        // And what comes before all others stands before them.
        let first = insert_rule(RULES, "UPR-000", &own).expect("inserted");
        assert_eq!(entries(&first)[1].id, "UPR-001");
    }

    #[test]
    fn a_rule_that_is_there_is_refused() {
        assert!(insert_rule(RULES, "UPR-012", "x").is_err_and(|e| e.to_string().contains("already")));
        assert!(insert_rule(RULES, "GRT-001", "x").is_err());
    }

    #[test]
    fn a_template_goes_to_the_end_of_the_block() {
        let more = append_to_faults(FAULTS, "    // here\n").expect("appended");
        assert!(more.contains("    // here\n}\n"));
        assert_eq!(more.replacen("    // here\n", "", 1), FAULTS);
        assert!(append_to_faults("fn main() {\n}\n", "x").is_err());
    }

    #[test]
    fn the_rules_of_faults_are_read() {
        assert!(broken_rules(FAULTS).any(|r| r == "UPR-001"));
        assert!(broken_rules(include_str!("../../crates/reference/src/faults/wire.rs")).any(|r| r == "AUT-001"));
        assert_eq!(broken_rules("    // \"a\", \"UPR-001\", \"b\"\n").count(), 0, "a template breaks nothing");
    }

    #[test]
    fn a_line_is_taken_out() {
        assert_eq!(without_line("a\n  (\"F-1\", \"x\"),\nb\n", "(\"F-1\","), Some("a\nb\n".into()));
        assert_eq!(without_line("a\n", "(\"F-1\","), None);
    }
}

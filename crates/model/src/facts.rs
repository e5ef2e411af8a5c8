//! The facts about the service (`data/facts.md`), as the rules cite them.

use std::sync::LazyLock;

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// `F-050`.
    pub id: &'static str,
    /// `MUST`, `SHOULD`, `MAY`, `C` (open), or empty for background.
    pub level: &'static str,
    /// The sentence, in one line.
    pub text: String,
}

impl Fact {
    /// The sentence as a report quotes it: without the grade and the source that stand before it, which are said
    /// in words beside it, and without what comes after the first sentences where it is long.
    pub fn quote(&self) -> String {
        let mut rest = self.text.as_str();
        let (grade, after) = rest.split_once(' ').unwrap_or((rest, ""));
        if !grade.is_empty() && grade.split('/').all(|g| matches!(g, "D" | "A" | "I" | "C")) {
            rest = after.trim_start();
        }
        if let Some((_, after)) = rest.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
            rest = after.trim_start();
        }
        if rest.len() <= LONGEST_QUOTE {
            return rest.to_string();
        }
        let mut end = LONGEST_QUOTE;
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let end = rest[..end].rfind(['.', ';', ',', ' ']).unwrap_or(end);
        format!("{} …", rest[..end].trim_end_matches([',', ';', ' ']))
    }
}

/// Bytes of a fact that a report quotes.
const LONGEST_QUOTE: usize = 420;

/// Every fact, in the order of the file.
pub fn facts() -> &'static [Fact] {
    static FACTS: LazyLock<Vec<Fact>> = LazyLock::new(read);
    &FACTS
}

/// The fact of this number, such as `F-050`.
pub fn find(id: &str) -> Option<&'static Fact> {
    facts().iter().find(|f| f.id == id)
}

fn read() -> Vec<Fact> {
    let mut list: Vec<Fact> = Vec::new();
    for line in include_str!("data/facts.md").lines() {
        if let Some(rest) = line.strip_prefix("- F-") {
            let id = &line[2..2 + "F-000".len()];
            let rest = rest[3..].trim();
            let word = rest.split(' ').next().unwrap_or("");
            let level = ["MUST", "SHOULD", "MAY", "C"].into_iter().find(|l| *l == word).unwrap_or("");
            list.push(Fact { id, level, text: rest[level.len()..].trim().to_string() });
        } else if let (Some(more), Some(last)) = (line.strip_prefix("  "), list.last_mut()) {
            last.text = format!("{} {}", last.text, more.trim());
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::facts;
    use std::collections::BTreeSet;

    #[test]
    fn reads_the_file() {
        let list = facts();
        let ids: BTreeSet<&str> = list.iter().map(|f| f.id).collect();
        assert_eq!(ids.len(), list.len(), "no number twice");
        let promote = list.iter().find(|f| f.id == "F-050").expect("the first fact about UpdatePrimaryRegion");
        assert_eq!(promote.level, "MUST");
        assert!(
            promote.text.starts_with("D [API] Called on the current primary")
                && promote.text.ends_with("is a replica.")
        );
    }

    #[test]
    fn a_quote_is_the_sentence_and_not_its_grade() {
        let quote = |id: &str| super::find(id).expect("such a fact").quote();
        assert!(quote("F-050").starts_with("Called on the current primary"), "{}", quote("F-050"));
        assert!(quote("F-026").starts_with("A key ARN of another Region"), "{}", quote("F-026"));
        assert!(quote("F-024").starts_with("An alias name or alias ARN"), "{}", quote("F-024"));
        assert!(facts().iter().all(|f| f.quote().len() <= super::LONGEST_QUOTE + " …".len()));
    }

    #[test]
    fn rules_cite_facts_that_exist() {
        let ids: BTreeSet<&str> = facts().iter().map(|f| f.id).collect();
        for rule in crate::rules::RULES.iter() {
            for fact in rule.facts.split(' ').filter(|f| f.starts_with("F-")) {
                assert!(ids.contains(fact), "{} cites {fact}", rule.id);
            }
        }
    }
}

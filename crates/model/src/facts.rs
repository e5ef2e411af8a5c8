//! The facts about the service (`data/facts.md`), as the rules cite them.

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

/// Every fact, in the order of the file.
pub fn facts() -> Vec<Fact> {
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
    fn rules_cite_facts_that_exist() {
        let ids: BTreeSet<&str> = facts().iter().map(|f| f.id).collect();
        for rule in crate::rules::RULES.iter() {
            for fact in rule.facts.split(' ').filter(|f| f.starts_with("F-")) {
                assert!(ids.contains(fact), "{} cites {fact}", rule.id);
            }
        }
    }
}

//! What people read leads where it says: links, the table of contents, the length of the README.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The documents for users and contributors.
fn documents() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        ["README.md", "CONTRIBUTING.md", "SECURITY.md", "clients/README.md", "scenarios/README.md"]
            .map(|f| root().join(f))
            .into();
    let docs = std::fs::read_dir(root().join("docs")).expect("docs/").flatten().map(|f| f.path());
    found.extend(docs.filter(|p| p.extension().is_some_and(|e| e == "md")));
    found
}

/// Targets of `[words](target)` and `![words](target)`, those in code left out.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            code = !code;
        }
        if code {
            continue;
        }
        // Every other part stands between backticks.
        let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("``");
        let targets = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        found.extend(targets.map(str::to_string));
    }
    found
}

/// Names of the headings, as GitHub and mdBook make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let heading = |line: &str| {
        let words = line.trim_start_matches('#').trim().to_lowercase();
        let kept = words.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    text.lines().filter(|l| l.starts_with('#')).map(heading).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut seen = 0;
    for document in documents() {
        for target in links(&text(&document)) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = target.split_once('#').map_or((target.as_str(), None), |(f, a)| (f, Some(a)));
            let path = if file.is_empty() { document.clone() } else { document.with_file_name("").join(file) };
            assert!(path.exists(), "{} links to {target}, which is not there", document.display());
            if let Some(anchor) = anchor {
                assert!(anchors(&text(&path)).contains(anchor), "{}: no heading for {target}", document.display());
            }
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen} links are few: are they still found?");
}

#[test]
fn every_document_is_in_the_table_of_contents() {
    let summary = root().join("docs/SUMMARY.md");
    let listed: BTreeSet<String> = links(&text(&summary)).into_iter().collect();
    for document in documents().iter().filter(|d| d.starts_with(root().join("docs")) && **d != summary) {
        let name = document.file_name().unwrap_or_default().to_string_lossy().into_owned();
        assert!(listed.contains(&name), "docs/SUMMARY.md does not list {name}");
    }
}

#[test]
fn the_readme_is_read_in_three_minutes() {
    let lines = text(&root().join("README.md")).lines().count();
    assert!(lines <= 120, "README.md has {lines} lines: what is not needed at first goes into docs/");
}

#[test]
fn links_are_found() {
    assert_eq!(links("a [b](c.md#d) ![e](f.svg) `[g](h)` [`i`](j)"), ["c.md#d", "f.svg", "j"]);
    assert_eq!(links("```\n[a](b)\n```\n[c](d)"), ["d"]);
    assert!(anchors("## What is *not* here, yet").contains("what-is-not-here-yet"));
}

//! On copies of the real tree.

use super::*;
use clap::Parser;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: Args,
}

fn args(line: &[&str]) -> Args {
    let some = ["x", "--source", "KMS API Reference, DescribeKey", "--facts", "F-034 F-052"];
    Line::try_parse_from(some.iter().chain(line)).expect("arguments").args
}

fn real() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace")
}

/// A copy of what `new-rule` reads, removed when dropped.
struct Copy(PathBuf);

impl Copy {
    fn of_the_tree(name: &str) -> Copy {
        let to = std::env::temp_dir().join(format!("mrkspec-xtask-{}-{name}", std::process::id()));
        for (under, ending) in [("crates/model/src", "rs"), (FAULTS, "rs"), (SCENARIOS, "yaml"), ("src/report", "rs")] {
            for (path, text) in place::files(real(), under, ending).expect("the tree") {
                fs::create_dir_all(to.join(&path).parent().expect("a directory")).expect("a directory");
                fs::write(to.join(&path), text).expect("a file");
            }
        }
        fs::create_dir_all(to.join("crates/model/src/data")).expect("a directory");
        fs::copy(real().join(FACTS), to.join(FACTS)).expect("the facts");
        Copy(to)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_new_rule_has_an_entry_a_scenario_and_a_template_of_its_fault() {
    let copy = Copy::of_the_tree("new");
    let line =
        ["UPR", "--title", "A member's CreationDate never changes.", "--level", "should", "--needs", "transient"];
    let plan = plan(&copy.0, &args(&line)).expect("a plan");
    plan.write(&copy.0).expect("written");
    let (id, rest) = plan.remains.split_once(' ').expect("what remains");
    assert!(rest.contains(&id.replace('-', "_")), "{rest}");
    let read = |path: &str| fs::read_to_string(copy.0.join(path)).expect("a file");
    let rules = read("crates/model/src/rules/promote.rs");
    let entry = format!(
        "    {} = \"{id}\", Should, Documented, transient,\n        \"A member's CreationDate never changes\",\n        \
         \"KMS API Reference, DescribeKey\", \"F-034 F-052\";\n",
        id.replace('-', "_")
    );
    assert!(rules.contains(&entry), "{rules}");
    let scenario = read("scenarios/promote/member-creation-date-never-changes.yaml");
    assert!(
        scenario.starts_with(&format!("title: \"A member's CreationDate never changes\"\nrules: [{id}]\n# {MARK}"))
    );
    let faults = read("crates/reference/src/faults/promote.rs");
    let template = faults.lines().filter(|l| l.contains(id)).all(|l| l.trim_start().starts_with("//"));
    assert!(template && faults.contains(MARK), "the template is a comment");
    // And again: the next number, and another scenario must be named.
    let again = super::plan(&copy.0, &args(&line));
    assert!(again.is_err_and(|e| e.to_string().contains("exists already: give --scenario")));
    let again = super::plan(&copy.0, &args(&[&line[..], &["--scenario", "promote/again"]].concat())).expect("a plan");
    assert!(!again.remains.starts_with(id), "{}", again.remains);
}

#[test]
fn what_cannot_be_is_refused_and_nothing_is_written() {
    let refused = |line: &[&str], words: &str| {
        let text = plan(real(), &args(line)).expect_err("refused").to_string();
        assert!(text.contains(words), "{text}");
    };
    refused(&["UPR-012", "--title", "t"], "exists already: see crates/model/src/rules/promote.rs");
    refused(&["XYZ", "--title", "t"], "prefixes are ATT, AUT");
    refused(&["upr-900", "--title", "t"], "no id");
    refused(&["UPR-900", "--title", " "], "one line of text");
    refused(&["UPR-900", "--title", "a\nb"], "one line of text");
    refused(&["UPR-900", "--title", "t", "--scenario", "../x"], "GROUP/NAME");
    refused(&["UPR-900", "--title", "t", "--scenario", "promote/no-replica"], "exists already");
    let some = ["x", "UPR-900", "--title", "t", "--source", "s", "--facts", "050"];
    let wrong = Line::try_parse_from(some).expect("arguments").args;
    assert!(plan(real(), &wrong).is_err_and(|e| e.to_string().contains("facts are F-050")));
}

#[test]
fn a_fact_that_had_no_rule_and_one_that_is_new_are_seen_to() {
    let copy = Copy::of_the_tree("facts");
    let facts = ["x", "GRT", "--title", "t", "--source", "s", "--facts", "F-140 F-999"];
    let plan = plan(&copy.0, &Line::try_parse_from(facts).expect("arguments").args).expect("a plan");
    assert!(plan.remains.contains("1. F-999 in crates/model/src/data/facts.md"), "{}", plan.remains);
    let (_, reasons) = plan.files.iter().find(|(p, _)| p.ends_with("traceability.rs")).expect("changed");
    assert!(!reasons.contains("\"F-140\"") && reasons.contains("\"F-118\""));
}

/// The words that are offered are those that compile.
#[test]
fn the_words_are_those_of_the_model() {
    let rule = fs::read_to_string(real().join("crates/model/src/rule.rs")).expect("rule.rs");
    let table = fs::read_to_string(real().join("crates/model/src/rules.rs")).expect("rules.rs");
    let variants = |name: &str| -> Vec<String> {
        let body =
            rule.split_once(&format!("pub enum {name} {{")).and_then(|(_, r)| r.split_once("\n}")).expect(name).0;
        body.lines()
            .map(str::trim)
            .filter(|l| !l.starts_with("//"))
            .filter_map(|l| Some(l.strip_suffix(',')?.into()))
            .collect()
    };
    let words = |list: &[&dyn std::fmt::Debug]| list.iter().map(|w| format!("{w:?}")).collect::<Vec<_>>();
    let levels: Vec<_> = Level::value_variants().iter().map(|l| l as &dyn std::fmt::Debug).collect();
    assert_eq!(words(&levels), variants("Level"));
    let grades: Vec<_> = Evidence::value_variants().iter().map(|l| l as &dyn std::fmt::Debug).collect();
    assert_eq!(words(&grades), variants("Evidence"));
    for needs in Needs::value_variants() {
        assert!(table.contains(&format!("(@needs {})", format!("{needs:?}").to_lowercase())), "{needs:?}");
    }
}

#[test]
fn a_title_makes_a_name() {
    assert_eq!(
        slug("After a promotion KeyManager is CUSTOMER on every member"),
        "after-promotion-key-manager-customer-on"
    );
    assert_eq!(slug("A member's CreationDate never changes"), "member-creation-date-never-changes");
}

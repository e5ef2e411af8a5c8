//! `cargo xtask new-rule`: everything that a new rule needs and a program can write.

use crate::place::{self, FACTS, FAULTS, File, REASONS, RULES, SCENARIOS};
use crate::text::{append_to_faults, insert_rule, parts, quoted, without_line};
use anyhow::{Context as _, Result, bail, ensure};
use clap::ValueEnum;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// What stands in every template that is still to be completed; `tests/docs.rs` looks for it.
const MARK: &str = "TODO(new-rule)";

/// Arguments of `new-rule`.
#[derive(clap::Args)]
pub struct Args {
    /// The id, such as UPR-042, or only UPR: then the number after the highest one is taken
    id: String,
    /// How binding it is
    #[arg(long, value_enum, default_value_t = Level::Must, ignore_case = true)]
    level: Level,
    /// The requirement in one sentence
    #[arg(long)]
    title: String,
    /// Document and section
    #[arg(long)]
    source: String,
    /// Fact numbers, such as "F-050 Q-2"
    #[arg(long)]
    facts: String,
    /// How sure the source is
    #[arg(long, value_enum, default_value_t = Evidence::Documented, ignore_case = true)]
    evidence: Evidence,
    /// What must be there to put the rule to the test
    #[arg(long, value_enum)]
    needs: Option<Needs>,
    /// Group and name of the scenario, such as promote/round-trip [default: from prefix and title]
    #[arg(long, value_name = "GROUP/NAME")]
    scenario: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Level {
    Must,
    Should,
    May,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Evidence {
    Documented,
    Observed,
    Inferred,
    Conflicting,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Needs {
    Transient,
    Policy,
    Limited,
    Other,
}

/// What is to be written, before anything is.
#[derive(Debug)]
pub struct Plan {
    /// New texts of files.
    pub files: Vec<File>,
    /// What is left to a person.
    pub remains: String,
}

impl Plan {
    /// Writes the files.
    ///
    /// # Errors
    /// When one cannot be written.
    pub fn write(&self, root: &Path) -> Result<()> {
        for (path, text) in &self.files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().context("a file stands in a directory")?)?;
            fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
        }
        Ok(())
    }
}

/// Works out every change to the tree at `root`; changes nothing.
///
/// # Errors
/// When the id exists or its prefix does not, when an argument cannot be used, or when the tree is not
/// as expected.
pub fn plan(root: &Path, args: &Args) -> Result<Plan> {
    for text in [&args.title, &args.source, &args.facts] {
        ensure!(!text.trim().is_empty() && !text.chars().any(char::is_control), "{text:?}: one line of text is needed");
    }
    let facts: Vec<&str> = args.facts.split(' ').collect();
    let is_fact =
        |f: &&str| f.split_once('-').is_some_and(|(p, n)| ["F", "Q"].contains(&p) && n.parse::<u16>().is_ok());
    ensure!(facts.iter().all(|f| is_fact(&f)), "{:?}: facts are F-050 or Q-2, with a space between them", args.facts);

    let rules = place::files(root, RULES, "rs")?;
    let (id, prefix, number) = id(&rules, &args.id)?;
    let (rule_path, rule_text) = place::neighbour(&rules, &prefix, number).context("no rule of this prefix")?;
    let title = args.title.trim().trim_end_matches('.');

    let entry = entry(&id, title, args);
    let scenario_path = scenario_path(root, &prefix, title, rule_path, args)?;
    let faults = place::files(root, FAULTS, "rs")?;
    let (fault_path, fault_text) = place::faults_file(&faults, &prefix, rule_path).context("no file for its fault")?;

    let mut files = vec![
        (rule_path.clone(), insert_rule(rule_text, &id, &entry)?),
        (scenario_path.clone(), scenario(&id, title)),
        (fault_path.clone(), append_to_faults(fault_text, &fault(&id))?),
    ];
    // A fact that a rule cites needs no reason any more why none does.
    let mut reasons = fs::read_to_string(root.join(REASONS)).unwrap_or_default();
    let mut outdated = false;
    for fact in &facts {
        if let Some(rest) = without_line(&reasons, &format!("(\"{fact}\", ")) {
            (reasons, outdated) = (rest, true);
        }
    }
    if outdated {
        files.push((REASONS.into(), reasons));
    }
    let known = fs::read_to_string(root.join(FACTS)).context("the facts")?;
    let is_new = |f: &&&str| f.starts_with("F-") && !known.contains(&format!("- {f} "));
    let unknown: Vec<&str> = facts.iter().filter(is_new).copied().collect();
    let model = place::files(root, "crates/model/src", "rs")?;
    let remains = remains(&id, &files, &place::citing(&model, &prefix), &unknown);
    Ok(Plan { files, remains })
}

/// The id in full; an error when it is taken.
fn id(rules: &[File], given: &str) -> Result<(String, String, u32)> {
    let prefixes = place::prefixes(rules);
    let (prefix, number) = match parts(given) {
        Some((prefix, number)) => (prefix, Some(number)),
        None => (given, None),
    };
    if !prefixes.iter().any(|p| p == prefix) {
        bail!("{given:?} is no id (such as UPR-042) and no prefix; prefixes are {}", prefixes.join(", "));
    }
    let number = number.or_else(|| place::next_number(rules, prefix)).context("no number is free")?;
    if let Some((path, _)) = place::file_of(rules, prefix, number) {
        bail!("{given} exists already: see {}", path.display());
    }
    ensure!(number < 1000, "no number of {prefix} is free");
    Ok((format!("{prefix}-{number:03}"), prefix.to_string(), number))
}

/// The entry in the rule table.
fn entry(id: &str, title: &str, args: &Args) -> String {
    let needs = args.needs.map(|n| format!(", {n:?}").to_lowercase()).unwrap_or_default();
    format!(
        "    {} = \"{id}\", {:?}, {:?}{needs},\n        {},\n        {}, {};\n",
        id.replace('-', "_"),
        args.level,
        args.evidence,
        quoted(title),
        quoted(args.source.trim()),
        quoted(&args.facts),
    )
}

fn scenario_path(root: &Path, prefix: &str, title: &str, rule_path: &Path, args: &Args) -> Result<PathBuf> {
    let name = match &args.scenario {
        Some(name) => name.clone(),
        None => {
            let all = place::files(root, SCENARIOS, "yaml")?;
            let group = place::scenario_group(&all, prefix, rule_path).context("give --scenario GROUP/NAME")?;
            format!("{group}/{}", slug(title))
        }
    };
    let plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let fits = name.split_once('/').is_some_and(|(group, name)| plain(group) && plain(name));
    ensure!(fits, "{name:?}: a scenario is GROUP/NAME, in small letters, digits and dashes");
    let path = Path::new(SCENARIOS).join(format!("{name}.yaml"));
    ensure!(!root.join(&path).exists(), "{} exists already: give --scenario GROUP/NAME", path.display());
    Ok(path)
}

/// The first words of a title that say something, as a file name.
fn slug(title: &str) -> String {
    let mut spaced = String::new();
    for c in title.replace("'s ", " ").chars() {
        // KeyState is two words.
        if c.is_uppercase() && spaced.ends_with(|p: char| p.is_lowercase()) {
            spaced.push(' ');
        }
        spaced.push(if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' });
    }
    let words = spaced.split_whitespace().filter(|w| !["a", "an", "the", "is", "are", "of"].contains(w));
    words.take(6).collect::<Vec<_>>().join("-")
}

fn scenario(id: &str, title: &str) -> String {
    let plain =
        title.chars().all(|c| c.is_alphanumeric() || " ,.-()/".contains(c)) && title.starts_with(char::is_alphabetic);
    let title = if plain { title.to_string() } else { quoted(title) };
    format!(
        "title: {title}\nrules: [{id}]\n\
         # {MARK}: put the calls that show {id} here (scenarios/README.md), and take this line out.\n\
         steps:\n\
         \x20 - CreateKey in us-east-1: {{ as: k, MultiRegion: true }}\n\
         \x20 - ReplicateKey in us-east-1: {{ KeyId: k, ReplicaRegion: eu-west-1 }}\n\
         \x20 - UpdatePrimaryRegion in us-east-1: {{ KeyId: k, PrimaryRegion: eu-west-1 }}\n\
         \x20 - DescribeKey in us-east-1: {{ KeyId: k }}\n\
         \x20 - DescribeKey in eu-west-1: {{ KeyId: k }}\n"
    )
}

/// A template, as a comment: a fault that does nothing would be a lie, and one that is made up here a
/// mistake that nobody makes.
fn fault(id: &str) -> String {
    format!(
        "    // {MARK}: one mistake that breaks {id}, as the author of an emulator would make it. tools.rs has what\n\
         \x20   // mistakes are made of; after the rule may stand rules that break with it, and `transient`, `days` or `late`.\n\
         \x20   // \"name-of-the-mistake\", \"{id}\", \"What the endpoint does wrong, in one sentence\", |t| {{\n\
         \x20   //     t.edit_metadata(|_, meta| {{ meta.remove(\"…\"); }})\n\
         \x20   // }};\n"
    )
}

fn remains(id: &str, files: &[File], citing: &[(PathBuf, usize)], unknown: &[&str]) -> String {
    let mut steps = Vec::new();
    if !unknown.is_empty() {
        steps.push(format!("{} in {FACTS}: what the documentation says, and where.", unknown.join(" and ")));
    }
    let mut model = format!(
        "The model: one named check in a file of crates/model/src/step/, and its line in the attribution table, which\n    \
         gives the rule as {}. Rules of this prefix are cited in:",
        id.replace('-', "_")
    );
    for (path, times) in citing.iter().take(4) {
        let _ = write!(model, "\n        {} ({times} times)", path.display());
    }
    steps.push(model);
    steps.push(
        "The calls of the scenario. Then `cargo test --test snapshots`, and review its transcript: `cargo insta review`.".into(),
    );
    steps
        .push("The fault: complete the template. `cargo test --test faults` shows whether the rule catches it.".into());
    steps.push("`cargo xtask regen`, then `cargo test`.".into());

    let mut out = format!("{id} has its place. Written:\n");
    for (path, _) in files {
        let _ = writeln!(out, "    {}", path.display());
    }
    out += "What remains:\n";
    for (i, step) in steps.iter().enumerate() {
        let _ = writeln!(out, " {}. {step}", i + 1);
    }
    out
}

#[cfg(test)]
mod tests {
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
            for (under, ending) in
                [("crates/model/src", "rs"), (FAULTS, "rs"), (SCENARIOS, "yaml"), ("src/report", "rs")]
            {
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
        let again =
            super::plan(&copy.0, &args(&[&line[..], &["--scenario", "promote/again"]].concat())).expect("a plan");
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
        let facts = ["x", "GRT", "--title", "t", "--source", "s", "--facts", "F-125 F-999"];
        let plan = plan(&copy.0, &Line::try_parse_from(facts).expect("arguments").args).expect("a plan");
        assert!(plan.remains.contains("1. F-999 in crates/model/src/data/facts.md"), "{}", plan.remains);
        let (_, reasons) = plan.files.iter().find(|(p, _)| p.ends_with("traceability.rs")).expect("changed");
        assert!(!reasons.contains("\"F-125\"") && reasons.contains("\"F-118\""));
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
}

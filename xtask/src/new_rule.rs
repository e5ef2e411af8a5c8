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
    Recorded,
    Observed,
    Inferred,
    Conflicting,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Needs {
    Transient,
    NewMaterial,
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

/// Makes the parts of the rule and prints what remains.
///
/// # Errors
/// As [`plan`] and [`Plan::write`].
pub fn run(root: &Path, args: &Args) -> Result<()> {
    let plan = plan(root, args)?;
    plan.write(root)?;
    print!("{}", plan.remains);
    Ok(())
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
    ensure!(facts.iter().all(is_fact), "{:?}: facts are F-050 or Q-2, with a space between them", args.facts);

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
    let mut last = ' ';
    for c in title.replace("'s ", " ").chars() {
        // KeyState is two words.
        if last.is_lowercase() && c.is_uppercase() {
            spaced.push(' ');
        }
        spaced.push(if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' });
        last = c;
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
mod tests;

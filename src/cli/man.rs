//! `mrkspec man`.

use super::failure::{Failure, Outcome, make_directory, write};
use clap::{Arg, Command};
use std::fmt::Write as _;
use std::path::PathBuf;

/// Arguments of `man`.
#[derive(clap::Args)]
pub struct Args {
    /// Write the page of every subcommand to this directory, as mrkspec.1, mrkspec-check.1, …
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Write every subcommand and option as Markdown
    #[arg(long, value_name = "F", conflicts_with = "to")]
    markdown: Option<PathBuf>,
}

/// Prints the manual page, or writes all of them.
pub fn run(args: Args, mut command: Command) -> Outcome {
    command.build();
    if let Some(path) = args.markdown {
        write(&path, &markdown(&command))?;
    } else if let Some(path) = args.to {
        make_directory(&path)?;
        clap_mangen::generate_to(command, &path).map_err(|source| Failure::Write { path, source })?;
    } else {
        let page = clap_mangen::Man::new(command).render(&mut std::io::stdout());
        page.map_err(|source| Failure::Write { path: "standard output".into(), source })?;
    }
    Ok(0)
}

/// docs/options.md.
fn markdown(program: &Command) -> String {
    let mut out = String::from(
        "# Every option\n\nWritten by `cargo xtask regen` from the program; a test keeps it current. \
         `mrkspec man` has the same as a manual page, `mrkspec COMMAND --help` one command.\n",
    );
    for command in program.get_subcommands().filter(|c| c.get_name() != "help") {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let _ = write!(out, "\n## mrkspec {}\n\n{about}.\n", command.get_name());
        let shown = |a: &&Arg| !a.is_hide_set() && a.get_id() != "help";
        let arguments: Vec<&Arg> = command.get_arguments().filter(shown).collect();
        if !arguments.is_empty() {
            out += "\n| option | what it says | default |\n|---|---|---|\n";
        }
        for argument in arguments {
            let _ = writeln!(out, "| `{}` | {} | {} |", usage(argument), meaning(argument), default(argument));
        }
    }
    let after = program.get_after_help().map(ToString::to_string).unwrap_or_default();
    let _ = write!(out, "\n## Exit codes\n\n{after}\n");
    out
}

/// `--port <PORT>`, `-v`, `FILE…`.
fn usage(argument: &Arg) -> String {
    let takes_value = argument.get_action().takes_values();
    let names = argument.get_value_names().unwrap_or_default();
    let value = names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let short = argument.get_short().map(|c| format!(", -{c}")).unwrap_or_default();
    match argument.get_long() {
        Some(long) if takes_value => format!("--{long} {value}{short}"),
        Some(long) => format!("--{long}{short}"),
        None => value,
    }
    .replace('|', "\\|")
}

fn meaning(argument: &Arg) -> String {
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    // A value that may be given or not, such as a switch's, has nothing to list.
    let values = if argument.get_action().takes_values() { argument.get_possible_values() } else { Vec::new() };
    let values: Vec<String> = values.iter().map(|v| format!("`{}`", v.get_name())).collect();
    let help = help.replace('|', "\\|").replace('<', "&lt;").replace('\n', " ");
    if values.is_empty() { help } else { format!("{help} ({})", values.join(", ")) }
}

fn default(argument: &Arg) -> String {
    let values = if argument.get_action().takes_values() { argument.get_default_values() } else { &[] };
    values.iter().map(|v| format!("`{}`", v.to_string_lossy())).collect::<Vec<_>>().join(" ")
}

//! `cargo xtask`: what a contributor would otherwise do by hand.

mod new_rule;
mod place;
mod regen;
mod text;

use clap::{Parser, Subcommand};
use std::path::Path;
use std::process::ExitCode;

/// The chores of a contributor to mrkspec.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make what a new rule needs: its entry, a scenario that names it, a template of its fault
    NewRule(new_rule::Args),
    /// Write every generated document anew
    Regen(regen::Args),
}

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask/ stands in the workspace");
    let done = match Cli::parse().command {
        Command::NewRule(args) => new_rule::run(root, &args),
        Command::Regen(args) => regen::run(root, &args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cargo xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

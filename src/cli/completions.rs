//! `mrkspec completions`.

use super::failure::Outcome;
use clap_complete::{Shell, generate};

/// Arguments of `completions`.
#[derive(clap::Args)]
pub struct Args {
    /// The shell that is to complete commands and options
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script that the shell reads.
pub fn run(args: &Args, mut command: clap::Command) -> Outcome {
    generate(args.shell, &mut command, "mrkspec", &mut std::io::stdout());
    Ok(0)
}

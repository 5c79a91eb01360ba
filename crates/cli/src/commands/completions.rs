//! `lichen completions`: the shell's completions.

use std::process::ExitCode;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::args::Arguments;
use crate::output::Output;

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lichen completions bash > ~/.local/share/bash-completion/completions/lichen
  lichen completions zsh > ~/.zfunc/_lichen")]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs, output: &mut Output) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Arguments::command(), "lichen", &mut script);
    output.answer(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}

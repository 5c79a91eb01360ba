//! `lichen links`: what a text refers to, and what refers to a commit or a symbol.

use std::process::ExitCode;

use clap::Args;
use lichen_server::ask::{Ask, LinksAsk};

use super::{Context, answer};
use crate::output::Output;

/// Tell what a message or commit refers to, and what refers to a commit or symbol
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lichen links m4q7k2v9xa
  lichen links 1f2e3d4 --json
  lichen links Walk.next")]
pub(crate) struct LinksArgs {
    /// A message, a document's version or a symbol by its id, a commit by its id or object id, a symbol by its name or place
    #[arg(value_name = "MESSAGE|COMMIT|SYMBOL")]
    of: String,
    /// At most so many texts that refer to it
    #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
    count: usize,
}

pub(super) fn run(
    args: LinksArgs,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let ask =
        Ask::Links(LinksAsk { of: args.of, limit: args.count, folder: Some(context.folder()) });
    answer(&ask, &mut *context.memory(output, false)?, output)?;
    Ok(ExitCode::SUCCESS)
}

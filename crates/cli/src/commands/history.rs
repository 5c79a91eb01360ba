//! `lichen history`: the life of a symbol.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueHint};
use lichen_server::ask::{Ask, HistoryAsk, path_text};

use super::{Context, answer};
use crate::output::Output;

/// Tell the life of a symbol, through renames and moves, or of a file
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lichen history Walk.next
  lichen history src/walk.rs:120 --diff
  lichen history src/walk.rs
  lichen history y4q7k2v9xa --json")]
pub(crate) struct HistoryArgs {
    /// A symbol by name or id, a place in a file, or a file
    #[arg(value_name = "SYMBOL|FILE[:LINE]", value_hint = ValueHint::FilePath)]
    of: PathBuf,
    /// As of this commit
    #[arg(long, value_name = "REV")]
    sha: Option<String>,
    /// Show what each change did to the text
    #[arg(long)]
    diff: bool,
    /// At most so many changes
    #[arg(long, short = 'n', value_name = "N", default_value_t = 50)]
    changes: usize,
}

pub(super) fn run(
    args: HistoryArgs,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let ask = Ask::History(HistoryAsk {
        of: path_text(&args.of),
        sha: args.sha,
        diff: args.diff,
        limit: args.changes,
        folder: Some(context.folder()),
    });
    answer(&ask, &mut *context.memory(output, false)?, output)?;
    Ok(ExitCode::SUCCESS)
}

//! `lichen at`: what stands at a place, how it came to be so, and what was said about it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueHint};
use lichen_engine::Spot;
use lichen_server::ask::{Ask, AtAsk, path_text};

use super::{Context, answer};
use crate::output::Output;

/// Ask what stands at a place: its symbol, how that came to be so, and what was said about it
///
/// Works for any commit, taken in or not; without `--sha` for the work tree with what is edited in it. The symbol of a line that is
/// not committed yet is told with the past that it has.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lichen at src/walk.rs:120
  lichen at src/walk.rs:120:17 --sha v1.2.0
  lichen at src/walk.rs --symbol Walk.next --json")]
pub(crate) struct AtArgs {
    /// A file, with a line and a column (in characters) or without
    #[arg(value_name = "FILE[:LINE[:COLUMN]]", value_hint = ValueHint::FilePath)]
    place: PathBuf,
    /// At this commit: a ref, an id, whatever git knows
    #[arg(long, value_name = "REV")]
    sha: Option<String>,
    /// The symbol of the file that is called so, with more or less of what it stands in
    #[arg(long, value_name = "NAME")]
    symbol: Option<String>,
    /// At most so many changes
    #[arg(long, short = 'n', value_name = "N", default_value_t = 5)]
    changes: usize,
}

pub(super) fn run(
    args: AtArgs,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let Spot { file, line, column } = Spot::parse(&args.place);
    let ask = Ask::At(AtAsk {
        file: path_text(&file),
        line,
        column,
        symbol: args.symbol,
        sha: args.sha,
        limit: args.changes,
        folder: Some(context.folder()),
    });
    answer(&ask, &mut *context.memory(output, false)?, output)?;
    Ok(ExitCode::SUCCESS)
}

//! `lichen get`: reads things by their ids, verbatim.

use std::process::ExitCode;

use clap::Args;
use lichen_engine::{AnyId, FilePlace, ParseIdError};
use lichen_server::ask::{Ask, GetAsk, word_text};

use super::{Context, answer};
use crate::output::Output;

/// Read things by their ids: the verbatim text with where it comes from
///
/// An id may be given in full or by its letter and at least six last characters, as answers print it. `REV:PATH`, with lines
/// `REV:PATH:FIRST-LAST`, reads a file as a commit has it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lichen get m4q7k2v9xa
  lichen get m4q7k2v9xa --around 5
  lichen get v02k9h3d7c --offset 32000
  lichen get v1.2.0:src/walk.rs:10-40")]
pub(crate) struct GetArgs {
    /// Ids from an answer, or files of commits
    #[arg(required = true, value_name = "ID", value_parser = asked)]
    ids: Vec<String>,
    /// So many messages of the stream before and after too
    #[arg(long, value_name = "N", default_value_t = 0)]
    around: usize,
    /// Go on at this byte of the text
    #[arg(long, value_name = "BYTE", default_value_t = 0)]
    offset: u64,
    /// At most so many tokens (of four bytes) of text in all
    #[arg(long, value_name = "TOKENS", default_value_t = 8000)]
    budget: usize,
}

/// An id or a file of a commit, as the memory takes it.
fn asked(text: &str) -> Result<String, String> {
    if FilePlace::parse(text).is_some() {
        return Ok(word_text(text));
    }
    let id: Result<AnyId, ParseIdError> = text.parse();
    id.map(|id| id.to_string()).map_err(|error| error.to_string())
}

pub(super) fn run(
    args: &GetArgs,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let ask = Ask::Get(GetAsk {
        ids: args.ids.join(","),
        around: args.around,
        offset: args.offset,
        budget: args.budget,
        folder: Some(context.folder()),
    });
    answer(&ask, &mut *context.memory(output, false)?, output)?;
    Ok(ExitCode::SUCCESS)
}

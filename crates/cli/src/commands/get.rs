//! `lichen get`: reads things by their ids, verbatim.

use std::process::ExitCode;

use clap::Args;
use lichen_engine::{AnyId, Get, found_text};

use super::Context;
use crate::json;
use crate::output::Output;

/// Read things by their ids: the verbatim text with where it comes from
///
/// An id may be given in full or by its letter and at least six last characters, as answers print it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lichen get m4q7k2v9xa
  lichen get m4q7k2v9xa --around 5
  lichen get v02k9h3d7c --offset 32000")]
pub(crate) struct GetArgs {
    /// Ids from an answer
    #[arg(required = true, value_name = "ID")]
    ids: Vec<AnyId>,
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

pub(super) fn run(
    args: GetArgs,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let engine = context.open()?;
    let get = Get { ids: args.ids, around: args.around, offset: args.offset, budget: args.budget };
    let found = engine.read().get(&get)?;
    if output.is_json() {
        output.answer_json(&json::found(&found))?;
    } else {
        output.answer(&found_text(&found))?;
    }
    Ok(ExitCode::SUCCESS)
}

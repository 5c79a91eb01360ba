//! `lichen get`: reads things by their ids, verbatim.

use std::process::ExitCode;

use clap::Args;
use lichen_engine::{AnyId, FileOf, FilePlace, Get, TOKEN_BYTES, found_text};

use super::Context;
use crate::json;
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
    ids: Vec<Asked>,
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

/// What is asked for.
#[derive(Clone, Debug)]
enum Asked {
    Id(AnyId),
    File(FilePlace),
}

fn asked(text: &str) -> Result<Asked, String> {
    match FilePlace::parse(text) {
        Some(place) => Ok(Asked::File(place)),
        None => text
            .parse()
            .map(Asked::Id)
            .map_err(|error: lichen_engine::ParseIdError| error.to_string()),
    }
}

pub(super) fn run(
    args: GetArgs,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let engine = context.open()?;
    let (offset, mut budget) = (args.offset, args.budget);
    let mut found = Vec::new();
    for asked in args.ids {
        let more = match asked {
            Asked::Id(id) => {
                let get = Get { ids: vec![id], around: args.around, offset, budget };
                engine.read().get(&get)?
            }
            Asked::File(place) => {
                let folder = context.here().to_owned();
                let file = FileOf { folder, place, offset, budget };
                vec![engine.read().file(&file)?]
            }
        };
        let bytes: usize = more.iter().map(|one| one.text.len()).sum();
        budget = budget.saturating_sub(bytes.div_ceil(TOKEN_BYTES));
        found.extend(more);
    }
    if output.is_json() {
        output.answer_json(&json::found(&found))?;
    } else {
        output.answer(&found_text(&found))?;
    }
    Ok(ExitCode::SUCCESS)
}

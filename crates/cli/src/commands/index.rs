//! `lichen index`: derives the index anew.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use super::Context;
use crate::output::Output;

/// Work on the index, which can always be derived from the store
#[derive(Debug, Args)]
pub(crate) struct IndexArgs {
    #[command(subcommand)]
    what: IndexCommand,
}

#[derive(Debug, Subcommand)]
enum IndexCommand {
    Rebuild(Rebuild),
}

/// Derive the index anew, or move it to the embedding model of the settings
///
/// With `--model` the text index stays; passages are embedded with the model that the settings name. Until all are,
/// recall goes on with the model before. Stopped, it goes on where it was.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lichen index rebuild
  lichen index rebuild --model")]
struct Rebuild {
    /// Embed with the model of the settings, and move over when all is done
    #[arg(long)]
    model: bool,
}

pub(super) fn run(
    args: &IndexArgs,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let IndexCommand::Rebuild(rebuild) = &args.what;
    let mut engine = context.open()?;
    let mut bars = context.bars(output);
    let passages = if rebuild.model {
        engine.move_to_model(&mut bars)?
    } else {
        engine.rebuild_index(&mut bars)?
    };
    drop(bars);
    let model = engine.model();
    if output.is_json() {
        output.answer_json(&json!({ "passages": passages, "model": model }))?;
    } else {
        output.answer(&format!("{passages} passages indexed with {model}"))?;
    }
    Ok(ExitCode::SUCCESS)
}

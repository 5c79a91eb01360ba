//! `lichen init`: makes an empty store.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::Context;
use crate::output::Output;

/// Make an empty store
///
/// `ingest` makes one too where there is none; `init` is for choosing its place first.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lichen init
  lichen --store ~/memories/ripgrep init")]
pub(crate) struct InitArgs {}

pub(super) fn run(
    _args: &InitArgs,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let dir = context.new_store_dir();
    let made = lichen_engine::init(&dir)?;
    if output.is_json() {
        output.answer_json(&json!({ "store": dir, "made": made }))?;
    } else if made {
        output.answer(&format!("made an empty store at {}\nnext: lichen ingest", dir.display()))?;
    } else {
        output
            .answer(&format!("there is a store at {} already; nothing changed", dir.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

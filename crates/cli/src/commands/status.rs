//! `lichen status`: what the store holds, and how fresh it is.

use std::process::ExitCode;

use clap::Args;
use lichen_server::ask::Ask;

use super::{Context, answer};
use crate::output::Output;

/// What the store holds, how fresh it is, and how large
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lichen status
  lichen status --json")]
pub(crate) struct StatusArgs {}

pub(super) fn run(
    _args: &StatusArgs,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    answer(&Ask::Status, &mut *context.memory(output, false)?, output)?;
    Ok(ExitCode::SUCCESS)
}

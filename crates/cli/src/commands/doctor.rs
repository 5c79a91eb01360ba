//! `lichen doctor`: proves index against store and store against source.

use std::process::ExitCode;

use clap::Args;
use lichen_server::Verdict;
use lichen_server::ask::{Ask, DoctorAsk};

use super::{Context, answer};
use crate::output::Output;

/// Check everything: index against store, store against its rules and its sources
///
/// Ends with exit code 1 where something is wrong, and says how to repair it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lichen doctor
  lichen doctor --repair     rebuild the index where it is wrong")]
pub(crate) struct DoctorArgs {
    /// Repair what can be derived again: the index
    #[arg(long)]
    repair: bool,
}

pub(super) fn run(
    args: &DoctorArgs,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let ask = Ask::Doctor(DoctorAsk { repair: args.repair });
    let reply = answer(&ask, &mut *context.memory(output, false)?, output)?;
    Ok(if reply.verdict == Verdict::Damaged { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

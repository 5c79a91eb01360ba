//! `lichen doctor`: proves index against store and store against source.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args;

use super::Context;
use crate::json;
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
    let mut engine = context.open()?;
    let findings = engine.doctor(args.repair, &mut context.bars(output))?;
    if output.is_json() {
        output.answer_json(&json::doctor(&findings))?;
    } else if findings.is_empty() {
        output.answer("healthy: index, store and sources agree")?;
    } else {
        let mut text = String::new();
        for finding in &findings {
            let _ =
                writeln!(text, "{}: {}\n  repair: {}", finding.check, finding.what, finding.repair);
        }
        output.answer(&text)?;
    }
    Ok(if findings.iter().any(|finding| finding.damage) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

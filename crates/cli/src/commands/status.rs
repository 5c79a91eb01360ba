//! `lichen status`: what the store holds, and how fresh it is.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args;
use lichen_engine::Status;

use super::{Context, human_bytes};
use crate::json;
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
    let status = context.open()?.read().status()?;
    if output.is_json() {
        output.answer_json(&json::status(&status))?;
    } else {
        output.answer(&text(&status))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn text(status: &Status) -> String {
    let mut text = format!("store    {}\n", status.dir.display());
    for (name, count) in &status.counts {
        let _ = writeln!(text, "{name:<24} {count:>10}");
    }
    for head in &status.heads {
        let lag = match head.lag {
            Some(0) => "up to date".to_owned(),
            Some(lag) => format!("{lag} commits behind: run `lichen ingest`"),
            None => "the repository cannot be asked".to_owned(),
        };
        let _ = writeln!(
            text,
            "head     {} {} {} ({lag})",
            head.repo,
            head.name,
            head.oid.get(..8).unwrap_or(&head.oid)
        );
    }
    let index = &status.index;
    let _ = writeln!(
        text,
        "index    {} passages, {} to do, model {}, {}",
        index.indexed, index.lag, index.model, index.state
    );
    for (name, bytes) in &status.sizes {
        let _ = writeln!(text, "size     {name:<16} {:>10}", human_bytes(*bytes));
    }
    text
}

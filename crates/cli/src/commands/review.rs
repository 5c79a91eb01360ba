//! `lichen review`: what was said about the code that a branch changes.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use lichen_server::Shape;
use lichen_server::ask::{Ask, ReviewAsk, ReviewFormat};

use super::{Context, shape};
use crate::output::Output;

/// Tell what was said about every symbol that a branch changes; nothing where nothing was
///
/// What the branch's own commits say is left out. With nothing to say the answer is empty and the exit code 0.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lichen review main..HEAD
  lichen review main..topic --format markdown > comment.md
  lichen review origin/main.. --json")]
pub(crate) struct ReviewArgs {
    /// What HEAD changed since it left BASE; without one of them that is HEAD
    #[arg(value_name = "BASE..HEAD")]
    range: String,
    /// How to write the answer; `--json` stands above it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For a comment on a request
    Markdown,
    /// For programs
    Json,
}

pub(super) fn run(
    args: ReviewArgs,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let format = match args.format {
        Format::Markdown => ReviewFormat::Markdown,
        Format::Text | Format::Json => ReviewFormat::Text,
    };
    let ask = Ask::Review(ReviewAsk { range: args.range, format, folder: Some(context.folder()) });
    let shape = if args.format == Format::Json { Shape::Json } else { shape(output) };
    let reply = context.memory(output, false)?.ask(&ask, shape)?;
    for note in &reply.notes {
        output.note(note);
    }
    if !reply.body.is_empty() {
        output.answer(&reply.body)?;
    }
    Ok(ExitCode::SUCCESS)
}

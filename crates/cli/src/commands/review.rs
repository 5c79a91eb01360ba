//! `lichen review`: what was said about the code that a branch changes.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use lichen_engine::{Review, review_markdown, review_text};

use super::Context;
use crate::json;
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
    let review = Review { folder: context.here().to_owned(), range: args.range };
    let engine = context.open()?;
    let answer = engine.read().review(&review)?;
    for note in &answer.freshness.notes {
        output.note(note);
    }
    if output.is_json() || args.format == Format::Json {
        output.answer_json(&json::review(&answer))?;
        return Ok(ExitCode::SUCCESS);
    }
    let text = match args.format {
        Format::Markdown => review_markdown(&answer),
        Format::Text | Format::Json => review_text(&answer),
    };
    if !text.is_empty() {
        output.answer(&text)?;
    }
    Ok(ExitCode::SUCCESS)
}

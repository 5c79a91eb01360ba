//! `lichen stream`: what conversations there are, and what was said last.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use lichen_engine::{StreamInfo, Timestamp, WindowFormat, format_instant, printable, window_text};
use serde_json::{Value as Json, json};

use super::{Context, human_bytes};
use crate::json;
use crate::output::Output;

/// List streams of messages, or read the end of one
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lichen stream list
  lichen stream show general
  lichen stream tail general -n 50")]
pub(crate) struct StreamArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Every stream: messages, bytes, first and last time
    List,
    /// One stream: what it is and holds
    Show {
        /// Its name, title or id
        stream: String,
    },
    /// The last messages of a stream
    Tail {
        /// Its name, title or id
        stream: String,
        /// How many
        #[arg(short = 'n', long, default_value_t = 10, value_name = "N")]
        count: usize,
    },
}

pub(super) fn run(
    args: &StreamArgs,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let engine = context.open()?;
    match &args.action {
        Action::List => {
            let all = engine.read().streams()?;
            if output.is_json() {
                let all: Vec<Json> = all.iter().map(info).collect();
                output.answer_json(&json!({ "streams": all }))?;
            } else {
                output.answer(&all.iter().map(line).collect::<Vec<_>>().join("\n"))?;
            }
        }
        Action::Show { stream } => {
            let id = engine.read().stream(stream)?.id;
            if let Some(one) = engine.read().streams()?.into_iter().find(|one| one.stream.id == id)
            {
                if output.is_json() {
                    output.answer_json(&info(&one))?;
                } else {
                    output.answer(&line(&one))?;
                }
            }
        }
        Action::Tail { stream, count } => {
            let stream = engine.read().stream(stream)?;
            let messages = engine.read().tail(stream.id, *count)?;
            if output.is_json() {
                output.answer_json(&json!({ "messages": json::messages(&messages) }))?;
            } else {
                output.answer(&printable(&window_text(&messages, WindowFormat::Text)))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn title(one: &StreamInfo) -> &str {
    if one.stream.title.is_empty() { &one.stream.name } else { &one.stream.title }
}

fn line(one: &StreamInfo) -> String {
    let day = |millis| format_instant(Timestamp(millis)).chars().take(10).collect::<String>();
    let span = if one.messages == 0 {
        String::new()
    } else {
        format!("{} to {}", day(one.first), day(one.last))
    };
    format!(
        "{}  {:<12} {:>9} messages {:>12}  {span}  {}",
        one.stream.id.any(),
        one.stream.source,
        one.messages,
        human_bytes(one.bytes),
        printable(title(one))
    )
}

fn info(one: &StreamInfo) -> Json {
    let at = |millis| (one.messages > 0).then(|| format_instant(Timestamp(millis)));
    json!({
        "id": one.stream.id.any().to_string(),
        "source": one.stream.source,
        "name": one.stream.name,
        "title": one.stream.title,
        "messages": one.messages,
        "bytes": one.bytes,
        "first": at(one.first),
        "last": at(one.last),
    })
}

//! `lichen stream`: what conversations there are, and what was said last.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueHint};
use lichen_engine::{
    Engine, IngestPlan, Mapping, MessageView, StreamInfo, Timestamp, WindowFormat, format_instant,
    printable, window_text,
};
use lichen_model::StreamId;
use lichen_server::feed::{Follow, Watch, watch};
use serde_json::{Value as Json, json};

use super::{Context, human_bytes, live};
use crate::json;
use crate::output::Output;

/// List streams of messages, or read the end of one
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lichen stream list
  lichen stream show general
  lichen stream tail general -n 50
  lichen stream tail general --follow chat.jsonl")]
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
        /// Keep up with the transcripts of the repository, and show what is said, until Ctrl-C
        #[arg(short, long)]
        follow: bool,
        /// Files of messages to keep up with instead
        #[arg(value_name = "FILE", requires = "follow", value_hint = ValueHint::FilePath)]
        files: Vec<PathBuf>,
        /// Where a JSONL file keeps a field: `text=body.content`
        #[arg(long = "map", value_name = "FIELD=NAME", requires = "follow")]
        mapping: Vec<String>,
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
        Action::Tail { stream, count, follow: true, files, mapping } => {
            let mapping: Mapping = mapping.join(",").parse().map_err(lichen_engine::Error::from)?;
            let files = files.iter().map(|file| context.here().join(file)).collect();
            let plan = IngestPlan {
                git: false,
                documents: false,
                mapping,
                ..IngestPlan::of_paths(context.root(), files)
            };
            let stream = engine.read().stream(stream)?.id;
            follow(engine, stream, *count, plan, context, output)?;
        }
        Action::Tail { stream, count, .. } => {
            let stream = engine.read().stream(stream)?;
            show(&engine.read().tail(stream.id, *count)?, output)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows the end of a stream, and what is said in it until it is to end.
fn follow(
    mut engine: Engine,
    stream: StreamId,
    count: usize,
    plan: IngestPlan,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<()> {
    engine.prepare(&mut context.bars(output))?;
    let watched = Watch::new(plan);
    let report = live::Lines::report(&output.quieter());
    live::run(engine, context, report, async |live, feeder| {
        let (mut follow, last) = Follow::begin(live, stream, count).await?;
        let mut told = show(&last, output);
        let shown = async {
            while told.is_ok()
                && let Some(messages) = follow.next(feeder.stop()).await?
            {
                told = show(&messages, output);
            }
            // Nobody reads what is shown any more.
            Ok(told)
        };
        // Whichever ends first: the showing ends alone where nobody reads it.
        tokio::select! {
            watched = watch(&watched, &feeder) => watched.map(|()| Ok(())),
            shown = shown => shown,
        }
    })?
}

fn show(messages: &[MessageView], output: &mut Output) -> anyhow::Result<()> {
    if output.is_json() {
        output.answer_json(&json!({ "messages": json::messages(messages) }))
    } else {
        Ok(output.answer(&printable(&window_text(messages, WindowFormat::Text)))?)
    }
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

//! `lichen stream`: what conversations there are, and what was said last.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use clap::{Args, Subcommand, ValueHint};
use lichen_engine::{
    Engine, IngestPlan, Mapping, MessageView, WindowFormat, printable, window_text,
};
use lichen_model::StreamId;
use lichen_server::ask::{Ask, StreamAsk, StreamsAsk, TailAsk};
use lichen_server::feed::{Follow, Watch, watch};
use lichen_server::{Client, wire};

use super::{Context, answer, live, shape};
use crate::failure::Refused;
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
    let ask = match &args.action {
        Action::List => Ask::Streams(StreamsAsk::default()),
        Action::Show { stream } => Ask::Stream(StreamAsk { stream: stream.clone() }),
        Action::Tail { stream, count, follow: true, files, mapping } => {
            if let Some(owner) = context.owner()? {
                return follow_owner(owner, stream, *count, files, context, output);
            }
            let mapping: Mapping = mapping.join(",").parse().map_err(lichen_engine::Error::from)?;
            let files = files.iter().map(|file| context.here().join(file)).collect();
            let plan = IngestPlan {
                git: false,
                documents: false,
                mapping,
                ..IngestPlan::of_paths(context.root(), files)
            };
            let engine = context.open()?;
            let stream = engine.read().stream(stream)?.id;
            follow(engine, stream, *count, plan, context, output)?;
            return Ok(ExitCode::SUCCESS);
        }
        Action::Tail { stream, count, .. } => {
            Ask::Tail(StreamAsk { stream: stream.clone() }, TailAsk { last: *count })
        }
    };
    answer(&ask, &mut *context.memory(output, false)?, output)?;
    Ok(ExitCode::SUCCESS)
}

/// Shows what is said in a stream of which another process keeps up with the sources.
fn follow_owner(
    mut owner: Client,
    stream: &str,
    count: usize,
    files: &[PathBuf],
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    if !files.is_empty() {
        let what = "the store has an owner, which alone takes messages in: leave out the files, or end the owner";
        return Err(Refused::user(what).into());
    }
    let (stop, is_json, shape) = (context.stop(), output.is_json(), shape(output));
    let mut told = Ok(());
    let tell = |message: &str| {
        // As much at a time as there is, however it was taken in.
        let text =
            if is_json { format!("{{\"messages\":[{message}]}}") } else { message.to_owned() };
        told = output.answer(&text);
        told.is_ok()
    };
    owner.follow(stream, count, shape, tell, || stop.load(Ordering::SeqCst))?;
    told?;
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
        let messages = messages.iter().map(wire::MessageShape::from).collect();
        Ok(output.answer(&wire::json(&wire::MessagePage { messages }))?)
    } else {
        Ok(output.answer(&printable(&window_text(messages, WindowFormat::Text)))?)
    }
}

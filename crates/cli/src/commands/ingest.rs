//! `lichen ingest`: takes in what is new.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use clap::{Args, ValueHint};
use lichen_engine::{Engine, ErrorKind, IngestPlan, IngestSummary, Mapping};
use lichen_server::feed::{Stdin, Watch, stdin, watch};

use super::{Context, live};
use crate::failure::Refused;
use crate::json;
use crate::output::Output;

/// Problems that a summary lists in full.
const PROBLEMS_SHOWN: usize = 20;

/// Take in what is new: commits, documents, agents' transcripts; or the given files
///
/// Without paths: the repository around the store, its work tree, and the transcripts of agents that worked in it.
/// With paths: repositories and folders for their history and documents, files for their messages. Taking in
/// anything twice changes nothing.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lichen ingest
  lichen ingest chat.jsonl --map text=body.content --map time=ts
  lichen ingest ../other-repository
  lichen ingest --no-discover
  lichen ingest --watch               take in everything, then keep up until Ctrl-C
  tail -f chat.log | to-jsonl | lichen ingest - --name chat")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct IngestArgs {
    /// Files of messages, folders, repositories; `-` for JSON lines from standard input
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    paths: Vec<PathBuf>,
    /// Do not look for agents' transcripts
    #[arg(long)]
    no_discover: bool,
    /// Leave out the commits
    #[arg(long)]
    no_git: bool,
    /// Do not index the symbols of what commits changed
    #[arg(long)]
    no_symbols: bool,
    /// Leave out the work tree's documents
    #[arg(long)]
    no_documents: bool,
    /// Read the files in this format instead of telling it from their content
    #[arg(long, value_name = "NAME")]
    format: Option<String>,
    /// Where a JSONL file keeps a field: `text=body.content`; fields are `id`, `stream`, `author`, `time`, `text`, ...
    #[arg(long = "map", value_name = "FIELD=NAME")]
    mapping: Vec<String>,
    /// Then keep up: transcripts, files, commits and documents are taken in as they are made, until Ctrl-C
    #[arg(long)]
    watch: bool,
    /// What standard input is called, and the stream of its lines that name none
    #[arg(long, value_name = "NAME", default_value = "stdin")]
    name: String,
}

pub(super) fn run(
    args: &IngestArgs,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let dir = context.store_dir().unwrap_or_else(|_| context.new_store_dir());
    if lichen_engine::init(&dir)? {
        output.note(&format!("made a store at {}", dir.display()));
    }
    let mut engine = context.open_at(&dir)?;
    if args.paths.iter().any(|path| path.as_os_str() == "-") {
        return from_stdin(engine, args, context, output);
    }
    let plan = plan(args, context)?;
    let summary = engine.ingest(&plan, &mut context.bars(output))?;
    if output.is_json() {
        output.answer_json(&json::ingest(&summary))?;
    } else {
        tell_problems(&summary, output);
        output.answer(&text(&summary))?;
    }
    if summary.cancelled {
        let what = "stopped on request; what was taken in so far is kept: run it again to go on";
        return Err(Refused { kind: ErrorKind::Cancelled, what: what.to_owned() }.into());
    }
    if args.watch {
        output.note("keeping up; Ctrl-C ends it");
        let watched = Watch::new(plan);
        live::run(engine, context, live::Lines::report(output), async |_live, feeder| {
            watch(&watched, &feeder).await
        })?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Takes in the lines of standard input as they come.
fn from_stdin(
    mut engine: Engine,
    args: &IngestArgs,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    if args.paths.len() > 1 || args.watch {
        let what = "standard input is taken in alone: leave out `--watch` and the other paths";
        return Err(Refused::user(what).into());
    }
    if args.format.as_ref().is_some_and(|format| format != "jsonl") {
        return Err(Refused::user("standard input is read as JSON lines: `--format jsonl`").into());
    }
    engine.prepare(&mut context.bars(output))?;
    let spec = Stdin { mapping: mapping(args)?, ..Stdin::new(&*args.name) };
    let report = live::Lines::report(&output.quieter());
    let taken = live::run(engine, context, report, async |_live, feeder| {
        stdin(&spec, tokio::io::stdin(), &feeder).await
    })?;
    if output.is_json() {
        output.answer_json(
            &serde_json::json!({ "lines": taken.lines, "messages": taken.messages }),
        )?;
    } else {
        output.answer(&format!("{} lines, {} messages", taken.lines, taken.messages))?;
    }
    if context.stop().load(Ordering::SeqCst) {
        let what = "stopped on request; the lines that were read are taken in";
        return Err(Refused { kind: ErrorKind::Cancelled, what: what.to_owned() }.into());
    }
    Ok(ExitCode::SUCCESS)
}

fn mapping(args: &IngestArgs) -> anyhow::Result<Mapping> {
    Ok(args.mapping.join(",").parse().map_err(lichen_engine::Error::from)?)
}

fn plan(args: &IngestArgs, context: &Context<'_>) -> anyhow::Result<IngestPlan> {
    Ok(IngestPlan {
        root: context.root(),
        paths: args.paths.iter().map(|path| context.here().join(path)).collect(),
        git: !args.no_git,
        symbols: !args.no_symbols,
        documents: !args.no_documents,
        discover: !args.no_discover,
        format: args.format.clone(),
        mapping: mapping(args)?,
    })
}

fn tell_problems(summary: &IngestSummary, output: &Output) {
    for problem in summary.problems.iter().take(PROBLEMS_SHOWN) {
        output.problem(&problem.to_string());
    }
    let more = summary.problem_count.saturating_sub(PROBLEMS_SHOWN.min(summary.problems.len()));
    if more > 0 {
        output.problem(&format!("and {more} more"));
    }
}

fn text(summary: &IngestSummary) -> String {
    let mut text = format!(
        "{} commits, {} document versions, {} messages; {} passages, {} indexed; {:.1} s",
        summary.commits,
        summary.versions,
        summary.messages,
        summary.passages,
        summary.indexed,
        summary.seconds
    );
    if summary.problem_count > 0 {
        let _ = write!(text, "; {} problems", summary.problem_count);
    }
    text
}

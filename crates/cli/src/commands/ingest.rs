//! `lichen ingest`: takes in what is new.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueHint};
use lichen_engine::{Engine, ErrorKind, IngestPlan, IngestSummary, Mapping};

use super::Context;
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
  lichen ingest --no-discover")]
pub(crate) struct IngestArgs {
    /// Files of messages, folders, repositories
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    paths: Vec<PathBuf>,
    /// Do not look for agents' transcripts
    #[arg(long)]
    no_discover: bool,
    /// Leave out the commits
    #[arg(long)]
    no_git: bool,
    /// Leave out the work tree's documents
    #[arg(long)]
    no_documents: bool,
    /// Read the files in this format instead of telling it from their content
    #[arg(long, value_name = "NAME")]
    format: Option<String>,
    /// Where a JSONL file keeps a field: `text=body.content`; fields are `id`, `stream`, `author`, `time`, `text`, ...
    #[arg(long = "map", value_name = "FIELD=NAME")]
    mapping: Vec<String>,
}

pub(super) fn run(
    args: IngestArgs,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let dir = context.store_dir().unwrap_or_else(|_| context.new_store_dir());
    if lichen_engine::init(&dir)? {
        output.note(&format!("made a store at {}", dir.display()));
    }
    let mut engine = context.open_at(&dir)?;
    let summary = take_in(&mut engine, args, context, output)?;
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
    Ok(ExitCode::SUCCESS)
}

fn take_in(
    engine: &mut Engine,
    args: IngestArgs,
    context: &Context<'_>,
    output: &Output,
) -> anyhow::Result<IngestSummary> {
    let mapping: Mapping = args.mapping.join(",").parse().map_err(lichen_engine::Error::from)?;
    let plan = IngestPlan {
        root: context.root(),
        paths: args.paths.iter().map(|path| context.here().join(path)).collect(),
        git: !args.no_git,
        documents: !args.no_documents,
        discover: !args.no_discover,
        format: args.format,
        mapping,
    };
    Ok(engine.ingest(&plan, &mut context.bars(output))?)
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

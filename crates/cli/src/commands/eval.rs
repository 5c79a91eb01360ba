//! `lichen eval`: measures retrieval on labelled data.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueHint};
use lichen_engine::{EvalReport, Metrics};

use super::Context;
use crate::json;
use crate::output::Output;

/// Measure retrieval on your own labelled data
#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    #[command(subcommand)]
    what: EvalCommand,
}

#[derive(Debug, Subcommand)]
enum EvalCommand {
    Recall(RecallFiles),
}

/// Recall, MRR, NDCG and latency of `lichen recall` on labelled questions
///
/// A file is `{"name", "messages": [{"id", "stream", "author", "time", "text"}] or "documents": [{"id", "text"}],
/// "queries": [{"text", "relevant": [id]}]}`. Each gets a memory of its own in a temporary folder, and is asked as
/// `recall` would be.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lichen eval recall questions.json
  lichen eval recall --json a.json b.json")]
struct RecallFiles {
    /// Files of labelled data
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,
}

pub(super) fn run(
    args: &EvalArgs,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let EvalCommand::Recall(RecallFiles { files }) = &args.what;
    let config = context.config(None)?;
    let report =
        lichen_engine::eval_recall(files, &config, &context.clock(), &mut context.bars(output))?;
    if output.is_json() {
        output.answer_json(&json::eval(&report))?;
    } else {
        output.answer(&text(&report))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn text(report: &EvalReport) -> String {
    let mut text = format!(
        "{:<28} {:>7} {:>6} {:>6} {:>6} {:>6} {:>6} {:>6} {:>7} {:>7} {:>7}\n",
        "", "queries", "R@5", "R@10", "R@20", "sR@5", "sR@10", "MRR", "NDCG@10", "p50 ms", "p99 ms"
    );
    for file in &report.files {
        row(&mut text, &file.name, &file.metrics);
    }
    row(&mut text, "total", &report.total);
    text
}

fn row(text: &mut String, name: &str, metrics: &Metrics) {
    let session =
        |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
    let _ = writeln!(
        text,
        "{name:<28} {:>7} {:>6.3} {:>6.3} {:>6.3} {:>6} {:>6} {:>6.3} {:>7.3} {:>7.2} {:>7.2}",
        metrics.queries,
        metrics.recall_at_5,
        metrics.recall_at_10,
        metrics.recall_at_20,
        session(metrics.session_recall_at_5),
        session(metrics.session_recall_at_10),
        metrics.mrr,
        metrics.ndcg_at_10,
        metrics.p50_ms,
        metrics.p99_ms,
    );
}

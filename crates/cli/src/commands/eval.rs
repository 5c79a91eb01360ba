//! `lichen eval`: measures retrieval, the history of symbols and references on labelled data.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueHint};
use lichen_engine::{
    Clone as RepositoryClone, EvalReport, HistoryMetrics, HistoryReport, Metrics, ReferenceMetrics,
    ReferenceReport,
};

use super::{Context, field};
use crate::json;
use crate::output::Output;

/// Measure retrieval, the history of symbols and references on your own labelled data
#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    #[command(subcommand)]
    what: EvalCommand,
}

#[derive(Debug, Subcommand)]
enum EvalCommand {
    Recall(RecallFiles),
    History(HistoryFiles),
    References(ReferenceFiles),
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

/// Labels, and the repositories that they speak of.
#[derive(Debug, Args)]
struct Labelled {
    /// Files of labelled data
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// Where a clone of a repository of the data stands
    #[arg(long = "repo", required = true, value_name = "NAME=CLONE", value_parser = field)]
    repos: Vec<(String, String)>,
}

/// How rightly the past of methods is told, against pasts that people validated
///
/// A file lists methods: `[{"repository", "start_commit", "file", "method", "start_line", "end_line", "commits": [{"commit",
/// "changes": ["INTRODUCTION", ...]}]}]`. Each repository is taken in from its clone, which is only read.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lichen eval history methods.json --repo commons-io=../commons-io
  lichen eval history --json methods.json --repo a=../a --repo b=../b.git")]
struct HistoryFiles {
    #[command(flatten)]
    labelled: Labelled,
}

/// How rightly references in commit messages are told, against labels of people
///
/// A file is `{"repositories": [{"name", "web": [address]}], "messages": [{"repository", "commit", "references": [{"kind",
/// "start", "end", "targets": [...]}]}]}`: places in bytes of the message, which is read from the clone, and what they mean
/// (an object id, `path:3-7`, `path::qualified.name`, `#12`).
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lichen eval references messages.json --repo flask=../flask
  lichen eval references --faults messages.json --repo a=../a --repo b=../b.git")]
struct ReferenceFiles {
    #[command(flatten)]
    labelled: Labelled,
    /// List what was told wrongly or not at all
    #[arg(long)]
    faults: bool,
}

pub(super) fn run(
    args: &EvalArgs,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    match &args.what {
        EvalCommand::Recall(RecallFiles { files }) => recall(files, context, output)?,
        EvalCommand::History(asked) => history(asked, context, output)?,
        EvalCommand::References(asked) => references(asked, context, output)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn recall(files: &[PathBuf], context: &Context<'_>, output: &mut Output) -> anyhow::Result<()> {
    let config = context.config(None)?;
    let report =
        lichen_engine::eval_recall(files, &config, &context.clock(), &mut context.bars(output))?;
    if output.is_json() {
        output.answer_json(&json::eval(&report))?;
    } else {
        output.answer(&text(&report))?;
    }
    Ok(())
}

fn clones(repos: &[(String, String)], context: &Context<'_>) -> Vec<RepositoryClone> {
    let clone = |(name, path): &(String, String)| RepositoryClone {
        name: name.clone(),
        path: context.here().join(path),
    };
    repos.iter().map(clone).collect()
}

fn history(asked: &HistoryFiles, context: &Context<'_>, output: &mut Output) -> anyhow::Result<()> {
    let clones = clones(&asked.labelled.repos, context);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let report = lichen_engine::eval_history(
        &asked.labelled.files,
        &clones,
        threads,
        &mut context.bars(output),
    )?;
    if output.is_json() {
        output.answer_json(&json::eval_history(&report))?;
    } else {
        output.answer(&history_text(&report))?;
    }
    Ok(())
}

fn history_text(report: &HistoryReport) -> String {
    let mut text = format!(
        "{:<28} {:>7} {:>6} {:>9} {:>6} {:>13}\n",
        "", "methods", "F1", "precision", "recall", "introductions"
    );
    let mut row = |name: &str, metrics: &HistoryMetrics| {
        let _ = writeln!(
            text,
            "{name:<28} {:>7} {:>6.3} {:>9.3} {:>6.3} {:>13}",
            metrics.methods,
            metrics.f1,
            metrics.precision,
            metrics.recall,
            format!("{}/{}", metrics.introductions, metrics.methods),
        );
    };
    for (name, metrics) in &report.repositories {
        row(name, metrics);
    }
    row("total", &report.total);
    text
}

fn references(
    asked: &ReferenceFiles,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<()> {
    let clones = clones(&asked.labelled.repos, context);
    let clock = context.clock();
    let mut bars = context.bars(output);
    let report =
        lichen_engine::eval_references(&asked.labelled.files, &clones, &*clock, &mut bars)?;
    if output.is_json() {
        output.answer_json(&json::eval_references(&report, asked.faults))?;
    } else {
        output.answer(&references_text(&report, asked.faults))?;
    }
    Ok(())
}

fn references_text(report: &ReferenceReport, faults: bool) -> String {
    let mut text = String::new();
    for (name, metrics) in &report.repositories {
        let _ = writeln!(
            text,
            "{name:<28} {} messages, {:.1} KiB, {:.2} ms/KiB",
            metrics.messages,
            metrics.bytes as f64 / 1024.0,
            metrics.ms_per_kib,
        );
    }
    counts(&mut text, &report.total);
    if faults {
        for fault in &report.faults {
            let commit = fault.commit.get(..10).unwrap_or(&fault.commit);
            let _ = writeln!(
                text,
                "{} {commit} {}: `{}` is [{}], told [{}]",
                fault.repository, fault.sort, fault.words, fault.expected, fault.told,
            );
        }
    }
    text
}

fn counts(text: &mut String, metrics: &ReferenceMetrics) {
    let _ = writeln!(
        text,
        "\n{:<12} {:>9} {:>6} {:>7} {:>8} {:>6} {:>9} {:>8}",
        "", "precision", "right", "claimed", "recall", "found", "labelled", "offered"
    );
    for count in &metrics.sorts {
        let share = |share: f64, of: usize| {
            if of == 0 { "-".to_owned() } else { format!("{share:.3}") }
        };
        let _ = writeln!(
            text,
            "{:<12} {:>9} {:>6} {:>7} {:>8} {:>6} {:>9} {:>8}",
            count.sort,
            share(count.precision, count.claimed),
            count.right,
            count.claimed,
            share(count.recall, count.labelled),
            count.found,
            count.labelled,
            count.offered,
        );
    }
    let _ = writeln!(
        text,
        "{} messages, {:.1} KiB, {:.2} ms/KiB",
        metrics.messages,
        metrics.bytes as f64 / 1024.0,
        metrics.ms_per_kib,
    );
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

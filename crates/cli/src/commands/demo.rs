//! `lichen demo`: a throw-away memory of the repository around, and three questions to it.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use lichen_engine::{Engine, IngestPlan, Observer, PassageKind, Recall, answer_text};
use lichen_server::wire;
use serde_json::json;

use super::Context;
use crate::output::Output;

/// A small conversation, as a chat tool would export it.
const CHAT: &str = include_str!("../../fixtures/demo/chat.jsonl");
/// An agent's session in this repository; `{{cwd}}` stands for the repository's folder.
const SESSION: &str = include_str!("../../fixtures/demo/session.jsonl");
/// What is asked, a line each.
const QUESTIONS: &str = include_str!("../../fixtures/demo/questions.txt");
/// Tokens of each answer.
const ANSWER_TOKENS: usize = 500;

/// Show what Lichen does: a throw-away memory of this repository, a small conversation and an agent's session
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lichen demo")]
pub(crate) struct DemoArgs {}

pub(super) fn run(
    _args: &DemoArgs,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let folder = tempfile::Builder::new().prefix("lichen-demo-").tempdir()?;
    let root =
        lichen_engine::repository_root(context.here()).unwrap_or_else(|| context.here().to_owned());
    let mut bars = context.bars(output);
    let engine = memory(folder.path(), &root, context, &mut bars)?;
    drop(bars);
    let mut answers = Vec::new();
    for question in QUESTIONS.lines() {
        // What was said and decided; the code itself would drown so small a conversation.
        let kinds = vec![PassageKind::Chat, PassageKind::Agent, PassageKind::Commit];
        let recall = Recall { query: question.to_owned(), kinds, limit: 3, ..Recall::default() };
        answers.push((question, engine.read().recall(&recall)?));
    }
    if output.is_json() {
        let answers: Vec<_> =
            answers.iter().map(|(question, answer)| json!({ "question": question, "answer": wire::RecallAnswer::from(answer) })).collect();
        output.answer_json(&json!({ "questions": answers }))?;
    } else {
        let mut text =
            format!("A memory of {}, a conversation and an agent's session:\n", root.display());
        for (question, answer) in &answers {
            let question = output.paint("1", &format!("? {question}"));
            let _ = writeln!(text, "\n{question}\n{}", answer_text(answer, ANSWER_TOKENS));
        }
        text.push_str(NEXT);
        output.answer(&text)?;
    }
    engine.close()?;
    Ok(ExitCode::SUCCESS)
}

const NEXT: &str = "
That memory is gone again. Make one that stays, in any repository:
  lichen ingest                         commits, documents, agents' transcripts; again to keep up
  lichen ingest chat.jsonl              a conversation: one JSON object a line
  lichen recall 'why is it like this'   ask; then `lichen get ID` reads an answer whole
  lichen sql 'FROM git_commits LIMIT 5'
  lichen --help
";

/// Takes the repository at `root` and the fixtures into a store in `folder`.
fn memory(
    folder: &Path,
    root: &Path,
    context: &Context<'_>,
    bars: &mut dyn Observer,
) -> anyhow::Result<Engine> {
    let dir = folder.join("store");
    let transcripts = folder.join("transcripts");
    let chat = folder.join("chat.jsonl");
    let project = transcripts.join("projects").join("demo");
    fs_err::create_dir_all(&project)?;
    fs_err::write(&chat, CHAT)?;
    let cwd = serde_json::to_string(&root.to_string_lossy())?;
    fs_err::write(
        project.join("session.jsonl"),
        SESSION.replace("{{cwd}}", cwd.trim_matches('"')),
    )?;
    lichen_engine::init(&dir)?;
    let mut config = context.config(None)?;
    config.discover.enabled = true;
    config.discover.homes = [("claude-code", vec![transcripts])].into();
    let mut engine = Engine::open(&dir, config, "lichen demo", context.clock())?;
    engine.ingest(&IngestPlan::repository(root.to_owned()), bars)?;
    engine.ingest(&IngestPlan::of_paths(root.to_owned(), vec![chat]), bars)?;
    Ok(engine)
}

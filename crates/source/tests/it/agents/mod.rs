//! Transcripts of Codex, Gemini CLI, OpenCode, Cursor and Aider: what becomes of them.

mod aider;
mod codex;
mod cursor;
mod gemini;
mod growing;
mod opencode;

use std::path::{Path, PathBuf};

use lichen_model::{Batch, Message, PassageKind, Role, StreamKind};
use lichen_source::messages::Source;

use crate::message_files::{read_source, source};

pub(crate) use cursor::cursor_database;
pub(crate) use opencode::opencode_database;

fn toy(format: &str, path: &Path) -> Batch {
    let repo_roots = vec![PathBuf::from("/home/ann/toy")];
    read_source(format, &Source { repo_roots, ..source(path) })
}

fn said(batch: &Batch) -> Vec<(Role, &str)> {
    batch.messages.iter().map(|message| (message.role, message.text.as_str())).collect()
}

/// Tool, paths, command and patch of every call.
fn calls(batch: &Batch) -> Vec<(&str, String, Option<&str>, Option<&str>)> {
    let calls = batch.messages.iter().flat_map(|message| &message.tool_calls);
    let paths = |paths: &[lichen_model::RepoPath]| {
        paths.iter().map(|path| path.to_text().into_owned()).collect::<Vec<_>>().join(" ")
    };
    calls
        .map(|call| {
            (call.tool.as_str(), paths(&call.paths), call.command.as_deref(), call.patch.as_deref())
        })
        .collect()
}

fn message<'a>(batch: &'a Batch, text: &str) -> &'a Message {
    batch.messages.iter().find(|message| message.text == text).unwrap()
}

/// What holds for every transcript: an agent's stream, thoughts that are found only when asked for, answers that answer,
/// further fields as JSON.
fn check(batch: &Batch) {
    assert!(batch.streams.iter().all(|stream| stream.kind == StreamKind::Agent));
    for message in &batch.messages {
        assert!(batch.streams.iter().any(|stream| stream.id == message.stream));
        let passages =
            batch.passages.iter().filter(|passage| passage.owner.any() == message.id.any());
        for passage in passages {
            assert_eq!(passage.kind == PassageKind::Thinking, message.role == Role::Thinking);
        }
        if message.role == Role::Tool && !message.author.is_empty() {
            let call = batch.messages.iter().find(|call| Some(call.id) == message.reply_to);
            assert_eq!(call.unwrap().tool_calls[0].tool, message.author);
        }
        if !message.meta.is_empty() {
            let meta: serde_json::Value = serde_json::from_str(&message.meta).unwrap();
            assert!(meta.is_object());
        }
    }
}

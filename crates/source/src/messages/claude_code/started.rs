//! What started a sub-agent: the call of a tool in the session above it.

use std::path::PathBuf;

use fs_err as fs;
use lichen_model::{MessageId, ToolCall};
use serde_json::Value;

use super::Reader;
use super::entry::{Block, Entry};
use crate::messages::Source;
use crate::messages::agent::{home, object, stem, text};
use crate::messages::lines::Line;

/// A sub-agent, as its file tells it.
pub(super) struct Agent {
    /// The session above it.
    pub(super) session: String,
    /// Its id: what the tool's answer names it by.
    id: String,
    /// What it is to do, in a few words; empty where that is not told.
    pub(super) title: String,
    /// The call, where that is told.
    call: Option<String>,
    parent: PathBuf,
}

impl Agent {
    /// The sub-agent whose transcript `source` is. `session` is what its lines name.
    pub(super) fn of(source: &Source, session: &str) -> Option<Self> {
        let path = &source.path;
        let id = stem(path).strip_prefix("agent-")?.to_owned();
        let folder = path.parent()?;
        let parent = if home::name(folder) == "subagents" {
            let session = folder.parent()?;
            session.with_file_name(format!("{}.jsonl", home::name(session)))
        } else {
            folder.join(format!("{session}.jsonl"))
        };
        let about = fs::read_to_string(path.with_extension("meta.json")).ok();
        let about = about.and_then(|json| object(&json).ok()).unwrap_or_default();
        Some(Self {
            session: stem(&parent),
            id,
            title: text(&about, "description").unwrap_or_default().to_owned(),
            call: text(&about, "toolUseId").map(ToOwned::to_owned),
            parent,
        })
    }

    /// The message that holds the call: the one whose answer names the agent, or else the last one with its prompt.
    pub(super) fn started_by(&self, prompt: &str, source: &Source) -> Option<MessageId> {
        let source = Source { path: self.parent.clone(), position: None, ..source.clone() };
        let mut session = Reader::open(source).ok()?;
        let mut buffer = Vec::new();
        let mut found = None;
        while let Ok(Some(line)) = session.lines.next(&mut buffer) {
            let text = String::from_utf8_lossy(&buffer);
            let names = text.contains(&self.id);
            if line == Line::TooLong || !(names || text.contains("\"tool_use\"")) {
                continue;
            }
            let Ok(Some(entry)) = Entry::parse(&text) else { continue };
            let answered = entry.blocks.iter().find_map(|block| match block {
                Block::ToolResult { call, .. } if names => Some(call.clone()),
                _ => None,
            });
            let (messages, _) = session.messages(entry);
            for message in &messages {
                let calls = || message.tool_calls.iter();
                if calls().any(|call| Some(&call.external_id) == self.call.as_ref()) {
                    return Some(message.id);
                }
                if calls().any(|call| prompt_of(call).as_deref() == Some(prompt)) {
                    found = Some(message.id);
                }
            }
            let started = answered.and_then(|call| session.told.calls.get(&call));
            if let Some((id, _)) = started.filter(|_| self.call.is_none()) {
                return Some(*id);
            }
        }
        found
    }
}

/// What a call asks a sub-agent to do.
pub(super) fn prompt_of(call: &ToolCall) -> Option<String> {
    if !call.input.contains("\"prompt\"") {
        return None;
    }
    let input: Value = serde_json::from_str(&call.input).ok()?;
    Some(input.get("prompt")?.as_str()?.to_owned())
}

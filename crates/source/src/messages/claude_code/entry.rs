//! One line of a transcript: what kind it is, and what it says.

use std::path::PathBuf;

use lichen_model::{Role, Zoned};
use serde_json::{Map, Value};

use crate::messages::agent::{inner, text};
use crate::messages::parts::{Meta, without_lone_surrogates};

/// Lines without a word of a conversation.
const BOOKKEEPING: [&str; 16] = [
    "agent-setting",
    "atis-latch",
    "attribution-snapshot",
    "content-replacement",
    "cost-state",
    "file-history-delta",
    "file-history-snapshot",
    "last-prompt",
    "mode",
    "permission-mode",
    "pr-link",
    "progress",
    "queue-operation",
    "result",
    "started",
    "worktree-state",
];
/// Notices that say how long something took, not what happened.
const SILENT_NOTICES: [&str; 4] =
    ["api_metrics", "api_error", "stop_hook_summary", "turn_duration"];
/// Fields of a line that are kept with its message.
const KEPT: [&str; 8] = [
    "agentId",
    "isApiErrorMessage",
    "isCompactSummary",
    "isMeta",
    "isSidechain",
    "requestId",
    "subtype",
    "version",
];

/// Why a line was not taken.
pub(super) enum Refused {
    /// It is of a type that is not known.
    Unknown(String),
    /// It cannot be read.
    Damaged(String),
}

/// What a line is.
pub(super) enum Kind {
    /// It says something.
    Message(Role),
    /// It names the session; a higher rank wins. `leaf` is the line that a summary is about.
    Title { rank: u8, text: String, leaf: Option<String> },
}

/// A part of what is said.
pub(super) enum Block {
    Text(String),
    Thinking(String),
    Image,
    ToolUse { id: String, tool: String, input: Value },
    ToolResult { call: String, text: String, error: bool, images: u32 },
}

/// A line that matters.
pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) uuid: String,
    /// The session that it names.
    pub(super) session: String,
    /// The session and line that it is a copy of, in a fork.
    pub(super) forked: Option<(String, String)>,
    /// It is a sub-agent's, in the file of the session above it.
    pub(super) sidechain: bool,
    /// The sub-agent whose work a tool's result is.
    pub(super) agent: Option<String>,
    pub(super) parent: Option<String>,
    pub(super) sent: Zoned,
    pub(super) cwd: PathBuf,
    branch: String,
    pub(super) blocks: Vec<Block>,
    pub(super) meta: Vec<(String, String)>,
    pub(super) problem: Option<&'static str>,
}

impl Entry {
    /// Reads a line; `None` for one without words.
    pub(super) fn parse(line: &str) -> Result<Option<Self>, Refused> {
        let line = line.trim_start_matches('\u{feff}');
        let parsed: Result<Map<String, Value>, _> = serde_json::from_str(line)
            .or_else(|_| serde_json::from_str(&without_lone_surrogates(line)));
        let mut object = parsed
            .map_err(|error| Refused::Damaged(format!("is no JSON object ({error}); skipped")))?;
        let kind = text(&object, "type")
            .ok_or_else(|| Refused::Damaged("has no type; skipped".to_owned()))?
            .to_owned();
        let title = |rank, key| {
            let leaf = text(&object, "leafUuid").map(ToOwned::to_owned);
            text(&object, key).map(|title| Kind::Title { rank, text: title.to_owned(), leaf })
        };
        let titled = match kind.as_str() {
            "summary" => title(1, "summary"),
            "agent-name" => title(3, "agentName"),
            "ai-title" => title(4, "aiTitle"),
            "custom-title" => title(5, "customTitle"),
            "user" | "assistant" | "system" => return Self::said(&kind, object).map(Some),
            "attachment" => return Ok(Self::typed_meanwhile(&mut object)),
            other if BOOKKEEPING.contains(&other) => return Ok(None),
            _ => return Err(Refused::Unknown(kind)),
        };
        Ok(titled.map(|kind| Self::of(kind, &object)))
    }

    /// A line of `user`, `assistant` or `system`.
    fn said(kind: &str, mut object: Map<String, Value>) -> Result<Self, Refused> {
        let flag = |key: &str| object.get(key) == Some(&Value::Bool(true));
        let role = match kind {
            "assistant" => Role::Assistant,
            "user" if !flag("isMeta") && !flag("isCompactSummary") => Role::User,
            _ => Role::System,
        };
        let mut entry = Self::of(Kind::Message(role), &object);
        if kind == "system" {
            let silent =
                text(&object, "subtype").is_some_and(|subtype| SILENT_NOTICES.contains(&subtype));
            entry.blocks.extend(
                text(&object, "content")
                    .filter(|_| !silent)
                    .map(|text| Block::Text(text.to_owned())),
            );
            entry.problem = entry.problem.filter(|_| !entry.blocks.is_empty());
            return Ok(entry);
        }
        let Some(Value::Object(mut message)) = object.remove("message") else {
            return Err(Refused::Damaged("holds no message; skipped".to_owned()));
        };
        if let Some(model) = message.get("model") {
            entry.meta.push(("model".to_owned(), model.to_string()));
        }
        match message.remove("content") {
            Some(Value::String(text)) => entry.blocks.push(Block::Text(text)),
            Some(Value::Array(blocks)) => entry.blocks.extend(blocks.into_iter().filter_map(block)),
            _ => {
                return Err(Refused::Damaged(
                    "holds a message without content; skipped".to_owned(),
                ));
            }
        }
        Ok(entry)
    }

    /// A prompt that was typed while the agent worked is kept as an attachment only.
    fn typed_meanwhile(object: &mut Map<String, Value>) -> Option<Self> {
        let Some(Value::Object(mut attachment)) = object.remove("attachment") else { return None };
        if text(&attachment, "type") != Some("queued_command") {
            return None;
        }
        let mut entry = Self::of(Kind::Message(Role::User), object);
        match attachment.remove("prompt")? {
            Value::String(text) => entry.blocks.push(Block::Text(text)),
            Value::Array(blocks) => entry.blocks.extend(blocks.into_iter().filter_map(block)),
            _ => return None,
        }
        Some(entry)
    }

    fn of(kind: Kind, object: &Map<String, Value>) -> Self {
        let owned = |key| text(object, key).unwrap_or_default().to_owned();
        let (sent, problem) = super::sent(text(object, "timestamp"));
        let kept = KEPT.iter().filter_map(|&key| {
            let value = object
                .get(key)
                .filter(|value| !matches!(value, Value::Null | Value::Bool(false)))?;
            Some((key.to_owned(), value.to_string()))
        });
        Self {
            uuid: owned("uuid"),
            session: owned("sessionId"),
            forked: inner(object, "forkedFrom").and_then(|from| {
                Some((text(from, "sessionId")?.to_owned(), text(from, "messageUuid")?.to_owned()))
            }),
            sidechain: object.get("isSidechain") == Some(&Value::Bool(true)),
            agent: inner(object, "toolUseResult")
                .and_then(|result| text(result, "agentId"))
                .map(ToOwned::to_owned),
            parent: text(object, "parentUuid")
                .or_else(|| text(object, "logicalParentUuid"))
                .map(ToOwned::to_owned),
            sent,
            cwd: PathBuf::from(owned("cwd")),
            branch: owned("gitBranch"),
            blocks: Vec::new(),
            meta: kept.collect(),
            problem: problem.filter(|_| matches!(kind, Kind::Message(_))),
            kind,
        }
    }

    /// Where the session stood when this was said.
    pub(super) fn place(&self, meta: &mut Meta) {
        if !self.cwd.as_os_str().is_empty() {
            meta.text("cwd", &self.cwd.to_string_lossy());
        }
        if !self.branch.is_empty() {
            meta.text("gitBranch", &self.branch);
        }
    }
}

fn block(block: Value) -> Option<Block> {
    let Value::Object(mut block) = block else {
        return block.as_str().map(|text| Block::Text(text.to_owned()));
    };
    let owned = |block: &Map<String, Value>, key| text(block, key).unwrap_or_default().to_owned();
    match text(&block, "type")? {
        "text" => Some(Block::Text(owned(&block, "text"))),
        "thinking" => Some(Block::Thinking(owned(&block, "thinking"))),
        "image" | "document" => Some(Block::Image),
        "tool_use" | "server_tool_use" | "mcp_tool_use" => {
            let (id, tool) = (owned(&block, "id"), owned(&block, "name"));
            Some(Block::ToolUse { id, tool, input: block.remove("input").unwrap_or(Value::Null) })
        }
        kind if kind.ends_with("tool_result") => {
            let call = owned(&block, "tool_use_id");
            let error = block.get("is_error") == Some(&Value::Bool(true));
            let (text, images) = output(block.remove("content").unwrap_or(Value::Null));
            Some(Block::ToolResult { call, text, error, images })
        }
        _ => None,
    }
}

/// A tool's output as text, and how many images it held.
fn output(content: Value) -> (String, u32) {
    let Value::Array(blocks) = content else {
        return (content.as_str().unwrap_or_default().to_owned(), 0);
    };
    let mut texts = Vec::new();
    let mut images = 0;
    for part in blocks.into_iter().filter_map(block) {
        match part {
            Block::Text(text) => texts.push(text),
            Block::Image => images += 1,
            Block::Thinking(_) | Block::ToolUse { .. } | Block::ToolResult { .. } => {}
        }
    }
    (texts.join("\n"), images)
}

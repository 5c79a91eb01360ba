//! One part of a message: what it says.

use std::path::{Path, PathBuf};

use lichen_model::Role;
use serde_json::{Map, Value};

use super::moment;
use crate::messages::agent::{Said, inner, note, text, tools};

/// What the message around a part tells.
pub(super) struct About<'a> {
    pub(super) role: Role,
    /// The message is whole.
    pub(super) ended: bool,
    pub(super) cwd: &'a Path,
    pub(super) roots: &'a [PathBuf],
}

/// What a part says: a tool's answer is a message of its own.
pub(super) fn read(id: &str, part: &Map<String, Value>, about: &About<'_>) -> Vec<Said> {
    let when = inner(part, "time");
    let whole = about.ended || when.is_some_and(|when| when.contains_key("end"));
    let start = when.and_then(|when| moment(when, "start"));
    let said = |role, text: &str| {
        let mut said = Said::new(role, id, text);
        said.sent = start;
        vec![said]
    };
    match text(part, "type").unwrap_or_default() {
        "text" if whole => match text(part, "text") {
            // What the tool itself adds to a person's words.
            Some(words) if part.get("synthetic") == Some(&Value::Bool(true)) => {
                said(Role::System, words)
            }
            Some(words) => said(about.role, words),
            None => Vec::new(),
        },
        "reasoning" if whole => {
            text(part, "text").map_or_else(Vec::new, |words| said(Role::Thinking, words))
        }
        "tool" => tool(id, part, about),
        "file" => {
            let name = text(part, "filename").or_else(|| text(part, "url")).unwrap_or_default();
            // Content that is part of the address is no name.
            let name = if name.starts_with("data:") { "" } else { name };
            let mut attached = Said::new(about.role, id, "");
            let file = serde_json::json!([{ "name": name, "type": text(part, "mime") }]);
            attached.meta.raw("attachments", &file.to_string());
            vec![attached]
        }
        "subtask" => {
            let mut asked = Said::new(Role::User, id, text(part, "prompt").unwrap_or_default());
            note(&mut asked.meta, "subtask", text(part, "agent"));
            vec![asked]
        }
        // Steps, snapshots and the like are bookkeeping.
        _ => Vec::new(),
    }
}

/// A call, and its answer once there is one.
fn tool(id: &str, part: &Map<String, Value>, about: &About<'_>) -> Vec<Said> {
    let Some(state) = inner(part, "state") else { return Vec::new() };
    let status = text(state, "status").unwrap_or_default();
    if !matches!(status, "completed" | "error") {
        return Vec::new();
    }
    let call = text(part, "callID").unwrap_or(id);
    let when = inner(state, "time");
    let known = inner(state, "metadata");
    let mut called = Said::new(Role::Assistant, id, "");
    called.sent = when.and_then(|when| moment(when, "start"));
    let input = state.get("input").cloned().unwrap_or(Value::Null);
    let tool = text(part, "tool").unwrap_or_default();
    let mut structured = tools::call(call, tool, &input, about.roots, about.cwd);
    // The tool tells the whole change to the file; the arguments only a part.
    if let Some(diff) = known.and_then(|known| text(known, "diff")) {
        structured.patch = Some(diff.to_owned());
    }
    called.calls.push(structured);
    note(
        &mut called.meta,
        "agentId",
        known.and_then(|known| text(known, "sessionId").or_else(|| text(known, "sessionID"))),
    );
    let output = text(state, "output").or_else(|| text(state, "error")).unwrap_or_default();
    let mut answer = Said::new(Role::Tool, format!("{id}#result"), output);
    answer.sent = when.and_then(|when| moment(when, "end"));
    answer.answers = Some(call.to_owned());
    if let Some(code) = known.and_then(|known| known.get("exit")).and_then(Value::as_i64) {
        answer.meta.raw("exit_code", &code.to_string());
    }
    if status == "error" {
        answer.meta.raw("is_error", "true");
    }
    vec![called, answer]
}

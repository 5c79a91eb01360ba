//! One bubble of a conversation: what it says.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use lichen_model::{Role, ToolCall};
use serde_json::{Map, Value};

use crate::messages::agent::{Said, append, count, inner, list, note, text, tools};
use crate::messages::time;

/// A person's bubble.
const PERSON: u64 = 1;

/// What a bubble says, part by part, each under an id of its own.
pub(super) fn read(bubble: &Map<String, Value>, cwd: &Path, roots: &[PathBuf]) -> Vec<Said> {
    let id = text(bubble, "bubbleId").unwrap_or_default();
    let person = bubble.get("type").and_then(Value::as_u64) == Some(PERSON);
    let sent = bubble.get("createdAt").and_then(|at| match at {
        Value::String(at) => time::parse(at),
        Value::Number(at) => time::number(&at.to_string()),
        _ => None,
    });
    let mut all = Vec::new();
    let mut say = |mut said: Said| {
        said.sent = sent;
        let model = inner(bubble, "modelInfo").and_then(|model| text(model, "modelName"));
        note(&mut said.meta, "model", model);
        note(&mut said.meta, "requestId", text(bubble, "requestId"));
        all.push(said);
    };
    let thought = thoughts(bubble);
    if !thought.is_empty() {
        say(Said::new(Role::Thinking, format!("{id}#thinking"), thought));
    }
    let images = u32::try_from(list(bubble, "images").len()).unwrap_or(u32::MAX);
    let words = text(bubble, "text").unwrap_or_default();
    if !words.is_empty() || images > 0 {
        let role = if person { Role::User } else { Role::Assistant };
        let mut said = Said::new(role, id, words);
        count(&mut said.meta, "images", images);
        say(said);
    }
    if let Some(tool) = inner(bubble, "toolFormerData") {
        used(id, tool, cwd, roots).into_iter().for_each(&mut say);
    }
    all
}

fn thoughts(bubble: &Map<String, Value>) -> String {
    let one = inner(bubble, "thinking").and_then(|thinking| text(thinking, "text"));
    if let Some(thought) = one {
        return thought.to_owned();
    }
    let mut all = String::new();
    for block in list(bubble, "allThinkingBlocks") {
        let thought = block.as_str().or_else(|| text(block.as_object()?, "text"));
        append(&mut all, thought.unwrap_or_default());
    }
    all
}

/// A call, and its answer once there is one.
fn used(id: &str, tool: &Map<String, Value>, cwd: &Path, roots: &[PathBuf]) -> Vec<Said> {
    let name = text(tool, "name").unwrap_or_default();
    let status = text(tool, "status").unwrap_or_default();
    let over = matches!(status, "completed" | "error" | "cancelled" | "rejected");
    if name.is_empty() || !over {
        return Vec::new();
    }
    let call = text(tool, "toolCallId").unwrap_or(id);
    let mut structured = structured(call, name, tool, cwd, roots);
    let result = text(tool, "result").unwrap_or_default();
    let parsed: Option<Map<String, Value>> = serde_json::from_str(result).ok();
    if structured.patch.is_none() {
        structured.patch = parsed.as_ref().and_then(|result| changed(result, &structured));
    }
    let mut called = Said::new(Role::Assistant, format!("{id}#call"), "");
    note(&mut called.meta, "userDecision", text(tool, "userDecision"));
    called.calls.push(structured);
    let failed = text(tool, "error").map_or_else(String::new, said_of_error);
    let answer = parsed.as_ref().and_then(printed).unwrap_or(result);
    let answer = if answer.is_empty() { failed } else { answer.to_owned() };
    let mut answer = Said::new(Role::Tool, format!("{id}#result"), answer);
    answer.answers = Some(call.to_owned());
    if status != "completed" {
        answer.meta.raw("is_error", "true");
    }
    let code = parsed.as_ref().and_then(|result| {
        result.get("exitCode").or_else(|| result.get("exitCodeV2")).and_then(Value::as_i64)
    });
    if let Some(code) = code {
        answer.meta.raw("exit_code", &code.to_string());
    }
    vec![called, answer]
}

/// The call as its arguments tell it: as the model wrote them, or as the editor understood them.
fn structured(
    call: &str,
    name: &str,
    tool: &Map<String, Value>,
    cwd: &Path,
    roots: &[PathBuf],
) -> ToolCall {
    let arguments = |key| {
        let raw = text(tool, key)?;
        let value: Value = serde_json::from_str(raw).ok()?;
        value.is_object().then_some((raw, value))
    };
    if let Some((raw, input)) = arguments("rawArgs").or_else(|| arguments("params")) {
        let mut structured = tools::call(call, name, &input, roots, cwd);
        raw.clone_into(&mut structured.input);
        return structured;
    }
    let raw = text(tool, "rawArgs").or_else(|| text(tool, "params"));
    let input = raw.map_or(Value::Null, |raw| Value::String(raw.to_owned()));
    tools::call(call, name, &input, roots, cwd)
}

/// What a result prints, where it says so.
fn printed(result: &Map<String, Value>) -> Option<&str> {
    ["output", "contents", "content", "stdout"].into_iter().find_map(|key| text(result, key))
}

/// The change that an edit's result tells, chunk by chunk.
fn changed(result: &Map<String, Value>, call: &ToolCall) -> Option<String> {
    let path = call.paths.first()?.to_text();
    let chunks = list(inner(result, "diff")?, "chunks");
    let mut hunks = String::new();
    for chunk in chunks.iter().filter_map(Value::as_object) {
        let diff = text(chunk, "diffString")?;
        let number = |key| chunk.get(key).and_then(Value::as_u64).unwrap_or(0);
        let heads = [("oldStart", "oldLines"), ("newStart", "newLines")];
        let [old, new] = heads.map(|(start, lines)| format!("{},{}", number(start), number(lines)));
        let diff = diff.trim_end_matches('\n');
        let _ = write!(hunks, "@@ -{old} +{new} @@\n{diff}\n");
    }
    (!hunks.is_empty()).then(|| format!("--- a/{path}\n+++ b/{path}\n{hunks}"))
}

/// What an error says to the model, or else all of it.
fn said_of_error(error: &str) -> String {
    let parsed: Option<Map<String, Value>> = serde_json::from_str(error).ok();
    let keys = ["modelVisibleErrorMessage", "clientVisibleErrorMessage", "message"];
    let known = parsed.as_ref().and_then(|error| keys.into_iter().find_map(|key| text(error, key)));
    known.unwrap_or(error).to_owned()
}

//! One message of a chat: its words, thoughts, tool calls and their answers.

use std::path::{Path, PathBuf};

use lichen_model::{Role, ToolCall, Zoned};
use serde_json::{Map, Value};

use crate::messages::agent::{Said, append, count, inner, list, note, text, tools};
use crate::messages::time;

/// What a message says, part by part, each under an id of its own; and what is wrong with it.
pub(super) fn read(
    record: &Map<String, Value>,
    cwd: &Path,
    roots: &[PathBuf],
) -> (Vec<Said>, Option<&'static str>) {
    let id = text(record, "id").unwrap_or_default();
    let sent = text(record, "timestamp").and_then(time::parse);
    let problem = sent
        .is_none()
        .then_some("has no time that can be read; taken from the message before it, or as 1970");
    let mut all = Vec::new();
    let mut thoughts = String::new();
    for thought in list(record, "thoughts").iter().filter_map(Value::as_object) {
        append(&mut thoughts, text(thought, "subject").unwrap_or_default());
        if let Some(description) = text(thought, "description") {
            thoughts.push_str(if thoughts.is_empty() { "" } else { "\n" });
            thoughts.push_str(description);
        }
    }
    let mut content = Content::default();
    content.add(record.get("content"));
    append(&mut thoughts, &content.thoughts);
    let mut say = |mut said: Said| {
        said.sent = said.sent.or(sent);
        note(&mut said.meta, "model", text(record, "model"));
        all.push(said);
    };
    if !thoughts.is_empty() {
        say(Said::new(Role::Thinking, format!("{id}#thinking"), thoughts));
    }
    if !content.text.is_empty() || content.images > 0 {
        let role = match text(record, "type").unwrap_or_default() {
            "user" => Role::User,
            "gemini" => Role::Assistant,
            _ => Role::System,
        };
        let mut said = Said::new(role, id, content.text);
        count(&mut said.meta, "images", content.images);
        if text(record, "type") == Some("error") {
            said.meta.raw("is_error", "true");
        }
        say(said);
    }
    for call in list(record, "toolCalls").iter().filter_map(Value::as_object) {
        tool(id, call, cwd, roots).into_iter().for_each(&mut say);
    }
    (all, problem)
}

/// A call and its answer, once there is one.
fn tool(message: &str, call: &Map<String, Value>, cwd: &Path, roots: &[PathBuf]) -> Vec<Said> {
    let id = text(call, "id").unwrap_or_default();
    let status = text(call, "status").unwrap_or_default();
    if !matches!(status, "success" | "error" | "cancelled") {
        return Vec::new();
    }
    let name = text(call, "name").unwrap_or_default();
    let input = call.get("args").cloned().unwrap_or(Value::Null);
    let mut structured: ToolCall = tools::call(id, name, &input, roots, cwd);
    // The tool tells the whole change to the file; the arguments only a part.
    if let Some(diff) = inner(call, "resultDisplay").and_then(|shown| text(shown, "fileDiff")) {
        structured.patch = Some(diff.to_owned());
    }
    let mut called = Said::new(Role::Assistant, format!("{message}#{id}"), "");
    note(&mut called.meta, "agentId", text(call, "agentId"));
    called.calls.push(structured);
    let mut answer = Said::new(Role::Tool, format!("{message}#{id}#result"), answer(call));
    answer.sent = text(call, "timestamp").and_then(time::parse);
    answer.answers = Some(id.to_owned());
    if status != "success" {
        answer.meta.raw("is_error", "true");
    }
    vec![called, answer]
}

/// What a tool answered: to the model, or else to the person.
fn answer(call: &Map<String, Value>) -> String {
    let mut content = Content::default();
    content.add(call.get("result"));
    if content.text.is_empty() {
        text(call, "resultDisplay").unwrap_or_default().clone_into(&mut content.text);
    }
    content.text
}

/// Content in the shapes that the API knows: a text, a part, or a list of either.
#[derive(Default)]
struct Content {
    text: String,
    thoughts: String,
    images: u32,
}

impl Content {
    fn add(&mut self, value: Option<&Value>) {
        match value {
            Some(Value::String(text)) => append(&mut self.text, text),
            Some(Value::Array(parts)) => parts.iter().for_each(|part| self.part(part)),
            Some(part @ Value::Object(_)) => self.part(part),
            _ => {}
        }
    }

    fn part(&mut self, part: &Value) {
        let part = match part {
            Value::String(text) => return append(&mut self.text, text),
            Value::Object(part) => part,
            _ => return,
        };
        if let Some(said) = text(part, "text") {
            let thought = part.get("thought") == Some(&Value::Bool(true));
            append(if thought { &mut self.thoughts } else { &mut self.text }, said);
        } else if part.contains_key("inlineData") || part.contains_key("fileData") {
            self.images += 1;
        } else if let Some(response) =
            inner(part, "functionResponse").and_then(|answer| inner(answer, "response"))
        {
            let keys = ["output", "error", "content"];
            match keys.into_iter().find_map(|key| text(response, key)) {
                Some(said) => append(&mut self.text, said),
                None => append(&mut self.text, &Value::Object(response.clone()).to_string()),
            }
        }
    }
}

/// A prompt of the log.
pub(super) fn prompt(entry: &Map<String, Value>) -> Option<(Said, Option<Zoned>)> {
    let number = entry.get("messageId")?.to_string();
    let role = if text(entry, "type") == Some("user") { Role::User } else { Role::System };
    let sent = text(entry, "timestamp").and_then(time::parse);
    let mut said = Said::new(role, format!("log#{number}"), text(entry, "message")?);
    said.sent = sent;
    Some((said, sent))
}

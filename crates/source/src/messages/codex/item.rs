//! An item of a conversation: what was said, thought, called for and answered.

use std::path::PathBuf;

use lichen_model::Role;
use serde_json::{Map, Value};

use super::{content, result_meta};
use crate::messages::agent::{Place, Refused, Said, append, count, inner, list, note, text, tools};

/// Items that say something, or might.
const ITEMS: [&str; 17] = [
    "agent_message",
    "compaction",
    "compaction_summary",
    "context_compaction",
    "custom_tool_call",
    "custom_tool_call_output",
    "function_call",
    "function_call_output",
    "ghost_snapshot",
    "image_generation_call",
    "local_shell_call",
    "message",
    "reasoning",
    "tool_search_call",
    "tool_search_output",
    "web_search_call",
    "additional_tools",
];

/// How texts begin that the tool puts into the user's mouth.
const INJECTED: [&str; 9] = [
    "# AGENTS.md instructions",
    "<environment_context>",
    "<permissions instructions>",
    "<skill>",
    "<subagent_notification>",
    "<turn_aborted>",
    "<user_action>",
    "<user_instructions>",
    "<INSTRUCTIONS>",
];

/// Whether a line of this type is a bare item.
pub(super) fn is_item(kind: &str) -> bool {
    ITEMS.contains(&kind)
}

/// What an item says; `None` for one without words.
pub(super) fn read(
    item: &Map<String, Value>,
    place: &Place,
    roots: &[PathBuf],
) -> Result<Option<Said>, Refused> {
    let Some(kind) = text(item, "type") else {
        return Err(Refused::Damaged("holds an item without a type; skipped".to_owned()));
    };
    let call = |id: &str, tool: &str, input: &Value, cwd: &PathBuf| {
        let mut said = Said::new(Role::Assistant, id, "");
        said.calls.push(tools::call(id, tool, input, roots, cwd));
        Some(said)
    };
    let id = text(item, "call_id").or_else(|| text(item, "id")).unwrap_or_default();
    Ok(match kind {
        "message" => message(item),
        "agent_message" => between_agents(item),
        "reasoning" => reasoning(item),
        "function_call" => {
            let arguments = text(item, "arguments").unwrap_or_default();
            let input = serde_json::from_str(arguments)
                .unwrap_or_else(|_| Value::String(arguments.to_owned()));
            let cwd = input.get("workdir").and_then(Value::as_str);
            let cwd = cwd.map_or_else(|| place.cwd.clone(), |cwd| place.cwd.join(cwd));
            let mut said = call(id, &tool_name(item), &input, &cwd);
            // As it was written, if it is JSON at all.
            if let (Some(said), false) = (&mut said, input.is_string()) {
                arguments.clone_into(&mut said.calls[0].input);
            }
            said
        }
        "custom_tool_call" => {
            let input = item.get("input").cloned().unwrap_or(Value::Null);
            call(id, &tool_name(item), &input, &place.cwd)
        }
        "local_shell_call" => {
            let action = item.get("action").cloned().unwrap_or(Value::Null);
            let cwd = action.get("working_directory").and_then(Value::as_str);
            let cwd = cwd.map_or_else(|| place.cwd.clone(), |cwd| place.cwd.join(cwd));
            call(id, "local_shell", &action, &cwd)
        }
        "web_search_call" => {
            let action = item.get("action").cloned().unwrap_or(Value::Null);
            call(id, "web_search", &action, &place.cwd)
        }
        "tool_search_call" => {
            let arguments = item.get("arguments").cloned().unwrap_or(Value::Null);
            call(id, "tool_search", &arguments, &place.cwd)
        }
        "image_generation_call" => {
            let prompt = item.get("revised_prompt").cloned().unwrap_or(Value::Null);
            call(id, "image_generation", &prompt, &place.cwd)
        }
        "function_call_output" | "custom_tool_call_output" => Some(output(item, id)),
        "tool_search_output" => {
            let names = list(item, "tools").iter().filter_map(|tool| tool.get("name")?.as_str());
            let names: Vec<_> = names.collect();
            Some(result(id, names.join("\n"), None, false))
        }
        // Encrypted, or no part of the conversation.
        "compaction" | "compaction_summary" | "context_compaction" | "ghost_snapshot"
        | "additional_tools" => None,
        _ => return Err(Refused::Unknown(kind.to_owned())),
    })
}

fn tool_name(item: &Map<String, Value>) -> String {
    let name = text(item, "name").unwrap_or_default();
    text(item, "namespace").map_or_else(|| name.to_owned(), |space| format!("{space}{name}"))
}

fn message(item: &Map<String, Value>) -> Option<Said> {
    let (text_of, images) = content(item.get("content"));
    if text_of.is_empty() && images == 0 {
        return None;
    }
    let injected = INJECTED.iter().any(|start| text_of.trim_start().starts_with(start));
    let role = match text(item, "role").unwrap_or_default() {
        "assistant" => Role::Assistant,
        "user" if !injected => Role::User,
        _ => Role::System,
    };
    let mut said = Said::new(role, "", text_of);
    note(&mut said.meta, "phase", text(item, "phase"));
    count(&mut said.meta, "images", images);
    Some(said)
}

/// What one agent tells another.
pub(super) fn between_agents(item: &Map<String, Value>) -> Option<Said> {
    let (text_of, _) = content(item.get("content").or_else(|| item.get("message")));
    if text_of.is_empty() {
        return None;
    }
    let mut said = Said::new(Role::System, "", text_of);
    text(item, "author").unwrap_or_default().clone_into(&mut said.author);
    note(&mut said.meta, "recipient", text(item, "recipient"));
    Some(said)
}

/// A model's reasoning, or what its maker tells of it; most of it is encrypted.
fn reasoning(item: &Map<String, Value>) -> Option<Said> {
    let texts = |key| {
        let mut all = String::new();
        for part in list(item, key).iter().filter_map(|part| part.get("text")?.as_str()) {
            append(&mut all, part);
        }
        all
    };
    let thought = [texts("content"), texts("summary")].into_iter().find(|text| !text.is_empty())?;
    Some(Said::new(Role::Thinking, "", thought))
}

fn output(item: &Map<String, Value>, call: &str) -> Said {
    let raw = item.get("output");
    if let Some(wrapped) = raw.and_then(Value::as_object) {
        let (text_of, _) = content(wrapped.get("content").or_else(|| wrapped.get("output")));
        let failed = wrapped.get("success") == Some(&Value::Bool(false));
        return result(call, text_of, None, failed);
    }
    let (text_of, _) = content(raw);
    // Some tools answer with JSON that wraps what they print.
    let wrapped: Option<Map<String, Value>> =
        text_of.starts_with('{').then(|| serde_json::from_str(&text_of).ok()).flatten();
    if let Some(wrapped) = wrapped
        && let Some(printed) = wrapped.get("output").and_then(Value::as_str)
        && let Some(about) = inner(&wrapped, "metadata")
    {
        let code = about.get("exit_code").and_then(Value::as_i64);
        return result(call, printed.to_owned(), code, code.is_some_and(|code| code != 0));
    }
    result(call, text_of, None, false)
}

fn result(call: &str, text: String, exit_code: Option<i64>, failed: bool) -> Said {
    let id = if call.is_empty() { String::new() } else { format!("{call}#output") };
    let mut said = Said::new(Role::Tool, id, text);
    said.meta = result_meta(exit_code, failed);
    said.answers = Some(call.to_owned()).filter(|call| !call.is_empty());
    said
}

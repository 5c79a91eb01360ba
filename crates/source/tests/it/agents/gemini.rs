//! Transcripts of Gemini CLI, as lines and as a document.

use std::fmt::Write as _;

use lichen_model::{Batch, Role};

use super::{calls, check, message, said, toy};
use crate::message_files::{file, fixture, from, problems, texts};

pub(super) const GEMINI: &str = "gemini/tmp/toy/chats/session-2026-01-04T10-00-9e3779b9.jsonl";

#[test]
fn a_gemini_chat() {
    let batch = toy("gemini", &fixture(GEMINI));
    check(&batch);
    assert_eq!(problems(&batch), [""; 0]);
    let stream = &batch.streams[0];
    assert_eq!(
        (stream.name.as_str(), stream.title.as_str()),
        ("9e3779b9-0000-4000-8000-000000000001", "Slower drying")
    );
    assert_eq!(
        said(&batch),
        [
            (Role::User, "Dry slower\n\nplease."),
            (Role::Thinking, "Planning\nA third is slower."),
            (Role::Assistant, "I will edit it."),
            (Role::Assistant, ""),
            (Role::Assistant, ""),
            (Role::Tool, "Successfully modified file."),
            (Role::Tool, "no such file"),
            (Role::User, "No, a quarter."),
            (Role::User, "Thanks."),
            (Role::System, "Quota exceeded"),
            (Role::System, "Update available"),
        ]
    );
    let [edit, agent] = &calls(&batch)[..] else { panic!("two calls") };
    assert_eq!(
        (edit.0, edit.1.as_str(), agent.0),
        ("replace", "src/dry.rs", "codebase_investigator")
    );
    assert!(edit.3.unwrap().contains("@@ -2,1 +2,1 @@\n-    seeds / 2\n+    seeds / 3\n"));
    let (taken_back, thanks) = (message(&batch, "No, a quarter."), message(&batch, "Thanks."));
    assert_eq!(taken_back.reply_to, thanks.reply_to, "what was taken back is not answered");
    assert!(
        thanks.meta.contains(r#""images":1"#) && thanks.meta.contains(r#""cwd":"/home/ann/toy""#)
    );

    let sub = toy(
        "gemini",
        &fixture("gemini/tmp/toy/chats/9e3779b9-0000-4000-8000-000000000001/5ub00001.jsonl"),
    );
    assert_eq!(texts(&sub), ["Find the dryer", "It is not there."]);
    let started = batch
        .messages
        .iter()
        .find(|message| message.tool_calls.first().is_some_and(|call| call.external_id == "ask-1"));
    assert_eq!(sub.messages[0].reply_to, started.map(|message| message.id));
    assert!(sub.messages[0].meta.contains(r#""parent":"9e3779b9-"#));
}

#[test]
fn a_gemini_chat_as_a_document_and_the_log_of_prompts() {
    let document = fixture("gemini/tmp/toy/chats/session-2026-01-03T10-00-01d00000.json");
    let batch = toy("gemini", &document);
    check(&batch);
    assert_eq!(problems(&batch), [""; 0]);
    assert_eq!(
        texts(&batch),
        [
            "Older shape",
            "Planning\nA third is slower.",
            "I will edit it.",
            "",
            "Successfully modified file."
        ]
    );
    assert_eq!(batch.streams[0].title, "An older chat");
    assert_eq!(from("gemini", &document, &batch), Batch::default());
    // As the tool moves it to the newer shape: the same messages.
    let folder = tempfile::tempdir().unwrap();
    let value: serde_json::Value =
        serde_json::from_str(&fs_err::read_to_string(&document).unwrap()).unwrap();
    let mut lines =
        format!("{}\n", serde_json::json!({"sessionId": value["sessionId"], "projectHash": "toy"}));
    for message in value["messages"].as_array().unwrap() {
        writeln!(lines, "{message}").unwrap();
    }
    let moved = toy("gemini", &file(&folder, "session-2026-01-03T10-00-01d00000.jsonl", lines));
    let ids = |batch: &Batch| batch.messages.iter().map(|message| message.id).collect::<Vec<_>>();
    assert_eq!(ids(&moved), ids(&batch));

    let log = fixture("gemini/tmp/toy/logs.json");
    let prompts = toy("gemini", &log);
    assert_eq!(
        texts(&prompts),
        ["Before chats were recorded", "/quit"],
        "the other session has a chat"
    );
    assert_eq!(problems(&prompts), ["file: entry 4: is no prompt; skipped"]);
    assert_eq!(from("gemini", &log, &prompts), Batch::default());
}

//! Conversations and transcripts of Cursor.

use std::path::{Path, PathBuf};

use lichen_model::{Batch, Role};
use lichen_source::messages::Source;

use super::{calls, check, said, toy};
use crate::message_files::{fixture, from, problems, read_source, source, texts};
use crate::sqlite_files as sqlite;

#[test]
fn a_cursor_conversation() {
    let folder = tempfile::tempdir().unwrap();
    let database = cursor_database(&folder.path().join("state.vscdb"), "/home/ann/toy");
    assert_eq!(lichen_source::messages::sniff(&database).unwrap().name, "cursor");
    let batch = toy("cursor", &database);
    check(&batch);
    assert_eq!(problems(&batch), ["file: c1, bubble gone: is gone; skipped"]);
    let titles: Vec<_> =
        batch.streams.iter().map(|stream| (stream.name.as_str(), stream.title.as_str())).collect();
    assert_eq!(titles, [("c1", "Slower drying"), ("c2", "An older one")]);
    assert_eq!(
        said(&batch),
        [
            (Role::User, "Dry slower."),
            (Role::Thinking, "A third is slower."),
            (Role::Assistant, "I edit it."),
            (Role::Assistant, ""),
            (
                Role::Tool,
                "{\"diff\":{\"chunks\":[{\"diffString\":\"-    seeds / 2\\n+    seeds / 3\",\"oldStart\":2,\"newStart\":2,\"oldLines\":1,\"newLines\":1}]}}"
            ),
            (Role::Assistant, ""),
            (Role::Tool, "1 test failed"),
            (Role::User, "Old question"),
            (Role::Assistant, "Old answer"),
        ]
    );
    assert_eq!(
        calls(&batch),
        [
            (
                "edit_file",
                "src/dry.rs".to_owned(),
                None,
                Some(
                    "--- a/src/dry.rs\n+++ b/src/dry.rs\n@@ -2,1 +2,1 @@\n-    seeds / 2\n+    seeds / 3\n"
                )
            ),
            ("run_terminal_cmd", String::new(), Some("cargo test"), None),
        ]
    );
    assert!(batch.messages[0].meta.contains(r#""gitBranch":"main""#));
    let part = Source { part: Some("c2".to_owned()), ..source(&database) };
    assert_eq!(texts(&read_source("cursor", &part)), ["Old question", "Old answer"]);
    assert_eq!(from("cursor", &database, &batch), Batch::default());
}

/// A database of Cursor with two conversations, the second one in the shape of 2024.
pub(crate) fn cursor_database(path: &Path, folder: &str) -> PathBuf {
    let bubble = |id| serde_json::json!({"bubbleId": id, "type": 2});
    let headers = ["b1", "b2", "b3", "b4", "gone", "b9"].map(bubble);
    let rows = serde_json::json!({
        "composerData:c1": {"_v": 10, "composerId": "c1", "name": "Slower drying", "createdAt": 1_767_600_000_000_u64, "createdOnBranch": "main",
            "workspaceIdentifier": {"id": "w", "uri": {"fsPath": folder}}, "generatingBubbleIds": ["b9"],
            "fullConversationHeadersOnly": headers},
        "bubbleId:c1:b1": {"_v": 3, "type": 1, "bubbleId": "b1", "text": "Dry slower.", "createdAt": "2026-01-05T10:00:00.000Z"},
        "bubbleId:c1:b2": {"type": 2, "bubbleId": "b2", "text": "I edit it.", "thinking": {"text": "A third is slower."}, "createdAt": "2026-01-05T10:00:01.000Z"},
        "bubbleId:c1:b3": {"type": 2, "bubbleId": "b3", "createdAt": "2026-01-05T10:00:02.000Z", "toolFormerData": {"tool": 7, "name": "edit_file", "toolCallId": "t1",
            "status": "completed", "rawArgs": format!("{{\"target_file\":\"{folder}/src/dry.rs\",\"instructions\":\"slower\"}}"),
            "result": "{\"diff\":{\"chunks\":[{\"diffString\":\"-    seeds / 2\\n+    seeds / 3\",\"oldStart\":2,\"newStart\":2,\"oldLines\":1,\"newLines\":1}]}}"}},
        "bubbleId:c1:b4": {"type": 2, "bubbleId": "b4", "createdAt": "2026-01-05T10:00:03.000Z", "toolFormerData": {"name": "run_terminal_cmd", "toolCallId": "t2",
            "status": "error", "params": "{\"command\":\"cargo test\"}", "result": "{\"output\":\"1 test failed\",\"exitCode\":101}"}},
        "bubbleId:c1:b9": {"type": 2, "bubbleId": "b9", "text": "half wri"},
        "composerData:c2": {"composerId": "c2", "name": "An older one", "createdAt": 1_710_000_000_000_u64, "conversation": [
            {"type": 1, "bubbleId": "x1", "text": "Old question"}, {"type": 2, "bubbleId": "x2", "text": "Old answer"}]},
    });
    let mut statements = vec![
        "CREATE TABLE ItemTable (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)".to_owned(),
        "CREATE TABLE cursorDiskKV (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)".to_owned(),
        format!(
            "INSERT INTO ItemTable VALUES ('composer.composerHeaders', '{{\"allComposers\":[{{\"composerId\":\"c1\",\"workspaceIdentifier\":{{\"uri\":{{\"fsPath\":\"{folder}\"}}}}}}]}}')"
        ),
    ];
    for (key, value) in rows.as_object().unwrap() {
        let value = value.to_string().replace('\'', "''");
        statements.push(format!("INSERT INTO cursorDiskKV VALUES ('{key}', '{value}')"));
    }
    sqlite::write(path, &statements);
    path.to_owned()
}

#[test]
fn a_cursor_transcript() {
    let path = fixture("cursor/agent-transcripts/c0de0000-0000-4000-8000-000000000001.jsonl");
    let batch = toy("cursor", &path);
    check(&batch);
    assert_eq!(problems(&batch), [""; 0]);
    assert_eq!(
        said(&batch),
        [
            (Role::User, "Dry slower."),
            (Role::Thinking, "A third is slower."),
            (Role::Assistant, "I edit it."),
            (Role::Assistant, ""),
            (Role::Assistant, ""),
            (Role::Assistant, "Done."),
        ]
    );
    assert!(batch.messages[0].meta.contains("Sunday, Jan 4, 2026"));
    assert_eq!(calls(&batch)[1].2, Some("cargo test"));
    assert!(batch.messages.iter().all(|message| message.sent == batch.messages[0].sent));
}

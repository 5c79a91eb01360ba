//! Transcripts of Codex, Gemini CLI, OpenCode, Cursor and Aider: what becomes of them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::sqlite_files as sqlite;
use lichen_model::{Batch, Message, PassageKind, Role, StreamKind};
use lichen_source::messages::Source;

use crate::message_files::{
    append, file, fixture, from, joined, problems, read, read_source, source, texts,
};

const CODEX: &str = "codex/sessions/2026/01/02/rollout-2026-01-02T10-00-00-019b7a00-0000-7000-8000-000000000001.jsonl";
const FORK: &str = "codex/sessions/2026/01/03/rollout-2026-01-03T09-00-00-019b7a00-0000-7000-8000-000000000002.jsonl";
const AGENT: &str = "codex/sessions/2026/01/02/rollout-2026-01-02T10-00-11-019b7a00-0000-7000-8000-000000000003.jsonl";
const GEMINI: &str = "gemini/tmp/toy/chats/session-2026-01-04T10-00-9e3779b9.jsonl";

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

#[test]
fn a_codex_session() {
    let batch = toy("codex", &fixture(CODEX));
    check(&batch);
    assert_eq!(problems(&batch), [""; 0]);
    let stream = &batch.streams[0];
    assert_eq!(
        (stream.name.as_str(), stream.title.as_str()),
        ("019b7a00-0000-7000-8000-000000000001", "Slower drying")
    );
    assert_eq!(
        said(&batch),
        [
            (
                Role::System,
                "<permissions instructions>Ask before you write.</permissions instructions>"
            ),
            (
                Role::System,
                "<environment_context>\n  <cwd>/home/ann/toy</cwd>\n</environment_context>"
            ),
            (Role::User, "Dry the seeds more slowly."),
            (Role::Thinking, "**Finding the dryer**"),
            (Role::Assistant, ""),
            (Role::Tool, "pub fn dry(seeds: u32) -> u32 {\n    seeds / 2\n}\n"),
            (Role::Assistant, ""),
            (Role::Tool, "Success. Updated the following files:\nM src/dry.rs\n"),
            (Role::Assistant, ""),
            (Role::Tool, "1 test failed"),
            (Role::Assistant, ""),
            (Role::Tool, "{\"agent_id\":\"019b7a00-0000-7000-8000-000000000003\"}"),
            (Role::Assistant, ""),
            (Role::Assistant, "Done: a third instead of a half."),
            (Role::System, "The dryer was made slower."),
        ]
    );
    let patch = "--- a/src/dry.rs\n+++ b/src/dry.rs\n@@ -1,1 +1,1 @@ pub fn dry\n-    seeds / 2\n+    seeds / 3\n\
                 --- /dev/null\n+++ b/NOTES.md\n@@ -0,0 +1,1 @@\n+Slowly.\n";
    assert_eq!(
        calls(&batch),
        [
            ("exec_command", String::new(), Some("sed -n '1,20p' src/dry.rs"), None),
            ("apply_patch", "src/dry.rs NOTES.md".to_owned(), None, Some(patch)),
            ("local_shell", String::new(), Some("cargo test"), None),
            ("spawn_agent", String::new(), None, None),
            ("web_search", String::new(), None, None),
        ]
    );
    let question = message(&batch, "Dry the seeds more slowly.");
    for part in [
        r#""cwd":"/home/ann/toy""#,
        r#""gitBranch":"main""#,
        r#""gitCommit":"4f5e6d7c8b9a"#,
        r#""version":"0.125.0""#,
    ] {
        assert!(question.meta.contains(part), "{}", question.meta);
    }
    let failed = message(&batch, "1 test failed");
    assert!(
        failed.meta.contains(r#""exit_code":101"#) && failed.meta.contains(r#""is_error":true"#)
    );
    let call = &batch.messages[4].tool_calls[0];
    assert_eq!(call.input, r#"{"cmd": "sed -n '1,20p' src/dry.rs", "workdir": "/home/ann/toy"}"#);
}

#[test]
fn a_forked_codex_session_holds_only_what_is_its_own() {
    let before = toy("codex", &fixture(CODEX));
    let fork = toy("codex", &fixture(FORK));
    assert_eq!(
        said(&fork),
        [(Role::User, "Now try a quarter."), (Role::Assistant, "A quarter it is.")]
    );
    let first = &fork.messages[0];
    assert!(first.meta.contains(r#""continues":"019b7a00-0000-7000-8000-000000000001""#));
    assert_eq!(first.reply_to, Some(before.messages[7].id), "the last message that was copied");
    assert_eq!(fork.messages[1].reply_to, Some(first.id));

    // A fork of the fork: what it has from the first is still the first's.
    let folder = tempfile::tempdir().unwrap();
    let day = |id: u32| {
        format!(
            "sessions/2026/01/04/rollout-2026-01-04T09-00-00-019b7a00-0000-7000-8000-00000000000{id}.jsonl"
        )
    };
    file(&folder, &day(1), fs_err::read(fixture(CODEX)).unwrap());
    let text = fs_err::read_to_string(fixture(FORK)).unwrap();
    file(&folder, &day(2), &text);
    let (head, rest) = text.split_once('\n').unwrap();
    let again = head
        .replace("8000-000000000001", "8000-00000000000F")
        .replace("8000-000000000002", "8000-000000000004");
    let again =
        again.replace("8000-00000000000F", "8000-000000000002").replace("2026-01-03", "2026-01-04");
    let own = rest.lines().last().unwrap().replace("A quarter it is.", "An eighth, then.");
    let third = toy("codex", &file(&folder, &day(4), format!("{again}\n{head}\n{rest}{own}\n")));
    assert_eq!(texts(&third), ["An eighth, then."]);
    assert_eq!(third.messages[0].reply_to, fork.messages.last().map(|message| message.id));

    // Where the session before is gone, the copy is all there is.
    let folder = tempfile::tempdir().unwrap();
    let name = Path::new(FORK).file_name().unwrap().to_str().unwrap();
    let alone = toy("codex", &file(&folder, name, fs_err::read(fixture(FORK)).unwrap()));
    assert_eq!(alone.messages.len(), 10);
    assert!(alone.messages[0].meta.contains("\"continues\""));
}

#[test]
fn a_sub_agent_of_codex_answers_its_call() {
    let parent = toy("codex", &fixture(CODEX));
    let agent = toy("codex", &fixture(AGENT));
    let started = parent
        .messages
        .iter()
        .find(|message| message.tool_calls.first().is_some_and(|call| call.tool == "spawn_agent"));
    assert_eq!(
        said(&agent),
        [(Role::User, "Why does it fail?"), (Role::Assistant, "The test wants a half.")]
    );
    assert_eq!(agent.messages[0].reply_to, started.map(|message| message.id));
    assert!(agent.messages[0].meta.contains(r#""parent":"019b7a00-0000-7000-8000-000000000001""#));
}

#[test]
fn an_old_codex_session_and_a_packed_one() {
    let old = toy("codex", &fixture("codex/rollout-2025-06-01T10-00-00-old.jsonl"));
    check(&old);
    assert_eq!(problems(&old), [""; 0]);
    assert_eq!(old.streams[0].name, "old");
    assert_eq!(
        texts(&old),
        ["Where is the dryer?", "", "src/dry.rs:1:pub fn dry", "In `src/dry.rs`."]
    );
    assert_eq!(old.messages[1].tool_calls[0].command.as_deref(), Some("rg 'fn dry' src/"));
    assert!(old.messages[2].meta.contains("is_error"));
    assert!(
        old.messages
            .iter()
            .all(|message| message.sent == old.messages[0].sent && message.sent.at.0 > 0)
    );

    let folder = tempfile::tempdir().unwrap();
    let plain = fs_err::read(fixture(CODEX)).unwrap();
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    let packed = ruzstd::encoding::compress_to_vec(&plain[..], level);
    let path = file(
        &folder,
        "rollout-2026-01-02T10-00-00-019b7a00-0000-7000-8000-000000000001.jsonl.zst",
        &packed,
    );
    let batch = toy("codex", &path);
    assert_eq!(batch.messages, toy("codex", &fixture(CODEX)).messages);
    assert_eq!(lichen_source::messages::sniff(&path).unwrap().name, "codex");
    assert_eq!(from("codex", &path, &batch), Batch::default());
}

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

#[test]
fn an_opencode_session_in_files_and_in_a_database() {
    let path = fixture("opencode/storage/session/prj_toy/ses_01.json");
    let batch = toy("opencode", &path);
    check(&batch);
    assert_eq!(problems(&batch), [""; 0]);
    assert_eq!(
        (batch.streams[0].name.as_str(), batch.streams[0].title.as_str()),
        ("ses_01", "Slower drying")
    );
    assert_eq!(
        said(&batch),
        [
            (Role::User, "Dry slower."),
            (Role::System, "Called the Read tool"),
            (Role::User, ""),
            (Role::Thinking, "A third is slower."),
            (Role::Assistant, "I edit it."),
            (Role::Assistant, ""),
            (Role::Tool, "Edited."),
            (Role::Assistant, ""),
            (Role::Tool, "timed out"),
            (Role::Assistant, ""),
            (Role::Tool, "Found."),
            (Role::System, "MessageAbortedError: stopped by hand"),
        ]
    );
    let told = calls(&batch);
    assert_eq!((told[0].0, told[0].1.as_str()), ("edit", "src/dry.rs"));
    assert!(
        told[0]
            .3
            .unwrap()
            .starts_with("--- a/src/dry.rs\n+++ b/src/dry.rs\n@@ -1,1 +1,1 @@\n-seeds / 2")
    );
    assert_eq!((told[1].0, told[1].2), ("bash", Some("cargo test")));
    assert!(!format!("{batch:?}").contains("base64,AAAA"), "no bytes of attachments");
    assert_eq!(from("opencode", &path, &batch), Batch::default());

    let agent = toy("opencode", &fixture("opencode/storage/session/prj_toy/ses_02.json"));
    let started = batch.messages.iter().find(|message| {
        message.tool_calls.first().is_some_and(|call| call.external_id == "call_c")
    });
    assert_eq!(agent.messages[0].reply_to, started.map(|message| message.id));
    assert!(agent.messages[0].meta.contains(r#""parent":"ses_01""#));

    let folder = tempfile::tempdir().unwrap();
    let database = opencode_database(&folder.path().join("opencode.db"));
    let part = |part: &str| Source {
        part: Some(part.to_owned()),
        repo_roots: vec!["/home/ann/toy".into()],
        ..source(&database)
    };
    let moved = read_source("opencode", &part("ses_01"));
    assert_eq!(moved.messages, batch.messages, "the same session, wherever it is kept");
    assert_eq!(read_source("opencode", &part("ses_02")).messages, agent.messages);
    let all = toy("opencode", &database);
    assert_eq!(all.messages.len(), batch.messages.len() + agent.messages.len());
    assert_eq!(from("opencode", &database, &all), Batch::default());
}

/// The sessions of the fixtures as rows, as OpenCode has them since version 1.2.
pub(crate) fn opencode_database(path: &Path) -> PathBuf {
    let storage = fixture("opencode/storage");
    let mut statements = vec![
        "CREATE TABLE session (id TEXT PRIMARY KEY, project_id TEXT, parent_id TEXT, slug TEXT, directory TEXT, title TEXT, version TEXT, time_created INTEGER, time_updated INTEGER)".to_owned(),
        "CREATE TABLE message (id TEXT PRIMARY KEY, session_id TEXT, time_created INTEGER, time_updated INTEGER, data TEXT)".to_owned(),
        "CREATE TABLE part (id TEXT PRIMARY KEY, message_id TEXT, session_id TEXT, time_created INTEGER, time_updated INTEGER, data TEXT)".to_owned(),
    ];
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let json = |path: &Path| fs_err::read_to_string(path).unwrap();
    let files = |folder: &Path| -> Vec<PathBuf> {
        fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    let id = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    for session in files(&storage.join("session/prj_toy")) {
        let about: serde_json::Value = serde_json::from_str(&json(&session)).unwrap();
        let text = |key: &str| quoted(about[key].as_str().unwrap_or_default());
        statements.push(format!(
            "INSERT INTO session VALUES ({}, 'prj_toy', {}, '', {}, {}, {}, 1, 2)",
            text("id"),
            text("parentID"),
            text("directory"),
            text("title"),
            text("version")
        ));
        for message in files(&storage.join("message").join(id(&session))) {
            let data = quoted(&json(&message));
            statements.push(format!(
                "INSERT INTO message VALUES ('{}', '{}', 1, 2, {data})",
                id(&message),
                id(&session)
            ));
            for part in files(&storage.join("part").join(id(&message))) {
                let data = quoted(&json(&part));
                statements.push(format!(
                    "INSERT INTO part VALUES ('{}', '{}', '{}', 1, 2, {data})",
                    id(&part),
                    id(&message),
                    id(&session)
                ));
            }
        }
    }
    sqlite::write(path, &statements);
    path.to_owned()
}

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

#[test]
fn an_aider_history() {
    let path = fixture("aider/.aider.chat.history.md");
    assert_eq!(lichen_source::messages::sniff(&path).unwrap().name, "aider");
    let batch = read("aider", &path);
    check(&batch);
    assert_eq!(problems(&batch), [""; 0]);
    let streams: Vec<_> =
        batch.streams.iter().map(|stream| (stream.name.as_str(), stream.title.as_str())).collect();
    assert_eq!(
        streams,
        [
            ("2026-01-05 10:00:00", "Dry the seeds more slowly,"),
            ("2026-01-05 10:00:00 #2", "Thanks")
        ]
    );
    let roles: Vec<_> = batch.messages.iter().map(|message| message.role).collect();
    assert_eq!(
        roles,
        [
            Role::System,
            Role::User,
            Role::System,
            Role::User,
            Role::Assistant,
            Role::System,
            Role::User,
            Role::Assistant,
        ]
    );
    assert_eq!(batch.messages[3].text, "Dry the seeds more slowly,\na third at a time.");
    assert!(batch.messages[4].text.ends_with("It prints:\n\n```\n> 14\n#### done\n```"));
    assert_eq!(
        calls(&batch),
        [(
            "edit",
            "src/dry.rs".to_owned(),
            None,
            Some(
                "--- a/src/dry.rs\n+++ b/src/dry.rs\n@@ -1,1 +1,1 @@\n-    seeds / 2\n+    seeds / 3\n"
            )
        )]
    );
    assert!(batch.messages[5].meta.contains(r#""gitCommit":"4f5e6d7""#));
    assert_eq!(from("aider", &path, &batch), Batch::default());
}

#[test]
fn transcripts_in_two_parts_give_what_they_give_at_once() {
    for (format, name) in [
        ("codex", CODEX),
        ("gemini", GEMINI),
        ("cursor", "cursor/agent-transcripts/c0de0000-0000-4000-8000-000000000001.jsonl"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let text = fs_err::read_to_string(fixture(name)).unwrap();
        let lines: Vec<_> = text.split_inclusive('\n').collect();
        for cut in 0..=lines.len() {
            let name = Path::new(name).file_name().unwrap().to_str().unwrap();
            let path =
                file(&folder, &format!("{cut}/agent-transcripts/{name}"), lines[..cut].concat());
            let first = read(format, &path);
            append(&path, &lines[cut..].concat());
            let second = from(format, &path, &first);
            let whole = read_source(
                format,
                &Source {
                    position: first.progress.last().map(|_| {
                        // The time that a position keeps, for a format whose files tell none.
                        let kept = first.progress[0].position.clone();
                        kept.split(' ')
                            .enumerate()
                            .map(|(at, word)| if at == 0 { "x" } else { word })
                            .collect::<Vec<_>>()
                            .join(" ")
                    }),
                    ..source(&path)
                },
            );
            let mut both = joined(&first, &second);
            let mut all = whole.messages;
            both.sort_by_key(|message| message.id);
            all.sort_by_key(|message| message.id);
            assert_eq!(both, all, "{format} cut after line {cut}");
            assert_eq!(
                from(format, &path, &if second.progress.is_empty() { first } else { second }),
                Batch::default()
            );
        }
    }
}

#[test]
fn a_rewritten_transcript_is_read_again_under_the_same_ids() {
    for (format, name) in
        [("codex", CODEX), ("gemini", GEMINI), ("aider", "aider/.aider.chat.history.md")]
    {
        let folder = tempfile::tempdir().unwrap();
        let text = fs_err::read_to_string(fixture(name)).unwrap();
        let name = Path::new(name).file_name().unwrap().to_str().unwrap();
        let path = file(&folder, name, &text);
        let first = read(format, &path);
        // The same entries, but no byte where it was.
        fs_err::write(&path, format!("\n{}", text.replace('\n', "\r\n"))).unwrap();
        let second = from(format, &path, &first);
        let ids =
            |batch: &Batch| batch.messages.iter().map(|message| message.id).collect::<Vec<_>>();
        assert_eq!(ids(&second), ids(&first), "{format}");
        assert_eq!(texts(&second), texts(&first), "{format}");
    }
}

#[test]
fn a_growing_aider_history_gives_no_message_twice() {
    let text = fs_err::read_to_string(fixture("aider/.aider.chat.history.md")).unwrap();
    let whole = read("aider", &fixture("aider/.aider.chat.history.md"));
    let lines: Vec<_> = text.split_inclusive('\n').collect();
    let folder = tempfile::tempdir().unwrap();
    for cut in 2..lines.len() {
        let path = file(&folder, &format!("{cut}/.aider.chat.history.md"), lines[..cut].concat());
        let first = read("aider", &path);
        append(&path, &lines[cut..].concat());
        let second = from("aider", &path, &first);
        // A store keeps the first of equal ids, and takes another text for an edit.
        let ids = |messages: &[Message]| {
            messages.iter().map(|message| message.id).collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(ids(&joined(&first, &second)), ids(&whole.messages), "cut after line {cut}");
        for message in &whole.messages {
            let last =
                joined(&first, &second).into_iter().rfind(|known| known.id == message.id).unwrap();
            assert_eq!(last.text, message.text, "cut after line {cut}");
        }
    }
}

#[test]
fn a_database_at_work_is_read_with_its_log_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("opencode.db");
    opencode_database(&path);
    let tool = sqlite::at_work(
        &path,
        &[
            "INSERT INTO message VALUES ('msg_40', 'ses_02', 1, 9, '{\"role\":\"user\",\"time\":{\"created\":1767600099000}}')",
            "INSERT INTO part VALUES ('prt_40', 'msg_40', 'ses_02', 1, 9, '{\"type\":\"text\",\"text\":\"still in the log\"}')",
        ],
    );
    let listed = || {
        let mut names: Vec<_> = fs_err::read_dir(folder.path())
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                (entry.file_name(), fs_err::read(entry.path()).unwrap())
            })
            .collect();
        names.sort();
        names
    };
    let before = listed();
    assert!(before.iter().any(|(name, bytes)| name == "opencode.db-wal" && !bytes.is_empty()));
    let batch = read("opencode", &path);
    assert!(texts(&batch).contains(&"still in the log"));
    assert_eq!(listed(), before, "no file of the tool was touched");
    drop(tool);
}

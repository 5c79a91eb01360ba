//! Transcripts of OpenCode, in files and in a database.

use std::path::{Path, PathBuf};

use lichen_model::{Batch, Role};
use lichen_source::messages::Source;

use super::{calls, check, said, toy};
use crate::message_files::{fixture, from, problems, read, read_source, source, texts};
use crate::sqlite_files as sqlite;

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

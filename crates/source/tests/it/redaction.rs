//! What readers yield once a redactor is given: no secret, anywhere.

use std::path::Path;
use std::sync::Arc;

use lichen_model::Timestamp;
use lichen_source::documents::{self, Known, Now, Options};
use lichen_source::git;
use lichen_source::messages::Source;
use lichen_source::redact::Redactor;
use lichen_testkit::repo::ToyRepo;

use crate::agents::{cursor_database, opencode_database};
use crate::message_files::{file, fixture, read_source, source};
use crate::{read_all, sqlite_files};

const SECRET: &str = "ghp_q7ZtWm2xLk9PcR4vBn8Jd3Hs6Yf1Gk5Ta0Ue";

fn redactor() -> Arc<Redactor> {
    Arc::new(Redactor::new([3; 32]))
}

#[test]
fn messages_hold_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let line = serde_json::json!({"text": format!("use {SECRET}\nnow"), "title": format!("t {SECRET}"), "note": {"a": [SECRET]},
        "tags": [SECRET], "tools": [{"tool": "Bash", "command": format!("login {SECRET}"), "patch": format!("+{SECRET}"), "input": {"x": format!("\n{SECRET}")}}]});
    let path = file(&folder, "chat.jsonl", format!("{line}\n"));
    let batch = read_source("jsonl", &Source { redactor: Some(redactor()), ..source(&path) });
    assert_eq!(batch.messages.len(), 1);
    assert!(!format!("{batch:?}").contains(SECRET), "{batch:?}");
    assert!(batch.messages[0].text.starts_with("use <redacted:github-token:"));
    serde_json::from_str::<serde_json::Value>(&batch.messages[0].meta).unwrap();
    serde_json::from_str::<serde_json::Value>(&batch.messages[0].tool_calls[0].input).unwrap();
}

#[test]
fn a_transcript_without_secrets_stays_as_it_is() {
    let path = fixture("claude/projects/-home-ann-toy/5e551015-0000-4000-8000-000000000001.jsonl");
    let without = read_source("claude-code", &source(&path));
    let with = read_source("claude-code", &Source { redactor: Some(redactor()), ..source(&path) });
    assert_eq!(with, without);
}

/// The text with a secret at the end of every string that holds one of these words.
fn planted(text: &str) -> String {
    let words = [
        "slower.",
        "slowly",
        "Slower",
        "a third is slower",
        "cargo test",
        "test failed",
        "seeds / 3",
        "third",
    ];
    words
        .iter()
        .fold(text.to_owned(), |text, word| text.replace(word, &format!("{word} {SECRET} ")))
}

/// Reads with a redactor; as many messages come as without one, and no secret.
#[track_caller]
fn check_redacted(format: &str, path: &Path) {
    let plain = read_source(format, &source(path));
    assert!(format!("{plain:?}").contains(SECRET), "{format} has nothing to hide");
    let batch = read_source(format, &Source { redactor: Some(redactor()), ..source(path) });
    assert_eq!(batch.messages.len(), plain.messages.len());
    let shown = format!("{batch:?}");
    assert!(!shown.contains(SECRET), "{format}: {shown}");
    assert!(shown.contains("<redacted:github-token:"));
    for call in batch.messages.iter().flat_map(|message| &message.tool_calls) {
        serde_json::from_str::<serde_json::Value>(&call.input).unwrap();
    }
}

#[test]
fn transcripts_hold_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    for (format, name) in [
        (
            "codex",
            "codex/sessions/2026/01/02/rollout-2026-01-02T10-00-00-019b7a00-0000-7000-8000-000000000001.jsonl",
        ),
        ("gemini", "gemini/tmp/toy/chats/session-2026-01-04T10-00-9e3779b9.jsonl"),
        ("gemini", "gemini/tmp/toy/chats/session-2026-01-03T10-00-01d00000.json"),
        ("cursor", "cursor/agent-transcripts/c0de0000-0000-4000-8000-000000000001.jsonl"),
        ("aider", "aider/.aider.chat.history.md"),
    ] {
        let text = fs_err::read_to_string(fixture(name)).unwrap();
        check_redacted(format, &file(&folder, name, planted(&text)));
    }
    let log = format!(
        "[{{\"sessionId\":\"s\",\"messageId\":0,\"type\":\"user\",\"message\":\"use {SECRET}\",\"timestamp\":\"2026-01-01T00:00:00Z\"}}]"
    );
    check_redacted("gemini", &file(&folder, "logs.json", log));
    let agent = "claude/resumed/aaaaaaaa-0000-4000-8000-000000000001/subagents/agent-c0ffee1";
    let text = fs_err::read_to_string(fixture(&format!("{agent}.jsonl"))).unwrap();
    let about = format!("{{\"description\":\"Count {SECRET} seeds\"}}");
    file(&folder, &format!("{agent}.meta.json"), about);
    check_redacted(
        "claude-code",
        &file(&folder, &format!("{agent}.jsonl"), text.replace("40.", SECRET)),
    );
}

#[test]
fn databases_and_stores_of_transcripts_hold_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let database = cursor_database(&folder.path().join("state.vscdb"), "/home/ann/toy");
    let change = format!(
        "UPDATE cursorDiskKV SET value = replace(replace(replace(value, 'slower.', 'slower. {SECRET} '), 'Slower', 'Slower {SECRET} '), 'cargo test', 'cargo test {SECRET} ')"
    );
    sqlite_files::write(&database, &[change]);
    check_redacted("cursor", &database);
    let database = opencode_database(&folder.path().join("opencode.db"));
    let change = |table: &str, column: &str, word: &str| {
        format!("UPDATE {table} SET {column} = replace({column}, '{word}', '{word} {SECRET} ')")
    };
    sqlite_files::write(
        &database,
        &[
            change("session", "title", "Slower"),
            change("part", "data", "slower."),
            change("part", "data", "cargo test"),
            change("part", "data", "seeds / 3"),
            change("message", "data", "by hand"),
            change("part", "data", "dryer.png"),
        ],
    );
    check_redacted("opencode", &database);
}

#[test]
fn documents_are_compared_without_their_secrets() {
    let root = tempfile::tempdir().unwrap();
    fs_err::write(root.path().join("a.md"), format!("# {SECRET}\n\ntext\n")).unwrap();
    let options = || Options {
        redactor: Some(redactor()),
        ..Options::new(documents::folder(root.path(), "."), Timestamp(4_000_000_000_000))
    };
    let open = |known| documents::Reader::open(root.path(), options(), known).unwrap();
    let batch = read_all(&mut open(Known::default())).0;
    assert!(!format!("{batch:?}").contains(SECRET), "{batch:?}");
    let version = &batch.versions[0];
    let now = documents::now(root.path(), &version.document, Some(&redactor()));
    assert_eq!(Some(now), version.text.clone().map(Now::Text));
}

#[test]
fn commits_hold_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let mut repo = ToyRepo::init(&folder.path().join("toy"));
    repo.commit_file("a", "1", &format!("Uses {SECRET}"));
    let opened = git::Repository::open(&repo.path, ".").unwrap().redacted(Some(redactor()));
    let batch = read_all(&mut opened.read(&git::Known::NOTHING, 1).unwrap()).0;
    assert!(batch.commits[0].message.starts_with("Uses <redacted:github-token:"));
}

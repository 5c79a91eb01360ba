//! Damaged transcripts: what is wrong is told, the rest is kept, and nothing panics.

use std::path::Path;

use lichen_source::messages::{self, Source};

use crate::agents::{cursor_database, opencode_database};
use crate::message_files::{
    damage, file, fixture, mutate, problems, read, read_damaged, source, texts,
};

/// Problems that begin with these words, in order.
#[track_caller]
fn expect(told: &[String], starts: &[&str]) {
    assert_eq!(told.len(), starts.len(), "{told:#?}");
    for (told, start) in told.iter().zip(starts) {
        assert!(told.contains(start), "{told} / {start}");
    }
}

#[test]
fn a_damaged_codex_session() {
    let batch = read("codex", &fixture("codex/rollout-damaged.jsonl"));
    assert_eq!(
        texts(&batch),
        ["no time", "kept", "", "out of nowhere", "half \u{fffd} a character"]
    );
    assert_eq!(batch.messages[2].tool_calls[0].input, "\"not json\"");
    expect(
        &problems(&batch),
        &[
            "line 2: is no JSON object",
            "line 3: is no JSON object",
            "line 4: has no type",
            "line 5: has a payload that is no object",
            "line 6: holds an item without a type",
            "line 8: has a time that cannot be read",
            "line 13: has lines of unknown types, skipped: 1 of `from_the_future`, 1 of `telepathy`",
        ],
    );
}

#[test]
fn a_damaged_gemini_chat() {
    let batch = read("gemini", &fixture("gemini/damaged.jsonl"));
    assert_eq!(texts(&batch), ["no time", "kept", "", ""]);
    expect(
        &problems(&batch),
        &[
            "line 2: is no JSON object",
            "line 3: is no JSON object",
            "line 4: is neither a message nor about one",
            "line 6: has no time that can be read",
            "line 7: is neither a message nor about one",
        ],
    );
    let folder = tempfile::tempdir().unwrap();
    let whole =
        fs_err::read(fixture("gemini/tmp/toy/chats/session-2026-01-03T10-00-01d00000.json"))
            .unwrap();
    let cut = file(&folder, "session-x.json", &whole[..whole.len() / 2]);
    let batch = read("gemini", &cut);
    assert_eq!(texts(&batch), ["Older shape"]);
    expect(&problems(&batch), &["is damaged from here on"]);
    let log = file(&folder, "logs.json", "[{\"sessionId\":");
    expect(&problems(&read("gemini", &log)), &["is damaged"]);
}

#[test]
fn a_damaged_opencode_session() {
    let path = fixture("opencode/damaged/storage/session/prj_toy/ses_09.json");
    let batch = read("opencode", &path);
    assert_eq!(texts(&batch), ["kept", "", ""]);
    expect(
        &problems(&batch),
        &[
            "msg_1: is no JSON object",
            "msg_2: has no time",
            "msg_2: part `prt_1` is no JSON object",
            "msg_3: has no time",
        ],
    );
}

#[test]
fn a_damaged_cursor_transcript() {
    let batch = read("cursor", &fixture("cursor/agent-transcripts/damaged.jsonl"));
    assert_eq!(texts(&batch), ["kept", "", "printed"]);
    expect(
        &problems(&batch),
        &[
            "line 2: is no JSON object",
            "line 3: has no role",
            "has lines of unknown types, skipped: 1 of `wizard`",
        ],
    );
}

#[test]
fn a_damaged_aider_history() {
    let batch = read("aider", &fixture("aider/damaged.md"));
    assert_eq!(
        texts(&batch),
        ["Aider v0.86.1", "first", "caf\u{fffd} and more\n```\nan open fence", "second"]
    );
    expect(
        &problems(&batch),
        &[
            "line 1: a session begins at a time",
            "line 6: is not UTF-8",
            "line 10: a session begins at a time",
        ],
    );
    let folder = tempfile::tempdir().unwrap();
    let other = read("aider", &file(&folder, "x.md", "# A document\n\n> quoted\n"));
    expect(&problems(&other), &["holds no session"]);
    assert_eq!(other.messages.len(), 0);
}

#[test]
fn mutated_transcripts() {
    for (format, name) in [
        ("claude-code", "claude/sidechain.jsonl"),
        ("codex", "codex/rollout-2025-06-01T10-00-00-old.jsonl"),
        (
            "codex",
            "codex/sessions/2026/01/02/rollout-2026-01-02T10-00-00-019b7a00-0000-7000-8000-000000000001.jsonl",
        ),
        ("gemini", "gemini/tmp/toy/chats/session-2026-01-04T10-00-9e3779b9.jsonl"),
        ("gemini", "gemini/tmp/toy/chats/session-2026-01-03T10-00-01d00000.json"),
        ("gemini", "gemini/tmp/toy/logs.json"),
        ("aider", "aider/.aider.chat.history.md"),
    ] {
        mutate(format, &fixture(name));
    }
    let transcript = fixture("cursor/agent-transcripts/c0de0000-0000-4000-8000-000000000001.jsonl");
    read_damaged("cursor", "agent-transcripts/x.jsonl", &fs_err::read(transcript).unwrap());
}

#[test]
fn mutated_opencode_files() {
    let storage = fixture("opencode/storage");
    for name in
        ["message/ses_01/msg_02.json", "part/msg_02/prt_13.json", "session/prj_toy/ses_01.json"]
    {
        let folder = tempfile::tempdir().unwrap();
        for kept in
            ["session/prj_toy/ses_01.json", "message/ses_01/msg_02.json", "part/msg_02/prt_13.json"]
        {
            file(&folder, kept, fs_err::read(storage.join(kept)).unwrap());
        }
        let session = folder.path().join("session/prj_toy/ses_01.json");
        damage(&fs_err::read(storage.join(name)).unwrap(), |content| {
            file(&folder, name, content);
            drain("opencode", &session);
        });
    }
}

/// Reads whatever can be read.
fn drain(format: &str, path: &Path) {
    // A file whose head is damaged may be refused, with an error.
    if let Ok(mut reader) = (messages::format(format).unwrap().open)(&source(path)) {
        while let Ok(Some(_)) = reader.next_batch() {}
    }
}

#[test]
fn mutated_packed_sessions() {
    let name = "codex/rollout-2025-06-01T10-00-00-old.jsonl";
    let plain = fs_err::read(fixture(name)).unwrap();
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    let packed = ruzstd::encoding::compress_to_vec(&plain[..], level);
    read_damaged("codex", "rollout-old.jsonl.zst", &packed);
}

#[test]
fn mutated_databases() {
    let folder = tempfile::tempdir().unwrap();
    for (format, path) in [
        ("opencode", opencode_database(&folder.path().join("opencode.db"))),
        ("cursor", cursor_database(&folder.path().join("state.vscdb"), "/home/ann/toy")),
    ] {
        let content = fs_err::read(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        read_damaged(format, &name, &content);
        // In the pages where rows stand, not only wherever chance falls.
        let changed = tempfile::tempdir().unwrap();
        for at in (0..content.len()).step_by(content.len() / 400 + 1) {
            let mut content = content.clone();
            content[at] ^= 0xff;
            drain(format, &file(&changed, &name, &content));
        }
    }
}

#[test]
fn a_database_of_something_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    crate::sqlite_files::write(
        &path,
        &["CREATE TABLE session (id)".to_owned(), "CREATE VIEW part AS SELECT 1".to_owned()],
    );
    assert!(messages::sniff(&path).is_err());
    for format in ["opencode", "cursor"] {
        let error = (messages::format(format).unwrap().open)(&Source {
            part: Some("x".to_owned()),
            ..source(&path)
        });
        assert!(error.err().unwrap().to_string().contains("of a known shape"));
    }
}

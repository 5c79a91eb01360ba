//! Transcripts of Codex: forks, sub-agents, old and packed ones.

use std::path::Path;

use lichen_model::{Batch, Role};

use super::{calls, check, message, said, toy};
use crate::message_files::{file, fixture, from, problems, texts};

pub(super) const CODEX: &str = "codex/sessions/2026/01/02/rollout-2026-01-02T10-00-00-019b7a00-0000-7000-8000-000000000001.jsonl";
const FORK: &str = "codex/sessions/2026/01/03/rollout-2026-01-03T09-00-00-019b7a00-0000-7000-8000-000000000002.jsonl";
const AGENT: &str = "codex/sessions/2026/01/02/rollout-2026-01-02T10-00-11-019b7a00-0000-7000-8000-000000000003.jsonl";

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

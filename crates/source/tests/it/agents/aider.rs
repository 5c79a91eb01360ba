//! Histories of Aider.

use lichen_model::{Batch, Message, Role};

use super::{calls, check};
use crate::message_files::{append, file, fixture, from, joined, problems, read};

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

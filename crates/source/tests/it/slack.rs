//! Slack exports: conversations, threads, edits and deletions, as an archive and as a folder.

use std::path::{Path, PathBuf};

use lichen_model::{Batch, Message, Role};
use lichen_source::messages;

use crate::message_files::{file, fixture, from, problems, read, read_damaged, texts, zip};

/// The files of the fixture, by the names that they have in an archive.
fn files() -> Vec<(String, Vec<u8>)> {
    let root = fixture("slack");
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|name| name == "json") {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                files.push((name, fs_err::read(path).unwrap()));
            }
        }
    }
    files
}

fn archive(folder: &tempfile::TempDir, name: &str, files: &[(String, Vec<u8>)]) -> PathBuf {
    let files: Vec<_> =
        files.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
    zip(folder, name, &files)
}

fn said<'a>(batch: &'a Batch, text: &str) -> &'a Message {
    batch.messages.iter().find(|message| message.text == text).unwrap()
}

#[test]
fn an_export() {
    let batch = read("slack", &fixture("slack"));
    assert_eq!(problems(&batch), [""; 0]);
    let streams: Vec<_> =
        batch.streams.iter().map(|stream| (stream.name.as_str(), stream.title.as_str())).collect();
    assert_eq!(
        streams,
        [("D01", "ann, Bea Berg"), ("C01", "#general"), ("G01", "ann, Bea Berg, CI")]
    );
    let told: Vec<_> = batch.messages[1..9]
        .iter()
        .map(|message| (message.role, message.author.as_str(), message.text.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (Role::System, "Bea Berg", "<@U02> has joined the channel"),
            (Role::User, "ann", "The parser drops `a -> b` & more, <@U02>"),
            (Role::User, "Bea Berg", "Looking."),
            (Role::User, "", ""),
            (Role::User, "CI", "Build #7\nfailed <main>"),
            (Role::User, "cy", "the trace"),
            (Role::User, "ann", "Fixed in 1f2e3d"),
            (Role::User, "ann", "Fixed in 1f2e3d4"),
        ]
    );
    let root = &batch.messages[2];
    let reply = said(&batch, "Looking.");
    assert_eq!((root.reply_to, reply.reply_to), (None, Some(root.id)));
    assert_eq!(said(&batch, "Fixed in 1f2e3d").reply_to, Some(root.id));
    assert_eq!(root.external_id, "1704445201.000200");
    assert_eq!(root.meta, r#"{"reactions":[{"emoji":"eyes","count":2,"by":["Bea Berg","U09"]}]}"#);
    assert_eq!(reply.meta, r#"{"edited_at":"2024-01-05T09:01:40Z"}"#);
    assert_eq!(
        said(&batch, "Build #7\nfailed <main>").meta,
        r#"{"subtype":"bot_message","bot":true,"embeds":[{"title":"Build #7","url":"https://ci.example/7"}]}"#
    );
    assert_eq!(
        said(&batch, "the trace").meta,
        r#"{"attachments":[{"name":"trace.txt","type":"text/plain","bytes":120,"url":"https://files.example/F01"},{}]}"#
    );
}

#[test]
fn edits_and_deletions_replace() {
    let batch = read("slack", &fixture("slack"));
    let original = said(&batch, "Fixed in 1f2e3d");
    let edit = said(&batch, "Fixed in 1f2e3d4");
    assert_eq!((edit.replaces, edit.sent), (Some(original.id), original.sent));
    assert_eq!(edit.id, Message::id_of_edit(original.id, Some(&edit.text)));
    assert!(edit.meta.contains(r#""edited_at":"2024-01-06T09:01:40Z""#), "{}", edit.meta);
    let deleted = said(&batch, "Looking.");
    let deletion = batch.messages.iter().find(|message| message.replaces == Some(deleted.id));
    let deletion = deletion.unwrap();
    assert_eq!((deletion.meta.as_str(), deletion.sent), (r#"{"deleted":true}"#, deleted.sent));
    assert_eq!(deletion.id, Message::id_of_edit(deleted.id, None));
    let gone: Vec<_> =
        batch.messages.iter().filter(|message| message.meta.contains("tombstone")).collect();
    assert!(
        gone.len() == 1 && gone[0].text.is_empty() && gone[0].meta.contains("\"deleted\":true")
    );
}

#[test]
fn a_root_that_became_a_tombstone_is_deleted() {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files() {
        file(&folder, &name, content);
    }
    let day = r#"[{"ts":"1704618000.000100","text":"a root"},
        {"type":"message","subtype":"message_changed","ts":"1704618001.000100","message":{"subtype":"tombstone","text":"This message was deleted.","ts":"1704618000.000100"}}]"#;
    file(&folder, "general/2024-01-07.json", day);
    let batch = read("slack", folder.path());
    let root = said(&batch, "a root");
    let deletion = batch.messages.iter().find(|message| message.replaces == Some(root.id)).unwrap();
    assert_eq!((deletion.text.as_str(), deletion.meta.as_str()), ("", r#"{"deleted":true}"#));
    assert_eq!(deletion.id, Message::id_of_edit(root.id, None));
}

#[test]
fn an_archive_gives_what_its_folder_gives() {
    let folder = tempfile::tempdir().unwrap();
    let path = archive(&folder, "export.zip", &files());
    assert_eq!(messages::sniff(&path).unwrap().name, "slack");
    assert_eq!(messages::sniff(&fixture("slack")).unwrap().name, "slack");
    let batch = read("slack", &path);
    assert_eq!(batch.messages, read("slack", &fixture("slack")).messages);
    assert_eq!(from("slack", &path, &batch), Batch::default());
    // Packed with the folder it was unpacked to.
    let outer: Vec<_> =
        files().into_iter().map(|(name, content)| (format!("toy/{name}"), content)).collect();
    let path = archive(&folder, "outer.zip", &outer);
    assert_eq!(messages::sniff(&path).unwrap().name, "slack");
    assert_eq!(read("slack", &path).messages, batch.messages);
    let other = zip(&folder, "other.zip", &[("users.json", b"[]"), ("a/2024-01-01.json", b"[]")]);
    assert!(messages::sniff(&other).is_err() && messages::sniff(folder.path()).is_err());
}

#[test]
fn what_is_new_in_a_folder_is_read() {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files() {
        file(&folder, &name, content);
    }
    let first = read("slack", folder.path());
    assert_eq!(from("slack", folder.path(), &first), Batch::default());
    let day = r#"[{"type":"message","user":"U01","text":"new","ts":"1704618000.000100"}]"#;
    file(&folder, "general/2024-01-07.json", day);
    let second = from("slack", folder.path(), &first);
    assert_eq!(second.messages.len(), first.messages.len() + 1);
    assert!(texts(&second).contains(&"new"));
}

#[test]
fn damaged_files_are_told_and_the_rest_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files() {
        file(&folder, &name, content);
    }
    file(
        &folder,
        "general/2024-01-05.json",
        "[{\"ts\":\"1704445201.1\",\"text\":\"kept\"},{\"text\":\"no time\"},7,{\"ts\":",
    );
    file(&folder, "general/2024-01-06.json", "{\"ok\":false}");
    file(&folder, "dms.json", "[{\"id\":");
    let batch = read("slack", folder.path());
    let told = problems(&batch);
    let starts = [
        "file: dms.json: ends in the middle of a value",
        "file: general/2024-01-05.json, message 2: has no time that can be read; skipped",
        "file: general/2024-01-05.json, message 3: is no JSON object",
        "file: general/2024-01-05.json, message 3: is damaged from here on: ends in the middle of a value",
        "file: general/2024-01-06.json, message 0: is damaged from here on: is no array",
    ];
    assert_eq!(told.len(), starts.len(), "{told:#?}");
    for (told, start) in told.iter().zip(starts) {
        assert!(told.starts_with(start), "{told} / {start}");
    }
    assert_eq!(texts(&batch), ["psst", "kept", "all three"]);
}

#[test]
fn damaged_archives() {
    let folder = tempfile::tempdir().unwrap();
    let packed = fs_err::read(archive(&folder, "export.zip", &files())).unwrap();
    read_damaged("slack", "x.zip", &packed);
    for (name, content) in files() {
        file(&folder, &format!("toy/{name}"), content);
    }
    let day = Path::new("toy/general/2024-01-05.json");
    let content = fs_err::read(folder.path().join(day)).unwrap();
    for len in (0..content.len()).step_by(3) {
        file(&folder, day.to_str().unwrap(), &content[..len]);
        read("slack", &folder.path().join("toy"));
    }
}

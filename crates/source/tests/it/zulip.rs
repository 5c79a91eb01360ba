//! Zulip exports: topics and conversations as streams, edits, and archives in any order.

use std::path::{Path, PathBuf};

use lichen_model::{Batch, Message, Timestamp};
use lichen_source::messages;

use crate::message_files::{file, fixture, from, problems, read, read_damaged, zip};

const EXPORT: &str = "zulip/zulip-export-toys";
/// In the order of a file system: the tables last.
const FILES: [&str; 4] =
    ["messages-000002.json", "messages-000001.json", "attachment.json", "realm.json"];

fn files() -> Vec<(String, Vec<u8>)> {
    let read = |name: &&str| {
        let content = fs_err::read(fixture(EXPORT).join(name)).unwrap();
        (format!("zulip-export-toys/{name}"), content)
    };
    FILES.iter().map(read).collect()
}

fn tar(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, &content[..]).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn archive(folder: &tempfile::TempDir, name: &str, files: &[(String, Vec<u8>)]) -> PathBuf {
    file(folder, name, gzip(&tar(files)))
}

fn sorted(batch: &Batch) -> Vec<Message> {
    let mut messages = batch.messages.clone();
    messages.sort_by_key(|message| message.id.as_u128());
    messages
}

#[test]
fn topics_and_conversations_are_streams() {
    let path = fixture(EXPORT);
    assert_eq!(messages::sniff(&path).unwrap().name, "zulip");
    let batch = read("zulip", &path);
    assert_eq!(problems(&batch), [""; 0]);
    let streams: Vec<_> =
        batch.streams.iter().map(|stream| (stream.name.as_str(), stream.title.as_str())).collect();
    assert_eq!(
        streams,
        [
            ("toys/5/parser", "Toys #general > parser"),
            ("toys/5/builds", "Toys #general > builds"),
            ("toys/dm/16,17", "Toys Ann Toy, Bea"),
            ("toys/dm/16,17,18", "Toys Ann Toy, Bea, CI"),
        ]
    );
    let said: Vec<_> = batch
        .messages
        .iter()
        .map(|message| {
            (message.external_id.as_str(), message.author.as_str(), message.meta.as_str())
        })
        .collect();
    assert_eq!(
        said,
        [
            (
                "101",
                "Ann Toy",
                r#"{"reactions":[{"emoji":"eyes","count":2,"by":["Bea","Ann Toy"]},{"emoji":"toy","count":1,"by":["CI"]}]}"#
            ),
            ("102", "Bea", ""),
            ("102", "Bea", r#"{"edited_at":"2024-01-05T09:00:05Z"}"#),
            (
                "102",
                "Bea",
                r#"{"edited_at":"2024-01-05T09:00:10Z","attachments":[{"name":"trace.txt","type":"text/plain","bytes":120,"url":"/user_uploads/2/ab/trace.txt"}]}"#
            ),
            ("103", "CI", r#"{"bot":true}"#),
            ("104", "Ann Toy", ""),
            ("105", "Bea", ""),
            ("106", "Ann Toy", ""),
        ]
    );
    let [first, looking, fixd, fixed, ..] = &batch.messages[..] else { panic!("{batch:?}") };
    assert_eq!(first.sent.at, Timestamp(1_704_445_200_123));
    assert_eq!((looking.text.as_str(), fixd.text.as_str()), ("Looking.", "Fixd"));
    assert!(fixed.text.starts_with("@_**Ann Toy|16**"));
    assert_eq!((looking.replaces, fixd.replaces), (None, Some(looking.id)));
    assert_eq!(fixed.replaces, Some(looking.id));
    assert_eq!(fixed.id, Message::id_of_edit(looking.id, Some(&fixed.text)));
}

#[test]
fn an_archive_gives_what_its_folder_gives() {
    let folder = tempfile::tempdir().unwrap();
    let expected = sorted(&read("zulip", &fixture(EXPORT)));
    let path = archive(&folder, "toys.tar.gz", &files());
    assert_eq!(messages::sniff(&path).unwrap().name, "zulip");
    let batch = read("zulip", &path);
    assert_eq!(problems(&batch), [""; 0]);
    assert_eq!(sorted(&batch), expected);
    assert_eq!(from("zulip", &path, &batch), Batch::default());
    let plain = file(&folder, "toys.tar", tar(&files()));
    assert_eq!(messages::sniff(&plain).unwrap().name, "zulip");
    assert_eq!(sorted(&read("zulip", &plain)), expected);
    let entries = files();
    let entries: Vec<_> = entries.iter().map(|(name, text)| (name.as_str(), &text[..])).collect();
    let zipped = zip(&folder, "toys.zip", &entries);
    assert_eq!(messages::sniff(&zipped).unwrap().name, "zulip");
    assert_eq!(sorted(&read("zulip", &zipped)), expected);
    let other = archive(&folder, "other.tar.gz", &[("a/b.json".to_owned(), b"{}".to_vec())]);
    assert!(messages::sniff(&other).is_err() && messages::sniff(folder.path()).is_err());
}

#[test]
fn a_topic_that_is_resolved_or_renamed_keeps_its_messages() {
    let folder = tempfile::tempdir().unwrap();
    let first = read("zulip", &fixture(EXPORT));
    let mut renamed = files();
    for (_, content) in &mut renamed {
        let text = String::from_utf8(content.clone()).unwrap();
        *content = text
            .replace("\"subject\": \"parser\"", "\"subject\": \"✔ parser\"")
            .replace("\"subject\": \"builds\"", "\"subject\": \"ci\"")
            .into_bytes();
    }
    let second = read("zulip", &archive(&folder, "x.tar.gz", &renamed));
    let ids = |batch: &Batch| sorted(batch).iter().map(|message| message.id).collect::<Vec<_>>();
    assert_eq!(ids(&first), ids(&second));
    let parser = |batch: &Batch| batch.streams.iter().any(|s| s.name == "toys/5/parser");
    assert!(parser(&first) && parser(&second));
}

#[test]
fn an_export_of_ones_own_names_recipients_itself() {
    let folder = tempfile::tempdir().unwrap();
    let user = r#"{"zerver_userprofile":[{"id":16,"full_name":"Ann"}],"zerver_recipient":[{"id":30,"type":2,"type_id":5}],"zerver_stream":[]}"#;
    file(&folder, "user.json", user);
    let messages = r#"{"zerver_message":[{"id":1,"sender":16,"recipient":30,"subject":"t","content":"a","date_sent":1704445200.5,"recipient_name":"general"},
        {"id":2,"sender":17,"recipient":31,"subject":"","content":"b","date_sent":1704445201,"recipient_name":"Bea, Cy"}]}"#;
    file(&folder, "messages-000001.json", messages);
    assert_eq!(messages::sniff(folder.path()).unwrap().name, "zulip");
    let batch = read("zulip", folder.path());
    let titles: Vec<_> = batch.streams.iter().map(|stream| stream.title.as_str()).collect();
    assert_eq!(titles, ["#general > t", "Bea, Cy"]);
    assert_eq!(batch.messages[1].author, "user 17");
}

#[test]
fn damage_is_told_and_the_rest_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files() {
        file(&folder, &name, content);
    }
    let root = folder.path().join("zulip-export-toys");
    let broken = r#"{"zerver_message":[{"id":1,"recipient":30,"content":"no time"},7,{"id":"x","recipient":1,"date_sent":1},{"recipient":1},{"id":2,"date_sent":3},
        {"id":101,"sender":99,"recipient":77,"content":"kept","date_sent":5},{"id""#;
    file(&folder, "zulip-export-toys/messages-000001.json", broken);
    file(&folder, "zulip-export-toys/attachment.json", "[]");
    let batch = read("zulip", &root);
    let told = problems(&batch);
    let starts = [
        "file: attachment.json: is no object of tables",
        "file: messages-000001.json, message 1: has no time that can be read; skipped",
        "file: messages-000001.json, message 2: is no JSON object",
        "file: messages-000001.json, message 3: has an id that is no number; skipped",
        "file: messages-000001.json, message 4: has no id; skipped",
        "file: messages-000001.json, message 5: has no recipient; skipped",
        "file: messages-000001.json, message 6: is damaged from here on: ends in the middle of a value",
    ];
    assert_eq!(told.len(), starts.len(), "{told:#?}");
    for (told, start) in told.iter().zip(starts) {
        assert!(told.starts_with(start), "{told} / {start}");
    }
    assert_eq!(batch.messages.len(), 4);
    assert_eq!(
        (batch.messages[0].text.as_str(), batch.streams[0].name.as_str()),
        ("kept", "toys/dm/r77")
    );

    // An archive that is cut gives what stands before the cut.
    let packed = tar(&files());
    let path = file(&folder, "cut.tar", &packed[..packed.len() - 3000]);
    let batch = read("zulip", &path);
    assert_eq!(batch.messages.len(), 8);
    let told = problems(&batch);
    assert!(told.iter().any(|told| told.contains("ends in the middle")), "{told:#?}");
}

#[test]
fn names_that_leave_the_root_and_links_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    builder.append_link(&mut header, "zulip-export-toys/realm.json", "/etc/passwd").unwrap();
    let mut header = tar::Header::new_gnu();
    header.as_mut_bytes()[..12].copy_from_slice(b"../user.json");
    header.set_size(2);
    header.set_cksum();
    builder.append(&header, &b"{}"[..]).unwrap();
    for (name, content) in files().iter().filter(|(name, _)| !name.contains("realm")) {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, Path::new(name), &content[..]).unwrap();
    }
    let path = file(&folder, "x.tar.gz", gzip(&builder.into_inner().unwrap()));
    let batch = read("zulip", &path);
    assert_eq!(batch.messages.len(), 8);
    assert_eq!(
        problems(&batch),
        [
            "file: entry zulip-export-toys/realm.json: is a link; skipped",
            "file: entry ../user.json: has a name that leaves the archive's root; skipped",
        ]
    );
}

#[test]
fn damaged_archives() {
    let packed = gzip(&tar(&files()));
    read_damaged("zulip", "x.tar.gz", &packed);
    read_damaged("zulip", "x.tar", &tar(&files()));
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files() {
        file(&folder, &name, content);
    }
    for name in ["realm.json", "messages-000001.json"] {
        let name = format!("zulip-export-toys/{name}");
        let content = fs_err::read(folder.path().join(&name)).unwrap();
        for len in (0..content.len()).step_by(7) {
            file(&folder, &name, &content[..len]);
            read("zulip", &folder.path().join("zulip-export-toys"));
        }
    }
}

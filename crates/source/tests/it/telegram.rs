//! Telegram Desktop's exports: of one chat, of an account, cut and damaged.

use std::fmt::Write as _;

use lichen_model::{Batch, Role};
use lichen_source::messages::{self, Source};

use crate::message_files::{
    file, fixture, from, problems, read, read_damaged, read_source, source, texts,
};

#[test]
fn a_chat() {
    let batch = read("telegram", &fixture("telegram/result.json"));
    assert_eq!(
        problems(&batch),
        ["file: Toy makers, message 7: is of a kind that the exporter leaves out; skipped"]
    );
    let stream = &batch.streams[0];
    assert_eq!((stream.name.as_str(), stream.title.as_str()), ("channel1234567", "Toy makers"));
    let said: Vec<_> = batch
        .messages
        .iter()
        .map(|message| {
            (
                message.external_id.as_str(),
                message.role,
                message.author.as_str(),
                message.text.as_str(),
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            ("1", Role::System, "Ann", "create group: Toy makers: Ann, Bea"),
            ("2", Role::User, "Ann", "See parse() in the file\n👍"),
            ("3", Role::User, "user9", "bell\u{7} and \\x41"),
            ("4", Role::User, "Bea", ""),
            ("5", Role::User, "Bea", "the trace"),
            ("8", Role::System, "Ann", "pin message"),
            ("6", Role::User, "Bea", "Ship it?\nYes\nNo"),
        ]
    );
    let messages = &batch.messages;
    assert_eq!(messages[1].sent.offset_minutes, 60);
    assert_eq!(messages[2].reply_to, Some(messages[1].id));
    assert_eq!(messages[5].reply_to, Some(messages[1].id));
    assert_eq!(messages[6].sent.offset_minutes, 0, "a local time alone tells no zone");
    assert_eq!(
        messages[1].meta,
        r#"{"from_id":"user1","reactions":[{"emoji":"👍","count":2,"by":["Bea"]},{"emoji":"stickers/1.webp","count":1}]}"#
    );
    assert_eq!(messages[2].meta, r#"{"edited_at":"2024-01-05T10:01:00+01:00","from_id":"user9"}"#);
    assert_eq!(
        messages[3].meta,
        r#"{"from_id":"user2","forwarded_from":"Cy","attachments":[{"name":"photo_1.jpg","type":"image","bytes":1234}],"reply_to":"999"}"#
    );
    assert!(messages[4].meta.contains(r#"{"name":"trace.txt","type":"text/plain","bytes":99}"#));
}

#[test]
fn an_account() {
    let path = fixture("telegram/account.json");
    assert_eq!(messages::sniff(&path).unwrap().name, "telegram");
    let batch = read("telegram", &path);
    assert_eq!(problems(&batch), [""; 0]);
    let streams: Vec<_> =
        batch.streams.iter().map(|stream| (stream.name.as_str(), stream.title.as_str())).collect();
    // What came in another order is named by what was known then, and titled in the end.
    assert_eq!(streams, [("user2", "Bea"), ("user1", "Saved Messages"), ("account", "News")]);
    assert_eq!(texts(&batch), ["psst", "a note", "bye"]);
    assert_eq!(batch.messages[1].reply_to, None, "a reply does not cross chats");
}

#[test]
fn an_unchanged_file_yields_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs_err::read_to_string(fixture("telegram/result.json")).unwrap();
    let path = file(&folder, "ChatExport/result.json", &text);
    let first = read("telegram", &path);
    assert_eq!(from("telegram", &path, &first), Batch::default());
    let exported = path.parent().unwrap();
    assert_eq!(messages::sniff(exported).unwrap().name, "telegram");
    assert_eq!(read("telegram", exported).messages, first.messages);
    fs_err::write(&path, text.replace("the trace", "a trace")).unwrap();
    assert_eq!(from("telegram", &path, &first).messages.len(), first.messages.len());
}

#[test]
fn what_stands_before_damage_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs_err::read_to_string(fixture("telegram/result.json")).unwrap();
    let cut = text.find("\"id\": 4").unwrap();
    let batch = read("telegram", &file(&folder, "result.json", &text[..cut]));
    assert_eq!(batch.messages.len(), 3);
    assert!(problems(&batch)[0].starts_with("file: is damaged from here on: ends in the middle"));
    let odd = r#"{"name":"x","type":"personal_chat","id":1,"messages":[7,{"id":1},{"id":2,"date_unixtime":"5","text":5},{"id":2,"date_unixtime":"5"},{"id":3,"date_unixtime":"6","text":"long long long long long long long long long"},"#;
    let path = file(&folder, "odd.json", odd);
    let batch = read_source("telegram", &Source { line_bytes_max: 60, ..source(&path) });
    let told = problems(&batch);
    let starts = [
        "file: x, message 1: is no JSON object",
        "file: x, message 2: has no time",
        "file: x, message 4: id came before",
        "file: x, message 5: is longer than the limit",
        "file: is damaged from here on",
    ];
    assert_eq!(told.len(), starts.len(), "{told:#?}");
    for (told, start) in told.iter().zip(starts) {
        assert!(told.starts_with(start), "{told} / {start}");
    }
}

#[test]
fn batches_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = r#"{"name":"x","type":"personal_chat","id":1,"messages":["#.to_owned();
    for at in 0..45_000 {
        let comma = if at == 0 { "" } else { "," };
        write!(
            text,
            r#"{comma}{{"id":{at},"type":"message","date_unixtime":"{at}","from":"a","text":"t"}}"#
        )
        .unwrap();
    }
    let path = file(&folder, "result.json", text + "]}");
    let format = messages::format("telegram").unwrap();
    let mut reader = (format.open)(&source(&path)).unwrap();
    let first = reader.next_batch().unwrap().unwrap();
    assert_eq!((first.messages.len(), first.progress.len(), first.streams.len()), (20_000, 0, 1));
    let estimate = reader.estimate();
    assert!(estimate.done > 0 && estimate.done < estimate.total);
    assert_eq!(read("telegram", &path).messages.len(), 45_000);
}

#[test]
fn other_json_is_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    for text in [
        "{}",
        "[]",
        r#"{"name":"x","type":"module","id":1,"messages":[]}"#,
        r#"{"about":"x","version":1}"#,
        r#"{"type":"personal_chat","text":"x"}"#,
    ] {
        let path = file(&folder, "x.json", text);
        assert!(messages::sniff(&path).map_or(true, |format| format.name != "telegram"), "{text}");
    }
}

#[test]
fn an_archive_gives_what_its_file_gives() {
    let folder = tempfile::tempdir().unwrap();
    let content = fs_err::read(fixture("telegram/result.json")).unwrap();
    let files: [(&str, &[u8]); 2] =
        [("ChatExport/result.json", &content), ("ChatExport/photos/a.jpg", b"\xff\xd8")];
    let path = crate::message_files::zip(&folder, "chat.zip", &files);
    assert_eq!(messages::sniff(&path).unwrap().name, "telegram");
    let batch = read("telegram", &path);
    assert_eq!(batch.messages, read("telegram", &fixture("telegram/result.json")).messages);
    assert_eq!(from("telegram", &path, &batch), Batch::default());
}

#[test]
fn damaged_exports() {
    for name in ["telegram/result.json", "telegram/account.json"] {
        read_damaged("telegram", "result.json", &fs_err::read(fixture(name)).unwrap());
    }
}

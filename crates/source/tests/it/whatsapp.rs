//! WhatsApp exports: what becomes of each line, in which language it may be, and how a chat goes on.

use lichen_model::{Batch, Role, StreamKind};
use lichen_source::messages::{self, Source};

use crate::message_files::{
    append, file, fixture, from, joined, problems, read, read_damaged, read_source, source, texts,
    zip,
};

const ANDROID: &str = "whatsapp/WhatsApp Chat with Toy makers.txt";
const IOS: &str = "whatsapp/_chat.txt";

fn times(batch: &Batch) -> Vec<String> {
    let time = |at: i64| jiff::Timestamp::from_millisecond(at).unwrap().to_string();
    batch.messages.iter().map(|message| time(message.sent.at.0)).collect()
}

#[test]
fn a_chat_of_android() {
    let batch = read("whatsapp", &fixture(ANDROID));
    assert_eq!(problems(&batch), [""; 0]);
    let stream = &batch.streams[0];
    assert_eq!(
        (stream.source.as_str(), stream.name.as_str(), stream.kind),
        ("whatsapp", "Toy makers", StreamKind::Chat)
    );
    let said: Vec<_> = batch
        .messages
        .iter()
        .map(|message| (message.role, message.author.as_str(), message.text.as_str()))
        .collect();
    let encrypted = "Messages and calls are end-to-end encrypted. No one outside of this chat, not even WhatsApp, can read or listen to them. Tap to learn more.";
    assert_eq!(
        said,
        [
            (Role::System, "", encrypted),
            (Role::System, "", "Ann created group \"Toy: makers\""),
            (Role::User, "Ann", "The parser drops the last line.\nLook:\n\nfn parse() {}"),
            (
                Role::User,
                "Bea Berg",
                "12/05/22, 10:30 - Cy: quoted\n[12/05/22, 10:30:00] Cy: pasted"
            ),
            (Role::User, "Bea Berg", "+1"),
            (Role::User, "Bea Berg", "+1"),
            (Role::User, "Ann", ""),
            (Role::User, "Ann", "\u{200e}IMG-20231212-WA0001.jpg (file attached)\nthe trace"),
            (Role::User, "+49 170 1234567", ""),
            (Role::User, "Ann", "fixed in 1f2e3d"),
            (Role::User, "Ann", "Ratio: 3:1"),
        ]
    );
    let times = times(&batch);
    assert_eq!(
        (times[2].as_str(), times[3].as_str()),
        ("2023-12-11T21:59:00Z", "2023-12-12T00:03:00Z")
    );
    let metas: Vec<_> = batch.messages[6..10].iter().map(|message| message.meta.as_str()).collect();
    assert_eq!(
        metas,
        [
            r#"{"attachments":[{}]}"#,
            r#"{"attachments":[{"name":"IMG-20231212-WA0001.jpg","type":"image/jpeg"}]}"#,
            r#"{"deleted":true}"#,
            r#"{"edited":true}"#,
        ]
    );
    assert_ne!(batch.messages[4].id, batch.messages[5].id);
}

#[test]
fn a_chat_of_ios() {
    let batch = read("whatsapp", &fixture(IOS));
    assert_eq!(problems(&batch), [""; 0]);
    let said: Vec<_> = batch
        .messages
        .iter()
        .map(|message| (message.role, message.author.as_str(), message.text.as_str()))
        .collect();
    assert_eq!(
        said,
        [
            (Role::System, "Werkstatt", "Nachrichten und Anrufe sind Ende-zu-Ende-verschlüsselt."),
            (Role::User, "~ Ann", "Guten Morgen"),
            (Role::User, "Bea", "\u{200e}<Anhang: 00000003-PHOTO-2024-01-05-08-00-03.jpg>"),
            (Role::User, "Bea", ""),
            (Role::User, "Bea", "doch nicht"),
            (
                Role::User,
                "Bea",
                "\u{200e}UMFRAGE:\nWann?\n\u{200e}OPTION: Montag (\u{200e}1 Stimme)"
            ),
            (Role::System, "Bea", "Bea hat den Betreff geändert"),
        ]
    );
    assert_eq!(batch.messages[3].meta, r#"{"attachments":[{"type":"image"}]}"#);
    assert_eq!(times(&batch)[6], "2024-01-07T08:00:07Z");
}

#[test]
fn an_archive_gives_what_its_text_gives() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs_err::read(fixture(IOS)).unwrap();
    let photo = "00000003-PHOTO-2024-01-05-08-00-03.jpg";
    let files: [(&str, &[u8]); 3] = [("_chat.txt", &text), (photo, b"JPEG"), ("../evil", b"x")];
    let path = zip(&folder, "WhatsApp Chat - Werkstatt (2).zip", &files);
    assert_eq!(messages::sniff(&path).unwrap().name, "whatsapp");
    let batch = read("whatsapp", &path);
    assert_eq!(batch.streams[0].name, "Werkstatt");
    assert_eq!(texts(&batch), texts(&read("whatsapp", &fixture(IOS))));
    assert!(batch.messages[2].meta.contains("\"bytes\":4"), "{}", batch.messages[2].meta);
    assert_eq!(from("whatsapp", &path, &batch), Batch::default());
    let named = zip(&folder, "export.zip", &[("WhatsApp Chat with Cy.txt", &text)]);
    assert_eq!(read("whatsapp", &named).streams[0].name, "Cy");
    let other = zip(&folder, "other.zip", &[("a.txt", b"hello"), ("b.txt", b"you")]);
    assert!(messages::sniff(&other).is_err());
    let bomb = zip(&folder, "bomb.zip", &[("_chat.txt", &vec![0; 16 << 20])]);
    let told = problems(&read("whatsapp", &bomb));
    assert!(told.iter().any(|told| told.contains("entry `_chat.txt` of `")), "{told:?}");
}

#[test]
fn a_growing_chat_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs_err::read_to_string(fixture(ANDROID)).unwrap();
    let whole = read("whatsapp", &file(&folder, "whole/WhatsApp Chat with X.txt", &text));
    let cuts: Vec<_> = text.match_indices("\n12/1").map(|(at, _)| at + 1).collect();
    for cut in cuts {
        let path = file(&folder, &format!("{cut}/WhatsApp Chat with X.txt"), &text[..cut]);
        let first = read("whatsapp", &path);
        assert_eq!(from("whatsapp", &path, &first), Batch::default());
        append(&path, &text[cut..]);
        let second = from("whatsapp", &path, &first);
        assert_eq!(joined(&first, &second).len(), whole.messages.len(), "cut at {cut}");
        assert_eq!(joined(&first, &second), whole.messages, "cut at {cut}");
    }
    let path = file(&folder, "WhatsApp Chat with X.txt", &text);
    let first = read("whatsapp", &path);
    fs_err::write(&path, text.replace("Look", "See")).unwrap();
    assert_eq!(from("whatsapp", &path, &first).messages.len(), whole.messages.len());
}

#[test]
fn batches_are_bounded_and_a_dropped_reader_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let line = |at: u32| format!("{}/1/23, 10:{:02} - Ann: text {at}\n", at / 2_000 + 1, at % 60);
    let text: String = (0..45_000).map(line).collect();
    let path = file(&folder, "WhatsApp Chat with X.txt", &text);
    let format = messages::format("whatsapp").unwrap();
    let mut reader = (format.open)(&source(&path)).unwrap();
    let first = reader.next_batch().unwrap().unwrap();
    assert_eq!((first.messages.len(), first.progress.len()), (20_000, 1));
    drop(reader);
    let rest = from("whatsapp", &path, &first);
    assert_eq!(rest.messages.len(), 25_000);
    let mut ids: Vec<_> = joined(&first, &rest).iter().map(|message| message.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 45_000);
}

#[test]
fn what_cannot_be_told_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let ask = |text: &str| {
        let path = file(&folder, "WhatsApp Chat with X.txt", text);
        let batch = read_source("whatsapp", &Source { line_bytes_max: 60, ..source(&path) });
        (problems(&batch), texts(&batch).join("|"))
    };
    let (told, _) = ask("1/2/23, 10:00 - Ann: a\n1/2/23, 10:01 - Ann: b\n");
    assert_eq!(
        told,
        ["file: cannot tell days from months by the dates; days are taken to come first"]
    );
    let (told, found) =
        ask("before\n1/2/23, 10:00 - Ann: a\n13/2/23, 10:01 - Ann: b\n99/99/23, 10:01 - Ann: c\n");
    assert_eq!(
        told,
        [
            "file: line 1: stands before the first message; skipped",
            "file: line 4: has a date that does not exist; taken as 1970"
        ]
    );
    assert_eq!(found, "c|a|b");
    let long = "x".repeat(50);
    let (told, found) = ask(&format!("13/2/23, 10:00 - Ann: a\n{long}\n{long}\n{long}{long}\n"));
    assert_eq!(told, ["file: line 1: is longer than the limit; cut"]);
    assert_eq!(found, format!("a\n{long}"));
    assert_eq!(ask("nothing here\n").0[0], "file: holds no message");
}

#[test]
fn formats_are_told_by_their_first_line() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(messages::sniff(&fixture(ANDROID)).unwrap().name, "whatsapp");
    assert_eq!(messages::sniff(&fixture(IOS)).unwrap().name, "whatsapp");
    for text in ["hello\n12/31/23, 9:05 - a: b\n", "", "# Notes\n"] {
        assert!(messages::sniff(&file(&folder, "x.txt", text)).is_err());
    }
    let log = file(&folder, "x.log", "12/31/23, 9:05 - a: b\n");
    assert!(messages::sniff(&log).is_err());
}

#[test]
fn an_archive_of_several_chats_gives_them_all() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (fs_err::read(fixture(ANDROID)).unwrap(), fs_err::read(fixture(IOS)).unwrap());
    let files: [(&str, &[u8]); 3] = [
        ("WhatsApp Chat with Toy makers.txt", &one),
        ("WhatsApp Chat - Bea/_chat.txt", &two),
        ("notes about whatsapp.txt", b"no chat at all"),
    ];
    let path = zip(&folder, "all.zip", &files);
    assert_eq!(messages::sniff(&path).unwrap().name, "whatsapp");
    let batch = read("whatsapp", &path);
    let names: Vec<_> = batch.streams.iter().map(|stream| stream.name.as_str()).collect();
    assert_eq!(names, ["Bea", "Toy makers"]);
    let alone = read("whatsapp", &fixture(ANDROID)).messages.len()
        + read("whatsapp", &fixture(IOS)).messages.len();
    assert_eq!(batch.messages.len(), alone);
    assert_eq!(batch.progress.len(), 1);
    assert_eq!(from("whatsapp", &path, &batch), Batch::default());
}

#[test]
fn damaged_chats() {
    read_damaged("whatsapp", "_chat.txt", &fs_err::read(fixture(IOS)).unwrap());
    read_damaged("whatsapp", "x.txt", &fs_err::read(fixture(ANDROID)).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let text = fs_err::read(fixture(IOS)).unwrap();
    read_damaged(
        "whatsapp",
        "x.zip",
        &fs_err::read(zip(&folder, "y.zip", &[("_chat.txt", &text)])).unwrap(),
    );
}

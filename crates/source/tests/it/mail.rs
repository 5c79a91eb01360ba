//! Mailboxes: threads, bodies, quotes, and files that grow.

use lichen_source::messages;

use crate::message_files::{
    append, damage, file, fixture, from, joined, mutate, problems, read, source, texts,
};

#[test]
fn an_mbox() {
    let path = fixture("mbox/list.mbox");
    assert_eq!(messages::sniff(&path).unwrap().name, "mbox");
    let batch = read("mbox", &path);
    assert_eq!(problems(&batch), ["file: line 46: has no date that can be read; taken as 1970"]);
    let by_id = |id: &str| batch.messages.iter().find(|message| message.external_id == id).unwrap();
    let (first, second, third) =
        (by_id("1@example.org"), by_id("2@example.org"), by_id("3@example.org"));
    assert_eq!((first.author.as_str(), first.sent.offset_minutes), ("Ann Müller", 60));
    assert_eq!(first.text, "Ship it?\nFrom here on it is stable.");
    assert_eq!(second.text, "On Mon, Ann wrote:\n> Ship it?\nCafé first.");
    assert_eq!(second.reply_to, Some(first.id));
    assert_eq!(third.reply_to, Some(second.id));
    assert!(third.text.contains("Tea & cake"));
    assert!(second.meta.contains(r#""quoted":[[0,30]]"#), "{}", second.meta);
    assert!(second.meta.contains(r#""name":"plan.pdf""#), "{}", second.meta);
    let cut: Vec<_> = batch
        .passages
        .iter()
        .filter(|passage| passage.owner == lichen_model::Owner::Message(second.id))
        .map(|passage| (passage.line, passage.span.clone()))
        .collect();
    assert_eq!(cut, [(3, 30..42)]);
}

#[test]
fn a_growing_mbox() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs_err::read_to_string(fixture("mbox/list.mbox")).unwrap();
    let whole = read("mbox", &file(&folder, "whole/list.mbox", &text));
    for (cut, _) in
        text.match_indices("\nFrom ").filter(|(at, _)| text[*at + 6..].contains("From:"))
    {
        if text[cut + 1..].starts_with("From here") {
            continue;
        }
        let path = file(&folder, "cut/list.mbox", &text[..=cut]);
        let first = read("mbox", &path);
        append(&path, &text[cut + 1..]);
        let second = from("mbox", &path, &first);
        let mut both = joined(&first, &second);
        both.sort_by_key(|message| message.sent.at);
        assert_eq!(both, whole.messages, "cut at {cut}");
        assert!(texts(&from("mbox", &path, &second)).is_empty());
    }
}

#[test]
fn mutated_mailboxes() {
    mutate("mbox", &fixture("mbox/list.mbox"));
}

#[test]
fn a_maildir() {
    let folder = tempfile::tempdir().unwrap();
    let mail = |id: &str, to: &str| {
        format!(
            "From: a@b\nMessage-ID: <{id}>\nIn-Reply-To: <{to}>\nDate: Mon, 01 Jan 2024 10:00:00 +0000\n\ntext {id}\n"
        )
    };
    std::fs::create_dir_all(folder.path().join("box/new")).unwrap();
    file(&folder, "box/cur/1.a:2,S", mail("1", "0"));
    let path = folder.path().join("box");
    assert_eq!(messages::sniff(&path).unwrap().name, "maildir");
    let first = read("maildir", &path);
    assert_eq!(texts(&first), ["text 1"]);
    assert_eq!(from("maildir", &path, &first), lichen_model::Batch::default());
    file(&folder, "box/new/2.b", mail("2", "1"));
    let second = from("maildir", &path, &first);
    assert_eq!(texts(&second), ["text 1", "text 2"]);
    assert_eq!(second.messages[1].reply_to, Some(first.messages[0].id));
    assert_eq!(second.streams[0].name, "box");
    assert!(messages::sniff(folder.path()).is_err());
}

#[test]
fn mutated_maildirs() {
    let folder = tempfile::tempdir().unwrap();
    let mail = "From: a@b\nMessage-ID: <1>\nDate: Mon, 01 Jan 2024 10:00:00 +0000\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\ncaf=C3=A9\n--x--\n";
    std::fs::create_dir_all(folder.path().join("new")).unwrap();
    file(&folder, "cur/2.b:2,S", mail);
    damage(mail.as_bytes(), |content| {
        file(&folder, "new/1.a", content);
        let batch = read("maildir", folder.path());
        assert!(texts(&batch).contains(&"café"), "the other mail is kept");
    });
}

#[test]
fn problems_of_a_maildir_name_the_mail() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("new")).unwrap();
    file(&folder, "cur/1.a:2,S", "From: a@b\n\nno date\n");
    assert_eq!(
        problems(&read("maildir", folder.path())),
        ["file: cur/1.a:2,S: has no date that can be read; taken as 1970"]
    );
}

#[test]
fn only_the_last_batch_of_a_maildir_tells_a_position() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("new")).unwrap();
    let long = format!("From: a@b\n\n{}\n", "text ".repeat(2 << 20));
    for name in ["1", "2", "3"] {
        file(&folder, &format!("cur/{name}"), &long);
    }
    let format = messages::format("maildir").unwrap();
    let mut reader = (format.open)(&source(folder.path())).unwrap();
    let mut positions = Vec::new();
    while let Some(batch) = reader.next_batch().unwrap() {
        positions.push(batch.progress.len());
    }
    assert_eq!(positions, [0, 1]);
}

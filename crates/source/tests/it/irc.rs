//! IRC logs: what becomes of each client's lines, and logs that grow.

use lichen_model::Role;
use lichen_source::messages;

use crate::message_files::{append, file, fixture, from, joined, mutate, problems, read, texts};

#[test]
fn an_irssi_log() {
    let path = fixture("irc/libera/#rust.log");
    assert_eq!(messages::sniff(&path).unwrap().name, "irc");
    let batch = read("irc", &path);
    assert_eq!(problems(&batch), ["file: line 10: is no line of an IRC log; skipped"]);
    assert_eq!(batch.streams[0].name, "libera/#rust");
    let told: Vec<_> = batch
        .messages
        .iter()
        .map(|message| (message.role, message.author.as_str(), message.text.as_str()))
        .collect();
    assert_eq!(
        told[2..],
        [
            (Role::User, "ann", "ship it?"),
            (Role::User, "bea", "+1"),
            (Role::User, "bea", "+1"),
            (Role::User, "ann", "ships"),
            (Role::User, "srv", "mind the gap"),
            (Role::System, "", "ann changed the topic of #rust to: released"),
        ]
    );
    assert_ne!(batch.messages[3].id, batch.messages[4].id);
    assert_eq!(batch.messages[2].meta, r#"{"mode":"@"}"#);
    assert_eq!(batch.messages[2].sent.at.0, 1_471_300_740_000);
    assert_eq!(batch.messages[6].sent.at.0, 1_471_305_660_000);
    assert_eq!(batch.passages.len(), 7, "none of the join");
}

#[test]
fn other_clients() {
    let batch = read("irc", &fixture("irc/irc.libera.#rust.weechatlog"));
    assert_eq!(problems(&batch), [""; 0]);
    assert_eq!(batch.streams[0].name, "libera/#rust");
    assert_eq!(texts(&batch)[1..3], ["ship it?", "nods"]);
    let path = fixture("irc/#rust_20240102.log");
    assert_eq!(messages::sniff(&path).unwrap().name, "irc");
    let batch = read("irc", &path);
    assert_eq!(problems(&batch), ["file: line 4: is not UTF-8; read as Windows-1252"]);
    assert_eq!(texts(&batch), ["late", "Joins: bea (b@host)", "yawns", "café"]);
    assert_eq!(batch.messages[2].sent.at.0 - batch.messages[0].sent.at.0, 3_000, "past midnight");
}

#[test]
fn a_log_in_two_parts_gives_what_it_gives_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["irc/libera/#rust.log", "irc/#rust_20240102.log"] {
        let text = fs_err::read(fixture(name)).unwrap();
        let whole = read("irc", &file(&folder, &format!("whole/{name}"), &text));
        for cut in 0..text.len() {
            let path = file(&folder, &format!("cut/{name}"), &text[..cut]);
            let first = read("irc", &path);
            fs_err::write(&path, &text).unwrap();
            let second = from("irc", &path, &first);
            assert_eq!(joined(&first, &second), whole.messages, "{name} cut at {cut}");
            assert!(from("irc", &path, &second).messages.is_empty());
        }
    }
    let path = file(&folder, "#a.log", "12:34 <ann> half");
    let first = read("irc", &path);
    assert_eq!(first.messages.len(), 0);
    append(&path, " a line\n");
    let second = read("irc", &path);
    assert_eq!(texts(&second), ["half a line"]);
    assert!(problems(&second)[0].contains("has no date"));
}

#[test]
fn mutated_logs() {
    for name in
        ["irc/libera/#rust.log", "irc/#rust_20240102.log", "irc/irc.libera.#rust.weechatlog"]
    {
        mutate("irc", &fixture(name));
    }
}

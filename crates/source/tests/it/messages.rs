//! Chats as JSON lines: files that grow, are rewritten or damaged, and what becomes of each line.

use std::fmt::Write as _;
use std::path::Path;

use lichen_model::{Batch, Message, Owner, PassageKind, Role, StreamKind, Timestamp};
use lichen_source::messages::{self, Field, Mapping, Source};

use crate::message_files::{
    append, file, fixture, from, joined, problems, read, read_source, source, texts,
};

#[test]
fn a_chat_as_jsonl() {
    let batch = read("jsonl", &fixture("chat.jsonl"));
    assert_eq!(problems(&batch), [""; 0]);
    let streams: Vec<_> = batch
        .streams
        .iter()
        .map(|stream| (stream.name.as_str(), stream.title.as_str(), stream.kind))
        .collect();
    assert_eq!(
        streams,
        [("general", "The general talk", StreamKind::Chat), ("ops", "", StreamKind::Chat)]
    );
    assert_eq!(
        texts(&batch),
        ["First!", "An answer\nin two lines", "Third", "Restarted the server."]
    );
    let answer = &batch.messages[1];
    assert_eq!(answer.reply_to, Some(batch.messages[0].id));
    assert_eq!((answer.author.as_str(), answer.external_id.as_str()), ("bea", "2"));
    assert_eq!((answer.sent.at, answer.sent.offset_minutes), (Timestamp(1_700_000_060_500), 60));
    assert_eq!(answer.meta, r#"{"reactions":["+1", "eyes"],"edited":true}"#);
    let tags: Vec<_> = batch.tags.iter().map(|tag| tag.name.as_str()).collect();
    assert_eq!(tags, ["release", "plan"]);
    let contexts: Vec<_> =
        batch.passages.iter().map(|passage| (passage.kind, passage.context.as_str())).collect();
    assert_eq!(contexts, ["ann", "bea", "ann", "cy"].map(|author| (PassageKind::Chat, author)));
}

#[test]
fn names_by_mapping() {
    let folder = tempfile::tempdir().unwrap();
    let line = r#"{"ts":"1700000000.000100","user":{"name":"ann","team":1},"body":{"text":"hello","html":"<b>hello</b>"},"channel":7}"#;
    let path = file(&folder, "slack.jsonl", format!("{line}\n"));
    let mapping = Mapping::default()
        .with(Field::Id, "ts")
        .with(Field::Time, "ts")
        .with(Field::Author, "user")
        .with(Field::Text, "body.text")
        .with(Field::Stream, "channel");
    assert_eq!(
        mapping,
        "id=ts, time=ts,author=user,text=body.text,stream=channel".parse().unwrap()
    );
    let batch = read_source("jsonl", &Source { mapping, ..source(&path) });
    assert_eq!(problems(&batch), [""; 0]);
    let message = &batch.messages[0];
    assert_eq!(
        (message.external_id.as_str(), message.author.as_str(), message.text.as_str()),
        ("1700000000.000100", "ann", "hello")
    );
    assert_eq!(message.sent.at, Timestamp(1_700_000_000_000));
    assert_eq!(message.meta, r#"{"body":{"html":"<b>hello</b>"}}"#);
    assert_eq!(batch.streams[0].name, "7");
    assert!("text=".parse::<Mapping>().is_err() && "words=x".parse::<Mapping>().is_err());
}

#[test]
fn roles_and_tools_make_an_agents_session() {
    let folder = tempfile::tempdir().unwrap();
    let lines = concat!(
        r#"{"id":1,"role":"user","time":1700000000,"text":"Fix it"}"#,
        "\n",
        r#"{"id":2,"role":"assistant","time":1700000001,"text":"","reply_to":1,"tools":[{"id":"t","tool":"Edit","paths":["src/a.rs"],"command":"make","patch":"-a\n+b","input":{"x": 1}}]}"#,
        "\n",
        r#"{"id":3,"role":"wizard","time":1700000002,"text":"Who?"}"#,
        "\n",
    );
    let batch = read("jsonl", &file(&folder, "session-9.jsonl", lines));
    assert_eq!(problems(&batch), [""; 0]);
    assert_eq!(
        (batch.streams[0].name.as_str(), batch.streams[0].kind),
        ("session-9", StreamKind::Agent)
    );
    let call = &batch.messages[1].tool_calls[0];
    assert_eq!(
        (call.tool.as_str(), call.external_id.as_str(), call.input.as_str()),
        ("Edit", "t", r#"{"x": 1}"#)
    );
    assert_eq!((call.command.as_deref(), call.patch.as_deref()), (Some("make"), Some("-a\n+b")));
    assert_eq!(batch.messages[1].role, Role::Assistant);
    assert_eq!(
        (batch.messages[2].role, batch.messages[2].meta.as_str()),
        (Role::User, r#"{"role":"wizard"}"#)
    );
    let passages: Vec<_> = batch
        .passages
        .iter()
        .map(|passage| (passage.span.len(), passage.context.as_str()))
        .collect();
    assert_eq!(passages, [(6, "user"), (0, "assistant\nEdit\nmake\nsrc/a.rs"), (4, "user")]);
    assert!(batch.passages.iter().all(|passage| passage.kind == PassageKind::Agent));
}

#[test]
fn the_first_message_decides_who_speaks() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "x.jsonl", "{\"id\":1,\"role\":\"user\",\"time\":1,\"text\":\"a\"}\n");
    let first = read("jsonl", &path);
    append(&path, "{\"id\":2,\"time\":2,\"text\":\"b\"}\n");
    let second = from("jsonl", &path, &first);
    assert_eq!((first.streams, first.passages[0].kind), (second.streams, second.passages[0].kind));
}

#[test]
fn damaged_lines_are_told_and_the_rest_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut content =
        b"\xEF\xBB\xBF{\"id\":\"1\",\"time\":1,\"text\":\"after a mark\"}\r\n\r\n".to_vec();
    content.extend_from_slice(b"{\"id\":\"2\",\"time\":2,\"text\":\"caf\xe9\"}\n");
    content.extend_from_slice(
        b"not json\n[1]\n{\"id\":\"3\",\"time\":3}\n{\"id\":\"4\",\"text\":\"no time\"}\n",
    );
    content.extend_from_slice(b"{\"id\":\"5\",\"time\":\"soon\",\"text\":\"bad time\"}\n");
    content.extend_from_slice(b"{\"id\":\"1\",\"time\":1,\"text\":\"after a mark\"}\n");
    content.extend_from_slice(b"{\"id\":\"6\",\"time\":6,\"text\":\"half \\ud83d pair\"}\n");
    content.extend_from_slice(
        format!("{{\"id\":\"7\",\"time\":7,\"text\":\"{}\"}}\n", "x".repeat(500)).as_bytes(),
    );
    content.extend_from_slice(b"{\"id\":\"8\",\"time\":8,\"text\":\"last\"}\n");
    let path = file(&folder, "damaged.jsonl", content);
    let batch = read_source("jsonl", &Source { line_bytes_max: 400, ..source(&path) });
    let mut found = texts(&batch);
    found.sort_unstable();
    assert_eq!(
        found,
        ["after a mark", "bad time", "caf\u{fffd}", "half \u{fffd} pair", "last", "no time"]
    );
    let told = problems(&batch);
    let starts = [
        "file: line 3: is not UTF-8",
        "file: line 4: is no JSON object",
        "file: line 5: is no JSON object",
        "file: line 6: has no text under `text`; skipped",
        "file: line 7: has no time under `time`; taken as 1970",
        "file: line 8: has a time that cannot be read: \"soon\"; taken as 1970",
        "file: line 9: id came before",
        "file: line 11: is longer than the limit; skipped",
    ];
    assert_eq!(told.len(), starts.len(), "{told:?}");
    for (told, start) in told.iter().zip(starts) {
        assert!(told.starts_with(start), "{told} / {start}");
    }
}

#[test]
fn one_fault_in_every_line_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "x.jsonl", "oops\n".repeat(1_000));
    let batch = read("jsonl", &path);
    assert_eq!(batch.problems.len(), 11);
    assert_eq!(problems(&batch)[10], "file: is no JSON object (990 more like it)");
    assert_eq!(batch.progress.len(), 1, "what was skipped is not read again");
}

#[test]
fn messages_without_ids() {
    let folder = tempfile::tempdir().unwrap();
    let line = r#"{"stream":"s","author":"ann","time":5,"text":"+1"}"#;
    let path = file(&folder, "x.jsonl", format!("{line}\n{line}\n"));
    let first = read("jsonl", &path);
    assert_eq!(first.messages.len(), 2);
    assert_ne!(first.messages[0].id, first.messages[1].id);
    append(&path, &format!("{line}\n"));
    let second = from("jsonl", &path, &first);
    let whole = read("jsonl", &path);
    assert_eq!(
        joined(&first, &second),
        whole.messages,
        "a file in two parts gives what it gives at once"
    );
}

#[test]
fn a_growing_file_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let line =
        |at: u32| format!(r#"{{"id":"{at}","time":{at},"text":"text {at}","reply_to":"1"}}"#);
    let path = file(&folder, "x.jsonl", format!("{}\n{}\n{}", line(1), line(2), &line(3)[..20]));
    let first = read("jsonl", &path);
    assert_eq!((texts(&first), first.problems.len()), (vec!["text 1", "text 2"], 0));
    // Nothing has changed yet: the half line is neither read nor told.
    assert_eq!(from("jsonl", &path, &first), Batch::default());
    append(&path, &line(3)[20..]);
    let second = from("jsonl", &path, &first);
    assert_eq!(texts(&second), ["text 3"], "a whole object without a line end is read");
    append(&path, &format!("\n{}\n", line(4)));
    let third = from("jsonl", &path, &second);
    assert_eq!(texts(&third), ["text 4"]);
    assert_eq!(
        third.messages[0].reply_to,
        Some(first.messages[0].id),
        "the line it answers stands far before"
    );
    assert_eq!(from("jsonl", &path, &third), Batch::default());
}

#[test]
fn a_rewritten_file_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "x.jsonl", "{\"id\":\"1\",\"time\":1,\"text\":\"old\"}\n");
    let first = read("jsonl", &path);
    fs_err::write(
        &path,
        "{\"id\":\"1\",\"time\":1,\"text\":\"new\"}\n{\"id\":\"2\",\"time\":2,\"text\":\"more\"}\n",
    )
    .unwrap();
    assert_eq!(texts(&from("jsonl", &path, &first)), ["new", "more"]);
    fs_err::write(&path, "{}\n").unwrap();
    assert_eq!(from("jsonl", &path, &first).problems.len(), 1, "a shorter file is another file");
}

#[test]
fn batches_are_bounded_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut content = String::new();
    for at in 0..45_000_u32 {
        let time = 1_700_000_000 - (at * 7919) % 1000;
        writeln!(
            content,
            "{{\"id\":\"{at}\",\"stream\":\"s{}\",\"time\":{time},\"text\":\"t\"}}",
            at % 3
        )
        .unwrap();
    }
    let path = file(&folder, "x.jsonl", content);
    let format = messages::format("jsonl").unwrap();
    let mut reader = (format.open)(&source(&path)).unwrap();
    let first = reader.next_batch().unwrap().unwrap();
    assert_eq!((first.messages.len(), first.streams.len()), (20_000, 3));
    let order: Vec<_> = first
        .messages
        .iter()
        .map(|message| {
            (
                first.streams.iter().position(|stream| stream.id == message.stream).unwrap(),
                message.sent.at,
            )
        })
        .collect();
    assert!(order.is_sorted());
    drop(reader);
    let rest = from("jsonl", &path, &first);
    assert_eq!(rest.messages.len(), 25_000);
}

#[test]
fn formats_are_told_by_their_heads() {
    let folder = tempfile::tempdir().unwrap();
    let format = |path: &Path| messages::sniff(path).map(|format| format.name);
    assert_eq!(format(&fixture("chat.jsonl")).unwrap(), "jsonl");
    assert_eq!(
        format(&fixture(
            "claude/projects/-home-ann-toy/5e551015-0000-4000-8000-000000000001.jsonl"
        ))
        .unwrap(),
        "claude-code"
    );
    let other = file(&folder, "x.bin", b"\0\0");
    let error = format(&other).unwrap_err().to_string();
    assert!(
        error.ends_with(
            "is in no known format of messages; known are: claude-code, codex, gemini, opencode, cursor, aider, slack, \
             zulip, telegram, discord, matrix, whatsapp, github, gitlab, irc, csv, maildir, mbox, jsonl"
        ),
        "{error}"
    );
    assert!(format(&folder.path().join("absent.jsonl")).is_err());
}

#[test]
fn an_id_that_comes_again_with_another_text_is_an_edit() {
    let folder = tempfile::tempdir().unwrap();
    let line = |text: &str| format!(r#"{{"id":"1","time":5,"text":"{text}"}}"#) + "\n";
    let path = file(&folder, "x.jsonl", line("one") + &line("two") + &line("one"));
    let batch = read("jsonl", &path);
    let first = batch.messages[0].id;
    let edit = &batch.messages[1];
    assert_eq!((edit.text.as_str(), edit.replaces), ("two", Some(first)));
    assert_eq!(edit.id, Message::id_of_edit(first, Some("two")));
    assert_eq!(batch.messages.len(), 2, "what was said before is no news");
    assert_eq!(batch.passages[1].owner, Owner::Message(edit.id));
}

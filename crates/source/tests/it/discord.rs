//! Discord's channels and threads as DiscordChatExporter writes them.

use lichen_model::{Batch, Message, Role, Timestamp};
use lichen_source::messages;

use crate::message_files::{file, fixture, from, problems, read, read_damaged, texts, zip};

const CHANNEL: &str = "discord/Toys - makers - general [900].json";

#[test]
fn a_channel() {
    let batch = read("discord", &fixture(CHANNEL));
    assert_eq!(problems(&batch), [""; 0]);
    let stream = &batch.streams[0];
    assert_eq!((stream.name.as_str(), stream.title.as_str()), ("900", "Toys #general"));
    let said: Vec<_> = batch
        .messages
        .iter()
        .map(|message| (message.role, message.author.as_str(), message.text.as_str()))
        .collect();
    assert_eq!(
        said,
        [
            (Role::System, "bea", "Joined the server."),
            (Role::User, "Ann Toy", "The parser drops `a < b`"),
            (Role::User, "bea", "Looking."),
            (Role::User, "CI", "Build #7\nfailed\non\nmain"),
            (Role::User, "bea", "the trace"),
            (Role::User, "Ann Toy", "to another part"),
            (Role::User, "Ann Toy", "seen elsewhere"),
            (Role::User, "CI", "pong"),
            (Role::System, "Ann Toy", "Started a call that lasted 2 minutes."),
        ]
    );
    let messages = &batch.messages;
    assert_eq!(messages[0].sent.at, Timestamp(1_704_445_200_123));
    assert_eq!(messages[0].sent.offset_minutes, 60);
    assert_eq!(messages[2].reply_to, Some(messages[1].id));
    // The message that stands in another part is known by its number.
    let number = ((1_704_445_195_000_i64 - 1_420_070_400_000) << 22).to_string();
    let elsewhere = Message::id(stream.id, &number, Timestamp(1_704_445_195_000));
    assert_eq!(messages[5].reply_to, Some(elsewhere));
    let metas: Vec<_> = messages.iter().map(|message| message.meta.as_str()).collect();
    assert_eq!(
        metas,
        [
            r#"{"type":"GuildMemberJoin"}"#,
            r#"{"pinned":true,"reactions":[{"emoji":"👀","count":2,"by":["bea"]}]}"#,
            r#"{"edited_at":"2024-01-05T10:01:00+01:00"}"#,
            r#"{"bot":true,"embeds":[{"title":"Build #7","url":"https://ci.example/7"}]}"#,
            r#"{"attachments":[{"name":"trace.txt","bytes":120,"url":"https://cdn.example/trace.txt"},{"name":"wave","type":"sticker","url":"https://cdn.example/78.json"}]}"#,
            "",
            r#"{"forwarded_from":"55"}"#,
            r#"{"bot":true,"interaction":"ping"}"#,
            r#"{"type":"Call","call_ended":"2024-01-05T10:02:00.000+01:00"}"#,
        ]
    );
}

#[test]
fn a_thread_is_titled_after_its_channel() {
    let path = fixture("discord/thread.json");
    assert_eq!(messages::sniff(&path).unwrap().name, "discord");
    let batch = read("discord", &path);
    assert_eq!(
        (batch.streams[0].name.as_str(), batch.streams[0].title.as_str()),
        ("901", "Toys #general > parser")
    );
}

#[test]
fn direct_messages_have_no_guild() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"{"guild":{"id":"0","name":"Direct Messages"},"channel":{"id":"7","type":"DirectTextChat","name":"Bea"},"messages":[{"id":"1","timestamp":"2024-01-05T10:00:00+00:00","content":"psst","author":{"id":"2"},"reference":{"messageId":"0"}}]}"#;
    let batch = read("discord", &file(&folder, "dm.json", text));
    assert_eq!(batch.streams[0].title, "Bea");
    assert_eq!((batch.messages[0].author.as_str(), batch.messages[0].reply_to), ("2", None));
    assert_eq!(batch.messages[0].meta, r#"{"reply_to":"0"}"#);
}

#[test]
fn an_unchanged_file_yields_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs_err::read_to_string(fixture(CHANNEL)).unwrap();
    let path = file(&folder, "x.json", &text);
    let first = read("discord", &path);
    assert_eq!(from("discord", &path, &first), Batch::default());
    fs_err::write(&path, text.replace("Looking.", "On it.")).unwrap();
    assert_eq!(from("discord", &path, &first).messages.len(), first.messages.len());
}

#[test]
fn what_stands_before_damage_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let head =
        r#"{"guild":{"id":"8","name":"T"},"channel":{"id":"7","type":"x","name":"n"},"messages":["#;
    let message = r#"{"id":"1","timestamp":"2024-01-05T10:00:00+00:00","content":"kept"}"#;
    let text =
        format!(r#"{head}{message},{message},{{}},{{"id":"2","timestamp":"soon"}},[],{{"id""#);
    let batch = read("discord", &file(&folder, "x.json", text));
    assert_eq!(texts(&batch), ["kept"]);
    let told = problems(&batch);
    let starts = [
        "file: message 2: id came before at the same time: `1`; skipped",
        "file: message 3: has no id; skipped",
        "file: message 4: has no time that can be read; skipped",
        "file: message 5: is no JSON object",
        "file: message 5: is damaged from here on: ends in the middle of a value",
    ];
    assert_eq!(told.len(), starts.len(), "{told:#?}");
    for (told, start) in told.iter().zip(starts) {
        assert!(told.starts_with(start), "{told} / {start}");
    }
}

#[test]
fn formats_do_not_take_each_others_files() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(messages::sniff(&fixture(CHANNEL)).unwrap().name, "discord");
    assert_eq!(messages::sniff(&fixture("telegram/result.json")).unwrap().name, "telegram");
    let other = file(&folder, "x.json", r#"{"channel":"a","messages":[]}"#);
    assert_eq!(messages::sniff(&other).unwrap().name, "jsonl");
}

#[test]
fn an_archive_gives_all_its_channels() {
    let folder = tempfile::tempdir().unwrap();
    let (channel, thread) = (fixture(CHANNEL), fixture("discord/thread.json"));
    let bytes = |path| fs_err::read(path).unwrap();
    let (one, two) = (bytes(&channel), bytes(&thread));
    let files: [(&str, &[u8]); 4] = [
        ("Toys/general.json", &one),
        ("Toys/parser.json", &two),
        ("Toys/other.json", b"{\"a\":1}"),
        ("Toys/inner.zip", b"PK"),
    ];
    let path = zip(&folder, "toys.zip", &files);
    assert_eq!(messages::sniff(&path).unwrap().name, "discord");
    let batch = read("discord", &path);
    assert_eq!(
        problems(&batch),
        ["file: entry Toys/inner.zip: is an archive within the archive; not opened"]
    );
    let expected = [read("discord", &channel).messages, read("discord", &thread).messages].concat();
    assert_eq!(batch.messages, expected);
    assert_eq!(from("discord", &path, &batch), Batch::default());
    // What is damaged in one of them is told of that one.
    let path = zip(&folder, "cut.zip", &[("a.json", &one[..one.len() - 40]), ("b.json", &two)]);
    let batch = read("discord", &path);
    assert!(problems(&batch)[0].starts_with("file/a.json: message "), "{:?}", problems(&batch));
    assert_eq!(batch.streams.len(), 2);
}

#[test]
fn damaged_files() {
    read_damaged("discord", "x.json", &fs_err::read(fixture(CHANNEL)).unwrap());
}

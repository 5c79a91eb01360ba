//! Matrix rooms as Element exports them.

use lichen_model::{Batch, Message, Role, Timestamp};
use lichen_source::messages;

use crate::message_files::{file, fixture, from, mutate, problems, read, read_damaged, texts, zip};

const ROOM: &str = "matrix/room.json";

#[test]
fn a_room() {
    let path = fixture(ROOM);
    assert_eq!(messages::sniff(&path).unwrap().name, "matrix");
    let batch = read("matrix", &path);
    assert_eq!(problems(&batch), [""; 0]);
    let stream = &batch.streams[0];
    assert_eq!(
        (batch.streams.len(), stream.name.as_str(), stream.title.as_str()),
        (1, "!toys:toys.example", "Toy makers")
    );
    let said: Vec<_> = batch
        .messages
        .iter()
        .map(|message| {
            let number = message.external_id.as_str();
            (number, message.role, message.author.as_str(), message.text.as_str())
        })
        .collect();
    assert_eq!(
        said,
        [
            ("$1", Role::System, "Ann Toy", ""),
            ("$2", Role::System, "Ann Toy", "Parsers"),
            ("$3", Role::User, "Ann Toy", "The parser drops `a < b`"),
            (
                "$4",
                Role::User,
                "@bea:toys.example",
                "> <@ann:toys.example> The parser drops `a < b`\n\nLooking."
            ),
            ("$6", Role::User, "@bea:toys.example", "Fixed on main."),
            ("$7", Role::User, "Ann Toy", "the trace"),
            ("$8", Role::User, "Ann Toy", ""),
            ("$9", Role::User, "@ci:toys.example", "Build #7 failed"),
            ("$10", Role::User, "Ann Toy", "a mistake"),
            ("$11", Role::User, "", ""),
            ("$12", Role::User, "@bea:toys.example", ""),
            ("$14", Role::User, "@bea:toys.example", ""),
            ("$15", Role::User, "Ann Toy", "Released."),
            ("$17", Role::User, "Ann Toy", "Ship it?\n- yes\n- no"),
            ("$18", Role::User, "@bea:toys.example", "an edit of what is not here"),
        ]
    );
    let metas: Vec<_> = batch.messages.iter().map(|message| message.meta.as_str()).collect();
    assert_eq!(
        metas,
        [
            r#"{"type":"m.room.member","membership":"join"}"#,
            r#"{"type":"m.room.topic"}"#,
            r#"{"reactions":[{"emoji":"👀","count":1,"by":["@bea:toys.example"]}]}"#,
            "",
            r#"{"edited_at":"2024-01-05T09:00:05Z"}"#,
            r#"{"attachments":[{"name":"trace.png","type":"image/png","bytes":120,"url":"mxc://toys.example/abc"}]}"#,
            r#"{"attachments":[{"name":"log.txt","bytes":7,"url":"mxc://toys.example/def"}]}"#,
            r#"{"bot":true}"#,
            "",
            r#"{"deleted":true}"#,
            r#"{"deleted":true}"#,
            r#"{"attachments":[{"name":"wave","type":"sticker","bytes":9,"url":"mxc://toys.example/wave"}]}"#,
            r#"{"edited_at":"2024-01-05T09:00:15Z","reactions":[{"emoji":"🎉","count":3}],"reply_to":"$before"}"#,
            "",
            r#"{"edited_at":"2024-01-05T09:00:17Z","replaces":"$gone"}"#,
        ]
    );
}

#[test]
fn answers_edits_and_deletions_know_what_they_are_of() {
    let batch = read("matrix", &fixture(ROOM));
    let of = |id: &str| batch.messages.iter().find(|message| message.external_id == id).unwrap();
    assert_eq!(of("$4").reply_to, Some(of("$3").id));
    // In a thread, what is answered only for apps that know none is the root.
    assert_eq!(of("$9").reply_to, Some(of("$3").id));
    assert_eq!(of("$15").reply_to, None);
    assert_eq!((of("$6").replaces, of("$6").sent), (Some(of("$4").id), of("$4").sent));
    assert_eq!(of("$6").id, Message::id_of_edit(of("$4").id, Some("Fixed on main.")));
    assert_eq!((of("$11").replaces, of("$18").replaces), (Some(of("$10").id), None));
    assert_eq!(of("$11").id, Message::id_of_edit(of("$10").id, None));
    assert_eq!(of("$3").sent.at, Timestamp(1_704_445_202_123));
    // What a reply quotes is found where it was said.
    let quoting = |passage: &&lichen_model::Passage| {
        passage.owner == lichen_model::Owner::Message(of("$4").id)
    };
    let spans: Vec<_> =
        batch.passages.iter().filter(quoting).map(|passage| &passage.span).collect();
    assert_eq!(spans.len(), 1);
    assert!(spans[0].start >= 46, "{spans:?}");
}

#[test]
fn an_archive_gives_what_its_file_gives() {
    let folder = tempfile::tempdir().unwrap();
    let content = fs_err::read(fixture(ROOM)).unwrap();
    let files: [(&str, &[u8]); 2] = [("export.json", &content), ("images/trace.png", b"\x89PNG")];
    let path = zip(&folder, "room.zip", &files);
    assert_eq!(messages::sniff(&path).unwrap().name, "matrix");
    let batch = read("matrix", &path);
    assert_eq!(batch.messages, read("matrix", &fixture(ROOM)).messages);
    assert_eq!(from("matrix", &path, &batch), Batch::default());
}

#[test]
fn what_stands_before_damage_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let event = |id: &str, rest: &str| {
        format!(
            r#"{{"type":"m.room.message","event_id":"{id}","content":{{"body":"kept"}}{rest}}}"#
        )
    };
    let first = event("$1", r#","origin_server_ts":1704445200000"#);
    let text = format!(
        r#"{{"room_name":"x","export_date":"y","messages":[{first},{first},{{}},{},7,{{"type":"m.room.message","event_id":"$3","origin_server_ts":1,"content":[]}},{{"event"#,
        event("$2", r#","origin_server_ts":"soon""#),
    );
    let batch = read("matrix", &file(&folder, "x.json", text));
    assert_eq!(texts(&batch), ["", "kept"]);
    assert_eq!(batch.streams[0].name, "x");
    let told = problems(&batch);
    let starts = [
        "file: event 2: id came before: `$1`; skipped",
        "file: event 3: has no id; skipped",
        "file: event 4: has no time that can be read; skipped",
        "file: event 5: is no JSON object",
        "file: event 6: is damaged from here on: ends in the middle of a value",
    ];
    assert_eq!(told.len(), starts.len(), "{told:#?}");
    for (told, start) in told.iter().zip(starts) {
        assert!(told.starts_with(start), "{told} / {start}");
    }
}

#[test]
fn damaged_files() {
    mutate("matrix", &fixture(ROOM));
    let folder = tempfile::tempdir().unwrap();
    let content = fs_err::read(fixture(ROOM)).unwrap();
    let packed = fs_err::read(zip(&folder, "x.zip", &[("export.json", &content)])).unwrap();
    read_damaged("matrix", "x.zip", &packed);
}

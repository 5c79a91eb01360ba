//! Lines from anywhere give the messages that a file of them gives.

use lichen_model::{Batch, StreamKind};
use proptest::prelude::*;

use super::super::{Reader, Repeats};
use super::Intake;
use crate::Read as _;
use crate::messages::Source;

fn source() -> Source {
    Source { label: "chat".to_owned(), ..Source::default() }
}

fn intake(repeats: Repeats) -> Intake {
    Intake::new(source(), "chat", "line", repeats)
}

fn of_file(text: &str) -> Batch {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.jsonl");
    fs_err::write(&path, text).unwrap();
    let mut reader = Reader::open(Source { path, ..source() }).unwrap();
    let mut all = Batch::default();
    while let Some(batch) = reader.next_batch().unwrap() {
        all.streams.extend(batch.streams);
        all.messages.extend(batch.messages);
        all.passages.extend(batch.passages);
        all.problems.extend(batch.problems);
    }
    all
}

proptest! {
    #[test]
    fn a_pipe_gives_what_a_file_gives(
        lines in prop::collection::vec(
            prop_oneof![
                (0_u8..6, 0_u8..3, 0_u8..4).prop_map(|(id, stream, reply)| format!(
                    "{{\"id\":\"{id}\",\"stream\":\"s{stream}\",\"time\":{},\"text\":\"t{id}\",\"reply_to\":\"{reply}\"}}",
                    1_700_000_000 + u32::from(id)
                )),
                (0_u8..3).prop_map(|text| format!("{{\"author\":\"Bo\",\"time\":1700000000,\"text\":\"{text}\"}}")),
                Just("no json".to_owned()),
                Just(String::new()),
            ],
            0..40,
        )
    ) {
        let text = lines.join("\n") + "\n";
        let file = of_file(&text);
        let mut intake = intake(Repeats::Counted);
        intake.lines(text.as_bytes());
        let batch = intake.batch(None);
        prop_assert_eq!(&batch.messages, &file.messages);
        prop_assert_eq!(&batch.passages, &file.passages);
        prop_assert_eq!(&batch.problems, &file.problems);
    }
}

#[test]
fn an_array_and_its_elements_as_lines_are_one() {
    let mut array = intake(Repeats::Counted);
    array.lines(b"\xEF\xBB\xBF [{\"id\":1,\n\"time\":1700000000,\"text\":\"a\"}, {\"id\":2,\"time\":1700000001,\"text\":\"b\"}]\n");
    let mut lines = intake(Repeats::Counted);
    lines.lines(b"{\"id\":1,\"time\":1700000000,\"text\":\"a\"}\r\n{\"id\":2,\"time\":1700000001,\"text\":\"b\"}");
    assert_eq!(array.batch(None), lines.batch(None));
    // What only begins as an array is a damaged line.
    array.lines(b"[{\"id\":1}");
    assert_eq!(array.batch(None).problems.len(), 1);
}

#[test]
fn equal_messages_are_counted_or_one() {
    let line = b"{\"author\":\"Bo\",\"time\":1700000000,\"text\":\"ok\"}";
    for (repeats, expected) in [(Repeats::Counted, 2), (Repeats::One, 1)] {
        let mut intake = intake(repeats);
        intake.line(line);
        intake.line(line);
        let batch = intake.batch(None);
        assert_eq!((batch.messages.len(), batch.problems.len()), (expected, 0), "{repeats:?}");
        // Delivered again later, one message stays one: its id is the same.
        intake.line(line);
        let again = intake.batch(None).messages.remove(0).id;
        assert_eq!(again == batch.messages[0].id, repeats == Repeats::One);
    }
}

#[test]
fn limits_hold_and_are_told() {
    let mut intake =
        Intake::new(Source { line_bytes_max: 64, ..source() }, "chat", "event", Repeats::One);
    intake.line(format!("{{\"text\":\"{}\"}}", "x".repeat(100)).as_bytes());
    intake.too_long();
    intake.line(b"{\"text\":\"\xFF\",\"time\":1700000000}");
    assert_eq!(intake.waiting(), 3);
    let batch = intake.batch(None);
    let told: Vec<String> = batch.problems.iter().map(ToString::to_string).collect();
    assert_eq!(batch.messages.len(), 1);
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[1].contains("event 2") && told[1].contains("longer than the limit"), "{told:?}");
    assert_eq!(intake.waiting(), 0);
    let mut intake = self::intake(Repeats::One);
    let mut count = 0_u64;
    while !intake.is_full() {
        count += 1;
        intake.line(format!("{{\"id\":{count},\"text\":\"{}\"}}", "x".repeat(1 << 16)).as_bytes());
    }
    assert_eq!(count, super::BATCH_BYTES.div_ceil((1 << 16) + 20));
}

#[test]
fn each_stream_tells_who_speaks_in_it() {
    let mut intake = intake(Repeats::One);
    intake.line(b"{\"id\":1,\"stream\":\"a\",\"role\":\"user\",\"text\":\"hello\"}");
    intake.line(b"{\"id\":2,\"stream\":\"c\",\"text\":\"hello\"}");
    drop(intake.batch(None));
    intake.line(b"{\"id\":3,\"stream\":\"a\",\"text\":\"no role here\"}");
    let kinds: Vec<_> = intake.batch(None).streams.iter().map(|stream| stream.kind).collect();
    assert_eq!(kinds, [StreamKind::Agent]);
    // A reply finds what an earlier batch held, and keeps the name of what it does not find.
    intake.line(b"{\"id\":4,\"stream\":\"a\",\"reply_to\":3,\"text\":\"yes\"}");
    intake.line(b"{\"id\":5,\"stream\":\"a\",\"reply_to\":77,\"text\":\"and?\"}");
    let batch = intake.batch(None);
    assert!(batch.messages[0].reply_to.is_some() && batch.messages[0].meta.is_empty());
    assert!(batch.messages[1].reply_to.is_none() && batch.messages[1].meta.contains("77"));
}
